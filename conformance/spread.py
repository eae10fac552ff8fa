"""A run that pytest-xdist spreads over processes: each sends its records with its tests, and the first gathers them."""

from __future__ import annotations

import json
from collections.abc import Generator
from typing import Any

import pytest

from convspec.conformance.judge import Run
from convspec.conformance.kept import record_data, record_of


class Sender:
    """In a process that runs tests: what is new in its run travels with the report of a test."""

    def __init__(self, run: Run) -> None:
        self.run, self.records, self.errors = run, len(run.records), 0

    def news(self) -> str:
        """What was not sent yet."""
        records, errors = self.run.records[self.records :], self.run.errors[self.errors :]
        self.records, self.errors = len(self.run.records), len(self.run.errors)
        return json.dumps([[record_data(r) for r in records], errors])

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_makereport(self, call: Any) -> Generator[None, Any, Any]:
        report = yield
        if call.when == "call":
            report.convspec = self.news()
        return report

    @pytest.hookimpl(tryfirst=True)
    def pytest_sessionfinish(self, session: pytest.Session) -> None:
        session.config.workeroutput["convspec"] = self.news()  # type: ignore[attr-defined]


class Gatherer:
    """In the process that hands the tests out."""

    def __init__(self, run: Run) -> None:
        self.run, self.known = run, {r.key for r in run.records}

    def take(self, news: str | None) -> None:
        """Adds what a process sent; all of them note the tests of operators that are not there."""
        records, errors = json.loads(news) if news else ([], [])
        for record in map(record_of, records):
            if record.key not in self.known:
                self.known.add(record.key)
                self.run.records.append(record)
        self.run.errors += errors

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtest_logreport(self, report: Any) -> None:
        self.take(getattr(report, "convspec", None))
        if report.when == "???":  # a process of the judge has ended in the middle of a test
            self.run.errors.append(str(report.longrepr))

    @pytest.hookimpl(optionalhook=True)
    def pytest_testnodedown(self, node: Any) -> None:
        self.take(getattr(node, "workeroutput", {}).get("convspec"))
