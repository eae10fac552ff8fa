"""The gradients of windows that have nothing in common: of two rows and two columns, whose short rows are written over one another in
order, and averages of any; and of maxima over narrow planes."""

from __future__ import annotations

import numpy as np
import pytest
from test_fast_chain import assert_same_bits

from convspec import fast, reference


@pytest.mark.clause(
    "max_pool.grad", "avg_pool.grad", "lp_pool.grad", "gradient.chain", "fast.threads", "call.in-bounds"
)
@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("width", [2, 3, 8, 9, 14, 16, 17, 31, 34, 67])
@pytest.mark.parametrize("ceil_mode", [False, True])
def test_rows_of_every_width(ceil_mode, width, dtype):
    """Elements that no window sees get 0 whatever they are; nothing beyond the result is touched, and no part of it is left."""
    random = np.random.default_rng(width)
    for height in (2, 5, 8):
        x = random.integers(-2, 3, (2, 3, height, width)).astype(dtype)
        if not ceil_mode:
            x[:, :, height // 2 * 2 :], x[:, :, :, width // 2 * 2 :] = np.inf, np.nan
        keywords = {"stride": 2, "ceil_mode": ceil_mode}
        dy = random.standard_normal(fast.max_pool(x, 2, **keywords).shape).astype(dtype)
        dy[random.random(dy.shape) < 0.1] = -0.0
        for op, operand, more in (
            ("max_pool_grad", x, {"padding": ((0, 1), (0, 1))} if not ceil_mode else {}),
            ("max_pool_grad", x, {}),
            ("avg_pool_grad", x.shape, {}),
            ("lp_pool_grad", x, {"p": 1}),
            ("lp_pool_grad", x, {"p": 2}),
        ):
            given = dy
            if "padding" in more:
                given = random.standard_normal(fast.max_pool(x, 2, **keywords, **more).shape).astype(dtype)
            expected = getattr(reference, op)(given, operand, 2, **keywords, **more, stepwise=True)
            for threads in (1, 2, 7):
                room = np.full(x.size + 64, np.nan, dtype)
                out = room[32:-32].reshape(x.shape)
                getattr(fast, op)(given, operand, 2, **keywords, **more, num_threads=threads, out=out)
                assert_same_bits(out, expected)
                assert np.isnan(room[:32]).all() and np.isnan(room[-32:]).all()


@pytest.mark.clause("max_pool.grad", "max_pool.grad-nan")
@pytest.mark.parametrize("width", [6, 40])
def test_the_first_of_the_greatest_of_four(width):
    random = np.random.default_rng(1)
    x = random.choice(np.float32([-np.inf, -np.inf, -0.0, 0.0, np.inf, np.nan]), (2, 3, 41, width + 1))
    dy = random.integers(-9, 10, (2, 3, 21, width // 2 + 1)).astype(np.float32)
    assert_same_bits(fast.max_pool_grad(dy, x, 2, ceil_mode=True), reference.max_pool_grad(dy, x, 2, ceil_mode=True))


@pytest.mark.clause("avg_pool.grad", "gradient.chain", "fast.threads", "call.in-bounds")
@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("count_include_pad", [False, True])
@pytest.mark.parametrize(
    ("size", "stride", "padding"), [(3, 3, 1), (2, 3, 0), (4, 4, 2), (7, 7, 0), (4, 6, 1), (20, 20, 3)]
)
def test_averages_of_windows_that_have_nothing_in_common(size, stride, padding, count_include_pad, dtype):
    """Elements between windows, before the first and after the last get 0; nothing beyond the result is touched."""
    random = np.random.default_rng(size)
    keywords = {"stride": stride, "padding": padding, "count_include_pad": count_include_pad}
    for width in (size, 2 * size + 1, 16, 17, 41):
        for ceil_mode in (False, True):
            x = np.zeros((2, 3, size + 2, width), dtype)
            dy = random.standard_normal(fast.avg_pool(x, size, ceil_mode=ceil_mode, **keywords).shape).astype(dtype)
            dy[random.random(dy.shape) < 0.1] = -0.0
            expected = reference.avg_pool_grad(dy, x.shape, size, ceil_mode=ceil_mode, **keywords, stepwise=True)
            for threads in (1, 3):
                room = np.full(x.size + 64, np.nan, dtype)
                out = room[32:-32].reshape(x.shape)
                fast.avg_pool_grad(dy, x.shape, size, ceil_mode=ceil_mode, **keywords, num_threads=threads, out=out)
                assert_same_bits(out, expected)
                assert np.isnan(room[:32]).all() and np.isnan(room[-32:]).all()


@pytest.mark.clause("max_pool.grad", "max_pool.grad-nan", "gradient.chain", "fast.threads", "call.in-bounds")
@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("keywords", [
    {"size": 3, "stride": 2, "padding": 1}, {"size": 4}, {"size": 5, "stride": 2, "padding": 2}, {"size": 2},
    {"size": 3, "stride": 1, "padding": 1}, {"size": 2, "stride": 3, "dilation": 3}, {"size": (3, 1), "stride": (1, 2)},
])  # fmt: skip
@pytest.mark.parametrize("planes", [1, 15, 17, 40])
def test_maxima_over_narrow_planes(planes, keywords, dtype):
    """Vectors of planes, of which the last overlaps the one before; equal elements, and NaN."""
    random = np.random.default_rng(planes)
    for height, width in ((7, 7), (4, 8), (9, 16), (5, 4)):
        x = random.integers(-3, 4, (1, planes, height, width)).astype(dtype)
        x[random.random(x.shape) < 0.05] = np.nan
        dy = random.standard_normal(fast.max_pool(x, **keywords).shape).astype(dtype)
        expected = reference.max_pool_grad(dy, x, **keywords, stepwise=True)
        for threads in (1, 3):
            room = np.full(x.size + 64, np.nan, dtype)
            out = room[32:-32].reshape(x.shape)
            fast.max_pool_grad(dy, x, **keywords, num_threads=threads, out=out)
            assert_same_bits(out, expected)
            assert np.isnan(room[:32]).all() and np.isnan(room[-32:]).all()


@pytest.mark.clause("avg_pool.grad", "fast.threads", "call.initialised")
@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize(("size", "padding"), [((7, 9), 0), ((4, 5), 0), ((5, 7), (2, 3)), ((9, 9), (1, 0))])
def test_averages_of_one_window_a_plane(dtype, size, padding):
    """Each element that the window sees has its share, and the others nothing, in every plane."""
    dy = np.random.default_rng(3).standard_normal((5, 30, 1, 1)).astype(dtype)
    keywords = {"stride": 9, "padding": padding, "count_include_pad": False}
    top, left = np.broadcast_to(padding, 2)
    seen = np.zeros((7, 9), dtype)
    seen[: size[0] - top, : size[1] - left] = 1
    for threads in (1, 3):
        out = np.full((5, 30, 7, 9), np.nan, dtype)
        fast.avg_pool_grad(dy, out.shape, size, **keywords, num_threads=threads, out=out)
        assert_same_bits(out, np.where(seen > 0, dy / seen.sum(), 0).astype(dtype))
