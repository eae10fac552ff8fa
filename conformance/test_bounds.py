"""Arguments flush against pages that nobody may touch: what reads or writes outside them crashes, or reads a NaN."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from convspec import GRADIENTS, OPERATORS
from convspec.conformance.case import Case
from convspec.conformance.expect import Expectation
from convspec.conformance.judge import Trial
from convspec.conformance.seen import same_bits
from convspec.conformance.strategies import FLOATS, FULL, example, of
from convspec.conformance.test_sizes import Sizes, sized
from convspec.conformance.verdict import CONFORMS, CRASH, NOT_OFFERED, Outcome
from convspec.conformance.verify import RETURNS, compare, verify

GUARDS = ("guard_after", "guard_before")
SIZES = (7, 17)
MORE = (1, 3, 8, 9, 15, 16, 31, 32, 33, 65)


def strays(judge: Trial, case: Case) -> None:
    """Accuses where a guarded call ends otherwise than the same call elsewhere.

    What is wrong with both calls has clauses of its own, and rounding may depend on alignment: the law judges.
    """
    e, seen = judge.expect(case), judge.observe(case)
    offered = seen.kind != "raised"
    judge.count(Outcome(CONFORMS if offered else NOT_OFFERED))
    if not offered:
        return
    plain = judge.observe(case.but(layout="plain"))
    if seen.kind != plain.kind or (seen.kind == CRASH and judge.run.host.profile.guards):
        judge.settle(case, verify(e, seen, RETURNS))
    elif isinstance(seen.value, np.ndarray) and isinstance(plain.value, np.ndarray):
        got, other = seen.value, plain.value
        if got.shape == other.shape == e.params.shape and not same_bits(got, other):
            apart = np.argwhere((got != other) & ~(np.isnan(got) & np.isnan(other)))
            at = [tuple(map(int, index)) for index in apart[:16]]
            if at:
                judge.settle(case, compare(Expectation(case, e.policies, e.numerics, e.budget, at), got))


@pytest.mark.clause("call.in-bounds")
@pytest.mark.parametrize("op", OPERATORS)
def test_in_bounds(judge: Trial, op: str) -> None:
    for layout in GUARDS:
        strays(judge, example(op, "float32").but(layout=layout))
        numbers = (*SIZES, *MORE) if judge.thorough else SIZES[op in GRADIENTS :]
        for sizes in judge.sample(
            sizes
            for n in numbers
            for sizes in (Sizes(n, 2, 3), Sizes(3, n, 2), Sizes(2, 3, n), Sizes(n, 1, 4, depthwise=True))
        ):
            strays(judge, sized(op, sizes).but(layout=layout))

    def attempt(case: Case) -> None:
        strays(judge, case)

    judge.explore(of(op, replace(FULL, dtypes=FLOATS, layouts=GUARDS)), attempt, share=0.5)
