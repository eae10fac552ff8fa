"""What convspec.fast adds to convolve and correlate: the integer result that is asked for."""

from __future__ import annotations

import numpy as np
import pytest
from fast_cases import pass_under

from convspec import SpecError, fast, reference
from convspec.fast import small_integers

INTEGERS = ("int8", "uint8", "int16", "uint16", "int32", "uint32", "int64", "uint64")


def draw(rng, dtype, shape):
    """Integers of the whole range of a dtype."""
    limits = np.iinfo(dtype)
    return rng.integers(limits.min, limits.max, shape, dtype, endpoint=True)


@pytest.mark.clause("fast.dtype", "number.integer-modulo")
@pytest.mark.parametrize("of_image", INTEGERS)
@pytest.mark.parametrize("of_kernel", ["int8", "uint8", "int16", "int64"])
@pytest.mark.parametrize("few", [True, False])
def test_every_integer_result(of_image, of_kernel, few, monkeypatch):
    monkeypatch.setattr(small_integers, "LEAST", 1 if few else 10**9)
    rng = np.random.default_rng(3)
    shapes = (9, 70), (1, 3), (150,), (3, 4, 66), (14, 5)
    for shape, boundary in zip(shapes, ("fill", "wrap", "symm", "reflect", "edge"), strict=True):
        x, w = draw(rng, of_image, shape), draw(rng, of_kernel, tuple(rng.integers(1, 7, len(shape))))
        call = boundary, 17 if boundary == "fill" else 0
        for op in ("convolve", "correlate"):
            results = [getattr(fast, op)(x, w, "full", *call, dtype=dtype) for dtype in INTEGERS]
            at = [tuple(int(rng.integers(n)) for n in results[0].shape) for _ in range(8)]
            wide = getattr(reference, op)(x.astype(np.int64), w.astype(np.int64), "full", *call, at=at)
            for y, dtype in zip(results, INTEGERS, strict=True):
                np.testing.assert_array_equal(np.array([y[i] for i in at]), wide.astype(dtype), strict=True)


@pytest.mark.clause("fast.isa")
@pytest.mark.parametrize("isa", fast.available_isas()[1:])
def test_every_isa_gives_the_same_integers(isa):
    pass_under(isa, __file__, "every_integer_result and True")


@pytest.mark.clause("fast.threads", "number.integer-modulo")
@pytest.mark.parametrize("dtypes", [("uint8", "int8"), ("int8", "int16"), ("uint16", "int16")])
@pytest.mark.parametrize(("shape", "taps"), [((300, 700), (3, 3)), ((40000,), (129,)), ((9, 90, 80), (2, 4, 5))])
def test_large_images_of_small_integers(dtypes, shape, taps):
    rng = np.random.default_rng(4)
    x, w = (draw(rng, dtype, size) for dtype, size in zip(dtypes, (shape, taps), strict=True))
    y = fast.convolve(x, w, "same", "wrap", dtype=np.int32, num_threads=1)
    np.testing.assert_array_equal(fast.convolve(x.astype(np.int32), w, "same", "wrap", dtype=np.int32), y)
    np.testing.assert_array_equal(fast.convolve(x, w, "same", "wrap", dtype=np.int32, num_threads=3), y)


@pytest.mark.clause("number.integers", "number.integer-modulo")
def test_the_sums_of_small_integers_do_not_wrap_early():
    """255 * 32767 * 4096 is beyond 32 bits: a wide result is taken from wide sums."""
    x, w = np.full((64, 4200), 255, np.uint8), np.full((1, 4096), 32767, np.int16)
    assert fast.correlate(x, w, "valid")[0, 0] == 255 * 32767 * 4096
    assert fast.correlate(x, w[:, :9], "valid")[0, 0] == 255 * 32767 * 9


@pytest.mark.clause("fast.dtype", "fast.out")
def test_the_result_goes_where_it_shall():
    x, w = np.arange(12, dtype=np.uint8).reshape(3, 4), np.array([[-30, 7]], np.int8)
    y = fast.correlate(x, w, dtype=np.int16)
    out = np.empty((5, 3), np.int16).T
    assert fast.correlate(x, w, out=out, dtype="int16") is out
    np.testing.assert_array_equal(out, y)
    np.testing.assert_array_equal(fast.correlate(w, x[:1], "valid", dtype="int16"), y[:1, 1:4][:, ::-1])


@pytest.mark.clause("fast.dtype")
@pytest.mark.parametrize(
    ("clause", "call"),
    [
        ("fast.dtype", {"dtype": "float32"}),
        ("fast.dtype", {"dtype": "no such"}),
        ("fast.dtype", {"dtype": bool}),
        ("fast.dtype", {"dtype": np.int32, "in2": np.ones((1, 1))}),
        ("image.fillvalue", {"dtype": np.int8, "fillvalue": 200}),
    ],
)
def test_bad_dtypes(clause, call):
    with pytest.raises(SpecError) as refused:
        fast.convolve(**{"in1": np.ones((2, 2), int), "in2": np.ones((1, 1), int), **call})
    assert refused.value.clause == clause
