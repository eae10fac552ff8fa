"""Reports for other programs: JSON and JUnit XML; the page is made from the same facts."""

from __future__ import annotations

import json
import os
import tempfile
from collections.abc import Sequence
from pathlib import Path
from xml.etree import ElementTree

from convspec.conformance.judge import Run
from convspec.conformance.kept import Report
from convspec.conformance.verdict import CONFORMS, CRASH, DECLARED, HANG, NOT_OFFERED, VIOLATES


def write(report: Report, json_file: str | None, junit_file: str | None, html_file: str | None) -> None:
    """Writes the reports that were asked for."""
    if json_file:
        save(json_file, json.dumps(report.data(), indent=1, allow_nan=False) + "\n")
    if junit_file:
        save(junit_file, junit(report.runs))
    if html_file:
        from convspec.conformance.page import page

        save(html_file, page(report))


def save(path: str, text: str) -> None:
    """Writes a file beside its place and then moves it there, so that nobody reads half of it."""
    target = Path(path)
    handle, name = tempfile.mkstemp(dir=target.resolve().parent, prefix=f".{target.name}.")
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            file.write(text)
        umask = os.umask(0)
        os.umask(umask)
        os.chmod(name, 0o666 & ~umask)
        os.replace(name, target)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise


def junit(runs: Sequence[Run]) -> str:
    """The JUnit report: a suite a backend, a test case a test."""
    root = ElementTree.Element("testsuites")
    for run in runs:
        bad = [r for r in run.records if r.verdict in (VIOLATES, CRASH, HANG)]
        skipped = [r for r in run.records if r.verdict in (NOT_OFFERED, DECLARED)]
        suite = ElementTree.SubElement(
            root, "testsuite", name=run.name, tests=str(len(run.records)), failures=str(len(bad)),
            skipped=str(len(skipped)), errors=str(len(run.errors)), time=f"{run.seconds:.3f}",
        )  # fmt: skip
        for r in run.records:
            name = f"{r.slug} {r.op} {r.test}"
            case = ElementTree.SubElement(suite, "testcase", classname=run.name, name=name, time=f"{r.seconds:.3f}")
            if r.verdict in (NOT_OFFERED, DECLARED):
                ElementTree.SubElement(case, "skipped", message=f"{r.verdict}: {r.reason}".rstrip(": "))
            elif r.verdict != CONFORMS:
                d = r.violation.difference if r.violation else None
                failure = ElementTree.SubElement(
                    case, "failure", message=_printable(f"expected {d.expected}, got {d.got}" if d else r.verdict)
                )
                failure.text = _printable(
                    f"{r.violation.case.text if r.violation and r.violation.case else ''}\n{r.script}"
                )
    ElementTree.indent(root)
    return ElementTree.tostring(root, encoding="unicode") + "\n"


def _printable(text: str) -> str:
    """`text` without the characters that XML does not allow."""
    return "".join(c for c in text if c >= " " or c in "\n\t")
