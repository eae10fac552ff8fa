"""Winograd's convolution: the law's bound, every remainder of a tile, special values, the same bits for every split."""

import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from winograd_cases import FORMS, draw, draw_form, draw_single_taps, seen_bounds

from convspec import fast, reference

SIZES = range(1, 14)
SHAPES = [(1, 1, 1), (3, 5, 1), (17, 33, 1), (12, 20, 2)]
"""Channels, outputs and groups."""
SCRIPT = """
import sys, numpy as np, winograd_cases as t
from convspec import fast
print(fast.isa())
for seed in range(int(sys.argv[1])):
    y = fast.conv(*t.draw_spoilt(seed), padding=1, algorithm="winograd")
    print(np.where(np.isnan(y), np.nan, y + 0).astype(y.dtype).tobytes().hex()[:4000])
for form in range(len(t.FORMS)):
    x, w, keywords = t.draw_form(form, 1e3)
    print((fast.conv(x, w, **keywords, algorithm="winograd") + 0).tobytes().hex()[:4000])
for form in range(len(t.ALTERNATING)):
    x, w, keywords = t.draw_form(form, 1e3, t.ALTERNATING)
    print((fast.conv_transpose(x, w, stride=2, **keywords, algorithm="winograd") + 0).tobytes().hex()[:4000])
"""


def bounds(dtype, x, w, b):
    """The direct bound of clause number.bound, with the image's maximum for |x|: one for each image and output."""
    info, n = np.finfo(dtype), w[0].size
    u, e = float(info.eps) / 2, float(info.smallest_subnormal)
    largest = np.abs(x.astype(float)).reshape(len(x), -1).max(1)
    weights = np.abs(w.astype(float)).reshape(len(w), -1).sum(1)
    B = largest[:, None] * weights + np.abs(b.astype(float))
    return (n + 1) * u / (1 - (n + 1) * u) * B + (n + 1) * e


def assert_bound(y, x, w, b, at, groups=1):
    """Clause number.bound-fast, against the oracle at some indices."""
    exact = reference.conv(x.astype(float), w.astype(float), b.astype(float), padding=1, groups=groups, at=at)
    allowed = 32 * bounds(y.dtype, x, w, b)
    for i, true in zip(at, exact, strict=True):
        assert abs(float(y[i]) - true) <= allowed[i[:2]]


@pytest.mark.clause("fast.winograd", "number.bound-fast")
@pytest.mark.parametrize("height", SIZES)
def test_every_remainder_of_a_tile(height):
    for width in SIZES:
        C, K, groups = SHAPES[(height + width) % len(SHAPES)]
        x, w, b = draw((2, C, height, width), K, groups)
        y = fast.conv(x, w, b, padding=1, groups=groups, algorithm="winograd")
        rng = np.random.default_rng(height * width)
        at = [tuple(int(rng.integers(n)) for n in y.shape) for _ in range(9)]
        at += [(1, K - 1, height - 1, width - 1), (0, 0, height - 1, 0), (1, K // 2, 0, width - 1)]
        assert_bound(y, x, w, b, at, groups)
        double = fast.conv(x.astype(float), w, b, padding=1, groups=groups, algorithm="direct")
        allowed = 32 * bounds(np.float32, x, w, b) + bounds(np.float64, x, w, b)
        assert (np.abs(y - double) <= allowed[..., None, None]).all()


@pytest.mark.clause("fast.winograd", "number.bound-fast")
@pytest.mark.parametrize("side", [6, 30])
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_both_tiles_are_used_and_obey_the_bound(side, dtype):
    x, w, b = draw((1, 64, side, side), 64, dtype=dtype)
    plan = fast.plan_conv(w, b, padding=1)
    y = plan(x)
    assert not np.array_equal(y, fast.conv(x, w, b, padding=1, algorithm="direct"))
    np.testing.assert_array_equal(y, fast.conv(x, w, b, padding=1))
    assert_bound(y, x, w, b, at=[(0, k, i, (5 * i) % side) for k in (0, 63) for i in range(side)])


@pytest.mark.clause("fast.threads", "fast.batch")
@pytest.mark.parametrize("shape", [(5, 20, 7, 7), (1, 40, 14, 14), (3, 33, 30, 31), (2, 130, 41, 9)])
def test_threads_batches_and_layouts_change_no_bit(shape):
    x, w, b = draw(shape, 50)
    y = fast.conv(x, w, b, padding=1, algorithm="winograd", num_threads=1)
    for threads in (2, 3, 5):
        same = fast.conv(x, w, b, padding=1, algorithm="winograd", num_threads=threads)
        np.testing.assert_array_equal(same, y)
    for other in (np.asfortranarray(x), x.astype(">f4"), x[:, :, ::-1].copy()[:, :, ::-1]):
        np.testing.assert_array_equal(fast.conv(other, w, b, padding=1, algorithm="winograd"), y)
    for n in range(len(x)):
        alone = fast.conv(x[n:][:1], w, b, padding=1, algorithm="winograd", num_threads=2)
        np.testing.assert_array_equal(alone[0], y[n])


@pytest.mark.clause("number.locality", "number.special")
@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf, np.finfo(np.float32).max])
def test_special_values_at_every_place_of_a_tile(value):
    x, w, b = draw((2, 17, 13, 14), 35)
    clean = fast.conv(x, w, b, padding=1, algorithm="winograd")
    for i in range(3, 9):
        for j in range(3, 9):
            spoilt = x.copy()
            spoilt[1, 5, i, j] = value
            y = fast.conv(spoilt, w, b, padding=1, algorithm="winograd", num_threads=2)
            direct = fast.conv(spoilt, w, b, padding=1, algorithm="direct")
            seeing = np.zeros(y.shape, bool)
            seeing[1, :, i - 1 : i + 2, j - 1 : j + 2] = True
            np.testing.assert_array_equal(y[seeing], direct[seeing])
            tiles = np.zeros(y.shape, bool)
            tiles[1, :, (i - 1) // 4 * 4 : (i + 1) // 4 * 4 + 4, (j - 1) // 4 * 4 : (j + 1) // 4 * 4 + 4] = True
            np.testing.assert_array_equal(y[~tiles], clean[~tiles])
            assert_bound_without(y, clean, direct, tiles & ~seeing)


@pytest.mark.clause("fast.winograd", "fast.threads")
@pytest.mark.parametrize("outputs", [70, 256])
def test_outliers_everywhere_where_a_row_of_tiles_is_several_strips(outputs):
    x, w, b = draw((1, 512, 6, 40), outputs)
    x[0, 5, ::2, ::2] = 1e30
    direct = fast.conv(x, w, b, padding=1, algorithm="direct")
    for threads in (1, 2, 4):
        y = fast.plan_conv(w, b, padding=1, algorithm="winograd")(x, num_threads=threads)
        np.testing.assert_array_equal(y, direct)


@pytest.mark.clause("fast.winograd")
@pytest.mark.parametrize("form", range(len(FORMS)))
@pytest.mark.parametrize("outlier", [1, 1e6])
def test_tiles_along_one_axis_or_two(form, outlier):
    x, w, keywords = draw_form(form, outlier)
    y = fast.conv(x, w, **keywords, algorithm="winograd", num_threads=1)
    direct = fast.conv(x, w, **keywords, algorithm="direct")
    wide = fast.conv(x.astype(float), w.astype(float), **keywords, algorithm="direct")
    allowed = seen_bounds(x, w, **keywords)
    assert (np.abs(y - wide) <= allowed * (33 / 32 if x.dtype == float else 1)).all()
    assert outlier > 1 or not np.array_equal(y, direct)
    for other in (fast.conv(x, w, **keywords, algorithm="winograd", num_threads=n) for n in (2, 5)):
        np.testing.assert_array_equal(other, y)
    x[-1, 0, ..., 1] = np.nan
    y, direct = (fast.conv(x, w, **keywords, algorithm=name) for name in ("winograd", "direct"))
    np.testing.assert_array_equal(np.isnan(y), np.isnan(direct))


@pytest.mark.clause("fast.winograd", "number.locality")
@pytest.mark.parametrize(
    ("C", "taps", "stride"), [(1, 3, 1), (20, 3, 1), (3, 4, 1), (20, 5, 1), (20, 3, 2), (2, 4, 2), (3, 7, 2), (2, 7, 3)]
)
@pytest.mark.parametrize("value", [8.0, 64.0, 1e4, 1e8, 1e20])
def test_outliers_at_every_place_of_a_tile(C, taps, stride, value):
    keywords = {"padding": 1, "stride": stride}
    for seed, (i, j) in enumerate(np.ndindex(6 + 4 * (stride - 1), 6)):
        x, w, _ = draw((2, C, 11 * stride, 13 * stride), 35, taps=taps, seed=seed)
        x[0, seed % C, 3 + i, 3 + j] = value
        y = fast.conv(x, w, **keywords, algorithm="winograd", num_threads=1 + seed % 2)
        exact = fast.conv(x.astype(float), w.astype(float), **keywords, algorithm="direct")
        assert (np.abs(y - exact) <= seen_bounds(x, w, **keywords)).all()


@pytest.mark.clause("fast.winograd")
def test_where_an_output_sees_zeros_only_it_is_the_bias():
    x, w, b = draw((1, 40, 30, 30), 33)
    x[:, :, 7:15, 5:22] = 0
    y = fast.conv(x, w, b, padding=3, algorithm="winograd")
    for zeros in (y[0, :, 10:16, 8:23], y[0, :, :1], y[0, :, :, -1:]):
        np.testing.assert_array_equal(zeros, np.broadcast_to(b[:, None, None], zeros.shape))


def assert_bound_without(y, clean, direct, where):
    """Outputs that share a tile with a special value and do not see it are those of the direct algorithm."""
    assert where.any()
    assert np.isfinite(y[where]).all()
    np.testing.assert_array_equal(y[where], direct[where])
    assert not np.array_equal(y[where], clean[where])


@pytest.mark.clause("fast.plan", "fast.winograd")
def test_a_plan_meets_its_first_outliers_from_many_threads():
    x, w, b = draw((1, 20, 14, 14), 40)
    plan = fast.plan_conv(w, b, padding=1, algorithm="winograd")
    clean = plan(x)
    x[0, 3, 5, 5] = np.nan
    spoilt = fast.conv(x, w, b, padding=1, algorithm="winograd")
    with ThreadPoolExecutor(8) as pool:
        for y in pool.map(lambda _: plan(x, num_threads=1), range(32)):
            np.testing.assert_array_equal(y, spoilt)
    assert np.isnan(spoilt).any() and not np.isnan(clean).any()


@pytest.mark.clause("fast.winograd", "number.bound-fast")
@pytest.mark.parametrize(("taps", "stride"), [(3, 1), (4, 1), (5, 1), (7, 1), (5, 2), (8, 2)])
def test_single_taps_and_inputs_of_any_sign_obey_the_bound(taps, stride):
    rng = np.random.default_rng(taps)
    w = draw_single_taps(rng, taps)
    signs = rng.choice([-1, 1], (20, 1, 40, 1)) * rng.choice([-1, 1], (20, 1, 1, 40))
    x = (signs * rng.uniform(0.999, 1, signs.shape)).astype(np.float32)
    y = fast.conv(x, w, stride=stride, algorithm="winograd")
    exact = fast.conv(x.astype(float), w.astype(float), stride=stride, algorithm="direct")
    assert (np.abs(y - exact) <= seen_bounds(x, w, stride=stride)).all()
    assert not np.array_equal(y, fast.conv(x, w, stride=stride, algorithm="direct"))


@pytest.mark.clause("fast.plan", "fast.winograd")
@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize(("C", "taps"), [(16, 3), (48, 5), (32, 7), (3, 7)])
def test_outputs_apart_are_the_same_in_a_call_and_a_plan(C, taps, dtype):
    x, w, b = draw((1, C, 31, 40), 37, dtype=dtype, taps=taps)
    keywords = {"stride": 2, "padding": 1, "algorithm": "winograd"}
    y = fast.conv(x, w, b, **keywords)
    np.testing.assert_array_equal(fast.plan_conv(w, b, **keywords)(x), y)
    assert not np.array_equal(y, fast.conv(x, w, b, stride=2, padding=1, algorithm="direct"))


@pytest.mark.clause("number.special")
def test_special_weights_spoil_their_own_output_only():
    x, w, b = draw((1, 20, 12, 12), 40)
    clean = fast.conv(x, w, b, padding=1, algorithm="winograd")
    for value in (np.nan, np.inf):
        w[7, 3, 1, 2] = value
        y, direct = (fast.conv(x, w, b, padding=1, algorithm=name) for name in ("winograd", "direct"))
        np.testing.assert_array_equal(y[:, 7], direct[:, 7])
        np.testing.assert_array_equal(np.delete(y, 7, 1), np.delete(clean, 7, 1))


@pytest.mark.clause("number.bound-fast", "number.subnormals")
@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("small", [0, 1])
def test_subnormal_operands_keep_their_digits(dtype, small):
    x, w, b = draw((1, 6, 9, 9), 8, dtype=dtype)
    info = np.finfo(dtype)
    sizes = [info.smallest_subnormal * 3000, float(info.max) ** 0.7]
    x, w = (a * np.array(size, dtype) for a, size in zip((x, w), sizes[:: 1 - 2 * small], strict=True))
    y = fast.conv(x, w, b * 0, padding=1, algorithm="winograd")
    assert_bound(y, x, w, b * 0, at=[(0, k, i, (3 * i) % 9) for k in range(8) for i in range(9)])


@pytest.mark.clause("fast.algorithm")
def test_where_there_are_no_tiles_the_direct_algorithm_is_used():
    x, w, b = draw((1, 16, 12, 12), 16)
    for keywords in ({"stride": 3}, {"stride": (1, 2)}, {"dilation": 2}):
        y, direct = (fast.conv(x, w, b, **keywords, algorithm=name) for name in ("winograd", "direct"))
        np.testing.assert_array_equal(y, direct)
    x = x.astype(int)
    np.testing.assert_array_equal(fast.conv(x, w.astype(int), algorithm="winograd"), fast.conv(x, w.astype(int)))


@pytest.mark.clause("fast.isa")
@pytest.mark.parametrize("isa", fast.available_isas())
def test_every_isa_gives_the_same_bits(isa):
    def run(name):
        environment = {**os.environ, "CONVSPEC_ISA": name, "PYTHONPATH": os.path.dirname(__file__)}
        command = [sys.executable, "-c", SCRIPT, "6"]
        return subprocess.run(command, env=environment, capture_output=True, text=True, check=True).stdout.split("\n")

    assert run(isa)[0] == isa
    assert run(isa)[1:] == run("scalar")[1:]
