"""The bug reports of the scoreboard: each uses the peer's own API and numpy alone, and shows the violation where the peer is installed."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from test_adapters import PEERS, needs

from convspec.conformance.case import parse
from convspec.conformance.data import build
from convspec.conformance.host import open_host
from convspec.conformance.kept import read
from convspec.conformance.script import script
from convspec.conformance.verdict import Difference, Violation

RESULTS = Path(__file__).resolve().parents[1] / "docs" / "results"

DRIVER = """
import contextlib, faulthandler, io, json, sys
told = open(sys.argv[1], "w")
for number, text in json.load(sys.stdin):
    print(json.dumps([number, "begins", ""]), file=told, flush=True)
    faulthandler.dump_traceback_later(30, exit=True)
    said = io.StringIO()
    try:
        with contextlib.redirect_stdout(said):
            exec(text, {"__name__": "report"})
        outcome = "said"
    except Exception as error:
        outcome = "raised"
        said.write(f"{type(error).__name__}: {error}")
    print(json.dumps([number, outcome, said.getvalue()]), file=told, flush=True)
    faulthandler.cancel_dump_traceback_later()
"""
"""Runs scripts one after the other and tells how each ends; whoever calls it starts it again after one that ends the process. A
script has the time that the judge gives a case."""

BY_CHANCE = {("ncnn", "call.strides"), ("tinygrad", "conv.grad-input"), ("jax", "error.type")}
"""Violations that depend on what memory held that is not the call's, or on the calls before, so that a script may do without them. The
findings that stand behind them have scripts that never do."""


def violations(name: str) -> list[dict[str, Any]]:
    """The violations in the kept report of a backend, declared or not, one for each clause and operator; those last that later calls
    may be told from (docs/findings/jax-equal-strides.md)."""
    (backend,) = read(str(RESULTS / f"{name}.json"))["backends"]
    first = {(t["clause"], t["operator"]): t for t in reversed(backend["tests"]) if t.get("violation", {}).get("case")}
    return sorted(first.values(), key=lambda test: test["clause"] == "error.type")


def scripts(name: str, found: list[dict[str, Any]]) -> list[str]:
    """Their bug reports."""
    host = open_host(name)
    texts = []
    for test in found:
        told = test["violation"]
        index = None if told["index"] is None else tuple(told["index"])
        difference = Difference(told["expected"], told["got"], index)
        violation = Violation(test["clause"], test["operator"], test["verdict"], parse(told["case"]), difference)
        host.send(("snippet", told["case"]))
        texts.append(script(violation, name, host.receive().value))
    host.close()
    return texts


def outcomes(texts: list[str], file: Path) -> list[tuple[str, str]]:
    """How each script ends, and what it says or raises or how it is killed."""
    found: dict[int, tuple[str, str]] = {}
    while len(found) < len(texts):
        left = [(i, text) for i, text in enumerate(texts) if i not in found]
        command = [sys.executable, "-c", DRIVER, str(file)]
        done = subprocess.run(command, input=json.dumps(left), capture_output=True, text=True, timeout=900)
        number = None
        for line in file.read_text().splitlines():
            number, outcome, said = json.loads(line)
            if outcome != "begins":
                found[number] = outcome, said
        if len(found) < len(texts):
            assert number is not None and number not in found, done.stderr[-2000:]
            killed = signal.Signals(-done.returncode).name if done.returncode < 0 else "no answer"
            found[number] = "ended", killed
    return [found[i] for i in range(len(texts))]


def shows(told: dict[str, Any], outcome: str, said: str) -> bool:
    """Whether a script that ended so shows the violation."""
    if outcome == "ended":  # what reads memory that is not its own may also end the process
        return said.startswith("SIG") or said in told["got"]
    if told["got"].startswith("no answer from a forked process"):
        return outcome == "said" and "the forked process hangs" in said
    if told["got"].startswith(("the process ended", "no answer")):
        return False
    if outcome == "raised":
        return ": " in told["got"] and told["got"].split(": ")[0].endswith("Error")
    *_, expected, got = (line[9:] for line in said.splitlines() if line.startswith(("expected ", "got      ")))
    return outcome == "said" and expected == told["expected"] != got


@pytest.mark.parametrize(
    "text",
    [
        "conv x=2x3x20x21:float32 w=4x3x3x3:float32 data=real seed=3 put=x[0,0,1,2]=nan;x[1,0,1,2]=max",
        "conv x=2x3x20x21:float64 w=40x3x3x3:float64 data=wide seed=3 layout=x:negative",
        "conv x=2x3x20x21:float32 w=4x3x3x3:float32 data=special seed=3 put=x[0,0,1,2]=least layout=swapped",
        "max_pool x=2x3x20x21:int8 size=2 data=real",
    ],
)
def test_large_arrays_are_those_of_the_case(text: str) -> None:
    """A script makes the arrays that are too large to be listed, without convspec, as the judge does."""
    case = parse(text)
    told = script(Violation("call.shape", case.op, "violates", case, Difference("this", "that")), "mine", "y = 0")
    assert "convspec" not in told
    names: dict[str, Any] = {}
    exec(told, names)
    for name, a in build(case).items():
        assert names[name].dtype == a.dtype and names[name].strides == a.strides
        assert np.array_equal(names[name], a, equal_nan=a.dtype.kind == "f")


@pytest.mark.parametrize("name", PEERS)
def test_every_script_shows_its_violation(name: str, tmp_path: Path) -> None:
    needs(PEERS[name])
    if not (RESULTS / f"{name}.json").exists():
        pytest.skip("no report is kept")
    found = violations(name)
    texts = scripts(name, found)
    assert not [text for text in texts if "convspec" in text]
    ends = outcomes(texts, tmp_path / "told")
    missed = [
        (test["clause"], test["violation"]["case"], test["violation"]["got"], *end)
        for test, end in zip(found, ends, strict=True)
        if not shows(test["violation"], *end) and not ((name, test["clause"]) in BY_CHANCE and end[0] != "ended")
    ]
    assert not missed, "\n".join(map(str, missed))
