"""Large kernels by Fourier transforms of tiles that overlap (overlap-save), float32 and float64.

The tiles depend on the shapes alone. The rounding errors of a tile go with the root mean square of what it holds: where
that exceeds the taps times the root mean square of some cell, which every window holds at least one of, the tile is
computed directly, and so is one with a NaN, an infinity, or values near the limits of the dtype.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from dataclasses import replace
from functools import lru_cache, reduce
from math import prod
from typing import Any, NamedTuple, TypeVar

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
DOUBLE = 0.7
"""The terms of float64 take twice as long, its points 1.4 times."""
THREAD = 5e5
"""Nanoseconds of tiles for which another thread is worth being woken."""
MOST_THREADS = 6
"""More of them wait for each other at the interpreter's lock, which numpy takes for each step of a transform: on 16 processors
31 x 31 takes 23.8, 16.1, 11.2, 10.7 and 14.3 ms by 1, 2, 4, 8 and 16 threads."""

BATCH = 8
"""Tiles of one axis are transformed so many at once: numpy's vectors run across them."""
FAMILIES = (1, 3, 5, 9, 15)
"""The sides of tiles are powers of two, times one of these: other primes take longer."""

Part = TypeVar("Part")


class _Tiling(NamedTuple):
    """`side`: inputs of a tile along each axis, of which `step` are outputs; `batch` tiles are transformed at once."""

    side: Ints
    step: Ints
    batch: int
    cost: float


class _Place(NamedTuple):
    """Along an axis, the inputs that a tile sees, and where they go in it; it sees `extent` places in all."""

    source: slice | Array
    target: slice
    extent: int


def filtered(c: Image, out: Array | None, threads: int, algorithm: str) -> Array | None:
    """convolve or correlate, or None where it is not for this algorithm or, under "auto", costs less without."""
    if c.dtype.kind != "f" or algorithm not in ("auto", "fft") or not AVAILABLE:
        return None
    outputs = prod(c.shape)
    direct = DIRECT * prod(c.R) * outputs / (DOUBLE if c.dtype.itemsize == 8 else 1)
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
    """The sides of a tile that cost least."""
    batch = BATCH if len(shape) == 1 else 1
    most = {1: 14, 2: 11, 3: 8}[len(shape)]
    choices = []
    for n, k in zip(shape, taps, strict=True):
        high = max((2 * k - 1).bit_length(), min(most, (n + k - 1).bit_length()))
        sides = {f << e for f in FAMILIES for e in range(1, high + 1)}
        choices.append(np.array([m for m in sorted(sides) if 2 * k <= m <= 2**high]))
    counts = [-(-n // (m - k + 1)) for n, k, m in zip(shape, taps, choices, strict=True)]
    points, tiles = (reduce(np.multiply.outer, numbers) for numbers in (choices, counts))
    each = points * (POINT + STEP * np.log2(points) * np.where(points < 2**18, 1, 2))
    cost = -(-tiles // batch) * batch * each
    best = np.unravel_index(np.argmin(cost), cost.shape)
    side = tuple(int(m[i]) for m, i in zip(choices, best, strict=True))
    return _Tiling(side, tuple(m - k + 1 for m, k in zip(side, taps, strict=True)), batch, float(cost[best]))


@lru_cache
def _others() -> Any:
    """Threads that wait for work without a processor. Not OpenMP's, which would wait for more meanwhile."""
    from concurrent.futures import ThreadPoolExecutor  # with its logging a tenth of what this room's import takes

    return ThreadPoolExecutor(MOST_THREADS)


def _share_out(threads: int, parts: Iterable[Part], work: Callable[[Iterator[Part]], None]) -> None:
    """Each thread does the work of the parts that it takes, one after the other: this one, and those that come to help it."""
    left = deque(parts)

    def taken() -> Iterator[Part]:
        with suppress(IndexError):
            while True:
                yield left.popleft()

    helpers = [_others().submit(lambda: work(taken())) for _ in range(min(threads, len(left)) - 1)]
    try:
        work(taken())
    finally:
        left.clear()
        for helper in helpers:
            if not helper.cancel():
                helper.result()


class _Fourier:
    """One call: the kernel's transform, the cells, and the tiles."""

    def __init__(self, c: Image, tiling: _Tiling, weight: float, threads: int) -> None:
        self.c, self.tiling, self.weight, self.threads = c, tiling, weight, threads
        self.axes = tuple(range(len(c.S)))
        self.cell = tuple(min(n, (k + 1) // 2) for n, k in zip(c.S, c.R, strict=True))
        self.norms = np.empty([-(-n // m) for n, m in zip(c.S, self.cell, strict=True)])
        self.places = [[self._place(i, at) for at in range(0, c.shape[i], tiling.step[i])] for i in self.axes]
        ascending = c.in2 if c.op == "convolve" else np.flip(c.in2)
        points = np.fft.rfftn(ascending.astype(float), tiling.side, self.axes) * prod(tiling.side)
        with np.errstate(all="ignore"):
            self.kernel = points.astype(np.result_type(c.dtype, np.complex64))
        self.plan = prepare(windows.image(_alone(c, tiling)), c.in2, None, 1)

    def run(self, out: Array | None) -> Array:
        y: Array = np.empty(self.c.shape, self.c.dtype) if out is None else out
        tiles = list(np.ndindex(*map(len, self.places)))
        groups = [tiles[n : n + self.tiling.batch] for n in range(0, len(tiles), self.tiling.batch)]
        threads = min(self.threads, MOST_THREADS, len(groups), 1 + int(self.tiling.cost / THREAD))
        rows = len(self.norms)
        some = min(rows, 2 * threads)
        _share_out(threads, (slice(rows * n // some, rows * (n + 1) // some) for n in range(some)), self._measure)
        even = self._even()
        _share_out(threads, groups, lambda taken: self._work(y, taken, even))
        return y

    def _measure(self, taken: Iterator[slice]) -> None:
        """The Euclidean norms of some rows of cells after others."""
        for rows in taken:
            x = self.c.in1[rows.start * self.cell[0] : rows.stop * self.cell[0]]
            cell = (min(self.cell[0], len(x)), *self.cell[1:])
            self.norms[rows] = lp_pool(x[None, None], cell, ceil_mode=True, num_threads=1)[0, 0]

    def _even(self) -> Array:
        """For each tile, whether no cell of it holds far less than the tile, and nothing overflows or is lost to underflow."""
        c, limits, points = self.c, np.finfo(self.c.dtype), prod(self.tiling.side)
        squares, least = np.square(self.norms), self.norms
        for axis, places in enumerate(self.places):
            cells = [_cells(p.source, self.cell[axis], self.norms.shape[axis]) for p in places]
            squares = _reduced(np.add, squares, axis, cells, 0)
            least = _reduced(np.minimum, least, axis, cells, np.inf)
        with np.errstate(all="ignore"):
            mean = np.sqrt(squares / points) + (abs(c.fillvalue) if c.boundary == "fill" else 0)
            scale = mean * self.weight
            bounded = (scale * points < float(limits.max)) & (scale * float(limits.eps) > float(limits.tiny) * points)
            even: Array = bounded & (mean <= prod(c.R) * (least / np.sqrt(prod(self.cell))))
        return even

    def _work(self, y: Array, groups: Iterator[list[Ints]], even: Array) -> None:
        """The outputs of some groups of tiles, one thread's."""
        x = np.zeros((self.tiling.batch, *self.tiling.side), self.c.dtype)
        spectrum = np.empty((self.tiling.batch, *self.kernel.shape), self.kernel.dtype)
        for group in groups:
            transformed = []
            for tile, index in zip(x, group, strict=False):
                to = y[tuple(slice(i * m, i * m + m) for i, m in zip(index, self.tiling.step, strict=True))]
                self._inputs(tile, [places[i] for places, i in zip(self.places, index, strict=True)])
                if even[index]:
                    transformed.append((to, tile))
                else:
                    found = run(self.plan, tile[None, None], 1, None, self.tiling.step, self.c.dtype, 1)
                    to[...] = found[tuple(slice(n) for n in to.shape)]
                    tile[...] = 0
            x[len(group) :] = 0
            if transformed:
                self._transform(x, spectrum)
            for to, tile in transformed:
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

    def _place(self, axis: int, at: int) -> _Place:
        """For the outputs from `at` on."""
        c = self.c
        n, first = c.S[axis], at + c.start[axis] - (c.R[axis] - 1)
        extent = min(self.tiling.step[axis], c.shape[axis] - at) + c.R[axis] - 1
        if c.boundary == "fill" or (first >= 0 and first + extent <= n):
            low = max(first, 0)
            high = max(low, min(first + extent, n))
            return _Place(slice(low, high), slice(low - first, high - first), extent)
        i = np.arange(first, first + extent)
        if c.boundary == "edge" or n == 1:
            i = i.clip(0, n - 1)
        elif c.boundary == "wrap":
            i %= n
        else:
            period = 2 * n if c.boundary == "symm" else 2 * n - 2
            i = np.where(i % period < n, i % period, (-1 - i if c.boundary == "symm" else -i) % period)
        return _Place(i, slice(extent), extent)

    def _inputs(self, x: Array, places: list[_Place]) -> None:
        """Fills a tile with the extended image at these places, and zeros after them."""
        part = x[tuple(p.target for p in places)]
        if part.shape != x.shape:
            x[...] = 0
            if self.c.boundary == "fill" and self.c.fillvalue:
                x[tuple(slice(p.extent) for p in places)] = self.c.fillvalue
        found = self.c.in1
        for axis, p in enumerate(places):
            found = found[(slice(None),) * axis + (p.source,)]
        part[...] = found


def _cells(source: slice | Array, cell: int, n: int) -> tuple[int, int]:
    """The first cell, and the one after the last, of those that these inputs lie in; after all of them where there are none."""
    first, last = (source.start, source.stop - 1) if isinstance(source, slice) else (source.min(), source.max())
    return (first // cell, last // cell + 1) if first <= last else (n, n + 1)


def _reduced(ufunc: np.ufunc, a: Array, axis: int, ranges: list[tuple[int, int]], empty: float) -> Array:
    """The elements of each range along an axis taken together; those after the last are `empty`."""
    a = np.concatenate([a, np.full((*a.shape[:axis], 2, *a.shape[axis + 1 :]), empty)], axis)
    ends = np.array(ranges).reshape(-1)
    found: Array = ufunc.reduceat(a, ends, axis).take(range(0, len(ends), 2), axis)
    return found


def _alone(c: Image, tiling: _Tiling) -> Image:
    """The windows of a tile by itself."""
    start = tuple(k - 1 for k in c.R)
    return replace(c, S=tiling.side, shape=tiling.step, start=start, boundary="fill", fillvalue=0)
