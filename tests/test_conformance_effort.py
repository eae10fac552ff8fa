"""A backend that asks for less effort is tried on a part of the cases, on other ones with every seed, and reports say so."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

from convspec.conformance import innocent, kept
from convspec.conformance.case import Case
from convspec.conformance.host import Here
from convspec.conformance.judge import Run
from convspec.conformance.report import summary
from convspec.conformance.run import Options, check


class Noting(Here):
    """A host that writes down what it is asked."""

    def __init__(self, effort: float) -> None:
        super().__init__("slow", SimpleNamespace(max_pool=innocent.max_pool, effort=effort))
        self.asked: list[str] = []

    def send(self, request: Any) -> None:
        self.asked += [request.text] if isinstance(request, Case) else []
        super().send(request)


def tried(effort: float, seed: int = 0, *slugs: str) -> tuple[Run, list[str]]:
    """A run and its cases."""
    host = Noting(effort)
    return check("slow", Options(slugs=slugs or ("max_pool.value",), seed=seed), host=host), host.asked


def test_a_part_of_the_cases_is_tried() -> None:
    whole, every = tried(1.0)
    few, some = tried(0.05)
    assert {r.test for r in few.records} == {r.test for r in whole.records}
    assert {r.verdict for r in few.records if r.op == "max_pool"} == {"conforms"}
    assert 20 < len(some) < len(every) / 4
    assert tried(0.05)[1] == some, "a seed has its cases"


def test_seeds_take_other_parts() -> None:
    some, others = (set(tried(0.1, seed, "call.combinations")[1]) for seed in (1, 2))
    assert len(some - others) > 3


def test_reports_say_so() -> None:
    run, _ = tried(0.05)
    data = kept.run_data(run)
    assert data["effort"] == 0.05
    assert kept.run_of(data).host.profile.effort == 0.05
    assert "at an effort of 0.05" in summary(run)
    assert "effort" not in summary(tried(1.0)[0])
