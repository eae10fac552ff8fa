"""Results that have their channels last in memory are written there: the same bits, and no memory for another result."""

import numpy as np
import pytest
from test_fast_strides import channels_last, images, isa, limited, linux  # noqa: F401

from convspec import SpecValueError, fast
from convspec.fast.calls import operand

LAYERS = [
    ((2, 40, 17, 19), (48, 40, 3, 3), {"padding": 1}),
    ((2, 40, 17, 19), (50, 40, 3, 3), {"padding": 1, "stride": 2}),
    ((1, 3, 33, 40), (35, 3, 5, 5), {"stride": 2, "padding": 2}),
    ((3, 64, 9, 9), (32, 64, 1, 1), {}),
    ((1, 32, 14, 15), (64, 32, 1, 1), {"stride": 2}),
    ((2, 136, 9, 9), (130, 136, 1, 1), {}),
    ((1, 130, 13, 37), (136, 130, 1, 1), {"stride": 2}),
    ((1, 129, 5, 18), (128, 129, 1, 1), {"stride": (1, 2), "padding": (0, 1)}),
    ((1, 128, 6, 5), (128, 128, 1, 1), {"stride": 2, "padding": 1}),
    ((1, 256, 3, 4, 7), (272, 128, 1, 1, 1), {"groups": 2, "padding": 1}),
    ((2, 40, 20, 6), (48, 40, 5, 1), {"padding": (2, 0)}),
    ((1, 24, 20, 19), (32, 24, 7, 1), {"padding": (3, 0), "stride": (1, 2)}),
    ((2, 6, 12, 21), (4, 3, 3, 3), {"groups": 2, "dilation": 2}),
    ((1, 64, 12, 13), (64, 4, 3, 3), {"groups": 16, "padding": 1}),
    ((2, 40, 12, 21), (40, 1, 3, 3), {"groups": 40, "padding": 1}),
    ((2, 48, 12, 21), (48, 1, 3, 3), {"groups": 48, "padding": 1, "stride": 2}),
    ((1, 20, 15, 16), (20, 1, 7, 7), {"groups": 20, "padding": 3}),
    ((1, 17, 5, 6, 7), (17, 1, 3, 2, 3), {"groups": 17, "padding": 1}),
    ((1, 4, 5, 6, 7), (20, 4, 3, 3, 3), {"padding": 1}),
    ((2, 5, 60), (2, 5, 4), {"padding": ((2, 1),)}),
    ((0, 5, 60), (2, 5, 4), {}),
]


def into_channels_last(operator, x, *arguments, **keywords):
    expected = operator(x, *arguments, **keywords)
    for view in (x, channels_last(x)):
        for threads in (1, 3):
            out = channels_last(np.full_like(expected, 77))
            assert operator(view, *arguments, out=out, num_threads=threads, **keywords) is out
            np.testing.assert_array_equal(out, expected, strict=True)


@pytest.mark.usefixtures("isa")
@pytest.mark.clause("fast.out", "fast.isa", "call.strides")
@pytest.mark.parametrize(("shape", "kernel", "keywords"), LAYERS)
@pytest.mark.parametrize("algorithm", ["direct", "auto", "winograd"])
@pytest.mark.parametrize("dtype", ["f4", "f8"])
def test_convolutions(shape, kernel, keywords, algorithm, dtype):
    x, w, b = images(shape, dtype), images(kernel, dtype), images(kernel[0], dtype)
    into_channels_last(fast.conv, x, w, algorithm=algorithm, **keywords)
    into_channels_last(fast.conv, x, w, b, algorithm=algorithm, **keywords)
    plan = fast.plan_conv(w, b, algorithm=algorithm, **keywords)
    into_channels_last(plan, x)
    assert ("channels last" in repr(plan)) == (x.size > 0)


@pytest.mark.usefixtures("isa")
@pytest.mark.clause("fast.out", "number.chain", "conv.padded-tap", "conv.grad-input")
@pytest.mark.parametrize("kernel", [(3, 3), (5, 5), (7, 7), (2, 3), (1, 5), (4, 7), (3, 2), (3, 1)])
@pytest.mark.parametrize("dtype", ["f4", "f8"])
def test_depthwise_layers_of_every_width(kernel, dtype):
    """All channels of a pixel at a time; weights over padding are seen there, and the gradient's taps go to the left."""
    for width in (1, 3, 5, 6, 7, 12, 23):
        for stride, padding in ((1, 0), (1, 1), (1, 4), (2, 1), (2, 3), ((1, 2), (2, 0))):
            channels = 48 if stride == 1 else 16
            x, w, b = (
                images((2, channels, 6, width), dtype),
                images((channels, 1, *kernel), dtype),
                images((channels,), dtype),
            )
            keywords = {"stride": stride, "padding": padding, "groups": channels}
            try:
                y = fast.conv(x, w, b, algorithm="direct", **keywords)
            except SpecValueError:
                continue  # the kernel is wider than what it sees
            into_channels_last(fast.conv, x, w, b, algorithm="direct", **keywords)
            into_channels_last(fast.conv_grad_input, y, w, x.shape, algorithm="direct", **keywords)
            w[3, 0, 0, 0], w[4, 0, -1, -1] = np.nan, np.inf
            into_channels_last(fast.conv, x, w, b, algorithm="direct", **keywords)


@pytest.mark.clause("fast.out", "fast.winograd")
def test_tiles_that_are_computed_again():
    x, w = images((2, 40, 17, 19)), images((50, 40, 3, 3))
    x[0, 3, 4, 5:7], x[1, 2, 12, 3], w[45, 3, 1, 1] = np.inf, 1e30, np.nan
    into_channels_last(fast.conv, x, w, padding=1, algorithm="winograd")


@pytest.mark.usefixtures("isa")
@pytest.mark.clause("fast.out")
@pytest.mark.parametrize("stride", [1, 2, 3])
@pytest.mark.parametrize("taps", [2, 3])
def test_transposed(stride, taps):
    x, w = images((2, 20, 9, 11)), images((20, 24, taps, taps))
    into_channels_last(fast.conv_transpose, x, w, images(24), stride=stride)
    w[3, 4, 1, 1] = np.nan
    into_channels_last(fast.conv_transpose, x, w, stride=stride, padding=1)
    into_channels_last(fast.conv_transpose, x, images((20, 1, 4 * taps, 4 * taps)), stride=4 * taps)


@pytest.mark.usefixtures("isa")
@pytest.mark.clause("fast.out", "fast.isa", "call.strides")
@pytest.mark.parametrize(("shape", "kernel", "keywords"), LAYERS)
@pytest.mark.parametrize("algorithm", ["direct", "auto", "winograd"])
def test_gradients(shape, kernel, keywords, algorithm):
    x, w = images(shape), images(kernel)
    dy = images(fast.conv(x, w, **keywords).shape)
    for _ in range(2):
        into_channels_last(fast.conv_grad_input, dy, w, shape, algorithm=algorithm, **keywords)
    dw, db = fast.conv_grad_weight(dy, x, kernel, **keywords), fast.conv_grad_bias(dy)
    for _ in range(2):
        turned = fast.conv_grad_weight(channels_last(dy), channels_last(x), kernel, num_threads=2, **keywords)
        np.testing.assert_array_equal(turned, dw)
    np.testing.assert_array_equal(fast.conv_grad_bias(channels_last(dy)), db)
    w.flat[5] = np.inf
    into_channels_last(fast.conv_grad_input, dy, w, shape, algorithm=algorithm, **keywords)


@pytest.mark.clause("call.strides")
@pytest.mark.parametrize("dtype", ["f4", "f8"])
def test_gradients_of_pools(dtype):
    x = images((2, 20, 40, 39), dtype)
    y = fast.max_pool(x, 3, stride=2)
    expected = fast.max_pool_grad(y, x, 3, stride=2)
    np.testing.assert_array_equal(fast.max_pool_grad(channels_last(y), channels_last(x), 3, stride=2), expected)
    expected = fast.avg_pool_grad(y, x.shape, 3, stride=2)
    np.testing.assert_array_equal(fast.avg_pool_grad(channels_last(y), x.shape, 3, stride=2), expected)


@pytest.mark.clause("call.strides")
@pytest.mark.parametrize("dtype", ["i1", "i2", "f4", "f8"])
@pytest.mark.parametrize("shape", [(1, 2, 3), (3, 5, 2000), (2, 40, 33, 50), (0, 3, 4), (2, 2, 1025)])
def test_operands_are_turned(shape, dtype):
    x = images(shape, dtype)
    for threads in (1, 3):
        y = operand(channels_last(x), x.dtype, threads)
        assert y.flags.c_contiguous
        np.testing.assert_array_equal(y, x, strict=True)


@pytest.mark.clause("fast.out", "fast.dtype")
@pytest.mark.parametrize("dtype", ["i1", "u1", "i2", "i4", "u8"])
def test_integers(dtype):
    x, w = images((2, 20, 17, 19), dtype), images((24, 20, 3, 3), dtype)
    for result in (None, "i4", "i8"):
        into_channels_last(fast.conv, x, w, padding=1, dtype=result)


@pytest.mark.usefixtures("isa")
@pytest.mark.clause("fast.out", "fast.isa", "call.strides")
@pytest.mark.parametrize("shape", [(2, 70, 13, 21), (1, 3, 13, 9), (2, 16, 40), (1, 20, 6, 5, 7), (0, 20, 6, 5)])
@pytest.mark.parametrize("dtype", ["f4", "f8", "i4", "u1"])
def test_pools(shape, dtype):
    x = images(shape, dtype)
    if x.dtype.kind == "f" and x.size:
        x.flat[7], x.flat[91] = np.nan, -np.inf
    for keywords in (
        {},
        {"stride": 1, "padding": 1},
        {"stride": 2, "dilation": 2},
        {"stride": 2, "padding": 1, "ceil_mode": True},
    ):
        into_channels_last(fast.max_pool, x, 3, **keywords)
        if x.dtype.kind == "f":
            into_channels_last(fast.avg_pool, x, 3, **keywords)
            for p in (1, 2, 3):
                into_channels_last(fast.lp_pool, x, 2, p=p, **keywords)


@pytest.mark.clause("fast.out")
def test_wide_rows_of_many_channels():
    into_channels_last(fast.max_pool, images((1, 40, 5, 9000)), (2, 3))
    into_channels_last(fast.avg_pool, images((1, 40, 5, 9000)), 3, stride=1, padding=1)


@pytest.mark.clause("fast.isa")
def test_pools_that_are_remembered_are_an_instruction_set_s_own():
    x, before = channels_last(images((1, 20, 9, 9))), fast.isa()
    expected = fast.avg_pool(x, 3)
    try:
        for name in fast.available_isas():
            fast.select(name)
            np.testing.assert_array_equal(fast.avg_pool(x, 3), expected)
    finally:
        fast.select(before)


@pytest.mark.clause("fast.out")
def test_a_bad_out_is_refused_by_every_call():
    x, w = images((1, 4, 9, 9)), images((4, 4, 3, 3))
    y = fast.conv(x, w)
    calls = [
        lambda out: fast.conv(x, w, out=out),
        lambda out: fast.plan_conv(w)(x, out=out),
        lambda out: fast.max_pool(x, 3, out=out),
        lambda out: fast.conv_grad_input(y, w, x.shape, out=out),
    ]
    for call in calls:
        for _ in range(2):
            call(None)
            for out in (np.zeros(10, np.float32)[::2], np.zeros((4, 4), np.float32).T):
                with pytest.raises(SpecValueError, match="out"):
                    call(out)


@linux
@pytest.mark.clause("fast.out", "fast.memory")
@pytest.mark.parametrize("call", [
    "plan(x, out=np.moveaxis(rows, -1, 1), num_threads=2)",
    "fast.conv(x, w, stride=2, algorithm={algorithm!r}, out=np.moveaxis(rows, -1, 1), num_threads=2)",
])  # fmt: skip
@pytest.mark.parametrize("algorithm", ["direct", "auto"])
def test_no_memory_for_another_result(call, algorithm):
    limited(call.format(algorithm=algorithm), channels=16, side=1024, allowed=11 << 20, algorithm=algorithm, outputs=12)
