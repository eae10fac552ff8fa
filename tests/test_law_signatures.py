"""Every room has the operators under the law's signatures, and its own keywords after them."""

from __future__ import annotations

import inspect
from typing import Any

import pytest

import convspec
from convspec import checks, fast, reference
from convspec.signatures import Operators

OWN = {
    "checks": (checks, {"policies"}),
    "reference": (reference, {"at", "stepwise", "policies"}),
    "fast": (fast, {"out", "num_threads", "algorithm"}),
}


def parameters(function: Any) -> list[tuple[str, Any, Any]]:
    """The name, kind and default of every parameter."""
    return [(p.name, p.kind, p.default) for p in inspect.signature(function).parameters.values()]


@pytest.mark.clause("call.completes")
@pytest.mark.parametrize("op", convspec.OPERATORS)
@pytest.mark.parametrize("room", OWN)
def test_signature(room: str, op: str) -> None:
    module, own = OWN[room]
    law, found = parameters(getattr(Operators, op))[1:], parameters(getattr(module, op))
    assert found[: len(law)] == law
    assert all(kind is inspect.Parameter.KEYWORD_ONLY for _, kind, _ in found[len(law) :])
    assert {name for name, _, _ in found[len(law) :]} == own


def test_the_law_lists_every_operator() -> None:
    methods = [name for name, member in vars(Operators).items() if inspect.isfunction(member) and name[0] != "_"]
    assert sorted(methods) == sorted(convspec.OPERATORS)
    assert all(inspect.getdoc(getattr(Operators, op)) for op in convspec.OPERATORS)
