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
from convspec.conformance import deviations
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


class Watcher(Protocol):
    """Whoever shows how far the run is."""

    def begin(self, name: str, tests: int) -> None: ...
    def advance(self, test: str, failed: bool) -> None: ...
    def end(self) -> None: ...


class _Hooks:
    """The pytest plug-in of one run: hands the prepared run over and tells the watcher."""

    def __init__(self, run: Run, watcher: Watcher | None) -> None:
        self.run, self.watcher = run, watcher
        self.collect_errors: list[str] = []
        self.failed = False

    def pytest_configure(self, config: Any) -> None:
        config.convspec_run = self.run

    def pytest_collectreport(self, report: Any) -> None:
        if report.failed:
            self.collect_errors.append(str(report.longrepr))

    def pytest_collection_finish(self, session: Any) -> None:
        if self.watcher:
            self.watcher.begin(self.run.name, len(session.items))

    def pytest_runtest_logreport(self, report: Any) -> None:
        self.failed |= report.failed
        if self.watcher and report.when == "teardown":
            self.watcher.advance(report.nodeid, self.failed)
            self.failed = False

    def pytest_sessionfinish(self) -> None:
        if self.watcher:
            self.watcher.end()


def check(name: str, options: Options, watcher: Watcher | None = None, host: Host | None = None) -> Run:
    """Puts one backend on trial. Unusable says what is wrong with the arguments."""
    for chosen, known, what in ((options.ops, OPERATORS, "operator"), (options.slugs, clauses.load(), "clause")):
        for one in chosen:
            if one not in known:
                raise Unusable(f"there is no {what} {one}")
    if options.shard:
        shard(options.shard)
    declared = deviations.read(name, options.deviations)
    run = Run(host or open_host(name, options.in_process), options.profile, options.seed, declared, shard=options.shard)
    if not set(options.ops or OPERATORS) & set(run.host.profile.operators):
        run.host.close()
        raise Unusable(f"backend {name} offers none of {', '.join(options.ops)}")
    start = time.perf_counter()
    hooks = _Hooks(run, watcher)
    status = _pytest(arguments(options), hooks)
    run.seconds = time.perf_counter() - start
    run.errors += hooks.collect_errors
    run.interrupted |= status == pytest.ExitCode.INTERRUPTED and not run.errors
    run.cut_short = bool(options.shard) or run.interrupted or (options.fail_fast and failed(run))
    if not run.records and not run.errors and not run.interrupted:
        what = (
            "no test that was asked for" if status == pytest.ExitCode.NO_TESTS_COLLECTED else f"pytest ended: {status}"
        )
        raise Unusable(f"nothing was tried on {name}: {what}")
    return run


def arguments(options: Options) -> list[str]:
    """The arguments of pytest."""
    found = ["--pyargs", "convspec.conformance", "--import-mode=importlib", "-p", "convspec", "-p", "no:terminal"]
    found += ["-p", "no:cacheprovider", "-p", "no:logging", "--capture=no", "-c", os.devnull, "--backend=prepared"]
    found += [f"--convspec-op={','.join(options.ops)}", f"--convspec-clause={','.join(options.slugs)}"]
    return found + ["-x"] * options.fail_fast


def _pytest(args: Sequence[str], hooks: _Hooks) -> int:
    """pytest in this process, without the plug-ins of other projects and without options from the environment."""
    kept = {key: os.environ.pop(key, None) for key in ("PYTEST_ADDOPTS", "PYTEST_DISABLE_PLUGIN_AUTOLOAD")}
    os.environ["PYTEST_DISABLE_PLUGIN_AUTOLOAD"] = "1"
    os.environ.setdefault("HYPOTHESIS_STORAGE_DIRECTORY", os.path.join(tempfile.gettempdir(), "convspec-hypothesis"))
    try:
        return int(pytest.main(list(args), plugins=[hooks]))
    finally:
        for key, value in kept.items():
            os.environ.pop(key, None)
            if value is not None:
                os.environ[key] = value
