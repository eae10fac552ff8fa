"""Policies: the corners where real systems differ, and a backend may choose. Our own choice comes first."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from convspec.errors import SpecValueError

POLICIES: dict[str, tuple[str, ...]] = {
    "max_nan": ("propagate", "ignore", "any"),
    "empty_window": ("identity", "error", "any"),
    "ceil_divisor": ("inside", "full"),
    "ceil_drop": ("yes", "no"),
    "padded_tap": ("multiplied", "skipped", "any"),
    "subnormals": ("kept", "flushed"),
    "integer_result": ("widen", "same"),
    "max_tie": ("first", "split", "any"),
}
"""Each key with its values; the first is the default. Their meaning is in the chapter on policies."""

DEFAULTS: dict[str, str] = {key: values[0] for key, values in POLICIES.items()}

NUMERICS = ("direct", "fast")
"""The classes of algorithm; the first is the default."""


def resolve(declared: Mapping[str, Any], op: str) -> dict[str, str]:
    """The policies in force for operator `op`: what a backend declares, over the defaults.

    A value may itself be a dict from operator or "*" to value, of which the specific entry wins.
    """
    policies = dict(DEFAULTS)
    for key, value in declared.items():
        if key not in POLICIES:
            raise SpecValueError("policy.declaration", "policies", key, f"must be one of {', '.join(POLICIES)}")
        chosen = _for_operator(value, op, DEFAULTS[key])
        if chosen not in POLICIES[key]:
            allowed = f"must be one of {', '.join(POLICIES[key])}"
            raise SpecValueError("policy.declaration", f"policies[{key!r}]", chosen, allowed)
        policies[key] = chosen
    return policies


def numerics(declared: Mapping[str, Any], op: str) -> str:
    """The class of algorithm, "direct" or "fast", that a backend declares for operator `op`."""
    chosen = _for_operator(declared, op, NUMERICS[0])
    if chosen not in NUMERICS:
        raise SpecValueError("policy.declaration", "numerics", chosen, f"must be one of {', '.join(NUMERICS)}")
    return str(chosen)


def _for_operator(value: Any, op: str, default: str) -> Any:
    if isinstance(value, Mapping):
        return value.get(op, value.get("*", default))
    return value
