"""Kernels that are outer products, one pass an axis: the law's bound, special values, and what is no product."""

from __future__ import annotations

from functools import reduce

import numpy as np
import pytest

from convspec import fast
from convspec.fast import separable

SHAPES = [((70, 301), (8, 13)), ((9, 33), (12, 5)), ((40, 5), (1, 4)), ((20, 31, 40), (5, 6, 7))]


def gaussian(taps, dtype):
    """As users make them: rounded to the dtype at the end."""
    lines = [np.exp(-np.square((np.arange(k) - (k - 1) / 2) / (k / 5)) / 2) for k in taps]
    return reduce(np.multiply.outer, lines).astype(dtype)


def product(taps, dtype, seed=0):
    """Of lines of either sign, one weight of each 0."""
    rng = np.random.default_rng(seed)
    lines = [rng.standard_normal(k) for k in taps]
    lines[-1][0] = 0
    return reduce(np.multiply.outer, lines).astype(dtype)


def image(shape, dtype):
    return np.random.default_rng(1).standard_normal(shape).astype(dtype)


def bound(x, w, dtype):
    """Clause number.bound-fast."""
    return (
        32 * (w.size + 1) * float(np.finfo(dtype).eps) / 2 * float(np.abs(x).max()) * float(np.abs(w).sum(dtype=float))
    )


@pytest.mark.clause("fast.separable", "number.bound-fast")
@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize(("shape", "taps"), SHAPES)
@pytest.mark.parametrize("kernel", [gaussian, product])
def test_every_boundary_and_mode(shape, taps, dtype, kernel, monkeypatch):
    x, w = image(shape, dtype), kernel(taps, dtype)
    for op in ("convolve", "correlate"):
        for boundary in ("fill", "wrap", "symm", "reflect", "edge"):
            for mode in ("full", "same", *(["valid"] if boundary == "fill" else [])):
                if mode == "valid" and not all(n >= k for n, k in zip(shape, taps, strict=True)):
                    continue
                f, call = getattr(fast, op), (x, w, mode, boundary)
                y, direct = f(*call, algorithm="separable"), f(*call, algorithm="direct")
                exact = f(x.astype(float), w.astype(float), mode, boundary, algorithm="direct")
                assert y.dtype == dtype
                assert np.abs(y - exact).max() <= bound(x, w, dtype)
                assert sum(k > 1 for k in taps) == 1 or (y != direct).any()
                monkeypatch.setattr(separable, "BAND", 7 * y.itemsize * x[0].size)
                out = np.empty(y.shape[::-1], dtype).T
                assert f(x.copy("F"), w, mode, boundary, algorithm="separable", num_threads=3, out=out) is out
                np.testing.assert_array_equal(out, y)
                monkeypatch.undo()


@pytest.mark.clause("fast.separable")
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_what_is_no_product_is_direct(dtype):
    x, w = image((60, 70), dtype), gaussian((7, 9), dtype)
    unit = np.finfo(dtype).eps / 2
    spoilt = []
    for place in np.ndindex(w.shape):
        other = w.copy()
        other[place] *= 1 + 64 * unit
        spoilt.append(other)
    zero, infinite, nan, more = (w.copy() for _ in range(4))
    zero[2, 3], infinite[3, 4], nan[0, 0], more[6, 8] = 0, np.inf, np.nan, -more[6, 8]
    for other in (*spoilt, zero, infinite, nan, more, 0 * w, image((7, 9), dtype)):
        y, direct = (fast.convolve(x, other, "same", algorithm=name) for name in ("separable", "direct"))
        np.testing.assert_array_equal(y, direct)
    filled = [fast.convolve(x, w, "same", "fill", 2.5, algorithm=name) for name in ("separable", "direct")]
    np.testing.assert_array_equal(*filled)
    line = [fast.convolve(x[0], w[0], algorithm=name) for name in ("separable", "direct")]
    np.testing.assert_array_equal(*line)


@pytest.mark.clause("fast.separable", "number.special", "number.locality")
@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf, 1e30])
@pytest.mark.parametrize("kernel", [gaussian, product])
def test_special_values_spoil_what_sees_them(value, kernel):
    x, w = image((90, 110), "float32"), kernel((9, 11), "float32")
    clean = fast.correlate(x, w, "same", algorithm="separable")
    x[40, 50] = value
    y, direct = (fast.correlate(x, w, "same", algorithm=name) for name in ("separable", "direct"))
    if not np.isfinite(value):
        np.testing.assert_array_equal(np.where(np.isfinite(y), 0, y), np.where(np.isfinite(direct), 0, direct))
    blind = np.ones(x.shape, bool)
    blind[36:45, 45:56] = False
    np.testing.assert_array_equal(y[blind], clean[blind])


@pytest.mark.clause("fast.separable", "number.subnormals")
def test_extreme_magnitudes():
    """Neither pass leaves the range that the operands and the result have room in."""
    x, w = image((40, 50), "float32"), gaussian((9, 9), "float32")
    exact = fast.correlate(x.astype(float), w.astype(float), algorithm="direct")
    for of_x, of_w in ((1e-38, 1e30), (1e30, 1e-30), (1e-20, 1e-19), (1e18, 1e18)):
        small, other = (x * np.float32(of_x)), (w * np.float32(of_w))
        y = fast.correlate(small, other, algorithm="separable").astype(float)
        expected = fast.correlate(small.astype(float), other.astype(float), algorithm="direct")
        allowed = bound(small, other, "float32") + 32 * (w.size + 1) * float(np.finfo(np.float32).smallest_subnormal)
        assert np.abs(y - expected).max() <= allowed
    assert np.isfinite(exact).all()


@pytest.mark.clause("fast.separable", "fast.algorithm", "call.repeatable")
def test_auto_looks_at_the_weights_of_each_call():
    x, w = image((500, 700), "float32"), gaussian((21, 21), "float32")
    other = w.copy()
    other[3, 4] *= 2
    y = fast.convolve(x, w, "same", algorithm="separable")
    for _ in range(2):
        np.testing.assert_array_equal(
            fast.convolve(x, other, "same"), fast.convolve(x, other, "same", algorithm="direct")
        )
        np.testing.assert_array_equal(fast.convolve(x, w, "same"), y)
    small, few = x[:40, :50], w[8:13, 8:13]
    for a, b in ((small, w), (x, few)):
        np.testing.assert_array_equal(fast.convolve(a, b, "same"), fast.convolve(a, b, "same", algorithm="direct"))
    swapped = fast.correlate(w, x, "valid", algorithm="separable")
    np.testing.assert_array_equal(swapped, fast.correlate(x, w, "valid", algorithm="separable")[::-1, ::-1])
    whole = fast.convolve(x.astype(int), np.ones((21, 21), int), "same", algorithm="separable")
    np.testing.assert_array_equal(whole, fast.convolve(x.astype(int), np.ones((21, 21), int), "same"))
