"""Arguments flush against pages that nobody may touch: what reads or writes outside them crashes, or reads a NaN."""

from __future__ import annotations

from dataclasses import replace

import pytest

from convspec import OPERATORS
from convspec.conformance import metamorphic
from convspec.conformance.judge import Trial
from convspec.conformance.strategies import FLOATS, FULL, example, of
from convspec.conformance.test_sizes import Sizes, sized

GUARDS = ("guard_after", "guard_before")
SIZES = (1, 3, 8, 9, 16, 17, 33)


@pytest.mark.clause("call.in-bounds")
@pytest.mark.parametrize("op", OPERATORS)
def test_in_bounds(judge: Trial, op: str) -> None:
    for layout in GUARDS:
        judge.each([example(op, "float32").but(layout=layout)])
        for n in SIZES:
            for sizes in (Sizes(n, 2, 3), Sizes(3, n, 2), Sizes(2, 3, n), Sizes(n, 1, 4, depthwise=True)):
                metamorphic.whole(judge, sized(op, sizes).but(layout=layout))
    judge.search(of(op, replace(FULL, dtypes=FLOATS, layouts=GUARDS)), share=0.7)
