"""Bugs of convolve and correlate."""

from __future__ import annotations

from typing import Any

import numpy as np

from convspec.conformance import innocent
from convspec.conformance.planted import planted

Array = np.ndarray[Any, Any]


@planted("image.convolve", "convolve")
def convolve_does_not_flip(in1: Array, in2: Array, *args: Any, **rest: Any) -> Array:
    return innocent.convolve(in1, np.flip(in2), *args, **rest)


@planted("image.correlate", "correlate")
def correlate_flips_the_first_axis(in1: Array, in2: Array, *args: Any, **rest: Any) -> Array:
    return innocent.correlate(in1, in2[::-1], *args, **rest)


@planted("image.convolve", "convolve")
def large_kernels_lose_a_row(in1: Array, in2: Array, *args: Any, **rest: Any) -> Array:
    if in2.size > 500:
        in2 = in2.copy()
        in2[-1] = 0
    return innocent.convolve(in1, in2, *args, **rest)


@planted("image.mode-same", "correlate")
def same_is_centred_to_the_right(in1: Array, in2: Array, mode: str = "full", **rest: Any) -> Array:
    if mode != "same":
        return innocent.correlate(in1, in2, mode, **rest)
    full = innocent.correlate(in1, in2, "full", **rest)
    return full[tuple(slice(k // 2, k // 2 + n) for n, k in zip(in1.shape, in2.shape, strict=True))].copy()


@planted("image.mode-valid", "convolve")
def valid_is_one_short(in1: Array, in2: Array, mode: str = "full", **rest: Any) -> Array:
    y = innocent.convolve(in1, in2, mode, **rest)
    return y[1:] if mode == "valid" and len(y) > 1 else y


@planted("image.valid-swap", "correlate")
def swapped_operands_are_not_swapped_back(in1: Array, in2: Array, mode: str = "full", **rest: Any) -> Array:
    swapped = (
        mode == "valid" and in1.shape != in2.shape and all(k >= n for n, k in zip(in1.shape, in2.shape, strict=True))
    )
    y = innocent.correlate(in1, in2, mode, **rest)
    return np.flip(y).copy() if swapped else y


@planted("image.valid-neither", "convolve")
def valid_without_cover_is_empty(in1: Array, in2: Array, mode: str = "full", **rest: Any) -> Array:
    try:
        return innocent.convolve(in1, in2, mode, **rest)
    except ValueError:
        if mode != "valid":
            raise
        return np.zeros([max(0, n - k + 1) for n, k in zip(in1.shape, in2.shape, strict=True)], in1.dtype)


@planted("image.fill", "convolve")
def the_fill_value_is_ignored(in1: Array, in2: Array, *args: Any, fillvalue: Any = 0, **rest: Any) -> Array:
    return innocent.convolve(in1, in2, *args, fillvalue=fillvalue * 0, **rest)


@planted("image.fillvalue", "convolve")
def the_fill_value_is_truncated(in1: Array, in2: Array, *args: Any, fillvalue: Any = 0, **rest: Any) -> Array:
    whole = int(fillvalue) if in1.dtype.kind in "iu" and isinstance(fillvalue, float) else fillvalue
    return innocent.convolve(in1, in2, *args, fillvalue=whole, **rest)


@planted("image.symm", "convolve")
def symm_does_not_repeat_the_edge(in1: Array, in2: Array, *args: Any, boundary: str = "fill", **rest: Any) -> Array:
    return innocent.convolve(in1, in2, *args, boundary="reflect" if boundary == "symm" else boundary, **rest)


@planted("image.reflect", "correlate")
def reflect_repeats_the_edge(in1: Array, in2: Array, *args: Any, boundary: str = "fill", **rest: Any) -> Array:
    return innocent.correlate(in1, in2, *args, boundary="symm" if boundary == "reflect" else boundary, **rest)


@planted("image.edge", "convolve")
def edge_continues_with_zeros(in1: Array, in2: Array, *args: Any, boundary: str = "fill", **rest: Any) -> Array:
    return innocent.convolve(in1, in2, *args, boundary="fill" if boundary == "edge" else boundary, **rest)


@planted("image.wrap", "correlate")
def wrap_is_off_by_one(in1: Array, in2: Array, *args: Any, boundary: str = "fill", **rest: Any) -> Array:
    y = innocent.correlate(in1, in2, *args, boundary=boundary, **rest)
    return np.roll(y, 1) if boundary == "wrap" else y


@planted("image.beyond-period", "convolve")
def wrap_stops_after_one_period(in1: Array, in2: Array, *args: Any, boundary: str = "fill", **rest: Any) -> Array:
    if boundary != "wrap" or all(k - 1 <= n for n, k in zip(in1.shape, in2.shape, strict=True)):
        return innocent.convolve(in1, in2, *args, boundary=boundary, **rest)
    return innocent.convolve(in1, in2, *args, boundary="edge", **rest)


@planted("image.correlate", "correlate")
def a_kernel_is_taken_as_a_product_by_its_corners(in1: Array, in2: Array, *args: Any, **rest: Any) -> Array:
    """As the product of its first column and its first row, where that is right in the last of both."""
    if in2.ndim == 2 and in2[0, 0] != 0 and in2[-1, -1] * in2[0, 0] == in2[-1, 0] * in2[0, -1]:
        in2 = np.asarray(np.outer(in2[:, 0], in2[0]) / in2[0, 0], in2.dtype)
    return innocent.correlate(in1, in2, *args, **rest)


@planted("image.fill", "convolve")
def the_second_pass_fills_with_the_same_value(
    in1: Array, in2: Array, mode: str = "full", boundary: str = "fill", fillvalue: Any = 0
) -> Array:
    """A kernel that is a product is summed along one axis after the other, with the fill value beyond what is left."""
    whole = innocent.convolve(in1, in2, mode, boundary, fillvalue)
    if in2.ndim != 2 or mode != "full" or boundary != "fill" or not in2[0, 0] or in2.dtype.kind != "f":
        return whole
    column, row = in2[:, :1], in2[:1] / in2[0, 0]
    if (column * row != in2).any():
        return whole
    first = innocent.convolve(in1, column, mode, boundary, fillvalue)
    return np.asarray(innocent.convolve(first, row, mode, boundary, fillvalue), whole.dtype)
