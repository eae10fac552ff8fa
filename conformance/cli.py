"""The command `convspec`: check, merge, repro and clauses.

Exit status: 0 for no undeclared violation, 1 for one, 2 for misuse, 130 for an interrupt before any was found.
"""

from __future__ import annotations

import sys
from pathlib import Path

import click

from convspec import __version__

DEFAULT_BACKENDS = ("scipy.signal", "fast")


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__)
def convspec() -> None:
    """An executable specification of the operators of convolutional networks."""


def _names(_: click.Context, __: click.Parameter, value: str | None) -> tuple[str, ...]:
    return tuple(filter(None, (value or "").split(",")))


@convspec.command()
@click.argument("backends", nargs=-1, metavar="[BACKEND]...")
@click.option("--op", "ops", callback=_names, help="Only these operators, separated by commas.")
@click.option("--clause", "slugs", callback=_names, help="Only these clauses, separated by commas.")
@click.option("--profile", type=click.Choice(["quick", "full", "soak"]), default="quick", show_default=True)
@click.option("--fail-fast", is_flag=True, help="Stop at the first violation.")
@click.option("--seed", type=click.IntRange(0), default=0, show_default=True, help="Other cases.")
@click.option("--shard", default="", metavar="I/N", help="Only the I-th of N parts of the tests; see merge.")
@click.option("--deviations", type=click.Path(exists=True, dir_okay=False), help="A file of declared deviations.")
@click.option("--json", "json_file", type=click.Path(dir_okay=False), help="Write a report as JSON.")
@click.option("--junit", "junit_file", type=click.Path(dir_okay=False), help="Write a report as JUnit XML.")
@click.option("--html", "html_file", type=click.Path(dir_okay=False), help="Write a report as a page.")
@click.option("--in-process", is_flag=True, help="Run the backend in this process, for debugging.")
@click.pass_context
def check(
    context: click.Context, backends: tuple[str, ...], ops: tuple[str, ...], slugs: tuple[str, ...], profile: str,
    fail_fast: bool, seed: int, shard: str, deviations: str | None, json_file: str | None, junit_file: str | None,
    html_file: str | None, in_process: bool,
) -> None:  # fmt: skip
    """Put backends on trial: adapters (scipy, fast, fast:avx2, reference), modules, ./file.py or ./file.py:Object."""
    from convspec.conformance import export
    from convspec.conformance.progress import Bar, Lines
    from convspec.conformance.report import lines
    from convspec.conformance.run import Options
    from convspec.conformance.run import check as put_on_trial

    for path in filter(None, (json_file, junit_file, html_file)):
        if not Path(path).resolve().parent.is_dir():
            raise click.UsageError(f"there is no folder for {path}")
    options = Options(ops, slugs, profile, seed, fail_fast, in_process, deviations, shard)
    runs, misuse = [], False
    for name in backends or DEFAULT_BACKENDS:
        try:
            runs.append(put_on_trial(name, options, Bar() if sys.stdout.isatty() else Lines()))
        except _unusable() as error:
            click.echo(f"convspec: {error}", err=True)
            misuse = True
            continue
        click.echo("\n".join(lines(runs[-1])))
        if runs[-1].interrupted:
            break
    export.write(runs, json_file, junit_file, html_file)
    context.exit(2 if misuse else status(runs))


def _unusable() -> type[Exception]:
    from convspec.conformance.backend import Unusable

    return Unusable


def status(runs: list) -> int:  # type: ignore[type-arg]
    """0, 1, 130 for an interrupted run without violations, or 2 where the judge itself failed."""
    from convspec.conformance.judge import failed

    if any(run.errors for run in runs):
        return 2
    found = any(failed(run) for run in runs)
    return 130 if not found and any(run.interrupted for run in runs) else int(found)


@convspec.command()
@click.argument("reports", nargs=-1, required=True, type=click.Path(), metavar="REPORT...")
@click.option("--json", "json_file", type=click.Path(dir_okay=False), help="Write the joined report.")
@click.pass_context
def merge(context: click.Context, reports: tuple[str, ...], json_file: str | None) -> None:
    """Join the JSON reports of shards or of several backends; the exit status is that of a run with all of it."""
    import json

    from convspec.conformance import export
    from convspec.conformance import merge as joining

    if json_file and not Path(json_file).resolve().parent.is_dir():
        raise click.UsageError(f"there is no folder for {json_file}")
    whole = joining.merge([joining.read(path) for path in reports])
    for backend in whole["backends"]:
        click.echo(joining.summary(backend))
    if json_file:
        export.save(json_file, json.dumps(whole, indent=1, allow_nan=False) + "\n")
    context.exit(joining.status(whole))


@convspec.command()
@click.argument("case")
@click.option("--backend", "backends", multiple=True, required=True, help="The backend to call.")
@click.option("--in-process", is_flag=True, help="Run the backend in this process, for debugging.")
@click.pass_context
def repro(context: click.Context, case: str, backends: tuple[str, ...], in_process: bool) -> None:
    """Replay one case, given as its line of text."""
    from convspec.conformance.replay import replay

    context.exit(max(replay(case, name, in_process) for name in backends))


@convspec.command()
@click.argument("slugs", nargs=-1, metavar="[SLUG]...")
def clauses(slugs: tuple[str, ...]) -> None:
    """Print the law: all its clauses, or those whose slug is, or starts with, one of SLUG."""
    from convspec import clauses as law

    known = law.load()
    found = [c for c in known.values() if not slugs or any(c.slug == s or c.slug.startswith(f"{s}.") for s in slugs)]
    if not found:
        raise click.UsageError(f"there is no clause {', '.join(slugs)}")
    for clause in found:
        click.echo(f"{clause.number:>5}  {clause.slug}  {clause.title}")
        click.echo(f"       {clause.sentence}")
        if slugs:
            click.echo("".join(f"\n{example}" for example in clause.examples), nl=False)


def main(args: list[str] | None = None) -> None:
    """The entry point: bad command lines are one line and status 2."""
    try:
        code = convspec.main(args, prog_name="convspec", standalone_mode=False)
    except click.exceptions.NoArgsIsHelpError as error:
        click.echo(error.format_message())
        code = 2
    except click.ClickException as error:
        click.echo(f"convspec: {error.format_message()}", err=True)
        code = 2
    except (click.exceptions.Abort, KeyboardInterrupt):
        code = 130
    except _unusable() as error:
        click.echo(f"convspec: {error}", err=True)
        code = 2
    sys.exit(code if isinstance(code, int) else 0)
