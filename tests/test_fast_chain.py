"""fast against the oracle's chain: the same bits, on every instruction set, thread count, batch split and layout."""

import fast_cases
import numpy as np
import pytest

from convspec import SpecError, fast, reference

SEEDS = range(40)
SAMPLE = 10


def assert_same_bits(y, expected):
    assert y.dtype == expected.dtype
    np.testing.assert_array_equal(y, expected, strict=True)


def sample(y, seed):
    """Some indices of `y`, its corners among them."""
    flat = np.random.default_rng(seed).integers(0, y.size, SAMPLE).tolist()
    return [tuple(int(i) for i in np.unravel_index(i, y.shape)) for i in (0, y.size - 1, *flat)]


@pytest.mark.clause("fast.algorithm", "number.chain")
@pytest.mark.parametrize("op", fast_cases.OPERATORS)
def test_chain(op):
    computed = 0
    for seed in SEEDS:
        arguments, keywords = fast_cases.draw_call(op, seed)
        try:
            y = getattr(fast, op)(*arguments, **keywords, algorithm="direct")
        except SpecError:
            with pytest.raises(SpecError):
                getattr(reference, op)(*arguments, **keywords, stepwise=True)
            continue
        if y.size:
            at = sample(y, seed)
            expected = getattr(reference, op)(*arguments, **keywords, stepwise=True, at=at)
            assert_same_bits(np.array([y[i] for i in at]), expected)
            computed += 1
    assert computed >= len(SEEDS) // 3


@pytest.mark.clause("fast.isa", "number.chain")
@pytest.mark.parametrize("isa", fast.available_isas())
def test_every_isa_gives_the_same_bits(isa):
    printed = fast_cases.printed_under(isa, fast_cases.__file__, len(SEEDS))
    assert printed[0] == isa
    assert printed[1:-1] == fast_cases.digests(SEEDS)


LAYERS = {
    "outputs": ((2, 20, 30, 30), (40, 20, 3, 3), {"padding": 1}),
    "strided": ((3, 16, 41, 37), (64, 16, 5, 3), {"padding": 2, "stride": 2}),
    "pixels": ((2, 3, 64, 65), (10, 3, 7, 7), {"padding": 3, "stride": (2, 3)}),
    "grouped": ((1, 32, 56, 56), (64, 4, 3, 3), {"padding": 1, "groups": 8}),
    "depthwise": ((2, 48, 33, 47), (48, 1, 3, 3), {"padding": 1, "groups": 48}),
    "depthwise strided": ((2, 16, 33, 47), (16, 1, 3, 3), {"padding": (1, 2), "stride": 2, "groups": 16}),
    "depthwise 7x7": ((1, 16, 40, 77), (16, 1, 7, 7), {"padding": 3, "groups": 16}),
    "depthwise 5x5, groups left over": ((2, 37, 20, 23), (37, 1, 5, 5), {"padding": 2, "groups": 37}),
    "depthwise 5x5, few columns": ((1, 18, 40, 3), (18, 1, 5, 5), {"padding": 4, "groups": 18}),
    "depthwise line": ((1, 20, 300), (20, 1, 25), {"padding": 12, "dilation": 2, "groups": 20}),
    "depthwise thick": ((1, 17, 9, 10, 11), (17, 1, 3, 3, 3), {"padding": 1, "stride": (1, 2, 1), "groups": 17}),
    "depthwise 5x4": ((1, 16, 40, 77), (16, 1, 5, 4), {"padding": 3, "groups": 16, "stride": 2}),
    "depthwise dilated": ((1, 12, 30, 20), (24, 1, 9, 3), {"padding": (9, 3), "groups": 12, "dilation": (2, 3)}),
    "depthwise narrow": ((1, 24, 14, 14), (24, 1, 3, 3), {"padding": 1, "groups": 24}),
    "depthwise volume": ((1, 6, 9, 14, 37), (6, 1, 3, 3, 3), {"padding": 1, "groups": 6}),
    "depthwise wide": ((1, 1, 50, 3000), (2, 1, 3, 3), {"padding": 1}),
    "pointwise": ((1, 64, 28, 28), (96, 64, 1, 1), {}),
    "pointwise strided": ((2, 40, 29, 28), (96, 40, 1, 1), {"stride": 2}),
    "pointwise far apart": ((1, 20, 40, 55), (40, 20, 1, 1), {"stride": 5, "padding": 2}),
    "patches": ((2, 3, 49, 64), (64, 3, 16, 16), {"stride": 16}),
    "strided, dilated": ((1, 20, 40, 50), (48, 20, 3, 3), {"padding": 2, "stride": 3, "dilation": 2}),
    "line": ((2, 16, 6000), (24, 16, 9), {"padding": 4, "dilation": 3}),
    "volume": ((1, 8, 13, 14, 15), (16, 8, 3, 3, 3), {"padding": 1}),
    "wide kernel": ((1, 1, 300, 300), (1, 1, 11, 11), {"padding": 5}),
    "small maps": ((1, 64, 7, 7), (130, 64, 3, 3), {"padding": 1}),
    "few columns": ((2, 16, 40, 3), (40, 16, 3, 3), {"padding": 1}),
    "large kernel, small maps": ((2, 12, 14, 14), (40, 12, 9, 9), {"padding": 4}),
    "large kernel, narrow maps": ((2, 3, 11, 9), (6, 3, 7, 7), {"padding": 3}),
    "far taps": ((1, 16, 33, 33), (40, 16, 3, 3), {"padding": 24, "dilation": 24}),
    "far taps, wide": ((1, 3, 20, 90), (4, 3, 3, 3), {"padding": 40, "dilation": 40, "stride": 2}),
    "thick": ((1, 8, 4, 9, 10), (20, 8, 5, 3, 3), {"padding": (2, 1, 1)}),
    "depthwise 7x7, small maps": ((1, 20, 9, 8), (20, 1, 7, 7), {"padding": 3, "groups": 20}),
    "sparse": ((1, 2, 5, 5), (3, 2, 3, 3), {"padding": 3000, "dilation": 3000}),
}


def draw_layer(name, dtype):
    x_shape, w_shape, keywords = LAYERS[name]
    rng = np.random.default_rng(7)
    x, w, b = (rng.standard_normal(shape) * 100 for shape in (x_shape, w_shape, w_shape[:1]))
    return x.astype(dtype), w.astype(dtype), b.astype(dtype), keywords


@pytest.mark.clause("fast.threads", "fast.batch", "number.chain")
@pytest.mark.parametrize("dtype", ["float32", "float64", "int32"])
@pytest.mark.parametrize("name", LAYERS)
def test_layers(name, dtype):
    x, w, b, keywords = draw_layer(name, dtype)
    keywords = {**keywords, "algorithm": "direct"}
    y = fast.conv(x, w, b, **keywords, num_threads=2)
    at = sample(y, 1)
    expected = reference.conv(x, w, b, **LAYERS[name][2], stepwise=True, at=at)
    assert_same_bits(np.array([y[i] for i in at]), expected)
    for threads in (1, 3):
        assert_same_bits(fast.conv(x, w, b, **keywords, num_threads=threads), y)
    images = [fast.conv(x[n : n + 1], w, b, **keywords) for n in range(len(x))]
    assert_same_bits(np.concatenate(images), y)


@pytest.mark.clause("conv.padded-tap", "number.chain")
@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("name", [name for name in LAYERS if "padding" in LAYERS[name][2] and name != "sparse"])
def test_weights_over_padding_are_finite_or_seen(name, dtype):
    x, w, b, keywords = draw_layer(name, dtype)
    y = fast.conv(x, w, b, **keywords, algorithm="direct")
    for tap in (0, -1):
        spoiled = w.copy()
        spoiled[-1].reshape(-1)[tap] = np.nan if tap else np.inf
        seen = fast.conv(x, spoiled, b, **keywords, algorithm="direct")
        assert_same_bits(seen[:, :-1], y[:, :-1])
        assert not np.isfinite(seen[:, -1]).any()
        corner = seen[0, -1].reshape(-1)[tap]
        assert np.isnan(corner)  # infinity by a zero of the padding, or NaN


@pytest.mark.clause("conv.padded-tap")
@pytest.mark.parametrize("tap", [0, -1])
def test_a_plan_knows_its_own_weights(tap):
    x, w, b, keywords = draw_layer("small maps", "float32")
    spoiled = w.copy()
    spoiled[40].reshape(-1)[tap] = np.nan
    plans = [fast.plan_conv(one, b, **keywords, algorithm="direct") for one in (w, spoiled)]
    y, seen = (plan(x) for plan in plans)
    assert np.isfinite(y).all()
    assert np.isnan(seen[:, 40]).all()
    assert_same_bits(np.delete(seen, 40, 1), np.delete(y, 40, 1))


@pytest.mark.clause("call.strides", "call.byte-order", "call.read-only")
def test_layouts():
    x, w, b, keywords = draw_layer("outputs", "float32")
    y = fast.conv(x, w, b, **keywords)
    frozen = x.copy()
    frozen.flags.writeable = False
    shifted = np.frombuffer(b"\0" + x.tobytes(), dtype=np.uint8)[1:].view("float32").reshape(x.shape)
    layouts = [np.asfortranarray(x), x[::-1, :, ::-1].copy()[::-1, :, ::-1], x.astype(">f4"), frozen, shifted]
    for other in layouts:
        assert_same_bits(fast.conv(other, np.asfortranarray(w), b[::-1].copy()[::-1], **keywords), y)
    spread = np.broadcast_to(x[:, :1], x.shape)
    assert_same_bits(fast.conv(spread, w, b, **keywords), fast.conv(spread.copy(), w, b, **keywords))


POOLS = {
    "halves": ((2, 3, 40, 70), 2, {}),
    "in place, two edges": ((2, 3, 21, 85), 3, {"stride": 2, "padding": 1}),
    "in place, one apart": ((1, 3, 19, 37), 3, {"stride": 1, "padding": 1}),
    "squares of two": ((2, 5, 15, 15), 2, {"stride": 1}),
    "squares of five": ((1, 3, 30, 57), 5, {"stride": 1, "padding": 2}),
    "squares two apart": ((2, 5, 35, 35), 3, {"stride": 2}),
    "squares, bands of rows": ((1, 2, 90, 150), 3, {"stride": 1, "padding": (1, 2)}),
    "squares beyond the edges": ((1, 3, 6, 16), 3, {"stride": 2, "padding": 2, "ceil_mode": True}),
    "strips": ((1, 3, 30, 60), 9, {"stride": 2, "padding": 4}),
    "strips of many runs": ((1, 2, 50, 90), (5, 4), {"stride": (2, 3), "padding": (2, 1), "dilation": 2}),
    "small planes": ((3, 23, 13, 13), 3, {"stride": 2, "padding": 1, "ceil_mode": True}),
    "whole planes": ((3, 23, 7, 7), 7, {}),
    "whole large planes": ((1, 37, 14, 13), (14, 13), {}),
    "whole tiny planes": ((1, 21, 1, 3), (1, 3), {}),
    "some rows of planes": ((1, 37, 9, 6), (4, 6), {}),
    "volumes": ((1, 17, 6, 7, 8), 3, {"stride": 2, "padding": 1}),
    "empty windows": ((1, 20, 5, 3), 1, {"stride": 2, "padding": 3}),
    "dilated": ((2, 3, 20, 50), 3, {"stride": 1, "padding": 3, "dilation": 3}),
    "rows of taps beyond both edges": ((1, 2, 4, 40), (5, 3), {"stride": 1, "padding": (12, 3), "dilation": 3}),
    "thin volumes": ((1, 2, 5, 9, 40), 3, {"stride": 1, "padding": 1}),
    "thirds": ((2, 3, 17, 71), 3, {"padding": 1}),
    "fourths": ((2, 3, 16, 83), 4, {}),
    "line": ((1, 2, 9000), 4, {"stride": 3, "padding": 2}),
    "three apart": ((2, 3, 20, 104), 3, {"padding": 1, "ceil_mode": True}),
    "four apart": ((2, 3, 13, 75), 4, {"padding": ((1, 2), (2, 1)), "ceil_mode": True}),
}


@pytest.mark.clause("avg_pool.value", "number.chain")
@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("size", [3, 4])
@pytest.mark.parametrize("windows", [4, 7, 8, 9, 15, 16, 17, 33])
def test_averages_side_by_side_of_every_width(windows, size, dtype):
    """Windows that begin in the padding, or end beyond the row."""
    for beyond in range(-1, size):
        width = size * windows - beyond
        x = np.random.default_rng(width).standard_normal((1, 2, size * 2 + 1, width)).astype(dtype)
        for left in range(size):
            padded = {"padding": ((1, 1), (left, 1)), "ceil_mode": True}
            y = fast.avg_pool(x, size, **padded)
            assert_same_bits(y, reference.avg_pool(x, size, **padded, stepwise=True))


@pytest.mark.clause("fast.threads", "fast.batch", "number.chain")
@pytest.mark.parametrize(("op", "dtype"), [
    ("max_pool", "float32"), ("max_pool", "float64"), ("max_pool", "uint8"), ("max_pool", "int32"), ("avg_pool", "float32"),
    ("avg_pool", "int16"), ("lp_pool", "float32"), ("lp_pool", "float64"),
])  # fmt: skip
@pytest.mark.parametrize("name", POOLS)
def test_pools(name, op, dtype):
    shape, size, keywords = POOLS[name]
    rng = np.random.default_rng(7)
    x = (rng.standard_normal(shape) * 100).astype(dtype)
    if x.dtype.kind == "f":
        x[rng.random(shape) < 0.01] = np.nan
    y = getattr(fast, op)(x, size, **keywords, num_threads=2)
    at = sample(y, 1)
    expected = getattr(reference, op)(x, size, **keywords, stepwise=True, at=at)
    assert_same_bits(np.array([y[i] for i in at]), expected)
    assert_same_bits(getattr(fast, op)(x, size, **keywords, num_threads=1), y)
    assert_same_bits(
        np.concatenate([getattr(fast, op)(x[:, c : c + 1], size, **keywords) for c in range(shape[1])], 1), y
    )


def test_huge_windows_are_cut_to_the_input():
    x = np.arange(12, dtype=np.float32).reshape(1, 1, 3, 4)
    size, padding = 2**20 + 1, 2**19
    assert_same_bits(fast.max_pool(x, size, stride=size, padding=padding), np.full((1, 1, 1, 1), 11, np.float32))
    assert_same_bits(fast.avg_pool(x, size, stride=size, padding=padding), np.full((1, 1, 1, 1), 5.5, np.float32))


@pytest.mark.clause("number.norm-bound")
def test_a_transposed_kernel_that_meets_no_output_leaves_the_bias():
    x, w, b = np.ones((2, 3, 2)), np.ones((3, 4, 1)), np.arange(4.0)
    y = fast.conv_transpose(x, w, b, stride=5, padding=1)
    assert_same_bits(y, np.broadcast_to(b[:, None], (2, 4, 4)))


@pytest.mark.parametrize("p", [1.5, 3, 7.25])
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_other_norms_obey_their_bound(p, dtype):
    rng = np.random.default_rng(3)
    x = rng.uniform(0.1, 10, (2, 3, 20, 21)).astype(dtype)
    y, exact = (f(x, (3, 2), p=p, padding=1) for f in (fast.lp_pool, reference.lp_pool))
    sums = np.power(exact.astype(np.float64), p)
    bound = (6 + 4 + np.abs(np.log(sums))) * np.finfo(dtype).eps / 2
    error = np.abs(y.astype(np.longdouble) - exact) / exact
    assert (error <= bound + np.finfo(dtype).eps / 2).all()


@pytest.mark.clause("conv.grad-input", "call.in-bounds")
@pytest.mark.parametrize("padding", [0, 1])
@pytest.mark.parametrize("taps", [2, 3, 4])
def test_depthwise_kernels_two_apart_at_the_edges_of_stripes(taps, padding):
    """Some vectors of columns at a time: first and last ones, those that exist in part, and those within. Exact in integers."""
    rng = np.random.default_rng(taps)
    for width in (*range(taps, 20), 31, 32, 33, 47, 63, 64, 65, 97, 112, 129):
        w, shape = rng.integers(-5, 6, (3, 1, taps, taps)), (2, 3, 11, width)
        columns = (width + 2 * padding - taps) // 2 + 1
        dy = rng.integers(-9, 10, (2, 3, (11 + 2 * padding - taps) // 2 + 1, columns))
        keywords = {"stride": 2, "padding": padding, "groups": 3}
        dx = fast.conv_grad_input(dy.astype(np.float32), w.astype(np.float32), shape, **keywords)
        np.testing.assert_array_equal(dx, fast.conv_grad_input(dy, w, shape, **keywords))
