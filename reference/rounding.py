"""Rounding, once: the exact rational, root or integer that a sum comes to, as the nearest number of a dtype."""

from __future__ import annotations

from ctypes import c_float
from decimal import Context, Decimal
from functools import lru_cache
from math import copysign, inf, isfinite, isqrt, ldexp, nextafter
from struct import pack
from typing import Any

import numpy as np

DType = np.dtype[Any]


def wrapped(value: int, dtype: DType) -> int:
    """`value` modulo 2^k, within the range of an integer dtype."""
    info = np.iinfo(dtype)
    return (value - int(info.min)) % (1 << info.bits) + int(info.min)


def nearest(numerator: int, denominator: int, dtype: DType) -> float:
    """The number of a floating dtype that is nearest to a fraction; ties go to the even one, too much to infinity."""
    precision, least, most = _format(dtype)
    sign, magnitude = (-1 if numerator < 0 else 1), abs(numerator)
    unit = max(magnitude.bit_length() - denominator.bit_length() - precision, least)
    significand, rest, divisor = _divide(magnitude, denominator, unit)
    if significand.bit_length() > precision:
        unit += 1
        significand, rest, divisor = _divide(magnitude, denominator, unit)
    if 2 * rest > divisor or (2 * rest == divisor and significand % 2):
        significand += 1
    if significand.bit_length() + unit > most:
        return sign * inf
    return sign * ldexp(significand, unit)


@lru_cache
def _format(dtype: DType) -> tuple[int, int, int]:
    """The bits of a significand, the exponent of the least subnormal number, and that of the first too large for `dtype`."""
    info = np.finfo(dtype)
    return int(info.nmant) + 1, int(info.minexp) - int(info.nmant), int(info.maxexp)


def _divide(numerator: int, denominator: int, unit: int) -> tuple[int, int, int]:
    """Quotient, remainder and divisor of a fraction measured in units of 2^unit."""
    if unit < 0:
        numerator <<= -unit
    else:
        denominator <<= unit
    return *divmod(numerator, denominator), denominator


def nearest_root(numerator: int, denominator: int, dtype: DType) -> float:
    """The number of `dtype` nearest to the square root of a fraction."""
    shift = max(0, 130 - (numerator.bit_length() - denominator.bit_length())) // 2 + 1
    square, rest = divmod(numerator << 2 * shift, denominator)
    root = isqrt(square)
    inexact = rest != 0 or root * root != square
    # 65 bits or more of the root and one that says that some are missing round as the root itself does
    return nearest(2 * root + inexact, 2 << shift, dtype)


DECIMAL = Context(prec=80, Emin=-(10**9), Emax=10**9)
"""80 digits: enough that rounding a power or a root to a dtype is rounding the true value."""


def nearest_norm(magnitudes: list[tuple[int, int]], p: float, dtype: DType) -> float:
    """The number of `dtype` nearest to (sum a^p)^(1/p) over fractions a >= 0, for any p >= 1."""
    total = Decimal(0)
    for numerator, denominator in magnitudes:
        if numerator:
            a = DECIMAL.divide(Decimal(numerator), Decimal(denominator))
            total = DECIMAL.add(total, DECIMAL.power(a, Decimal(p)))
    if not total:
        return 0.0
    return nearest(*DECIMAL.power(total, DECIMAL.divide(Decimal(1), Decimal(p))).as_integer_ratio(), dtype)


def nearest_slope(
    parts: list[tuple[int, int, int, tuple[int, ...]]], denominator: int, p: float, dtype: DType
) -> float:
    """The number of `dtype` nearest to the sum of dy sign (a / y)^(p - 1), y = (sum m^p)^(1/p) > 0, over (dy, sign, a, m).

    dy, a and the m are measured in units of 1/denominator. A sum of less than 10^-60 of its terms is their rounding error.
    """
    total, size = Decimal(0), Decimal(0)
    for dy, sign, a, magnitudes in parts:
        if dy and a:
            slope = DECIMAL.divide(_power(a, p - 1), _norm_power(magnitudes, p))
            term = DECIMAL.multiply(Decimal(dy * sign), slope)
            total, size = DECIMAL.add(total, term), DECIMAL.add(size, term.copy_abs())
    if total.copy_abs() <= size.scaleb(-60, DECIMAL):
        return 0.0
    numerator, scale = total.as_integer_ratio()
    return nearest(numerator, scale * denominator, dtype)


@lru_cache(maxsize=1 << 12)
def _power(a: int, q: float) -> Decimal:
    return Decimal(a) if q == 1 else DECIMAL.power(Decimal(a), Decimal(q))


@lru_cache(maxsize=1 << 12)
def _norm_power(magnitudes: tuple[int, ...], p: float) -> Decimal:
    """y^(p - 1), with y the p-norm."""
    if p == 2:
        return DECIMAL.sqrt(Decimal(sum(a * a for a in magnitudes)))
    total = Decimal(0)
    for a in magnitudes:
        total = DECIMAL.add(total, _power(a, p) if a else Decimal(0))
    return DECIMAL.power(total, DECIMAL.divide(Decimal(p) - 1, Decimal(p)))


def as_float32(value: float) -> float:
    """A double rounded to the nearest float32."""
    return c_float(value).value


def fma32(x: float, w: float, acc: float) -> float:
    """x w + acc of float32 numbers, rounded once to float32.

    The product is exact in a double. The sum is rounded to odd, which keeps the knowledge that bits were lost, so that
    the second rounding acts as the only one (Boldo and Melquiond, "Emulation of FMA and correctly rounded sums", 2008).
    """
    product = x * w
    total = product + acc
    if not isfinite(total):
        return total
    part = total - product
    error = (product - (total - part)) + (acc - part)
    if error and pack("<d", total)[0] % 2 == 0:
        total = nextafter(total, copysign(inf, error))
    return as_float32(total)


def fma64(x: float, w: float, acc: float) -> float:
    """x w + acc of float64 numbers, rounded once."""
    if not (isfinite(x) and isfinite(w)):
        return x * w + acc
    if not isfinite(acc):
        return acc
    (a, b), (c, d), (e, f) = x.as_integer_ratio(), w.as_integer_ratio(), acc.as_integer_ratio()
    numerator, denominator = a * c * f + e * b * d, b * d * f
    try:
        return numerator / denominator
    except OverflowError:
        return -inf if numerator < 0 else inf
