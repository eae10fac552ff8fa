"""Bugs in what a backend says of itself, and in identities of two operators: claims that the operator does not keep."""

from __future__ import annotations

from typing import Any

import numpy as np

from convspec.conformance import innocent
from convspec.conformance.planted import planted
from convspec.conformance.planted_layers import mirrored
from convspec.conformance.planted_numbers import shortened

Array = np.ndarray[Any, Any]


@planted("policy.max-nan", "max_pool", policies={"max_nan": "ignore"})
def a_window_of_nan_alone_is_the_least_finite_number(x: Array, size: Any, **rest: Any) -> Array:
    if x.dtype.kind != "f":
        return innocent.max_pool(x, size, **rest)
    least = np.finfo(x.dtype).min
    return innocent.max_pool(np.where(np.isnan(x), least, x).astype(x.dtype), size, **rest)


@planted("policy.empty-window", "max_pool", policies={"empty_window": "error"})
def empty_windows_are_not_refused_as_declared(x: Array, size: Any, **rest: Any) -> Array:
    return innocent.max_pool(x, size, **rest)


@planted("policy.ceil-divisor", "avg_pool", policies={"ceil_divisor": "full"})
def the_overhang_is_not_counted_as_declared(x: Array, size: Any, **rest: Any) -> Array:
    return innocent.avg_pool(x, size, **rest)


@planted("policy.ceil-drop", "max_pool", policies={"ceil_drop": "no"})
def windows_beyond_the_input_are_not_kept_as_declared(x: Array, size: Any, **rest: Any) -> Array:
    return innocent.max_pool(x, size, **rest)


@planted("policy.padded-tap", "conv", policies={"padded_tap": "skipped"})
def padded_taps_are_not_skipped_as_declared(x: Array, w: Array, b: Any = None, **rest: Any) -> Array:
    return innocent.conv(x, w, b, **rest)


@planted("policy.subnormals", "conv", policies={"subnormals": "flushed"})
def normal_numbers_are_flushed_too(x: Array, w: Array, b: Any = None, **rest: Any) -> Array:
    y = innocent.conv(x, w, b, **rest)
    return np.where(np.abs(y) < 2.0**-4, 0, y).astype(y.dtype)


@planted("policy.integer-result", "conv", policies={"integer_result": "same"})
def integers_are_widened_unlike_declared(x: Array, w: Array, b: Any = None, **rest: Any) -> Array:
    return innocent.conv(x, w, b, **rest)


@planted("number.bound-fast", "conv", numerics={"*": "fast"})
def a_fast_algorithm_works_in_bfloat16(x: Array, w: Array, b: Any = None, **rest: Any) -> Array:
    return innocent.conv(shortened(np.ascontiguousarray(x), 7), w, b, **rest)


@planted("number.chain", "conv", chain=True)
def taps_come_before_channels_in_the_chain(x: Array, w: Array, b: Any = None, **rest: Any) -> Array:
    return innocent.conv(x, w, b, **rest)


@planted("number.chain", "avg_pool", chain=True)
def averages_are_summed_in_double_precision(x: Array, size: Any, **rest: Any) -> Array:
    y = innocent.avg_pool(x, size, **rest)
    return innocent.avg_pool(x.astype(np.float64), size, **rest).astype(y.dtype) if x.dtype == np.float32 else y


@planted("conv_transpose.adjoint", "conv_transpose", conv=innocent.conv)
def the_adjoint_has_the_kernel_of_the_inverse(x: Array, w: Array, b: Any = None, **rest: Any) -> Array:
    return innocent.conv_transpose(x, mirrored(w, x.ndim - 2), b, **rest)


@planted("tiled_conv.limits", "tiled_conv")
def a_tile_of_the_whole_output_is_shared(x: Array, w: Array, b: Any = None, **rest: Any) -> Array:
    rank = x.ndim - 2
    y = innocent.tiled_conv(x, w, b, **rest)
    if w.shape[1 : 1 + rank] != y.shape[2:]:
        return y
    first = (slice(None), *(slice(1) for _ in range(rank)))
    return innocent.tiled_conv(x, w[first], None if b is None else b[first], **rest)
