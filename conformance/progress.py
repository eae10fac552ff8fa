"""How far a run is: a bar on a terminal, lines elsewhere."""

from __future__ import annotations

import time
from typing import Any

import click


class Lines:
    """Plain lines, for logs: one for every tenth of the tests."""

    def begin(self, name: str, tests: int) -> None:
        self.tests, self.count, self.failed, self.start = tests, 0, 0, time.perf_counter()
        click.echo(f"{name}: {tests} tests")

    def advance(self, test: str, failed: bool) -> None:
        self.count += 1
        self.failed += failed
        if self.count * 10 // self.tests > (self.count - 1) * 10 // self.tests:
            seconds = time.perf_counter() - self.start
            click.echo(f"  {self.count:4} of {self.tests} tests, {self.failed} failed, {seconds:.0f} s")

    def end(self) -> None:
        """Nothing to take away."""


class Bar:
    """A bar of rich."""

    def __init__(self) -> None:
        self._progress: Any = None

    def begin(self, name: str, tests: int) -> None:
        from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

        columns = TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn()
        self._progress = Progress(*columns, TextColumn("[red]{task.fields[failed]}"), transient=True)
        self._task = self._progress.add_task(name, total=tests, failed="")
        self._failed = 0
        self._progress.start()

    def advance(self, test: str, failed: bool) -> None:
        self._failed += failed
        shown = f"{self._failed} failed" if self._failed else ""
        self._progress.update(self._task, advance=1, failed=shown)

    def end(self) -> None:
        if self._progress is not None:
            self._progress.stop()
