"""From a checked call to its result: convert the operands, describe the windows, run the kernels."""

from __future__ import annotations

from math import prod
from typing import Any

import numpy as np

from convspec.fast import _kernels
from convspec.fast.windows import Windows
from convspec.params import Array, Ints

TILES = {"direct": 0, "auto": 1, "winograd": 2, "fft": 0, "separable": 0}
"""Winograd's tiles (clause fast.winograd): never, where they cost less, or wherever they can be used."""


def operand(a: Array, dtype: np.dtype[Any], threads: int = 1) -> Array:
    """`a` in the result's dtype, contiguous and aligned; integers wrap. Copied only where it is not so already."""
    a = np.asarray(a, dtype)
    if channels_last(a):
        y = np.empty(a.shape, a.dtype)
        _kernels.unmix(np.moveaxis(a, 1, -1), y, a.shape[0], a.shape[1], prod(a.shape[2:]), threads)
        return y
    a = np.asarray(a, order="C")
    return a if a.flags.aligned else a.copy()


def view(a: Array, dtype: np.dtype[Any]) -> Array:
    """`a` in the result's dtype and aligned, of any strides. Copied only where it is not so already."""
    a = np.asarray(a, dtype)
    return a if a.flags.aligned else a.copy()


def prepare(
    windows: Windows, w: Array | None, b: Array | None, threads: int, algorithm: str = "direct", once: bool = False
) -> _kernels.Plan:
    """The windows with their weights in the order the kernels read them; whether the plan runs `once`."""
    tiles = TILES[algorithm]
    return _kernels.Plan(windows.fields, windows.fill_bytes(), windows.power, w, b, threads, tiles, once)


def run(plan: _kernels.Plan, x: Array, images: int, out: Array | None, shape: Ints, dtype: np.dtype[Any],
        threads: int, background: Array | None = None, last: bool = False) -> Array:  # fmt: skip
    """Runs `plan` on `x`, (images, channels, *S) with any strides, into `out` or a new array.

    `background` is the result where no window writes, one number if the plan is for an `out` with its channels `last`.
    """
    if last and out is not None:
        plan.run(x, np.moveaxis(out, 1, -1), images, threads, background)
        return out
    y = result(out, shape, dtype)
    plan.run(x, y, images, threads, background)
    return returned(y, out)


def channels_last(a: Any) -> bool:
    """Whether `a`, which may not have been checked, is an array, contiguous and aligned but for its channels, the second axis,
    which are the last one in memory."""
    if not isinstance(a, np.ndarray) or a.ndim < 3 or a.flags.c_contiguous or not a.flags.aligned:
        return False
    return np.moveaxis(a, 1, -1).flags.c_contiguous


def result(out: Array | None, shape: Ints, dtype: np.dtype[Any]) -> Array:
    """Where kernels write: `out`, if it is contiguous and aligned, or a new array."""
    return out if out is not None and out.flags.c_contiguous and out.flags.aligned else _kernels.new_array(shape, dtype)


def returned(y: Array, out: Array | None) -> Array:
    """What a call returns: `y`, by way of `out` if that is another array; integers wrap."""
    if out is None or out is y:
        return y
    np.copyto(out, y, casting="unsafe")
    return out
