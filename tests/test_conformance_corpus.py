"""The corpus of known bugs: each case catches a planted bug of its class, and no innocent backend."""

from __future__ import annotations

import re

import pytest

from convspec.conformance import corpus, innocent, zoo
from convspec.conformance.corpus import Issue
from convspec.conformance.host import Here
from convspec.conformance.planted import Bug
from convspec.conformance.run import Options, check
from convspec.conformance.verdict import CONFORMS

ISSUES = corpus.issues()


def trying(issue: Issue) -> list[zoo.Test]:
    return [test for test in zoo.tests() if test.parameters.get("issue") == issue]


@pytest.mark.parametrize("issue", ISSUES, ids=lambda issue: issue.name)
def test_each_case_catches_a_bug_of_its_class(issue: Issue) -> None:
    (test,) = trying(issue)
    bug = issue.planted()
    assert bug.op == test.op == issue.case.op and test.slug == issue.slug
    assert test.accuses(bug)
    assert not test.accuses(Bug("right", issue.slug, issue.case.op, lambda: getattr(innocent, issue.case.op)))


def test_there_are_many_issues_of_many_projects() -> None:
    assert len({issue.name for issue in ISSUES}) == len(ISSUES) >= 60
    assert len({issue.case.text for issue in ISSUES}) == len(ISSUES)
    assert len({issue.project for issue in ISSUES}) >= 20 and len({issue.kind for issue in ISSUES}) >= 20


def test_links_and_ids_name_the_project_and_the_number() -> None:
    for issue in ISSUES:
        assert re.fullmatch(r"https://github\.com/[\w-]+/[\w.-]+/(issues|pull)/\d+", issue.link)
        assert [test.name for test in trying(issue)] == [f"test_known_bug[{issue.name}]"]
    assert set(corpus.HOMES) <= {issue.project for issue in ISSUES}
    assert {issue.name for issue in ISSUES if "/pull/" in issue.link} == corpus.PULLS


def test_known_bugs_run_first() -> None:
    run = check("innocent", Options(ops=("lp_pool",)), host=Here("innocent", innocent))
    tried = [record for record in run.records if record.op == "lp_pool"]
    known = [record.test.startswith("test_known_bug") for record in tried]
    assert known == sorted(known, reverse=True)
    assert tried[0].test == "test_known_bug[pytorch#184037]" and tried[0].verdict == CONFORMS


def test_a_bug_that_nobody_planted_is_an_error() -> None:
    lost = Issue("numpy", 1, "FLIP", "conv.formula", ISSUES[0].case, "nothing of the kind")
    with pytest.raises(LookupError, match="numpy#1"):
        lost.planted()
