"""What the plug-in does once conformance tests are collected: which run, which tests, which verdicts."""

from __future__ import annotations

import pytest

from convspec import OPERATORS, clauses
from convspec.conformance import pictures
from convspec.conformance.backend import Unusable
from convspec.conformance.judge import Found, Run, Trial, verdict_of
from convspec.conformance.plugin import clause_of, op_of
from convspec.conformance.remote import NotOffered
from convspec.conformance.script import script
from convspec.conformance.verdict import DECLARED, FAILURES, NOT_OFFERED, VIOLATES, Difference, Record, Violation


def check(items: list[pytest.Item]) -> None:
    """Refuses tests that carry no clause, or one that the law does not have."""
    known = clauses.load()
    for item in items:
        if clause_of(item) not in known:
            raise pytest.UsageError(f"{item.nodeid} carries no clause of the law: {clause_of(item) or 'none'}")
        if op_of(item) not in OPERATORS:
            raise pytest.UsageError(f"{item.nodeid} names no operator")


def shard(text: str) -> tuple[int, int]:
    """Which of how many parts: "2/3" is (2, 3)."""
    part, _, parts = text.partition("/")
    if not (part.isdecimal() and parts.isdecimal() and 1 <= int(part) <= int(parts)):
        raise Unusable(f"a shard is written like 2/3, not {text!r}")
    return int(part), int(parts)


def start(config: pytest.Config) -> Run:
    """The run that the options ask for; a run that was prepared is taken as it is."""
    from convspec.conformance.run import Options, prepare

    prepared = getattr(config, "convspec_run", None)
    if prepared is not None:
        return prepared  # type: ignore[no-any-return]
    get = config.getoption
    ops, slugs = (tuple(filter(None, (get(name) or "").split(","))) for name in ("op", "clause"))
    options = Options(
        ops, slugs, get("profile"), get("seed"), in_process=get("in_process"), deviations=get("deviations"),
        shard=get("shard") or "", resume=get("resume"),
    )  # fmt: skip
    try:
        run = prepare(get("backend"), options)
    except Unusable as error:
        raise pytest.UsageError(str(error)) from error
    run.cut_short = bool(run.shard)
    return run


def select(config: pytest.Config, run: Run, items: list[pytest.Item]) -> list[pytest.Item]:
    """The tests that were asked for and are about operators on offer; the others of the former are noted."""
    ops, slugs = (set(filter(None, (config.getoption(name) or "").split(","))) for name in ("op", "clause"))
    asked = [item for item in items if (not ops or op_of(item) in ops) and (not slugs or clause_of(item) in slugs)]
    if run.shard:
        part, parts = shard(run.shard)
        asked = asked[part - 1 :: parts]
    kept = []
    for item in asked:
        slug, op = clause_of(item), op_of(item)
        if (slug, op, item.name) in run.done:
            continue
        if op in run.host.profile.operators:
            kept.append(item)
        else:
            run.records.append(Record(slug, op, NOT_OFFERED, test=item.name))
    return kept


def conclude(trial: Trial, error: Exception | None) -> None:
    """Writes the verdict down, and ends the test in pytest's terms: passed, skipped, expected to fail or failed."""
    record = trial.record
    if isinstance(error, AssertionError):
        text = str(error).splitlines()[0] if str(error) else "something else"
        error = Found(Violation(record.slug, record.op, VIOLATES, None, Difference("what the law says", text)))
    if error is not None and not isinstance(error, (Found, NotOffered)):
        trial.run.errors.append(f"{record.test}: {type(error).__name__}: {error}")
        raise error
    trial.run.records.append(record)
    if not isinstance(error, Found):
        record.verdict = NOT_OFFERED if isinstance(error, NotOffered) else verdict_of(record)
        if record.verdict == NOT_OFFERED:
            pytest.skip("not offered")
        return
    record.violation, record.verdict = error.violation, error.violation.verdict
    reason = trial.run.deviations.reason(record.slug, record.op)
    if record.verdict in FAILURES and reason is not None:
        record.verdict, record.reason = DECLARED, reason
        pytest.xfail(reason)
    record.picture = (
        pictures.picture(trial.expect(record.violation.case), record.violation.difference)
        if (record.violation.case)
        else []
    )
    record.script = script(record.violation, trial.run.name, snippet(trial))
    raise error


def snippet(trial: Trial) -> str | None:
    """The call in the backend's own words, if its adapter has them."""
    violation = trial.record.violation
    if violation is None or violation.case is None:
        return None
    answer = trial.observe(("snippet", violation.case.text)).value
    return answer if isinstance(answer, str) else None
