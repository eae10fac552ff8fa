"""The gradient by the weights through Winograd's tiles: its bound, what it must not spoil, and its bits."""

import numpy as np
import pytest
from test_fast_chain import assert_same_bits

from convspec import fast
from convspec.conformance import layouts

# images, channels, outputs, inputs, keywords, and the kernel where it is not 3 x 3
CASES = {
    "one row": (1, 3, 2, (4, 16), {"padding": 1}),
    "remainders": (2, 17, 33, (15, 22), {"padding": 1}),
    "one side padded": (3, 40, 24, (13, 18), {"padding": ((2, 0), (0, 1))}),
    "groups": (2, 36, 54, (14, 14), {"padding": 1, "groups": 3}),
    "several boxes": (2, 100, 20, (41, 38), {"padding": 1}),
    "wide boxes": (1, 230, 40, (8, 130), {"padding": 1}),
    "joined": (9, 32, 32, (12, 16), {"padding": 1}),
    "five taps": (2, 18, 33, (13, 17), {"padding": 2}, (5, 5)),
    "four taps": (1, 35, 10, (12, 9), {"padding": (1, 2)}, (4, 4)),
    "parts of three": (2, 17, 20, (8, 11), {"padding": (3, 1)}, (7, 3)),
    "parts of five": (2, 9, 40, (15, 31), {"padding": 4}, (9, 10)),
    "parts joined": (5, 20, 34, (9, 12), {"padding": 3, "groups": 2}, (7, 8)),
    "remainders of two taps": (2, 10, 20, (13, 18), {"padding": 1, "stride": 2}, (4, 3)),
    "remainders of three": (3, 7, 33, (26, 31), {"padding": 2, "stride": 2}, (5, 6)),
    "remainders of four": (1, 3, 50, (40, 37), {"padding": 3, "stride": 2}, (7, 7)),
    "a stride along one axis": (2, 20, 18, (9, 40), {"padding": 1, "stride": (1, 3)}, (4, 10)),
    "remainders joined": (6, 4, 36, (31, 30), {"padding": 1, "stride": 3, "groups": 2}, (8, 9)),
}


def draw(case, dtype="float32"):
    """dy, x, the shape of the weights and the keywords."""
    images, C, K, S, keywords, *kernel = CASES[case]
    random = np.random.default_rng(len(case))
    x = random.standard_normal((images, C, *S)).astype(dtype)
    shape = (K, C // keywords.get("groups", 1), *(kernel[0] if kernel else (3, 3)))
    dy = random.standard_normal(fast.conv(x, np.zeros(shape, dtype), **keywords).shape).astype(dtype)
    return dy, x, shape, keywords


def gradient(dy, x, shape, keywords, algorithm="winograd", **more):
    return fast.conv_grad_weight(dy, x, shape, **keywords, algorithm=algorithm, **more)


def allowed(dy, x, shape, keywords):
    """32 times the direct bound with |dy| replaced by its maximum over the output's positions in the image."""
    n, u = len(dy) * dy[0, 0].size, float(np.finfo(x.dtype).eps) / 2
    greatest = np.broadcast_to(np.abs(dy).max(axis=(2, 3), keepdims=True), dy.shape)
    return 32 * (n + 1) * u * exact(greatest, np.abs(x), shape, keywords)


def exact(dy, x, shape, keywords):
    return gradient(dy.astype(float), x.astype(float), shape, keywords, "direct")


@pytest.mark.clause("fast.winograd-gradient", "gradient.bound-fast")
@pytest.mark.parametrize("case", CASES)
def test_bound(case):
    dy, x, shape, keywords = draw(case)
    dw = gradient(dy, x, shape, keywords)
    assert not np.array_equal(dw, gradient(dy, x, shape, keywords, "direct"))
    assert (np.abs(dw - exact(dy, x, shape, keywords)) <= allowed(dy, x, shape, keywords)).all()


@pytest.mark.clause("fast.winograd-gradient")
@pytest.mark.parametrize("case", CASES)
def test_doubles(case):
    dy, x, shape, keywords = draw(case, "float64")
    dw, chain = (gradient(dy, x, shape, keywords, name) for name in ("winograd", "direct"))
    assert not np.array_equal(dw, chain)
    assert (np.abs(dw - chain) <= allowed(dy, x, shape, keywords)).all()


@pytest.mark.clause("fast.threads", "fast.winograd-gradient", "call.strides")
@pytest.mark.parametrize("case", CASES)
def test_threads_layouts_and_repetition_change_no_bit(case):
    dy, x, shape, keywords = draw(case)
    dw = gradient(dy, x, shape, keywords, num_threads=1)
    for threads in (1, 2, 3, 8, 40):
        out = np.full(shape, np.nan, np.float32)
        assert gradient(dy, x, shape, keywords, num_threads=threads, out=out) is out
        assert_same_bits(out, dw)
    for a, b in (
        (layouts.apply("channels_last", dy), x),
        (dy, layouts.apply("channels_last", x)),
        (dy[..., ::-1].copy()[..., ::-1], x[:, :, ::-1].copy()[:, :, ::-1]),
    ):
        assert_same_bits(gradient(a, b, shape, keywords), dw)


@pytest.mark.clause("fast.winograd-gradient")
@pytest.mark.parametrize("case", CASES)
def test_images_are_added_in_order(case):
    dy, x, shape, keywords = draw(case)
    total = gradient(dy[:1], x[:1], shape, keywords)
    for n in range(1, len(dy)):
        total = total + gradient(dy[n : n + 1], x[n : n + 1], shape, keywords)
    assert_same_bits(gradient(dy, x, shape, keywords), total)


@pytest.mark.clause("fast.winograd-gradient", "gradient.bound-fast")
@pytest.mark.parametrize("case", ["five taps", "remainders of three", "remainders joined", "a stride along one axis"])
@pytest.mark.parametrize("name", ["winograd", "auto"])
def test_of_a_transposed_convolution_x_and_dy_change_places(case, name):
    dy, x, shape, keywords = draw(case)
    H, W = (np.array(dy.shape[2:]) - 1) * keywords.get("stride", 1) + shape[2:] - 2 * np.array(keywords["padding"])
    x = x[:, :, :H, :W]
    dw = fast.conv_transpose_grad_weight(x, dy, shape, **keywords, algorithm=name)
    assert_same_bits(dw, gradient(dy, x, shape, keywords, name))


@pytest.mark.clause("fast.winograd-gradient", "number.special", "number.locality")
@pytest.mark.parametrize("value", [np.nan, np.inf, 3e38])
@pytest.mark.parametrize("of", ["x", "dy"])
@pytest.mark.parametrize(
    ("groups", "kernel", "more"),
    [(1, 3, {}), (2, 3, {}), (1, 5, {}), (1, 6, {"padding": 3}), (2, 4, {"stride": 2}), (1, 5, {"stride": 2})],
)
def test_a_special_value_spoils_what_sees_it(value, of, groups, kernel, more):
    """At the corners, the edges and inside of a plane of several tiles: what the chain has finite is so, and within its bound."""
    random = np.random.default_rng(4)
    shape, keywords = (34, 18 // groups, kernel, kernel), {"padding": (0, 1), "groups": groups} | more
    x = random.standard_normal((2, 18, 11, 13)).astype("f4")
    dy = random.standard_normal(fast.conv(x, np.zeros(shape, "f4"), **keywords).shape).astype("f4")
    good, bound = exact(dy, x, shape, keywords), allowed(dy, x, shape, keywords)
    for image, channel, *place in [(0, 0, 0, 0), (1, 17, 8, 12), (1, 7, 0, 6), (0, 3, 4, 0), (0, 16, 5, 5)]:
        operands = {"x": x.copy(), "dy": dy.copy()}
        at = (image, channel, *(min(i, n - 1) for i, n in zip(place, operands[of].shape[2:], strict=True)))
        operands[of][at] = value
        with np.errstate(all="ignore"):
            tiled, chain = (
                gradient(operands["dy"], operands["x"], shape, keywords, name) for name in ("winograd", "direct")
            )
        np.testing.assert_array_equal(np.where(np.isfinite(tiled), 0, tiled), np.where(np.isfinite(chain), 0, chain))
        part = np.s_[:, at[1] % shape[1]] if of == "x" else np.s_[at[1]]
        touched = np.zeros(shape, bool)
        touched[part] = True
        assert (np.abs(tiled - good) <= bound)[~touched].all()
        np.testing.assert_array_equal(tiled[touched], chain[touched])


@pytest.mark.clause("fast.winograd-gradient", "number.locality")
def test_a_channel_that_some_taps_hardly_see_is_the_chain():
    """Only an edge of it is large: the taps that do not see it must not have its error. Of all edges each tap sees half."""
    dy, x, shape, keywords = draw("remainders")
    x[1, 3, :, 1:] = 0
    x[1, 4, 1:-1, 1:-1] = 0
    x[0, 9] *= np.float32(1e-6)
    x[0, 9, 0] = 1e6
    tiled, chain = (gradient(dy, x, shape, keywords, name) for name in ("winograd", "direct"))
    assert_same_bits(tiled[:, [3, 9]], chain[:, [3, 9]])
    assert not np.array_equal(tiled[:, 4], chain[:, 4])
    assert (np.abs(tiled - exact(dy, x, shape, keywords)) <= allowed(dy, x, shape, keywords)).all()


@pytest.mark.clause("fast.winograd-gradient", "number.subnormals")
def test_tiny_numbers_keep_their_digits():
    dy, x, shape, keywords = draw("remainders")
    x *= np.float32(2.0**-135)
    dw = gradient(dy, x, shape, keywords)
    tiny = np.float32(2.0**-149)
    assert (np.abs(dw - exact(dy, x, shape, keywords)) <= allowed(dy, x, shape, keywords) + dy[:, 0].size * tiny).all()
    assert np.abs(dw).max() > 0


@pytest.mark.clause("fast.algorithm", "fast.winograd-gradient")
@pytest.mark.parametrize(
    ("shape", "kernel", "keywords", "dtype"),
    [((1, 4, 9, 9), (3, 3), {"stride": 3}, "f4"), ((1, 4, 20, 20), (9, 9), {"stride": (2, 1)}, "f4"),
     ((1, 4, 9, 9), (3, 3), {"dilation": 2}, "f4"), ((1, 4, 9, 9), (2, 3), {}, "f4"),
     ((1, 4, 30), (3,), {}, "f4"), ((1, 4, 3, 9, 9), (2, 3, 3), {}, "f4"), ((0, 4, 9, 9), (3, 3), {}, "f4"),
     ((1, 4, 9, 9), (3, 3), {"groups": 4, "padding": 1}, "f4"), ((2, 4, 9, 9), (3, 3), {}, "i4")],
)  # fmt: skip
def test_where_there_are_no_tiles_it_is_the_chain(shape, kernel, keywords, dtype):
    random = np.random.default_rng(2)
    x, weights = random.integers(-9, 9, shape).astype(dtype), (8, 4 // keywords.get("groups", 1), *kernel)
    dy = random.integers(-9, 9, fast.conv(x, np.zeros(weights, dtype), **keywords).shape) / 3
    dy = dy.astype(dtype)
    for name in ("winograd", "auto"):
        assert_same_bits(gradient(dy, x, weights, keywords, name), gradient(dy, x, weights, keywords, "direct"))


@pytest.mark.clause("fast.algorithm")
def test_auto_takes_them_where_they_pay():
    random = np.random.default_rng(1)
    for C, K, S, taps, stride, tiled in (
        (96, 96, 32, 3, 1, True),
        (256, 256, 14, 3, 1, True),
        (64, 64, 56, 3, 1, True),
        (3, 64, 60, 3, 1, False),
        (64, 64, 5, 3, 1, False),
        (48, 64, 27, 5, 1, True),
        (16, 40, 30, 9, 1, True),
        (3, 64, 112, 7, 2, True),
        (32, 32, 56, 3, 2, False),
    ):
        x, shape = random.standard_normal((1, C, S, S)).astype("f4"), (K, C, taps, taps)
        keywords = {"padding": taps // 2, "stride": stride}
        dy = random.standard_normal(fast.conv(x, np.zeros(shape, "f4"), **keywords).shape).astype("f4")
        auto, tiles, chain = (gradient(dy, x, shape, keywords, name) for name in ("auto", "winograd", "direct"))
        assert_same_bits(auto, tiles if tiled else chain)
