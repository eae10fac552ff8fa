"""OpenCV's image filter as a backend: filter2D for correlate, and with a flipped kernel for convolve, of mode "same".

https://docs.opencv.org/5.x/d4/d86/group__imgproc__filter.html (filter2D): it computes correlation; for convolution, flip the kernel
and move the anchor; borders are BORDER_CONSTANT (zeros), BORDER_REPLICATE, BORDER_REFLECT and BORDER_REFLECT_101; large kernels are
transformed, so its class is "fast". Results of integers saturate there, which the law has no word for: floating images are offered.
"""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np
from cv2 import __version__

from convspec.conformance.backends._plumbing import one_dtype, only, refusals
from convspec.conformance.case import Case

__all__ = ["__version__", "convolve", "correlate", "numerics", "policies", "snippet"]

policies = {"padded_tap": "any"}
"""Not documented; observed."""
numerics = {"*": "fast"}

BORDERS = {
    "fill": "BORDER_CONSTANT", "edge": "BORDER_REPLICATE", "symm": "BORDER_REFLECT", "reflect": "BORDER_REFLECT_101"
}  # fmt: skip


def correlate(in1: Any, in2: Any, mode: str = "full", boundary: str = "fill", fillvalue: Any = 0) -> Any:
    """cv2.filter2D, whose anchor is k // 2."""
    border = _border(in1, in2, mode, boundary, fillvalue)
    with refusals(cv2.error):
        return cv2.filter2D(in1, -1, in2, borderType=border)


def convolve(in1: Any, in2: Any, mode: str = "full", boundary: str = "fill", fillvalue: Any = 0) -> Any:
    """cv2.filter2D with the kernel flipped by cv2.flip, and the anchor with it."""
    border = _border(in1, in2, mode, boundary, fillvalue)
    with refusals(cv2.error):
        anchor = _anchor(np.shape(in2))
        return cv2.filter2D(in1, -1, cv2.flip(in2, -1), anchor=anchor, borderType=border)


def _anchor(shape: tuple[int, ...]) -> tuple[int, int]:
    """The column and the row of the flipped kernel that lie over the pixel: the centre is (k - 1) // 2 from the start."""
    return (shape[1] - 1 - (shape[1] - 1) // 2, shape[0] - 1 - (shape[0] - 1) // 2)


def _border(in1: Any, in2: Any, mode: Any, boundary: Any, fillvalue: Any) -> int:
    if mode != "same" or np.ndim(in1) != 2 or np.ndim(in2) != 2:
        raise NotImplementedError("filter2D keeps the shape of a plane")
    if one_dtype(in1, in2).kind != "f":
        raise NotImplementedError("integer results saturate")
    only("fillvalue", fillvalue, 0, 0.0)
    if boundary not in BORDERS:
        raise NotImplementedError(f"filter2D has no boundary {boundary!r}")
    return int(getattr(cv2, BORDERS[boundary]))


def snippet(case: Case) -> str:
    """The call in OpenCV's own words, for bug reports."""
    border = BORDERS.get(dict(case.arguments).get("boundary", "fill"), "BORDER_CONSTANT")
    kernel = "in2"
    if case.op == "convolve":
        kernel = f"cv2.flip(in2, -1), anchor={_anchor(case.operands['in2'].shape)}"
    return f"import cv2\ny = cv2.filter2D(in1, -1, {kernel}, borderType=cv2.{border})"
