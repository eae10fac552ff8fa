"""The signatures of the gradients, one method each, and a part of what a backend may offer.

A gradient takes `dy`, the derivative of a number (a loss) by each element of an operator's result, and gives that by
each element of one operand: a vector-Jacobian product. `dy` has the shape of the result, the gradient that of the operand; what is
not an operand of the gradient is given by its shape. The keywords are the operator's own. What an argument out of range
does is in the chapter on errors, `60-errors.md`; the formulas are in `55-gradients.md`.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from numpy.typing import ArrayLike

from convspec.signatures import Array, Kind, Numbers, Padding, PerAxis


class Gradients(Protocol):
    """The gradients of the operators of layers and pooling."""

    def conv_grad_input(
        self, dy: ArrayLike, w: ArrayLike, x_shape: Sequence[int], *, stride: PerAxis = 1, padding: Padding = 0,
        dilation: PerAxis = 1, groups: int = 1,
    ) -> Array:  # fmt: skip
        """The gradient of conv by its input: dx[n, c, i] sums w[k, c, r] dy[n, k, o] wherever output o reads i through tap r.

        `dy` is (N, K, *O), `w` (K, C/groups, *R), the result (N, C, *S) = `x_shape`. It is conv_transpose of dy, with
        zeros for what no window reads. Goodfellow et al., "Deep Learning", equation 9.13.
        """

    def conv_grad_weight(
        self, dy: ArrayLike, x: ArrayLike, w_shape: Sequence[int], *, stride: PerAxis = 1, padding: Padding = 0,
        dilation: PerAxis = 1, groups: int = 1,
    ) -> Array:  # fmt: skip
        """The gradient of conv by its weights: dw[k, c, r] sums dy[n, k, o] x[n, c, o s - before + r d] over n and o.

        `dy` is (N, K, *O), `x` (N, C, *S), the result (K, C/groups, *R) = `w_shape`; zero where N = 0. Goodfellow
        et al., "Deep Learning", equation 9.11.
        """

    def conv_grad_bias(self, dy: ArrayLike) -> Array:
        """The gradient of conv by its bias: the sum of `dy` (N, K, *O) over images and positions, of shape (K,)."""

    def conv_transpose_grad_input(
        self, dy: ArrayLike, w: ArrayLike, x_shape: Sequence[int], *, stride: PerAxis = 1, padding: Numbers = 0,
        output_padding: PerAxis = 0, dilation: PerAxis = 1, groups: int = 1,
    ) -> Array:  # fmt: skip
        """The gradient of conv_transpose by its input: conv of `dy` (N, K, *O) with the same `w` (C, K/groups, *R).

        The result is (N, C, *S) = `x_shape`.
        """

    def conv_transpose_grad_weight(
        self, dy: ArrayLike, x: ArrayLike, w_shape: Sequence[int], *, stride: PerAxis = 1, padding: Numbers = 0,
        output_padding: PerAxis = 0, dilation: PerAxis = 1, groups: int = 1,
    ) -> Array:  # fmt: skip
        """The gradient of conv_transpose by its weights: dw[c, k, r] sums x[n, c, i] dy[n, k, i s + r d - before].

        `dy` is (N, K, *O), `x` (N, C, *S), the result (C, K/groups, *R) = `w_shape`.
        """

    def conv_transpose_grad_bias(self, dy: ArrayLike) -> Array:
        """The gradient of conv_transpose by its bias: the sum of `dy` (N, K, *O) over images and positions, (K,)."""

    def local_conv_grad_input(
        self, dy: ArrayLike, w: ArrayLike, x_shape: Sequence[int], *, stride: PerAxis = 1, padding: Padding = 0,
        dilation: PerAxis = 1, groups: int = 1,
    ) -> Array:  # fmt: skip
        """The gradient of local_conv by its input: that of conv, where output o has a kernel of its own.

        `dy` is (N, K, *O), `w` (K, *O, C/groups, *R), the result (N, C, *S) = `x_shape`.
        """

    def local_conv_grad_weight(
        self, dy: ArrayLike, x: ArrayLike, w_shape: Sequence[int], *, stride: PerAxis = 1, padding: Padding = 0,
        dilation: PerAxis = 1, groups: int = 1,
    ) -> Array:  # fmt: skip
        """The gradient of local_conv by its weights: dw[k, o, c, r] sums dy[n, k, o] x[n, c, o s - before + r d] over n.

        `dy` is (N, K, *O), `x` (N, C, *S), the result (K, *O, C/groups, *R) = `w_shape`.
        """

    def local_conv_grad_bias(self, dy: ArrayLike) -> Array:
        """The gradient of local_conv by its bias: the sum of `dy` (N, K, *O) over images, of shape (K, *O)."""

    def tiled_conv_grad_input(
        self, dy: ArrayLike, w: ArrayLike, x_shape: Sequence[int], *, stride: PerAxis = 1, padding: Padding = 0,
        dilation: PerAxis = 1, groups: int = 1,
    ) -> Array:  # fmt: skip
        """The gradient of tiled_conv by its input: that of conv, where output o has the kernel o mod T.

        `dy` is (N, K, *O), `w` (K, *T, C/groups, *R), the result (N, C, *S) = `x_shape`.
        """

    def tiled_conv_grad_weight(
        self, dy: ArrayLike, x: ArrayLike, w_shape: Sequence[int], *, stride: PerAxis = 1, padding: Padding = 0,
        dilation: PerAxis = 1, groups: int = 1,
    ) -> Array:  # fmt: skip
        """The gradient of tiled_conv by its weights: for kernel t, that of conv over the outputs o with o mod T = t.

        `dy` is (N, K, *O), `x` (N, C, *S), the result (K, *T, C/groups, *R) = `w_shape`; zero for kernels that no
        output uses.
        """

    def tiled_conv_grad_bias(self, dy: ArrayLike, b_shape: Sequence[int]) -> Array:
        """The gradient of tiled_conv by its bias: the sum of `dy` (N, K, *O) over images and outputs o with o mod T = t.

        The result is (K, *T) = `b_shape`: the tile is given, since dy does not tell it.
        """

    def max_pool_grad(
        self, dy: ArrayLike, x: ArrayLike, size: PerAxis, *, stride: PerAxis | None = None,
        padding: Padding = 0, dilation: PerAxis = 1, ceil_mode: bool = False,
    ) -> Array:  # fmt: skip
        """The gradient of max_pool: each window's dy goes to its greatest element, the first of equal ones.

        `dy` is (N, C, *O), `x` and the result (N, C, *S). A NaN is the greatest element. Elements that several
        windows choose get the sum. Windows wholly in the padding pass nothing on.
        """

    def avg_pool_grad(
        self, dy: ArrayLike, x_shape: Sequence[int], size: PerAxis, *, stride: PerAxis | None = None,
        padding: Padding = 0, dilation: PerAxis = 1, ceil_mode: bool = False, count_include_pad: bool = False,
    ) -> Array:  # fmt: skip
        """The gradient of avg_pool: each window's dy over its divisor, to all of its elements.

        `dy` is (N, C, *O), the result (N, C, *S) = `x_shape`; integers give float64.
        """

    def lp_pool_grad(
        self, dy: ArrayLike, x: ArrayLike, size: PerAxis, *, p: float = 2, stride: PerAxis | None = None,
        padding: Padding = 0, dilation: PerAxis = 1, ceil_mode: bool = False,
    ) -> Array:  # fmt: skip
        """The gradient of lp_pool: dy sign(x) (|x| / y)^(p - 1), with y the window's norm, summed over windows.

        `dy` is (N, C, *O), `x` and the result (N, C, *S); integers give float64. A window of norm 0 passes nothing on.
        """

    def channel_pool_grad(
        self, dy: ArrayLike, x: ArrayLike, size: int, *, stride: int | None = None, kind: Kind = "max", p: float = 2
    ) -> Array:
        """The gradient of channel_pool: those of max_pool, avg_pool and lp_pool over windows of channels.

        `dy` is (N, K, *S), `x` and the result (N, C, *S). Channels left over get 0.
        """
