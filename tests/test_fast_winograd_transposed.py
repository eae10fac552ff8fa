"""Winograd's convolution, transposed: by one it is a convolution of flipped kernels, by two four whose outputs alternate."""

import numpy as np
import pytest
from winograd_cases import ALTERNATING, as_conv, draw, draw_form, seen_bounds, turn

from convspec import fast


@pytest.mark.clause("fast.winograd")
@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize(
    ("S", "R", "padding"), [((11, 13), (3, 3), 1), ((9, 6), (5, 3), 0), ((9, 16), (4, 8), 2), ((3, 9, 8), (3, 3, 3), 1)]
)
def test_transposed(dtype, S, R, padding):
    rng = np.random.default_rng(0)
    x, w, b = (rng.standard_normal(s).astype(dtype) for s in ((2, 40, *S), (40, 18, *R), (36,)))
    x[1, 3, ..., 4, 4] = 1e5
    keywords = {"padding": padding, "groups": 2}
    y = fast.conv_transpose(x, w, b, **keywords, algorithm="winograd")
    assert not np.array_equal(y, fast.conv_transpose(x, w, b, **keywords, algorithm="direct"))
    flipped = turn(w, 2)
    same = {"padding": [r - 1 - padding for r in R], "groups": 2}
    conv = fast.conv(x, flipped, b, **same, algorithm="winograd")
    np.testing.assert_array_equal(y[0], conv[0])
    assert (np.abs(y - conv) <= 2 * seen_bounds(x, flipped, **same)).all()
    plan = fast.plan_conv_transpose(w, b, **keywords, algorithm="winograd")
    np.testing.assert_array_equal(plan(x), y)
    w[5, 3, ..., 0] = np.inf
    y, direct = (fast.conv_transpose(x, w, b, **keywords, algorithm=name) for name in ("winograd", "direct"))
    np.testing.assert_array_equal(y, direct)


@pytest.mark.clause("fast.winograd", "fast.threads", "fast.batch")
@pytest.mark.parametrize("form", range(len(ALTERNATING)))
@pytest.mark.parametrize("outlier", [1, 1e6])
def test_transposed_by_two(form, outlier):
    x, w, keywords = draw_form(form, outlier, ALTERNATING)

    def layer(x, algorithm="winograd", **others):
        return fast.conv_transpose(x, w, stride=2, **keywords, algorithm=algorithm, **others)

    y, direct, same = layer(x, num_threads=1), layer(x, "direct"), as_conv(x, w, **keywords)
    wide = fast.conv(same[0].astype(float), same[1].astype(float), **same[2], algorithm="direct")
    assert (np.abs(y - wide) <= seen_bounds(*same[:2], **same[2]) * (33 / 32 if x.dtype == float else 1)).all()
    assert outlier > 1 or not np.array_equal(y, direct)
    last = np.moveaxis(np.empty((len(y), *y.shape[2:], y.shape[1]), y.dtype), -1, 1)
    plan = fast.plan_conv_transpose(w, stride=2, **keywords, algorithm="winograd")
    channels_last = np.moveaxis(np.ascontiguousarray(np.moveaxis(x, 1, -1)), -1, 1)
    others = [layer(x, num_threads=n) for n in (2, 5)] + [layer(x, out=last), layer(channels_last), plan(x)]
    for other in (*others, np.concatenate([layer(one[None]) for one in x])):
        np.testing.assert_array_equal(other, y)
    x[-1, 0, :, 0] = np.nan
    y, direct = layer(x), layer(x, "direct")
    np.testing.assert_array_equal(np.isnan(y), np.isnan(direct))
    np.testing.assert_array_equal(plan(x), y)


@pytest.mark.clause("fast.winograd", "number.locality")
@pytest.mark.parametrize(("C", "taps", "padding"), [(1, 3, 0), (20, 3, 1), (1, 4, 1), (20, 5, 1), (2, 6, 2)])
@pytest.mark.parametrize("value", [8.0, 64.0, 1e4, 1e20, np.inf])
def test_outliers_at_every_place_of_a_transposed_tile(C, taps, padding, value):
    for seed, (i, j) in enumerate(np.ndindex(5, 5)):
        rng = np.random.default_rng(seed)
        x, w = (rng.standard_normal(s).astype("f4") for s in ((2, C, 11, 13), (C, 35, taps, taps)))
        x[0, seed % C, 3 + i, 3 + j] = value
        y, direct = (
            fast.conv_transpose(x, w, stride=2, padding=padding, algorithm=name, num_threads=1 + seed % 2)
            for name in ("winograd", "direct")
        )
        same = as_conv(x, w, padding)
        exact = fast.conv(same[0].astype(float), same[1].astype(float), algorithm="direct")
        finite = np.isfinite(direct)
        np.testing.assert_array_equal(y[~finite], direct[~finite])
        same[0][~np.isfinite(same[0])] = 0
        assert (np.abs(y[finite] - exact[finite]) <= seen_bounds(*same[:2])[finite]).all()


@pytest.mark.clause("fast.winograd", "gradient.bound-fast")
def test_the_gradient_by_the_input_of_outputs_two_apart():
    x, w, _ = draw((2, 20, 14, 19), 33)
    dy = np.random.default_rng(3).standard_normal((2, 33, 7, 10)).astype("f4")
    dx = fast.conv_grad_input(dy, w, x.shape, stride=2, padding=1, algorithm="winograd")
    same = fast.conv_transpose(dy, w, stride=2, padding=1, output_padding=(1, 0), algorithm="winograd")
    np.testing.assert_array_equal(dx, same)
    assert not np.array_equal(dx, fast.conv_grad_input(dy, w, x.shape, stride=2, padding=1, algorithm="direct"))
