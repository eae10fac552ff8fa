"""Joining runs to one: the shards of a run, the rounds of a soak, an interrupted run and the rest of it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from convspec.conformance.backend import Unusable
from convspec.conformance.judge import Run, failed
from convspec.conformance.kept import Data, Report, run_of
from convspec.conformance.report import pooled
from convspec.conformance.verdict import RANKED


def merge(reports: Sequence[Data]) -> Report:
    """One report of all; what two of them say about the same backend under the same profile and seed is joined."""
    joined: dict[tuple[Any, ...], Run] = {}
    for data in (b for r in reports for b in r["backends"]):
        run, key = run_of(data), tuple(data[k] for k in ("name", "version", "profile", "seed"))
        joined[key] = join(joined[key], run) if key in joined else run
    machines = dict.fromkeys(str(r.get("machine", "")) for r in reports)
    return Report(
        list(joined.values()), max(str(r.get("date", "")) for r in reports), reports[0].get("versions", {}),
        "; ".join(filter(None, machines)),
    )  # fmt: skip


def join(a: Run, b: Run) -> Run:
    """Two parts of one run, without a test in common, as one."""
    if {r.key for r in a.records if r.test} & {r.key for r in b.records if r.test}:
        raise Unusable(f"two reports hold the same tests of {a.name}: are they shards of one run?")
    a.records += b.records
    a.errors += b.errors
    a.seconds += b.seconds
    a.interrupted |= b.interrupted
    a.shard = _parts(a.shard, b.shard)
    a.cut_short = a.interrupted or bool(a.shard)
    return a


def _parts(*shards: str) -> str:
    """The shards i/n that several runs are, in one text; nothing if they are all of the run."""
    parts = {part for shard in shards for part in shard.split(",")}
    n = max(int(part.partition("/")[2] or 0) for part in parts)
    return "" if len(parts) >= n or "" in parts else ",".join(sorted(parts))


def absorb(a: Run, b: Run) -> None:
    """Adds a run of the same tests with another seed to `a`: the worse verdict and the first violation stay."""
    known = {r.key: r for r in a.records}
    for r in b.records:
        old = known.get(r.key)
        if old is None:
            a.records.append(r)
            continue
        old.cases += r.cases
        old.not_offered += r.not_offered
        old.seconds += r.seconds
        old.grades = pooled(old.grades + r.grades)
        if RANKED.index(r.verdict) > RANKED.index(old.verdict):
            for name in ("verdict", "violation", "reason", "script", "picture"):
                setattr(old, name, getattr(r, name))
    a.errors += b.errors
    a.seconds += b.seconds
    a.interrupted |= b.interrupted
    a.cut_short = a.interrupted or a.cut_short


def status(runs: Sequence[Run]) -> int:
    """The exit status: 2 where the judge itself failed, 1 for a violation, 130 for an interrupt before any, else 0."""
    if any(run.errors for run in runs):
        return 2
    found = any(failed(run) for run in runs)
    return 130 if not found and any(run.interrupted for run in runs) else int(found)
