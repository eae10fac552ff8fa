"""The keywords of this room, plans, threads and forks."""

import multiprocessing
import os
import subprocess
import sys
import threading

import numpy as np
import pytest
import threadpoolctl

from convspec import SpecError, SpecTypeError, SpecValueError, fast

RNG = np.random.default_rng(5)
X = RNG.standard_normal((2, 16, 40, 40)).astype(np.float32)
W = RNG.standard_normal((32, 16, 3, 3)).astype(np.float32)
B = RNG.standard_normal(32).astype(np.float32)
Y = fast.conv(X, W, B, padding=1)


@pytest.mark.clause("fast.out")
def test_out():
    out = np.full(Y.shape, np.nan, np.float32)
    assert fast.conv(X, W, B, padding=1, out=out) is out
    np.testing.assert_array_equal(out, Y)


@pytest.mark.clause("fast.out")
def test_out_of_any_strides():
    large = np.zeros((2, 40, 40, 64), np.float32)
    out = large.transpose(0, 3, 1, 2)[:, ::2, ::-1]
    assert fast.conv(X, W, B, padding=1, out=out) is out
    np.testing.assert_array_equal(out, Y)
    assert not large[..., 1::2].any()


@pytest.mark.clause("fast.out")
def test_out_of_every_operator():
    image = X[0, 0]
    calls = [
        (fast.convolve, (image, W[0, 0])), (fast.correlate, (W[0, 0], image, "valid")), (fast.max_pool, (X, 2)),
        (fast.avg_pool, (X, 2)), (fast.lp_pool, (X, 2)), (fast.channel_pool, (X, 2)),
        (fast.conv_transpose, (X, W.swapaxes(0, 1))),
    ]  # fmt: skip
    for operator, arguments in calls:
        y = operator(*arguments)
        out = np.empty_like(y)
        assert operator(*arguments, out=out) is out
        np.testing.assert_array_equal(out, y)


def frozen(a):
    a = a.copy()
    a.flags.writeable = False
    return a


@pytest.mark.clause("fast.out", "fast.threads", "fast.algorithm")
@pytest.mark.parametrize(
    ("clause", "keywords"),
    [
        ("fast.out", {"out": Y.tolist()}),
        ("fast.out", {"out": np.empty(Y.shape)}),
        ("fast.out", {"out": np.empty(Y.shape, ">f4")}),
        ("fast.out", {"out": np.empty(Y.shape[1:], np.float32)}),
        ("fast.out", {"out": frozen(Y)}),
        ("fast.threads", {"num_threads": 0}),
        ("fast.threads", {"num_threads": 1.0}),
        ("fast.threads", {"num_threads": True}),
        ("fast.algorithm", {"algorithm": "quick"}),
        ("fast.algorithm", {"algorithm": None}),
        ("error.stride", {"stride": 0}),
    ],
)
def test_bad_keywords(clause, keywords):
    with pytest.raises(SpecError) as refused:
        fast.conv(X, W, B, **{"padding": 1, **keywords})
    assert refused.value.clause == clause


@pytest.mark.clause("fast.out")
def test_out_must_not_be_an_input():
    x = X[:, :1]
    w = np.ones((1, 1, 1, 1), np.float32)
    with pytest.raises(SpecValueError):
        fast.conv(x, w, out=x)
    with pytest.raises(SpecTypeError):
        fast.conv(x, w, out=None, num_threads="2")


@pytest.mark.clause("call.inputs-unchanged")
def test_inputs_are_not_written():
    copies = [a.copy() for a in (X, W, B)]
    fast.conv(X, W, B, padding=1)
    for a, copy in zip((X, W, B), copies, strict=True):
        np.testing.assert_array_equal(a, copy)


@pytest.mark.clause("fast.plan")
@pytest.mark.parametrize("images", [0, 1, 2])
def test_plan(images):
    w, b = W.copy(), B.copy()
    plan = fast.plan_conv(w, b, padding=1)
    w[:], b[:] = 0, 0
    np.testing.assert_array_equal(plan(X[:images]), Y[:images], strict=True)
    out = np.empty_like(Y[:images])
    assert plan(X[:images], out=out, num_threads=1) is out
    np.testing.assert_array_equal(out, Y[:images])


@pytest.mark.clause("fast.plan")
def test_plan_for_other_shapes_and_dtypes():
    plan = fast.plan_conv(W, padding=1)
    for n in range(3, 30):
        x = X[:, :, :n, ::-1].astype(np.float64 if n % 2 else np.float32)
        np.testing.assert_array_equal(plan(x), fast.conv(x, W, padding=1), strict=True)
    with pytest.raises(SpecValueError):
        plan(X[:, :3])


@pytest.mark.clause("fast.plan")
@pytest.mark.parametrize("stride", [1, 2, 5])
def test_plan_conv_transpose(stride):
    w = W.swapaxes(0, 1)
    plan = fast.plan_conv_transpose(w, B, stride=stride)
    np.testing.assert_array_equal(plan(X), fast.conv_transpose(X, w, B, stride=stride), strict=True)


@pytest.mark.clause("fast.plan", "fast.threads", "call.strides")
@pytest.mark.parametrize("algorithm", ["direct", "winograd"])
def test_a_plan_is_split_anew_for_a_call_unlike_the_last(algorithm):
    plan = fast.plan_conv(W, B, padding=1, algorithm=algorithm)
    once = plan(X, num_threads=1)
    turned = np.asfortranarray(X)
    for threads in (2, 2, 1, 3, 2):
        for x, y in [(X, once), (turned, once), (turned, once), (X[:1], once[:1]), (X[:0], once[:0])]:
            np.testing.assert_array_equal(plan(x, num_threads=threads), y)


@pytest.mark.clause("fast.plan")
def test_plan_called_from_many_threads():
    plan = fast.plan_conv(W, B, padding=1)
    results = [None] * 8

    def call(i):
        results[i] = plan(X, num_threads=1 + i % 3)

    workers = [threading.Thread(target=call, args=(i,)) for i in range(8)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    for y in results:
        np.testing.assert_array_equal(y, Y)


@pytest.mark.clause("error.too-large")
def test_too_large_for_memory():
    x, w = np.zeros((1, 1, 2**20), np.float32), np.ones((1, 2**12, 1), np.float32)
    with pytest.raises((MemoryError, ValueError)):
        fast.conv_transpose(x, w, stride=2**20)


@pytest.mark.clause("fast.threads")
@pytest.mark.skipif(not fast.openmp(), reason="built without OpenMP")
def test_threadpoolctl_limits_threads():
    from convspec.fast import options

    with threadpoolctl.threadpool_limits(1):
        assert options.threads(None) == 1
    with threadpoolctl.threadpool_limits(3):
        assert options.threads(None) == 3
        np.testing.assert_array_equal(fast.conv(X, W, B, padding=1), Y)


@pytest.mark.clause("fast.fork")
@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork on this system")
def test_a_forked_child_does_not_hang():
    fast.conv(X, W, B, padding=1, num_threads=2)
    child = multiprocessing.get_context("fork").Process(target=forked_child)
    child.start()
    child.join(timeout=30)
    assert child.exitcode == 0


def forked_child():
    assert (fast.conv(X, W, B, padding=1, num_threads=2) == Y).all()


@pytest.mark.clause("fast.isa")
def test_unknown_isa_is_refused():
    command = [sys.executable, "-c", "import convspec.fast"]
    refused = subprocess.run(command, env={**os.environ, "CONVSPEC_ISA": "mmx"}, capture_output=True, text=True)
    assert refused.returncode == 1
    assert "mmx" in refused.stderr
    assert all(name in refused.stderr for name in fast.available_isas())


@pytest.mark.clause("fast.plan", "fast.algorithm")
def test_a_plan_says_what_it_chose():
    w = np.ones((64, 64, 3, 3), np.float32)
    x = np.ones((1, 64, 30, 30), np.float32)
    for algorithm, stride, said in (
        ("auto", 1, "Winograd"),
        ("direct", 1, "direct"),
        ("winograd", 2, "Winograd"),
        ("winograd", 3, "direct"),
    ):
        plan = fast.plan_conv(w, stride=stride, algorithm=algorithm)
        assert "\n" not in repr(plan)
        plan(x)
        assert f": {said}, " in repr(plan)
        assert "bytes of weights" in repr(plan)
    with pytest.raises(SpecError):
        fast.plan_conv(w, algorithm="best")


@pytest.mark.clause("fast.out")
def test_large_results_begin_on_a_cache_line():
    """Vectors of 64 bytes then do not straddle two of them: a thirtieth of the time of layers, an eighth of images with two kernels."""
    for _ in range(3):
        for y in (
            fast.conv(X, W, B, padding=1),
            fast.conv_grad_input(Y, W, X.shape, padding=1),
            fast.avg_pool(X, 3, stride=1),
        ):
            assert y.ctypes.data % 64 == 0
            assert y.flags.c_contiguous
            assert y.flags.writeable


ONCE = {
    "one task reads a block": ((1, 64, 20, 20), (96, 64, 3, 3), {"padding": 1, "algorithm": "direct"}),
    "one image and stride": ((1, 96, 15, 15), (100, 96, 3, 3), {"padding": 1, "stride": 2}),
    "winograd of few boxes": ((1, 64, 14, 14), (70, 64, 3, 3), {"padding": 1}),
    "winograd of many boxes": ((16, 32, 32, 32), (48, 32, 3, 3), {"padding": 1}),
    "five taps": ((1, 32, 30, 30), (50, 32, 5, 5), {"padding": 2}),
    "groups": ((2, 32, 28, 28), (48, 8, 3, 3), {"groups": 4}),
    "pointwise": ((1, 128, 14, 14), (200, 128, 1, 1), {}),
    "depthwise": ((1, 32, 40, 40), (32, 1, 3, 3), {"groups": 32}),
}


@pytest.mark.clause("fast.plan", "number.chain", "number.locality")
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("name", ONCE)
def test_weights_of_one_call_have_their_bias(name, dtype):
    shape, w_shape, keywords = ONCE[name]
    random = np.random.default_rng(3)
    x, w = (random.standard_normal(s).astype(dtype) for s in (shape, w_shape))
    for trial in range(4):
        b = random.standard_normal(w_shape[0]).astype(dtype)
        if trial == 2:
            b[[0, -1]] = np.inf, np.nan
        if trial == 3:
            x[0, 0, 5, 6], w[-1, 0, 0, 0] = np.inf, np.nan
        expected = fast.plan_conv(w, b, **keywords)(x)
        for given in (b, np.repeat(b, 2)[::2]):
            y = fast.conv(x, w, given, **keywords)
            np.testing.assert_array_equal(y, expected)
        y = fast.conv(x, w, b, **keywords, out=np.empty_like(expected))
        np.testing.assert_array_equal(y, expected)
        if trial < 2:
            np.testing.assert_array_equal(fast.conv(x, w, **keywords), fast.plan_conv(w, **keywords)(x))
