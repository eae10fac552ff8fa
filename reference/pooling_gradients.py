"""The gradients of max_pool, avg_pool, lp_pool and channel_pool: each element's sum over the windows that see it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cache
from typing import Any

import numpy as np

from convspec import gradients
from convspec.params import ChannelPool, Pool, PoolGrad
from convspec.policies import DEFAULTS
from convspec.reference.loops import Index, Outputs, readers
from convspec.reference.pooling import divisor, inside, refuse_empty

Array = np.ndarray[Any, Any]
Windows = Callable[[Index], list[Index]]


def max_pool_grad(
    dy: Any, x: Any, size: Any, *, stride: Any = None, padding: Any = 0, dilation: Any = 1, ceil_mode: Any = False,
    at: Any = None, stepwise: bool = False, policies: Mapping[str, str] = DEFAULTS,
) -> Array:  # fmt: skip
    """Each window's dy goes to its greatest element."""
    keywords = {"stride": stride, "padding": padding, "dilation": dilation, "ceil_mode": ceil_mode}
    p = gradients.max_pool_grad(dy, x, size, **keywords, policies=policies)
    return _chosen(p, at, stepwise, policies)  # [max_pool.grad]


def avg_pool_grad(
    dy: Any, x_shape: Any, size: Any, *, stride: Any = None, padding: Any = 0, dilation: Any = 1,
    ceil_mode: Any = False, count_include_pad: Any = False,
    at: Any = None, stepwise: bool = False, policies: Mapping[str, str] = DEFAULTS,
) -> Array:  # fmt: skip
    """Each window's dy, over its divisor, goes to all of its elements."""
    keywords = {"stride": stride, "padding": padding, "dilation": dilation, "ceil_mode": ceil_mode}
    keywords |= {"count_include_pad": count_include_pad}
    p = gradients.avg_pool_grad(dy, x_shape, size, **keywords, policies=policies)
    return _spread(p, at, stepwise, policies)  # [avg_pool.grad]


def lp_pool_grad(
    dy: Any, x: Any, size: Any, *, p: Any = 2, stride: Any = None, padding: Any = 0, dilation: Any = 1,
    ceil_mode: Any = False, at: Any = None, stepwise: bool = False, policies: Mapping[str, str] = DEFAULTS,
) -> Array:  # fmt: skip
    """Each window adds dy sign(x) (|x| / y)^(p - 1) to all of its elements, with y its norm."""
    keywords = {"stride": stride, "padding": padding, "dilation": dilation, "ceil_mode": ceil_mode}
    q = gradients.lp_pool_grad(dy, x, size, p=p, **keywords, policies=policies)
    return _sloped(q, at, stepwise, policies)  # [lp_pool.grad]


def channel_pool_grad(
    dy: Any, x: Any, size: Any, *, stride: Any = None, kind: Any = "max", p: Any = 2,
    at: Any = None, stepwise: bool = False, policies: Mapping[str, str] = DEFAULTS,
) -> Array:  # fmt: skip
    """The same for windows of channels."""
    q = gradients.channel_pool_grad(dy, x, size, stride=stride, kind=kind, p=p, policies=policies)
    loop = {"max": _chosen, "avg": _spread, "lp": _sloped}[kind]
    return loop(q, at, stepwise, policies)  # [channel_pool.grad]


def _chosen(p: PoolGrad, at: Any, stepwise: bool, policies: Mapping[str, str]) -> Array:
    dx = Outputs(p.shape, p.dtype, at)
    num = dx.arithmetic(stepwise)
    (dy,) = num.lift(p.dy)
    seeing, members = _windows(p, policies)

    @cache
    def winners(o: Index) -> list[Index]:
        return _greatest([(j, p.x[j]) for j in members(o)], policies)  # type: ignore[index]

    for j in dx:
        won = [(o, len(winners(o))) for o in seeing(j) if j in winners(o)]
        if policies["max_tie"] == "split":
            dx[j] = num.shares([(dy[o], count) for o, count in won])  # [policy.max-tie]
            continue
        acc = num.zero
        for o, _ in won:
            acc = num.add(dy[o], acc)
        dx[j] = num.total(num.start(acc))
    return dx.array()


def _greatest(values: list[tuple[Index, Any]], policies: Mapping[str, str]) -> list[Index]:
    """Which of a window's elements get its gradient: the first of the greatest, or under a policy all of them."""
    best = [(j, v) for j, v in values if v != v]  # [max_pool.grad-nan]
    if not best or policies["max_nan"] == "ignore":
        numbers = [(j, v) for j, v in values if v == v]
        best = [(j, v) for j, v in numbers if v == max(v for _, v in numbers)] or best
    return [j for j, _ in best[: 1 if policies["max_tie"] == "first" else None]]


def _spread(p: PoolGrad, at: Any, stepwise: bool, policies: Mapping[str, str]) -> Array:
    dx = Outputs(p.shape, p.dtype, at)
    num = dx.arithmetic(stepwise)
    (dy,) = num.lift(p.dy)
    f = p.forward
    seeing, _ = _windows(p, policies)

    def count(o: Index) -> int:
        return f.size if isinstance(f, ChannelPool) else divisor(f, list(o[2:]), policies)

    for j in dx:
        dx[j] = num.shares([(dy[o], count(o)) for o in seeing(j)])
    return dx.array()


def _sloped(p: PoolGrad, at: Any, stepwise: bool, policies: Mapping[str, str]) -> Array:
    dx = Outputs(p.shape, p.dtype, at)
    num = dx.arithmetic(stepwise)
    assert p.x is not None
    dy, x = num.lift(p.dy, p.x)
    seeing, members = _windows(p, policies)

    @cache
    def magnitudes(o: Index) -> tuple[Any, ...]:
        return tuple(abs(x[j]) for j in members(o))

    for j in dx:
        parts = [(dy[o], x[j], magnitudes(o)) for o in seeing(j)]
        dx[j] = num.slopes([part for part in parts if any(part[2])], p.forward.p)  # [lp_pool.grad-zero]
    return dx.array()


def _windows(p: PoolGrad, policies: Mapping[str, str]) -> tuple[Windows, Windows]:
    """The windows that see an element of x, in the order of the outputs, and the elements that a window holds."""
    f = p.forward
    if isinstance(f, Pool):
        refuse_empty(f, policies)

        def seeing(j: Index) -> list[Index]:
            reading = readers(j[2:], f.size, f.stride, f.dilation, f.pads, f.O)
            return [(*j[:2], *o) for o in sorted(o for _, o in reading)]

        return seeing, lambda o: [(*o[:2], *i) for i in inside(f, list(o[2:]))]

    def seeing_channels(j: Index) -> list[Index]:
        n, c, *s = j
        return [(n, k, *s) for k in range(f.K) if 0 <= c - k * f.stride < f.size]

    return seeing_channels, lambda o: [(o[0], o[1] * f.stride + c, *o[2:]) for c in range(f.size)]
