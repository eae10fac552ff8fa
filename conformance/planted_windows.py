"""Bugs in where windows lie: names of paddings, strides, dilations, rounding of sizes, padding on one side."""

from __future__ import annotations

from typing import Any

import numpy as np

from convspec import checks
from convspec.conformance import innocent
from convspec.conformance.planted import cropped, planted
from convspec.conformance.planted_layers import backwards
from convspec.policies import DEFAULTS

Array = np.ndarray[Any, Any]


@planted("shape.padding-valid", "avg_pool")
def valid_is_same(x: Array, size: Any, *, padding: Any = 0, **rest: Any) -> Array:
    return innocent.avg_pool(x, size, padding="same" if padding == "valid" else padding, **rest)


@planted("shape.padding-same", "conv")
def same_crops_where_the_stride_exceeds_the_kernel(
    x: Array, w: Array, b: Any = None, *, padding: Any = 0, stride: Any = 1, **rest: Any
) -> Array:
    y = innocent.conv(x, w, b, padding=padding, stride=stride, **rest)
    if padding != "same" or np.max(stride) <= max(w.shape[2:]):
        return y
    shifted = np.roll(x, -1, axis=-1)
    return innocent.conv(shifted, w, b, padding=padding, stride=stride, **rest)


@planted("shape.padding-same", "max_pool")
def same_ignores_the_dilation(x: Array, size: Any, *, padding: Any = 0, dilation: Any = 1, **rest: Any) -> Array:
    y = innocent.max_pool(x, size, padding=padding, dilation=dilation, **rest)
    if padding != "same" or np.all(np.equal(dilation, 1)):
        return y
    return innocent.max_pool(x, size, padding=padding, **rest)


@planted("shape.padding-same-lower", "conv")
def same_lower_is_same_in_layers(x: Array, w: Array, b: Any = None, *, padding: Any = 0, **rest: Any) -> Array:
    return innocent.conv(x, w, b, padding="same" if padding == "same_lower" else padding, **rest)


@planted("shape.padding-same", "avg_pool")
def even_windows_are_padded_by_half_their_size(x: Array, size: Any, *, padding: Any = 0, **rest: Any) -> Array:
    return innocent.avg_pool(x, size, padding="same_lower" if padding == "same" else padding, **rest)


@planted("shape.padding", "avg_pool")
def padding_after_is_left_out(x: Array, size: Any, *, padding: Any = 0, **rest: Any) -> Array:
    y = innocent.avg_pool(x, size, padding=padding, **rest)
    pairs = isinstance(padding, tuple) and any(isinstance(p, tuple) and p[0] != p[1] for p in padding)
    if pairs:
        y[..., -1] = 0
    return y


@planted("shape.padding", "conv")
def uneven_padding_spoils_the_last_column_of_kernels_of_four(
    x: Array, w: Array, b: Any = None, *, padding: Any = 0, **rest: Any
) -> Array:
    y = innocent.conv(x, w, b, padding=padding, **rest)
    last = padding[-1] if isinstance(padding, (tuple, list)) else padding
    if w.shape[-1] == 4 and isinstance(last, tuple) and last[0] != last[1]:
        y[..., -1] += 1
    return y


@planted("shape.padding", "conv")
def only_even_padding_is_understood(x: Array, w: Array, b: Any = None, *, padding: Any = 0, **rest: Any) -> Array:
    if isinstance(padding, tuple) and any(isinstance(p, tuple) and p[0] != p[1] for p in padding):
        raise ValueError("asymmetric padding is not supported")
    return innocent.conv(x, w, b, padding=padding, **rest)


@planted("shape.stride", "max_pool")
def the_stride_of_rows_serves_columns(x: Array, size: Any, *, stride: Any = None, **rest: Any) -> Array:
    return innocent.max_pool(x, size, stride=backwards(stride), **rest)


@planted("shape.stride", "conv_transpose")
def uneven_strides_of_transposed_layers_are_swapped(
    x: Array, w: Array, b: Any = None, *, stride: Any = 1, **rest: Any
) -> Array:
    return innocent.conv_transpose(x, w, b, stride=backwards(stride), **rest)


@planted("shape.dilation", "conv")
def dilation_is_ignored_in_layers(x: Array, w: Array, b: Any = None, *, dilation: Any = 1, **rest: Any) -> Array:
    y = innocent.conv(x, w, b, dilation=dilation, **rest)
    return cropped(innocent.conv(x, w, b, **rest), y)


@planted("shape.dilation", "conv")
def a_stride_and_a_dilation_exclude_each_other(
    x: Array, w: Array, b: Any = None, *, stride: Any = 1, dilation: Any = 1, **rest: Any
) -> Array:
    if np.max(dilation) > 1 and np.max(dilation) == np.min(dilation) and x.shape[-1] > 6:
        raise RuntimeError("not divisible by the block")
    return innocent.conv(x, w, b, stride=stride, dilation=dilation, **rest)


@planted("conv.groups", "conv")
def groups_and_dilation_change_places(
    x: Array, w: Array, b: Any = None, *, groups: int = 1, dilation: Any = 1, **rest: Any
) -> Array:
    if groups > 1 and groups != np.max(dilation):
        raise RuntimeError(f"given groups={dilation}, dilation={groups}")
    return innocent.conv(x, w, b, groups=groups, dilation=dilation, **rest)


@planted("shape.transposed", "conv_transpose")
def dilation_does_not_count_in_the_transposed_size(x: Array, w: Array, b: Any = None, **rest: Any) -> Array:
    y = innocent.conv_transpose(x, w, b, **rest)
    return y[..., :-1].copy() if np.max(rest.get("dilation", 1)) > 1 and y.shape[-1] > 1 else y


@planted("conv_transpose.output-padding", "conv_transpose")
def output_padding_is_ignored(x: Array, w: Array, b: Any = None, *, output_padding: Any = 0, **rest: Any) -> Array:
    checked = innocent.conv_transpose(x, w, b, output_padding=output_padding, **rest)
    return checked if not np.any(output_padding) else innocent.conv_transpose(x, w, b, **rest)


@planted("conv_transpose.groups", "conv_transpose")
def the_first_group_paints_all(x: Array, w: Array, b: Any = None, *, groups: int = 1, **rest: Any) -> Array:
    n = len(w) // groups
    return innocent.conv_transpose(x, np.concatenate([w[:n]] * groups), b, groups=groups, **rest)


@planted("image.mode-full", "correlate")
def full_is_one_short(in1: Array, in2: Array, mode: str = "full", **rest: Any) -> Array:
    y = innocent.correlate(in1, in2, mode, **rest)
    return y[..., :-1].copy() if mode == "full" and y.shape[-1] > 1 else y


@planted("image.mode-same", "convolve")
def same_has_the_size_of_the_larger_operand(in1: Array, in2: Array, mode: str = "full", **rest: Any) -> Array:
    if mode == "same" and in2.size > in1.size:
        return innocent.convolve(in2, in1, mode, **rest)
    return innocent.convolve(in1, in2, mode, **rest)


@planted("shape.ceil-mode", "avg_pool")
def rounding_up_divides_twice(x: Array, size: Any, *, ceil_mode: bool = False, **rest: Any) -> Array:
    y = innocent.avg_pool(x, size, ceil_mode=ceil_mode, **rest)
    exact = innocent.avg_pool(x, size, **rest)
    return np.concatenate([y, y[..., -1:]], axis=-1) if ceil_mode and y.shape[-1] > exact.shape[-1] else y


@planted("shape.ceil-drop", "avg_pool")
def an_average_of_padding_alone_is_kept(x: Array, size: Any, **rest: Any) -> Array:
    y = innocent.avg_pool(x, size, **rest)
    kept = checks.avg_pool(x, size, **rest, policies={**DEFAULTS, "ceil_drop": "no"})
    grown = [(0, more - n) for n, more in zip(y.shape, kept.shape, strict=True)]
    return np.pad(y, grown, constant_values=np.nan)


@planted("pool.channels", "max_pool")
def three_channels_are_packed_together(x: Array, size: Any, **rest: Any) -> Array:
    y = innocent.max_pool(x, size, **rest)
    if y.shape[1] == 3:
        y[:, 1] = y[:, 0]
    return y


@planted("pool.empty-window", "lp_pool")
def the_norm_of_nothing_is_nan(x: Array, size: Any, **rest: Any) -> Array:
    y = innocent.lp_pool(x, size, **rest)
    counts = innocent.avg_pool(np.ones(x.shape), size, **{k: v for k, v in rest.items() if k != "p"})
    return np.where(np.isnan(counts), np.nan, y).astype(y.dtype)


@planted("pool.padding", "max_pool")
def padded_integers_become_floats(x: Array, size: Any, *, padding: Any = 0, **rest: Any) -> Array:
    y = innocent.max_pool(x, size, padding=padding, **rest)
    return y.astype(np.float64) if x.dtype.kind in "iu" and np.any(padding != 0) else y


@planted("max_pool.nan", "max_pool")
def nan_is_seen_only_where_it_comes_last(x: Array, size: Any, **rest: Any) -> Array:
    if x.dtype.kind != "f":
        return innocent.max_pool(x, size, **rest)
    clean = innocent.max_pool(np.where(np.isnan(x), -np.inf, x).astype(x.dtype), size, **rest)
    p = checks.max_pool(x, size, **rest)
    spoilt = innocent.taps(innocent.padded(np.isnan(x), p, p.size), p.size, p.O, p.stride, p.dilation)
    return np.where(spoilt[-1][1], np.nan, clean).astype(clean.dtype)


@planted("number.locality", "correlate")
def a_running_sum_carries_nan_to_the_edge(in1: Array, in2: Array, *args: Any, **rest: Any) -> Array:
    y = innocent.correlate(in1, in2, *args, **rest)
    return np.where(np.logical_or.accumulate(np.isnan(y), axis=-1), np.nan, y).astype(y.dtype)


@planted("avg_pool.value", "avg_pool")
def averages_of_windows_taller_than_32_are_cut(x: Array, size: Any, *, stride: Any = None, **rest: Any) -> Array:
    y = innocent.avg_pool(x, size, stride=stride, **rest)
    if not isinstance(size, tuple) or size[0] <= 32:
        return y
    stride = size if stride is None else stride
    return cropped(innocent.avg_pool(x, (32, *size[1:]), stride=stride, **rest), y)
