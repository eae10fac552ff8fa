"""The pytest plug-in: it puts a backend on trial where convspec's conformance tests are collected, and else does nothing.

It is loaded in every pytest run on a machine that has convspec, so it imports nothing heavy before it is needed, and adds
its options only where the arguments name the conformance tests.
"""

from __future__ import annotations

import time
from collections.abc import Generator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from convspec.conformance.judge import Run, Trial

HOME = Path(__file__).resolve().parent
OPTIONS = (
    ("--backend", {"help": "the backend that convspec puts on trial"}),
    ("--convspec-op", {"help": "operators, separated by commas"}),
    ("--convspec-clause", {"help": "clauses, separated by commas"}),
    ("--convspec-profile", {"default": "quick", "choices": ("quick", "full", "soak")}),
    ("--convspec-seed", {"type": int, "default": 0}),
    ("--convspec-shard", {"help": "i/n: the i-th of n parts of the tests"}),
    ("--convspec-resume", {"help": "a JSON report, whose tests are not run again"}),
    ("--convspec-deviations", {"help": "a file of declared deviations"}),
    ("--convspec-in-process", {"action": "store_true", "help": "no worker process"}),
)
RUN: pytest.StashKey[Run] = pytest.StashKey()
TRIAL: pytest.StashKey[Trial] = pytest.StashKey()
OURS: pytest.StashKey[bool] = pytest.StashKey()


def pytest_load_initial_conftests(early_config: pytest.Config, parser: pytest.Parser, args: list[str]) -> None:
    """Adds the options, if the arguments name the conformance tests."""
    if any("convspec.conformance" in arg or _is_home(arg) for arg in args):
        early_config.stash[OURS] = True
        group = parser.getgroup("convspec")
        for name, details in OPTIONS:
            group.addoption(name, dest=name.lstrip("-").replace("-", "_").removeprefix("convspec_"), **details)


def _is_home(arg: str) -> bool:
    path = Path(arg.partition("::")[0])
    return not arg.startswith("-") and path.exists() and HOME in (path.resolve(), path.resolve().parent)


def pytest_configure(config: pytest.Config) -> None:
    """Makes the marker known."""
    config.addinivalue_line("markers", "clause(slug): the clause of the law that the test tries")


def ours(item: pytest.Item) -> bool:
    """Whether a test is one of the conformance tests."""
    return item.path.parent == HOME


def clause_of(item: pytest.Item) -> str:
    """The slug that a test carries."""
    marker = item.get_closest_marker("clause")
    return str(marker.args[0]) if marker and marker.args else ""


def op_of(item: pytest.Item) -> str:
    """The operator that a test is about: its parameter `op`, or the first word of its clause."""
    callspec = getattr(item, "callspec", None)
    op = callspec.params.get("op") if callspec else None
    return str(op or clause_of(item).partition(".")[0])


def pytest_sessionstart(session: pytest.Session) -> None:
    """Where xdist spreads the tests over processes, this one collects none: it makes the run that their records go to."""
    config = session.config
    if config.pluginmanager.hasplugin("dsession") and getattr(config.option, "backend", None) and OURS in config.stash:
        from convspec.conformance import collect, spread

        config.stash[RUN] = run = collect.start(config)
        run.host.close()
        config.pluginmanager.register(spread.Gatherer(run))


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Refuses tests without a clause, starts the backend, and leaves out what it does not offer."""
    mine = [item for item in items if ours(item)]
    if not mine:
        return
    from convspec.conformance import collect

    collect.check(mine)
    if not config.getoption("backend", None):
        raise pytest.UsageError("conformance tests need a backend: --backend NAME")
    run = collect.start(config)
    config.stash[RUN] = run
    if hasattr(config, "workerinput"):
        from convspec.conformance import spread

        run.cut_short = True  # and the others do the rest
        config.pluginmanager.register(spread.Sender(run))
    kept = collect.select(config, run, mine)
    items.sort(key=lambda item: not (ours(item) and item.path.stem == "test_corpus"))  # known bugs come first
    dropped = [item for item in mine if item not in kept]
    if dropped:
        config.hook.pytest_deselected(items=dropped)
        items[:] = [item for item in items if item in kept or item not in mine]


@pytest.hookimpl(wrapper=True)
def pytest_runtestloop(session: pytest.Session) -> Generator[None, object, object]:
    """Notes Ctrl-C while tests run."""
    if RUN not in session.config.stash:
        return (yield)
    from convspec.conformance.interrupt import noted

    with noted(session.config.stash[RUN]):
        return (yield)


@pytest.fixture
def judge(request: pytest.FixtureRequest) -> Trial:
    """The trial of this test's clause on this test's operator."""
    trial: Trial = request.node.stash[TRIAL]
    return trial


@pytest.fixture
def backend(request: pytest.FixtureRequest) -> Any:
    """The backend as an object with operators, which are called in the worker."""
    from convspec.conformance.remote import Remote

    return Remote(request.node.stash[TRIAL])


@pytest.hookimpl(wrapper=True)
def pytest_runtest_protocol(item: pytest.Item, nextitem: pytest.Item | None) -> Generator[None, object, object]:
    """Opens the trial of a test."""
    if RUN in item.config.stash and ours(item):
        from convspec.conformance.judge import Trial

        item.stash[TRIAL] = Trial(item.config.stash[RUN], clause_of(item), op_of(item), item.name)
    return (yield)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call(item: pytest.Item) -> Generator[None, None, None]:
    """Turns the end of a test into a verdict, and the verdict into pytest's terms."""
    if TRIAL not in item.stash:
        return (yield)
    from convspec.conformance import collect

    trial, start = item.stash[TRIAL], time.perf_counter()
    try:
        trial.each(trial.run.deviations.cases(trial.record.slug, trial.record.op))
        yield
    except Exception as error:
        collect.conclude(trial, error)
    else:
        collect.conclude(trial, None)
    finally:
        trial.record.seconds = time.perf_counter() - start
        if trial.run.interrupted:
            item.session.shouldstop = "interrupted"


def pytest_sessionfinish(session: pytest.Session) -> None:
    """Ends the worker; a stale declaration fails the run."""
    run = session.config.stash.get(RUN, None)
    if run is not None:
        run.host.close()
        if session.exitstatus == 0 and run.stale:
            session.exitstatus = 1


def pytest_terminal_summary(terminalreporter: Any, config: pytest.Config) -> None:
    """Prints the violations in full."""
    run = config.stash.get(RUN, None)
    if run is not None:
        from convspec.conformance.report import lines

        terminalreporter.section(f"convspec: {run.name}")
        for line in lines(run):
            terminalreporter.line(line)
