"""What the loop nests walk over: the outputs asked for, the taps of a window, the elements beyond an edge."""

from __future__ import annotations

import operator
from collections.abc import Iterable, Iterator, Sequence
from functools import lru_cache
from itertools import product
from typing import Any

import numpy as np

from convspec.errors import SpecTypeError, SpecValueError
from convspec.reference.arithmetic import Arithmetic, Exact, Stepwise

Index = tuple[int, ...]


def indices(sizes: Iterable[int]) -> Iterator[Index]:
    """Every index of an array of these sizes, in row-major order."""
    return product(*map(range, sizes))


class Outputs:
    """The result under construction: iterating gives the indices to compute, all of them or those of `at`."""

    def __init__(self, shape: Index, dtype: np.dtype[Any], at: Sequence[Sequence[int]] | None) -> None:
        self.shape, self.dtype = shape, dtype
        self.at = None if at is None else [_checked(index, shape) for index in _listed(at)]  # [oracle.at]
        self.values: dict[Index, Any] = {}

    def __iter__(self) -> Iterator[Index]:
        return indices(self.shape) if self.at is None else iter(self.at)

    def __setitem__(self, index: Index, value: Any) -> None:
        self.values[index] = value

    def array(self) -> np.ndarray[Any, Any]:
        """The result: of the operator's shape, or one element for each entry of `at`."""
        if self.at is not None:
            return np.array([self.values[index] for index in self.at], dtype=self.dtype)
        result = np.empty(self.shape, dtype=self.dtype)  # [call.shape] [call.dtype] [call.result-owned]
        for index, value in self.values.items():
            result[index] = value  # [call.initialised]
        return result

    def arithmetic(self, stepwise: bool) -> Arithmetic:
        """The exact or the stepwise arithmetic for this result."""
        return (
            Stepwise(self.dtype) if stepwise else Exact(self.dtype)
        )  # [oracle.stepwise] [number.chain] [gradient.chain]


def _listed(at: Any) -> list[Any]:
    try:
        return list(at)
    except TypeError as error:
        raise SpecTypeError("oracle.at", "at", at, "must be a sequence of indices") from error


def _checked(index: Any, shape: Index) -> Index:
    try:
        whole = tuple(operator.index(i) for i in index)
    except TypeError as error:
        raise SpecTypeError("oracle.at", "at", index, "must hold tuples of ints") from error
    if len(whole) != len(shape) or not all(0 <= i < n for i, n in zip(whole, shape, strict=True)):
        raise SpecValueError("oracle.at", "at", index, f"must be an index into the result, of shape {shape}")
    return whole


def reached(o: int, r: int, stride: int, dilation: int, before: int, n: int) -> int | None:
    """What window `o` reads through tap `r` of an axis of `n` elements, or None in the padding."""
    i = o * stride - before + r * dilation  # [shape.stride] [shape.dilation]
    return i if 0 <= i < n else None


def complete(index: tuple[int | None, ...]) -> Index | None:
    """An index none of whose parts is missing."""
    return None if None in index else index  # type: ignore[return-value]


@lru_cache(maxsize=1 << 14)
def window(
    o: Index, size: Index, stride: Index, dilation: Index, pads: tuple[Index, ...], S: Index
) -> list[tuple[Index, Index | None]]:
    """The taps of window `o`, in row-major order: each with the input index it reads, or None in the padding."""
    along = [
        [reached(a, b, s, d, lo, n) for b in range(k)]
        for a, k, s, d, (lo, _), n in zip(o, size, stride, dilation, pads, S, strict=True)
    ]
    return list(zip(indices(size), map(complete, product(*along)), strict=True))


@lru_cache(maxsize=1 << 16)
def read(o: Index, r: Index, stride: Index, dilation: Index, pads: tuple[Index, ...], S: Index) -> Index | None:
    """The input index that window `o` reads through tap `r`, or None in the padding."""
    along = zip(o, r, stride, dilation, pads, S, strict=True)
    return complete(tuple(reached(a, b, s, d, lo, n) for a, b, s, d, (lo, _), n in along))


@lru_cache(maxsize=1 << 14)
def readers(
    i: Index, size: Index, stride: Index, dilation: Index, pads: tuple[Index, ...], O: Index
) -> list[tuple[Index, Index]]:
    """The windows that read input index `i`: for each tap r, in row-major order, the o with o s = i + before - r d."""
    along = [
        [q // s if q % s == 0 and 0 <= q // s < n else None for q in range(a + lo, a + lo - k * d, -d)]
        for a, k, s, d, (lo, _), n in zip(i, size, stride, dilation, pads, O, strict=True)
    ]
    return [(r, o) for r, o in zip(indices(size), map(complete, product(*along)), strict=True) if o is not None]


def extend(i: int, n: int, boundary: str) -> int | None:
    """The element that index `i` of an axis of `n` elements reads under a boundary; None is the fill value."""
    if 0 <= i < n:
        return i
    if boundary == "wrap":
        return i % n  # [image.wrap]
    if boundary == "edge":
        return 0 if i < 0 else n - 1  # [image.edge]
    if boundary == "symm":
        i %= 2 * n  # [image.symm] [image.beyond-period]
        return min(i, 2 * n - 1 - i)
    if boundary == "reflect":
        if n == 1:
            return 0
        i %= 2 * (n - 1)  # [image.reflect] [image.beyond-period]
        return min(i, 2 * (n - 1) - i)
    return None  # [image.fill]
