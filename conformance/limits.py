"""How far a result may be from the exact value: the bounds of the law's chapter on numbers, computed and never chosen.

Values are the oracle's, in float64 for float32 results, so that the rounding of the oracle itself does not count. A limit
of 0 asks for the exact value and one of infinity for nothing. Where the exact value is NaN or infinite, the result must be
the same, unless nothing is asked.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from math import prod
from typing import TYPE_CHECKING, Any

import numpy as np

from convspec.params import BiasGrad, ChannelPool, Conv, ConvGrad, Image, Pool, PoolGrad

if TYPE_CHECKING:
    from convspec.conformance.expect import Expectation, Params

Array = np.ndarray[Any, Any]
ROUNDING = 2.0**-53
"""The oracle's own relative error, in float64."""


@dataclass(frozen=True, eq=False)
class Limits:
    """Vectors over the judged elements."""

    value: Array
    limit: Array
    """The greatest absolute error."""
    unit: Array | None = None
    """u B, the unit of the accuracy grade, where a bound of this kind applies."""
    also: Array | None = None
    """Other values that are as good, under a policy that leaves the choice."""


def terms(p: Params) -> int:
    """n: the terms in the sum of one output element, padded ones included."""
    if isinstance(p, Conv):
        return max(1, p.C // p.groups * prod(p.R))
    if isinstance(p, BiasGrad):
        return max(1, p.N * shared(p.O, p.T))
    if isinstance(p, ConvGrad):
        f = p.forward
        sharing = f.S if f.op == "conv_transpose" else f.O
        return max(1, f.K // f.groups * prod(f.R) if p.of == "input" else f.N * shared(sharing, f.T))
    if isinstance(p, PoolGrad):
        return terms(p.forward)
    return prod(p.R) if isinstance(p, Image) else p.size if isinstance(p, ChannelPool) else prod(p.size)


def shared(O: tuple[int, ...], T: tuple[int, ...]) -> int:
    """How many of the positions share a kernel of a tile, at most."""
    return prod(-(-o // t) for o, t in zip(O, T, strict=True))


def gamma(n: int, u: float) -> float:
    """g_n = n u / (1 - n u)."""
    return n * u / (1 - n * u)


def of(e: Expectation) -> Limits:
    """The limits of a case."""
    p = e.params
    if p.op == "max_pool" or (isinstance(p, ChannelPool) and p.kind == "max"):
        return _maximum(e)
    found = _pooled(e, p) if isinstance(p, (Pool, ChannelPool)) else _sum(e)
    if e.policies["empty_window"] == "any" and isinstance(p, Pool):
        found = replace(found, limit=np.where(_empty(e, p), np.inf, found.limit))
    return found


def operands(e: Expectation) -> dict[str, Array]:
    """What the oracle computes values from, so that its own rounding does not count; maxima compare elements as they are."""
    if e.params.dtype.kind != "f":
        return e.arrays
    p = getattr(e.params, "forward", e.params)
    compared = p.op == "max_pool" or (isinstance(p, ChannelPool) and p.kind == "max")
    return lifted(e) | ({"x": e.arrays["x"]} if compared else {})


def _maximum(e: Expectation) -> Limits:
    value = e.value
    limit, also = np.zeros(value.shape), None
    if value.dtype.kind == "f" and e.policies["max_nan"] != "propagate":
        spoilt = np.isnan(e.oracle(policies={"max_nan": "propagate"}))
        if e.policies["max_nan"] == "any":
            limit = np.where(spoilt, np.inf, limit)
        else:
            also = np.where(spoilt & np.isneginf(value), np.nan, value)
    if value.dtype.kind == "f" and e.policies["subnormals"] == "flushed":
        also = np.where(np.abs(value) < np.finfo(value.dtype).smallest_normal, 0, value if also is None else also)
    if e.policies["empty_window"] == "any" and isinstance(e.params, Pool):
        limit = np.where(_empty(e, e.params), np.inf, limit)
    return Limits(value, limit, also=also)


def lifted(e: Expectation) -> dict[str, Array]:
    """The operands converted to the dtype of the result, and from there to float64, which changes no value."""
    with np.errstate(all="ignore"):
        return {name: a.astype(e.params.dtype).astype(np.float64) for name, a in e.arrays.items()}


def magnitudes(arrays: dict[str, Array]) -> dict[str, Array]:
    return {name: np.where(np.isfinite(a), np.abs(a), 0) for name, a in arrays.items()}


def greatest(a: Array | None) -> float:
    """The greatest element of an array without negative elements; 0 if it has none."""
    return 0.0 if a is None else float(a.max(initial=0))


def _sum(e: Expectation) -> Limits:
    """Convolutions, image operators and the gradients of layers."""
    p, value = e.params, e.value
    if p.dtype.kind != "f":
        return Limits(value, np.zeros(value.shape))
    arrays = lifted(e)
    skips = e.policies["padded_tap"] == "any" and not all(np.all(np.isfinite(v)) for v in arrays.values())
    also = e.oracle(arrays, policies={"padded_tap": "skipped"}) if skips else None
    a = magnitudes(arrays)
    x, w = factors(p, a)
    fill = (
        {"fillvalue": _finite(abs(p.fillvalue))}
        if isinstance(p, Image) and "fillvalue" in dict(e.case.arguments)
        else {}
    )
    largest = max(greatest(x), *fill.values(), 0.0)
    n, whole = terms(p), all(np.all(v == np.rint(v)) for v in (*a.values(), *map(np.asarray, fill.values())))
    direct = e.numerics == "direct"
    digits = 2.0 ** (np.finfo(p.dtype).nmant + 1)
    if direct and whole and n * largest * greatest(w) + greatest(a.get("b")) <= digits:
        return Limits(value, np.zeros(value.shape), also=also)
    B = e.oracle(a, **fill, policies={"padded_tap": "multiplied"})
    reach = B if direct else _reach(e, x, w, a.get("b"))
    found = bounded(p.dtype, value, reach, n, 1 if direct else 32, also)
    if direct and whole:
        found = replace(found, limit=np.where(digits >= B, 0, found.limit))
    elif e.policies["subnormals"] == "flushed":
        slack = (n + 1) * float(np.finfo(p.dtype).smallest_normal) * (largest + greatest(w) + 2)
        found = replace(found, limit=found.limit + slack)
    return replace(found, unit=roundoff(p.dtype) * B)


def factors(p: Params, a: dict[str, Array]) -> tuple[Array, Array]:
    """The two arrays whose elements make the products of a sum; a gradient by the bias multiplies by one."""
    first, *others = (array for name, array in a.items() if name != "b")
    return first, others[0] if others else np.ones(1)


def _finite(value: float) -> float:
    return value if np.isfinite(value) else 0.0


def bounded(dtype: np.dtype[Any], value: Array, B: Array, n: int, factor: int, also: Array | None = None) -> Limits:
    """|y^ - y| <= g_(n+1) B + (n+1) e, times the factor; nothing where 2 B of that overflows."""
    info, u = np.finfo(dtype), roundoff(dtype)
    with np.errstate(all="ignore"):
        limit = factor * (gamma(n + 1, u) * B + (n + 1) * float(info.smallest_subnormal))
        limit = limit + ROUNDING * np.where(np.isfinite(value), np.abs(value), 0)
        limit = np.where(float(info.max) / (factor if factor > 1 else 1) >= 2 * B, limit, np.inf)
    return Limits(value, limit, u * B, also)


def roundoff(dtype: np.dtype[Any]) -> float:
    return float(np.finfo(dtype).eps) / 2


def _reach(e: Expectation, x: Array, w: Array, b: Array | None) -> Array:
    """B of a fast algorithm: every |x| is the maximum over the image of its batch element."""
    p, at = e.params, np.array(e.at, dtype=int).reshape(len(e.at), -1)
    largest = _peaks(x)
    if isinstance(p, ConvGrad) and p.op in ("conv_grad_input", "conv_transpose_grad_input"):
        return np.asarray(largest[at[:, 0]] * _weights(p.op == "conv_grad_input", w, p.forward)[at[:, 1]])
    if isinstance(p, (ConvGrad, BiasGrad)):
        arrays = magnitudes(lifted(e))
        name = "x" if p.op == "conv_transpose_grad_weight" else "dy"
        a = arrays[name]
        arrays[name] = np.broadcast_to(_peaks(a).reshape(-1, *(1,) * (a.ndim - 1)), a.shape)
        return e.oracle(arrays, policies={"padded_tap": "multiplied"})
    if isinstance(p, Image):
        large = max(greatest(x), _finite(abs(float(p.fillvalue))))
        return np.full(len(e.at), large * float(w.sum()))
    assert isinstance(p, Conv)
    k, o = at[:, 1], at[:, 2:]
    tile = () if p.op in ("conv", "conv_transpose") else tuple(o[:, i] % t for i, t in enumerate(p.T))
    sums = _weights(p.op == "conv_transpose", w, p)
    return np.asarray(largest[at[:, 0]] * sums[(k, *tile)] + (0 if b is None else b[(k, *tile)]))


def _peaks(x: Array) -> Array:
    """The maximum of each batch element."""
    return np.asarray(x.reshape(len(x), -1).max(axis=1, initial=0))


def _weights(transposed: bool, w: Array, f: Conv) -> Array:
    """The sums of the weights that make an element of a channel of the result, over all taps; a transposed convolution's are
    (A, B / groups, *R), summed over the A of a group."""
    if transposed:
        w = w.reshape(f.groups, w.shape[0] // f.groups, w.shape[1], -1)
        return np.asarray(w.sum(axis=(1, 3)).reshape(-1))
    return np.asarray(w.sum(axis=tuple(range(w.ndim - len(f.R) - 1, w.ndim))))


def _pooled(e: Expectation, p: Pool | ChannelPool) -> Limits:
    """Averages and norms."""
    value, a = e.value, magnitudes(lifted(e))
    n, dtype = terms(p), p.dtype
    average = p.op == "avg_pool" or (isinstance(p, ChannelPool) and p.kind == "avg")
    if not average and p.p != 1:
        return _norm(value, a["x"], n, p.p, dtype, e.policies["subnormals"] == "flushed")
    B = e.oracle(a)
    divisor = _divisor(e, p) if average else np.ones(value.shape)
    found = bounded(dtype, value, np.nan_to_num(B), n, 1)
    with np.errstate(all="ignore"):
        found = replace(found, limit=np.where(2 * B * divisor > float(np.finfo(dtype).max), np.inf, found.limit))
    if e.policies["subnormals"] == "flushed":
        found = replace(found, limit=found.limit + 2 * (n + 1) * float(np.finfo(dtype).smallest_normal))
    if np.all(a["x"] == np.rint(a["x"])) and n * greatest(a["x"]) <= 2.0 ** (np.finfo(dtype).nmant + 1):
        power = np.log2(np.maximum(divisor, 1)) % 1 == 0
        found = replace(found, limit=np.where(power, 0, found.limit))
    return found


def _norm(value: Array, x: Array, n: int, p: float, dtype: np.dtype[Any], flushed: bool) -> Limits:
    """A relative error of (n + 4 + |ln S|) u, while every nonzero |x|^p and S are normal."""
    info, u = np.finfo(dtype), roundoff(dtype)
    tiny, huge = float(np.log(info.smallest_normal)), float(np.log(info.max))
    with np.errstate(all="ignore"):
        powers = p * np.log(x[x > 0])
        normal = bool(np.all((powers >= tiny) & (powers + np.log(n) < huge)))
        S = p * np.abs(np.log(np.abs(value)))
        limit = np.where(value == 0, 0, (n + 4 + S) * u * np.abs(value))
        asked = normal | (value == 0) & (not flushed) | ~np.isfinite(value)
    return Limits(value, np.where(np.isfinite(value), np.where(asked, limit, np.inf), 0), None)


def inside(p: Pool) -> list[int]:
    """For each axis the least number of taps inside the input that a window has."""
    return [int(counts[0].min()) for counts in taps(p)]


def taps(p: Pool) -> list[tuple[Array, Array]]:
    """For each axis and each window the numbers of taps inside the input and inside the padded input."""
    counts = []
    for n, k, o, s, d, (before, after) in zip(p.S, p.size, p.O, p.stride, p.dilation, p.pads, strict=True):
        i = np.arange(o)[:, None] * s - before + np.arange(k)[None, :] * d
        counts.append((((i >= 0) & (i < n)).sum(axis=1), (i < n + after).sum(axis=1)))
    return counts


def _empty(e: Expectation, p: Pool) -> Array:
    """Which judged windows lie wholly in the padding."""
    at = np.array(e.at, dtype=int).reshape(-1, len(p.shape))
    return np.asarray(np.any([counts[0][at[:, 2 + i]] == 0 for i, counts in enumerate(taps(p))], axis=0))


def _divisor(e: Expectation, p: Pool | ChannelPool) -> Array:
    """The divisors of the judged windows."""
    if isinstance(p, ChannelPool):
        return np.full(len(e.at), float(p.size))
    at = np.array(e.at, dtype=int).reshape(-1, len(p.shape))
    if p.count_include_pad and e.policies["ceil_divisor"] == "full":
        return np.full(len(at), float(prod(p.size)))
    which = int(p.count_include_pad)
    counted = [counts[which][at[:, 2 + i]] for i, counts in enumerate(taps(p))]
    return np.asarray(np.prod(counted, axis=0), dtype=float)
