"""What a backend declines: plainer forms of a gradient's case, also of one with a wrong shape; and searches among nothing else."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

from convspec import GRADIENTS
from convspec.conformance.case import ARGUMENTS
from convspec.conformance.host import Here
from convspec.conformance.plainer import plainer
from convspec.conformance.run import Options, check
from convspec.conformance.test_gradients_errors import WRONG, changed, valid
from convspec.conformance.verdict import NOT_OFFERED


@pytest.mark.parametrize("op", GRADIENTS)
def test_plainer_gradients(op: str) -> None:
    assert op.endswith("_bias") or all(case.op == op for case in plainer(valid(op)))
    wrong = [changed(valid(op), name, v) for _, name, values in WRONG if name in ARGUMENTS[op] for v in values]
    assert all(list(plainer(case)) is not None for case in wrong)
    shapes = [case for case in wrong if dict(case.arguments).get("x_shape", (1,)) in (5, None)]
    assert not [other for case in shapes for other in plainer(case)]


def test_a_thorough_search_that_finds_nothing_offered_is_no_failure() -> None:
    def decline(*arguments: object, **keywords: object) -> None:
        raise NotImplementedError

    host = Here("decliner", SimpleNamespace(lp_pool=decline))
    run = check(
        "decliner", Options(ops=("lp_pool",), slugs=("call.completes", "lp_pool.value"), profile="full"), host=host
    )
    assert not run.errors and {record.verdict for record in run.records} == {NOT_OFFERED}
