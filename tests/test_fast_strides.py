"""Inputs of any strides are read where they are: the same bits, and no memory for a copy of them."""

import subprocess
import sys
from itertools import product

import numpy as np
import pytest

from convspec import SpecValueError, checks, fast
from convspec.fast import calls
from convspec.fast.layers import describe

RNG = np.random.default_rng(11)


def channels_last(x):
    return np.moveaxis(np.ascontiguousarray(np.moveaxis(x, 1, -1)), -1, 1)


def cropped(x):
    large = np.full([n + 3 for n in x.shape], 99, x.dtype)
    view = large[tuple(slice(1, n + 1) for n in x.shape)]
    view[...] = x
    return view


LAYOUTS = {
    "channels last": channels_last,
    "cropped": cropped,
    "cropped, channels last": lambda x: np.moveaxis(cropped(np.moveaxis(x, 1, -1)), -1, 1),
    "reversed": lambda x: np.ascontiguousarray(x[..., ::-1])[..., ::-1],
    "every other": lambda x: np.repeat(x, 2, -1)[..., ::2],
    "columns first": lambda x: np.ascontiguousarray(x.swapaxes(-1, 2)).swapaxes(-1, 2),
    "channels first": lambda x: np.ascontiguousarray(x.swapaxes(0, 1)).swapaxes(0, 1),
    "last first": np.asfortranarray,
}

SHAPES = [(2, 4, 37), (2, 34, 19, 21), (1, 3, 40, 18), (2, 20, 5, 6, 7)]


@pytest.fixture(params=fast.available_isas())
def isa(request):
    before = fast.isa()
    fast.select(request.param)
    yield
    fast.select(before)


def images(shape, dtype="f4"):
    return (RNG.standard_normal(shape) * 50).astype(dtype)


def same(operator, x, *arguments, **keywords):
    expected = operator(x, *arguments, **keywords)
    for name, layout in LAYOUTS.items():
        view = layout(x)
        np.testing.assert_array_equal(view, x)
        np.testing.assert_array_equal(operator(view, *arguments, **keywords), expected, err_msg=name, strict=True)


@pytest.mark.usefixtures("isa")
@pytest.mark.clause("call.strides", "fast.isa")
@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("algorithm", ["direct", "winograd"])
def test_convolutions(shape, algorithm):
    x, taps = images(shape), (3,) * (len(shape) - 2)
    if algorithm == "winograd":
        x[0, 0].flat[5:7] = np.nan, 1e30
    keywords = {"algorithm": algorithm, "num_threads": 2}
    for outputs in (3, 40):
        w = images((outputs, shape[1], *taps))
        same(fast.conv, x, w, images(outputs), padding=1, **keywords)
        same(fast.conv, x, w, stride=2, padding=1, **keywords)
        same(fast.conv, x, w, stride=2, dilation=2, padding=2, **keywords)
        for stride in (1, 2):
            same(fast.conv, x, images((outputs, shape[1], *[1] * len(taps))), stride=stride, **keywords)
        same(fast.conv_transpose, x, w.swapaxes(0, 1), stride=2, **keywords)
    same(fast.conv, x, images((2 * shape[1], 1, *taps)), padding=1, groups=shape[1], **keywords)
    same(fast.conv, x, images((shape[1], 1, *taps)), stride=2, groups=shape[1], **keywords)
    same(fast.conv, x, images((shape[1], 1, *[5] * len(taps))), padding=2, groups=shape[1], algorithm="direct")


@pytest.mark.usefixtures("isa")
@pytest.mark.clause("call.strides", "fast.isa")
@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("dtype", ["i1", "u2", "i4", "f4", "f8"])
def test_pooling_and_images(shape, dtype):
    x = images(shape, dtype)
    for keywords in ({}, {"stride": 1, "padding": 1}):
        same(fast.max_pool, x, 3, **keywords)
        same(fast.avg_pool, x, 3, **keywords)
    same(fast.channel_pool, x, 3, stride=2)
    kernel = images((3,) * (len(shape) - 2), dtype)
    for boundary in ("fill", "symm"):
        same(lambda x: fast.convolve(x[0, 0], kernel, "same", boundary), x)  # noqa: B023


@pytest.mark.clause("call.strides")
def test_unshared_kernels():
    x = images((2, 6, 9, 20))
    same(fast.local_conv, x, images((4, 7, 18, 3, 3, 3)), groups=2)


LIMITED = """
import resource, sys
import numpy as np
from convspec import fast
with open("/proc/self/statm") as f:
    f.read()
w = np.ones(({outputs}, {channels}, 3, 3), np.float32)
large = np.ones((2, {side}, {side}, {channels}), np.float32)
x = large.transpose(0, 3, 1, 2)
plan = fast.plan_conv(w, stride=2, algorithm={algorithm!r})
y = plan(x[:, :, :40, :40], num_threads=2)
y = plan(x, num_threads=2)
del y
y = np.empty((2, {outputs}, *[({side} - 3) // 2 + 1] * 2), np.float32)
rows = np.empty((2, *y.shape[2:], {outputs}), np.float32)
with open("/proc/self/statm") as f:
    now = int(f.read().split()[0]) * resource.getpagesize()
resource.setrlimit(resource.RLIMIT_AS, (now + {allowed},) * 2)
{call}
"""


def limited(call, channels=64, side=256, allowed=12 << 20, algorithm="auto", outputs=3):
    """Runs `call` where so many bytes more than now can be allocated."""
    text = LIMITED.format(
        call=call, channels=channels, side=side, allowed=allowed, algorithm=algorithm, outputs=outputs
    )
    done = subprocess.run([sys.executable, "-c", text], capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    return done.stdout


linux = pytest.mark.skipif(sys.platform != "linux", reason="the limit on memory is Linux's")


@linux
@pytest.mark.clause("fast.memory")
def test_no_copy_of_the_input():
    limited("assert plan(x, out=y, num_threads=2) is y and y[0, 0, 0, 0] == 576")
    limited("fast.conv(x, w, stride=2, out=y, num_threads=2)")
    limited("fast.max_pool(x, 200, num_threads=2)")
    with pytest.raises(AssertionError, match="MemoryError"):
        limited("x.copy()")


@linux
@pytest.mark.clause("fast.memory", "error.too-large")
def test_too_little_memory():
    """Nothing is written, nothing is lost, and the next call is as good as ever."""
    limited(
        """
y[...] = 7
wide = np.broadcast_to(np.float32(1), (1, 1, 2**22))
kernel = np.ones((1, 1, 9), np.float32)
for _ in range(100):
    for refused in (lambda: fast.conv(wide, kernel), lambda: fast.plan_conv(np.broadcast_to(kernel, (2**20, 1, 9))),
                    lambda: fast.max_pool(wide, 2, stride=1)):
        try:
            refused()
        except MemoryError:
            continue
        raise AssertionError("there is not so much memory")
assert (y == 7).all()
assert plan(x, out=y, num_threads=2).max() == 576
"""
    )


@pytest.mark.clause("call.strides", "error.too-large")
def test_more_than_31_bits_of_elements():
    one = np.float32(3)
    x = np.broadcast_to(one, (1, 1, 2**31 + 5))
    y = fast.conv(x, np.ones((1, 1, 2), np.float32), stride=2**29)
    assert y.tolist() == [[[6.0] * 5]]
    assert fast.max_pool(x, 2, stride=2**29).tolist() == [[[3.0] * 5]]
    x = np.broadcast_to(one, (2**20, 2**20, 1, 2**20))[:1, :2, :, :2]
    assert fast.conv(x, np.ones((1, 2, 1, 2), np.float32)).tolist() == [[[[12.0]]]]


@pytest.mark.clause("fast.out")
def test_out_must_not_overlap_itself():
    x, w = np.ones((1, 1, 8), np.float32), np.ones((2, 1, 3), np.float32)
    room = np.full(100, 5, np.float32)
    for strides in ((4, 4, 4), (400, 0, 4), (400, 20, 4), (400, 24, 3)):
        out = np.lib.stride_tricks.as_strided(room, (1, 2, 6), strides)
        for call in (fast.plan_conv(w), lambda x, out: fast.conv(x, w, out=out)):
            with pytest.raises(SpecValueError) as refused:
                call(x, out=out)
            assert refused.value.clause == "fast.out"
    assert (room == 5).all()
    out = np.lib.stride_tricks.as_strided(room, (1, 2, 6), (4, 12, 8))
    assert (fast.conv(x, w, out=out) == 3).all()


@pytest.mark.clause("fast.memory")
@pytest.mark.parametrize("threads", [1, 2, 8])
def test_workspace(threads):
    """Of wide rows, many channels, many outputs and volumes."""
    cases = [
        ((1, 512, 7, 7), (512, 3, 3)), ((1, 2048, 28, 28), (64, 3, 3)), ((1, 64, 512, 512), (64, 3, 3)),
        ((1, 16, 99999), (2048, 3)), ((3, 16, 3, 99999), (1024, 3, 3)), ((2, 128, 16, 32, 32), (64, 3, 3, 3)),
        ((5, 1024, 40, 40), (64, 3, 3)), ((1, 1024, 512), (16, 41)), ((1, 3, 2000, 2000), (3, 31, 31)),
        ((1, 16, 300, 300), (900, 3, 3)), ((1, 4, 16, 99999), (1024, 3, 3)), ((3, 3, 227, 500), (96, 5, 5)),
        ((2, 16, 700, 20), (64, 4, 4)), ((2, 4, 9, 80, 90), (70, 3, 3, 3)),
    ]  # fmt: skip
    for shape, (outputs, *taps) in cases:
        x, w = np.broadcast_to(np.float32(0), shape), np.zeros((outputs, shape[1], *taps), np.float32)
        for algorithm, stride in product(("direct", "auto", "winograd"), (1, 2)):
            c = checks.conv(x, w, None, stride=stride, padding=1)
            plan = calls.prepare(describe(c, w, 1), w, None, 1, algorithm)
            assert plan.workspace(shape[0], threads) <= 4 << 20, (shape, taps, stride, plan.describe())
