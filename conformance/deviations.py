"""Declared deviations: a text file that a backend's owner keeps, one line for each clause that it breaks knowingly.

    # slug           operator   reason, with a link
    image.mode-same  correlate  centres at k // 2; https://docs.scipy.org/...

The operator may be *. A line whose clause was tried on its operator and not broken is stale, and fails the run. So that
this does not hang on the cases that a profile and a seed happen to have, cases of a report may follow, a line each, which
are tried first:

        correlate in1=5:float32 in2=2:float32 mode=same data=small seed=0
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from importlib.resources import files
from pathlib import Path

from convspec import OPERATORS, clauses
from convspec.conformance import case
from convspec.conformance.backend import ADAPTERS, Unusable, adapter
from convspec.conformance.case import Case, CaseError
from convspec.conformance.verdict import CONFORMS, DECLARED, Record


@dataclass(frozen=True)
class Line:
    """One declaration."""

    slug: str
    op: str
    reason: str
    cases: tuple[Case, ...] = ()

    def covers(self, slug: str, op: str) -> bool:
        return slug == self.slug and self.op in ("*", op)


@dataclass(frozen=True)
class Deviations:
    """All declarations for one backend."""

    lines: tuple[Line, ...] = ()

    def reason(self, slug: str, op: str) -> str | None:
        """Why the clause is broken on the operator, if that is declared."""
        return next((line.reason for line in self.lines if line.covers(slug, op)), None)

    def cases(self, slug: str, op: str) -> list[Case]:
        """Those that show how the clause is broken on the operator."""
        return [c for line in self.lines if line.covers(slug, op) for c in line.cases if c.op == op]

    def stale(self, records: Iterable[Record]) -> list[Line]:
        """The declarations that this run tried and found unnecessary."""
        records = list(records)
        needless = []
        for line in self.lines:
            verdicts = {r.verdict for r in records if line.covers(r.slug, r.op)}
            if CONFORMS in verdicts and DECLARED not in verdicts:
                needless.append(line)
        return needless


def parse(text: str, source: str) -> Deviations:
    """The declarations of a file; Unusable says which line is wrong."""
    lines: list[Line] = []
    known = clauses.load()
    for number, raw in enumerate(text.splitlines(), 1):
        parts = raw.split("#", 1)[0].split(None, 2) if raw.lstrip().startswith("#") else raw.split(None, 2)
        if not parts:
            continue
        if parts[0] in OPERATORS and lines:
            lines[-1] = replace(lines[-1], cases=(*lines[-1].cases, _case(raw, f"{source}, line {number}")))
            continue
        if len(parts) < 3 or parts[0] not in known or parts[1] not in (*OPERATORS, "*"):
            raise Unusable(f"{source}, line {number}: must be a clause, an operator or *, and a reason")
        lines.append(Line(parts[0], parts[1], parts[2]))
    return Deviations(tuple(lines))


def _case(text: str, where: str) -> Case:
    try:
        return case.parse(text)
    except CaseError as error:
        raise Unusable(f"{where}: {error}") from error


def read(name: str, path: str | None) -> Deviations:
    """The declarations for backend `name`: the file at `path` and, for an adapter of the project, the one beside it."""
    found: tuple[Line, ...] = ()
    known = adapter(name)
    if known:
        beside = files(ADAPTERS) / f"{known[0].rpartition('.')[2]}.deviations"
        if beside.is_file():
            found += parse(beside.read_text(encoding="utf-8"), beside.name).lines
    if path:
        try:
            found += parse(Path(path).read_text(encoding="utf-8"), path).lines
        except UnicodeDecodeError as error:
            line = error.object[: error.start].count(b"\n") + 1
            raise Unusable(f"{path}, line {line}: not UTF-8") from error
        except OSError as error:
            raise Unusable(f"deviations cannot be read: {error}") from error
    return Deviations(found)
