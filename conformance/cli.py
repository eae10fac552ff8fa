"""The command `convspec`: check, merge, repro and clauses.

Exit status: 0 for no undeclared violation, 1 for one, 2 for misuse, 130 for an interrupt before any was found.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from convspec import __version__

if TYPE_CHECKING:
    from convspec.conformance.judge import Run
    from convspec.conformance.run import Options

DEFAULT_BACKENDS = ("scipy.signal", "fast")


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__)
def convspec() -> None:
    """An executable specification of the operators of convolutional networks."""


def _names(_: click.Context, __: click.Parameter, values: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(filter(None, ",".join(values).split(",")))


def _outputs(function: Callable[..., None]) -> Callable[..., None]:
    """The options that name files to write."""
    kinds = {"json": "JSON", "junit": "JUnit XML", "html": "a page"}
    for kind, words in kinds.items():
        option = click.option(
            f"--{kind}", f"{kind}_file", type=click.Path(dir_okay=False), help=f"Write a report as {words}."
        )
        function = option(function)
    return function


def _check_folders(*paths: str | None) -> None:
    for path in filter(None, paths):
        if not Path(path).resolve().parent.is_dir():
            raise click.UsageError(f"there is no folder for {path}")


@convspec.command()
@click.argument("backends", nargs=-1, metavar="[BACKEND]...")
@click.option("--op", "ops", multiple=True, callback=_names, help="Only these operators, with commas or one by one.")
@click.option("--clause", "slugs", multiple=True, callback=_names, help="Only these clauses, likewise.")
@click.option("--profile", type=click.Choice(["quick", "full", "soak"]), default="quick", show_default=True)
@click.option("--fail-fast", is_flag=True, help="Stop at the first violation.")
@click.option("--seed", type=click.IntRange(0), help="Other cases; 0, and for soak the time of day.")
@click.option(
    "--workers", "-n", type=click.IntRange(1), default=1, show_default=True, help="Processes to spread the tests over."
)
@click.option("--seconds", type=click.FloatRange(0), help="Stop then; soak else goes on until Ctrl-C.")
@click.option("--shard", default="", metavar="I/N", help="Only the I-th of N parts of the tests; see merge.")
@click.option(
    "--resume", type=click.Path(exists=True, dir_okay=False), help="Go on from the JSON report of an interrupted run."
)
@click.option("--deviations", type=click.Path(exists=True, dir_okay=False), help="A file of declared deviations.")
@_outputs
@click.option("--in-process", is_flag=True, help="Run the backend in this process, for debugging.")
@click.pass_context
def check(
    context: click.Context, /, backends: tuple[str, ...], seed: int | None, seconds: float | None, json_file: str | None,
    junit_file: str | None, html_file: str | None, **chosen: Any,
) -> None:  # fmt: skip
    """Put backends on trial: adapters (scipy, fast, fast:avx2, reference), modules, ./file.py or ./file.py:Object."""
    from convspec.conformance import export, merge, soak
    from convspec.conformance.kept import Report
    from convspec.conformance.run import Options

    _check_folders(json_file, junit_file, html_file)
    soaking = chosen["profile"] == "soak"
    options = Options(**chosen, seed=seed if seed is not None else int(time.time()) if soaking else 0)
    options = replace(options, until=time.monotonic() + seconds) if seconds is not None else options

    def save(runs: list[Run]) -> None:
        export.write(Report(runs), json_file, junit_file, html_file)

    if soaking:
        runs, code = soak.soak(backends or DEFAULT_BACKENDS, options, save)
    else:
        runs, code = _each(backends or DEFAULT_BACKENDS, options)
    save(runs)
    context.exit(2 if code == 2 else merge.status(runs) or code)


def _each(names: Iterable[str], options: Options) -> tuple[list[Run], int]:
    """A run of each backend, told as soon as it is done; 2 if a name was unusable, else 130 after an interrupt between runs."""
    from convspec.conformance.progress import Bar, Lines
    from convspec.conformance.report import lines
    from convspec.conformance.run import check as put_on_trial

    runs: list[Run] = []
    code = 0
    for name in names:
        try:
            runs.append(put_on_trial(name, options, Bar() if sys.stdout.isatty() else Lines()))
            click.echo("\n".join(lines(runs[-1])))
        except _unusable() as error:
            click.echo(f"convspec: {error}", err=True)
            code = 2
        except KeyboardInterrupt:
            return runs, code or 130
        if runs and (runs[-1].interrupted or time.monotonic() > options.until):
            break
    return runs, code


def _unusable() -> type[Exception]:
    from convspec.conformance.backend import Unusable

    return Unusable


@convspec.command()
@click.argument("reports", nargs=-1, required=True, type=click.Path(), metavar="REPORT...")
@_outputs
@click.pass_context
def merge(
    context: click.Context,
    reports: tuple[str, ...],
    json_file: str | None,
    junit_file: str | None,
    html_file: str | None,
) -> None:
    """Join the JSON reports of shards or of several backends; the exit status is that of a run with all of it."""
    from convspec.conformance import export, kept, report
    from convspec.conformance import merge as joining

    _check_folders(json_file, junit_file, html_file)
    whole = joining.merge([kept.read(path) for path in reports])
    for run in whole.runs:
        click.echo("\n".join(report.lines(run)))
    export.write(whole, json_file, junit_file, html_file)
    context.exit(joining.status(whole.runs))


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
