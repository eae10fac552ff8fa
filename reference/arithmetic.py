"""The two arithmetics of the oracle: exact, rounded once at the end, and stepwise, the chain of the law.

Both offer `lift` (arrays to numbers they compute with), `zero`, `fma`, `add`, and the three ways in which a sum ends:
`total`, `mean` and `root`. The loops of the operators are the same for both.
"""

from __future__ import annotations

from collections.abc import Callable
from math import isfinite, isnan, lcm, nan, sqrt
from typing import Any, Protocol

import numpy as np

from convspec.reference import rounding

Array = np.ndarray[Any, Any]
Number = Any
"""An int over a common denominator, a `NonFinite`, or a Python float: whatever the arithmetic computes with."""


Slope = tuple[Number, Number, tuple[Number, ...]]
"""What a window adds to the gradient of a norm, in raw form: dy, the element, and the magnitudes of all its elements."""


class Arithmetic(Protocol):
    """What a loop nest needs."""

    zero: Number

    def lift(self, *arrays: Array) -> list[Any]: ...
    def scalar(self, value: int | float) -> Number: ...
    def start(self, b: Number) -> Number: ...
    def fma(self, x: Number, w: Number, acc: Number) -> Number: ...
    def add(self, x: Number, acc: Number) -> Number: ...
    def total(self, acc: Number) -> int | float: ...
    def mean(self, acc: Number, divisor: int) -> float: ...
    def norm(self, magnitudes: list[Number], p: float) -> float: ...
    def shares(self, parts: list[tuple[Number, int]]) -> float: ...
    def slopes(self, parts: list[Slope], p: float) -> float: ...


class NonFinite(float):
    """A NaN or an infinity among integers of any size: finite operands count by their sign alone."""

    def __mul__(self, other: float) -> NonFinite:
        return NonFinite(float(self) * (other if isinstance(other, float) else _sign(other)))

    def __add__(self, other: float) -> NonFinite:
        return NonFinite(float(self) + (other if isinstance(other, float) else 0))

    def __abs__(self) -> NonFinite:
        return NonFinite(abs(float(self)))

    __rmul__, __radd__ = __mul__, __add__


def _sign(value: float) -> int:
    return (value > 0) - (value < 0)


def _special_slope(dy: Number, x: Number, magnitudes: tuple[Number, ...], p: float) -> float | None:
    """What IEEE 754 makes of dy sign(x) (|x| / y)^(p - 1) where a factor is no finite number; None where all are."""
    if p != 1 and any(isinstance(a, NonFinite) for a in magnitudes):
        factor = nan if isinstance(x, NonFinite) or isnan(sum(magnitudes)) else 0.0
    elif x != x:
        factor = nan
    elif isinstance(dy, NonFinite):
        factor = float(_sign(x))
    else:
        return None
    return factor * (float(dy) if isinstance(dy, NonFinite) else _sign(dy))


class Exact:
    """Exact sums: every finite number is an integer over one power of two, common to all operands."""

    zero = 0

    def __init__(self, dtype: np.dtype[Any]) -> None:
        self.dtype, self.one = dtype, 1

    def lift(self, *arrays: Array) -> list[Any]:
        """The operands, converted to the dtype and then to integers over the common denominator `one`."""
        converted = [a.astype(self.dtype) for a in arrays]  # [number.conversion] [call.byte-order] [call.strides]
        self.one = max([1, *(_denominator(a) for a in converted)])
        return [Elements(a, self.scalar) for a in converted]

    def scalar(self, value: int | float) -> Number:
        if isinstance(value, int):
            return value * self.one
        if not isfinite(value):
            return NonFinite(value)  # [number.special]
        numerator, denominator = value.as_integer_ratio()
        return numerator * (self.one // denominator)

    def start(self, b: Number) -> Number:
        """A bias on the scale of products."""
        return b * self.one

    def fma(self, x: Number, w: Number, acc: Number) -> Number:
        return x * w + acc

    def add(self, x: Number, acc: Number) -> Number:
        return x + acc

    def total(self, acc: Number) -> int | float:
        """A sum of products, rounded once."""
        if isinstance(acc, NonFinite):
            return float(acc)
        if self.dtype.kind != "f":
            return rounding.wrapped(acc, self.dtype)  # [number.integer-modulo]
        return rounding.nearest(acc, self.one * self.one, self.dtype)  # [oracle.rounding] [number.exact]

    def mean(self, acc: Number, divisor: int) -> float:
        """A sum of numbers over a divisor, rounded once."""
        if isinstance(acc, NonFinite) or not divisor:
            return float(acc) if divisor else nan
        return rounding.nearest(acc, self.one * divisor, self.dtype)  # [oracle.rounding]

    def norm(self, magnitudes: list[Number], p: float) -> float:
        """(sum a^p)^(1/p), rounded once."""
        if any(isinstance(a, NonFinite) for a in magnitudes):
            return float(sum(magnitudes))
        if p == 1:
            return rounding.nearest(sum(magnitudes), self.one, self.dtype)
        if p == 2:
            return rounding.nearest_root(sum(a * a for a in magnitudes), self.one * self.one, self.dtype)
        return rounding.nearest_norm([(a, self.one) for a in magnitudes], p, self.dtype)

    def shares(self, parts: list[tuple[Number, int]]) -> float:
        """The sum of numbers, each over a divisor of its own, rounded once."""
        if any(isinstance(v, NonFinite) for v, _ in parts):
            return float(sum(v for v, _ in parts))
        divisor = lcm(*(d for _, d in parts))
        return rounding.nearest(sum(v * (divisor // d) for v, d in parts), self.one * divisor, self.dtype)

    def slopes(self, parts: list[Slope], p: float) -> float:
        """The sum of dy sign(x) (|x| / y)^(p - 1), rounded once, over windows whose norm y is not 0."""
        special = [t for t in (_special_slope(*part, p) for part in parts) if t is not None]
        if any(t != 0 for t in special):
            return sum(special)
        finite = [part for part in parts if _special_slope(*part, p) is None]
        if p == 1:
            return rounding.nearest(sum(dy * _sign(x) for dy, x, _ in finite), self.one, self.dtype)
        return rounding.nearest_slope([(dy, _sign(x), abs(x), m) for dy, x, m in finite], self.one, p, self.dtype)


class Stepwise:
    """The chain: one fused multiply-add or addition after the other, in the dtype of the result."""

    zero: Number = 0

    def __init__(self, dtype: np.dtype[Any]) -> None:
        self.dtype = dtype
        self.single = dtype == np.float32
        fused: dict[str, Callable[[Any, Any, Any], Any]] = {"float32": rounding.fma32, "float64": rounding.fma64}
        self.fma = fused.get(dtype.name, lambda x, w, acc: x * w + acc)
        self.zero = 0.0 if dtype.kind == "f" else 0

    def lift(self, *arrays: Array) -> list[Any]:
        """The operands, converted to the dtype and then to Python numbers."""
        return [Elements(a.astype(self.dtype), self.scalar) for a in arrays]

    def scalar(self, value: int | float) -> Number:
        return value

    def start(self, b: Number) -> Number:
        return b

    def add(self, x: Number, acc: Number) -> Number:
        return self._rounded(x + acc)

    def total(self, acc: Number) -> int | float:
        return acc if self.dtype.kind == "f" else rounding.wrapped(acc, self.dtype)

    def mean(self, acc: Number, divisor: int) -> float:
        return float(self._rounded(acc / divisor)) if divisor else nan

    def norm(self, magnitudes: list[Number], p: float) -> float:
        """p = 1 adds, p = 2 is fused multiply-adds and a square root; no other p has a chain."""
        acc = self.zero
        if p == 1:
            for a in magnitudes:
                acc = self.add(a, acc)
            return float(acc)
        if p == 2:
            for a in magnitudes:
                acc = self.fma(a, a, acc)
            return float(self._rounded(sqrt(acc)))
        raise NotImplementedError(f"the law promises no bits for p = {p}")

    def shares(self, parts: list[tuple[Number, int]]) -> float:
        """The quotients are rounded, then added one after the other."""
        acc = self.zero
        for v, divisor in parts:
            acc = self.add(self._rounded(v / divisor), acc)
        return float(acc)

    def slopes(self, parts: list[Slope], p: float) -> float:
        """p = 1 adds dy sign(x), p = 2 is fma(x, dy / y, acc); no other p has a chain."""
        acc = self.zero
        for dy, x, magnitudes in parts:
            if p == 1:
                acc = self.add(dy * (_sign(x) if x == x else x), acc)
            else:
                acc = self.fma(x, self._rounded(dy / self.norm(list(magnitudes), p)), acc)
        return float(acc)

    def _rounded(self, value: Number) -> Number:
        return rounding.as_float32(value) if self.single else value


class Elements(dict[tuple[int, ...], Number]):
    """The elements of an array by their index, each lifted when it is first asked for: a sample of a result reads few."""

    def __init__(self, array: Array, lift: Callable[[int | float], Number]) -> None:
        super().__init__()
        self.array, self.lift = array, lift

    def __missing__(self, index: tuple[int, ...]) -> Number:
        found = self[index] = self.lift(self.array.item(index))
        return found


def _denominator(array: Array) -> int:
    """The least power of two that makes every finite element an integer."""
    if array.dtype.kind != "f" or not array.size:
        return 1
    finite = array[np.isfinite(array) & (array != 0)].astype(np.float64)
    fraction, exponent = np.frexp(finite)
    significand = np.ldexp(fraction, 53).astype(np.int64)
    lowest_bit = np.frexp((significand & -significand).astype(np.float64))[1] - 1
    return 1 << max(0, -int((exponent - 53 + lowest_bit).min(initial=0)))
