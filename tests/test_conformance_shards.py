"""Parts of a run on several machines, their merged report, interrupted runs, and damaged files."""

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

INNOCENT = "convspec.conformance.innocent"
JUDGE = (sys.executable, "-c", "from convspec.conformance.cli import main; main()", "check")
QUICKLY = ("--op", "max_pool", "--clause", "max_pool.value,max_pool.nan,call.shape,call.dtype")
BAD = """
import time
from convspec.conformance import innocent
def max_pool(x, size, **rest):
    time.sleep({pause})
    return innocent.max_pool(x, size, **rest) + {wrong}
"""


def parts(name: str, folder: Path, *more: str) -> list[Path]:
    """The reports of two shards."""
    paths = [folder / f"{i}.json" for i in (1, 2)]
    for i, path in enumerate(paths, 1):
        status("check", name, *QUICKLY, "--shard", f"{i}/2", "--json", str(path), *more)
    return paths


def verdicts(path: Path) -> set[tuple[str, ...]]:
    (backend,) = json.loads(path.read_text())["backends"]
    return {tuple(v.values()) for v in backend["verdicts"]}


def held(path: Path) -> list[tuple[str, str]]:
    (backend,) = json.loads(path.read_text())["backends"]
    return sorted((t["clause"], t["test"]) for t in backend["tests"])


@pytest.mark.parametrize(("wrong", "code"), [(0, 0), (1, 1)])
def test_shards_together_are_the_run(wrong: int, code: int, tmp_path: Path) -> None:
    path = tmp_path / "kernels.py"
    path.write_text(BAD.format(pause=0, wrong=wrong))
    a, b = parts(str(path), tmp_path)
    whole, joined = tmp_path / "whole.json", tmp_path / "joined.json"
    assert status("check", str(path), *QUICKLY, "--json", str(whole)) == code
    assert status("merge", str(a), str(b), "--json", str(joined)) == code
    assert held(joined) == held(whole) and held(a) and held(b) and not set(held(a)) & set(held(b))
    assert verdicts(joined) == verdicts(whole)
    grades = [json.loads(p.read_text())["backends"][0]["grades"] for p in (joined, whole)]
    assert [(g["terms"], g["count"]) for g in grades[0]] == [(g["terms"], g["count"]) for g in grades[1]]


def test_only_the_whole_knows_what_is_stale(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    declared = tmp_path / "declared"
    declared.write_text("max_pool.value * not so: https://example.org/1\n")
    a, b = parts(INNOCENT, tmp_path, "--deviations", str(declared))
    assert "stale" not in capsys.readouterr().out
    assert status("merge", str(a), str(b)) == 1
    assert "stale: max_pool.value *" in capsys.readouterr().out


def test_the_same_tests_twice_are_no_shards(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    a, _ = parts(INNOCENT, tmp_path)
    assert status("merge", str(a), str(a)) == 2
    assert "the same tests" in capsys.readouterr().err


@pytest.mark.parametrize("shard", ["0/2", "3/2", "1", "a/b", "1/2/3", "-1/2"])
def test_no_such_shard(shard: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert status("check", INNOCENT, *QUICKLY, f"--shard={shard}") == 2
    assert "a shard is written like 2/3" in capsys.readouterr().err


def damaged(path: Path, change: Any) -> None:
    report = json.loads(path.read_text())
    change(report)
    path.write_text(json.dumps(report))


@pytest.mark.parametrize(
    ("change", "words"),
    [(lambda r: r.pop("backends"), "no list of backends"), (lambda r: r["backends"][0].pop("tests"), "lacks tests"),
     (lambda r: r["backends"][0]["verdicts"][0].update(verdict="fine"), "verdicts[0] has the verdict 'fine'"),
     (lambda r: r["backends"][0]["tests"][1].pop("clause"), "tests[1]"), (lambda r: r["backends"].append(7), "backends[1]")],
)  # fmt: skip
def test_damaged_reports(change: Any, words: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    a, b = parts(INNOCENT, tmp_path)
    damaged(b, change)
    capsys.readouterr()
    assert status("merge", str(a), str(b)) == 2
    error = capsys.readouterr().err.strip()
    assert words in error and str(b) in error and len(error.splitlines()) == 1


@pytest.mark.parametrize(
    ("data", "words"),
    [(b'{\n"backends": [\n', "line 3"), (b'{\n "x": 1,\n "y": }', "line 3"), (b'{\n"\xff": 1}', "line 2: not UTF-8"), (b"", "line 1")],
)  # fmt: skip
def test_reports_that_are_no_json(data: bytes, words: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "x.json"
    path.write_bytes(data)
    assert status("merge", str(path)) == 2
    error = capsys.readouterr().err.strip()
    assert words in error and len(error.splitlines()) == 1


@pytest.mark.parametrize(
    "data", [b"# fine\n\xff\xfe\n", b"# fine\nmax_pool.value conv9 why\n", b"# fine\nno.such * why\n"]
)
def test_damaged_deviations(data: bytes, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "declared"
    path.write_bytes(data)
    assert status("check", INNOCENT, *QUICKLY, "--deviations", str(path)) == 2
    error = capsys.readouterr().err.strip()
    assert "line 2: " in error and len(error.splitlines()) == 1


def heed_interrupts() -> None:
    """A shell starts what it runs in the background deaf to Ctrl-C, and children inherit that."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


@pytest.mark.parametrize(("wrong", "code"), [(1, 1), (0, 130)])
def test_an_interrupt_keeps_what_was_found(wrong: int, code: int, tmp_path: Path) -> None:
    """Ctrl-C goes to the judge and to its worker, as it does in a terminal."""
    path, report = tmp_path / "kernels.py", tmp_path / "report.json"
    path.write_text(BAD.format(pause=0.05, wrong=wrong))
    process = subprocess.Popen([*JUDGE, str(path), INNOCENT, "--op", "max_pool", "--json", str(report)], stdout=subprocess.PIPE,
                               stderr=subprocess.PIPE, text=True, start_new_session=True,
                               preexec_fn=heed_interrupts)  # fmt: skip
    assert process.stdout is not None
    process.stdout.readline()
    time.sleep(8)
    os.killpg(process.pid, signal.SIGINT)
    out, error = process.communicate(timeout=60)
    assert process.returncode == code, out + error
    assert "interrupted" in out and "Traceback" not in out + error
    (backend,) = json.loads(report.read_text())["backends"]
    assert backend["interrupted"] is True and backend["tests"]
    assert not any(t["verdict"] in ("crash", "hang") for t in backend["tests"])


LOST = """
import os, signal
from convspec.conformance import innocent

class Dying:
    calls = 0
    def __del__(self):
        os.kill(os.getpid(), signal.SIGINT)

def max_pool(x, size, **rest):
    Dying.calls += 1
    if Dying.calls == {call}:
        Dying()
    return innocent.max_pool(x, size, **rest)
"""


@pytest.mark.parametrize("call", [2, 200])
def test_an_interrupt_that_python_drops(call: int, tmp_path: Path) -> None:
    """What a signal's handler raises while an object dies or memory is collected reaches nobody, and the run ends all the same."""
    path, report = tmp_path / "kernels.py", tmp_path / "report.json"
    path.write_text(LOST.format(call=call))
    ended = subprocess.run([*JUDGE, str(path), INNOCENT, "--op", "max_pool", "--in-process", "--json", str(report)], capture_output=True,
                           text=True, preexec_fn=heed_interrupts)  # fmt: skip
    assert ended.returncode == 130, ended.stdout + ended.stderr
    (backend,) = json.loads(report.read_text())["backends"]
    assert backend["interrupted"] is True
    assert sum(t["cases"] for t in backend["tests"]) < call + 50
