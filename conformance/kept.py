"""A run as plain data, and back: what a JSON report keeps, a worker sends, a merged or a resumed run begins with.

The data obey `report.schema.json`, which lies beside this file.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from convspec import __version__
from convspec.conformance import report
from convspec.conformance.backend import Profile, Unusable, machine
from convspec.conformance.case import parse
from convspec.conformance.deviations import Deviations, Line
from convspec.conformance.host import Gone
from convspec.conformance.judge import Run
from convspec.conformance.verdict import RANKED, Difference, Grade, Record, Violation

Data = dict[str, Any]
LIBRARIES = ("numpy", "scipy", "hypothesis", "pytest")
_KEYS = {
    "name": str, "version": str, "profile": str, "seed": int, "seconds": (int, float), "operators": list, "verdicts": list,
    "tests": list, "declared": list, "stale": list, "grades": list, "errors": list,
}  # fmt: skip
"""What a backend's part of a report must have, and of which type."""


def versions() -> dict[str, str]:
    """The versions of convspec and of the libraries that the judge uses."""
    found = {"convspec": __version__}
    for library in LIBRARIES:
        try:
            found[library] = version(library)
        except PackageNotFoundError:
            continue
    return found


@dataclass(frozen=True)
class Report:
    """Runs, and where and when they were made."""

    runs: Sequence[Run]
    date: str = field(default_factory=lambda: datetime.now(UTC).date().isoformat())
    versions: dict[str, str] = field(default_factory=versions)
    machine: str = field(default_factory=machine)

    def data(self) -> Data:
        """The JSON report."""
        backends = [run_data(run) for run in self.runs]
        return {"date": self.date, "versions": self.versions, "machine": self.machine, "backends": backends}


def run_data(run: Run) -> Data:
    """A run as plain data."""
    p = run.host.profile
    return {
        "name": p.name, "version": p.version, "operators": list(p.operators), "policies": dict(p.policies),
        "numerics": dict(p.numerics), "profile": run.profile, "effort": p.effort, "seed": run.seed,
        "seconds": round(run.seconds, 2), "shard": run.shard, "interrupted": run.interrupted,
        "verdicts": [{"clause": s, "operator": o, "verdict": v} for (s, o), v in report.merged(run.records).items()],
        "tests": [record_data(record) for record in run.records],
        "declared": [f"{line.slug} {line.op}" for line in run.deviations.lines],
        "stale": [f"{line.slug} {line.op}" for line in run.stale],
        "grades": report.grades(run), "errors": run.errors,
    }  # fmt: skip


def record_data(r: Record) -> Data:
    """What one test found, as plain data; what is empty is left out."""
    found: Data = {
        "clause": r.slug, "operator": r.op, "verdict": r.verdict, "cases": r.cases, "not_offered": r.not_offered,
        "seconds": round(r.seconds, 3), "test": r.test,
    }  # fmt: skip
    optional: Data = {"reason": r.reason, "script": r.script, "picture": r.picture}
    optional["grades"] = [[g.n, g.worst, g.rms, g.count] for g in report.pooled(r.grades)]
    if r.violation:
        d, case = r.violation.difference, r.violation.case
        optional["violation"] = {
            "case": case.text if case else None, "verdict": r.violation.verdict, "expected": d.expected, "got": d.got,
            "kind": d.kind, "index": list(d.index) if d.index is not None else None, "error_in_bounds": d.bounds,
        }  # fmt: skip
    return found | {key: value for key, value in optional.items() if value}


def record_of(data: Data) -> Record:
    """The record that `record_data` made data of."""
    slug, op, told = data["clause"], data["operator"], data.get("violation")
    violation = None
    if told:
        index = tuple(told["index"]) if told["index"] is not None else None
        difference = Difference(
            told["expected"], told["got"], index, told["error_in_bounds"], told.get("kind", "value")
        )
        case = parse(told["case"]) if told["case"] else None
        violation = Violation(slug, op, told.get("verdict", data["verdict"]), case, difference)
    return Record(
        slug, op, data["verdict"], int(data.get("cases", 0)), int(data.get("not_offered", 0)), float(data.get("seconds", 0)),
        violation, data.get("reason", ""), [Grade(*g) for g in data.get("grades", ())], data.get("test", ""),
        data.get("script", ""), data.get("picture", []),
    )  # fmt: skip


def run_of(data: Data) -> Run:
    """The run that `run_data` made data of; a verdict without a test is one of a report that lacks dull tests."""
    profile = Profile(
        data["name"], tuple(data["operators"]), data.get("policies", {}), data.get("numerics", {}), version=data["version"],
        effort=data.get("effort", 1.0),
    )  # fmt: skip
    records = [record_of(t) for t in data["tests"]]
    told = {(r.slug, r.op) for r in records}
    dull = [v for v in data["verdicts"] if (v["clause"], v["operator"]) not in told]
    records += [Record(v["clause"], v["operator"], v["verdict"]) for v in dull]
    pairs = (line.split(" ") for line in data["declared"])
    declared = Deviations(tuple(Line(slug, op, "") for slug, op in pairs))
    part, interrupted = data.get("shard", ""), bool(data.get("interrupted"))
    return Run(
        Gone(profile), data["profile"], data["seed"], declared, records, list(data["errors"]), data["seconds"],
        bool(part) or interrupted, interrupted, part,
    )  # fmt: skip


def read(path: str) -> Data:
    """The report in a file, checked as far as it is read."""
    try:
        found = json.loads(Path(path).read_bytes().decode("utf-8"))
    except OSError as error:
        raise Unusable(f"{path} cannot be read: {error.strerror}") from error
    except UnicodeDecodeError as error:
        line = error.object[: error.start].count(b"\n") + 1
        raise Unusable(f"{path}, line {line}: not UTF-8") from error
    except json.JSONDecodeError as error:
        raise Unusable(f"{path}, line {error.lineno}: {error.msg}") from error
    wrong = _wrong(found)
    if wrong:
        raise Unusable(f"{path}, line 1: not a report of convspec: {wrong}")
    return found  # type: ignore[no-any-return]


def resumed(path: str, name: str, profile: str, seed: int) -> list[Record]:
    """What a report says of an earlier run of this kind; a test that was not finished is not in it."""
    for data in read(path)["backends"]:
        if (data["name"], data["profile"], data["seed"]) == (name, profile, seed):
            return [record_of(t) for t in data["tests"]]
    raise Unusable(f"{path} holds no run of {name} with profile {profile} and seed {seed}")


def _wrong(found: Any) -> str:
    """What keeps `found` from being a report, in words; nothing if it is one."""
    if not isinstance(found, dict) or not isinstance(found.get("backends"), list):
        return "it has no list of backends"
    for i, backend in enumerate(found["backends"]):
        if not isinstance(backend, dict):
            return f"backends[{i}] is no object"
        for key, kind in _KEYS.items():
            if not isinstance(backend.get(key), kind):  # type: ignore[arg-type]
                return f"backends[{i}] lacks {key}"
        for key in ("tests", "verdicts"):
            for j, entry in enumerate(backend[key]):
                if not isinstance(entry, dict) or not {"clause", "operator"} <= set(entry):
                    return f"backends[{i}].{key}[{j}] names no clause and operator"
                if entry.get("verdict") not in RANKED:
                    return f"backends[{i}].{key}[{j}] has the verdict {entry.get('verdict')!r}"
        try:
            run_of(backend)
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            return f"backends[{i}] is damaged: {type(error).__name__}: {error}"
    return ""
