"""Every two features of a call together, and in thorough profiles every three: see `covering`."""

from __future__ import annotations

from typing import Any

import pytest

from convspec import OPERATORS
from convspec.conformance import metamorphic
from convspec.conformance.combined import combined, features
from convspec.conformance.covering import covering
from convspec.conformance.judge import Found, Trial


@pytest.mark.clause("call.combinations")
@pytest.mark.parametrize("op", OPERATORS)
def test_combinations(judge: Trial, op: str) -> None:
    plain = {name: values[0] for name, values in features(op).items()}
    metamorphic.whole(judge, combined(op, plain))

    def right(name: str, value: Any) -> bool:
        """Whether it is right alone: if not, the clause that it belongs to says so."""
        try:
            return metamorphic.whole(judge, combined(op, {**plain, name: value}))
        except Found:
            return False

    others = judge.sample((name, value) for name, values in features(op).items() for value in values[1:])
    sound = {name: [value] for name, value in plain.items()}
    for name, value in others:
        sound[name] += [value] * right(name, value)
    for chosen in judge.sample(covering(sound, 3 if judge.thorough else 2)):
        case = combined(op, chosen)
        if not metamorphic.whole(judge, case):
            judge.instead(case)
