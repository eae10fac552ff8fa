"""The command line: its exit status, its reports, and pytest as the other way in."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from xml.etree import ElementTree

import pytest
from command import status

BAD = """
from convspec.conformance import innocent
def max_pool(x, size, **rest):
    return innocent.max_pool(x, size, **rest) + 1
"""
QUICKLY = ("--op", "max_pool", "--clause", "max_pool.value,max_pool.nan")


@pytest.fixture
def bad(tmp_path: Path) -> str:
    path = tmp_path / "bad.py"
    path.write_text(BAD)
    return str(path)


def test_conforming_is_0(capsys: pytest.CaptureFixture[str]) -> None:
    assert status("check", "convspec.conformance.innocent", *QUICKLY) == 0
    assert "2 conforms" in capsys.readouterr().out


def test_names_may_be_separated_or_asked_for_one_by_one(capsys: pytest.CaptureFixture[str]) -> None:
    names = ("--op", "max_pool", "--clause", "max_pool.value", "--clause", "max_pool.nan")
    assert status("check", "convspec.conformance.innocent", *names) == 0
    assert "2 conforms" in capsys.readouterr().out


def test_violating_is_1_and_is_told_in_full(bad: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert status("check", bad, *QUICKLY) == 1
    out = capsys.readouterr().out
    for word in (
        "VIOLATES max_pool.value",
        "MUST return the greatest",
        "expected",
        "convspec repro",
        "import numpy as np",
    ):
        assert word in out
    replay = next(line.split('"')[1] for line in out.splitlines() if "convspec repro" in line)
    assert status("repro", replay, "--backend", bad) == 1
    assert status("repro", replay, "--backend", "convspec.conformance.innocent") == 0


@pytest.mark.parametrize(
    "args",
    [
        ["check", "no.such.backend"], ["check", "convspec.conformance.innocent", "--op", "conv9"],
        ["check", "convspec.conformance.innocent", "--clause", "no.such"], ["check", "scipy", "--op", "conv"],
        ["check", "--profile", "sloppy"], ["check", "--json", "/no/such/folder/x.json"], ["check", "--seed", "-1"],
        ["check", "--deviations", "/no/such/file"], ["repro", "nonsense", "--backend", "fast"],
        ["repro", "conv x=1:float32 w=1:float77", "--backend", "fast"], ["clauses", "no.such"], ["no-such-command"],
    ],
)  # fmt: skip
def test_misuse_is_2_in_one_line(args: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert status(*args) == 2
    error = capsys.readouterr().err.strip()
    assert error.startswith("convspec: ") and len(error.splitlines()) == 1


def test_misuse_wins_over_a_violation(bad: str) -> None:
    assert status("check", bad, "no.such.backend", *QUICKLY) == 2


def test_reports(bad: str, tmp_path: Path) -> None:
    paths = {kind: tmp_path / f"report.{kind}" for kind in ("json", "junit", "html")}
    options = [text for kind, path in paths.items() for text in (f"--{kind}", str(path))]
    assert status("check", bad, "convspec.conformance.innocent", *QUICKLY, *options) == 1
    report = json.loads(paths["json"].read_text())
    assert {"numpy", "convspec"} <= set(report["versions"]) and report["machine"]
    wrong, right = report["backends"]
    assert {"clause": "max_pool.value", "operator": "max_pool", "verdict": "violates"} in wrong["verdicts"]
    assert {v["verdict"] for v in right["verdicts"]} == {"conforms"}
    suites = ElementTree.parse(paths["junit"]).getroot()
    assert [int(suite.get("failures", "0")) > 0 for suite in suites] == [True, False]
    page = paths["html"].read_text()
    assert "max_pool.value" in page and "convspec repro" in page and "src=" not in page
    assert sorted(p.name for p in tmp_path.iterdir() if p.name.startswith(".")) == []


def test_deviations(bad: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    declared = tmp_path / "declared"
    declared.write_text(
        "# known\nmax_pool.value max_pool  is one too large: https://example.org/1\nmax_pool.nan * no\n"
    )
    assert status("check", bad, *QUICKLY, "--deviations", str(declared)) == 0
    assert "declared: max_pool.value" in capsys.readouterr().out
    assert status("check", "convspec.conformance.innocent", *QUICKLY, "--deviations", str(declared)) == 1
    assert "stale: max_pool.value max_pool" in capsys.readouterr().out
    for damaged in (b"max_pool.value max_pool\n", b"max_pool.value max_pool late\n max_pool x=four size=2\n"):
        declared.write_bytes(damaged)
        assert status("check", bad, *QUICKLY, "--deviations", str(declared)) == 2


def test_a_declaration_with_a_case_is_not_stale_by_chance(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    rare = tmp_path / "rare.py"
    rare.write_text(
        "from convspec.conformance import innocent\n"
        "def max_pool(x, *size, **window):\n"
        "    y = innocent.max_pool(x, *size, **window)\n"
        "    return y + (x.shape == (1, 1, 7777))\n"
    )
    line = "max_pool.value max_pool  7777 elements\n"
    declared = tmp_path / "declared"
    declared.write_text(line)
    assert status("check", str(rare), *QUICKLY, "--deviations", str(declared)) == 1
    assert "stale: max_pool.value max_pool" in capsys.readouterr().out
    declared.write_text(line + "    max_pool x=1x1x7777:float32 size=3 data=small seed=0\n")
    assert status("check", str(rare), *QUICKLY, "--deviations", str(declared)) == 0
    assert "declared: max_pool.value" in capsys.readouterr().out


def test_clauses(capsys: pytest.CaptureFixture[str]) -> None:
    assert status("clauses", "max_pool.value") == 0
    assert "MUST return the greatest element" in capsys.readouterr().out


def pytest_run(*args: str, folder: Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", *args]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)


def test_pytest_runs_the_same_tests(bad: str, tmp_path: Path) -> None:
    args = ("--pyargs", "convspec.conformance", "--convspec-op", "max_pool", "--convspec-clause", "max_pool.value")
    good = pytest_run(*args, "--backend", "convspec.conformance.innocent", folder=tmp_path)
    assert good.returncode == 0, good.stdout + good.stderr
    wrong = pytest_run(*args, "--backend", bad, folder=tmp_path)
    assert wrong.returncode == 1 and "VIOLATES max_pool.value" in wrong.stdout
    assert pytest_run(*args, folder=tmp_path).returncode != 0


def test_the_plugin_is_inert_elsewhere(tmp_path: Path) -> None:
    (tmp_path / "conftest.py").write_text("def pytest_addoption(parser): parser.addoption('--backend')\n")
    (tmp_path / "test_other.py").write_text(
        "import sys\ndef test_other(pytestconfig):\n"
        "    assert pytestconfig.getoption('backend') == 'mine'\n"
        "    assert not {'numpy', 'hypothesis.strategies', 'convspec.conformance.judge'} & set(sys.modules)\n"
    )
    found = pytest_run("--backend", "mine", "-p", "no:hypothesispytest", folder=tmp_path)
    assert found.returncode == 0, found.stdout + found.stderr
