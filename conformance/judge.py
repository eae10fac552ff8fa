"""One run of the judge on one backend, and one trial in it: a clause, an operator and the cases that try it."""

from __future__ import annotations

import time
import zlib
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from random import Random
from typing import Any, NoReturn, TypeVar

from hypothesis import HealthCheck, Phase, Verbosity, given, reject, seed, settings
from hypothesis.errors import Unsatisfiable
from hypothesis.strategies import SearchStrategy

from convspec import GRADIENTS
from convspec.conformance.case import Case
from convspec.conformance.clock import CLOCK
from convspec.conformance.deviations import Deviations, Line
from convspec.conformance.expect import Expectation, expect
from convspec.conformance.host import Host
from convspec.conformance.own_numbers import own_numbers
from convspec.conformance.plainer import plainer
from convspec.conformance.seen import Observation
from convspec.conformance.verdict import (
    CONFORMS,
    CRASH,
    FAILURES,
    HANG,
    NOT_OFFERED,
    VIOLATES,
    Difference,
    Outcome,
    Record,
    Violation,
)
from convspec.conformance.verify import VALUES, verify

OWN_ROOMS = (
    "fast",
    "fast_direct",
    "fast_winograd",
    "fast_fft",
    "fast_separable",
    "reference",
    "convspec.fast",
    "convspec.reference",
)


T = TypeVar("T")


@dataclass(frozen=True)
class Effort:
    """How much a profile tries: examples a search, terms of sums a case that the oracle computes."""

    examples: int
    budget: int
    shrinks: int = 150
    seconds: float = 5.0
    gradients: float = 1.0
    """What part of the examples the gradients get, of which there are more than operators."""


PROFILES = {
    "quick": Effort(18, 1500, gradients=0.12),
    "full": Effort(150, 6000, shrinks=400, seconds=20.0, gradients=0.5),
    "soak": Effort(60, 6000, shrinks=1000, seconds=60.0),
}


class Found(Exception):
    """A violation, on its way from a test to the report."""

    def __init__(self, violation: Violation) -> None:
        self.violation = violation
        d = violation.difference
        super().__init__(f"{violation.slug} on {violation.op}: expected {d.expected}, got {d.got}")


@dataclass
class Run:
    """A backend on trial."""

    host: Host
    profile: str = "quick"
    seed: int = 0
    deviations: Deviations = field(default_factory=Deviations)
    records: list[Record] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)
    """What went wrong in the judge itself."""
    seconds: float = 0.0
    cut_short: bool = False
    """Whether some of the tests that were asked for were not run: after a violation, an interrupt, or in a shard."""
    interrupted: bool = False
    shard: str = ""
    """Which part of the tests this run is, i/n, if it is a part."""
    done: frozenset[tuple[str, str, str]] = frozenset()
    """The tests that an earlier run has done, by their keys."""

    @property
    def effort(self) -> Effort:
        return PROFILES[self.profile]

    @property
    def name(self) -> str:
        return self.host.profile.name

    @property
    def stale(self) -> list[Line]:
        """The declarations that turned out needless; a run that was cut short says nothing about them."""
        return [] if self.cut_short else self.deviations.stale(self.records)

    def heed(self) -> None:
        """Ends the test that is running after Ctrl-C, even if Python dropped what was raised then."""
        if self.interrupted:
            raise KeyboardInterrupt


class Trial:
    """One test: what it tried is counted in `record`."""

    def __init__(self, run: Run, slug: str, op: str, test: str = "") -> None:
        self.run, self.record = run, Record(slug, op, test=test)
        self.policies = run.host.profile.policies_of(op)
        self.numerics = run.host.profile.numerics_of(op)
        self.own_room = run.name.partition(":")[0] in OWN_ROOMS
        self.gradient = op in GRADIENTS
        self.declared = run.deviations.reason(slug, op) is not None

    @property
    def thorough(self) -> bool:
        """Whether the profile is more than quick."""
        return self.run.profile != "quick"

    def observe(self, request: Any) -> Observation:
        """What the backend does with a case or a call, unjudged."""
        self.run.host.send(request)
        with CLOCK.on("backend"):
            return self.run.host.receive()

    def expect(self, case: Case, times: float = 1) -> Expectation:
        """What the law asks of a case; `times` the usual effort."""
        return expect(case, self.policies, self.numerics, round(self.run.effort.budget * times))

    def judge(self, case: Case, upto: int = VALUES, facts: tuple[str, ...] = (), times: int = 1) -> Outcome:
        """The verdict on one case; the oracle works while a backend that declines little does."""
        e = self.expect(case, times)
        self.run.host.send(case)
        willing = 2 * self.record.not_offered <= self.record.cases
        try:
            if willing and e.refusal is None and upto >= VALUES and 0 not in e.params.shape:
                assert e.value is not None
        finally:
            with CLOCK.on("backend"):
                seen = self.run.host.receive()
        return self.count(verify(e, seen, upto, facts))

    def count(self, outcome: Outcome) -> Outcome:
        """Notes an outcome in the record."""
        self.record.cases += 1
        self.record.not_offered += outcome.verdict == NOT_OFFERED
        if outcome.grade is not None:
            self.record.grades.append(outcome.grade)
        return outcome

    def accuse(self, case: Case | None, difference: Difference, verdict: str = VIOLATES) -> NoReturn:
        """Ends the test with a violation."""
        raise Found(Violation(self.record.slug, self.record.op, verdict, case, difference))

    def settle(self, case: Case, outcome: Outcome) -> bool:
        """Accuses where an outcome is a violation; whether the backend offered the call."""
        if outcome.difference is not None:
            self.accuse(case, outcome.difference, outcome.verdict)
        return outcome.verdict != NOT_OFFERED

    def sample(self, cases: Iterable[T]) -> list[T]:
        """The cases of a sweep, in their order: one or more, drawn by the run's seed, where the backend asks for less effort."""
        every = list(cases)
        few = max(1, round(len(every) * self.run.host.profile.effort))
        if few >= len(every):
            return every
        drawn = Random(f"{self.run.seed} {self.record.test} {self.record.cases}")
        return [every[i] for i in sorted(drawn.sample(range(len(every)), few))]

    def each(self, cases: Iterable[Case], upto: int = VALUES, facts: tuple[str, ...] = (), times: int = 1) -> None:
        """Judges every case of a list, smallest first, with `times` the usual effort."""
        for case in cases:
            self.run.heed()
            if not self.settle(case, self.judge(case, upto, facts, times)):
                self.instead(case, upto, facts, times)

    def instead(self, case: Case, upto: int = VALUES, facts: tuple[str, ...] = (), times: int = 1) -> None:
        """Judges the nearest of the plainer forms of a case that was declined, if one of them is offered."""
        for plain in self._alike(case):
            if self.settle(plain, self.judge(plain, upto, facts, times)):
                break

    def _alike(self, case: Case) -> Iterator[Case]:
        """Plainer forms of a case that the backend declined, as valid or as wrong as the case itself."""
        if case.put:
            return
        refusal = self.expect(case).refusal
        clause = refusal.clause if refusal else None
        for plain in plainer(case):
            other = self.expect(plain).refusal
            if (other.clause if other else None) == clause:
                yield plain

    def search(
        self, cases: SearchStrategy[Case], upto: int = VALUES, facts: tuple[str, ...] = (), share: float = 1.0
    ) -> None:
        """Judges examples of a strategy, and where one fails looks for a smaller one; `share` scales their number.

        What a backend does not offer is no example, so that one which takes little is tried on that little.
        """
        patience = 4 * self.examples(share)

        def attempt(case: Case) -> None:
            nonlocal patience
            if not self.settle(case, self.judge(case, upto, facts)) and patience > 0:
                patience -= 1
                reject()

        self.explore(cases, attempt, share)

    def examples(self, share: float) -> int:
        """How many examples a search tries."""
        effort = self.run.effort
        share *= self.run.host.profile.effort * (effort.gradients if self.gradient else 1)
        return max(2, round(effort.examples * share))

    def explore(self, cases: SearchStrategy[Case], attempt: Callable[[Case], object], share: float = 1.0) -> None:
        """The same with a judgement of one's own, which ends in `accuse` where a case fails."""
        hunt = _Hunt(attempt, self.run)
        key = zlib.crc32(f"{self.record.test}:{self.record.slug}:{self.record.op}".encode())
        phases = [Phase.generate] if self.declared else [Phase.generate, Phase.shrink]
        options = settings(
            max_examples=self.examples(share), database=None, deadline=None, phases=phases, verbosity=Verbosity.quiet,
            suppress_health_check=list(HealthCheck), report_multiple_bugs=False, print_blob=False,
        )  # fmt: skip
        try:
            with CLOCK.on("generation"), own_numbers():
                seed(self.run.seed * 2**32 + key)(options(given(case=cases)(hunt.attempt)))()
        except BaseException as error:
            if isinstance(error, KeyboardInterrupt):
                self.run.interrupted = True
                self.run.host.close()  # an answer may be on its way
            # or the backend declined so many cases that Hypothesis gave up
            declined = isinstance(error, Unsatisfiable) and self.record.not_offered > 0
            if hunt.best is None and not declined:
                raise
        if hunt.best is not None:
            raise Found(hunt.best)


class _Hunt:
    """The smallest violation so far. Once the effort is spent every case passes, which ends Hypothesis's search."""

    def __init__(self, judgement: Callable[[Case], object], run: Run) -> None:
        self.judgement, self.run = judgement, run
        self.best: Violation | None = None
        self.left, self.until = run.effort.shrinks, float("inf")

    def attempt(self, case: Case) -> None:
        self.run.heed()
        if self.best is not None:
            if self.left <= 0 or time.monotonic() > self.until:
                return
            self.left -= 1
        try:
            with CLOCK.on("rest"):
                self.judgement(case)
        except Found as error:
            self._note(error.violation)
            raise

    def _note(self, found: Violation) -> None:
        if self.best is None:
            self.until = time.monotonic() + self.run.effort.seconds
        if found.verdict in (CRASH, HANG):
            self.left = 0 if found.verdict == HANG else min(self.left, 6)
        if self.best is None or found.size < self.best.size:
            self.best = found


def verdict_of(record: Record) -> str:
    """The verdict on a test that ended without a violation."""
    return NOT_OFFERED if record.cases and record.cases == record.not_offered else CONFORMS


def failed(run: Run) -> bool:
    """Whether anything in the run makes it fail: an undeclared violation, a crash, a hang or a stale declaration."""
    return any(r.verdict in FAILURES for r in run.records) or bool(run.stale)
