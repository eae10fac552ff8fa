"""A run without an end: round after round with other seeds, each new cause told once, what was found kept after each."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from itertools import count

import click

from convspec.conformance import merge, report
from convspec.conformance.backend import Unusable
from convspec.conformance.causes import causes
from convspec.conformance.judge import Run
from convspec.conformance.run import Options, check


def soak(names: Sequence[str], options: Options, save: Callable[[list[Run]], None]) -> tuple[list[Run], int]:
    """Tries backends in turn until Ctrl-C, the time is up or, to fail fast, a violation.

    With the runs comes 2 if a name was unusable, and else 130 if an interrupt came between two rounds.
    """
    totals: dict[str, Run] = {}
    left, code = list(dict.fromkeys(names)), 0
    try:
        for seed in count(options.seed):
            for name in tuple(left):
                try:
                    found = round_of(totals, name, replace(options, seed=seed))
                except Unusable as error:
                    click.echo(f"convspec: {error}", err=True)
                    left.remove(name)
                    code = 2
                    continue
                save(list(totals.values()))
                over = totals[name].interrupted or time.monotonic() > options.until
                if over or (found and options.fail_fast):
                    left.clear()
                    break
            if not left:
                break
    except KeyboardInterrupt:
        code = code or 130
    for run in totals.values():
        click.echo(report.summary(run))
    return list(totals.values()), code


def round_of(totals: dict[str, Run], name: str, options: Options) -> int:
    """One round of one backend; how many causes are new."""
    run = check(name, options)
    seconds, cases = run.seconds, sum(r.cases for r in run.records)
    known = {(r.slug, r.op) for r, _ in causes(totals[name].records)} if name in totals else set()
    if name in totals:
        merge.absorb(totals[name], run)
    total = totals.setdefault(name, run)
    fresh = [(r, more) for r, more in causes(total.records) if (r.slug, r.op) not in known]
    for cause in fresh:
        click.echo("\n".join(report.told(*cause, name)) + "\n")
    click.echo(f"{name}: seed {options.seed}, {cases} cases in {seconds:.0f} s, new causes: {len(fresh)}")
    return len(fresh)
