"""A run in words: the violations in full, and what was tried."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Any

from convspec import OPERATORS, clauses
from convspec.conformance.causes import causes
from convspec.conformance.judge import Run
from convspec.conformance.verdict import DECLARED, RANKED, Grade, Record, Violation


def merged(records: list[Record]) -> dict[tuple[str, str], str]:
    """One verdict for each clause and operator: the most telling of its tests."""
    found: dict[tuple[str, str], str] = {}
    for r in records:
        key = (r.slug, r.op)
        found[key] = max(found.get(key, r.verdict), r.verdict, key=RANKED.index)
    return found


def lines(run: Run) -> Iterator[str]:
    """The report of a run."""
    for r, explained in causes(run.records):
        yield from told(r, explained, run.name)
        yield ""
    for line in run.stale:
        yield f"stale: {line.slug} {line.op} is declared, was tried, and conforms: take the line out"
    yield from dict.fromkeys(f"declared: {r.slug} on {r.op}: {r.reason}" for r in run.records if r.verdict == DECLARED)
    yield from accuracy(run)
    yield from (f"the judge failed: {error}" for error in run.errors)
    yield summary(run)


def told(r: Record, explained: list[Record], backend: str) -> Iterator[str]:
    """A cause: one violation in full, and where else it shows."""
    if r.violation:
        yield from violation(r.violation, backend, r.script)
        yield from (f"  also      {line}" for line in also(explained))


def also(explained: list[Record]) -> Iterator[str]:
    """What else a cause breaks, a line for each clause with its operators."""
    slugs: dict[str, list[str]] = {}
    for r in explained:
        slugs.setdefault(r.slug, []).append(r.op)
    yield from (f"{slug} on {', '.join(ops)}" for slug, ops in slugs.items())


def accuracy(run: Run) -> Iterator[str]:
    """The accuracy grades, a line for each operator."""
    rows = grades(run)
    for op in dict.fromkeys(row["operator"] for row in rows):
        mine = [row for row in rows if row["operator"] == op]
        worst, rms = max(row["worst"] for row in mine), max(row["rms"] for row in mine)
        yield f"accuracy: {op} worst {worst}, rms {rms} u B, sums of up to {mine[-1]['terms']} terms"


def violation(v: Violation, backend: str, script: str) -> Iterator[str]:
    """One violation in full."""
    clause = clauses.load()[v.slug]
    d = v.difference
    yield f"VIOLATES {v.slug} ({clause.number} {clause.title}) on {v.op}" + (
        f": {v.verdict}" if v.verdict != "violates" else ""
    )
    yield f"  law       {clause.sentence}"
    yield f"  expected  {d.expected}" + (f" at {list(d.index)}" if d.index is not None else "")
    yield f"  got       {d.got}"
    if d.bounds is not None:
        yield f"  error     {d.bounds:.3g} times the bound"
    if v.case is not None:
        yield f'  replay    convspec repro "{v.case.text}" --backend {backend}'
        yield "  script"
        yield from (f"    {line}" for line in script.splitlines())


def counts(run: Run) -> dict[str, int]:
    """How often each verdict was given, on clauses for the operators that the backend has."""
    offered = run.host.profile.operators
    found = Counter(verdict for (_, op), verdict in merged(run.records).items() if op in offered)
    return {v: found[v] for v in (*RANKED[1:], RANKED[0]) if found[v]}


def summary(run: Run) -> str:
    """The run in one line."""
    offered = run.host.profile.operators
    verdicts = ", ".join(f"{count} {verdict}" for verdict, count in counts(run).items())
    cases, absent = sum(r.cases for r in run.records), sum(r.not_offered for r in run.records)
    share = f", {100 * absent / cases:.0f} % of them not offered" if absent else ""
    lacks = "" if len(offered) == len(OPERATORS) else f" ({', '.join(offered)})"
    ended = "interrupted; " if run.interrupted else ""
    effort = f", at an effort of {run.host.profile.effort:g}" if run.host.profile.effort < 1 else ""
    return f"{run.name}{lacks}: {ended}{verdicts or 'nothing tried'}; {cases} cases{effort}{share}"


def grades(run: Run) -> list[dict[str, Any]]:
    """The accuracy of each operator in units of u B, by the number of terms of a sum, doubling."""
    found: list[dict[str, Any]] = []
    for op in sorted({r.op for r in run.records if r.grades}):
        for g in pooled([g for r in run.records if r.op == op for g in r.grades]):
            worst, rms = float(f"{g.worst:.4g}"), float(f"{g.rms:.4g}")
            found.append({"operator": op, "terms": g.n, "worst": worst, "rms": rms, "count": g.count})
    return found


def pooled(grades: Sequence[Grade]) -> list[Grade]:
    """Grades put together by the number of terms, rounded up to a power of two."""
    groups: dict[int, list[Grade]] = {}
    for g in grades:
        groups.setdefault(1 << max(0, g.n - 1).bit_length(), []).append(g)
    found = []
    for n, many in sorted(groups.items()):
        count = sum(g.count for g in many)
        rms = (sum(g.rms**2 * g.count for g in many) / count) ** 0.5
        found.append(Grade(n, max(g.worst for g in many), rms, count))
    return found
