"""The examples in the law's text and in the errata, run: numpy is `np`, and the operators are the oracle's."""

from __future__ import annotations

import doctest
import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import convspec
from convspec import clauses, reference

FLAGS = doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE

EXAMPLES = [
    pytest.param(slug, text, id=f"{slug}-{i}", marks=pytest.mark.clause(slug))
    for slug, clause in clauses.load().items()
    for i, text in enumerate(clause.examples, 1)
]

ERRATA = (Path(__file__).parents[1] / "docs" / "errata.md").read_text(encoding="utf-8")


def namespace() -> dict[str, Any]:
    """What an example may use without importing it."""
    public = {name: getattr(room, name) for room in (convspec, reference) for name in room.__all__}
    return {"np": np, **public}


@pytest.mark.parametrize(("slug", "text"), EXAMPLES)
def test_example(slug: str, text: str, capsys: pytest.CaptureFixture[str]) -> None:
    run(slug, text, capsys)


@pytest.mark.parametrize("text", re.findall(r"^```python\n(.*?)^```$", ERRATA, re.MULTILINE | re.DOTALL))
def test_erratum(text: str, capsys: pytest.CaptureFixture[str]) -> None:
    run("errata", text, capsys)


def run(name: str, text: str, capsys: pytest.CaptureFixture[str]) -> None:
    """Runs one session and compares what it prints."""
    test = doctest.DocTestParser().get_doctest(text, namespace(), name, None, None)
    assert test.examples, f"{name}: an example in Python that is not an interactive session"
    results = doctest.DocTestRunner(optionflags=FLAGS).run(test)
    assert results.failed == 0, capsys.readouterr().out
