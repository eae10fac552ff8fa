"""Running the conformance tests on a backend, from the command line and from tests of the judge itself."""

from __future__ import annotations

import os
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import pytest

from convspec import OPERATORS, clauses
from convspec.conformance import deviations, kept
from convspec.conformance.backend import Unusable
from convspec.conformance.collect import shard
from convspec.conformance.host import Host, open_host
from convspec.conformance.judge import Run, failed


@dataclass(frozen=True)
class Options:
    """What to try, and how hard."""

    ops: tuple[str, ...] = ()
    slugs: tuple[str, ...] = ()
    profile: str = "quick"
    seed: int = 0
    fail_fast: bool = False
    in_process: bool = False
    deviations: str | None = None
    shard: str = ""
    """Which part of the tests, i/n."""
    workers: int = 1
    """Processes that the tests are spread over."""
    resume: str | None = None
    """A JSON report, whose tests are not run again."""
    until: float = float("inf")
    """When to stop, on the clock of time.monotonic."""


class Watcher(Protocol):
    """Whoever shows how far the run is."""

    def begin(self, name: str, tests: int) -> None: ...
    def advance(self, test: str, failed: bool) -> None: ...
    def end(self) -> None: ...


class _Hooks:
    """The pytest plug-in of one run: hands the prepared run over and tells the watcher."""

    def __init__(self, run: Run, watcher: Watcher | None, until: float) -> None:
        self.run, self.watcher, self.until = run, watcher, until
        self.collect_errors: list[str] = []
        self.failed = self.begun = False

    def pytest_configure(self, config: Any) -> None:
        config.convspec_run = self.run

    def pytest_collectreport(self, report: Any) -> None:
        if report.failed:
            self.collect_errors.append(str(report.longrepr))

    def pytest_sessionstart(self, session: Any) -> None:
        self.session = session

    def pytest_collection_finish(self, session: Any) -> None:
        self._begin(len(session.items))

    @pytest.hookimpl(optionalhook=True)
    def pytest_xdist_node_collection_finished(self, ids: list[str]) -> None:
        self._begin(len(ids))

    def _begin(self, tests: int) -> None:
        if self.watcher and not self.begun:
            self.watcher.begin(self.run.name, tests)
        self.begun = True

    def pytest_runtest_logreport(self, report: Any) -> None:
        self.failed |= report.failed
        if time.monotonic() > self.until:
            spreading = self.session.config.pluginmanager.get_plugin("dsession")
            (spreading or self.session).shouldstop = "the time is up"
            self.run.cut_short = True
        if self.watcher and report.when == "teardown":
            self.watcher.advance(report.nodeid, self.failed)
            self.failed = False

    def pytest_sessionfinish(self) -> None:
        if self.watcher:
            self.watcher.end()


def prepare(name: str, options: Options, host: Host | None = None) -> Run:
    """A run about to begin, its backend started. Unusable says what is wrong with the arguments."""
    for chosen, known, what in ((options.ops, OPERATORS, "operator"), (options.slugs, clauses.load(), "clause")):
        for one in chosen:
            if one not in known:
                raise Unusable(f"there is no {what} {one}")
    if options.shard:
        shard(options.shard)
    declared = deviations.read(name, options.deviations)
    done = kept.resumed(options.resume, name, options.profile, options.seed) if options.resume else []
    run = Run(host or open_host(name, options.in_process), options.profile, options.seed, declared, done)
    run.shard, run.done = options.shard, frozenset(r.key for r in done)
    if not set(options.ops or OPERATORS) & set(run.host.profile.operators):
        run.host.close()
        raise Unusable(f"backend {name} offers none of {', '.join(options.ops)}")
    return run


def check(name: str, options: Options, watcher: Watcher | None = None, host: Host | None = None) -> Run:
    """Puts one backend on trial. Unusable says what is wrong with the arguments."""
    run = prepare(name, options, host)
    if options.workers > 1:
        run.host.close()  # each process starts its own
    start = time.perf_counter()
    hooks = _Hooks(run, watcher, options.until)
    status = _pytest(arguments(options, name), hooks)
    run.seconds += time.perf_counter() - start
    run.errors += hooks.collect_errors
    run.interrupted |= status == pytest.ExitCode.INTERRUPTED and not run.errors and not run.cut_short
    run.cut_short |= bool(options.shard) or run.interrupted or (options.fail_fast and failed(run))
    if not run.records and not run.errors and not run.interrupted:
        what = (
            "no test that was asked for" if status == pytest.ExitCode.NO_TESTS_COLLECTED else f"pytest ended: {status}"
        )
        raise Unusable(f"nothing was tried on {name}: {what}")
    return run


def arguments(options: Options, name: str = "prepared") -> list[str]:
    """The arguments of pytest; processes that share the tests know of the run what is written here."""
    found = ["--pyargs", "convspec.conformance", "--import-mode=importlib", "-p", "convspec", "-p", "no:terminal"]
    found += ["-p", "no:cacheprovider", "-p", "no:logging", "--capture=no", "-c", os.devnull, f"--backend={name}"]
    found += [f"--convspec-op={','.join(options.ops)}", f"--convspec-clause={','.join(options.slugs)}"]
    found += [f"--convspec-profile={options.profile}", f"--convspec-seed={options.seed}"]
    for option in ("shard", "deviations", "resume"):
        value = getattr(options, option)
        found += [f"--convspec-{option}={value}"] if value else []
    if options.workers > 1:
        found += ["-p", "xdist", f"--numprocesses={options.workers}", "--maxschedchunk=4"]
    return found + ["-x"] * options.fail_fast + ["--convspec-in-process"] * options.in_process


def _pytest(args: Sequence[str], hooks: _Hooks) -> int:
    """pytest in this process, without the plug-ins of other projects and without options from the environment."""
    before = {key: os.environ.pop(key, None) for key in ("PYTEST_ADDOPTS", "PYTEST_DISABLE_PLUGIN_AUTOLOAD")}
    os.environ["PYTEST_DISABLE_PLUGIN_AUTOLOAD"] = "1"
    os.environ.setdefault("HYPOTHESIS_STORAGE_DIRECTORY", os.path.join(tempfile.gettempdir(), "convspec-hypothesis"))
    try:
        return int(pytest.main(list(args), plugins=[hooks]))
    finally:
        for key, value in before.items():
            os.environ.pop(key, None)
            if value is not None:
                os.environ[key] = value
