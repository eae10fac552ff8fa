"""Bugs in what is refused: wrong arguments that are repaired, clipped or taken for something else."""

from __future__ import annotations

from typing import Any

import numpy as np

from convspec.conformance import innocent
from convspec.conformance.planted import planted

Array = np.ndarray[Any, Any]


@planted("error.rank", "conv")
def a_missing_axis_of_the_kernel_is_added(x: Array, w: Array, b: Any = None, **rest: Any) -> Array:
    return innocent.conv(x, w[..., None] if w.ndim == x.ndim - 1 else w, b, **rest)


@planted("error.empty-image", "convolve")
def an_empty_image_gives_an_empty_result(in1: Array, in2: Array, *args: Any, **rest: Any) -> Array:
    if 0 in (in1.size, in2.size):
        return np.zeros(in1.shape, in1.dtype)
    return innocent.convolve(in1, in2, *args, **rest)


@planted("error.empty-spatial", "max_pool")
def an_empty_plane_gives_an_empty_result(x: Array, size: Any, **rest: Any) -> Array:
    return x.copy() if 0 in x.shape[2:] else innocent.max_pool(x, size, **rest)


@planted("error.empty-kernel", "conv_transpose")
def an_empty_kernel_gives_zeros(x: Array, w: Array, b: Any = None, **rest: Any) -> Array:
    if 0 in w.shape[2:]:
        return np.zeros((len(x), w.shape[1], *x.shape[2:]), x.dtype)
    return innocent.conv_transpose(x, w, b, **rest)


@planted("error.window", "conv")
def a_window_that_does_not_fit_gives_an_empty_result(x: Array, w: Array, b: Any = None, **rest: Any) -> Array:
    try:
        return innocent.conv(x, w, b, **rest)
    except ValueError as error:
        if getattr(error, "clause", "") != "error.window":
            raise
        return np.zeros((len(x), len(w), *(0 for _ in x.shape[2:])), x.dtype)


@planted("error.output-size", "conv_transpose")
def a_negative_output_size_is_clipped_to_zero(x: Array, w: Array, b: Any = None, **rest: Any) -> Array:
    try:
        return innocent.conv_transpose(x, w, b, **rest)
    except ValueError as error:
        if getattr(error, "clause", "") != "error.output-size":
            raise
        return np.zeros((len(x), w.shape[1], *(0 for _ in x.shape[2:])), x.dtype)


@planted("error.channels", "conv")
def channels_of_the_kernel_beyond_those_of_the_input_are_cut_off(
    x: Array, w: Array, b: Any = None, *, groups: int = 1, **rest: Any
) -> Array:
    C = x.shape[1] // groups if groups > 0 and x.ndim == w.ndim else w.shape[1]
    return innocent.conv(x, w[:, :C] if 0 < C < w.shape[1] else w, b, groups=groups, **rest)


@planted("error.channel-groups", "conv")
def outputs_that_fill_no_group_are_dropped(x: Array, w: Array, b: Any = None, *, groups: int = 1, **rest: Any) -> Array:
    whole = len(w) - len(w) % groups if groups > 0 else len(w)
    return innocent.conv(x, w[:whole] if whole else w, b, groups=groups, **rest)


@planted("error.tile-shape", "local_conv")
def too_many_kernels_are_cropped(x: Array, w: Array, b: Any = None, **rest: Any) -> Array:
    try:
        return innocent.local_conv(x, w, b, **rest)
    except ValueError as error:
        if getattr(error, "clause", "") != "error.tile-shape" or 0 in w.shape:
            raise
        return innocent.tiled_conv(x, w, b, **rest)


@planted("error.dilation", "lp_pool")
def dilation_zero_is_taken_for_one(x: Array, size: Any, *, dilation: Any = 1, **rest: Any) -> Array:
    return innocent.lp_pool(x, size, dilation=dilation or 1, **rest)


@planted("error.groups", "conv")
def the_sign_of_groups_is_dropped(x: Array, w: Array, b: Any = None, *, groups: Any = 1, **rest: Any) -> Array:
    return innocent.conv(x, w, b, groups=abs(groups) or 1 if type(groups) is int else groups, **rest)


@planted("error.size", "avg_pool")
def size_zero_pools_the_whole_plane(x: Array, size: Any, **rest: Any) -> Array:
    return innocent.avg_pool(x, size if np.any(size) else x.shape[2:], **rest)


@planted("error.output-padding", "conv_transpose")
def output_padding_is_clipped(x: Array, w: Array, b: Any = None, *, output_padding: Any = 0, **rest: Any) -> Array:
    try:
        return innocent.conv_transpose(x, w, b, output_padding=output_padding, **rest)
    except ValueError as error:
        if getattr(error, "clause", "") != "error.output-padding":
            raise
        return innocent.conv_transpose(x, w, b, **rest)


@planted("error.order", "lp_pool")
def an_infinite_order_is_the_maximum(x: Array, size: Any, *, p: Any = 2, **rest: Any) -> Array:
    return innocent.max_pool(np.abs(x), size, **rest) if p == np.inf else innocent.lp_pool(x, size, p=p, **rest)


@planted("error.length", "max_pool")
def a_sequence_of_one_is_repeated(x: Array, size: Any, *, stride: Any = None, **rest: Any) -> Array:
    one = isinstance(stride, (tuple, list)) and len(stride) == 1
    return innocent.max_pool(x, size, stride=stride[0] if one else stride, **rest)


@planted("error.too-large", "conv")
def strides_beyond_thirty_two_bits_are_clipped(
    x: Array, w: Array, b: Any = None, *, stride: Any = 1, **rest: Any
) -> Array:
    return innocent.conv(x, w, b, stride=min(stride, 2**31 - 1) if type(stride) is int else stride, **rest)


@planted("error.string", "convolve")
def modes_may_be_abbreviated(in1: Array, in2: Array, mode: Any = "full", **rest: Any) -> Array:
    whole = {"f": "full", "s": "same", "v": "valid"}
    return innocent.convolve(in1, in2, whole.get(str(mode)[:1], mode), **rest)


@planted("error.first", "max_pool")
def an_empty_batch_is_returned_at_once(x: Array, size: Any, **rest: Any) -> Array:
    return innocent.max_pool(x, size, **rest) if len(x) else np.zeros((0, *x.shape[1:]), x.dtype)
