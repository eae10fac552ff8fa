"""Every two features of a call together, and in thorough profiles every three: see `covering`."""

from __future__ import annotations

from typing import Any

import pytest

from convspec import OPERATORS
from convspec.conformance.combined import combined, features
from convspec.conformance.covering import covering
from convspec.conformance.judge import Trial
from convspec.conformance.verdict import CONFORMS


@pytest.mark.clause("call.combinations")
@pytest.mark.parametrize("op", OPERATORS)
def test_combinations(judge: Trial, op: str) -> None:
    plain = {name: values[0] for name, values in features(op).items()}
    judge.each([combined(op, plain)])

    def right(name: str, value: Any) -> bool:
        """Whether it is right alone: if not, the clause that it belongs to says so."""
        return value == plain[name] or judge.judge(combined(op, {**plain, name: value})).verdict == CONFORMS

    sound = {name: [v for v in values if right(name, v)] for name, values in features(op).items()}
    judge.each(combined(op, chosen) for chosen in covering(sound, 3 if judge.thorough else 2))
