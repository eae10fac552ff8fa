"""The layers: of networks known by name, and sizes that suit nobody's tiles."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np


class Layer(NamedTuple):
    """A convolution of `n` images of c x h x w by k kernels of r x s taps, float32."""

    n: int
    c: int
    h: int
    w: int
    k: int
    r: int
    s: int
    stride: int = 1
    pad: tuple[int, int] = (0, 0)
    groups: int = 1

    @property
    def out(self) -> tuple[int, int]:
        """Height and width of the result."""
        h, w = self.h + 2 * self.pad[0] - self.r, self.w + 2 * self.pad[1] - self.s
        return h // self.stride + 1, w // self.stride + 1

    @property
    def flops(self) -> int:
        """Two for each multiply-add of the definition, those with padding included."""
        return 2 * self.n * self.k * (self.c // self.groups) * self.r * self.s * self.out[0] * self.out[1]

    @property
    def bytes(self) -> int:
        """Of the operands and the result."""
        weights = self.k * (self.c // self.groups) * self.r * self.s
        return 4 * (self.n * self.c * self.h * self.w + weights + self.n * self.k * self.out[0] * self.out[1])

    def operands(self) -> tuple[Any, Any]:
        """x and w, random."""
        random = np.random.default_rng(0)
        shapes = (self.n, self.c, self.h, self.w), (self.k, self.c // self.groups, self.r, self.s)
        x, w = (random.standard_normal(shape, np.float32) for shape in shapes)
        return x, w


def square(n: int, c: int, size: int, k: int, taps: int, stride: int = 1, pad: int = 0, groups: int = 1) -> Layer:
    """A layer that is as high as it is wide."""
    return Layer(n, c, size, size, k, taps, taps, stride, (pad, pad), groups)


LAYERS = {
    "alexnet.conv1": square(1, 3, 227, 96, 11, 4),
    "allcnn.conv1": square(16, 3, 32, 96, 3, 1, 1),
    "allcnn.conv2": square(16, 96, 32, 96, 3, 1, 1),
    "allcnn.conv3": square(16, 96, 32, 96, 3, 2, 1),
    "allcnn.conv5": square(16, 192, 16, 192, 3, 1, 1),
    "vgg.conv1_2": square(1, 64, 224, 64, 3, 1, 1),
    "vgg.conv3_2": square(1, 256, 56, 256, 3, 1, 1),
    "vgg.conv5_1": square(1, 512, 14, 512, 3, 1, 1),
    "resnet.conv1": square(1, 3, 224, 64, 7, 2, 3),
    "resnet.1x1": square(1, 256, 56, 64, 1),
    "resnet.l3": square(1, 256, 14, 256, 3, 1, 1),
    "resnet.l4": square(1, 512, 7, 512, 3, 1, 1),
    "resnet.l2": square(1, 128, 56, 128, 3, 2, 1),
    "depthwise": square(1, 128, 56, 128, 3, 1, 1, 128),
    "depthwise /2": square(1, 64, 112, 64, 3, 2, 1, 64),
    "resnext": square(1, 128, 56, 128, 3, 1, 1, 32),
    "sobel": Layer(1, 1, 1080, 1920, 2, 3, 3, 1, (1, 1)),
    "30 to 50": square(1, 30, 57, 50, 3, 1, 1),
    "5x5": square(1, 48, 27, 128, 5, 1, 2),
    "9x9": square(1, 32, 64, 32, 9, 1, 4),
    "1x7": Layer(1, 64, 28, 28, 64, 1, 7, 1, (0, 3)),
    "7x1": Layer(1, 64, 28, 28, 64, 7, 1, 1, (3, 0)),
    "patches": square(1, 3, 224, 768, 16, 16),
    "1x1 /2": square(1, 256, 56, 512, 1, 2),
    "first": square(1, 3, 224, 64, 3, 1, 1),
    "groups of 16": square(1, 128, 28, 128, 3, 1, 1, 8),
    "depthwise 7x7": square(1, 96, 56, 96, 7, 1, 3, 96),
    "one small": square(1, 1, 5, 1, 3),
}
