"""What a backend may declare, and what is refused."""

from __future__ import annotations

from typing import Any

import pytest

from convspec import OPERATORS, clauses
from convspec.errors import SpecValueError
from convspec.policies import DEFAULTS, POLICIES, numerics, resolve


@pytest.mark.clause("policy.declaration")
def test_defaults_are_the_first_values() -> None:
    assert resolve({}, "conv") == DEFAULTS == {key: values[0] for key, values in POLICIES.items()}
    assert {f"policy.{key.replace('_', '-')}" for key in POLICIES} <= set(clauses.load())


@pytest.mark.clause("policy.declaration")
@pytest.mark.parametrize("key", POLICIES)
def test_every_value_can_be_declared(key: str) -> None:
    for value in POLICIES[key]:
        assert resolve({key: value}, "max_pool")[key] == value
        assert resolve({key: {"max_pool": value}}, "max_pool")[key] == value
        assert resolve({key: {"*": value}}, "max_pool")[key] == value
        assert resolve({key: {"*": POLICIES[key][-1], "max_pool": value}}, "max_pool")[key] == value
        assert resolve({key: {"max_pool": value}}, "avg_pool")[key] == DEFAULTS[key]


@pytest.mark.clause("policy.declaration")
@pytest.mark.parametrize(
    "declared", [{"max_nans": "any"}, {"max_nan": "none"}, {"max_nan": None}, {"max_nan": {"*": 1}}]
)
def test_unknown_declarations(declared: dict[str, Any]) -> None:
    with pytest.raises(SpecValueError) as caught:
        resolve(declared, "max_pool")
    assert caught.value.clause == "policy.declaration"


@pytest.mark.clause("policy.declaration")
@pytest.mark.parametrize("op", OPERATORS)
def test_numerics(op: str) -> None:
    assert numerics({}, op) == "direct"
    assert numerics({"*": "fast"}, op) == "fast"
    assert numerics({"*": "fast", op: "direct"}, op) == "direct"
    with pytest.raises(SpecValueError):
        numerics({op: "quick"}, op)
