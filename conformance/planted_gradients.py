"""Bugs in the gradients of layers, of the kinds that are known from real libraries."""

from __future__ import annotations

from contextlib import suppress
from typing import Any

import numpy as np

from convspec import checks, gradients
from convspec.conformance.innocent import taps, trailing
from convspec.conformance.innocent_gradients import canvas, computed, cropped, grouped, unshared
from convspec.conformance.planted import planted
from convspec.conformance.planted_layers import backwards, mirrored
from convspec.conformance.planted_numbers import shortened

Array = np.ndarray[Any, Any]


def spread(a: Array, stride: Any, at: int = 2) -> Array:
    """The array with its trailing axes stretched: zeros between the elements."""
    steps = (stride,) * (a.ndim - at) if isinstance(stride, int) else stride
    out = np.zeros((*a.shape[:at], *((n - 1) * s + 1 for n, s in zip(a.shape[at:], steps, strict=True))), a.dtype)
    every: Any = (..., *(slice(None, None, s) for s in steps))
    out[every] = a
    return out


def close(a: Array, shape: tuple[int, ...]) -> Array:
    """The array in the first corner of a larger one of zeros."""
    out = np.zeros(shape, a.dtype)
    out[tuple(slice(0, n) for n in a.shape)] = a
    return out


def halves(w: Array, groups: Any) -> Array:
    """The output channels of the groups in turn."""
    return np.roll(w, len(w) // groups, axis=0) if isinstance(groups, int) and groups > 1 else w


@planted("conv.grad-input", "conv_grad_input")
def the_kernel_is_not_turned_in_dx(dy: Array, w: Array, x_shape: Any, **rest: Any) -> Array:
    return computed("conv_grad_input", dy, mirrored(w, len(x_shape) - 2), x_shape, **rest)


@planted("conv.grad-input", "conv_grad_input")
def stride_is_ignored_in_dx(dy: Array, w: Array, x_shape: Any, *, stride: Any = 1, **rest: Any) -> Array:
    gradients.conv_grad_input(dy, w, x_shape, stride=stride, **rest)
    if isinstance(rest.get("padding"), str):
        return computed("conv_grad_input", dy, w, x_shape, stride=stride, **rest)
    f = gradients.conv_grad_input(dy, w, x_shape, stride=stride, **rest).forward
    near = close(dy, spread(dy, f.stride).shape)
    surplus = [(lo, hi - (n + lo + hi - (k - 1) * d - 1) % s) for n, k, s, d, (lo, hi) in
               zip(f.S, f.R, f.stride, f.dilation, f.pads, strict=True)]  # fmt: skip
    if min(hi for _, hi in surplus) < 0:
        return computed("conv_grad_input", dy, w, x_shape, stride=stride, **rest)
    return computed("conv_grad_input", near, w, x_shape, **rest | {"padding": surplus})


@planted("conv.grad-input", "conv_grad_input")
def dilation_is_ignored_in_dx(dy: Array, w: Array, x_shape: Any, *, dilation: Any = 1, **rest: Any) -> Array:
    f = gradients.conv_grad_input(dy, w, x_shape, dilation=dilation, **rest).forward
    dense = close(w, (*w.shape[:2], *((k - 1) * d + 1 for k, d in zip(f.R, f.dilation, strict=True))))
    return computed("conv_grad_input", dy, dense, x_shape, **rest | {"padding": f.pads})


@planted("conv.grad-input", "conv_grad_input")
def the_sides_of_padding_are_swapped_in_dx(dy: Array, w: Array, x_shape: Any, **rest: Any) -> Array:
    f = gradients.conv_grad_input(dy, w, x_shape, **rest).forward
    return computed("conv_grad_input", dy, w, x_shape, **rest | {"padding": [(hi, lo) for lo, hi in f.pads]})


@planted("conv.grad-input", "conv_grad_input")
def padding_beyond_the_kernel_shifts_dx(dy: Array, w: Array, x_shape: Any, **rest: Any) -> Array:
    """The turned convolution's padding, (k - 1) d - p, is 0 where it would be less."""
    f = gradients.conv_grad_input(dy, w, x_shape, **rest).forward
    pads = [(min(lo, (k - 1) * d), hi) for k, d, (lo, hi) in zip(f.R, f.dilation, f.pads, strict=True)]
    longer = [n + lo - near for n, (lo, _), (near, _) in zip(f.S, f.pads, pads, strict=True)]
    dx = computed("conv_grad_input", dy, w, (f.N, f.C, *longer), **rest | {"padding": pads})
    first: Any = (..., *(slice(n) for n in f.S))
    return np.ascontiguousarray(dx[first])


@planted("conv.grad-input", "conv_grad_input")
def depthwise_rows_of_seven_are_stored_as_eight(dy: Array, w: Array, x_shape: Any, **rest: Any) -> Array:
    """Where padding lets all of a vector see gradients that exist, it is stored whole, over the first element of the next plane."""
    dx = computed("conv_grad_input", dy, w, x_shape, **rest)
    f = gradients.conv_grad_input(dy, w, x_shape, **rest).forward
    if dx.shape[-1] == 7 and f.K == f.C == f.groups > 1 and min(f.pads[-1]) >= f.R[-1] > 1:
        dx[(0, 1, *(0 for _ in f.S))] += dy.flat[0]
    return dx


@planted("conv.grad-input", "conv_grad_input")
def strided_dx_of_depthwise_groups_beyond_sixteen_lacks_a_column(
    dy: Array, w: Array, x_shape: Any, **rest: Any
) -> Array:
    dx = computed("conv_grad_input", dy, w, x_shape, **rest)
    f = gradients.conv_grad_input(dy, w, x_shape, **rest).forward
    if f.groups == f.C > 16 and f.stride[-1] > 1:
        dx[:, 16:, ..., -1] = 0
    return dx


@planted("conv.grad-input", "conv_grad_input")
def groups_are_swapped_in_dx(dy: Array, w: Array, x_shape: Any, **rest: Any) -> Array:
    return computed("conv_grad_input", dy, halves(w, rest.get("groups", 1)), x_shape, **rest)


@planted("conv.grad-input", "conv_grad_input")
def of_overlapping_windows_the_last_write_wins(dy: Array, w: Array, x_shape: Any, **rest: Any) -> Array:
    p = gradients.conv_grad_input(dy, w, x_shape, **rest)
    f = p.forward
    dx, kernels = canvas(f, (f.N, f.C), f.R, p.dtype), unshared(w.astype(p.dtype), f)
    for r, part in taps(dx, f.R, f.O, f.stride, f.dilation):
        part[...] = np.einsum(
            "ngk...,gk...c->ngc...", grouped(dy.astype(p.dtype), f.groups), trailing(kernels, r)
        ).reshape(part.shape)
    return np.array(cropped(dx, f))


@planted("conv.grad-input", "conv_grad_input")
def output_channels_beyond_a_multiple_of_four_are_dropped(dy: Array, w: Array, x_shape: Any, **rest: Any) -> Array:
    dy = dy.copy()
    dy[:, dy.shape[1] - dy.shape[1] % 4 if dy.shape[1] > 4 else dy.shape[1] :] = 0
    return computed("conv_grad_input", dy, w, x_shape, **rest)


@planted("conv.grad-input", "conv_grad_input")
def the_tail_of_wide_rows_of_dx_is_lost(dy: Array, w: Array, x_shape: Any, **rest: Any) -> Array:
    dx = computed("conv_grad_input", dy, w, x_shape, **rest)
    if dx.shape[-1] > 16 and dx.shape[-1] % 8:
        dx[..., dx.shape[-1] // 8 * 8 :] = 0
    return dx


@planted("conv.grad-input", "conv_grad_input")
def numbers_an_axis_are_taken_backwards_in_dx(dy: Array, w: Array, x_shape: Any, **rest: Any) -> Array:
    dx = computed("conv_grad_input", dy, w, x_shape, **rest)
    try:
        return computed("conv_grad_input", dy, w, x_shape, **rest | {"dilation": backwards(rest.get("dilation", 1))})
    except ValueError:
        return dx


@planted("call.initialised", "conv_grad_input")
def what_no_window_reads_is_not_written(dy: Array, w: Array, x_shape: Any, **rest: Any) -> Array:
    dx = computed("conv_grad_input", dy, w, x_shape, **rest)
    read = computed("conv_grad_input", np.ones_like(dy), np.ones_like(w), x_shape, **rest) != 0
    out = np.empty(dx.shape, dx.dtype)
    out[read] = dx[read]
    return out


@planted("number.precision", "conv_grad_input")
def dx_is_multiplied_in_half_the_digits(dy: Array, w: Array, x_shape: Any, **rest: Any) -> Array:
    return computed("conv_grad_input", shortened(dy, 10), w, x_shape, **rest)


@planted("gradient.adjoint", "conv_grad_input")
def the_first_tap_of_the_last_channel_counts_twice(dy: Array, w: Array, x_shape: Any, **rest: Any) -> Array:
    w = w.copy()
    first: Any = (slice(-1, None), slice(None), *(0 for _ in w.shape[2:]))
    w[first] *= 2
    return computed("conv_grad_input", dy, w, x_shape, **rest)


@planted("gradient.bilinear", "conv_grad_input")
def dy_is_clipped(dy: Array, w: Array, x_shape: Any, **rest: Any) -> Array:
    return computed("conv_grad_input", np.clip(dy, -5, 5) if dy.dtype.kind == "f" else dy, w, x_shape, **rest)


@planted("error.gradient", "conv_grad_input")
def a_dy_of_one_position_is_broadcast(dy: Array, w: Array, x_shape: Any, **rest: Any) -> Array:
    if dy.ndim == len(x_shape) and dy.shape[2:] == (1,) * (dy.ndim - 2):
        x = np.broadcast_to(np.zeros((), dy.dtype), x_shape)
        with suppress(ValueError):
            dy = np.broadcast_to(dy, (*dy.shape[:2], *checks.conv(x, w, **rest).O))
    return computed("conv_grad_input", dy, w, x_shape, **rest)


@planted("error.operand-shape", "conv_grad_input")
def negative_sizes_count_from_the_end(dy: Array, w: Array, x_shape: Any, **rest: Any) -> Array:
    if isinstance(x_shape, tuple):
        x_shape = tuple(abs(n) if isinstance(n, int) else n for n in x_shape)
    return computed("conv_grad_input", dy, w, x_shape, **rest)


@planted("conv.grad-input", "conv_grad_input")
def rows_beyond_the_256th_get_no_gradient(dy: Array, w: Array, x_shape: Any, **rest: Any) -> Array:
    dx = computed("conv_grad_input", dy, w, x_shape, **rest)
    dx[:, :, 256:] = dx[:, :, 256:] if dx.ndim == 3 else 0
    return dx
