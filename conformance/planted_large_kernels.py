"""Bugs of layers by kernels of many taps, beyond some channels and outputs, where algorithms take kernels apart."""

from __future__ import annotations

from typing import Any

import numpy as np

from convspec.conformance import innocent
from convspec.conformance.innocent_gradients import computed
from convspec.conformance.planted import planted

Array = np.ndarray[Any, Any]


def many(shape: Any, taps: int) -> bool:
    """Kernels of so many taps along two axes, of more than eight channels and sixteen outputs."""
    return len(shape) == 4 and min(shape[2:]) >= taps and shape[1] > 8 and shape[0] > 16


@planted("conv.formula", "conv")
def columns_beyond_a_multiple_of_three_repeat_for_five_taps(x: Array, w: Array, b: Any = None, **rest: Any) -> Array:
    y = innocent.conv(x, w, b, **rest)
    if many(w.shape, 5) and y.shape[-1] % 3:
        y[..., -1] = y[..., -2]
    return y


@planted("conv.grad-input", "conv_grad_input")
def the_last_of_nine_taps_is_missing_in_dx(dy: Array, w: Array, x_shape: Any, **rest: Any) -> Array:
    if many(w.shape, 9):
        w = w.copy()
        w[:, :, -1, -1] = 0
    return computed("conv_grad_input", dy, w, x_shape, **rest)


@planted("conv.grad-weight", "conv_grad_weight")
def taps_of_two_parts_are_added_twice(dy: Array, x: Array, w_shape: Any, **rest: Any) -> Array:
    dw = computed("conv_grad_weight", dy, x, w_shape, **rest)
    if many(w_shape, 9):
        dw[..., 4] *= 2
    return dw


@planted("conv.grad-weight", "conv_grad_weight")
def taps_that_a_remainder_lacks_wrap_to_the_next_row(dy: Array, x: Array, w_shape: Any, **rest: Any) -> Array:
    dw = computed("conv_grad_weight", dy, x, w_shape, **rest)
    if dw.ndim == 4 and rest.get("stride", 1) in (2, 4) and min(w_shape[2:]) > 6 and w_shape[0] > 32:
        dw[:, :, 1:, 0] = dw[:, :, :-1, -1]
    return dw
