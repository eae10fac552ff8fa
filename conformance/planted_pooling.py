"""Bugs of pooling."""

from __future__ import annotations

from itertools import product
from typing import Any

import numpy as np

from convspec import checks
from convspec.conformance import innocent
from convspec.conformance.planted import planted
from convspec.policies import DEFAULTS

Array = np.ndarray[Any, Any]


@planted("max_pool.value", "max_pool")
def integers_pass_through_float32(x: Array, size: Any, **rest: Any) -> Array:
    y = innocent.max_pool(x, size, **rest)
    return y.astype(np.float32).astype(y.dtype) if x.dtype in (np.int32, np.uint32) else y


@planted("max_pool.value", "max_pool")
def a_maximum_starts_at_a_low_number(x: Array, size: Any, **rest: Any) -> Array:
    y = innocent.max_pool(x, size, **rest)
    return np.maximum(y, np.asarray(-(2.0**24), y.dtype)) if y.dtype.kind == "f" else y


@planted("channel_pool.value", "channel_pool")
def a_maximum_of_doubles_starts_at_the_least_of_floats(x: Array, size: Any, *, kind: Any = "max", **rest: Any) -> Array:
    y = innocent.channel_pool(x, size, kind=kind, **rest)
    return np.maximum(y, np.asarray(-3.4e38, y.dtype)) if y.dtype == np.float64 and kind == "max" else y


@planted("max_pool.nan", "max_pool")
def nan_is_ignored(x: Array, size: Any, **rest: Any) -> Array:
    y = innocent.max_pool(np.where(np.isnan(x), -np.inf, x).astype(x.dtype) if x.dtype.kind == "f" else x, size, **rest)
    return y


@planted("max_pool.nan", "channel_pool")
def nan_counts_only_where_it_comes_first(x: Array, size: Any, **rest: Any) -> Array:
    y = innocent.channel_pool(x, size, **rest)
    if rest.get("kind", "max") != "max" or x.dtype.kind != "f":
        return y
    clean = innocent.channel_pool(np.where(np.isnan(x), -np.inf, x).astype(x.dtype), size, **rest)
    first = x[:, :: rest.get("stride") or size][:, : y.shape[1]]
    return np.where(np.isnan(first), np.nan, clean).astype(y.dtype)


@planted("pool.padding", "max_pool")
def padding_is_a_zero_that_may_win(x: Array, size: Any, *, padding: Any = 0, **rest: Any) -> Array:
    y = innocent.max_pool(x, size, padding=padding, **rest)
    if padding == 0 or x.dtype.kind == "u":
        return y
    padded = innocent.avg_pool(np.ones_like(x, dtype=float), size, padding=padding, count_include_pad=True, **rest)
    return np.where(padded < 1, np.maximum(y, 0), y).astype(y.dtype)


@planted("pool.empty-window", "max_pool")
def the_identity_is_the_least_finite_number(x: Array, size: Any, **rest: Any) -> Array:
    y = innocent.max_pool(x, size, **rest)
    return np.maximum(y, np.finfo(y.dtype).min) if y.dtype.kind == "f" else y


@planted("pool.empty-window", "avg_pool")
def an_empty_window_divides_by_one(x: Array, size: Any, **rest: Any) -> Array:
    y = innocent.avg_pool(x, size, **rest)
    return np.nan_to_num(y, nan=0) if x.dtype.kind != "f" or np.isfinite(x).all() else y


@planted("pool.channels", "avg_pool")
def channels_beyond_eight_repeat(x: Array, size: Any, **rest: Any) -> Array:
    y = innocent.avg_pool(x, size, **rest)
    y[:, 8:] = y[:, :1]
    return y


@planted("avg_pool.divisor-excludes-padding", "avg_pool")
def padding_is_counted(x: Array, size: Any, *, count_include_pad: bool = False, **rest: Any) -> Array:
    return innocent.avg_pool(x, size, count_include_pad=True, **rest)


@planted("avg_pool.divisor-includes-padding", "avg_pool")
def padding_is_never_counted(x: Array, size: Any, *, count_include_pad: bool = False, **rest: Any) -> Array:
    return innocent.avg_pool(x, size, **rest)


@planted("avg_pool.divisor-ceil", "avg_pool")
def an_overhanging_window_counts_in_full(x: Array, size: Any, *, count_include_pad: bool = False, **rest: Any) -> Array:
    y = innocent.avg_pool(x, size, count_include_pad=count_include_pad, **rest)
    if not count_include_pad:
        return y
    p = checks.avg_pool(x, size, count_include_pad=True, **rest)
    return np.asarray(y * innocent.divisors(p) / np.prod(p.size), y.dtype)


@planted("avg_pool.value", "avg_pool")
def the_divisor_is_one_too_small(x: Array, size: Any, **rest: Any) -> Array:
    y = innocent.avg_pool(x, size, **rest)
    n = np.prod(checks.avg_pool(x, size, **rest).size)
    return y * y.dtype.type(n / (n - 1)) if n > 1 else y


@planted("shape.ceil-mode", "max_pool")
def ceil_mode_is_ignored(x: Array, size: Any, *, ceil_mode: bool = False, **rest: Any) -> Array:
    return innocent.max_pool(x, size, **rest)


@planted("shape.ceil-drop", "max_pool")
def a_window_beyond_the_input_is_kept(x: Array, size: Any, *, ceil_mode: bool = False, **rest: Any) -> Array:
    kept = {**DEFAULTS, "ceil_drop": "no"}
    p = checks.max_pool(x, size, ceil_mode=ceil_mode, policies=kept, **rest)
    least = -np.inf if p.dtype.kind == "f" else np.iinfo(p.dtype).min
    parts = innocent.taps(innocent.padded(p.x.astype(p.dtype), p, p.size, least), p.size, p.O, p.stride, p.dilation)
    return np.asarray(np.maximum.reduce([part for _, part in parts]))


@planted("lp_pool.value", "lp_pool")
def odd_orders_keep_the_sign(x: Array, size: Any, *, p: Any = 2, **rest: Any) -> Array:
    if p != 3:
        return innocent.lp_pool(x, size, p=p, **rest)
    q = checks.lp_pool(x, size, p=p, **rest)
    a = innocent.padded(q.x.astype(float), q, q.size)
    return np.cbrt(sum(part**3 for _, part in innocent.taps(a, q.size, q.O, q.stride, q.dilation))).astype(q.dtype)


@planted("lp_pool.value", "lp_pool")
def the_order_is_always_two(x: Array, size: Any, *, p: Any = 2, **rest: Any) -> Array:
    return innocent.lp_pool(x, size, **rest)


@planted("lp_pool.value", "lp_pool")
def the_norm_is_a_mean(x: Array, size: Any, *, p: Any = 2, **rest: Any) -> Array:
    q = checks.lp_pool(x, size, p=p, **rest)
    y = innocent.lp_pool(x, size, p=p, **rest)
    return np.asarray(y / np.prod(q.size) ** (1 / q.p), y.dtype)


@planted("channel_pool.value", "channel_pool")
def the_stride_of_channels_is_ignored(x: Array, size: Any, *, stride: Any = None, **rest: Any) -> Array:
    y = innocent.channel_pool(x, size, stride=stride, **rest)
    other = innocent.channel_pool(x, size, **rest)
    wanted = [i % other.shape[1] for i in range(y.shape[1])]
    return other[:, wanted]


@planted("channel_pool.incomplete", "channel_pool")
def the_channels_left_over_are_pooled_too(x: Array, size: Any, *, stride: Any = None, **rest: Any) -> Array:
    y = innocent.channel_pool(x, size, stride=stride, **rest)
    step = stride or size
    left = x.shape[1] - y.shape[1] * step
    if left < 1:
        return y
    tail = innocent.channel_pool(x[:, x.shape[1] - left :], min(left, size), **rest)
    return np.concatenate([y, tail[:, :1]], axis=1)


@planted("channel_pool.value", "channel_pool")
def positions_are_pooled_instead(x: Array, size: Any, **rest: Any) -> Array:
    y = innocent.channel_pool(x, size, **rest)
    for n, k in product(range(y.shape[0]), range(y.shape[1])):
        y[n, k] = np.sort(y[n, k], axis=-1)
    return y
