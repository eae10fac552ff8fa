"""Layers by kernels of many taps, with strides and without, of enough channels and outputs for the algorithms that take them apart."""

from __future__ import annotations

from collections.abc import Iterator
from math import prod

import pytest

from convspec import GRADIENTS
from convspec.conformance import metamorphic
from convspec.conformance.case import Case, make
from convspec.conformance.data import wide_or_small
from convspec.conformance.derived import base, clause_of, gradient
from convspec.conformance.judge import Trial

OPERATORS = [
    pytest.param("conv", marks=pytest.mark.clause("conv.formula")),
    *(pytest.param(op, marks=pytest.mark.clause(clause_of(op))) for op in ("conv_grad_input", "conv_grad_weight")),
]
LAYERS = (
    ((2, 9, 16, 20), (20, 9, 5, 5), 1, 2, "float32"), ((1, 3, 41, 37), (40, 3, 7, 7), 2, 3, "float32"),
    ((1, 10, 13, 15), (34, 10, 4, 4), 1, 1, "float32"), ((2, 9, 14, 17), (18, 9, 9, 9), 1, 4, "float32"),
    ((1, 12, 18, 21), (34, 6, 5, 5), 2, 2, "float64"), ((1, 3, 60, 44), (33, 3, 11, 11), 4, 2, "float32"),
)  # fmt: skip
"""Images, kernels, stride, padding and dtype."""


def layers(op: str) -> Iterator[Case]:
    if op in GRADIENTS:
        exact = {"data": "small"} if op.endswith("weight") else {}  # sums over all positions
        yield from (gradient(case, op).but(**exact) for case in layers(base(op)))
        return
    for x, w, stride, padding, dtype in LAYERS:
        arguments = {"stride": stride, "padding": padding, "groups": x[1] // w[1]}
        yield make(op, {"x": (x, dtype), "w": (w, dtype)}, arguments, data=wide_or_small(op, prod(w[1:])))


@pytest.mark.parametrize("op", OPERATORS)
def test_large_kernels(judge: Trial, op: str) -> None:
    for case in judge.sample(layers(op)):
        metamorphic.whole(judge, case)
