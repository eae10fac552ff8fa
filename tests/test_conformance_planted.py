"""The judge bites: every planted bug is caught by the clause that names it. And it accuses no innocent backend.

`python -m convspec.conformance.zoo` runs every bug before the whole judge; here each meets the tests of its own clause.
"""

from __future__ import annotations

from types import ModuleType

import pytest

from convspec.conformance import (
    corpus,
    innocent,
    innocent_fourier,
    innocent_gradients,
    innocent_gradients_wide,
    innocent_wide,
    planted,
    zoo,
)
from convspec.conformance.host import Here
from convspec.conformance.run import Options, check
from convspec.conformance.verdict import FAILURES

BUGS = planted.bugs()
INNOCENT = [
    (innocent, 0), (innocent_wide, 1), (innocent_fourier, 2), (innocent_gradients, 3), (innocent_gradients_wide, 4)
]  # fmt: skip
"""Backends, and the seeds that they are tried with."""


def called(bug: planted.Bug) -> str:
    return zoo.key(bug).replace(" ", "-")


@pytest.mark.parametrize(("backend", "seed"), INNOCENT)
def test_innocent_is_never_accused(backend: ModuleType, seed: int) -> None:
    run = check("innocent", Options(seed=seed), host=Here("innocent", backend))
    assert not run.errors
    assert [f"{r.slug} {r.op}: {r.violation}" for r in run.records if r.verdict in FAILURES] == []


@pytest.mark.parametrize("bug", BUGS, ids=called)
def test_planted_bug_is_caught(bug: planted.Bug) -> None:
    tests = [test for test in zoo.tests() if (test.op, test.slug) == (bug.op, bug.slug)]
    assert any(test.accuses(bug) for test in tests), f"the judge does not see that {bug.name}"


@pytest.mark.parametrize("bug", BUGS[::16], ids=called)
def test_planted_bug_ends_a_run(bug: planted.Bug) -> None:
    options = Options(ops=(bug.op,), slugs=(bug.slug,), fail_fast=True)
    run = check("planted", options, host=Here("planted", bug.backend()))
    assert not run.errors
    caught = [r for r in run.records if r.verdict in FAILURES]  # a crash among them
    assert caught[0].slug == bug.slug and caught[0].violation


def test_there_are_many_bugs_of_many_kinds() -> None:
    assert len(BUGS) >= 200
    assert len({bug.slug for bug in BUGS}) >= 100
    assert len({zoo.key(bug) for bug in BUGS}) == len({bug.name for bug in BUGS}) == len(BUGS)


def test_the_matrix_has_every_bug(pytestconfig: pytest.Config) -> None:
    """The committed matrix has a row for each bug, in which the clause of its class stands out."""
    text = (pytestconfig.rootpath / zoo.MATRIX).read_text(encoding="utf-8")
    assert zoo.outline(text) == [(bug.name, bug.slug) for bug in BUGS]
    assert all(issue.link in text for issue in corpus.issues())


def test_a_survivor_is_reported(pytestconfig: pytest.Config) -> None:
    nothing = {zoo.key(bug): ["call.shape"] for bug in BUGS}
    said = list(zoo.problems(nothing, pytestconfig.rootpath))
    assert "conv the kernel is flipped escapes conv.formula; call.shape accuses it" in said
    assert "conv.bias catches no planted bug" in said and "call.shape catches no planted bug" not in said
