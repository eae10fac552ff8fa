"""Kernels that are the outer product of one vector an axis: a pass along each axis, a band of rows at a time."""

from __future__ import annotations

from dataclasses import replace
from functools import reduce
from math import prod
from typing import Any

import numpy as np

from convspec.fast import _kernels, windows
from convspec.fast.calls import operand, prepare, result, returned, view
from convspec.params import Array, Image

APART = 16
"""A weight is no further from its product than so many units roundoff of itself: see clause fast.separable."""

PASS, LEAST = 20, 2e7
"""What a pass costs beside its taps, in taps, and the least number of terms to be saved."""

BAND = 1 << 20
"""Bytes of what the first pass leaves at a time."""


def suits(c: Image, algorithm: str) -> bool:
    """Whether the kernel of a call is to be looked through; under "auto" that is decided by the shapes."""
    filled = c.boundary == "fill" and c.fillvalue != 0
    if c.dtype.kind != "f" or len(c.R) < 2 or filled or algorithm not in ("auto", "separable"):
        return False
    taps = sum(c.R) + PASS * (len(c.R) - 1)
    return algorithm == "separable" or prod(c.shape) * (prod(c.R) - taps) >= LEAST


def filtered(c: Image, out: Array | None, threads: int, algorithm: str) -> Array | None:
    """convolve or correlate, or None where it is not for this algorithm."""
    lines = _factors(operand(c.in2, c.dtype)) if suits(c, algorithm) else None
    if lines is None:
        return None
    y = result(out, c.shape, c.dtype)
    x, plans = view(c.in1, c.dtype), _Plans(c, lines, threads)
    rows = max(1, BAND // (c.dtype.itemsize * prod(c.S[1:])))
    rows = -(-c.shape[0] // -(-c.shape[0] // rows))
    for top in range(0, c.shape[0], rows):
        plans.band(x, y[top : top + rows], top)
    return returned(y, out)


def _factors(w: Array) -> list[Array] | None:
    """The vectors, of which all but the first have no element beyond 1; None for a kernel that is no product."""
    at: tuple[Any, ...] = np.unravel_index(np.abs(w).argmax(), w.shape)
    lines = [w[(*at[:axis], slice(None), *at[axis + 1 :])] for axis in range(w.ndim)]
    wide = np.float64 if w.dtype == np.float32 else np.longdouble
    with np.errstate(all="ignore"):
        lines[1:] = [line / w[at] for line in lines[1:]]
        apart = np.abs(reduce(np.multiply.outer, (line.astype(wide) for line in lines)) - w)
        product = apart <= APART * np.finfo(w.dtype).eps / 2 * np.abs(w)
    return lines if product.all() else None


class _Plans:
    """The passes of one call; those of bands that are alike are prepared once."""

    def __init__(self, c: Image, lines: list[Array], threads: int) -> None:
        self.c, self.lines, self.threads = c, lines, threads
        self.known: dict[tuple[int, ...], _kernels.Plan] = {}
        self.left: dict[int, Array] = {}

    def band(self, x: Array, y: Array, top: int) -> None:
        """Fills `y`, the rows of the result from `top` on."""
        c, taps = self.c, self.c.R[0]
        start = top + c.start[0]
        first, last = start - (taps - 1), start + len(y)
        if first >= 0 and last <= c.S[0]:  # the band sees no edge: it is like others
            x, start = x[first:last], taps - 1
        for axis in range(x.ndim):
            if axis:
                start = c.start[axis]
            shape = (len(y), *c.shape[1 : axis + 1], *c.S[axis + 1 :])
            plan = self._plan(axis, x.shape, shape, start)
            if axis < x.ndim - 1 and (axis not in self.left or len(self.left[axis]) < len(y)):
                self.left[axis] = np.empty(shape, c.dtype)
            to = y if axis == x.ndim - 1 else self.left[axis][: len(y)]
            plan.run(x[None, None], to, 1, self.threads)
            x = to

    def _plan(self, axis: int, S: tuple[int, ...], shape: tuple[int, ...], start: int) -> _kernels.Plan:
        key = (axis, S[0], shape[0], start)
        if key not in self.known:
            R, at = ([other] * len(S) for other in (1, 0))
            R[axis], at[axis] = self.c.R[axis], start
            described = windows.image(replace(self.c, S=S, R=tuple(R), shape=shape, start=tuple(at)))
            self.known[key] = prepare(described, np.ascontiguousarray(self.lines[axis]).reshape(R), None, self.threads)
        return self.known[key]
