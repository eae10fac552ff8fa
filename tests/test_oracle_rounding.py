"""Rounding and fused multiply-adds of the oracle, against fractions and the neighbours of each result."""

from fractions import Fraction
from math import inf, isnan, nan, sqrt

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from second_formulation import is_nearest

from convspec.reference import rounding

DTYPES = [np.dtype("float32"), np.dtype("float64")]
EXPONENTS = {"float32": 150, "float64": 1080}


def fractions(dtype):
    """Fractions of all sizes: near powers of two, near ties, subnormal, too large."""
    scale = st.integers(-EXPONENTS[dtype.name], EXPONENTS[dtype.name]).map(lambda e: Fraction(2) ** e)
    digits = st.one_of(st.integers(-(2**70), 2**70), st.integers(-(2**25), 2**25), st.integers(-(2**54), 2**54))
    return st.builds(lambda n, d, s: Fraction(n, d) * s, digits, st.sampled_from([1, 1, 2, 3, 5, 7, 9, 48]), scale)


@pytest.mark.clause("oracle.rounding")
@pytest.mark.parametrize("dtype", DTYPES, ids=str)
@settings(max_examples=300, deadline=None, derandomize=True)
@given(data=st.data())
def test_nearest(dtype, data):
    q = data.draw(fractions(dtype))
    assert is_nearest(rounding.nearest(q.numerator, q.denominator, dtype), q, dtype)


@pytest.mark.clause("oracle.rounding")
@pytest.mark.parametrize("dtype", DTYPES, ids=str)
@pytest.mark.parametrize("p", [2, 3, 5])
@settings(max_examples=60, deadline=None, derandomize=True)
@given(data=st.data())
def test_nearest_norm_lies_between_the_midpoints(dtype, p, data):
    """Powers are monotonic, so the root is nearest where its neighbours' midpoints enclose it, all in fractions."""
    values = data.draw(
        st.lists(st.floats(0, 1e6, width=32).filter(lambda v: v == 0 or v > 1e-6), min_size=1, max_size=6)
    )
    S = sum(Fraction(v) ** p for v in values)
    if p == 2:
        root = dtype.type(rounding.nearest_root(S.numerator, S.denominator, dtype))
    else:
        root = dtype.type(rounding.nearest_norm([Fraction(v).as_integer_ratio() for v in values], p, dtype))
    if S == 0:
        assert root == 0
        return
    below, above = (Fraction(float(np.nextafter(root, dtype.type(e)))) for e in (0, np.inf))
    exact = Fraction(float(root))
    assert ((below + exact) / 2) ** p <= S <= ((exact + above) / 2) ** p


@pytest.mark.clause("oracle.stepwise")
@pytest.mark.parametrize("dtype", DTYPES, ids=str)
@settings(max_examples=300, deadline=None, derandomize=True)
@given(data=st.data())
def test_fma(dtype, data):
    width = dtype.itemsize * 8
    number = st.floats(width=width, allow_nan=False, allow_infinity=False)
    x, w, acc = (data.draw(number) for _ in range(3))
    if data.draw(st.booleans()):  # cancellation, where a second rounding would show
        acc = float(dtype.type(-x * w)) if abs(x * w) < float(np.finfo(dtype).max) else acc
    fma = rounding.fma32 if width == 32 else rounding.fma64
    assert is_nearest(fma(x, w, acc), Fraction(x) * Fraction(w) + Fraction(acc), dtype)


@pytest.mark.clause("oracle.stepwise")
@pytest.mark.parametrize("fma", [rounding.fma32, rounding.fma64])
def test_fma_of_special_values(fma):
    assert fma(inf, 2.0, 1.0) == inf
    assert fma(2.0, 3.0, -inf) == -inf
    assert isnan(fma(inf, 0.0, 1.0)) and isnan(fma(inf, 1.0, -inf)) and isnan(fma(1.0, 1.0, nan))
    assert fma(3e38, 3e38, -inf) == -inf


@pytest.mark.clause("oracle.stepwise")
def test_fma_where_two_roundings_would_go_wrong():
    """1 + 2^-24 + 2^-60 lies above a tie of float32, and a double cannot see it."""
    x, w, acc = float(1 + 2**-12), float(1 - 2**-12), 2.0**-60  # x w = 1 - 2^-24
    assert rounding.fma32(x, w, acc) == 1 - 2**-24
    a = float(np.float32(1 + 2**-23))
    assert rounding.fma32(2.0**-24, 1 + 2.0**-23, a) == float(np.float32(1 + 2**-22))
    assert rounding.fma32(-(2.0**-25), 2.0**-30, 1 + 2.0**-24) in (1.0, float(np.float32(1 + 2**-23)))


@pytest.mark.clause("number.integer-modulo")
def test_wrapped():
    assert [rounding.wrapped(v, np.dtype("int32")) for v in (2**31, -(2**31) - 1, 2**32 + 5, -1)] == [
        -(2**31),
        2**31 - 1,
        5,
        -1,
    ]
    assert rounding.wrapped(-1, np.dtype("uint8")) == 255


@pytest.mark.clause("oracle.rounding")
def test_root_of_a_square_is_exact():
    for dtype in DTYPES:
        assert rounding.nearest_root(49, 4, dtype) == 3.5
        assert rounding.nearest_root(2, 1, np.dtype("float64")) == sqrt(2)
        assert rounding.nearest_root(0, 1, dtype) == 0
