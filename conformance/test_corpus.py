"""Known bugs of the world, before the chapters: the smallest case of each public issue."""

from __future__ import annotations

from math import prod

import pytest

from convspec.conformance import metamorphic
from convspec.conformance.corpus import Issue, issues
from convspec.conformance.judge import Trial

FACTS = ("inputs-changed", "shares-input", "shares-result", "result-changed", "repeat-differs", "repeat-raises")
LARGE = 200
"""Elements of a result above which the oracle judges a sample of them, and numpy the rest."""


@pytest.mark.parametrize(
    ("op", "issue"),
    [pytest.param(i.case.op, i, id=i.name, marks=pytest.mark.clause(i.slug)) for i in issues()],
)
def test_known_bug(judge: Trial, op: str, issue: Issue) -> None:
    e = judge.expect(issue.case)
    if e.refusal is None and prod(e.params.shape) > LARGE:
        metamorphic.whole(judge, issue.case)
    else:
        judge.each([issue.case], facts=FACTS if issue.case.calls > 1 else ())
