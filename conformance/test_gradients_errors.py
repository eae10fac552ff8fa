"""The chapter on errors, for gradients: what the operator refuses, and shapes that do not fit together."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from convspec import GRADIENTS, LAYER_GRADIENTS
from convspec.conformance.case import ARGUMENTS, Case, Operand
from convspec.conformance.derived import base, gradient
from convspec.conformance.judge import Trial
from convspec.conformance.test_errors import call

WEIGHTED = tuple(op for op in LAYER_GRADIENTS if not op.endswith("_bias"))
POOLED = ("max_pool_grad", "avg_pool_grad", "lp_pool_grad", "channel_pool_grad")
SHAPED = {"x_shape": (2, 4, 5, 6), "w_shape": (6, 2, 3, 2), "b_shape": (6, 2, 1)}

WRONG: list[tuple[str, str, tuple[Any, ...]]] = [
    ("error.stride", "stride", (0, -1)),
    ("error.dilation", "dilation", (0, (1, -2))),
    ("error.groups", "groups", (0, -2)),
    ("error.channel-groups", "groups", (3, 8)),
    ("error.size", "size", (0, -1)),
    ("error.negative-padding", "padding", (-1, ((0, -1), (0, 0)))),
    ("error.output-padding", "output_padding", (-1, 2)),
    ("error.order", "p", (0.5, float("nan"), float("inf"))),
    ("error.length", "stride", ((1,), (1, 1, 1))),
    ("error.length", "padding", ((0,), ((0, 0, 0), (0, 0, 0)))),
    ("error.string", "padding", ("half",)),
    ("error.string", "kind", ("min",)),
    ("error.type", "stride", (1.0, True, "one")),
    ("error.type", "ceil_mode", (1, None)),
    ("error.window", "dilation", ((3, 1), (1, 6))),
    ("error.window", "size", (9,)),
    ("error.too-large", "stride", (2**70,)),
    ("error.operand-shape", "x_shape", ((2, 4, -5, 6), (-1, 4, 5, 6))),
    ("error.operand-shape", "w_shape", ((-6, 2, 3, 2), (6, 2, 3, -2))),
    ("error.operand-shape", "b_shape", ((6, -2, 1),)),
    ("error.type", "x_shape", ((2, 4, 5.0, 6), 5, None)),
    ("error.type", "w_shape", ((6, 2, 3.0, 2), None)),
    ("error.rank", "x_shape", ((2, 4), (2, 4, 5), (2, 4, 5, 6, 7), ())),
    ("error.rank", "w_shape", ((6, 2, 3), ())),
    ("error.empty-spatial", "x_shape", ((2, 4, 0, 6), (0, 4, 5, 0))),
    ("error.empty-kernel", "w_shape", ("empty",)),
    ("error.channels", "w_shape", ("channels",)),
    ("error.channels", "x_shape", ((2, 6, 5, 6),)),
    ("error.bias", "b_shape", ((5, 2, 1), (6,), (6, 2), (6, 2, 1, 1))),
    ("error.tile-shape", "b_shape", ((6, 0, 1), (6, 2, 0))),
]
"""Clause, argument and values that are refused; those of 5.0 and the like where the type is at fault."""


def valid(op: str) -> Case:
    """A valid call: two groups of two channels, planes of 5 x 6, kernels of 3 x 2."""
    return gradient(call(base(op)), op)


def changed(case: Case, name: str, value: Any) -> Case:
    """The call with another value of an argument."""
    given = dict(case.arguments)
    if value in ("empty", "channels"):
        w = list(given[name])
        at = 0 if case.op.startswith("conv_transpose") else len(w) - 3
        w[-1 if value == "empty" else at] = 0 if value == "empty" else w[at] + 1
        value = tuple(w)
    given[name] = value
    return case.but(arguments=tuple((key, given[key]) for key in ARGUMENTS[case.op] if key in given))


def refused() -> Iterator[Any]:
    """Every clause with the gradients that have its argument."""
    for op in GRADIENTS:
        for slug in dict.fromkeys(slug for slug, name, _ in WRONG if name in ARGUMENTS[op]):
            yield pytest.param(op, slug, marks=pytest.mark.clause(slug), id=f"{op}-{slug}")


@pytest.mark.parametrize(("op", "slug"), list(refused()))
def test_refused(judge: Trial, op: str, slug: str) -> None:
    cases = [valid(op)]
    for clause, name, values in WRONG:
        if clause == slug and name in ARGUMENTS[op]:
            cases += [changed(cases[0], name, value) for value in values]
    judge.each(case for case in cases if case is cases[0] or judge.expect(case).refusal is not None)


@pytest.mark.clause("error.gradient")
@pytest.mark.parametrize("op", [*WEIGHTED, *POOLED])
def test_shape_of_dy(judge: Trial, op: str) -> None:
    case = valid(op)
    N, K, *O = case.operands["dy"].shape
    wrong = [(N + 1, K, *O), (N, K + 1, *O), (N, K, O[0] + 1, O[1]), (N, K, O[0], O[1] - 1), (N, K, *O[::-1])]
    wrong += [(1, K, *O), (N, 1, *O), (N, K, 1, 1), (K, *O), (N, K, *O, 1), ()]
    judge.each([case, *(redone(case, "dy", shape) for shape in wrong)])


@pytest.mark.clause("error.rank")
@pytest.mark.parametrize("op", GRADIENTS)
def test_rank(judge: Trial, op: str) -> None:
    case = valid(op)
    for name, operand in case.arrays:
        judge.each(redone(case, name, shape) for shape in (operand.shape[1:], (*operand.shape, 1), ()))


@pytest.mark.clause("error.tile-shape")
@pytest.mark.parametrize("op", [op for op in WEIGHTED if op.startswith(("local", "tiled"))])
def test_tile_shape(judge: Trial, op: str) -> None:
    case = valid(op)
    tiles = ((0, 5), (3, 0), *(((3, 4), (1, 1)) if op.startswith("local") else ()))
    shapes = [(6, *tile, 2, 3, 2) for tile in tiles]
    by_input = op.endswith("input")
    judge.each(redone(case, "w", w) if by_input else changed(case, "w_shape", w) for w in shapes)


@pytest.mark.clause("error.dtype")
@pytest.mark.parametrize("op", GRADIENTS)
def test_dtype(judge: Trial, op: str) -> None:
    if not judge.own_room:
        pytest.skip("asked of convspec's own rooms only")
    case = valid(op)
    for dtype in ("bool", "complex128", "float16", "object"):
        judge.each([case.but(arrays=tuple((name, Operand(o.shape, dtype)) for name, o in case.arrays))])


@pytest.mark.clause("error.first")
@pytest.mark.parametrize("op", [*WEIGHTED, *POOLED])
def test_first(judge: Trial, op: str) -> None:
    forward = call(base(op))
    none = forward.but(
        arrays=tuple((n, Operand((0, *o.shape[1:]), o.dtype) if n == "x" else o) for n, o in forward.arrays)
    )
    case = gradient(none, op)
    judge.each([case, changed(case, "stride", 0), *([changed(case, "groups", 3)] if op in WEIGHTED else [])])


def redone(case: Case, name: str, shape: tuple[int, ...]) -> Case:
    """The call with another shape of an operand."""
    return case.but(arrays=tuple((n, Operand(shape, o.dtype) if n == name else o) for n, o in case.arrays))
