"""The report as one page that needs nothing else: a matrix of clauses and operators, and every violation in full."""

from __future__ import annotations

from importlib.resources import files
from typing import Any

from jinja2 import Environment, StrictUndefined

from convspec import OPERATORS, clauses
from convspec.conformance.causes import distinct
from convspec.conformance.judge import Run
from convspec.conformance.kept import Report
from convspec.conformance.report import counts, grades, merged
from convspec.conformance.verdict import CONFORMS, CRASH, DECLARED, HANG, NOT_OFFERED, VIOLATES, Record

MARKS = {CONFORMS: "✓", VIOLATES: "✗", DECLARED: "!", NOT_OFFERED: "–", CRASH: "↯", HANG: "…"}


def page(report: Report) -> str:
    """The page as HTML."""

    environment = Environment(autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True)
    template = environment.from_string(
        files("convspec.conformance").joinpath("templates/report.html").read_text("utf-8")
    )
    return template.render(
        runs=[_run(run) for run in report.runs],
        operators=OPERATORS,
        versions=report.versions,
        machine=report.machine,
        marks=MARKS,
    )


def _run(run: Run) -> dict[str, Any]:
    verdicts = merged(run.records)
    profile = run.host.profile
    return {
        "name": run.name, "version": profile.version, "profile": run.profile, "seed": run.seed, "seconds": run.seconds,
        "policies": dict(profile.policies), "cases": sum(r.cases for r in run.records),
        "counts": counts(run), "rows": list(_rows(verdicts)),
        "violations": [_violation(r) for r in distinct(run.records)],
        "stale": [f"{line.slug} {line.op}" for line in run.stale],
        "declared": [{"slug": r.slug, "op": r.op, "reason": r.reason} for r in run.records if r.verdict == DECLARED],
        "grades": grades(run),
    }  # fmt: skip


def _rows(verdicts: dict[tuple[str, str], str]) -> Any:
    chapter = ""
    for clause in clauses.load().values():
        found = [verdicts.get((clause.slug, op), "") for op in OPERATORS]
        if not any(found):
            continue
        yield {
            "number": clause.number, "slug": clause.slug, "sentence": clause.sentence, "verdicts": found,
            "first": clause.number.partition(".")[0] != chapter,
        }  # fmt: skip
        chapter = clause.number.partition(".")[0]


def _violation(r: Record) -> dict[str, Any]:
    assert r.violation
    v = r.violation
    return {
        "slug": v.slug, "op": v.op, "verdict": v.verdict, "sentence": clauses.load()[v.slug].sentence,
        "expected": v.difference.expected, "got": v.difference.got, "bounds": v.difference.bounds,
        "index": list(v.difference.index) if v.difference.index is not None else None,
        "case": v.case.text if v.case else "", "script": r.script,
    }  # fmt: skip
