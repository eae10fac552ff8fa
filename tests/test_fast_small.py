"""Calls like one before, which are remembered: each is judged by its own arguments and numbers."""

import time
from itertools import product

import numpy as np
import pytest
import scipy.signal

from convspec import SpecError, checks, fast, gradients, reference

X = np.random.default_rng(0).standard_normal((2, 4, 6, 5)).astype(np.float32)
W = np.random.default_rng(1).standard_normal((6, 2, 3, 3)).astype(np.float32)
B = np.arange(6, dtype=np.float32)
UNSHARED = np.random.default_rng(2).standard_normal((3, 4, 3, 4, 3, 3)).astype(np.float32)
CALLS = {
    "conv": ((X, W, B), {"groups": 2, "padding": ((1, 0), (2, 1))}),
    "local_conv": ((X[:1], UNSHARED), {}),
    "tiled_conv": ((X, np.random.default_rng(3).standard_normal((3, 2, 1, 4, 3, 3)).astype(np.float32)), {}),
    "conv_transpose": ((X, W[:4], B[:2]), {"stride": 2, "output_padding": 1, "padding": 1}),
    "max_pool": ((X, 2), {"ceil_mode": True}),
    "avg_pool": ((X, 2), {"padding": 1, "stride": 2}),
    "lp_pool": ((X, (2, 3)), {"p": 2}),
    "channel_pool": ((X, 2), {"kind": "avg"}),
    "conv_grad_bias": ((X,), {}),
    "tiled_conv_grad_bias": ((X, (4, 2, 1)), {}),
    "local_conv_grad_input": ((X[:1, :3, :4, :3].copy(), UNSHARED, (1, *X.shape[1:])), {}),
    "local_conv_grad_weight": ((X[:, :3, :4, :3].copy(), X, UNSHARED.shape), {}),
    "max_pool_grad": ((X[:, :, :3, :2].copy(), X, 2), {}),
    "avg_pool_grad": ((X[:, :, :4, :3].copy(), X.shape, 2), {"padding": 1, "ceil_mode": True}),
    "lp_pool_grad": ((X[:, :, :3, 1:2].copy(), X, (2, 3)), {"p": 2}),
    "channel_pool_grad": ((X[:, :2].copy(), X, 2), {"kind": "lp"}),
    "convolve": ((X[0, 0], W[0, 0]), {"mode": "same", "boundary": "symm"}),
    "correlate": ((X[0, 0], W[0, 0]), {"fillvalue": 2}),
}


def other(arguments):
    """The same shapes with other numbers."""
    return tuple(a[..., ::-1].copy() + 1 if isinstance(a, np.ndarray) else a for a in arguments)


@pytest.mark.clause("call.repeatable", "number.chain")
@pytest.mark.parametrize("op", CALLS)
def test_later_calls_compute_their_own_numbers(op):
    arguments, keywords = CALLS[op]
    f, chain = getattr(fast, op), getattr(reference, op)
    first = f(*arguments, **keywords)
    kept = first.copy()
    for operands in (arguments, other(arguments), arguments):
        y = f(*operands, **keywords)
        np.testing.assert_array_equal(y, chain(*operands, **keywords, stepwise=True), strict=True)
        assert y.flags.owndata
        assert y.flags.writeable
    np.testing.assert_array_equal(first, kept)


@pytest.mark.parametrize("op", CALLS)
def test_later_calls_are_not_checked_again(op, monkeypatch):
    arguments, keywords = CALLS[op]
    getattr(fast, op)(*arguments, **keywords)

    def check(*_, **__):
        raise AssertionError("checked again")

    for module, name in product((checks, gradients), CALLS):
        monkeypatch.setattr(module, name, check, raising=False)
    getattr(fast, op)(*other(arguments), **keywords)


def test_later_calls_under_scipys_names():
    image, kernel = np.rint(9 * X[0, 0]), np.rint(9 * W[0, 0])  # whole numbers, exact in any order
    for op, keywords in product(
        ("convolve", "correlate"), ({}, {"mode": "same", "boundary": "symm"}, {"fillvalue": 2})
    ):
        f, its_own = getattr(fast, f"{op}2d"), getattr(scipy.signal, f"{op}2d")
        for x, w in ((image, kernel), (image + 1, kernel - 1), (image, kernel.astype("f8")), (kernel, image)):
            np.testing.assert_array_equal(f(x, w, **keywords), its_own(x, w, **keywords), strict=True)


@pytest.mark.clause("call.strides", "call.byte-order", "call.read-only")
@pytest.mark.parametrize("op", CALLS)
def test_later_calls_take_any_layout(op):
    arguments, keywords = CALLS[op]
    f = getattr(fast, op)
    y = f(*arguments, **keywords)
    x, *rest = arguments
    frozen = x.copy()
    frozen.flags.writeable = False
    shifted = np.frombuffer(b"\0" + x.tobytes(), np.uint8)[1:].view(x.dtype).reshape(x.shape)
    for same in (np.asfortranarray(x), x[::-1].copy()[::-1], x.astype(">f4"), frozen, shifted):
        np.testing.assert_array_equal(f(same, *rest, **keywords), y)


LARGE = np.random.default_rng(4).standard_normal((1, 64, 30, 30)).astype(np.float32)
WORK = {
    "local_conv": ((LARGE, np.ones((32, 28, 28, 64, 3, 3), np.float32)), {}),
    "tiled_conv": ((LARGE, np.ones((64, 2, 2, 64, 3, 3), np.float32)), {}),
    "conv": ((LARGE, np.ones((512, 64, 3, 3), np.float32)), {}),
    "max_pool": ((np.tile(LARGE, (64, 1, 1, 1)), 3), {"stride": 1}),
    "convolve": ((np.tile(LARGE[0, 0], (40, 40)), np.ones((5, 5), np.float32)), {}),
}
"""Calls of milliseconds."""


@pytest.mark.clause("fast.threads")
@pytest.mark.skipif(not fast.openmp(), reason="built without OpenMP")
@pytest.mark.parametrize("op", WORK)
def test_later_calls_have_their_threads(op):
    arguments, keywords = WORK[op]

    def others_work(calls):
        all_threads, this_one = time.process_time(), time.thread_time()
        for _ in range(calls):
            getattr(fast, op)(*arguments, **keywords, num_threads=2)
        own = time.thread_time() - this_one
        return time.process_time() - all_threads - own > 0.2 * own

    others_work(2)
    time.sleep(0.3)  # threads that wait for more work do not count
    assert any(others_work(5) for _ in range(100))  # on a busy machine this one may have done it all before they start


@pytest.mark.clause("error.stride", "error.type", "fast.algorithm")
def test_equal_arguments_of_other_types_are_still_refused():
    fast.conv(X, W, groups=2, stride=1)
    fast.max_pool(X, 2, ceil_mode=False)
    for refused in (True, 1.0, "1", (1, True)):
        with pytest.raises(SpecError):
            fast.conv(X, W, groups=2, stride=refused)
    with pytest.raises(SpecError):
        fast.conv(X, W, groups=2, algorithm="best")
    dy, x, size = CALLS["max_pool_grad"][0]
    fast.max_pool_grad(dy, x, size, stride=2)
    for refused in (
        {"stride": 2.0},
        {"stride": 2, "algorithm": "best"},
        {"stride": 2, "out": dy},
        {"stride": 2, "out": x},
    ):
        with pytest.raises(SpecError):
            fast.max_pool_grad(dy, x, size, **refused)
    with pytest.raises(SpecError):
        fast.max_pool_grad(dy, x[:1], size, stride=2)


def test_special_weights_after_finite_ones():
    spoilt = W.copy()
    spoilt[0, 0, 0, 0] = np.inf
    for w in (W, spoilt):
        y = fast.conv(X, w, B, groups=2, padding=1)
        np.testing.assert_array_equal(y, reference.conv(X, w, B, groups=2, padding=1, stepwise=True))
        x = X[:, :2]
        y = fast.conv_transpose(x, w[:2], stride=2)
        np.testing.assert_array_equal(y, reference.conv_transpose(x, w[:2], stride=2, stepwise=True))


@pytest.mark.clause("call.repeatable", "call.strides", "call.byte-order", "number.special")
@pytest.mark.parametrize(
    ("shape", "taps", "stride", "algorithm"),
    [
        ((1, 24, 40, 20), (3, 3), 1, "auto"),
        ((1, 64, 64, 9), (3, 3), 1, "auto"),
        ((3, 17, 48, 20), (3, 3), 1, "auto"),
        ((1, 70, 40, 13), (5, 4), 1, "winograd"),
        ((2, 51, 20, 14), (1, 7), 1, "winograd"),
        ((1, 70, 40, 15), (4, 3), 2, "winograd"),
    ],
)
def test_calls_again_give_what_a_plan_gives(shape, taps, stride, algorithm):
    images, C, K, side = shape
    random = np.random.default_rng(6)
    x = random.standard_normal((images, C, side, side), np.float32)
    w = random.standard_normal((K, C, *taps), np.float32)
    spoilt = w.copy()
    spoilt[1, 2, :, :3] = np.inf, 1, np.nan
    keywords = {"padding": tuple(n // 2 for n in taps), "stride": stride, "algorithm": algorithm}
    for weights in (w, spoilt, w):
        plan = fast.plan_conv(weights, **keywords)
        y = plan(x)
        assert "Winograd" in repr(plan)
        for threads in (1, 2, 3, 8):
            for same in (x, np.asfortranarray(x), x.astype(">f4")):
                np.testing.assert_array_equal(fast.conv(same, weights, num_threads=threads, **keywords), y, strict=True)


@pytest.mark.clause("call.repeatable", "number.special")
@pytest.mark.parametrize(
    ("stride", "bias", "algorithm"), [(1, True, "auto"), (2, False, "winograd"), (2, True, "direct")]
)
def test_transposed_calls_again_give_what_new_ones_give(stride, bias, algorithm):
    random = np.random.default_rng(7)
    x, w = random.standard_normal((2, 48, 30, 29), np.float32), random.standard_normal((48, 40, 3, 3), np.float32)
    spoilt, b = w.copy(), random.standard_normal(40, np.float32) if bias else None
    spoilt[1, 2, :, 1] = np.inf, 1, np.nan
    for weights in (w, spoilt, w):
        fast.select(fast.isa())  # which forgets
        y = fast.conv_transpose(x, weights, b, stride=stride, algorithm=algorithm)
        fast.conv_transpose(x, w, b, stride=stride, algorithm=algorithm)
        for out in (None, np.full_like(y, 9)):
            again = fast.conv_transpose(x, weights, b, stride=stride, algorithm=algorithm, out=out)
            np.testing.assert_array_equal(again, y, strict=True)
