"""Verdicts, and what is kept of a violation."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from convspec.conformance.case import Case

CONFORMS = "conforms"
VIOLATES = "violates"
DECLARED = "declared"
NOT_OFFERED = "not offered"
CRASH = "crash"
HANG = "hang"

FAILURES = (VIOLATES, CRASH, HANG)
"""The verdicts that make a run fail."""

RANKED = (NOT_OFFERED, CONFORMS, DECLARED, VIOLATES, HANG, CRASH)
"""From the least to the most telling: a clause that several tests try has the last of their verdicts."""


@dataclass(frozen=True)
class Difference:
    """What was expected and what was got, in words, and where they differ first."""

    expected: str
    got: str
    index: tuple[int, ...] | None = None
    bounds: float | None = None
    """The error in units of the bound; None where there is none."""
    kind: str = "value"
    """The symptom: value, shape, dtype, type, raises, accepted, or what was seen around the call."""
    result: Any = field(default=None, repr=False, compare=False)
    """The array that was got, if one was."""


@dataclass(frozen=True)
class Outcome:
    """The verdict on one case."""

    verdict: str
    difference: Difference | None = None
    grade: Grade | None = None


@dataclass(frozen=True)
class Grade:
    """The accuracy of one result, in units of u B, over `count` elements whose sums have `n` terms."""

    n: int
    worst: float
    rms: float
    count: int


@dataclass(frozen=True)
class Violation:
    """A clause that a backend breaks, with the smallest case found."""

    slug: str
    op: str
    verdict: str
    case: Case | None
    difference: Difference

    @property
    def size(self) -> tuple[int, int, str]:
        """Which of two cases is smaller: fewer elements, then a shorter line, then the lesser one."""
        if self.case is None:
            return 0, 0, ""
        elements = 0
        for _, operand in self.case.arrays:
            count = 1
            for n in operand.shape:
                count *= n
            elements += count
        return elements, len(self.case.text), self.case.text


@dataclass
class Record:
    """What one test found about one clause and operator."""

    slug: str
    op: str
    verdict: str = CONFORMS
    cases: int = 0
    not_offered: int = 0
    seconds: float = 0.0
    violation: Violation | None = None
    reason: str = ""
    grades: list[Grade] = field(default_factory=list)
    test: str = ""
    script: str = ""
    picture: list[dict[str, Any]] = field(default_factory=list)
    """Sections through the operands and the results of the violation's case; see pictures."""

    @property
    def key(self) -> tuple[str, str, str]:
        """What tells one test of a run from another."""
        return self.slug, self.op, self.test
