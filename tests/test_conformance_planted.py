"""The judge bites: every planted bug is caught by the clause that names it. And it accuses no innocent backend."""

from __future__ import annotations

import pytest

from convspec.conformance import innocent, planted
from convspec.conformance.host import Here
from convspec.conformance.run import Options, check
from convspec.conformance.verdict import FAILURES, VIOLATES

BUGS = planted.bugs()


@pytest.mark.parametrize("bug", BUGS, ids=[f"{bug.op}-{bug.name.replace(' ', '-')}" for bug in BUGS])
def test_planted_bug_is_caught(bug: planted.Bug) -> None:
    options = Options(ops=(bug.op,), slugs=(bug.slug,), fail_fast=True)
    run = check("planted", options, host=Here("planted", bug.backend()))
    assert not run.errors
    caught = [r for r in run.records if r.verdict == VIOLATES]
    assert caught, f"the judge does not see that {bug.name}"
    assert caught[0].slug == bug.slug and caught[0].violation


def test_there_are_many_bugs_of_many_kinds() -> None:
    assert len(BUGS) >= 60
    assert len({bug.slug for bug in BUGS}) >= 45
    assert len({bug.name for bug in BUGS}) == len(BUGS)


@pytest.mark.parametrize("seed", [0, 1])
def test_innocent_is_never_accused(seed: int) -> None:
    run = check("innocent", Options(seed=seed), host=Here("innocent", innocent))
    assert not run.errors
    assert [f"{r.slug} {r.op}: {r.violation}" for r in run.records if r.verdict in FAILURES] == []
