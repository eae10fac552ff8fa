"""The limits of gradients: their sums over windows, and what policies leave open."""

from __future__ import annotations

from dataclasses import replace
from math import prod
from typing import TYPE_CHECKING, Any

import numpy as np

from convspec import reference
from convspec.conformance import limits
from convspec.conformance.innocent import channel_taps, padded, taps
from convspec.conformance.limits import Limits
from convspec.params import ChannelPool, Pool, PoolGrad

if TYPE_CHECKING:
    from convspec.conformance.expect import Expectation

Array = np.ndarray[Any, Any]


def of(e: Expectation, p: PoolGrad) -> Limits:
    """Gradients of pooling."""
    kind = p.forward.kind if isinstance(p.forward, ChannelPool) else p.op.removesuffix("_pool_grad")
    if kind == "max" and p.dtype.kind != "f":
        found = Limits(e.value, np.zeros(e.value.shape))
    elif kind == "lp" and p.forward.p != 1:
        found = _norm(e, p)
    else:
        found = _sum(e, p, kind)
    if e.policies["subnormals"] == "flushed" and p.dtype.kind == "f":
        slack = 2 * (limits.terms(p) + 1) * float(np.finfo(p.dtype).smallest_normal)
        found = replace(found, limit=found.limit + slack)
    open_windows = _open(e, p, kind)
    if open_windows is None:
        return found
    return replace(found, limit=np.where(_seeing(e, p, open_windows), np.inf, found.limit))


def _sum(e: Expectation, p: PoolGrad, kind: str) -> Limits:
    """The gradients of maxima, averages and norms with p = 1: sums of dy, over divisors or with signs."""
    arrays = limits.operands(e)
    a = arrays | limits.magnitudes({"dy": arrays["dy"]})
    if kind == "lp":
        a["x"] = np.where(arrays["x"] == 0, 0.0, 1.0)
    B, n = e.oracle(a), limits.terms(p)
    found = limits.bounded(p.dtype, e.value, B, n, 1)
    divisors = _divisors(e, p) if kind == "avg" else np.ones(1)
    if kind == "max" and e.policies["max_tie"] == "split":
        return found
    exact = np.all(a["dy"] == np.rint(a["dy"])) and np.all(np.log2(divisors) % 1 == 0)
    digits = 2.0 ** (np.finfo(p.dtype).nmant + 1)
    return replace(found, limit=np.where(exact & (B * divisors.max() <= digits), 0, found.limit))


def _divisors(e: Expectation, p: PoolGrad) -> Array:
    """The divisors that windows with an element inside the input may have."""
    f = p.forward
    if isinstance(f, ChannelPool):
        return np.array([f.size])
    if f.count_include_pad and e.policies["ceil_divisor"] == "full":
        return np.array([prod(f.size)])
    counts = np.ones(1)
    for found in limits.taps(f):
        counts = np.multiply.outer(counts, np.unique(found[int(f.count_include_pad)])).ravel()
    return np.asarray(counts[counts > 0])


def _norm(e: Expectation, p: PoolGrad) -> Limits:
    """|y^ - y| <= (n + (p + 1) (m + 4 + L)) u B + (n + 1) e, while everything is zero or normal."""
    value, a = e.value, limits.magnitudes(limits.lifted(e))
    B, order, n = e.oracle(a), p.forward.p, limits.terms(p)
    info = np.finfo(p.dtype)
    x, dy = a["x"][a["x"] > 0], a["dy"][a["dy"] > 0]
    with np.errstate(all="ignore"):
        y = _norms(p.forward, a["x"]).ravel()
        y = y[y > 0]
        sizes = [order * np.log(x), order * np.log(y), np.log(dy)]
        if len(x) and len(y):
            sizes.append((order - 1) * np.array([np.log(x.min() / y.max()), 0]))
        if len(dy) and len(y):
            sizes.append(np.log([dy.min() / y.max(), dy.max() / y.min()]))
        every = np.concatenate([*sizes, np.zeros(1)])
        normal = every.min() > np.log(info.smallest_normal) + 1 and every.max() < np.log(info.max) - np.log(n) - 1
        L = float(np.abs(np.concatenate([*sizes[:2], np.zeros(1)])).max())
        limit = (n + (order + 1) * (n + 4 + L)) * limits.roundoff(p.dtype) * B
        limit = limit + (n + 1) * float(info.smallest_subnormal)
    return Limits(value, np.where(np.isfinite(value), limit if normal else np.inf, 0), None)


def _norms(f: Pool | ChannelPool, x: Array) -> Array:
    """The norms of the windows of magnitudes, to as many digits as their logarithms need."""
    if isinstance(f, ChannelPool):
        parts = channel_taps(x, f)
    else:
        parts = [part for _, part in taps(padded(x, f, f.size), f.size, f.O, f.stride, f.dilation)]
    most = np.maximum.reduce(parts)
    scale = np.where(most > 0, most, 1)
    return np.asarray(most * sum((part / scale) ** f.p for part in parts) ** (1 / f.p))


def _forward(e: Expectation, p: PoolGrad, x: Array, kind: str) -> Array:
    """The pooling of a kind, "max", "avg" or "lp", by the windows of a gradient."""
    f = p.forward
    if isinstance(f, ChannelPool):
        return reference.channel_pool(x, f.size, stride=f.stride, kind=kind, p=f.p)
    keywords: dict[str, Any] = {"p": f.p} if kind == "lp" else {}
    result: Array = getattr(reference, f"{kind}_pool")(x, f.size, **_window(e, f), **keywords)
    return result


def _window(e: Expectation, f: Pool) -> dict[str, Any]:
    """The keywords of a pooling."""
    return {
        "stride": f.stride, "padding": f.pads, "dilation": f.dilation, "ceil_mode": f.ceil_mode, "policies": e.shaping
    }  # fmt: skip


def _open(e: Expectation, p: PoolGrad, kind: str) -> Array | None:
    """The windows whose gradient a policy leaves open, if any may be."""
    x = e.arrays.get("x")
    if x is None:
        return None
    if kind == "lp":
        return _forward(e, p, x, kind) == 0 if e.policies["norm_zero"] == "any" else None
    found = np.zeros(e.arrays["dy"].shape, bool)
    if kind == "max" and x.dtype.kind == "f" and e.policies["max_nan"] != "propagate":
        with np.errstate(all="ignore"):
            spoilt = _forward(e, p, np.isnan(x).astype(float), "avg")
        found |= spoilt > 0 if e.policies["max_nan"] == "any" else spoilt == 1
    if kind == "max" and e.policies["max_tie"] == "any":
        found |= _tied(e, p, x)
    return found if kind == "max" else None


def _tied(e: Expectation, p: PoolGrad, x: Array) -> Array:
    """The windows with more than one greatest element: those whose greatest rank depends on how equal elements rank."""
    order = np.argsort(x, axis=None, kind="stable")
    backwards = x.size - 1 - np.argsort(x.ravel()[::-1], kind="stable")
    first, last = np.empty(x.size, int), np.empty(x.size, int)
    first[order], last[backwards] = np.arange(x.size), np.arange(x.size)
    at_first = order[np.maximum(_forward(e, p, first.reshape(x.shape), "max"), 0)]
    at_last = backwards[np.maximum(_forward(e, p, last.reshape(x.shape), "max"), 0)]
    return np.asarray(at_first != at_last)


def _seeing(e: Expectation, p: PoolGrad, windows: Array) -> Array:
    """Which judged elements lie in one of the marked windows."""
    f, marks = p.forward, windows.astype(float)
    if isinstance(f, ChannelPool):
        stand_in = np.zeros(p.shape)
        seen = reference.channel_pool_grad(marks, stand_in, f.size, stride=f.stride, kind="avg", at=e.at)
    else:
        seen = reference.avg_pool_grad(marks, p.shape, f.size, **_window(e, f), at=e.at)
    return np.asarray(seen > 0)
