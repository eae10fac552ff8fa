"""The report as one page that needs nothing else: a matrix of clauses and backends, and every cause with its pictures."""

from __future__ import annotations

import json
from importlib.resources import files
from typing import Any

from jinja2 import Environment, StrictUndefined
from markupsafe import Markup

from convspec import FORWARD, OPERATORS, clauses
from convspec.conformance.causes import causes
from convspec.conformance.judge import Run
from convspec.conformance.kept import Report
from convspec.conformance.report import counts, grades, merged
from convspec.conformance.verdict import DECLARED, Record

TEMPLATES = files("convspec.conformance").joinpath("templates")


def page(report: Report) -> str:
    """The page as HTML."""
    environment = Environment(autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True)
    template = environment.from_string(_template("report.html"))
    data = json.dumps(facts(report), allow_nan=False).replace("<", "\\u003c")
    parts = {"style": _template("report.css"), "script": _template("report.js"), "data": data}
    names = ", ".join(run.name for run in report.runs)
    return template.render(names=names, **{key: Markup(text) for key, text in parts.items()})


def _template(name: str) -> str:
    return TEMPLATES.joinpath(name).read_text("utf-8")


def facts(report: Report) -> dict[str, Any]:
    """What the page shows."""
    law = [
        {"number": c.number, "slug": c.slug, "title": c.title, "sentence": c.sentence} for c in clauses.load().values()
    ]
    offered = {op for run in report.runs for op in run.host.profile.operators}
    shown = [op for op in OPERATORS if op in FORWARD or op in offered]
    return {
        "date": report.date, "versions": report.versions, "machine": report.machine, "operators": shown,
        "clauses": law, "runs": [_run(run) for run in report.runs],
    }  # fmt: skip


def _run(run: Run) -> dict[str, Any]:
    profile = run.host.profile
    verdicts: dict[str, dict[str, str]] = {}
    for (slug, op), verdict in merged(run.records).items():
        verdicts.setdefault(slug, {})[op] = verdict
    declared = {(r.slug, r.op): r.reason for r in run.records if r.verdict == DECLARED}
    return {
        "name": run.name, "version": profile.version, "profile": run.profile, "effort": profile.effort, "seed": run.seed,
        "seconds": run.seconds, "policies": dict(profile.policies), "operators": list(profile.operators),
        "cases": sum(r.cases for r in run.records), "counts": counts(run), "verdicts": verdicts, "grades": grades(run),
        "interrupted": run.interrupted,
        "causes": [_violation(r) | {"also": [_violation(m) for m in more]} for r, more in causes(run.records)],
        "declared": [{"slug": slug, "op": op, "reason": reason} for (slug, op), reason in declared.items()],
        "stale": [f"{line.slug} {line.op}" for line in run.stale], "errors": run.errors,
    }  # fmt: skip


def _violation(r: Record) -> dict[str, Any]:
    assert r.violation
    v = r.violation
    d = v.difference
    return {
        "slug": v.slug, "op": v.op, "verdict": v.verdict, "expected": d.expected, "got": d.got, "bounds": d.bounds,
        "index": list(d.index) if d.index is not None else None, "case": v.case.text if v.case else "",
        "script": r.script, "picture": r.picture,
    }  # fmt: skip
