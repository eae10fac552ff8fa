"""Bugs that show beyond a size, in the tail of a vector, for one count of channels, one layout or one dtype."""

from __future__ import annotations

from typing import Any

import numpy as np

from convspec.conformance import innocent
from convspec.conformance.innocent_gradients import computed
from convspec.conformance.planted import cropped, planted
from convspec.conformance.planted_numbers import shortened

Array = np.ndarray[Any, Any]


@planted("max_pool.value", "max_pool")
def large_planes_are_pooled_one_pixel_late(x: Array, size: Any, **rest: Any) -> Array:
    y = innocent.max_pool(x, size, **rest)
    return np.roll(y, 1, axis=-1) if x.size > 4096 else y


@planted("avg_pool.value", "avg_pool")
def dilation_is_dropped_for_large_inputs(x: Array, size: Any, *, dilation: Any = 1, **rest: Any) -> Array:
    y = innocent.avg_pool(x, size, dilation=dilation, **rest)
    return cropped(innocent.avg_pool(x, size, **rest), y) if x.size > 1000 else y


@planted("conv_transpose.formula", "conv_transpose")
def large_canvases_lose_their_last_row(x: Array, w: Array, b: Any = None, **rest: Any) -> Array:
    y = innocent.conv_transpose(x, w, b, **rest)
    if y.size > 5000:
        y[:, :, -1:] = 0
    return y


@planted("lp_pool.value", "lp_pool")
def the_tail_of_eight_is_not_pooled(x: Array, size: Any, **rest: Any) -> Array:
    y = innocent.lp_pool(x, size, **rest)
    if y.shape[-1] > 8 and y.shape[-1] % 8:
        y[..., y.shape[-1] // 8 * 8 :] = 0
    return y


@planted("local_conv.formula", "local_conv")
def the_last_of_nine_channels_is_left_out(x: Array, w: Array, b: Any = None, **rest: Any) -> Array:
    if x.shape[1] % 8 == 1 and x.shape[1] > 8:
        x = x.copy()
        x[:, -1] = 0
    return innocent.local_conv(x, w, b, **rest)


@planted("tiled_conv.formula", "tiled_conv")
def sixteen_outputs_share_a_register(x: Array, w: Array, b: Any = None, **rest: Any) -> Array:
    y = innocent.tiled_conv(x, w, b, **rest)
    y[:, 15:16] = y[:, :1]
    return y


@planted("conv.formula", "conv")
def three_channels_are_padded_to_four_with_the_first(x: Array, w: Array, b: Any = None, **rest: Any) -> Array:
    y = innocent.conv(x, w, b, **rest)
    if x.shape[1] != 3 or w.shape[1] != 3:
        return y
    return y + innocent.conv(x[:, :1], w[:, :1], None, **{**rest, "groups": 1})


@planted("conv.formula", "conv")
def taps_beyond_the_seventh_of_a_row_are_dropped(x: Array, w: Array, b: Any = None, **rest: Any) -> Array:
    w = w.copy()
    w[..., 7:] = 0
    return innocent.conv(x, w, b, **rest)


@planted("conv.groups", "conv")
def sixteen_outputs_of_narrow_groups_repeat(
    x: Array, w: Array, b: Any = None, *, groups: int = 1, **rest: Any
) -> Array:
    y = innocent.conv(x, w, b, groups=groups, **rest)
    if groups > 1 and w.shape[1] < 16 and len(w) % 16 == 0:
        y[:, len(w) // 2 :] = y[:, : len(w) // 2]
    return y


@planted("conv.formula", "conv")
def depthwise_kernels_beyond_the_fourth_channel_repeat(
    x: Array, w: Array, b: Any = None, *, groups: int = 1, **rest: Any
) -> Array:
    if groups == x.shape[1] == len(w) and groups > 4:
        w = np.concatenate([w[:4], np.repeat(w[3:4], len(w) - 4, axis=0)])
    return innocent.conv(x, w, b, groups=groups, **rest)


@planted("number.precision", "conv")
def blocks_of_thirty_two_channels_are_in_tf32(x: Array, w: Array, b: Any = None, **rest: Any) -> Array:
    whole = x.shape[1] and x.shape[1] % 32 == 0
    return innocent.conv(shortened(np.ascontiguousarray(x), 10) if whole else x, w, b, **rest)


@planted("image.correlate", "correlate")
def long_rows_are_read_in_blocks_of_sixty_four(in1: Array, in2: Array, *args: Any, **rest: Any) -> Array:
    y = innocent.correlate(in1, in2, *args, **rest)
    if y.shape[-1] > 64:
        y[..., 64] = y[..., 63]
    return y


@planted("channel_pool.value", "channel_pool")
def windows_of_more_than_eight_channels_are_cut(x: Array, size: Any, **rest: Any) -> Array:
    y = innocent.channel_pool(x, size, **rest)
    if type(size) is not int or size <= 8 or rest.get("kind", "max") != "max":
        return y
    return innocent.channel_pool(x, 8, **{"stride": size, **rest})[:, : y.shape[1]].copy()


@planted("call.batch", "conv")
def sixteen_images_take_another_path(x: Array, w: Array, b: Any = None, **rest: Any) -> Array:
    y = innocent.conv(x, w, b, **rest)
    if len(y) >= 16:
        y[-1] = y[0]
    return y


@planted("call.completes", "max_pool")
def windows_of_more_than_three_hundred_taps_are_refused(x: Array, size: Any, **rest: Any) -> Array:
    if type(size) is int and size > 300:
        raise RuntimeError("the window is too large for the device")
    return innocent.max_pool(x, size, **rest)


@planted("call.empty-batch", "conv")
def an_empty_batch_has_no_channels(x: Array, w: Array, b: Any = None, **rest: Any) -> Array:
    y = innocent.conv(x, w, b, **rest)
    return y if len(x) else np.zeros((0, 0, *y.shape[2:]), y.dtype)


@planted("call.batch", "lp_pool")
def the_norm_of_an_image_depends_on_its_neighbour(x: Array, size: Any, **rest: Any) -> Array:
    y = innocent.lp_pool(x, size, **rest)
    y[1:, :, ..., -1] = y[:-1, :, ..., -1]
    return y


@planted("call.strides", "conv")
def channels_last_is_read_as_channels_first(x: Array, w: Array, b: Any = None, **rest: Any) -> Array:
    last = x.ndim == 4 and x.shape[1] > 1 and x.strides[1] == x.itemsize and not x.flags.c_contiguous
    return innocent.conv(x.ravel(order="K").reshape(x.shape) if last else x, w, b, **rest)


@planted("call.strides", "convolve")
def images_with_negative_strides_are_reversed(in1: Array, in2: Array, *args: Any, **rest: Any) -> Array:
    return innocent.convolve(np.flip(in1) if min(in1.strides, default=0) < 0 else in1, in2, *args, **rest)


@planted("call.strides", "max_pool")
def sliced_arrays_are_read_with_their_gaps(x: Array, size: Any, **rest: Any) -> Array:
    if x.size and abs(x.strides[-1]) > x.itemsize and not x.flags.c_contiguous:
        raise RuntimeError("input is not contiguous; call contiguous() first")
    return innocent.max_pool(x, size, **rest)


@planted("call.strides", "conv_transpose")
def transposed_weights_are_read_as_they_lie(x: Array, w: Array, b: Any = None, **rest: Any) -> Array:
    return innocent.conv_transpose(x, w.ravel(order="K").reshape(w.shape), b, **rest)


@planted("call.byte-order", "max_pool")
def the_byte_order_of_pools_is_ignored(x: Array, size: Any, **rest: Any) -> Array:
    return innocent.max_pool(x.view(x.dtype.newbyteorder("=")), size, **rest)


@planted("number.integer-modulo", "conv")
def uint16_is_read_as_int16(x: Array, w: Array, b: Any = None, **rest: Any) -> Array:
    y = innocent.conv(x, w, b, **rest)
    both = x.dtype == w.dtype == np.uint16
    return y.astype(np.int16).astype(y.dtype) if both else y


@planted("number.integers", "convolve")
def the_dtype_of_integers_stays(in1: Array, in2: Array, *args: Any, **rest: Any) -> Array:
    y = innocent.convolve(in1, in2, *args, **rest)
    return y.astype(np.result_type(in1, in2)) if y.dtype.kind in "iu" else y


@planted("number.integer-modulo", "conv_transpose")
def integers_saturate(x: Array, w: Array, b: Any = None, **rest: Any) -> Array:
    y = innocent.conv_transpose(x, w, b, **rest)
    if y.dtype != np.int64:
        return y
    with np.errstate(all="ignore"):
        real = innocent.conv_transpose(x.astype(float), w.astype(float), None if b is None else b.astype(float), **rest)
    return np.where(np.abs(real) > 2.0**63, np.iinfo(y.dtype).max, y)


@planted("number.integer-mean", "lp_pool")
def norms_of_integers_are_integers(x: Array, size: Any, **rest: Any) -> Array:
    y = innocent.lp_pool(x, size, **rest)
    return np.floor(y) if x.dtype.kind in "iu" else y


@planted("max_pool.value", "max_pool")
def int8_is_compared_without_its_sign(x: Array, size: Any, **rest: Any) -> Array:
    if x.dtype != np.int8:
        return innocent.max_pool(x, size, **rest)
    return innocent.max_pool(x.view(np.uint8), size, **rest).view(np.int8)


@planted("conv.formula", "conv")
def more_than_512_channels_are_summed_in_half_the_digits(x: Array, w: Array, b: Any = None, **rest: Any) -> Array:
    return innocent.conv(shortened(x, 10) if w.ndim > 2 and w.shape[1] > 512 else x, w, b, **rest)


@planted("conv.formula", "conv")
def the_end_of_kernels_wider_than_32_is_left_out(x: Array, w: Array, b: Any = None, **rest: Any) -> Array:
    if w.ndim > 2 and w.shape[-1] > 32:
        w = w.copy()
        w[..., 32:] = 0
    return innocent.conv(x, w, b, **rest)


@planted("conv.formula", "conv")
def the_last_taps_of_planes_three_apart_are_lost(
    x: Array, w: Array, b: Any = None, *, stride: Any = 1, **rest: Any
) -> Array:
    w = np.asarray(w)
    if stride in (3, 4) and w.ndim == 4 and min(w.shape[2:]) > stride:
        w = w.copy()
        w[..., stride * ((w.shape[-1] - 1) // stride) :] = 0
    return innocent.conv(x, w, b, stride=stride, **rest)


@planted("conv.formula", "conv")
def rows_of_many_outputs_of_few_channels_lack_a_pixel(x: Array, w: Array, b: Any = None, **rest: Any) -> Array:
    y = innocent.conv(x, w, b, **rest)
    if np.ndim(w) == 4 and np.shape(w)[1] < 6 and len(w) > 64 and y.shape[-1] % 4 == 3:
        y[..., -1] = 0
    return y


@planted("max_pool.value", "max_pool")
def strides_beyond_eight_are_eight(x: Array, size: Any, *, stride: Any = None, **rest: Any) -> Array:
    y = innocent.max_pool(x, size, stride=stride, **rest)
    if not isinstance(stride, int) or stride <= 8:
        return y
    return cropped(innocent.max_pool(x, size, stride=8, **rest), y)


@planted("max_pool.value", "max_pool")
def the_tail_of_sixteen_bytes_is_not_pooled(x: Array, size: Any, **rest: Any) -> Array:
    y = innocent.max_pool(x, size, **rest)
    if x.dtype.itemsize == 1 and y.shape[-1] > 16:
        y[..., y.shape[-1] // 16 * 16 :] = 0
    return y


@planted("avg_pool.value", "avg_pool")
def averages_of_doubles_repeat_beyond_eight_channels(x: Array, size: Any, **rest: Any) -> Array:
    y = innocent.avg_pool(x, size, **rest)
    if x.dtype == np.float64 and y.shape[1] > 8:
        y[:, 8:] = y[:, :1]
    return y


@planted("conv.formula", "conv")
def integer_filters_beyond_the_sixteenth_repeat(x: Array, w: Array, b: Any = None, **rest: Any) -> Array:
    y = innocent.conv(x, w, b, **rest)
    if np.asarray(x).dtype == np.int32 and y.ndim > 2 and y.shape[1] > 16:
        y[:, 16:] = y[:, 15:16]
    return y


@planted("max_pool.grad", "max_pool_grad")
def gradients_of_bytes_in_the_second_vector_are_lost(dy: Array, x: Array, size: Any, **rest: Any) -> Array:
    dx = computed("max_pool_grad", dy, x, size, **rest)
    if x.dtype.itemsize == 1:
        dx[..., 64:] = 0
    return dx
