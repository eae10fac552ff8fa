"""Replaying one case: every aspect of it, on one backend."""

from __future__ import annotations

import click

from convspec.conformance.backend import Unusable
from convspec.conformance.case import CaseError, parse
from convspec.conformance.data import build
from convspec.conformance.expect import expect
from convspec.conformance.host import open_host
from convspec.conformance.verdict import FAILURES
from convspec.conformance.verify import VALUES, brief, verify

FACTS = (
    "inputs-changed", "shares-input", "shares-result", "result-changed", "repeat-differs", "repeat-raises",
    "depends-on-memory", "place-differs",
)  # fmt: skip


def replay(text: str, name: str, in_process: bool = False) -> int:
    """Prints what the law expects and what the backend does; the exit status."""
    try:
        case = parse(text)
        build(case)
    except CaseError as error:
        raise Unusable(f"not a case: {error}") from error
    except (ValueError, IndexError, TypeError, MemoryError, OverflowError) as error:
        raise Unusable(f"a case that cannot be built: {error}") from error
    host = open_host(name, in_process)
    try:
        if case.op not in host.profile.operators:
            raise Unusable(f"backend {name} does not offer {case.op}")
        e = expect(case, host.profile.policies_of(case.op), host.profile.numerics_of(case.op), 10**6)
        host.send(case)
        seen = host.receive()
    finally:
        host.close()
    outcome = verify(e, seen, VALUES, FACTS)
    click.echo(f"{name}: {outcome.verdict}")
    if outcome.difference:
        d = outcome.difference
        click.echo(f"  expected  {d.expected}" + (f" at {list(d.index)}" if d.index is not None else ""))
        click.echo(f"  got       {d.got}")
        if d.bounds is not None:
            click.echo(f"  error     {d.bounds:.3g} times the bound")
    else:
        click.echo(f"  {brief(seen.value) if seen.kind == 'result' else seen.message}")
    if outcome.grade:
        g = outcome.grade
        click.echo(f"  accuracy  worst {g.worst:.3g}, rms {g.rms:.3g} u B over {g.count} sums of {g.n} terms")
    return int(outcome.verdict in FAILURES)
