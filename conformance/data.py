"""The elements of a case's arrays, from its text alone: the same on every machine and under every version of numpy.

Element i of an array is a hash of its index, the array's name and the seed (the finaliser of SplitMix64; Steele, Lea and
Flood, "Fast splittable pseudorandom number generators", 2014), so that no generator's stream has to stay stable.
"""

from __future__ import annotations

import zlib
from math import prod
from typing import Any

import numpy as np

from convspec.conformance import layouts
from convspec.conformance.case import ARRAYS, Case, CaseError, Put

Array = np.ndarray[Any, Any]
_SPECIAL = (np.nan, np.inf, -np.inf, -0.0, 0.0, 1.0)


def build(case: Case, seed: int | None = None) -> dict[str, Array]:
    """The arrays of `case` by name, each in its memory layout; `seed` replaces the case's own."""
    arrays = {}
    for name, operand in case.arrays:
        try:
            dtype = np.dtype(operand.dtype)
        except TypeError as error:
            raise CaseError(f"there is no dtype {operand.dtype!r}") from error
        bits = hashed(prod(operand.shape), name, case.seed if seed is None else seed)
        first = name == ARRAYS[case.op][0]  # wide integers; the others are -1, 0 and 1 there, so that sums stay exact
        a = elements(case.data, bits, dtype, first).reshape(operand.shape)
        for put in case.put:
            if put.array == name:
                a[put.index] = placed(put, dtype)
        arrays[name] = layouts.apply(case.layout_of(name), a)
    return arrays


def hashed(count: int, name: str, seed: int) -> Array:
    """`count` hashes of 64 bits, one an index."""
    z = np.arange(1, count + 1, dtype=np.uint64)
    z += np.uint64((zlib.crc32(name.encode()) << 32) + (seed * 0x9E3779B9) % 2**32)
    for shift, factor in ((30, 0xBF58476D1CE4E5B9), (27, 0x94D049BB133111EB)):
        z = (z ^ (z >> np.uint64(shift))) * np.uint64(factor)
    return np.asarray(z ^ (z >> np.uint64(31)))


def elements(kind: str, bits: Array, dtype: np.dtype[Any], first: bool) -> Array:
    """Numbers of the given kind, one from each hash."""
    if dtype.kind not in "iuf":
        return (bits % np.uint64(2)).astype(dtype) if dtype.kind in "bc" else bits.astype(np.int64).astype(dtype)
    if kind == "small":
        low = 0 if dtype.kind == "u" else -8
        return np.asarray((bits % np.uint64(17)).astype(np.int64) + low).astype(dtype)
    if kind == "wide":
        return _wide(bits, dtype, first)
    if kind == "real":
        return _real(bits, dtype)
    return _special(bits, dtype)


def _wide(bits: Array, dtype: np.dtype[Any], first: bool) -> Array:
    """Odd integers that leave no bit of the significand free for rounding; -1, 0, 1 for all but the first operand."""
    sign = np.where(bits >> np.uint64(63), -1, 1) if dtype.kind != "u" else 1
    if not first:
        return np.asarray((bits % np.uint64(3)).astype(np.int64) - (dtype.kind != "u")).clip(-1, 1).astype(dtype)
    if dtype.itemsize == 1:
        return bits.astype(dtype)
    low = 2**40 if dtype == np.float64 else 2**11
    odd = (bits % np.uint64(3 * low // 2)).astype(np.int64) * 2 + low + 1
    return np.asarray(odd * sign).astype(dtype)


def _real(bits: Array, dtype: np.dtype[Any]) -> Array:
    """Floats spread evenly over [-1, 1), with every bit of the significand in use; integers over their whole range."""
    if dtype.kind != "f":
        return bits.astype(dtype)
    digits = np.finfo(dtype).nmant + 1
    whole = (bits >> np.uint64(63 - digits)).astype(np.int64) - 2**digits
    return np.asarray(np.ldexp(whole.astype(np.float64), -digits)).astype(dtype)


def _special(bits: Array, dtype: np.dtype[Any]) -> Array:
    """One element in eight is NaN, infinite, a zero of either sign or 1, the rest small; integers: the extremes."""
    if dtype.kind != "f":
        info = np.iinfo(dtype)
        chosen = np.array([info.min, info.max, info.min + 1, info.max - 1, 0, 1], dtype)
        return chosen[(bits % np.uint64(6)).astype(np.intp)]
    chosen = np.array(_SPECIAL, dtype)[(bits % np.uint64(6)).astype(np.intp)]
    rare = (bits >> np.uint64(40)) % np.uint64(8) == 0
    return np.where(rare, chosen, elements("small", bits, dtype, first=True))


def placed(put: Put, dtype: np.dtype[Any]) -> Any:
    """The value of a placed element in `dtype`."""
    info: Any = np.finfo(dtype) if dtype.kind == "f" else np.iinfo(dtype)
    if put.value in ("max", "min"):
        return getattr(info, put.value)
    if dtype.kind != "f":
        return int(put.value)
    named = {"tiny": info.smallest_normal, "least": info.smallest_subnormal}
    return named[put.value] if put.value in named else dtype.type(float(put.value))


def wide_or_small(op: str, terms: int = 1) -> str:
    """Exact data: an average of wide integers would round, and so would a sum of more than 2048 of them."""
    return "small" if op in ("avg_pool", "lp_pool", "channel_pool") or terms > 2**11 else "wide"
