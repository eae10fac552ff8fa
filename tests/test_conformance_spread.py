"""Runs spread over processes, resumed, without an end; and violations by their cause."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
from command import status

from convspec.conformance.case import parse
from convspec.conformance.causes import causes
from convspec.conformance.verdict import Difference, Record, Violation

INNOCENT = "convspec.conformance.innocent"
QUICKLY = ("--op", "max_pool,avg_pool", "--clause", "max_pool.value,max_pool.nan,call.shape,call.dtype")
WRONG = """
import os
from convspec.conformance import innocent
def avg_pool(x, size, **rest):
    if x.dtype == "float64": os.abort()
    return innocent.avg_pool(x, size, **rest)
def max_pool(x, size, **rest):
    return innocent.max_pool(x, size, **rest) + (x.shape[-1] > 6)
def channel_pool(x, size, **rest): raise NotImplementedError
"""


@pytest.fixture
def wrong(tmp_path: Path) -> str:
    path = tmp_path / "kernels.py"
    path.write_text(WRONG)
    return str(path)


def backend(path: Path) -> dict[str, Any]:
    (found,) = json.loads(path.read_text())["backends"]
    assert isinstance(found, dict)
    return found


def told(path: Path) -> list[dict[str, Any]]:
    """The tests of a report, without their times."""
    tests = ({k: v for k, v in t.items() if k != "seconds"} for t in backend(path)["tests"])
    return sorted(tests, key=lambda t: (t["clause"], t["operator"], t["test"]))


def test_processes_together_are_one(wrong: str, tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    one, two = tmp_path / "1.json", tmp_path / "2.json"
    assert status("check", wrong, *QUICKLY, "--json", str(one)) == 1
    alone = capfd.readouterr().out.partition("VIOLATES")[2]
    assert status("check", wrong, *QUICKLY, "--json", str(two), "--workers", "2") == 1
    assert capfd.readouterr().out.partition("VIOLATES")[2] == alone != ""
    assert told(one) == told(two) and {t["verdict"] for t in told(two)} >= {"conforms", "crash"}
    assert backend(one)["grades"] == backend(two)["grades"] and not backend(two)["errors"]
    sets = [{tuple(v.values()) for v in backend(path)["verdicts"]} for path in (one, two)]
    assert sets[0] == sets[1]


def test_pytest_spreads_as_well(wrong: str, tmp_path: Path) -> None:
    args = (
        "--pyargs",
        "convspec.conformance",
        "--convspec-op",
        "max_pool,lp_pool",
        "--convspec-clause",
        "max_pool.value,call.dtype",
    )
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", *args, "-n", "2", "--backend"]
    bad = subprocess.run([*command, wrong], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert bad.returncode == 1 and "VIOLATES max_pool.value" in bad.stdout, bad.stdout + bad.stderr
    good = subprocess.run([*command, INNOCENT], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert good.returncode == 0 and "3 conforms" in good.stdout, good.stdout + good.stderr
    none = subprocess.run([*command, "no.such.backend"], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert none.returncode == 4 and "no.such.backend cannot be loaded" in none.stderr


def test_what_was_done_is_not_done_again(wrong: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    part, whole, rest = (tmp_path / f"{name}.json" for name in ("part", "whole", "rest"))
    assert status("check", wrong, *QUICKLY, "--json", str(part), "--shard", "1/2") == 1
    capsys.readouterr()
    assert status("check", wrong, *QUICKLY, "--json", str(rest), "--resume", str(part)) == 1
    left = int(capsys.readouterr().out.partition(f"{wrong}: ")[2].split()[0])
    assert status("check", wrong, *QUICKLY, "--json", str(whole)) == 1
    every = int(capsys.readouterr().out.partition(f"{wrong}: ")[2].split()[0])
    assert left == every - len(told(part)) < every
    assert told(rest) == told(whole) and {t["test"] for t in told(part)} < {t["test"] for t in told(rest)}
    assert status("check", wrong, *QUICKLY, "--seed", "1", "--resume", str(part)) == 2
    assert "holds no run of" in capsys.readouterr().err


def test_a_soak_tells_each_cause_once(wrong: str, tmp_path: Path) -> None:
    """It goes on until Ctrl-C, with other cases in each round, and keeps what it found."""
    report = tmp_path / "soak.json"
    command = [
        sys.executable,
        "-c",
        "from convspec.conformance.cli import main; main()",
        "check",
        wrong,
        "--profile",
        "soak",
    ]
    process = subprocess.Popen(
        [*command, "--op", "max_pool", "--clause", "max_pool.nan", "--json", str(report)], stdout=subprocess.PIPE,
        stderr=subprocess.PIPE, text=True, start_new_session=True,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
    )  # fmt: skip
    assert process.stdout is not None
    rounds, out = 0, ""
    while rounds < 3:
        line = process.stdout.readline()
        assert line, out
        rounds, out = rounds + line.startswith(f"{wrong}: seed "), out + line
    assert backend(report)["tests"], "kept after each round"
    os.killpg(process.pid, signal.SIGINT)
    more, error = process.communicate(timeout=60)
    assert process.returncode == 1 and (out + more).count("VIOLATES") == 1 and "Traceback" not in error, (
        out + more + error
    )
    seeds = [int(line.split("seed ")[1].split(",")[0]) for line in out.splitlines() if ": seed " in line]
    assert seeds == [seeds[0], seeds[0] + 1, seeds[0] + 2] and abs(seeds[0] - time.time()) < 600


def test_a_soak_ends_when_its_time_is_up(capsys: pytest.CaptureFixture[str]) -> None:
    start = time.monotonic()
    args = ("--op", "channel_pool", "--clause", "call.shape", "--profile", "soak", "--seconds", "2", "--seed", "7")
    assert status("check", INNOCENT, *args) == 0
    assert time.monotonic() - start < 30 and "seed 7, " in capsys.readouterr().out


def record(text: str, slug: str, kind: str = "value", verdict: str = "violates") -> Record:
    op = text.partition(" ")[0]
    return Record(
        slug, op, verdict, violation=Violation(slug, op, verdict, parse(text), Difference("1", "2", kind=kind))
    )


def test_causes() -> None:
    conv = "conv x=1x1x9:float32 w=1x1x3:float32"
    plain, dilated, biased, read = (
        record(f"{conv} dilation=2", "shape.dilation"), record(f"{conv} dilation=2 stride=2", "call.strides"),
        record(f"{conv} b=1:float32", "conv.bias"), record(f"{conv} dilation=2", "call.shape", kind="shape"),
    )  # fmt: skip
    found = [(r.slug, [m.slug for m in more]) for r, more in causes([dilated, biased, read, plain])]
    assert found == [("call.shape", []), ("shape.dilation", ["call.strides"]), ("conv.bias", [])]
    elsewhere = record("local_conv x=1x1x9:float32 w=1x7x1x3:float32 dilation=2", "shape.dilation")
    crash = record(conv, "conv.formula", verdict="crash")
    assert [len(more) for _, more in causes([plain, elsewhere, crash])] == [1, 0]
