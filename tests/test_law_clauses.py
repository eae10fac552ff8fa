"""The book of clauses: every one can be read, cited and told from the others, and the lock is up to date."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from convspec import clauses
from convspec.conformance import scan, trace

ROOT = Path(__file__).parents[1]
CLAUSES = list(clauses.load().values())


@pytest.mark.parametrize("clause", CLAUSES, ids=lambda c: c.slug)
def test_clause(clause: clauses.Clause) -> None:
    """One sentence says MUST, examples are sessions, and lines are short enough to read."""
    assert any(word in clause.sentence for word in ("MUST", "MAY"))
    assert "**" not in clause.sentence and "\n" not in clause.sentence
    assert clause.text.count("**MUST**") + clause.text.count("**MUST NOT**") == 1
    assert all(text.startswith(">>> ") for text in clause.examples)
    assert len(clause.checksum) == 10
    assert max(len(line) for line in clause.text.splitlines()) <= 150


def test_headings_are_clauses() -> None:
    """No heading of the second level is overlooked by the parser."""
    headings = [
        line
        for path in (ROOT / "spec").glob("[0-9]*.md")
        for line in path.read_text("utf-8").splitlines()
        if line[:3] == "## "
    ]
    assert len(headings) == len(CLAUSES) == len({c.number for c in CLAUSES})


def test_checksum_tells_words_from_line_breaks() -> None:
    clause = CLAUSES[0]
    same = clauses.Clause(clause.slug, "9.9", clause.title, clause.text.replace(" ", "\n"))
    other = clauses.Clause(clause.slug, clause.number, clause.title, clause.text.replace("MUST", "MAY"))
    assert same.checksum == clause.checksum != other.checksum


def test_everything_is_traced() -> None:
    """The lock and the matrix are up to date, and every empty cell has a reason."""
    program = [sys.executable, "-m", "convspec.conformance.trace"]
    result = subprocess.run(program, cwd=ROOT, capture_output=True, text=True, check=False)
    assert result.returncode == 0, result.stdout + result.stderr


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """A small tree with one line of code, two tests and no reasons."""
    for folder in ("spec", "reference", "fast", "conformance", "tests", "docs"):
        (tmp_path / folder).mkdir()
    (tmp_path / "reference" / "a.py").write_text("def f():\n    return 1  # [conv.bias]\n")
    (tmp_path / "spec" / "b.py").write_text("def g():\n    refuse('error.rank')\n")
    (tmp_path / "conformance" / "test_c.py").write_text(
        "import pytest\n\n@pytest.mark.clause('conv.bias')\ndef test_h():\n    pass\n"
    )
    (tmp_path / "tests" / "test_d.py").write_text(
        "import pytest\n\n@pytest.mark.clause('no.such')\ndef test_i():\n    pass\n"
    )
    (tmp_path / "docs" / "untraced.txt").write_text("# reasons\nconv.bias code because\n")
    return tmp_path


def test_places_are_found(checkout: Path) -> None:
    assert scan.code(checkout) == {"conv.bias": ["reference/a.py f"], "error.rank": ["spec/b.py g"]}
    assert scan.tests(checkout, "conformance") == {"conv.bias": ["conformance/test_c.py test_h"]}


def test_problems_are_found(checkout: Path) -> None:
    found = "\n".join(trace.problems(checkout))
    assert "no.such" in found
    assert "error.rank has nothing under 'judge'" in found
    assert "error.rank has nothing under 'code'" not in found
    assert "conv.bias has" not in found
    assert "conv.bias code explains nothing" in found
    assert "spec/clauses.lock is stale" in found


def test_unknown_clause_in_a_comment(checkout: Path) -> None:
    (checkout / "spec" / "b.py").write_text("x = 1  # [conv.nothing]\n")
    with pytest.raises(ValueError, match=r"conv\.nothing"):
        scan.code(checkout)
