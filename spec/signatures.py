"""The signatures of the operators, one method each: what a backend offers, if it offers them all.

A module, a class or any object with functions of these names is a backend. Whole numbers may be numpy's. Sizes,
strides, dilations and paddings are in elements, and one value stands for every spatial axis. What an argument out of
range does is in the chapter on errors, `60-errors.md`; the formulas and their sources are in chapters 30 to 50.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal, Protocol

import numpy as np
from numpy.typing import ArrayLike

Array = np.ndarray[Any, Any]
PerAxis = int | Sequence[int]
Padding = int | Sequence[int] | Sequence[tuple[int, int]] | Literal["valid", "same", "same_lower", "full"]
Numbers = int | Sequence[int] | Sequence[tuple[int, int]]
Mode = Literal["full", "valid", "same"]
Boundary = Literal["fill", "wrap", "symm", "reflect", "edge"]
Kind = Literal["max", "avg", "lp"]


class Operators(Protocol):
    """The operators of the law."""

    def convolve(
        self, in1: ArrayLike, in2: ArrayLike, mode: Mode = "full", boundary: Boundary = "fill", fillvalue: float = 0
    ) -> Array:
        """The convolution of the image `in1` with the kernel `in2`, which is reversed: y[m] = sum_t X[m - t] in2[t].

        Both have the same rank, 1 to 3, no batch or channel axes, and no empty axis. Along an axis of n and k
        elements the result has n + k - 1 under "full", n under "same" and |n - k| + 1 under "valid", where
        the larger operand is the image and one must cover the other on every axis. X goes on beyond the edges
        of in1 as `boundary` says; `fillvalue` must be exact in the result's dtype. The lecture's a_rc; names
        and meaning of scipy.signal.convolve2d and numpy.pad.
        """

    def correlate(
        self, in1: ArrayLike, in2: ArrayLike, mode: Mode = "full", boundary: Boundary = "fill", fillvalue: float = 0
    ) -> Array:
        """The cross-correlation of `in1` with `in2`: convolve with `in2` reversed along every axis.

        Arguments, shapes and errors are those of convolve. Where mode "valid" swaps the operands, the result
        is reversed, as that of scipy.signal.correlate is.
        """

    def conv(
        self, x: ArrayLike, w: ArrayLike, b: ArrayLike | None = None, *, stride: PerAxis = 1, padding: Padding = 0,
        dilation: PerAxis = 1, groups: int = 1,
    ) -> Array:  # fmt: skip
        """The convolution layer: for each output the dot product of a kernel and a window, and a bias.

        `x` is (N, C, *S) with 1 to 3 spatial axes, `w` (K, C/groups, *R), `b` (K,), the result (N, K, *O).
        The kernel is not reversed, and padding reads zero. `groups` must divide C and K, and the window, of
        (R - 1) dilation + 1 elements, must fit into the padded input. Goodfellow et al., "Deep Learning",
        equation 9.7; Dumoulin and Visin.
        """

    def conv_transpose(
        self, x: ArrayLike, w: ArrayLike, b: ArrayLike | None = None, *, stride: PerAxis = 1, padding: Numbers = 0,
        output_padding: PerAxis = 0, dilation: PerAxis = 1, groups: int = 1,
    ) -> Array:  # fmt: skip
        """The adjoint of conv: every input lays a copy of the kernel, `stride` apart, into the result.

        `x` is (N, C, *S), `w` (C, K/groups, *R), `b` (K,), the result (N, K, *O) with O = (S - 1) stride -
        before - after + (R - 1) dilation + 1 + output_padding, at least 1. Padding crops, and takes no names.
        `output_padding` adds positions at the end, fewer than the greater of stride and dilation. Dumoulin
        and Visin, chapter 4.
        """

    def local_conv(
        self, x: ArrayLike, w: ArrayLike, b: ArrayLike | None = None, *, stride: PerAxis = 1, padding: Padding = 0,
        dilation: PerAxis = 1, groups: int = 1,
    ) -> Array:  # fmt: skip
        """Unshared convolution, the lecture's local connection: conv with a kernel and a bias for each output position.

        `x` is (N, C, *S), `w` (K, *O, C/groups, *R), `b` (K, *O), the result (N, K, *O), where O must be what
        the other arguments give. Goodfellow et al., "Deep Learning", equation 9.9.
        """

    def tiled_conv(
        self, x: ArrayLike, w: ArrayLike, b: ArrayLike | None = None, *, stride: PerAxis = 1, padding: Padding = 0,
        dilation: PerAxis = 1, groups: int = 1,
    ) -> Array:  # fmt: skip
        """Tiled convolution, between conv and local_conv: output position o uses kernel and bias o mod T.

        `x` is (N, C, *S), `w` (K, *T, C/groups, *R), `b` (K, *T), the result (N, K, *O). The tile T is at
        least 1 on every axis, and may be larger than O. Goodfellow et al., "Deep Learning", equation 9.10.
        """

    def max_pool(
        self, x: ArrayLike, size: PerAxis, *, stride: PerAxis | None = None, padding: Padding = 0,
        dilation: PerAxis = 1, ceil_mode: bool = False,
    ) -> Array:  # fmt: skip
        """The greatest element of each window of `size` elements, `stride` (or `size`) apart.

        `x` is (N, C, *S), the result (N, C, *O) of the same dtype. Padding is never a value; a window wholly
        in the padding gives -inf or the least integer, a NaN gives NaN. `ceil_mode` rounds O up by at most
        one window. Goodfellow et al., "Deep Learning", section 9.3.
        """

    def avg_pool(
        self, x: ArrayLike, size: PerAxis, *, stride: PerAxis | None = None, padding: Padding = 0,
        dilation: PerAxis = 1, ceil_mode: bool = False, count_include_pad: bool = False,
    ) -> Array:  # fmt: skip
        """The mean of each window: its sum over the number of its taps inside the input.

        Windows and shapes are those of max_pool; integers give float64. With `count_include_pad` the taps in
        the padding count as well, but none beyond it.
        """

    def lp_pool(
        self, x: ArrayLike, size: PerAxis, *, p: float = 2, stride: PerAxis | None = None, padding: Padding = 0,
        dilation: PerAxis = 1, ceil_mode: bool = False,
    ) -> Array:  # fmt: skip
        """The Lp norm of each window, (sum |x|^p)^(1/p).

        Windows and shapes are those of max_pool; integers give float64. `p` is finite and at least 1.
        """

    def channel_pool(
        self, x: ArrayLike, size: int, *, stride: int | None = None, kind: Kind = "max", p: float = 2
    ) -> Array:
        """Cross-channel pooling: the maximum, mean or Lp norm of windows of channels.

        `x` is (N, C, *S), the result (N, K, *S) with K = floor((C - size) / stride) + 1: windows of `size`
        channels, `stride` (or `size`) apart. Channels left over are dropped. `size` may not exceed C. The
        lecture's cross-channel pooling; Goodfellow et al., "Deep Learning", figure 9.9.
        """
