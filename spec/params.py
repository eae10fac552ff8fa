"""The checked calls: what validation hands to an oracle or a kernel. Arrays are as they were given."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from convspec.shapes import Pad

Array = np.ndarray[Any, Any]
Ints = tuple[int, ...]


@dataclass(frozen=True, eq=False)
class Conv:
    """A checked conv, conv_transpose, local_conv or tiled_conv; the tile `T` is all ones, `O` or the weights' own."""

    op: str
    x: Array
    w: Array
    b: Array | None
    dtype: np.dtype[Any]
    N: int
    C: int
    K: int
    S: Ints
    R: Ints
    O: Ints
    T: Ints
    groups: int
    stride: Ints
    dilation: Ints
    pads: tuple[Pad, ...]

    @property
    def shape(self) -> Ints:
        """The shape of the result, (N, K, *O)."""
        return (self.N, self.K, *self.O)


@dataclass(frozen=True, eq=False)
class Pool:
    """A checked max_pool, avg_pool or lp_pool."""

    op: str
    x: Array
    dtype: np.dtype[Any]
    N: int
    C: int
    S: Ints
    size: Ints
    stride: Ints
    dilation: Ints
    pads: tuple[Pad, ...]
    O: Ints
    ceil_mode: bool
    count_include_pad: bool = False
    p: float = 2

    @property
    def shape(self) -> Ints:
        """The shape of the result, (N, C, *O)."""
        return (self.N, self.C, *self.O)


@dataclass(frozen=True, eq=False)
class ChannelPool:
    """A checked channel_pool; `K` is the number of channels of the result."""

    op: str
    x: Array
    dtype: np.dtype[Any]
    N: int
    C: int
    K: int
    S: Ints
    size: int
    stride: int
    kind: str
    p: float

    @property
    def shape(self) -> Ints:
        """The shape of the result, (N, K, *S)."""
        return (self.N, self.K, *self.S)


@dataclass(frozen=True, eq=False)
class ConvGrad:
    """A checked gradient of a layer by its input or its weights; `of` is "input" or "weight".

    `forward` is the layer's own call. What the gradient is not given, its `x` or `w`, is there a stand-in of the right
    shape that holds nothing, and its bias is None.
    """

    op: str
    of: str
    dy: Array
    operand: Array
    """The other factor of every term: the weights for the gradient by the input, the input for that by the weights."""
    dtype: np.dtype[Any]
    forward: Conv
    shape: Ints


@dataclass(frozen=True, eq=False)
class BiasGrad:
    """A checked gradient of a layer by its bias: sums of `dy` (N, K, *O) over the images and over what shares a bias.

    The tile `T` is all ones, `O` or the bias' own, as in Conv.
    """

    op: str
    dy: Array
    dtype: np.dtype[Any]
    N: int
    K: int
    O: Ints
    T: Ints
    shape: Ints


@dataclass(frozen=True, eq=False)
class PoolGrad:
    """A checked gradient of pooling. `forward` is the pooling itself; `x` is None for avg_pool, whose forward holds nothing."""

    op: str
    dy: Array
    x: Array | None
    dtype: np.dtype[Any]
    forward: Pool | ChannelPool

    @property
    def shape(self) -> Ints:
        """The shape of the result, that of x."""
        return (self.forward.N, self.forward.C, *self.forward.S)


@dataclass(frozen=True, eq=False)
class Image:
    """A checked convolve or correlate, after any swap; `start` is where the result begins in the full one."""

    op: str
    in1: Array
    in2: Array
    swapped: bool
    dtype: np.dtype[Any]
    mode: str
    boundary: str
    fillvalue: int | float
    S: Ints
    R: Ints
    start: Ints
    shape: Ints
