"""A row of the table: a call of an operator, its operands, its number of terms, and a small call of the same kind."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from math import prod
from typing import Any

import numpy as np

import convspec
from convspec import checks, shapes
from convspec.params import Array, Ints

THREADS = 2
OUTPUTS = {"layer": 4, "other": 16}
"""The length of each spatial axis of the small call's result: enough that a call's fixed cost does not count."""


@dataclass(frozen=True)
class Row:
    """A call on random operands. `K` and `R` are the kernels' number and size, or a pool's size."""

    name: str
    op: str
    x: Ints
    R: Ints
    K: int = 0
    keywords: dict[str, Any] = field(default_factory=dict)
    tiles: Ints = ()
    dtypes: tuple[str, str] = ("float32", "float32")
    claimed: bool = False
    """Whether a claim rests on it: it is then measured for longer."""

    @property
    def pools(self) -> bool:
        return self.op in convspec.POOL_OPERATORS

    @property
    def image(self) -> bool:
        return self.op in convspec.IMAGE_OPERATORS

    def axes(self, key: str, default: int) -> Ints:
        """A keyword's value for every spatial axis."""
        value = self.keywords.get(key, default)
        return tuple(value) if isinstance(value, tuple) else (value,) * len(self.R)

    def w(self) -> Ints:
        """The shape of the weights."""
        if self.image:
            return self.R
        groups, C = self.keywords.get("groups", 1), self.x[1]
        if self.op == "conv_transpose":
            return C, self.K // groups, *self.R
        return self.K, *self._tiles(), C // groups, *self.R

    def _tiles(self) -> Ints:
        if self.op != "local_conv":
            return self.tiles
        each = zip(self.x[2:], self.R, self.axes("stride", 1), self.axes("padding", 0), strict=True)
        return tuple(shapes.output_size(n, k, stride=s, pad=(p, p)) for n, k, s, p in each)

    def operands(self) -> tuple[Any, ...]:
        """The positional arguments, random: real numbers of either sign, or whole ones."""
        random = np.random.default_rng(0)
        if self.pools:
            size = self.R[0] if self.op == "channel_pool" else self.R
            return _random(random, self.x, self.dtypes[0]), size
        return _random(random, self.x, self.dtypes[0]), _random(random, self.w(), self.dtypes[1])

    def checked(self) -> Any:
        """The call as the law sees it."""
        return getattr(checks, self.op)(*self.operands(), **self.keywords)

    def terms(self) -> int:
        """The number of terms of all sums, those in the padding counted where the law counts them."""
        c = self.checked()
        if self.op == "conv_transpose":
            edges = convspec.connections(c.O, c.R, stride=c.stride, dilation=c.dilation, pads=c.pads)
            return int(c.N * c.C * (c.K // c.groups) * edges)
        if self.pools or self.image:
            return int(prod(c.shape) * prod(self.R))
        return convspec.multiply_adds(c.N, c.C, c.K, c.R, c.O, c.groups)

    def small(self) -> Row:
        """The same operator on one image with a few outputs, of two channels unless there are groups."""
        spatial = self.x if self.image else self.x[2:]
        if self.op == "channel_pool":
            return replace(self, x=(1, self.x[1], *(min(n, OUTPUTS["other"]) for n in spatial)))
        S = tuple(min(n, size) for n, size in zip(spatial, self._reach(), strict=True))
        if self.image:
            return replace(self, x=S)
        K = self.K if "groups" in self.keywords else min(self.K, 2)
        return replace(self, x=(1, self.x[1] if not self.pools else 2, *S), K=K)

    def _reach(self) -> Iterator[int]:
        """What the small call's outputs see along each axis."""
        if self.op == "conv_transpose":
            yield from (OUTPUTS["layer"],) * len(self.R)
            return
        outputs = OUTPUTS["layer" if self.K else "other"]
        default = self.R if self.pools else (1,) * len(self.R)
        strides = self.axes("stride", 0) if "stride" in self.keywords else default
        for k, s, d in zip(self.R, strides, self.axes("dilation", 1), strict=True):
            yield shapes.extent(k, d) + (outputs - 1) * s


def _random(random: np.random.Generator, shape: Ints, dtype: str) -> Array:
    if np.dtype(dtype).kind == "f":
        return random.standard_normal(shape, np.dtype(dtype))
    low = -9 if np.dtype(dtype).kind == "i" else 0
    return random.integers(low, 100, shape, dtype=np.dtype(dtype))
