"""Large kernels by Fourier transforms of tiles that overlap (overlap-save), float32 and float64.

The tiles depend on the shapes alone. The rounding errors of a tile go with the root mean square of what it holds: where
that exceeds the taps times the root mean square of some cell, which every window holds at least one of, the tile is
computed directly, and so is one with a NaN, an infinity, or values near the limits of the dtype.
"""

from __future__ import annotations

from dataclasses import replace
from functools import lru_cache
from itertools import product
from math import log2, prod
from typing import NamedTuple

import numpy as np

from convspec.fast import windows
from convspec.fast.calls import operand, prepare, run, view
from convspec.fast.operators import lp_pool
from convspec.params import Array, Image, Ints

AVAILABLE = int(np.__version__.partition(".")[0]) >= 2
"""numpy's transforms keep float32, and take `out`, from numpy 2 on."""

DIRECT, POINT, STEP, CALL = 0.026, 8.0, 0.2, 1e6
"""Nanoseconds: of a term; of a point of a tile, and of it for each of its transform's steps; of a call. Measured with
AVX-512, and taken for every instruction set, lest they choose differently."""


BATCH = 8
"""Tiles of one axis are transformed so many at once: numpy's vectors run across them."""


class _Tiling(NamedTuple):
    """`side`: inputs of a tile along each axis, of which `step` are outputs; `batch` tiles are transformed at once."""

    side: Ints
    step: Ints
    batch: int
    cost: float


def filtered(c: Image, out: Array | None, threads: int, algorithm: str) -> Array | None:
    """convolve or correlate, or None where it is not for this algorithm or, under "auto", costs less without."""
    if c.dtype.kind != "f" or algorithm not in ("auto", "fft") or not AVAILABLE:
        return None
    outputs = prod(c.shape)
    direct = DIRECT * prod(c.R) * outputs
    if algorithm == "auto" and direct < CALL + POINT * outputs:
        return None
    tiling = _tiling(c.shape, c.R)
    if algorithm == "auto" and direct < CALL + tiling.cost:
        return None
    w = operand(c.in2, c.dtype)
    weight = float(np.abs(w, dtype=float).sum())
    if not 0 < weight < np.inf:
        return None
    return _Fourier(replace(c, in1=view(c.in1, c.dtype), in2=w), tiling, weight, threads).run(out)


@lru_cache
def _tiling(shape: Ints, taps: Ints) -> _Tiling:
    """The sides of a tile, powers of two, that cost least."""
    best = _Tiling((), (), 1, np.inf)
    batch = BATCH if len(shape) == 1 else 1
    most = {1: 14, 2: 11, 3: 8}[len(shape)]
    choices = []
    for n, k in zip(shape, taps, strict=True):
        low = (2 * k - 1).bit_length()
        choices.append([2**e for e in range(low, max(low, min(most, (n + k - 1).bit_length())) + 1)])
    for side in product(*choices):
        step = tuple(m - k + 1 for m, k in zip(side, taps, strict=True))
        tiles = prod(-(-n // m) for n, m in zip(shape, step, strict=True))
        cost = (
            -(-tiles // batch)
            * batch
            * prod(side)
            * (POINT + STEP * log2(prod(side)) * (1 if prod(side) < 2**18 else 2))
        )
        best = min(best, _Tiling(side, step, batch, cost), key=lambda t: t.cost)
    return best


class _Fourier:
    """One call: the kernel's transform, the cells, and the tiles."""

    def __init__(self, c: Image, tiling: _Tiling, weight: float, threads: int) -> None:
        self.c, self.tiling, self.weight, self.threads = c, tiling, weight, threads
        self.axes = tuple(range(len(c.S)))
        self.cell = tuple(min(n, (k + 1) // 2) for n, k in zip(c.S, c.R, strict=True))
        self.norms = np.empty([-(-n // m) for n, m in zip(c.S, self.cell, strict=True)])
        ascending = c.in2 if c.op == "convolve" else np.flip(c.in2)
        points = np.fft.rfftn(ascending.astype(float), tiling.side, self.axes) * prod(tiling.side)
        with np.errstate(all="ignore"):
            self.kernel = points.astype(np.result_type(c.dtype, np.complex64))
        self.plan = prepare(windows.image(_alone(c, tiling)), c.in2, None, 1)

    def run(self, out: Array | None) -> Array:
        y: Array = np.empty(self.c.shape, self.c.dtype) if out is None else out
        tiles = list(product(*(range(0, n, m) for n, m in zip(y.shape, self.tiling.step, strict=True))))
        groups = [tiles[n : n + self.tiling.batch] for n in range(0, len(tiles), self.tiling.batch)]
        threads = min(self.threads, len(groups))
        if threads == 1:
            self._measure(0, 1)
            self._work(y, groups)
            return y
        from concurrent.futures import ThreadPoolExecutor  # with its logging a tenth of what this room's import takes

        with ThreadPoolExecutor(threads) as pool:  # not OpenMP's threads, which would wait for more to do meanwhile
            list(pool.map(lambda n: self._measure(n, threads), range(threads)))
            list(pool.map(lambda n: self._work(y, groups[n::threads]), range(threads)))
        return y

    def _measure(self, part: int, parts: int) -> None:
        """The Euclidean norms of some of the cells."""
        first, last = (len(self.norms) * n // parts for n in (part, part + 1))
        if first < last:
            x = self.c.in1[first * self.cell[0] : last * self.cell[0]]
            cell = (min(self.cell[0], len(x)), *self.cell[1:])
            self.norms[first:last] = lp_pool(x[None, None], cell, ceil_mode=True, num_threads=1)[0, 0]

    def _work(self, y: Array, groups: list[list[Ints]]) -> None:
        """The outputs of some groups of tiles, one thread's."""
        batch, step = self.tiling.batch, self.tiling.step
        x = np.zeros((batch, *self.tiling.side), self.c.dtype)
        spectrum = np.empty((batch, *self.kernel.shape), self.kernel.dtype)
        for group in groups:
            even = []
            for tile, at in zip(x, group, strict=False):
                to = y[tuple(slice(a, a + m) for a, m in zip(at, step, strict=True))]
                places = [self._places(i, at[i], to.shape[i]) for i in self.axes]
                self._inputs(tile, places)
                if self._even(places):
                    even.append((to, tile))
                else:
                    found = run(self.plan, tile[None, None], 1, None, step, self.c.dtype, 1)
                    to[...] = found[tuple(slice(n) for n in to.shape)]
                    tile[...] = 0
            x[len(group) :] = 0
            if even:
                self._transform(x, spectrum)
            for to, tile in even:
                to[...] = tile[tuple(slice(k - 1, k - 1 + n) for k, n in zip(self.c.R, to.shape, strict=True))]

    def _transform(self, x: Array, spectrum: Array) -> None:
        """Replaces tiles by their circular convolutions. Scaled forward: numpy is slow where the factor is 1."""
        leading = [axis + 1 for axis in self.axes[:-1]]
        np.fft.rfft(x, norm="forward", out=spectrum)
        for axis in leading:
            np.fft.fft(spectrum, axis=axis, norm="forward", out=spectrum)
        spectrum *= self.kernel
        for axis in leading:
            np.fft.ifft(spectrum, axis=axis, out=spectrum)
        np.fft.irfft(spectrum, x.shape[-1], out=x)

    def _places(self, axis: int, at: int, outputs: int) -> slice | Array:
        """Where the inputs of some outputs are on an axis; -1 for the fill value."""
        c = self.c
        n, first = c.S[axis], at + c.start[axis] - (c.R[axis] - 1)
        last = first + outputs + c.R[axis] - 1
        if first >= 0 and last <= n:
            return slice(first, last)
        i = np.arange(first, last)
        if c.boundary == "fill":
            return np.where((i < 0) | (i >= n), -1, i)
        if c.boundary == "edge" or n == 1:
            return i.clip(0, n - 1)
        if c.boundary == "wrap":
            return i % n
        period = 2 * n if c.boundary == "symm" else 2 * n - 2
        return np.where(i % period < n, i % period, (-1 - i if c.boundary == "symm" else -i) % period)

    def _inputs(self, x: Array, places: list[slice | Array]) -> None:
        """Fills a tile with the extended image at these places, and zeros after them."""
        c = self.c
        found = c.in1
        for axis, p in enumerate(places):
            found = found[(slice(None),) * axis + (p,)]
        if found.shape != x.shape:
            x[...] = 0
        part = x[tuple(slice(n) for n in found.shape)]
        part[...] = found
        for axis, p in enumerate(places):
            if c.boundary == "fill" and not isinstance(p, slice):
                part[(slice(None),) * axis + (p < 0,)] = c.fillvalue

    def _even(self, places: list[slice | Array]) -> bool:
        """Whether no cell of a tile holds far less than the tile, and nothing overflows or is lost to underflow."""
        c, limits = self.c, np.finfo(self.c.dtype)
        norms = self.norms
        for axis, (p, m) in enumerate(zip(places, self.cell, strict=True)):
            seen = slice(p.start // m, -(-p.stop // m)) if isinstance(p, slice) else np.unique(p[p >= 0] // m)
            norms = norms[(slice(None),) * axis + (seen,)]
        points = prod(self.tiling.side)
        fill = abs(c.fillvalue) if c.boundary == "fill" else 0
        mean = float(np.sqrt(np.square(norms).sum() / points)) + fill
        least = float(norms.min(initial=np.inf)) / float(np.sqrt(prod(self.cell)))
        scale = mean * self.weight
        bounded = scale * points < float(limits.max) and scale * float(limits.eps) > float(limits.tiny) * points
        return bool(mean <= prod(c.R) * least and bounded)


def _alone(c: Image, tiling: _Tiling) -> Image:
    """The windows of a tile by itself."""
    start = tuple(k - 1 for k in c.R)
    return replace(c, S=tiling.side, shape=tiling.step, start=start, boundary="fill", fillvalue=0)
