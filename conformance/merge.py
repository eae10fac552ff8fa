"""Joining the JSON reports of shards, or of several backends, to one; a damaged report is named with its line and reason."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from convspec.conformance.backend import Unusable
from convspec.conformance.verdict import CONFORMS, DECLARED, FAILURES, RANKED

Report = dict[str, Any]
_KEYS = {
    "name": str, "version": str, "profile": str, "seed": int, "seconds": (int, float), "operators": list, "verdicts": list,
    "tests": list, "declared": list, "stale": list, "grades": list, "errors": list,
}  # fmt: skip
"""What a backend's part of a report must have, and of which type."""


def read(path: str) -> Report:
    """The report in a file, checked as far as merging and counting go."""
    try:
        report = json.loads(Path(path).read_bytes().decode("utf-8"))
    except OSError as error:
        raise Unusable(f"{path} cannot be read: {error.strerror}") from error
    except UnicodeDecodeError as error:
        line = error.object[: error.start].count(b"\n") + 1
        raise Unusable(f"{path}, line {line}: not UTF-8") from error
    except json.JSONDecodeError as error:
        raise Unusable(f"{path}, line {error.lineno}: {error.msg}") from error
    wrong = _wrong(report)
    if wrong:
        raise Unusable(f"{path}, line 1: not a report of convspec: {wrong}")
    return report  # type: ignore[no-any-return]


def _wrong(report: Any) -> str:
    """What keeps `report` from being a report, in words; nothing if it is one."""
    if not isinstance(report, dict) or not isinstance(report.get("backends"), list):
        return "it has no list of backends"
    for i, backend in enumerate(report["backends"]):
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
    return ""


def merge(reports: Sequence[Report]) -> Report:
    """One report of all; what two of them say about the same backend under the same profile and seed is joined."""
    joined: dict[tuple[Any, ...], Report] = {}
    for backend in (b for report in reports for b in report["backends"]):
        key = tuple(backend[k] for k in ("name", "version", "profile", "seed"))
        joined[key] = _join(joined[key], backend) if key in joined else backend
    machines = dict.fromkeys(str(r.get("machine", "")) for r in reports)
    return {
        "date": max(str(r.get("date", "")) for r in reports), "versions": reports[0].get("versions", {}),
        "machine": "; ".join(filter(None, machines)), "backends": list(joined.values()),
    }  # fmt: skip


def _join(a: Report, b: Report) -> Report:
    tests = a["tests"] + b["tests"]
    names = [(t["clause"], t["operator"], t.get("test")) for t in tests]
    if len(set(names)) < len(names):
        raise Unusable(f"two reports hold the same tests of {a['name']}: are they shards of one run?")
    verdicts: dict[tuple[str, str], str] = {}
    for t in tests:
        slot = t["clause"], t["operator"]
        verdicts[slot] = max(verdicts.get(slot, t["verdict"]), t["verdict"], key=RANKED.index)
    declared = list(dict.fromkeys(a["declared"] + b["declared"]))
    return {
        **a, "tests": tests, "verdicts": [{"clause": s, "operator": o, "verdict": v} for (s, o), v in verdicts.items()],
        "seconds": round(a["seconds"] + b["seconds"], 2), "errors": a["errors"] + b["errors"],
        "declared": declared, "stale": _stale(declared, tests), "grades": _grades(a["grades"] + b["grades"]),
        "shard": "", "interrupted": bool(a.get("interrupted") or b.get("interrupted")),
    }  # fmt: skip


def _stale(declared: list[str], tests: list[Report]) -> list[str]:
    """The declarations that all tests together found needless."""
    found = []
    for line in declared:
        slug, op = line.split(" ")
        verdicts = {t["verdict"] for t in tests if t["clause"] == slug and op in ("*", t["operator"])}
        if CONFORMS in verdicts and DECLARED not in verdicts:
            found.append(line)
    return found


def _grades(rows: list[Report]) -> list[Report]:
    """One row for each operator and number of terms."""
    found: dict[tuple[str, int], Report] = {}
    for row in rows:
        key = row["operator"], row["terms"]
        if key in found:
            old, count = found[key], found[key]["count"] + row["count"]
            square = (old["rms"] ** 2 * old["count"] + row["rms"] ** 2 * row["count"]) / count
            row = {**row, "worst": max(old["worst"], row["worst"]), "rms": float(f"{square**0.5:.4g}"), "count": count}
        found[key] = row
    return [found[key] for key in sorted(found)]


def status(report: Report) -> int:
    """The exit status of a run with this outcome."""
    backends = report["backends"]
    if any(b["errors"] for b in backends):
        return 2
    return int(any(b["stale"] or any(v["verdict"] in FAILURES for v in b["verdicts"]) for b in backends))


def summary(backend: Report) -> str:
    """One backend in one line."""
    verdicts = [v["verdict"] for v in backend["verdicts"]]
    counts = ", ".join(f"{verdicts.count(v)} {v}" for v in RANKED if v in verdicts)
    stale = "".join(f"; stale: {line}" for line in backend["stale"])
    return f"{backend['name']}: {counts or 'nothing tried'}{stale}"
