"""Bugs in the gradients of layers by weights and biases, and of transposed convolution."""

from __future__ import annotations

from collections.abc import Callable
from math import prod
from typing import Any

import numpy as np

from convspec import gradients
from convspec.conformance.innocent_gradients import computed
from convspec.conformance.planted import planted, planted_state
from convspec.conformance.planted_gradients import halves
from convspec.conformance.planted_layers import mirrored
from convspec.conformance.planted_numbers import shortened

Array = np.ndarray[Any, Any]


@planted("call.empty-batch", "conv_grad_weight")
def dw_of_no_images_is_not_written(dy: Array, x: Array, w_shape: Any, **rest: Any) -> Array:
    p = gradients.conv_grad_weight(dy, x, w_shape, **rest)
    out = np.empty(p.shape, p.dtype)
    return out if len(x) == 0 else computed("conv_grad_weight", dy, x, w_shape, **rest)


@planted("conv.grad-weight", "conv_grad_weight")
def only_the_first_image_counts(dy: Array, x: Array, w_shape: Any, **rest: Any) -> Array:
    computed("conv_grad_weight", dy, x, w_shape, **rest)
    return computed("conv_grad_weight", dy[:1], x[:1], w_shape, **rest)


@planted("conv.grad-weight", "conv_grad_weight")
def the_gradient_is_the_mean_over_images(dy: Array, x: Array, w_shape: Any, **rest: Any) -> Array:
    dw = computed("conv_grad_weight", dy, x, w_shape, **rest)
    return (dw / max(1, len(x))).astype(dw.dtype)


@planted("conv.grad-weight", "conv_grad_weight")
def dw_is_turned(dy: Array, x: Array, w_shape: Any, **rest: Any) -> Array:
    return np.ascontiguousarray(mirrored(computed("conv_grad_weight", dy, x, w_shape, **rest), x.ndim - 2))


@planted("conv.grad-weight", "conv_grad_weight")
def groups_are_swapped_in_dw(dy: Array, x: Array, w_shape: Any, **rest: Any) -> Array:
    return halves(computed("conv_grad_weight", dy, x, w_shape, **rest), rest.get("groups", 1))


@planted("conv.grad-weight", "conv_grad_weight")
def positions_beyond_a_multiple_of_eight_are_lost(dy: Array, x: Array, w_shape: Any, **rest: Any) -> Array:
    if dy.shape[-1] > 8:
        dy = dy.copy()
        dy[..., dy.shape[-1] // 8 * 8 :] = 0
    return computed("conv_grad_weight", dy, x, w_shape, **rest)


@planted("conv.grad-weight", "conv_grad_weight")
def dilation_is_ignored_in_dw(dy: Array, x: Array, w_shape: Any, **rest: Any) -> Array:
    f = gradients.conv_grad_weight(dy, x, w_shape, **rest).forward
    dense = (*f.w.shape[:2], *((k - 1) * d + 1 for k, d in zip(f.R, f.dilation, strict=True)))
    dw = computed("conv_grad_weight", dy, x, dense, **rest | {"padding": f.pads, "dilation": 1})
    kernel: Any = (..., *(slice(0, k) for k in f.R))
    return np.ascontiguousarray(dw[kernel])


@planted("conv.grad-weight", "conv_grad_weight")
def the_sides_of_padding_are_swapped_in_dw(dy: Array, x: Array, w_shape: Any, **rest: Any) -> Array:
    f = gradients.conv_grad_weight(dy, x, w_shape, **rest).forward
    return computed("conv_grad_weight", dy, x, w_shape, **rest | {"padding": [(hi, lo) for lo, hi in f.pads]})


@planted_state("call.repeatable", "conv_grad_weight")
def two_threads_race_for_dw() -> Callable[..., Array]:
    """Now and then the sums of one image are lost."""
    calls = [0]

    def conv_grad_weight(dy: Array, x: Array, w_shape: Any, **rest: Any) -> Array:
        calls[0] += 1
        dw = computed("conv_grad_weight", dy, x, w_shape, **rest)
        lost = calls[0] % 3 == 0
        return dw - computed("conv_grad_weight", dy[:1], x[:1], w_shape, **rest) if lost else dw

    return conv_grad_weight


@planted_state("call.result-owned", "conv_grad_weight")
def gradients_accumulate_in_one_buffer() -> Callable[..., Array]:
    """dw is added to the buffer of the last call of these sizes."""
    buffers: dict[Any, Array] = {}

    def conv_grad_weight(dy: Array, x: Array, w_shape: Any, **rest: Any) -> Array:
        dw = computed("conv_grad_weight", dy, x, w_shape, **rest)
        buffer = buffers.setdefault((dw.shape, dw.dtype), np.zeros_like(dw))
        buffer[...] = dw
        return buffer

    return conv_grad_weight


@planted("number.integer-modulo", "conv_grad_weight")
def integer_gradients_pass_through_floats(dy: Array, x: Array, w_shape: Any, **rest: Any) -> Array:
    dw = computed("conv_grad_weight", dy, x, w_shape, **rest)
    if dw.dtype != np.int64:
        return dw
    exact = computed("conv_grad_weight", dy.astype(np.float64), x.astype(np.float64), w_shape, **rest)
    return np.clip(exact, -(2.0**63), 2.0**63 - 1024).astype(np.int64)


@planted("gradient.chain", "conv_grad_weight", chain=True)
def the_images_are_one_long_sum(dy: Array, x: Array, w_shape: Any, **rest: Any) -> Array:
    return computed("conv_grad_weight", dy, x, w_shape, wide={"float32": np.float64, "float64": np.longdouble}, **rest)


@planted("gradient.bound-fast", "conv_grad_weight", numerics={"*": "fast"})
def a_fast_gradient_has_three_digits(dy: Array, x: Array, w_shape: Any, **rest: Any) -> Array:
    return shortened(computed("conv_grad_weight", dy, x, w_shape, **rest), 9)


@planted("number.locality", "conv_grad_weight", numerics={"*": "fast"})
def an_outlier_at_an_edge_spoils_every_tap(dy: Array, x: Array, w_shape: Any, **rest: Any) -> Array:
    dw = computed("conv_grad_weight", dy, x, w_shape, **rest)
    if dw.dtype.kind != "f":
        return dw
    greatest = [float(np.abs(a[np.isfinite(a)]).max(initial=0)) for a in (x, dy)]
    error: Array = (dw + 4 * np.finfo(dw.dtype).eps * greatest[0] * greatest[1]).astype(dw.dtype)
    return error


@planted("gradient.dtype", "conv_grad_weight")
def the_gradient_has_the_dtype_of_dy(dy: Array, x: Array, w_shape: Any, **rest: Any) -> Array:
    return computed("conv_grad_weight", dy, x, w_shape, **rest).astype(dy.dtype.newbyteorder("="))


@planted("call.strides", "conv_grad_weight")
def dy_is_read_as_if_in_c_order(dy: Array, x: Array, w_shape: Any, **rest: Any) -> Array:
    raw = dy.ravel(order="K").reshape(dy.shape) if dy.size and 0 not in dy.strides else dy
    return computed("conv_grad_weight", raw, x, w_shape, **rest)


@planted("conv.grad-bias", "conv_grad_bias")
def the_bias_gradient_is_a_mean_over_positions(dy: Array) -> Array:
    db = computed("conv_grad_bias", dy)
    mean: Array = (db / np.prod(dy.shape[2:])).astype(db.dtype)
    return mean


@planted("conv.grad-bias", "conv_grad_bias")
def the_bias_gradient_is_summed_over_the_wrong_axes(dy: Array) -> Array:
    db = computed("conv_grad_bias", dy)
    turned = np.swapaxes(dy, 1, -1)
    return computed("conv_grad_bias", turned) if turned.shape[1] == len(db) else db


@planted("conv.grad-bias", "conv_grad_bias")
def the_bias_gradient_is_that_of_the_first_row(dy: Array) -> Array:
    return computed("conv_grad_bias", dy[:, :, :1])


@planted("number.integers", "conv_grad_bias")
def small_integers_wrap_in_the_bias_gradient(dy: Array) -> Array:
    db = computed("conv_grad_bias", dy)
    return db.astype(dy.dtype.newbyteorder("=")) if dy.dtype.itemsize == 1 else db


@planted("conv_transpose.grad-input", "conv_transpose_grad_input")
def the_kernel_is_turned_in_dx_of_conv_transpose(dy: Array, w: Array, x_shape: Any, **rest: Any) -> Array:
    return computed("conv_transpose_grad_input", dy, mirrored(w, len(x_shape) - 2), x_shape, **rest)


@planted("conv_transpose.grad-input", "conv_transpose_grad_input")
def dx_of_conv_transpose_is_wrong_at_stride_two(dy: Array, w: Array, x_shape: Any, **rest: Any) -> Array:
    dx = computed("conv_transpose_grad_input", dy, w, x_shape, **rest)
    if 2 in np.ravel(rest.get("stride", 1)):
        dx[..., -1] = 0
    return dx


@planted("conv_transpose.grad-weight", "conv_transpose_grad_weight")
def groups_are_swapped_in_dw_of_conv_transpose(dy: Array, x: Array, w_shape: Any, **rest: Any) -> Array:
    return halves(computed("conv_transpose_grad_weight", dy, x, w_shape, **rest), rest.get("groups", 1))


@planted("conv_transpose.grad-weight", "conv_transpose_grad_weight")
def the_channels_of_dw_of_conv_transpose_are_exchanged(dy: Array, x: Array, w_shape: Any, **rest: Any) -> Array:
    dw = computed("conv_transpose_grad_weight", dy, x, w_shape, **rest)
    return np.ascontiguousarray(dw.swapaxes(0, 1)) if dw.shape[0] == dw.shape[1] else dw


@planted("conv_transpose.grad-bias", "conv_transpose_grad_bias")
def output_padding_is_left_out_of_the_bias_gradient(dy: Array) -> Array:
    return computed("conv_transpose_grad_bias", dy[..., :-1] if dy.shape[-1] > 1 else dy)


@planted("conv.grad-weight", "conv_grad_weight")
def beyond_65536_positions_the_last_is_not_summed(dy: Array, x: Array, w_shape: Any, **rest: Any) -> Array:
    p = gradients.conv_grad_weight(dy, x, w_shape, **rest)
    if prod(p.forward.O) > 2**16:
        dy = dy.copy()
        dy[..., -1] = 0
    return computed("conv_grad_weight", dy, x, w_shape, **rest)
