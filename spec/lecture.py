"""The lecture's worked examples as golden vectors: what each call must give, on every backend and in every dtype.

The lecture is "Convolutional Neural Networks" (Deep Learning, CS324, SUSTech), after chapter 9 of Goodfellow, Bengio
and Courville, "Deep Learning" (2016). Where a slide shows a figure without numbers, the example takes the figure's
setting with numbers of its own, or the figure's numbers from the book. All values are small integers or tenths, and
every result follows without rounding, so they are compared for equality.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np

Array = np.ndarray[Any, Any]

IMAGE = np.array([[1, 1, 1, 0, 0], [0, 1, 1, 1, 0], [0, 0, 1, 1, 1], [0, 0, 1, 1, 0], [0, 1, 1, 0, 0]])
KERNEL = np.array([[1, 0, 1], [0, 1, 0], [1, 0, 1]])
FEATURE = np.array([[4, 3, 4], [2, 4, 3], [2, 3, 4]])
LAST = np.array([[18]])
"""The slide "2D convolution": an image, a kernel, and the convolved feature, which the kernel takes on to 18."""

RED = [[156, 155, 156, 158, 158], [153, 154, 157, 159, 159], [149, 151, 155, 158, 159], [146, 146, 149, 153, 158],
       [145, 143, 143, 148, 158]]  # fmt: skip
GREEN = [[167, 166, 167, 169, 169], [164, 165, 168, 170, 170], [160, 162, 166, 169, 170], [156, 156, 159, 163, 168],
         [155, 153, 153, 158, 168]]  # fmt: skip
BLUE = [[163, 162, 163, 165, 165], [160, 161, 164, 166, 166], [156, 158, 162, 165, 166], [155, 155, 158, 162, 167],
        [154, 152, 152, 157, 167]]  # fmt: skip
RGB = np.array([[RED, GREEN, BLUE]])
RGB_KERNEL = np.array([[[[-1, -1, 1], [0, 1, -1], [0, 1, 1]], [[1, 0, 0], [1, -1, -1], [1, 0, -1]],
                        [[0, 1, 1], [0, 1, 0], [1, -1, 1]]]])  # fmt: skip
RGB_BIAS = np.array([1])
RGB_FEATURE = np.array([[[[-25, 466, 466, 475], [295, 787, 798, 812], [291, 776, 784, 800], [293, 771, 773, 782]]]])
"""The slide "Convolutional layers": a corner of an RGB image, and of its convolved feature what that corner decides."""

PADDED_KERNEL = np.array([[0, 0, 1], [0, 1, 1], [1, 1, 1]])
PADDED_PRINT = np.array([[1, 1, 2, 0, 0], [0, 1, 1, 1, 0], [0, 0, 1, 2, 1], [1, 0, 2, 1, 0], [0, 1, 1, 3, 0]])
PADDED_FEATURE = np.array([[3, 4, 4, 2, 1], [2, 4, 4, 4, 2], [1, 3, 5, 4, 2], [1, 4, 5, 3, 0], [1, 3, 2, 0, 0]])
"""The slide "Zero padding controls size": a kernel, the result it prints, and the one it should (see the errata)."""

EDGE_KERNEL = np.array([[1, -1]])
SOBEL_X = np.array([[-1, 0, 1], [-2, 0, 2], [-1, 0, 1]])
SOBEL_Y = SOBEL_X.T
BRIGHT = np.array([[0, 0, 0, 9, 9], [0, 0, 0, 9, 9], [0, 0, 0, 9, 9], [0, 0, 0, 0, 0]])
"""A bright corner on dark ground: vertical and horizontal edges for the two kernels above."""

SLICE = np.array([[[[1, 1, 2, 4], [5, 6, 7, 8], [3, 2, 1, 0], [1, 2, 3, 4]]]])
"""One depth slice, pooled in the figure of the slide "Downsampling with pooling" (cs231n)."""

DETECTOR = np.array([[[0.1, 1.0, 0.2, 0.1]]])
DETECTOR_SHIFTED = np.array([[[0.3, 0.1, 1.0, 0.2]]])
"""The detector stage of figure 9.8 of "Deep Learning", before and after a shift to the right by one pixel."""


@dataclass(frozen=True, eq=False)
class Example:
    """One call of an operator, and its result."""

    name: str
    clause: str
    op: str
    args: tuple[Any, ...]
    expected: Array
    keywords: dict[str, Any] = field(default_factory=dict)

    @property
    def integral(self) -> bool:
        """Whether operands and result are whole numbers, so that the example holds for integer dtypes too."""
        arrays = [a for a in (*self.args, self.expected) if isinstance(a, np.ndarray)]
        return self.op not in ("avg_pool", "lp_pool") and all(a.dtype.kind == "i" for a in arrays)

    def operands(self, dtype: Any) -> tuple[Any, ...]:
        """The positional arguments, arrays in `dtype`."""
        return tuple(a.astype(dtype) if isinstance(a, np.ndarray) else a for a in self.args)


def formula(x: Array, w: Array) -> Array:
    """The lecture's a_rc = sum_{i=-a..a} sum_{j=-b..b} x_{r-i,c-j} w_ij, w counted from its centre, x zero outside."""
    a, b = w.shape[0] // 2, w.shape[1] // 2
    result = np.zeros_like(x)
    for r, c in np.ndindex(x.shape):
        for i in range(-a, a + 1):
            for j in range(-b, b + 1):
                if 0 <= r - i < x.shape[0] and 0 <= c - j < x.shape[1]:
                    result[r, c] += x[r - i, c - j] * w[a + i, b + j]
    return result


def edges(gx: Array, gy: Array) -> Array:
    """Where the gradient is steep: its squared magnitude exceeds four times the mean, the default of MATLAB's `edge`.

    Whole numbers throughout; the thinning of lines that `edge` adds is left out.
    """
    squared = gx * gx + gy * gy
    steep: Array = squared * squared.size > 4 * squared.sum()
    return steep


def plane(a: Array) -> Array:
    """`a` as the only channel of the only image, or the only kernel: two axes of length 1 in front."""
    return a[None, None]


PLANE, LOPSIDED = RGB[0, 0], RGB_KERNEL[0, 0]
"""The red plane and its kernel, which has no symmetry: it tells convolution from cross-correlation."""

SHIFTED = np.pad(PLANE, ((0, 0), (1, 0)))
ABOVE = np.array([[0, 0, 0], [0, 0, 0], [0, 1, 0]])
"""The red plane shifted by one pixel to the right, and the kernel that is 1 at i = 1, j = 0 and so shifts it down."""

SIGNAL = np.array([[[2, 7, 1, 8, 2]]])
FLAT = np.array([[[1, 2, 3, 4, 5]]])
SHARED = np.array([[[3, 10]]])
UNSHARED = np.array([[[[9, 1]], [[2, 3]], [[4, 5]], [[6, 7]], [[8, 9]]]])
DENSE = np.arange(25).reshape(5, 1, 5)
"""A row of five pixels, and the weights of a convolution, a local and a full connection (figure 9.14 of the book)."""

DETECTORS = np.array([[[9, 0], [1, 1], [0, 8]]])
"""Three channels that detect the same thing in three orientations, at two positions (figure 9.9)."""

EXAMPLES = (
    Example("the 5x5 image", "lecture.plane", "correlate", (IMAGE, KERNEL, "valid"), FEATURE),
    Example("the same as convolution", "lecture.plane", "convolve", (IMAGE, KERNEL, "valid"), FEATURE),
    Example("the same as a layer", "lecture.plane", "conv", (plane(IMAGE), plane(KERNEL)), plane(FEATURE)),
    Example("the kernel once more", "lecture.plane", "conv", (plane(FEATURE), plane(KERNEL)), plane(LAST)),
    Example("the RGB image", "lecture.rgb", "conv", (RGB, RGB_KERNEL, RGB_BIAS), RGB_FEATURE,
            {"padding": ((1, 0), (1, 0))}),
    Example("a_rc", "lecture.formula", "convolve", (PLANE, LOPSIDED, "same"), formula(PLANE, LOPSIDED)),
    Example("the pixel above", "lecture.derivative", "convolve", (PLANE, ABOVE, "same"),
            np.pad(PLANE[:-1], ((1, 0), (0, 0)))),
    Example("the matrix", "lecture.linear", "conv", (np.eye(5, dtype=int)[:, None], np.array([[[2, 3, 5]]])),
            np.array([[[3, 2, 0, 0, 0]], [[5, 3, 2, 0, 0]], [[0, 5, 3, 2, 0]], [[0, 0, 5, 3, 2]], [[0, 0, 0, 5, 3]]]),
            {"padding": 1}),
    Example("before the shift", "lecture.shift-equivariance", "convolve", (PLANE, LOPSIDED),
            formula(np.pad(PLANE, 1), LOPSIDED)),
    Example("after the shift", "lecture.shift-equivariance", "convolve", (SHIFTED, LOPSIDED),
            np.pad(formula(np.pad(PLANE, 1), LOPSIDED), ((0, 0), (1, 0)))),
    Example("[1, -1]", "lecture.edge-kernel", "convolve", (BRIGHT, EDGE_KERNEL, "valid"), np.diff(BRIGHT)),
    Example("Sobel's G_x", "lecture.sobel", "convolve", (BRIGHT, SOBEL_X, "valid"),
            np.array([[0, -36, -36], [0, -27, -27]])),
    Example("Sobel's G_y", "lecture.sobel", "convolve", (BRIGHT, SOBEL_Y, "valid"),
            np.array([[0, 0, 0], [0, 9, 27]])),
    Example("with padding", "lecture.zero-padding", "conv", (plane(IMAGE), plane(PADDED_KERNEL)),
            plane(PADDED_FEATURE), {"padding": 1}),
    Example("stride 2", "lecture.stride", "conv", (SIGNAL, np.array([[[1, 10, 100]]])), np.array([[[172, 281]]]),
            {"stride": 2}),
    Example("local connection", "lecture.local-connection", "local_conv", (FLAT, UNSHARED),
            np.array([[[1, 8, 23, 46, 77]]]), {"padding": ((1, 0),)}),
    Example("convolution", "lecture.local-connection", "conv", (FLAT, SHARED), np.array([[[10, 23, 36, 49, 62]]]),
            {"padding": ((1, 0),)}),
    Example("full connection", "lecture.local-connection", "conv", (FLAT, DENSE),
            np.array([[[40], [115], [190], [265], [340]]])),
    Example("largest of four", "lecture.max-pooling", "max_pool", (SLICE, 2), np.array([[[[6, 8], [3, 4]]]])),
    Example("mean of four", "lecture.average-pooling", "avg_pool", (SLICE, 2),
            np.array([[[[3.25, 5.25], [2.0, 2.0]]]])),
    Example("an incomplete region", "lecture.downsampling", "max_pool",
            (np.array([[[0.1, 1.0, 0.2, 0.1, 0.0, 0.1]]]), 3), np.array([[[1.0, 0.2, 0.1]]]),
            {"stride": 2, "ceil_mode": True}),
    Example("before the shift", "lecture.shift-invariance", "max_pool", (DETECTOR, 3),
            np.array([[[1.0, 1.0, 1.0, 0.2]]]), {"stride": 1, "padding": 1}),
    Example("after the shift", "lecture.shift-invariance", "max_pool", (DETECTOR_SHIFTED, 3),
            np.array([[[0.3, 1.0, 1.0, 1.0]]]), {"stride": 1, "padding": 1}),
    Example("three detectors", "lecture.cross-channel", "channel_pool", (DETECTORS, 3), np.array([[[9, 8]]])),
)  # fmt: skip
"""Every worked example that is a call of an operator."""
