"""How far a run is: a bar on a terminal, a line for each chapter elsewhere."""

from __future__ import annotations

import time
from typing import Any

import click


class Lines:
    """Plain lines, for logs."""

    def __init__(self) -> None:
        self.chapter, self.count, self.failed, self.start = "", 0, 0, time.perf_counter()

    def begin(self, name: str, tests: int) -> None:
        self.__init__()  # type: ignore[misc]
        click.echo(f"{name}: {tests} tests")

    def advance(self, test: str, failed: bool) -> None:
        chapter = test.rpartition("/")[2].partition("::")[0].removeprefix("test_").removesuffix(".py")
        if chapter != self.chapter:
            self._flush()
            self.chapter = chapter
        self.count += 1
        self.failed += failed

    def end(self) -> None:
        self._flush()

    def _flush(self) -> None:
        if self.count:
            click.echo(
                f"  {self.chapter:10} {self.count:4} tests {self.failed:3} failed  {time.perf_counter() - self.start:5.1f} s"
            )
        self.count, self.failed = 0, 0


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
