"""The committed scoreboard is what the committed results say."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from convspec import OPERATORS, clauses
from convspec.conformance import scoreboard
from convspec.conformance.kept import read

ROOT = Path(__file__).resolve().parents[1]
RESULTS = sorted((ROOT / "docs" / "results").glob("*.json"))


def report(*verdicts: tuple[str, str], **changes: Any) -> dict[str, Any]:
    """A report of one backend with `conv` and these clauses and verdicts."""
    tests = [{"clause": c, "operator": "conv", "verdict": v, "cases": 3, "test": f"test_{c}"} for c, v in verdicts]
    backend = {
        "name": "mine", "version": "1", "profile": "quick", "seed": 0, "seconds": 1.0, "operators": ["conv"], "verdicts": tests,
        "tests": tests, "declared": [], "stale": [], "grades": [], "errors": [], **changes,
    }  # fmt: skip
    return {"date": "2026-01-01", "versions": {"numpy": "2"}, "machine": "one", "backends": [backend]}


def test_the_page_is_what_the_results_say() -> None:
    assert len(RESULTS) >= 3
    page = scoreboard.page([read(str(path)) for path in RESULTS])
    assert (ROOT / scoreboard.PAGE).read_text(encoding="utf-8") == page


@pytest.mark.parametrize("path", RESULTS, ids=lambda path: path.stem)
def test_results_are_whole(path: Path) -> None:
    found = read(str(path))
    (backend,) = found["backends"]
    assert found["date"] and found["machine"] and backend["version"] and not backend["errors"] and backend["cases"] > 0
    assert not backend.get("interrupted") and not backend.get("shard")
    assert {v["clause"] for v in backend["verdicts"]} <= set(clauses.load())
    assert {v["operator"] for v in backend["verdicts"]} <= set(OPERATORS)
    assert b"/tmp/" not in path.read_bytes()


def test_counts_and_violations() -> None:
    wrong = report(
        ("call.shape", "conforms"), ("conv.bias", "crash"), ("conv.groups", "declared"), ("conv.formula", "not offered")
    )
    page = scoreboard.page([wrong])
    assert "| mine | — | — | 1 / **1** / 1 / 1 | — |" in page
    assert "* mine, `conv.bias` on `conv`, crash" in page and "conv.groups" not in page
    assert "None." in scoreboard.page([report(("call.shape", "conforms"))])


def test_kept_reports_say_the_same(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    whole = report(("call.shape", "conforms"), ("conv.bias", "violates"))
    ((name, kept),) = scoreboard.kept(whole)
    assert name == "mine" and len(kept["backends"][0]["tests"]) == 1 and kept["backends"][0]["cases"] == 6
    other = {"clause": "call.shape", "operator": "max_pool", "verdict": "not offered"}
    whole["backends"][0]["verdicts"] = [*whole["backends"][0]["verdicts"], other]
    assert next(scoreboard.kept(whole)) == (name, kept)
    assert scoreboard.page([kept]).replace("| 6 |", "|  |") == scoreboard.page([whole])
    (tmp_path / "bad.json").write_text("{\n")
    assert scoreboard.main([str(tmp_path / "bad.json")]) == 2
    assert "line 2" in capsys.readouterr().err
