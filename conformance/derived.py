"""Cases of gradients, made from those of the operators: of the result's gradient in place of what the gradient gives."""

from __future__ import annotations

import numpy as np

from convspec import checks
from convspec.conformance.case import ARGUMENTS, ARRAYS, Case, make
from convspec.conformance.observe import positional

Shape = tuple[int, ...]


def base(op: str) -> str:
    """The operator whose gradient `op` is."""
    return op.partition("_grad")[0]


def clause_of(op: str) -> str:
    """The clause with the formula of the gradient `op`."""
    return f"{base(op)}.{op.removeprefix(base(op))[1:].replace('_', '-')}"


def gradient(case: Case, op: str) -> Case:
    """The case of the gradient `op` at a case of its operator; SpecError if that is to be refused.

    dy has the dtype of the first operand. Placed values stay where the gradient has that operand.
    """
    shapes = {name: operand.shape for name, operand in case.arrays}
    dtypes = {name: operand.dtype for name, operand in case.arrays}
    arrays = {"dy": (result(case), case.arrays[0][1].dtype)}
    arrays |= {name: (shapes[name], dtypes[name]) for name in ARRAYS[op][1:]}
    given = dict(case.arguments) | {"x_shape": shapes["x"]}
    if "w" in shapes:
        given["w_shape"] = shapes["w"]
        rank = len(shapes["x"]) - 2
        given["b_shape"] = shapes["w"][: rank + 1] if base(op) == "tiled_conv" else shapes["w"][:1]
    put = tuple(p for p in case.put if p.array in arrays)
    arguments = {name: value for name, value in given.items() if name in ARGUMENTS[op]}
    return make(op, arrays, arguments, data=case.data, seed=case.seed, layout=case.layout, put=put, calls=case.calls)


def forward(case: Case) -> Case | None:
    """The case of the operator at a case of its gradient; None where a gradient by the bias does not tell."""
    op = base(case.op)
    if case.op.endswith("_bias"):
        return None
    given, dtype = dict(case.arguments), case.arrays[0][1].dtype
    arrays = {name: (operand.shape, operand.dtype) for name, operand in case.arrays if name != "dy"}
    arrays |= {name[0]: (given[name], dtype) for name in ("x_shape", "w_shape") if name in given}
    arguments = {name: value for name, value in case.arguments if name in ARGUMENTS[op]}
    return make(op, arrays, arguments, data=case.data, seed=case.seed, layout=case.layout)


def result(case: Case) -> Shape:
    """The shape of the result of an operator's case."""
    operands = {name: operand for name, operand in case.arrays if name != "b"}
    arrays = {name: np.broadcast_to(np.zeros((), o.dtype), o.shape) for name, o in operands.items()}
    first, keywords = positional(case, arrays)
    shape: Shape = getattr(checks, case.op)(*first, **keywords).shape
    return shape
