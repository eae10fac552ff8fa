"""Unshared and sparsely shared kernels over batches of every kind against the oracle's chain, on every instruction set."""

import numpy as np
import pytest
from test_fast_chain import assert_same_bits, sample
from test_fast_strides import channels_last, isa  # noqa: F401

from convspec import fast, reference

CASES = {
    "a vector and some": ((20, 3, 9, 11), (5, 3, 3), {"padding": 1}),
    "two vectors": ((33, 2, 5, 7), (3, 3, 2), {"padding": ((1, 0), (0, 1))}),
    "four vectors": ((50, 2, 4, 5), (11, 2, 2), {}),
    "half a vector": ((8, 4, 6, 40), (12, 3, 3), {"groups": 2}),
    "few": ((3, 4, 6, 18), (12, 3, 3), {"padding": 1, "groups": 2}),
    "one": ((1, 4, 6, 18), (4, 3, 3), {"padding": 1}),
    "one by steps": ((1, 3, 11, 23), (13, 3, 4), {"stride": (2, 3), "padding": 1}),
    "one with gaps": ((1, 3, 9, 43), (4, 2, 2), {"stride": (3, 5)}),
    "one dilated": ((1, 6, 12, 40), (4, 3, 3), {"dilation": (2, 3), "padding": 3, "groups": 2}),
    "one volume": ((1, 4, 4, 5, 19), (6, 2, 3, 2), {"padding": 1, "groups": 2}),
    "one line": ((1, 130, 50), (3, 4), {"padding": 2}),
    "two of many channels": ((2, 70, 6, 32), (3, 3, 3), {"padding": ((0, 1), (1, 0))}),
    "wide": ((16, 1, 3, 70), (2, 3, 5), {"padding": 2}),
    "strided": ((17, 3, 11, 23), (13, 3, 4), {"stride": (2, 3), "padding": 1}),
    "dilated": ((16, 2, 12, 17), (4, 3, 3), {"dilation": (2, 3), "padding": 3}),
    "bands": ((40, 2, 40, 6), (7, 3, 3), {"padding": 1}),
    "bands by steps": ((16, 3, 61, 9), (3, 3, 2), {"stride": (2, 1), "dilation": (3, 2), "padding": 2}),
    "volume of bands": ((9, 1, 3, 17, 4), (2, 2, 2, 3), {"padding": 1}),
    "line": ((16, 5, 37), (9, 4), {"padding": 2}),
    "volume": ((18, 2, 4, 5, 6), (3, 2, 3, 2), {"padding": 1}),
    "pointwise": ((24, 70, 3, 4), (21, 1, 1), {}),
    "mostly padding": ((16, 2, 3, 2), (3, 5, 5), {"padding": 3}),
    "no channel": ((16, 0, 3, 4), (3, 2, 2), {}),
}


def drawn(name, dtype, tiles=None):
    """x, w, b, dy and the keywords; kernels for each position, or `tiles` along each axis."""
    shape, (outputs, *taps), keywords = CASES[name]
    random = np.random.default_rng(len(name))
    channels = shape[1] // keywords.get("groups", 1)
    full = np.zeros((outputs, channels, *taps))
    places = reference.conv(np.zeros((1, *shape[1:])), full, **keywords, stepwise=True).shape[2:]
    kernels = places if tiles is None else tuple(min(n, tiles) for n in places)
    shapes = (shape, (outputs, *kernels, channels, *taps), (outputs, *kernels), (shape[0], outputs, *places))
    return *((random.standard_normal(s) * 50).astype(dtype) for s in shapes), keywords


def assert_chain(op, arguments, keywords, y, **given):
    """`y`, one thread's result, is the chain; any number of threads gives the same bits."""
    at = sample(y, 5) if y.size else []
    expected = getattr(reference, op)(*arguments, **keywords, stepwise=True, at=at)
    assert_same_bits(np.array([y[i] for i in at], y.dtype), expected if at else expected.astype(y.dtype))
    for threads in (2, 5):
        assert_same_bits(getattr(fast, op)(*arguments, **keywords, **given, num_threads=threads), y)


@pytest.mark.clause("local_conv.formula", "tiled_conv.formula", "number.chain", "fast.isa", "fast.threads")
@pytest.mark.parametrize("tiles", [None, 2])
@pytest.mark.parametrize("dtype", ["float32", "float64", "int32"])
@pytest.mark.parametrize("name", CASES)
def test_batches(isa, name, dtype, tiles):  # noqa: F811
    x, w, b, _, keywords = drawn(name, dtype, tiles)
    op = "local_conv" if tiles is None else "tiled_conv"
    for bias in (b, None):
        y = getattr(fast, op)(x, w, bias, **keywords, num_threads=1)
        assert_chain(op, (x, w, bias), keywords, y)
    assert_same_bits(getattr(fast, op)(channels_last(x)[::-1], w, **keywords), y[::-1])
    some = getattr(fast, op)(x[:1], w, **keywords)
    assert_same_bits(y[:1], some)


@pytest.mark.clause("gradient.chain", "local_conv.grad-input", "local_conv.grad-weight", "fast.isa", "fast.threads")
@pytest.mark.parametrize("tiles", [None, 2])
@pytest.mark.parametrize("dtype", ["float32", "float64", "int32"])
@pytest.mark.parametrize("name", CASES)
def test_gradients(isa, name, dtype, tiles):  # noqa: F811
    x, w, _, dy, keywords = drawn(name, dtype, tiles)
    op = "local_conv" if tiles is None else "tiled_conv"
    for by, operand, shape in (("input", w, x.shape), ("weight", x, w.shape)):
        name = f"{op}_grad_{by}"
        out = np.full(shape, 99, "int64" if dtype == "int32" else dtype)
        getattr(fast, name)(dy, operand, shape, **keywords, num_threads=1, algorithm="direct", out=out)
        assert_chain(name, (dy, operand, shape), keywords, out, algorithm="direct")


@pytest.mark.clause("local_conv.grad-weight", "call.initialised")
def test_no_image_leaves_zeros():
    x, dy = np.ones((0, 2, 4, 5), np.float32), np.ones((0, 3, 3, 4), np.float32)
    for op, kernels in (("local_conv", (3, 4)), ("tiled_conv", (2, 2))):
        out = np.full((3, *kernels, 2, 2, 2), np.nan, np.float32)
        getattr(fast, f"{op}_grad_weight")(dy, x, out.shape, out=out)
        assert not out.any()


@pytest.mark.clause("tiled_conv.grad-input", "tiled_conv.formula")
@pytest.mark.parametrize("tiles", [(2, 2), (3, 5), (1, 4), (4, 1)])
@pytest.mark.parametrize("S", [(1, 9), (9, 1), (2, 3)])
def test_more_kernels_than_positions(S, tiles):
    random = np.random.default_rng(4)
    w, x = random.standard_normal((3, *tiles, 2, 1, 1)), random.standard_normal((2, 2, *S))
    dy = random.standard_normal((2, 3, *S))
    assert_same_bits(fast.tiled_conv(x, w), reference.tiled_conv(x, w, stepwise=True))
    for by, operand, shape in (("input", w, x.shape), ("weight", x, w.shape)):
        name = f"tiled_conv_grad_{by}"
        expected = getattr(reference, name)(dy, operand, shape, stepwise=True)
        assert_same_bits(getattr(fast, name)(dy, operand, shape), expected)
