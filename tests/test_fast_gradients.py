"""The gradients of fast against the oracle's chain: the same bits, on every instruction set and thread count."""

import fast_cases
import gradient_cases
import numpy as np
import pytest
from test_fast_chain import assert_same_bits, sample

from convspec import GRADIENTS, SpecError, fast, reference

SEEDS = range(30)


@pytest.mark.clause("fast.algorithm", "gradient.chain")
@pytest.mark.parametrize("op", GRADIENTS)
def test_chain(op):
    computed = 0
    for seed in SEEDS:
        call = gradient_cases.draw_gradient(op, seed)
        if call is None:
            continue
        arguments, keywords = call
        y = getattr(fast, op)(*arguments, **keywords, algorithm="direct")
        if y.size:
            at = sample(y, seed)
            expected = getattr(reference, op)(*arguments, **keywords, stepwise=True, at=at)
            assert_same_bits(np.array([y[i] for i in at]), expected)
            computed += 1
    assert computed >= len(SEEDS) // 4


@pytest.mark.clause("fast.isa", "gradient.chain")
@pytest.mark.parametrize("isa", fast.available_isas())
def test_every_isa_gives_the_same_bits(isa):
    printed = fast_cases.printed_under(isa, gradient_cases.__file__, len(SEEDS))
    assert printed[0] == isa
    assert printed[1:-1] == gradient_cases.digests(SEEDS)


LAYERS = {
    "outputs": ((2, 20, 30, 30), (40, 20, 3, 3), {"padding": 1}),
    "strided": ((3, 16, 41, 37), (64, 16, 5, 3), {"padding": 2, "stride": 2}),
    "first": ((2, 3, 64, 65), (96, 3, 3, 3), {"padding": 1}),
    "grouped": ((1, 32, 56, 56), (64, 4, 3, 3), {"padding": 1, "groups": 8}),
    "wide groups": ((2, 24, 20, 23), (72, 12, 3, 3), {"padding": 1, "groups": 2}),
    "depthwise": ((2, 48, 33, 47), (48, 1, 3, 3), {"padding": 1, "groups": 48}),
    "depthwise 7x7": ((1, 20, 33, 40), (20, 1, 7, 7), {"padding": 3, "groups": 20}),
    "depthwise apart": ((1, 20, 33, 40), (20, 1, 3, 3), {"padding": 2, "dilation": (2, 1), "groups": 20}),
    "depthwise volume": ((1, 6, 7, 12, 40), (6, 1, 3, 2, 3), {"padding": 1, "groups": 6}),
    "depthwise strided": ((2, 20, 33, 40), (20, 1, 3, 3), {"padding": 1, "stride": 2, "groups": 20}),
    "patches": ((2, 3, 48, 64), (40, 3, 16, 16), {"stride": 16}),
    "patches and a rest": ((2, 3, 50, 66), (40, 3, 16, 16), {"stride": 16}),
    "rows of patches": ((2, 2, 20, 60), (24, 2, 3, 6), {"stride": (2, 6), "padding": ((1, 0), 0)}),
    "pointwise": ((2, 64, 28, 28), (96, 64, 1, 1), {}),
    "line": ((2, 16, 6000), (24, 16, 9), {"padding": 4, "dilation": 3}),
    "volume": ((2, 8, 13, 14, 15), (16, 8, 3, 3, 3), {"padding": 1}),
    "image": ((1, 1, 90, 130), (1, 1, 3, 3), {"padding": 1}),
    "small maps": ((3, 64, 7, 7), (130, 64, 3, 3), {"padding": 1}),
    "vectors": ((20, 30, 1, 1), (50, 30, 1, 1), {}),
}


@pytest.mark.clause("fast.threads", "gradient.chain")
@pytest.mark.parametrize("dtype", ["float32", "float64", "int32"])
@pytest.mark.parametrize("name", LAYERS)
def test_layers(name, dtype):
    x_shape, w_shape, keywords = LAYERS[name]
    rng = np.random.default_rng(7)
    x, w = ((rng.standard_normal(shape) * 100).astype(dtype) for shape in (x_shape, w_shape))
    dy = (rng.standard_normal(fast.conv(x, w, **keywords).shape) * 100).astype(dtype)
    calls = {
        "conv_grad_input": ((dy, w, x.shape), keywords),
        "conv_grad_weight": ((dy, x, w.shape), keywords),
        "conv_grad_bias": ((dy,), {}),
    }
    for op, (arguments, given) in calls.items():
        y = getattr(fast, op)(*arguments, **given, algorithm="direct", num_threads=2)
        at = sample(y, 1)[:4]
        assert_same_bits(
            np.array([y[i] for i in at]), getattr(reference, op)(*arguments, **given, stepwise=True, at=at)
        )
        for threads in (1, 3, 16):
            assert_same_bits(getattr(fast, op)(*arguments, **given, algorithm="direct", num_threads=threads), y)


POOLS = {
    "tall": ((1, 2, 400, 60), (3, 3), {"stride": 2, "padding": 1}),
    "wide": ((1, 1, 4, 9000), (2, 3), {"stride": (1, 3), "ceil_mode": True}),
    "line": ((1, 2, 40000), (5,), {"stride": 1, "padding": 2, "dilation": 2}),
    "many": ((5, 30, 7, 9), (2, 3), {"stride": (2, 1)}),
    "halves": ((2, 3, 50, 75), (2, 2), {"ceil_mode": True}),
    "overlapping": ((2, 3, 50, 75), (3, 3), {"stride": 2, "padding": 1, "ceil_mode": True}),
    "thirds": ((1, 3, 40, 150), (4, 5), {"stride": 3, "padding": 2}),
    "fifths": ((1, 3, 40, 90), (2, 3), {"stride": 5, "padding": 1, "dilation": 2}),
    "apart": ((1, 3, 40, 90), (3, 2), {"stride": (1, 2), "padding": (2, 0), "dilation": (3, 2)}),
    "narrow": ((2, 3, 30, 21), (3, 3), {"stride": 2, "dilation": (1, 2)}),
    "mostly padding": ((2, 3, 5, 4), (6, 5), {"stride": 2, "padding": 2}),
    "one window": ((3, 40, 7, 9), (4, 5), {"stride": (4, 5)}),
    "one padded window": ((2, 21, 5, 6), (7, 8), {"stride": 8, "padding": (1, 2)}),
}


@pytest.mark.clause("fast.threads", "gradient.chain", "call.initialised")
@pytest.mark.parametrize("images", [0, 1, 2, 7])
@pytest.mark.parametrize("groups", [1, 3])
def test_threads_share_the_terms_of_a_panel(images, groups):
    random = np.random.default_rng(8)
    x, dy = (random.standard_normal((images, channels, 16, 17), np.float32) for channels in (12, 51))
    keywords, shape = {"padding": 1, "groups": groups, "algorithm": "direct"}, (51, 12 // groups, 3, 3)
    first = fast.conv_grad_weight(dy, x, shape, **keywords, num_threads=1)
    at = sample(first, 3)
    chain = reference.conv_grad_weight(dy, x, shape, padding=1, groups=groups, stepwise=True, at=at)
    assert_same_bits(np.array([first[i] for i in at]), chain)
    for threads in (2, 3, 8, 40):
        out = np.full(shape, np.nan, np.float32)
        assert fast.conv_grad_weight(dy, x, shape, **keywords, num_threads=threads, out=out) is out
        assert_same_bits(out, first)


@pytest.mark.clause("fast.threads", "gradient.chain")
@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("name", POOLS)
def test_pools(name, dtype):
    shape, size, keywords = POOLS[name]
    x = np.random.default_rng(9).integers(-4, 5, shape).astype(dtype)
    dy = np.random.default_rng(8).standard_normal(fast.max_pool(x, size, **keywords).shape).astype(dtype)
    calls = {
        "max_pool_grad": (x, keywords),
        "avg_pool_grad": (x.shape, keywords),
        "lp_pool_grad": (x, keywords | {"p": 1}),
        "lp_pool_grad ": (x, keywords | {"p": 2}),
    }
    for op, (operand, given) in calls.items():
        y = getattr(fast, op.strip())(dy, operand, size, **given, num_threads=2)
        at = sample(y, 1)[:4]
        expected = getattr(reference, op.strip())(dy, operand, size, **given, stepwise=True, at=at)
        assert_same_bits(np.array([y[i] for i in at]), expected)
        for threads in (1, 3):
            assert_same_bits(getattr(fast, op.strip())(dy, operand, size, **given, num_threads=threads), y)


@pytest.mark.clause("gradient.chain", "conv.grad-input", "call.in-bounds")
@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("kernel", [(3, 3), (4, 2), (5, 5), (3, 8), (9, 9)])
def test_columns_that_alternate(kernel, dtype):
    """Depthwise with stride 2: even and odd columns of every width, at every edge, with two outputs a group and dilation."""
    random = np.random.default_rng(3)
    for S, outputs, keywords in (
        ((9, 13), 3, {"padding": 1}),
        ((8, 34), 3, {"padding": ((1, 0), (0, 1))}),
        ((11, 67), 6, {"padding": (1, 2)}),
        ((21, 66), 3, {"padding": (4, 3), "dilation": (2, 1)}),
        ((17, 71), 3, {"padding": 5, "dilation": (1, 3)}),
    ):
        keywords = {"stride": 2, "groups": 3, **keywords}
        x, w = np.zeros((1, 3, *S), dtype), random.standard_normal((outputs, 1, *kernel)).astype(dtype)
        dy = random.standard_normal(fast.conv(x, w, **keywords).shape).astype(dtype)
        out = np.full(x.size + 32, np.nan, dtype)
        dx = fast.conv_grad_input(dy, w, x.shape, **keywords, algorithm="direct", out=out[16:-16].reshape(x.shape))
        assert_same_bits(dx, reference.conv_grad_input(dy, w, x.shape, **keywords, stepwise=True))
        assert np.isnan(out[:16]).all() and np.isnan(out[-16:]).all()


@pytest.mark.clause("gradient.chain", "max_pool.grad", "avg_pool.grad")
@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("padding", [0, 1, ((1, 0), (0, 1)), ((0, 1), (1, 0))])
@pytest.mark.parametrize(("size", "stride"), [(2, 2), (3, 1), (3, 2)])
def test_squares_of_every_width_at_every_edge(size, stride, padding, dtype):
    random = np.random.default_rng(2)
    for shape, ceil_mode in (
        ((2, 2, 7, 5), True),
        ((1, 1, 19, 16), False),
        ((1, 2, 6, 39), True),
        ((1, 1, 33, 66), False),
    ):
        keywords = {"stride": stride, "padding": padding, "ceil_mode": ceil_mode}
        x = random.integers(-2, 3, shape).astype(dtype)
        dy = random.standard_normal(fast.max_pool(x, size, **keywords).shape).astype(dtype)
        for op, operand in (("max_pool_grad", x), ("avg_pool_grad", shape)):
            dx = getattr(fast, op)(dy, operand, size, **keywords, out=np.full(shape, np.nan, dtype))
            assert_same_bits(dx, getattr(reference, op)(dy, operand, size, **keywords, stepwise=True))


@pytest.mark.clause("max_pool.grad", "max_pool.grad-nan")
@pytest.mark.parametrize("stride", [1, 2, (3, 2)])
def test_the_first_of_the_greatest_where_there_are_infinities_and_nans(stride):
    random = np.random.default_rng(3)
    x = random.choice(np.float32([-np.inf, -np.inf, -np.inf, -0.0, 0.0, np.inf, np.nan]), (2, 3, 40, 61))
    x[:, :, :20, :30] = -np.inf
    keywords = {"stride": stride, "padding": 1, "dilation": 1, "ceil_mode": True}
    dy = random.integers(-9, 10, fast.max_pool(x, 3, **keywords).shape).astype(np.float32)
    assert_same_bits(fast.max_pool_grad(dy, x, 3, **keywords), reference.max_pool_grad(dy, x, 3, **keywords))


@pytest.mark.clause("fast.algorithm", "gradient.chain")
def test_a_call_like_one_before_has_a_result_of_its_own():
    rng = np.random.default_rng(4)
    for trial in range(3):
        dy, w = rng.standard_normal((2, 4, 6, 7)).astype("f4"), rng.standard_normal((4, 3, 3, 3)).astype("f4")
        x = rng.standard_normal((2, 3, 8, 9)).astype("f4")
        if trial == 2:
            w[1, 2, 0, 1] = np.inf
        dx = fast.conv_grad_input(dy, w, x.shape, algorithm="direct", out=np.empty_like(x) if trial == 1 else None)
        assert_same_bits(dx, reference.conv_grad_input(dy, w, x.shape, stepwise=True))
        dw = fast.conv_grad_weight(dy, x, w.shape)
        assert_same_bits(dw, reference.conv_grad_weight(dy, x, w.shape, stepwise=True))
    with pytest.raises(SpecError, match=r"fast\.out"):
        fast.conv_grad_weight(dy, x, w.shape, out=x[0])
    with pytest.raises(SpecError, match=r"fast\.threads"):
        fast.conv_grad_weight(dy, x, w.shape, num_threads=0)


@pytest.mark.clause("fast.algorithm", "gradient.chain", "conv.padded-tap")
@pytest.mark.parametrize("bad", [None, np.inf, np.nan])
def test_weights_that_one_task_reads_are_packed_by_it(bad):
    rng = np.random.default_rng(6)
    dy, w = rng.standard_normal((1, 12, 5, 7)).astype("f4"), rng.standard_normal((12, 40, 3, 3)).astype("f4")
    x, large = rng.standard_normal((1, 64, 7, 7)).astype("f4"), rng.standard_normal((192, 64, 3, 3)).astype("f4")
    for again in range(3):
        if bad and again:
            w[3, 35, 0, 1] = large[100, 5, 2, 0] = bad
        dx = fast.conv_grad_input(dy, w, (1, 40, 5, 7), padding=1, algorithm="direct")
        assert_same_bits(dx, reference.conv_grad_input(dy, w, (1, 40, 5, 7), padding=1, stepwise=True))
        planned = fast.plan_conv(large, padding=1, algorithm="direct")(x)
        for threads in (1, 2):
            y = fast.conv(x, large, padding=1, algorithm="direct", num_threads=threads)
            assert_same_bits(y, planned)


@pytest.mark.clause("fast.winograd", "gradient.bound-fast")
@pytest.mark.parametrize("padding", [0, 1, (2, 0)])
def test_winograd_obeys_its_bound_and_spoils_no_more_than_the_chain(padding):
    rng = np.random.default_rng(5)
    dy, w = rng.standard_normal((2, 40, 13, 18)).astype("f4"), rng.standard_normal((40, 24, 3, 3)).astype("f4")
    pads = (padding, padding) if isinstance(padding, int) else padding
    shape = (2, 24, *(n + 2 - 2 * p for n, p in zip((13, 18), pads, strict=True)))
    dy[1, 3, 6, 6] = np.nan
    tiled, chain = (
        fast.conv_grad_input(dy, w, shape, padding=padding, algorithm=name) for name in ("winograd", "direct")
    )
    exact = fast.conv_grad_input(dy.astype(float), w.astype(float), shape, padding=padding, algorithm="direct")
    n, u = 40 * 9, 2.0**-24
    allowed = 32 * (n + 1) * u * np.abs(dy[~np.isnan(dy)]).max() * np.abs(w).sum((0, 2, 3))[:, None, None]
    assert (np.isnan(tiled) == np.isnan(chain)).all() and np.isnan(chain).any()
    assert not (np.abs(tiled - exact) > allowed).any()
    assert not np.array_equal(tiled[0], chain[0])


@pytest.mark.clause("fast.winograd", "conv.grad-input", "number.special")
@pytest.mark.parametrize("bad", [np.inf, -np.inf, np.nan])
@pytest.mark.parametrize("padding", [0, 1])
def test_winograd_finds_special_weights_in_a_call_like_one_before(bad, padding):
    rng = np.random.default_rng(7)
    dy, w = rng.standard_normal((1, 70, 9, 11)).astype("f4"), rng.standard_normal((70, 40, 3, 3)).astype("f4")
    shape = (1, 40, 11 - 2 * padding, 13 - 2 * padding)
    fast.conv_grad_input(dy, w, shape, padding=padding, algorithm="winograd")
    for at in [(0, 0, 0, 0), (69, 39, 2, 2), (50, 17, 1, 1), (3, 33, 2, 0)]:
        spoilt = w.copy()
        spoilt[at] = bad
        tiled, chain = (
            fast.conv_grad_input(dy, spoilt, shape, padding=padding, algorithm=name) for name in ("winograd", "direct")
        )
        np.testing.assert_array_equal(np.where(np.isfinite(tiled), 0, tiled), np.where(np.isfinite(chain), 0, chain))
        assert not np.isfinite(tiled).all()


@pytest.mark.clause("fast.algorithm")
@pytest.mark.parametrize("threads", [1, 2])
def test_weights_that_few_images_use_are_transformed_to_the_same_bits(threads):
    rng = np.random.default_rng(8)
    dy, w = rng.standard_normal((20, 110, 13, 18)).astype("f4"), rng.standard_normal((110, 45, 3, 3)).astype("f4")
    shape = (20, 45, 13, 18)
    dy[3, 5, 6, 7] = np.inf
    whole = fast.conv_grad_input(dy, w, shape, padding=1, algorithm="winograd")
    for n in range(5):
        one = fast.conv_grad_input(
            dy[n : n + 1], w, (1, *shape[1:]), padding=1, algorithm="winograd", num_threads=threads
        )
        assert_same_bits(one, whole[n : n + 1])


@pytest.mark.clause("fast.winograd", "conv_transpose.grad-input")
def test_the_gradient_of_a_transposed_convolution_is_a_convolution():
    rng = np.random.default_rng(6)
    dy, w = rng.standard_normal((2, 40, 13, 18)).astype("f4"), rng.standard_normal((24, 40, 3, 3)).astype("f4")
    for algorithm in ("winograd", "auto", "direct"):
        y = fast.conv(dy, w, padding=1, algorithm=algorithm)
        assert_same_bits(fast.conv_transpose_grad_input(dy, w, y.shape, padding=1, algorithm=algorithm), y)


@pytest.mark.clause("fast.out")
def test_out():
    dy, x = np.ones((2, 3, 4, 4), "f4"), np.ones((2, 5, 4, 4), "f4")
    out = np.full((3, 3, 5, 3), 7, "f4").swapaxes(1, 2)
    assert fast.conv_grad_weight(dy, x, (3, 5, 3, 3), padding=1, out=out) is out
    assert_same_bits(out, fast.conv_grad_weight(dy, x, (3, 5, 3, 3), padding=1))
    with pytest.raises(SpecError, match=r"fast\.out"):
        fast.conv_grad_input(dy, np.ones((3, 3, 3, 3), "f4"), dy.shape, padding=1, out=dy)
