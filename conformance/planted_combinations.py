"""Bugs that show only where two arguments, or an argument and a dtype or a layout, come together."""

from __future__ import annotations

from typing import Any

import numpy as np

from convspec.conformance import innocent
from convspec.conformance.innocent_gradients import computed
from convspec.conformance.planted import cropped, planted

Array = np.ndarray[Any, Any]


@planted("call.combinations", "conv")
def kernels_of_integers_are_not_dilated(x: Array, w: Array, b: Any = None, *, dilation: Any = 1, **rest: Any) -> Array:
    y = innocent.conv(x, w, b, dilation=dilation, **rest)
    tight = x.dtype.kind in "iu" and not isinstance(rest.get("padding"), str)
    return cropped(innocent.conv(x, w, b, **rest), y) if tight else y


@planted("call.combinations", "max_pool")
def the_window_that_ceil_mode_adds_is_not_dilated(x: Array, size: Any, *, ceil_mode: Any = False, **rest: Any) -> Array:
    y = innocent.max_pool(x, size, ceil_mode=ceil_mode, **rest)
    if ceil_mode and rest.get("dilation", 1) != 1:
        y[..., -1:] = y[..., -2:-1] if y.shape[-1] > 1 else y[..., -1:]
    return y


@planted("call.combinations", "convolve")
def images_with_gaps_do_not_wrap(
    in1: Array, in2: Array, mode: Any = "full", boundary: Any = "fill", fillvalue: Any = 0
) -> Array:
    y = innocent.convolve(in1, in2, mode, boundary, fillvalue)
    gaps = in1.size and in1.strides[-1] != in1.itemsize
    return innocent.convolve(in1, in2, mode, "edge", fillvalue) if boundary == "wrap" and gaps else y


@planted("call.combinations", "avg_pool_grad")
def ceil_mode_is_forgotten_where_windows_are_dilated(dy: Array, x_shape: Any, size: Any, **rest: Any) -> Array:
    dx = computed("avg_pool_grad", dy, x_shape, size, **rest)
    if rest.get("ceil_mode") and rest.get("dilation", 1) != 1:
        dx[..., -1] = 0
    return dx


@planted("call.combinations", "conv_grad_weight")
def padding_by_name_belongs_to_the_first_group(dy: Array, x: Array, w_shape: Any, **rest: Any) -> Array:
    dw = computed("conv_grad_weight", dy, x, w_shape, **rest)
    if isinstance(rest.get("padding"), str) and rest["padding"] != "valid" and rest.get("groups", 1) > 1:
        dw[len(dw) // 2 :] = dw[: len(dw) - len(dw) // 2]
    return dw
