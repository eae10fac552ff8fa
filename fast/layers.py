"""A checked convolution, ready to run: its windows and its packed weights."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from convspec.fast import _kernels, lanes, windows
from convspec.fast.calls import operand, prepare, result, returned, view
from convspec.params import Array, Conv, Ints

TILED = ("conv", "conv_transpose")
"""What may take Winograd's tiles."""


@dataclass(frozen=True)
class Layer:
    """`shape` is that of the result of one image, `sums` the dtype in which the kernels compute it."""

    plan: _kernels.Plan
    shape: Ints
    dtype: np.dtype[Any]
    sums: np.dtype[Any]
    background: Array | None
    described: windows.Windows
    joined: lanes.Joined | None = None

    def __call__(self, x: Array, out: Array | None, threads: int) -> Array:
        shape, same = (x.shape[0], *self.shape), self.sums == self.dtype
        y = result(out if same else None, shape, self.sums)
        if self.joined is None:
            self.plan.run(view(x, self.sums), y, shape[0], threads, self.background)
        else:
            x, some = view(x, x.dtype.newbyteorder("=")), self.joined.images(x)
            for n in range(0, shape[0], some):
                part = self.joined(x[n : n + some], threads)
                self.plan.run(part, y[n : n + some], part.shape[0], threads, self.background)
        return returned(y, out) if same or out is not None else y.astype(self.dtype)


def layer(c: Conv, threads: int, algorithm: str, once: bool = False) -> Layer:
    """A layer with the weights of a checked call; they are copied, unless it is for that call alone."""
    joined = lanes.joined(c, threads)
    if joined is not None:
        sums = np.dtype(f"{c.dtype.kind}4")
        x, of_lanes = joined
        described = lanes.windows(describe(of_lanes, of_lanes.w, threads), x)
        background = None if described.covers else bias_everywhere(of_lanes, of_lanes.b).view(sums)
        return Layer(
            prepare(described, of_lanes.w, of_lanes.b, threads), c.shape[1:], c.dtype, sums, background, described, x
        )
    sums = windows.wide(c.dtype)
    w, b = operand(c.w, sums), None if c.b is None else operand(c.b, sums)
    described = describe(replace(c, dtype=sums), w, threads)
    background = None if described.covers else bias_everywhere(c, b)
    plan = prepare(described, w, b, threads, algorithm if c.op in TILED else "direct", once)
    return Layer(plan, c.shape[1:], c.dtype, sums, background, described)


def describe(c: Conv, w: Array, threads: int) -> windows.Windows:
    """The windows of a checked convolution with operand `w`."""
    if c.op != "conv_transpose":
        return windows.conv(c)
    return windows.conv_transpose(c, finite=c.dtype.kind != "f" or _kernels.finite(w, threads))


def bias_everywhere(c: Conv, b: Array | None) -> Array:
    """What an output without any term is: its channel's bias, or 0."""
    return np.zeros((), c.dtype) if b is None else b.reshape(c.K, *(1,) * len(c.O))
