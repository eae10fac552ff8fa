"""Bugs in shape arithmetic and in the sums of convolution layers."""

from __future__ import annotations

from typing import Any

import numpy as np

from convspec.conformance import innocent
from convspec.conformance.planted import planted

Array = np.ndarray[Any, Any]


def mirrored(w: Array, rank: int) -> Array:
    """The kernels, reversed along their spatial axes."""
    return np.flip(w, tuple(range(w.ndim - rank, w.ndim)))


def backwards(value: Any) -> Any:
    """One number an axis in the wrong order."""
    return tuple(reversed(value)) if isinstance(value, (tuple, list)) else value


@planted("conv.formula", "conv")
def the_kernel_is_flipped(x: Array, w: Array, b: Any = None, **rest: Any) -> Array:
    return innocent.conv(x, mirrored(w, x.ndim - 2), b, **rest)


@planted("conv.formula", "conv")
def square_kernels_are_transposed(x: Array, w: Array, b: Any = None, **rest: Any) -> Array:
    return innocent.conv(x, w.swapaxes(-1, -2) if w.ndim == 4 and w.shape[2] == w.shape[3] else w, b, **rest)


@planted("conv.formula", "conv")
def all_zeros(x: Array, w: Array, b: Any = None, **rest: Any) -> Array:
    return innocent.conv(x, w, b, **rest) * 0


@planted("conv.formula", "conv")
def all_nan(x: Array, w: Array, b: Any = None, **rest: Any) -> Array:
    y = innocent.conv(x, w, b, **rest)
    return np.full_like(y, np.nan) if y.dtype.kind == "f" else y


@planted("conv.formula", "conv")
def channels_beyond_a_multiple_of_four_are_dropped(x: Array, w: Array, b: Any = None, **rest: Any) -> Array:
    w = w.copy()
    w[:, w.shape[1] - w.shape[1] % 4 if w.shape[1] > 4 else w.shape[1] :] = 0
    return innocent.conv(x, w, b, **rest)


@planted("conv.formula", "conv")
def the_last_pixels_of_wide_rows_repeat(x: Array, w: Array, b: Any = None, **rest: Any) -> Array:
    y = innocent.conv(x, w, b, **rest)
    if y.shape[-1] > 16 and y.shape[-1] % 16:
        y[..., -1] = y[..., -2]
    return y


@planted("conv.formula", "conv")
def one_element_of_a_large_result_is_off_by_a_thousandth(x: Array, w: Array, b: Any = None, **rest: Any) -> Array:
    y = innocent.conv(x, w, b, **rest)
    if y.size > 1000 and y.dtype.kind == "f":
        y.reshape(-1)[y.size * 5 // 7] *= y.dtype.type(1.001)
    return y


@planted("conv.formula", "conv")
def output_channel_32_on_is_shifted(x: Array, w: Array, b: Any = None, **rest: Any) -> Array:
    y = innocent.conv(x, w, b, **rest)
    y[:, 32:] = np.roll(y[:, 32:], 1, axis=1)
    return y


@planted("conv.bias", "conv")
def the_bias_is_added_for_every_tap(x: Array, w: Array, b: Any = None, **rest: Any) -> Array:
    return innocent.conv(x, w, None if b is None else b * (w.size // max(1, w.shape[0] * w.shape[1])), **rest)


@planted("conv.bias", "conv")
def the_bias_is_forgotten(x: Array, w: Array, b: Any = None, **rest: Any) -> Array:
    return innocent.conv(x, w, None, **rest)


@planted("conv.groups", "conv")
def groups_are_interleaved(x: Array, w: Array, b: Any = None, *, groups: int = 1, **rest: Any) -> Array:
    N, C, *S = x.shape
    shuffled = x.reshape(N, C // groups, groups, *S).swapaxes(1, 2).reshape(x.shape)
    return innocent.conv(shuffled, w, b, groups=groups, **rest)


@planted("conv.groups", "conv")
def the_outputs_of_groups_are_swapped(x: Array, w: Array, b: Any = None, *, groups: int = 1, **rest: Any) -> Array:
    y = innocent.conv(x, w, b, groups=groups, **rest)
    return y[:, ::-1].copy() if groups == 2 else y


@planted("conv.padded-tap", "conv")
def padded_taps_are_skipped(x: Array, w: Array, b: Any = None, **rest: Any) -> Array:
    with np.errstate(all="ignore"):
        finite = innocent.conv(x, np.where(np.isfinite(w), w, 0), b, **rest)
        inside = innocent.conv(np.ones_like(x), np.where(np.isfinite(w), 0, 1).astype(w.dtype), **rest)
        return np.where(inside > 0, innocent.conv(x, w, b, **rest), finite)


@planted("shape.padding", "conv")
def padding_before_and_after_are_swapped(x: Array, w: Array, b: Any = None, *, padding: Any = 0, **rest: Any) -> Array:
    pairs = isinstance(padding, tuple) and any(isinstance(p, tuple) for p in padding)
    return innocent.conv(x, w, b, padding=tuple(map(backwards, padding)) if pairs else padding, **rest)


@planted("shape.padding", "conv_transpose")
def padding_after_is_padding_before(x: Array, w: Array, b: Any = None, *, padding: Any = 0, **rest: Any) -> Array:
    pairs = isinstance(padding, tuple) and any(isinstance(p, tuple) for p in padding)
    return innocent.conv_transpose(x, w, b, padding=tuple(p[0] for p in padding) if pairs else padding, **rest)


@planted("shape.padding-same", "conv")
def same_puts_the_odd_element_before(x: Array, w: Array, b: Any = None, *, padding: Any = 0, **rest: Any) -> Array:
    return innocent.conv(x, w, b, padding="same_lower" if padding == "same" else padding, **rest)


@planted("shape.padding-same-lower", "max_pool")
def same_lower_is_same(x: Array, size: Any, *, padding: Any = 0, **rest: Any) -> Array:
    return innocent.max_pool(x, size, padding="same" if padding == "same_lower" else padding, **rest)


@planted("shape.padding-same", "local_conv")
def same_ignores_the_stride(x: Array, w: Array, b: Any = None, *, padding: Any = 0, **rest: Any) -> Array:
    if padding == "same":
        R, d = w.shape[-(x.ndim - 2) :], rest.get("dilation", 1)
        ds = d if isinstance(d, tuple) else (d,) * len(R)
        totals = [(k - 1) * e for k, e in zip(R, ds, strict=True)]
        padding = tuple((t // 2, t - t // 2) for t in totals)
    return innocent.local_conv(x, w, b, padding=padding, **rest)


@planted("shape.padding-full", "conv")
def full_ignores_the_dilation(x: Array, w: Array, b: Any = None, *, padding: Any = 0, **rest: Any) -> Array:
    return innocent.conv(x, w, b, padding=tuple(k - 1 for k in w.shape[2:]) if padding == "full" else padding, **rest)


@planted("shape.stride", "conv")
def the_strides_of_the_axes_are_swapped(x: Array, w: Array, b: Any = None, *, stride: Any = 1, **rest: Any) -> Array:
    return innocent.conv(x, w, b, stride=backwards(stride), **rest)


@planted("shape.stride", "conv")
def rows_of_several_images_are_lost_beyond_a_stride(
    x: Array, w: Array, b: Any = None, *, stride: Any = 1, **rest: Any
) -> Array:
    y = innocent.conv(x, w, b, stride=stride, **rest)
    if x.ndim == 5 and x.shape[0] > 1 and x.shape[1] == 1 and isinstance(stride, tuple) and stride[-1] > w.shape[-1]:
        y[..., 1:, :] = 0
    return y


@planted("shape.stride", "avg_pool")
def the_stride_defaults_to_one(x: Array, size: Any, *, stride: Any = 1, **rest: Any) -> Array:
    return innocent.avg_pool(x, size, stride=stride, **rest)


@planted("shape.dilation", "conv")
def the_dilations_of_the_axes_are_swapped(
    x: Array, w: Array, b: Any = None, *, dilation: Any = 1, **rest: Any
) -> Array:
    return innocent.conv(x, w, b, dilation=backwards(dilation), **rest)


@planted("shape.dilation", "max_pool")
def dilation_is_ignored(x: Array, size: Any, *, dilation: Any = 1, **rest: Any) -> Array:
    y = innocent.max_pool(x, size, dilation=dilation, **rest)
    return innocent.max_pool(x, size, **rest)[tuple(slice(0, n) for n in y.shape)]


@planted("shape.output", "conv")
def the_last_window_is_dropped(x: Array, w: Array, b: Any = None, **rest: Any) -> Array:
    y = innocent.conv(x, w, b, **rest)
    return y[..., :-1] if y.shape[-1] > 2 else y


@planted("conv_transpose.formula", "conv_transpose")
def the_transposed_kernel_is_flipped(x: Array, w: Array, b: Any = None, **rest: Any) -> Array:
    return innocent.conv_transpose(x, mirrored(w, x.ndim - 2), b, **rest)


@planted("conv_transpose.output-padding", "conv_transpose")
def output_padding_is_filled_with_zeros(
    x: Array, w: Array, b: Any = None, *, output_padding: Any = 0, **rest: Any
) -> Array:
    y = innocent.conv_transpose(x, w, b, output_padding=output_padding, **rest)
    extra = output_padding if isinstance(output_padding, tuple) else (output_padding,) * (x.ndim - 2)
    for axis, n in enumerate(extra, 2):
        y.swapaxes(0, axis)[y.shape[axis] - n :] = 0
    return y


@planted("conv_transpose.groups", "conv_transpose")
def transposed_groups_are_interleaved(x: Array, w: Array, b: Any = None, *, groups: int = 1, **rest: Any) -> Array:
    y = innocent.conv_transpose(x, w, None, groups=groups, **rest)
    y = y.reshape(len(y), groups, -1, *y.shape[2:]).swapaxes(1, 2).reshape(y.shape)
    return y if b is None else y + b.reshape(-1, *(1 for _ in x.shape[2:]))


@planted("local_conv.formula", "local_conv")
def positions_of_square_outputs_are_transposed(x: Array, w: Array, b: Any = None, **rest: Any) -> Array:
    square = w.ndim == 6 and w.shape[1] == w.shape[2]
    return innocent.local_conv(x, w.swapaxes(1, 2) if square else w, b, **rest)


@planted("tiled_conv.formula", "tiled_conv")
def tiles_are_blocks(x: Array, w: Array, b: Any = None, **rest: Any) -> Array:
    rank = x.ndim - 2
    one = innocent.tiled_conv(x, w, b, **rest)
    for axis in range(rank):
        t, n = w.shape[1 + axis], one.shape[2 + axis]
        w = w.take(np.arange(n) * t // n, axis=1 + axis)
        b = None if b is None else b.take(np.arange(n) * t // n, axis=1 + axis)
    return innocent.local_conv(x, w, b, **rest)
