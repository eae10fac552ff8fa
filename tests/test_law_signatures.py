"""Every room has the operators under the law's signatures, and its own keywords after them."""

from __future__ import annotations

import inspect
from typing import Any

import pytest

import convspec
from convspec import checks, fast, gradients, reference
from convspec.signatures import Operators
from convspec.signatures_gradients import Gradients

OWN: dict[str, tuple[Any, set[str]]] = {
    "checks": (checks, {"policies"}),
    "reference": (reference, {"at", "stepwise", "policies"}),
    "fast": (fast, {"out", "num_threads", "algorithm"}),
}


def parameters(function: Any) -> list[tuple[str, Any, Any]]:
    """The name, kind and default of every parameter."""
    return [(p.name, p.kind, p.default) for p in inspect.signature(function).parameters.values()]


SUMS = (*convspec.IMAGE_OPERATORS, "conv", "conv_transpose", "local_conv", "tiled_conv")
"""The operators whose integer results have a dtype to choose."""
LAW = dict.fromkeys(convspec.FORWARD, Operators) | dict.fromkeys(convspec.GRADIENTS, Gradients)
ROOMS = [(room, op) for room in OWN for op in convspec.FORWARD]
ROOMS += [(room, op) for room in ("gradients", "reference", "fast") for op in convspec.GRADIENTS]


@pytest.mark.clause("call.completes")
@pytest.mark.parametrize(("room", "op"), ROOMS)
def test_signature(room: str, op: str) -> None:
    module, own = (OWN | {"gradients": (gradients, {"policies"})})[room]
    law, found = parameters(getattr(LAW[op], op))[1:], parameters(getattr(module, op))
    assert found[: len(law)] == law
    assert all(kind is inspect.Parameter.KEYWORD_ONLY for _, kind, _ in found[len(law) :])
    integers = {"dtype"} if room == "fast" and op in SUMS else set()
    assert {name for name, _, _ in found[len(law) :]} == own | integers


@pytest.mark.parametrize(("law", "ops"), [(Operators, convspec.FORWARD), (Gradients, convspec.GRADIENTS)])
def test_the_law_lists_every_operator(law: type, ops: tuple[str, ...]) -> None:
    methods = [name for name, member in vars(law).items() if inspect.isfunction(member) and name[0] != "_"]
    assert sorted(methods) == sorted(ops)
    assert all(inspect.getdoc(getattr(law, op)) for op in ops)
