"""Validation: what is taken, what is refused, and that every error names clause, argument, value and what is allowed."""

import warnings

import numpy as np
import pytest

from convspec import SpecError, SpecTypeError, SpecValueError, checks, clauses, policies

X, W = np.zeros((2, 4, 6, 5)), np.zeros((6, 4, 3, 2))
IMAGE = np.zeros((4, 5), np.float32)

REFUSED = [
    ("error.rank", checks.conv, (np.zeros((2, 4)), W), {}),
    ("error.rank", checks.conv, (X, np.zeros((6, 4, 3))), {}),
    ("error.rank", checks.local_conv, (X, W), {}),
    ("error.rank", checks.convolve, (IMAGE, np.zeros(3)), {}),
    ("error.rank", checks.convolve, (np.float64(1), np.float64(1)), {}),
    ("error.rank", checks.max_pool, (np.zeros((1, 1, 1, 1, 1, 1)), 1), {}),
    ("error.empty-image", checks.convolve, (np.zeros((0, 3)), IMAGE), {}),
    ("error.empty-spatial", checks.conv, (X[..., :0], W), {}),
    ("error.empty-kernel", checks.conv, (X, W[..., :0]), {}),
    ("error.window", checks.conv, (X, W), {"dilation": 3}),
    ("error.window", checks.max_pool, (X, 7), {}),
    ("error.window", checks.channel_pool, (X, 5), {}),
    ("error.output-size", checks.conv_transpose, (X, np.zeros((4, 2, 1, 1))), {"padding": 3}),
    ("error.channels", checks.conv, (X, np.zeros((6, 3, 3, 2))), {}),
    ("error.channels", checks.conv_transpose, (X, np.zeros((3, 2, 1, 1))), {}),
    ("error.channel-groups", checks.conv, (X, W), {"groups": 3}),
    ("error.channel-groups", checks.conv_transpose, (X, W), {"groups": 3}),
    ("error.bias", checks.conv, (X, W, np.zeros(5)), {}),
    ("error.bias", checks.tiled_conv, (X, np.zeros((6, 2, 2, 4, 3, 2)), np.zeros(6)), {}),
    ("error.tile-shape", checks.local_conv, (X, np.zeros((6, 2, 2, 4, 3, 2))), {}),
    ("error.tile-shape", checks.tiled_conv, (X, np.zeros((6, 0, 2, 4, 3, 2))), {}),
    ("error.stride", checks.conv, (X, W), {"stride": (1, 0)}),
    ("error.dilation", checks.conv, (X, W), {"dilation": -1}),
    ("error.groups", checks.conv, (X, W), {"groups": 0}),
    ("error.size", checks.max_pool, (X, (2, 0)), {}),
    ("error.negative-padding", checks.conv, (X, W), {"padding": ((0, -1), 0)}),
    ("error.output-padding", checks.conv_transpose, (X, W[:4]), {"output_padding": 1}),
    ("error.output-padding", checks.conv_transpose, (X, W[:4]), {"output_padding": -1, "stride": 2}),
    ("error.order", checks.lp_pool, (X, 2), {"p": 0.5}),
    ("error.order", checks.lp_pool, (X, 2), {"p": float("inf")}),
    ("error.order", checks.lp_pool, (X, 2), {"p": 10**400}),
    ("error.length", checks.conv, (X, W), {"stride": (1, 1, 1)}),
    ("error.length", checks.conv, (X, W), {"padding": ((1, 1, 1), 0)}),
    ("error.string", checks.conv, (X, W), {"padding": "SAME"}),
    ("error.string", checks.conv_transpose, (X, W[:4]), {"padding": "same"}),
    ("error.string", checks.convolve, (IMAGE, IMAGE, "middle"), {}),
    ("error.string", checks.channel_pool, (X, 2), {"kind": "mean"}),
    ("error.type", checks.conv, (X, W), {"stride": 1.0}),
    ("error.type", checks.conv, (X, W), {"stride": True}),
    ("error.type", checks.conv, (X, W), {"stride": None}),
    ("error.type", checks.max_pool, (X, "2"), {}),
    ("error.type", checks.max_pool, (X, 2), {"ceil_mode": 1}),
    ("error.type", checks.convolve, (IMAGE, IMAGE), {"mode": 2}),
    ("error.type", checks.convolve, (IMAGE, IMAGE), {"fillvalue": 1j}),
    ("error.type", checks.convolve, (IMAGE, IMAGE), {"fillvalue": np.longdouble(1)}),
    ("error.dtype", checks.conv, (X.astype(bool), W), {}),
    ("error.dtype", checks.conv, (X, W.astype(complex)), {}),
    ("error.dtype", checks.conv, (X.astype(np.float16), W), {}),
    ("error.dtype", checks.conv, (X.astype(object), W), {}),
    ("error.dtype", checks.max_pool, ([[[1], [2, 3]]], 1), {}),
    ("error.dtype", checks.max_pool, (np.ma.masked_array(X), 1), {}),
    ("error.too-large", checks.conv, (X, W), {"padding": 2**31}),
    ("error.too-large", checks.conv, (X, W), {"padding": 2**31 - 1}),
    ("error.too-large", checks.conv, (X, W), {"stride": 2**70}),
    ("image.valid-neither", checks.convolve, (np.zeros((2, 5)), np.zeros((3, 4)), "valid"), {}),
    ("image.fillvalue", checks.convolve, (IMAGE, IMAGE), {"fillvalue": 0.1}),
    ("image.fillvalue", checks.convolve, (IMAGE, IMAGE), {"fillvalue": 1e300}),
    ("image.fillvalue", checks.convolve, (np.ones(3, np.int8),) * 2, {"fillvalue": 2**31}),
]


@pytest.mark.clause("error.names")
@pytest.mark.parametrize("clause, check, arrays, arguments", REFUSED, ids=lambda v: v if isinstance(v, str) else "")
def test_refusals(clause, check, arrays, arguments):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        with pytest.raises(SpecError) as caught:
            check(*arrays, **arguments)
    error = caught.value
    assert error.clause == clause and clause in clauses.load()
    assert str(error) == f"{error.argument} = {error.shown}: {error.allowed} [{clause}]"
    assert isinstance(error, TypeError if clause in ("error.type", "error.dtype") else ValueError)


@pytest.mark.clause("error.first")
def test_refused_where_nothing_is_to_be_computed():
    with pytest.raises(SpecValueError, match="stride"):
        checks.conv(X[:0], W, stride=0)
    with pytest.raises(SpecTypeError, match="dtype"):
        checks.conv(X[:, :0].astype(bool), W[:, :0])


@pytest.mark.clause("shape.padding")
@pytest.mark.parametrize(
    "padding, pads",
    [
        (1, ((1, 1), (1, 1))),
        (np.int64(1), ((1, 1), (1, 1))),
        ((1, 2), ((1, 1), (2, 2))),
        ([(1, 0), (2, 3)], ((1, 0), (2, 3))),
        (np.array([[1, 0], [2, 3]]), ((1, 0), (2, 3))),
        (range(2), ((0, 0), (1, 1))),
        ([1, (2, 3)], ((1, 1), (2, 3))),
    ],
)
def test_padding_in_numbers(padding, pads):
    assert checks.conv(X, W, padding=padding).pads == pads


@pytest.mark.clause("policy.declaration")
@pytest.mark.parametrize(
    "declared",
    [
        {"nan": "any"},
        {"max_nan": "sometimes"},
        {"max_nan": {"maxpool": "any"}},
        {"max_nan": {"avg_pool": "sometimes"}},
        {"max_nan": np.array(["any", "any"])},
        {"max_nan": None},
    ],
)
def test_policies_that_no_clause_knows(declared):
    with pytest.raises(SpecValueError, match=r"policy\.declaration"):
        policies.resolve(declared, "max_pool")


@pytest.mark.clause("policy.declaration")
def test_the_specific_entry_wins():
    declared = {"max_nan": {"*": "any", "max_pool": "ignore"}, "padded_tap": "skipped"}
    assert policies.resolve(declared, "max_pool")["max_nan"] == "ignore"
    assert policies.resolve(declared, "channel_pool")["max_nan"] == "any"
    assert policies.resolve(declared, "conv") == {**policies.DEFAULTS, "max_nan": "any", "padded_tap": "skipped"}
    assert policies.numerics({"conv": "fast"}, "conv") == "fast" and policies.numerics({}, "conv") == "direct"
