"""The three networks of the lecture's table, layer by layer, with their shapes and counts.

Source: Springenberg, Dosovitskiy, Brox and Riedmiller, "Striving for Simplicity: The All Convolutional Net" (2015,
arXiv 1412.6806), tables 1 and 2. The tables print no padding. Here the 3x3 convolutions have one zero on each side,
the last one none, and pooling rounds up: so the maps that are averaged at the end have the 6x6 elements that table 1
prints.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from convspec import shapes

Shape = tuple[int, int, int]

INPUT: Shape = (3, 32, 32)
"""Channels, height and width of an input image."""


@dataclass(frozen=True)
class Block:
    """A square convolution with a bias and, if `rectified`, ReLU, or, without `channels`, a max pooling."""

    size: int
    channels: int | None = None
    stride: int = 1
    padding: int = 0
    rectified: bool = True

    def output(self, shape: Shape) -> Shape:
        """The shape (C, H, W) that comes out where `shape` goes in."""
        C, *S = shape
        pad, up = (self.padding, self.padding), self.channels is None
        H, W = (shapes.output_size(n, self.size, stride=self.stride, pad=pad, ceil_mode=up) for n in S)
        return (self.channels or C), H, W

    def parameters(self, channels: int) -> int:
        """The number of weights and biases on top of `channels` input channels."""
        if self.channels is None:
            return 0
        return shapes.parameters((self.channels, channels, self.size, self.size), (self.channels,))


def conv3(channels: int, stride: int = 1) -> Block:
    """A 3x3 convolution that keeps the size, up to its stride."""
    return Block(3, channels, stride, padding=1)


POOL = Block(3, stride=2)
HIGHER = (Block(3, 192), Block(1, 192), Block(1, 10))
"""The top of every network in table 1, for ten classes; the global average and the softmax follow."""

NETWORKS: dict[str, tuple[Block, ...]] = {
    "Strided-CNN-C": (conv3(96), conv3(96, 2), conv3(192), conv3(192, 2), *HIGHER),
    "ConvPool-CNN-C": (*(conv3(96),) * 3, POOL, *(conv3(192),) * 3, POOL, *HIGHER),
    "All-CNN-C": (*(conv3(96),) * 2, conv3(96, 2), *(conv3(192),) * 2, conv3(192, 2), *HIGHER),
}
"""Table 2, the input first."""


BASE_C = (*(conv3(96),) * 2, POOL, *(conv3(192),) * 2, POOL, *HIGHER)
"""Table 1, model C: what the three are derived from."""

ALL = {"Base C": BASE_C, **NETWORKS}


def output_shapes(network: tuple[Block, ...], shape: Shape = INPUT) -> Iterator[Shape]:
    """The shape (C, H, W) after each block."""
    for block in network:
        shape = block.output(shape)
        yield shape  # [lecture.all-cnn]


def parameters(network: tuple[Block, ...], shape: Shape = INPUT) -> int:
    """The number of weights and biases of the whole network."""
    before = (shape, *output_shapes(network, shape))
    return sum(block.parameters(C) for block, (C, _, _) in zip(network, before, strict=False))


def receptive_field(network: tuple[Block, ...]) -> shapes.ReceptiveField:
    """What one unit before the global average sees of the image, along an axis."""
    return shapes.receptive_field(shapes.Layer(b.size, b.stride, padding=(b.padding, b.padding)) for b in network)
