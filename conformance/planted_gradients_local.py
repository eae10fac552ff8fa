"""Bugs in the gradients of unshared and tiled layers."""

from __future__ import annotations

from typing import Any

import numpy as np

from convspec import gradients
from convspec.conformance.innocent_gradients import computed
from convspec.conformance.planted import planted

Array = np.ndarray[Any, Any]


@planted("local_conv.grad-input", "local_conv_grad_input")
def every_position_has_the_first_kernel_in_dx(dy: Array, w: Array, x_shape: Any, **rest: Any) -> Array:
    computed("local_conv_grad_input", dy, w, x_shape, **rest)
    rank = len(x_shape) - 2
    shared = np.broadcast_to(w[(slice(None), *(slice(0, 1) for _ in range(rank)))], w.shape)
    return computed("local_conv_grad_input", dy, shared, x_shape, **rest)


@planted("gradient.composition", "local_conv_grad_input")
def every_position_has_its_neighbours_kernel_in_dx(dy: Array, w: Array, x_shape: Any, **rest: Any) -> Array:
    return computed("local_conv_grad_input", dy, np.roll(w, 1, axis=len(x_shape) - 2), x_shape, **rest)


@planted("local_conv.grad-weight", "local_conv_grad_weight")
def the_positions_of_dw_are_summed(dy: Array, x: Array, w_shape: Any, **rest: Any) -> Array:
    dw = computed("local_conv_grad_weight", dy, x, w_shape, **rest)
    axes = tuple(range(1, x.ndim - 1))
    return np.array(np.broadcast_to(dw.sum(axis=axes, keepdims=True, dtype=dw.dtype), dw.shape))


@planted("local_conv.grad-weight", "local_conv_grad_weight")
def a_later_image_overwrites_dw(dy: Array, x: Array, w_shape: Any, **rest: Any) -> Array:
    computed("local_conv_grad_weight", dy, x, w_shape, **rest)
    return computed("local_conv_grad_weight", dy[-1:], x[-1:], w_shape, **rest)


@planted("local_conv.grad-bias", "local_conv_grad_bias")
def the_bias_gradient_of_a_position_is_that_of_its_channel(dy: Array) -> Array:
    db = computed("local_conv_grad_bias", dy)
    return np.array(np.broadcast_to(computed("conv_grad_bias", dy).reshape(-1, *(1 for _ in db.shape[1:])), db.shape))


@planted("tiled_conv.grad-input", "tiled_conv_grad_input")
def tiles_are_blocks_in_dx(dy: Array, w: Array, x_shape: Any, **rest: Any) -> Array:
    f = gradients.tiled_conv_grad_input(dy, w, x_shape, **rest).forward
    blocks = w
    for axis, (t, o) in enumerate(zip(f.T, f.O, strict=True), 1):
        blocks = blocks.take(np.arange(o) * t // o, axis=axis)
    return computed("local_conv_grad_input", dy, blocks, x_shape, **rest)


@planted("tiled_conv.grad-input", "tiled_conv_grad_input")
def a_line_reads_the_kernels_of_its_other_axis(dy: Array, w: Array, x_shape: Any, **rest: Any) -> Array:
    f = gradients.tiled_conv_grad_input(dy, w, x_shape, **rest).forward
    rank = len(f.O)
    if rank > 1 and f.O[-2] == 1 < f.T[-2]:
        flat = w.reshape(*w.shape[: rank - 1], f.T[-2] * f.T[-1], *w.shape[rank + 1 :])
        kernels = flat.take(np.arange(f.T[-1]) * f.T[-2], axis=rank - 1)
        w = np.array(np.broadcast_to(np.expand_dims(kernels, rank - 1), w.shape))
    return computed("tiled_conv_grad_input", dy, w, x_shape, **rest)


@planted("tiled_conv.grad-weight", "tiled_conv_grad_weight")
def the_last_incomplete_tile_is_dropped(dy: Array, x: Array, w_shape: Any, **rest: Any) -> Array:
    f = gradients.tiled_conv_grad_weight(dy, x, w_shape, **rest).forward
    dy = dy.copy()
    if f.O[-1] > f.T[-1]:
        dy[..., f.O[-1] // f.T[-1] * f.T[-1] :] = 0
    return computed("tiled_conv_grad_weight", dy, x, w_shape, **rest)


@planted("tiled_conv.grad-weight", "tiled_conv_grad_weight")
def each_kernel_is_used_once_where_there_are_as_many_as_positions(
    dy: Array, x: Array, w_shape: Any, **rest: Any
) -> Array:
    f = gradients.tiled_conv_grad_weight(dy, x, w_shape, **rest).forward
    if np.prod(f.T) == np.prod(f.O):
        dy = dy.copy()
        for axis, t in enumerate(f.T, 2):
            dy[(*(slice(None),) * axis, slice(t, None))] = 0
    return computed("tiled_conv_grad_weight", dy, x, w_shape, **rest)


@planted("call.initialised", "tiled_conv_grad_weight")
def kernels_that_no_output_uses_are_not_written(dy: Array, x: Array, w_shape: Any, **rest: Any) -> Array:
    p = gradients.tiled_conv_grad_weight(dy, x, w_shape, **rest)
    out = np.empty(p.shape, p.dtype)
    dw = computed("tiled_conv_grad_weight", dy, x, w_shape, **rest)
    used = (slice(None), *(slice(0, o) for o in dy.shape[2:]))
    out[used] = dw[used]
    return out


@planted("tiled_conv.grad-bias", "tiled_conv_grad_bias")
def the_bias_gradient_is_not_folded(dy: Array, b_shape: Any) -> Array:
    db = computed("tiled_conv_grad_bias", dy, b_shape)
    return computed(
        "tiled_conv_grad_bias", dy[(slice(None), slice(None), *(slice(0, t) for t in db.shape[1:]))], b_shape
    )


@planted("error.bias", "tiled_conv_grad_bias")
def any_shape_of_a_bias_is_taken(dy: Array, b_shape: Any) -> Array:
    if isinstance(b_shape, tuple) and len(b_shape) == dy.ndim - 1 and b_shape[0] != dy.shape[1]:
        return np.zeros(b_shape, dy.dtype)
    return computed("tiled_conv_grad_bias", dy, b_shape)
