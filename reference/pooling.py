"""max_pool, avg_pool, lp_pool and channel_pool: one number for each window."""

from __future__ import annotations

from collections.abc import Mapping
from math import prod
from typing import Any

import numpy as np

from convspec import checks
from convspec.errors import SpecValueError
from convspec.params import Pool
from convspec.policies import DEFAULTS
from convspec.reference.arithmetic import Arithmetic, Number
from convspec.reference.loops import Index, Outputs, indices, window


def max_pool(
    x: Any, size: Any, *, stride: Any = None, padding: Any = 0, dilation: Any = 1, ceil_mode: Any = False,
    at: Any = None, stepwise: bool = False, policies: Mapping[str, str] = DEFAULTS,
) -> np.ndarray[Any, Any]:  # fmt: skip
    """The greatest element of each window. A maximum has no rounding, so `stepwise` changes nothing."""
    p = checks.max_pool(
        x, size, stride=stride, padding=padding, dilation=dilation, ceil_mode=ceil_mode, policies=policies
    )
    refuse_empty(p, policies)
    y = Outputs(p.shape, p.dtype, at)
    for n, c, *o in y:
        y[n, c, *o] = _greatest([p.x[n, c, *i] for i in inside(p, o)], p.dtype, policies)  # [max_pool.value]
    return y.array()


def avg_pool(
    x: Any, size: Any, *, stride: Any = None, padding: Any = 0, dilation: Any = 1, ceil_mode: Any = False,
    count_include_pad: Any = False, at: Any = None, stepwise: bool = False, policies: Mapping[str, str] = DEFAULTS,
) -> np.ndarray[Any, Any]:  # fmt: skip
    """The sum of each window over its divisor."""
    p = checks.avg_pool(
        x, size, stride=stride, padding=padding, dilation=dilation, ceil_mode=ceil_mode,
        count_include_pad=count_include_pad, policies=policies,
    )  # fmt: skip
    refuse_empty(p, policies)
    y = Outputs(p.shape, p.dtype, at)
    num = y.arithmetic(stepwise)
    (x,) = num.lift(p.x)
    for n, c, *o in y:
        acc = num.zero
        for i in inside(p, o):
            acc = num.add(x[n, c, *i], acc)
        y[n, c, *o] = num.mean(acc, divisor(p, o, policies))  # [avg_pool.value]
    return y.array()


def lp_pool(
    x: Any, size: Any, *, p: Any = 2, stride: Any = None, padding: Any = 0, dilation: Any = 1, ceil_mode: Any = False,
    at: Any = None, stepwise: bool = False, policies: Mapping[str, str] = DEFAULTS,
) -> np.ndarray[Any, Any]:  # fmt: skip
    """(sum |x|^p)^(1/p) over each window."""
    q = checks.lp_pool(
        x, size, p=p, stride=stride, padding=padding, dilation=dilation, ceil_mode=ceil_mode, policies=policies
    )
    refuse_empty(q, policies)
    y = Outputs(q.shape, q.dtype, at)
    num = y.arithmetic(stepwise)
    (x,) = num.lift(q.x)
    for n, c, *o in y:
        y[n, c, *o] = num.norm([abs(x[n, c, *i]) for i in inside(q, o)], q.p)  # [lp_pool.value]
    return y.array()


def channel_pool(
    x: Any, size: Any, *, stride: Any = None, kind: Any = "max", p: Any = 2,
    at: Any = None, stepwise: bool = False, policies: Mapping[str, str] = DEFAULTS,
) -> np.ndarray[Any, Any]:  # fmt: skip
    """The maximum, average or Lp norm of each window of channels, at every position."""
    q = checks.channel_pool(x, size, stride=stride, kind=kind, p=p, policies=policies)
    y = Outputs(q.shape, q.dtype, at)
    num = y.arithmetic(stepwise)
    (x,) = (q.x,) if kind == "max" else num.lift(q.x)
    for n, k, *s in y:
        values = [x[n, k * q.stride + c, *s] for c in range(q.size)]  # [channel_pool.value]
        y[n, k, *s] = _greatest(values, q.dtype, policies) if kind == "max" else _summed(num, values, q.kind, q.p)
    return y.array()


def _summed(num: Arithmetic, values: list[Number], kind: str, p: float) -> float:
    if kind == "lp":
        return num.norm([abs(v) for v in values], p)
    acc = num.zero
    for v in values:
        acc = num.add(v, acc)
    return num.mean(acc, len(values))


def _greatest(values: list[Any], dtype: np.dtype[Any], policies: Mapping[str, str]) -> Any:
    """The maximum; that of nothing is the identity, -inf or the least integer."""
    best = -np.inf if dtype.kind == "f" else np.iinfo(dtype).min  # [pool.empty-window]
    for v in values:
        if v != v and policies["max_nan"] != "ignore":  # [policy.max-nan]
            return v  # [max_pool.nan]
        if v > best:
            best = v
    return best


def inside(p: Pool, o: list[int]) -> list[Index]:
    """The input indices that window `o` reads; taps in the padding are not values."""
    return [
        i for _, i in window(tuple(o), p.size, p.stride, p.dilation, p.pads, p.S) if i is not None
    ]  # [pool.padding]


def divisor(p: Pool, o: list[int], policies: Mapping[str, str]) -> int:
    """What the sum of window `o` is divided by."""
    if not p.count_include_pad:
        return len(inside(p, o))  # [avg_pool.divisor-excludes-padding]
    if policies["ceil_divisor"] == "full":
        return prod(p.size)  # [policy.ceil-divisor]
    padded = tuple(n + lo + hi for n, (lo, hi) in zip(p.S, p.pads, strict=True))
    unpadded = ((0, 0),) * len(padded)  # [avg_pool.divisor-ceil]
    taps = window(tuple(o), p.size, p.stride, p.dilation, unpadded, padded)
    return sum(i is not None for _, i in taps)  # [avg_pool.divisor-includes-padding]


def refuse_empty(p: Pool, policies: Mapping[str, str]) -> None:  # [policy.empty-window]
    """Under the policy empty_window = "error", a call with a window wholly in the padding is refused."""
    if policies["empty_window"] == "error" and any(not inside(p, list(o)) for o in indices(p.O)):
        raise SpecValueError("pool.empty-window", "padding", p.pads, "must leave no window wholly in the padding")
