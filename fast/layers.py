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
    last: bool = False
    """Whether it writes into an `out` that has its channels last in memory."""

    def __call__(self, x: Array, out: Array | None, threads: int) -> Array:
        shape, same = (x.shape[0], *self.shape), self.sums == self.dtype
        y = out if self.last and out is not None else result(out if same else None, shape, self.sums)
        rows, background = y, self.background
        if self.last:
            rows = np.moveaxis(y, 1, -1)
            background = np.moveaxis(background, 0, -1) if background is not None and background.ndim else background
        if self.joined is None:
            self.plan.run(view(x, self.sums), rows, shape[0], threads, background)
        else:
            x, some = view(x, x.dtype.newbyteorder("=")), self.joined.images(x)
            with self.joined.room(x[:some]) as room:
                for n in range(0, shape[0], some):
                    part = self.joined(x[n : n + some], threads, room)
                    self.plan.run(part, rows[n : n + some], part.shape[0], threads, background)
        return returned(y, out) if same or out is not None else y.astype(self.dtype)


def layer(c: Conv, threads: int, algorithm: str, once: bool = False, last: bool = False) -> Layer:
    """A layer with the weights of a checked call; they are copied, unless it is for that call alone. It may be for results
    with their channels `last` in memory."""
    last = last and c.op in TILED
    joined = lanes.joined(c, threads)
    if joined is not None:
        sums = np.dtype(f"{c.dtype.kind}4")
        x, of_lanes = joined
        last = last and sums == c.dtype
        described = lanes.windows(describe(of_lanes, of_lanes.w, threads, last), x)
        background = None if described.covers else bias_everywhere(of_lanes, of_lanes.b).view(sums)
        return Layer(
            prepare(described, of_lanes.w, of_lanes.b, threads),
            c.shape[1:],
            c.dtype,
            sums,
            background,
            described,
            x,
            last,
        )
    sums = windows.wide(c.dtype)
    last = last and sums == c.dtype
    w, b = operand(c.w, sums), None if c.b is None else operand(c.b, sums)
    described = describe(replace(c, dtype=sums), w, threads, last)
    background = None if described.covers else bias_everywhere(c, b)
    plan = prepare(described, w, b, threads, algorithm if c.op in TILED else "direct", once)
    return Layer(plan, c.shape[1:], c.dtype, sums, background, described, last=last)


def describe(c: Conv, w: Array, threads: int, last: bool = False) -> windows.Windows:
    """The windows of a checked convolution with operand `w`."""
    if c.op != "conv_transpose":
        return windows.conv(c, last)
    return windows.conv_transpose(c, c.dtype.kind != "f" or _kernels.finite(w, threads), last)


def bias_everywhere(c: Conv, b: Array | None) -> Array:
    """What an output without any term is: its channel's bias, or 0."""
    return np.zeros((), c.dtype) if b is None else b.reshape(c.K, *(1,) * len(c.O))
