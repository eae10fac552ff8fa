"""The lecture's worked examples, on the backend."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from convspec.conformance.case import ARGUMENTS, ARRAYS, Case, Put, make
from convspec.conformance.judge import Trial
from convspec.lecture import EXAMPLES, Example
from convspec.networks import INPUT, NETWORKS, Block, Shape, output_shapes


def case_of(example: Example, dtype: str) -> Case:
    """The example as a case, each element of its arrays placed."""
    arrays, arguments, put = {}, dict(example.keywords), []
    names = iter([*ARRAYS[example.op], *ARGUMENTS[example.op]])
    for value in example.args:
        name = next(names)
        if not isinstance(value, np.ndarray):
            arguments[next(n for n in (name, *names) if n in ARGUMENTS[example.op])] = value
            continue
        arrays[name] = (value.shape, dtype)
        put += [Put(name, index, repr(value[index].item())) for index in np.ndindex(value.shape)]
    return make(example.op, arrays, arguments, put=tuple(put))


@pytest.mark.parametrize("dtype", ["float32", "float64", "int64"])
@pytest.mark.parametrize(
    ("op", "example"),
    [pytest.param(e.op, e, id=f"{e.op}-{e.name}", marks=pytest.mark.clause(e.clause)) for e in EXAMPLES],
)
def test_example(judge: Trial, op: str, example: Example, dtype: str) -> None:
    if dtype != "int64" or example.integral:
        judge.each([case_of(example, dtype)])


@pytest.mark.clause("lecture.dimensions")
@pytest.mark.parametrize("op", ["conv"])
def test_dimensions(judge: Trial, op: str) -> None:
    """A filter of 11x11 at stride 4 on 227x227, and 3x3 with a padding of 1, 2 and by name."""
    judge.each(
        make(op, {"x": ((1, 1, *size), "float32"), "w": ((1, 1, k, k), "float32")}, arguments)
        for size, k, arguments in (
            ((5, 7), 3, {}), ((5, 7), 3, {"padding": 1}), ((5, 7), 3, {"padding": "same"}),
            ((7, 8), 3, {"stride": 2, "padding": 2}), ((227, 227), 11, {"stride": 4}),
        )
    )  # fmt: skip


@pytest.mark.clause("lecture.pooling-volume")
@pytest.mark.parametrize("op", ["max_pool"])
def test_pooling_volume(judge: Trial, op: str) -> None:
    depth = 64 if judge.thorough else 2
    judge.each([make(op, {"x": ((1, depth, 224, 224), "float32")}, {"size": 2})])


def block_case(block: Block, shape: Shape) -> Case:
    """A block of a network on an input of the size of `shape`, with two channels instead of a hundred."""
    x = ((1, 2, *shape[1:]), "float32")
    if block.channels is None:
        return make("max_pool", {"x": x}, {"size": block.size, "stride": block.stride, "ceil_mode": True})
    w = ((2, 2, block.size, block.size), "float32")
    return make("conv", {"x": x, "w": w}, {"stride": block.stride, "padding": block.padding})


def block_cases() -> dict[Case, Shape]:
    """The different blocks of the networks, with the shapes that the table gives them."""
    found: dict[Case, Shape] = {}
    for network in NETWORKS.values():
        before: list[Any] = [INPUT, *output_shapes(network)]
        for block, shape, after in zip(network, before, before[1:], strict=False):
            found[block_case(block, shape)] = after
    return found


@pytest.mark.clause("lecture.all-cnn")
@pytest.mark.parametrize("op", ["conv", "max_pool"])
def test_networks(judge: Trial, op: str) -> None:
    judge.each([case for case in block_cases() if case.op == op])
