"""Large kernels by Fourier transforms: the law's bound, special values, the same bits for every number of threads."""

from __future__ import annotations

import numpy as np
import pytest

from convspec import fast
from convspec.fast import fourier

if not fourier.AVAILABLE:
    pytest.skip("numpy's transforms keep float32 from numpy 2 on", allow_module_level=True)

BOUNDARIES = ("fill", "wrap", "symm", "reflect", "edge")
SHAPES = [
    ((3,), (4,)),
    ((3000,), (90,)),
    ((40,), (150,)),
    ((70, 301), (18, 23)),
    ((90, 33), (40, 5)),
    ((20, 31, 40), (5, 6, 7)),
]


def draw(shape, taps, dtype, seed=0):
    rng = np.random.default_rng(seed)
    return tuple(rng.standard_normal(size).astype(dtype) for size in (shape, taps))


def bound(x, w, dtype):
    """Clause number.bound-fast; x without what an output does not see."""
    u, n = float(np.finfo(dtype).eps) / 2, w.size
    return 32 * (n + 1) * u * float(np.abs(x).max()) * float(np.abs(w).sum(dtype=float))


def exact(op, x, w, *call):
    """In float64 for float32 operands, whose error does not count beside the bound; in long double tap by tap else."""
    return getattr(fast, op)(x.astype(float), w.astype(float), *call, algorithm="direct")


@pytest.mark.clause("fast.fft", "number.bound-fast")
@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize(("shape", "taps"), SHAPES)
def test_every_boundary_and_mode(shape, taps, dtype):
    x, w = draw(shape, taps, dtype)
    for op in ("convolve", "correlate"):
        for boundary in BOUNDARIES:
            for mode in ("full", "same", "valid"):
                if boundary in ("wrap", "edge") and mode == "valid":
                    continue
                call = mode, boundary, 0.5 if boundary == "fill" else 0
                y, expected = getattr(fast, op)(x, w, *call, algorithm="fft"), exact(op, x, w, *call)
                assert y.dtype == dtype
                assert np.abs(y - expected).max() <= bound(x, w, dtype) / 32
                assert y.size < 100 or (y != getattr(fast, op)(x, w, *call, algorithm="direct")).any()


@pytest.mark.clause("fast.fft", "fast.threads", "fast.algorithm")
def test_threads_layouts_and_repetition_change_no_bit():
    x, w = draw((500, 700), (31, 31), "float32")
    x[100, 200], x[400, 3] = 1e12, np.nan
    y = fast.correlate(x, w, "same", "reflect", algorithm="fft", num_threads=1)
    out = np.empty((700, 500), np.float32).T
    for threads in (1, 2, 3):
        assert fast.correlate(x.copy("F"), w, "same", "reflect", algorithm="fft", num_threads=threads, out=out) is out
        np.testing.assert_array_equal(out, y)
    swapped = fast.correlate(w, x, "valid", algorithm="fft")
    np.testing.assert_array_equal(swapped, fast.correlate(x, w, "valid", algorithm="fft")[::-1, ::-1])


@pytest.mark.clause("fast.fft", "number.locality", "number.special")
@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf, 1e30, 1e12, 1e6])
@pytest.mark.parametrize(("shape", "taps"), [((300, 400), (21, 21)), ((20000,), (200,))])
def test_an_outlier_spoils_nothing_that_does_not_see_it(shape, taps, value):
    x, w = draw(shape, taps, "float32")
    clean, at = x.copy(), tuple(n // 3 for n in shape)
    x[at] = value
    y, direct = (fast.convolve(x, w, "same", algorithm=name) for name in ("fft", "direct"))
    np.testing.assert_array_equal(np.isfinite(y), np.isfinite(direct))
    blind = np.ones(shape, bool)
    blind[tuple(slice(a - k, a + k) for a, k in zip(at, taps, strict=True))] = False
    error = np.abs(y.astype(float) - exact("convolve", clean, w, "same"))
    assert error[blind].max() <= bound(clean, w, "float32")


@pytest.mark.clause("fast.fft", "number.bound-fast")
@pytest.mark.parametrize("scale", [1e-44, 1e-30, 1e-18, 1e17, 1e33])
def test_extreme_magnitudes(scale):
    x, w = draw((200, 200), (21, 21), "float32")
    for a, b in ((x * np.float32(scale), w), (x, w * np.float32(scale))):
        y = fast.convolve(a, b, "same", algorithm="fft")
        least = 32 * (w.size + 1) * 2.0**-149
        assert np.abs(y - exact("convolve", a, b, "same")).max() <= bound(a, b, "float32") + least


@pytest.mark.clause("fast.fft", "call.repeatable")
def test_a_kernel_of_zeros_leaves_no_trace():
    x, w = draw((20,), (4,), "float32")
    y = fast.convolve(x, w, algorithm="fft")
    assert not fast.convolve(x, 0 * w, algorithm="fft").any()
    np.testing.assert_array_equal(fast.convolve(x, w, algorithm="fft"), y)


@pytest.mark.clause("fast.fft")
def test_an_empty_part_of_an_image_stays_empty():
    x, w = draw((400, 400), (21, 21), "float32")
    x[150:] = 0
    y = fast.convolve(x, w, "same", algorithm="fft")
    assert not y[161:].any()
    assert y[:160].all()


@pytest.mark.clause("fast.fft", "fast.algorithm", "number.integer-modulo")
def test_where_it_is_used():
    x, w = draw((600, 600), (61, 61), "float32")
    np.testing.assert_array_equal(fast.convolve(x, w, "same"), fast.convolve(x, w, "same", algorithm="fft"))
    np.testing.assert_array_equal(fast.convolve(x, w[:9, :9]), fast.convolve(x, w[:9, :9], algorithm="direct"))
    np.testing.assert_array_equal(fast.convolve(x[:50, :50], w), fast.convolve(x[:50, :50], w, algorithm="direct"))
    whole, kernel = (np.round(a * 100).astype(np.int64) for a in (x, w))
    expected = fast.convolve(whole, kernel, "same", algorithm="direct")
    np.testing.assert_array_equal(fast.convolve(whole, kernel, "same", algorithm="fft"), expected, strict=True)
    infinite = np.where(w == w.max(), np.inf, w).astype(np.float32)
    y, direct = (fast.convolve(x, infinite, "valid", algorithm=name) for name in ("fft", "direct"))
    np.testing.assert_array_equal(y, direct)


@pytest.mark.clause("fast.threads")
def test_what_fails_in_a_thread_is_raised_when_all_have_ended():
    done, started = [], []

    def work(taken):
        for n in taken:
            started.append(n)
            if n == 3:
                raise MemoryError(n)
            done.append(n)

    for _ in range(20):
        with pytest.raises(MemoryError, match="3"):
            fourier._share_out(4, range(50), work)
        assert sorted(started) == sorted([*done, 3])
        done.clear()
        started.clear()
    fourier._share_out(4, range(3), work)
    assert sorted(done) == [0, 1, 2]
