"""Policies: the corners where real systems differ, and a backend may choose. Our own choice comes first."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from convspec import OPERATORS
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
    "norm_zero": ("zero", "any"),
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
        policies[key] = _for_operator(f"policies[{key!r}]", value, op, POLICIES[key])
    return policies


def numerics(declared: Mapping[str, Any], op: str) -> str:
    """The class of algorithm, "direct" or "fast", that a backend declares for operator `op`."""
    return _for_operator("numerics", declared, op, NUMERICS)


def _for_operator(name: str, value: Any, op: str, allowed: Sequence[str]) -> str:
    """The entry of `value` for `op`, where every entry is allowed; the first allowed one where there is none."""
    entries = value if isinstance(value, Mapping) else {"*": value}
    for operator, entry in entries.items():
        if operator not in (*OPERATORS, "*"):
            raise SpecValueError("policy.declaration", name, operator, f"must be one of {', '.join(OPERATORS)}, *")
        if not isinstance(entry, str) or entry not in allowed:
            raise SpecValueError("policy.declaration", name, entry, f"must be one of {', '.join(allowed)}")
    return str(entries.get(op, entries.get("*", allowed[0])))
