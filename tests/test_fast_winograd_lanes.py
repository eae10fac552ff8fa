"""Winograd's tiles of few channels, in whose lanes are tiles or outputs: every remainder, both layouts of the result, special values."""

import numpy as np
import pytest
from winograd_cases import draw, seen_bounds

from convspec import fast

KERNELS = [(3, 3, 1), (5, 4, 1), (3, 5, 2), (1, 7, 2), (1, 11, 4)]
"""Channels, taps and outputs' distance: three points' tiles and four's, as they are and folded."""


def last(shape, dtype):
    """An array whose channels are the last in memory, between numbers that nothing may write."""
    N, K, *O = shape
    guarded = np.full(N * K * int(np.prod(O)) + 128, 7, dtype)
    return guarded, guarded[64:-64].reshape(N, *O, K).transpose(0, 3, 1, 2)


def both(x, w, b=None, **keywords):
    """The result with its rows, and with its channels, as neighbours, the same bits."""
    plan = fast.plan_conv(w, b, **keywords, algorithm="winograd")
    y = plan(x, num_threads=1)
    guarded, out = last(y.shape, y.dtype)
    plan(x, out=out, num_threads=2)
    np.testing.assert_array_equal(out, y)
    assert (guarded[:64] == 7).all() and (guarded[-64:] == 7).all()
    np.testing.assert_array_equal(fast.conv(x, w, b, **keywords, algorithm="winograd"), y)
    return y


@pytest.mark.clause("fast.winograd", "fast.plan", "fast.threads")
@pytest.mark.parametrize(("C", "taps", "stride"), KERNELS)
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_every_remainder_of_a_vector_of_tiles_and_outputs(C, taps, stride, dtype):
    for width in range(1, 19):
        shape = (1 + width % 3, C, taps + stride * (width % 5), taps + stride * (width + 1))
        x, w, _ = draw(shape, 1 + 5 * width % 37, dtype=dtype, taps=taps)
        y = both(x, w, stride=stride, padding=1)
        exact = fast.conv(x.astype(float), w.astype(float), stride=stride, padding=1, algorithm="direct")
        allowed = seen_bounds(x, w, stride=stride, padding=1) * (33 / 32 if dtype == "float64" else 1)
        assert (np.abs(y - exact) <= allowed).all()


@pytest.mark.clause("fast.winograd", "fast.batch")
@pytest.mark.parametrize(("C", "taps", "stride"), KERNELS)
def test_images_groups_and_bias(C, taps, stride):
    x, w, b = draw((5, 2 * C, 29 + taps, 33), 26, groups=2, taps=taps)
    keywords = {"stride": stride, "padding": (2, 0)}
    y = both(x, w, b, groups=2, **keywords)
    for n in range(5):
        np.testing.assert_array_equal(both(x[n : n + 1], w, b, groups=2, **keywords)[0], y[n])
    halves = [
        fast.conv(x[:, C * g : C * g + C], w[13 * g :][:13], b[13 * g :][:13], **keywords, algorithm="winograd")
        for g in range(2)
    ]
    np.testing.assert_array_equal(np.concatenate(halves, 1), y)


@pytest.mark.clause("number.locality", "number.special", "fast.winograd")
@pytest.mark.parametrize(("C", "taps", "stride"), KERNELS)
@pytest.mark.parametrize("value", [np.nan, np.inf, 1e30])
def test_special_values_spoil_what_sees_them_only(C, taps, stride, value):
    for seed in range(8):
        x, w, _ = draw((2, C, 40, 45), 35, taps=taps, seed=seed)
        rng = np.random.default_rng(seed)
        x[seed % 2, seed % C, rng.integers(40), rng.integers(45)] = value
        y = both(x, w, stride=stride)
        direct = fast.conv(x, w, stride=stride, algorithm="direct")
        np.testing.assert_array_equal(np.isfinite(y), np.isfinite(direct))
        np.testing.assert_array_equal(y[~np.isfinite(direct)], direct[~np.isfinite(direct)])
        clean = np.where(np.isfinite(x) & (np.abs(x) < 1e20), x, 0)
        exact = fast.conv(clean.astype(float), w.astype(float), stride=stride, algorithm="direct")
        unspoilt = np.isfinite(direct) & (np.abs(direct) < 1e10)
        assert (np.abs(y - exact) <= seen_bounds(clean, w, stride=stride))[unspoilt].all()


@pytest.mark.clause("fast.winograd", "number.special")
def test_special_weights_spoil_their_own_output_only():
    x, w, b = draw((2, 3, 30, 41), 40)
    clean = both(x, w, b)
    w[7, 1, 1, 2] = np.nan
    y = both(x, w, b)
    assert np.isnan(y[:, 7]).all()
    np.testing.assert_array_equal(np.delete(y, 7, 1), np.delete(clean, 7, 1))


@pytest.mark.clause("fast.winograd")
@pytest.mark.parametrize("K", [64, 90])
def test_results_larger_than_the_caches(K):
    x, w, b = draw((3, 3, 131, 150), K)
    y = both(x, w, b, padding=1)
    np.testing.assert_array_equal(both(x[1:2], w, b, padding=1)[0], y[1])
    wide = fast.conv(x.astype(float), w.astype(float), b.astype(float), padding=1)
    assert (np.abs(y - wide) <= seen_bounds(x, w, padding=1) + 1e-6 * np.abs(b).max()).all()
