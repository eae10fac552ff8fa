"""Plainer forms of a gradient's case, also of one with a wrong shape, which has none."""

from __future__ import annotations

import pytest

from convspec import GRADIENTS
from convspec.conformance.case import ARGUMENTS
from convspec.conformance.plainer import plainer
from convspec.conformance.test_gradients_errors import WRONG, changed, valid


@pytest.mark.parametrize("op", GRADIENTS)
def test_plainer_gradients(op: str) -> None:
    assert op.endswith("_bias") or all(case.op == op for case in plainer(valid(op)))
    wrong = [changed(valid(op), name, v) for _, name, values in WRONG if name in ARGUMENTS[op] for v in values]
    assert all(list(plainer(case)) is not None for case in wrong)
    shapes = [case for case in wrong if dict(case.arguments).get("x_shape", (1,)) in (5, None)]
    assert not [other for case in shapes for other in plainer(case)]
