"""The chapter on shape arithmetic: sizes, and the elements that windows meet."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import strategies as st

from convspec.conformance.case import Case, make
from convspec.conformance.judge import Trial
from convspec.conformance.strategies import Open, of
from convspec.conformance.strategies_layers import transposed
from convspec.conformance.strategies_pooling import pools

WINDOWED = ("conv", "local_conv", "tiled_conv", "max_pool", "avg_pool", "lp_pool")
windowed = pytest.mark.parametrize("op", WINDOWED)
strided = pytest.mark.parametrize("op", [*WINDOWED, "conv_transpose"])
pooled = pytest.mark.parametrize("op", ["max_pool", "avg_pool", "lp_pool"])
LONG = Open(most=20, channels=2)


@pytest.mark.clause("shape.output")
@windowed
def test_output(judge: Trial, op: str) -> None:
    judge.search(of(op, LONG))


@pytest.mark.clause("shape.stride")
@strided
def test_stride(judge: Trial, op: str) -> None:
    judge.search(of(op, Open(stride=True, most=12)))
    if op.endswith("_pool"):
        judge.search(of(op, Open(most=12)), share=0.5)
    judge.each(beyond_the_window(op, rank, axis) for rank in (1, 2, 3) for axis in range(rank))


def beyond_the_window(op: str, rank: int, axis: int) -> Case:
    """Several images of one channel, with a stride beyond the window along one axis."""
    arrays = {"x": ((2, 1, *[4] * rank), "float32")}
    stride = tuple(3 if i == axis else 1 for i in range(rank))
    if op.endswith("_pool"):
        return make(op, arrays, {"size": 2, "stride": stride})
    kernels = {"local_conv": tuple(2 // s + 1 for s in stride), "tiled_conv": (1,) * rank}.get(op, ())
    return make(op, {**arrays, "w": ((1, *kernels, 1, *[2] * rank), "float32")}, {"stride": stride})


@pytest.mark.clause("shape.dilation")
@strided
def test_dilation(judge: Trial, op: str) -> None:
    judge.search(of(op, Open(dilation=True)))


@pytest.mark.clause("shape.padding")
@strided
def test_padding(judge: Trial, op: str) -> None:
    judge.search(of(op, Open(padding="numbers")))
    judge.search(of(op, Open(padding="numbers", stride=True)).map(spelled_otherwise), share=0.7)


def spelled_otherwise(c: Case) -> Case:
    """The same numbers as lists, and as integers of numpy."""
    return c.but(arguments=tuple((name, _otherwise(value)) for name, value in c.arguments))


def _otherwise(value: Any) -> Any:
    if isinstance(value, tuple):
        return [v if isinstance(v, tuple) else _otherwise(v) for v in value]
    return np.int64(value) if type(value) is int else value


@pytest.mark.clause("shape.padding-valid")
@windowed
def test_valid(judge: Trial, op: str) -> None:
    judge.search(of(op, Open(padding="valid", stride=True)), share=0.5)


@pytest.mark.clause("shape.padding-same")
@windowed
def test_same(judge: Trial, op: str) -> None:
    judge.search(of(op, Open(padding="same", stride=True, dilation=True)))


@pytest.mark.clause("shape.padding-same-lower")
@windowed
def test_same_lower(judge: Trial, op: str) -> None:
    judge.search(of(op, Open(padding="same_lower", stride=True, dilation=True)))


@pytest.mark.clause("shape.padding-full")
@windowed
def test_full(judge: Trial, op: str) -> None:
    judge.search(of(op, Open(padding="full", stride=True, dilation=True)))


@pytest.mark.clause("shape.transposed")
@pytest.mark.parametrize("op", ["conv_transpose"])
def test_transposed(judge: Trial, op: str) -> None:
    judge.search(transposed(Open(stride=True, dilation=True, padding="numbers"), output_padding=True))


@pytest.mark.clause("shape.ceil-mode")
@pooled
def test_ceil_mode(judge: Trial, op: str) -> None:
    judge.search(pools(op, Open(ceil=True, stride=True, most=9)))
    named = st.sampled_from(("same", "same_lower", "valid"))
    judge.search(named.flatmap(lambda name: pools(op, Open(ceil=True, stride=True, padding=name))), share=0.7)


@pytest.mark.clause("shape.ceil-drop")
@pooled
def test_ceil_drop(judge: Trial, op: str) -> None:
    judge.search(pools(op, Open(ceil=True, stride=True, padding="numbers", most=9), empty=True), share=1.5)
