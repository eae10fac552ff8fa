"""Layers of small integers, whose channels are joined to lanes of 32 bits: exact modulo the result's dtype."""

from __future__ import annotations

from itertools import product

import numpy as np
import pytest
from fast_cases import pass_under

from convspec import SpecError, fast, reference
from convspec.fast import lanes

NARROW = ("int8", "uint8", "int16", "uint16")
LAYERS = {
    "tails of channels": ((3, 5, 17, 23), (7, 5, 3, 3), {"padding": 1}),
    "groups, a stride": ((2, 12, 17, 23), (16, 6, 3, 2), {"padding": (2, 1), "groups": 2, "stride": 2}),
    "1 x 1": ((2, 64, 9, 11), (33, 64, 1, 1), {}),
    "a row, dilated": ((2, 7, 301), (40, 7, 5), {"padding": "same", "dilation": 2}),
    "a volume": ((1, 6, 6, 9, 8), (8, 3, 2, 2, 2), {"padding": 1, "groups": 2}),
    "two channels": ((1, 2, 31, 40), (3, 2, 3, 3), {"padding": "full"}),
}


def draw(rng, dtype, shape):
    """Integers of the whole range of a dtype, its limits often."""
    limits = np.iinfo(dtype)
    a = rng.integers(limits.min, limits.max, shape, dtype, endpoint=True)
    return np.where(rng.random(shape) < 0.3, rng.choice([limits.min, limits.max], shape), a).astype(dtype)


@pytest.mark.clause("fast.dtype", "number.integer-modulo")
@pytest.mark.parametrize("name", LAYERS)
@pytest.mark.parametrize("of_x", NARROW)
def test_every_pair_of_narrow_dtypes(name, of_x, monkeypatch):
    """Beside the sums of wide operands, which are not joined."""
    monkeypatch.setattr(lanes, "LEAST", 1)
    rng = np.random.default_rng(3)
    shape, taps, keywords = LAYERS[name]
    for of_w in (*NARROW, "int64"):
        x, w, b = draw(rng, of_x, shape), draw(rng, of_w, taps), draw(rng, "int64", taps[:1])
        if of_w == "int64":
            w %= 100
        wide = fast.conv(x.astype(np.int64), w, b, **keywords)
        for dtype in (np.int32, "uint8", "int64", None):
            y = fast.conv(x, w, b, **keywords, dtype=dtype)
            np.testing.assert_array_equal(y, wide.astype(dtype or np.int64), strict=True)
        plan = fast.plan_conv(w, b, **keywords, dtype="int16")
        for some in (
            x,
            x[:, ::-1][..., ::-1].copy()[:, ::-1][..., ::-1],
            np.asfortranarray(x),
            x.astype(x.dtype.newbyteorder()),
        ):
            np.testing.assert_array_equal(plan(some, num_threads=2), wide.astype(np.int16))
        assert plan(x[:0]).shape == (0, *wide.shape[1:])


TRANSPOSED = {
    "tails of channels": ((3, 5, 17, 23), (5, 7, 3, 3), {"padding": 1}),
    "groups, phases": (
        (2, 12, 9, 11),
        (12, 4, 3, 2),
        {"padding": (2, 1), "groups": 2, "stride": 2, "output_padding": 1},
    ),
    "outputs of the bias alone": ((1, 6, 9, 11), (6, 4, 2, 1), {"stride": 3, "dilation": 3}),
    "a volume": ((1, 6, 4, 5, 4), (6, 2, 2, 2, 2), {"groups": 2, "stride": (2, 1, 2)}),
}


@pytest.mark.clause("fast.dtype", "number.integer-modulo")
@pytest.mark.parametrize("name", TRANSPOSED)
@pytest.mark.parametrize("of_x", NARROW)
def test_transposed(name, of_x, monkeypatch):
    monkeypatch.setattr(lanes, "LEAST", 1)
    rng = np.random.default_rng(4)
    shape, taps, keywords = TRANSPOSED[name]
    for of_w in NARROW:
        x, w = draw(rng, of_x, shape), draw(rng, of_w, taps)
        b = draw(rng, "int64", (taps[1] * keywords.get("groups", 1),))
        wide = fast.conv_transpose(x.astype(np.int64), w, b, **keywords)
        for dtype in (np.int32, "uint8", "int64", None):
            y = fast.conv_transpose(x, w, b, **keywords, dtype=dtype)
            np.testing.assert_array_equal(y, wide.astype(dtype or np.int64), strict=True)
        plan = fast.plan_conv_transpose(w, b, **keywords, dtype=np.uint32)
        np.testing.assert_array_equal(plan(np.asfortranarray(x)), wide.astype(np.uint32))


@pytest.mark.clause("fast.isa")
@pytest.mark.parametrize("isa", fast.available_isas()[1:])
def test_every_isa_gives_the_same_integers(isa):
    pass_under(isa, __file__, "every_pair or transposed")


@pytest.mark.clause("number.integers", "number.integer-modulo")
@pytest.mark.parametrize(("of_x", "of_w"), list(product(NARROW, NARROW)))
def test_the_greatest_sums(of_x, of_w, monkeypatch):
    """All products are the greatest or the least there are: no pair, no four of them saturate, and wide sums stay wide."""
    monkeypatch.setattr(lanes, "LEAST", 1)
    for end_x, end_w in product(("min", "max"), repeat=2):
        x = np.full((1, 520, 5, 20), getattr(np.iinfo(of_x), end_x), of_x)
        w = np.full((2, 520, 3, 3), getattr(np.iinfo(of_w), end_w), of_w)
        one = int(x.flat[0]) * int(w.flat[0])
        y = fast.conv(x, w)
        assert y.dtype == (np.int32 if x.dtype.itemsize == w.dtype.itemsize == 1 else np.int64)
        assert (y == one * 520 * 9).all()
        np.testing.assert_array_equal(fast.conv(x, w, dtype=np.int32), np.int64(one * 520 * 9).astype(np.int32))


@pytest.mark.clause("number.integer-modulo", "fast.threads", "fast.batch")
def test_many_images_are_joined_in_parts(monkeypatch):
    monkeypatch.setattr(lanes, "BUFFER", 3 * 4 * 2 * 20 * 30)
    rng = np.random.default_rng(5)
    x, w = draw(rng, "int8", (8, 7, 20, 30)), draw(rng, "int8", (9, 7, 3, 3))
    y = fast.conv(x, w, padding=1)
    np.testing.assert_array_equal(y, fast.conv(x.astype(np.int64), w, padding=1))
    np.testing.assert_array_equal(fast.conv(x, w, padding=1, num_threads=3), y)
    at = [(7, 8, 19, 29), (0, 0, 0, 0), (4, 3, 10, 11)]
    np.testing.assert_array_equal([y[i] for i in at], reference.conv(x, w, padding=1, at=at))


def test_calls_at_once_join_apart():
    joined, x, smaller = lanes.Joined(False, 1, 0), np.ones((2, 5, 40, 300), np.int8), np.ones((1, 5, 40, 300), np.int8)
    with joined.room(x) as a, joined.room(x) as b:
        assert a.ctypes.data % 64 == b.ctypes.data % 64 == 0
        assert a.shape == b.shape == joined.shape(x) == (2, 2, 40, 300)
        assert not np.shares_memory(a, b)
    with joined.room(smaller) as c:
        assert c.shape == joined.shape(smaller)
        assert np.shares_memory(a, c) or np.shares_memory(b, c)


@pytest.mark.clause("fast.dtype", "fast.out")
@pytest.mark.parametrize("op", ["conv", "conv_transpose", "local_conv", "tiled_conv"])
def test_the_dtype_of_every_layer(op):
    rng = np.random.default_rng(6)
    x, b = draw(rng, "int16", (2, 3, 5, 6)), draw(rng, "int32", (3,))
    kernels = {"local_conv": (4, 5), "tiled_conv": (2, 1)}.get(op, ())
    w = draw(rng, "int64", (3, *kernels, 3, 2, 2))
    b = np.broadcast_to(b.reshape(3, *(1,) * len(kernels)), (3, *kernels))
    f = getattr(fast, op)
    wide = f(x, w, b)
    for dtype in ("int8", np.uint16, np.int32, np.dtype("uint64")):
        out = np.empty(wide.shape[::-1], dtype).T
        assert f(x, w, b, dtype=dtype, out=out) is out
        np.testing.assert_array_equal(out, wide.astype(dtype))
        np.testing.assert_array_equal(f(x, w, b, dtype=dtype), out, strict=True)
    for refused in ({"dtype": "float32"}, {"dtype": bool}, {"dtype": np.int8, "out": np.empty_like(wide)}):
        with pytest.raises(SpecError):
            f(x, w, b, **refused)
    with pytest.raises(SpecError) as error:
        f(x.astype(float), w, b, dtype=np.int32)
    assert error.value.clause == "fast.dtype"
