"""The adapters: clear words where the peer is missing, one case an operator where it is there, and the findings' scripts."""

from __future__ import annotations

import importlib.util
import os
import re
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from convspec import GRADIENTS
from convspec.conformance.case import parse
from convspec.conformance.derived import base, gradient
from convspec.conformance.deviations import read
from convspec.conformance.expect import expect
from convspec.conformance.host import Host, open_host
from convspec.conformance.script import script
from convspec.conformance.verdict import Difference, Violation
from convspec.conformance.verify import verify

PEERS = {
    "ndimage": "scipy", "numpy": "numpy", "scipy": "scipy", "torch": "torch", "jax": "jax", "onnxruntime": "onnxruntime",
    "onnx_reference": "onnx", "openvino": "openvino", "opencv": "cv2", "opencv_dnn": "cv2", "ncnn": "ncnn",
    "tinygrad": "tinygrad", "tensorflow": "tensorflow", "mnn": "MNN",
}  # fmt: skip
"""The package that each adapter needs."""
ONNX = ("onnxruntime", "openvino", "opencv_dnn")
"""Those that need onnx besides."""

CASES = {
    "convolve": ("convolve in1=9:float32 in2=4:float32", "convolve in1=7x6:float32 in2=3x3:float32 mode=same"),
    "correlate": ("correlate in1=9:float32 in2=4:float32", "correlate in1=7x6:float32 in2=3x3:float32 mode=same"),
    "conv": ("conv x=1x4x6x7:float32 w=6x4x3x2:float32 b=6:float32 stride=2",),
    "conv_transpose": ("conv_transpose x=1x4x5x6:float32 w=4x3x3x2:float32 b=3:float32 stride=2",),
    "local_conv": ("local_conv x=1x2x5x6:float32 w=3x3x5x2x3x2:float32 b=3x3x5:float32",),
    "max_pool": ("max_pool x=1x3x7x8:float32 size=3,2 stride=2",),
    "avg_pool": ("avg_pool x=1x3x7x8:float32 size=3,2 stride=2",),
    "lp_pool": ("lp_pool x=1x3x7x8:float32 size=3,2 stride=2",),
}
"""A case or two of each operator that adapters have; every adapter offers one of them."""


def cases(op: str) -> list[str]:
    """The cases of an operator, or of a gradient at those of its operator."""
    texts = CASES[base(op)]
    return [gradient(parse(text), op).text for text in texts] if op in GRADIENTS else list(texts)


ROOT = Path(__file__).resolve().parents[1]
FINDINGS = sorted(set((ROOT / "docs" / "findings").glob("*.md")) - {ROOT / "docs" / "findings" / "README.md"})
adapters = pytest.mark.parametrize("name", PEERS)


def needs(package: str) -> None:
    """Skips where a package is missing, or the compiler that tinygrad calls."""
    if importlib.util.find_spec(package) is None:
        pytest.skip(f"{package} is not installed")
    if package == "tinygrad" and shutil.which("clang") is None:
        pytest.skip("clang is not installed")


@pytest.mark.parametrize("name", [name for name, package in PEERS.items() if package not in ("numpy", "scipy")])
def test_a_missing_peer_is_named(name: str, tmp_path: Path) -> None:
    """The command says in one line which package is missing, and ends with status 2."""
    hidden = ("onnx", PEERS[name]) if name in ONNX else (PEERS[name],)
    for package in hidden:
        (tmp_path / f"{package}.py").write_text(f"raise ModuleNotFoundError(\"No module named '{package}'\")\n")
    found = "from convspec.conformance.cli import main; main(['check', " + repr(name) + "])"
    command = [sys.executable, "-c", found]
    environment = {**os.environ, "PYTHONPATH": str(tmp_path)}
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, env=environment)
    lines = done.stderr.strip().splitlines()
    assert done.returncode == 2
    assert len(lines) == 1 and lines[0].startswith(f"convspec: backend {name} cannot be loaded: ModuleNotFoundError")
    assert any(f"No module named '{package}'" in lines[0] for package in hidden)


@adapters
def test_one_case_an_operator(name: str) -> None:
    """Every operator that an adapter offers gives the right result for a case of the simplest kind."""
    needs(PEERS[name])
    host = open_host(name)
    try:
        for op in host.profile.operators:
            verdicts = [verdict(host, text) for text in cases(op)]
            assert "conforms" in verdicts and set(verdicts) <= {"conforms", "not offered"}, (op, verdicts)
    finally:
        host.close()


def verdict(host: Host, text: str) -> str:
    """The judge's verdict on one case."""
    case = parse(text)
    host.send(case)
    seen = host.receive()
    policies, numerics = host.profile.policies_of(case.op), host.profile.numerics_of(case.op)
    return verify(expect(case, policies, numerics), seen).verdict


@adapters
def test_a_bug_report_makes_the_same_call(name: str, tmp_path: Path) -> None:
    """The script of a bug report, in the peer's own words where the adapter has them, gives what the adapter gives."""
    needs(PEERS[name])
    host = open_host(name)
    try:
        for op in host.profile.operators:
            case = parse(cases(op)[-1])
            host.send(case)
            value = host.receive().value
            host.send(("snippet", case.text))
            words = host.receive().value
            violation = Violation("call.completes", op, "violates", case, Difference("a result", "something else"))
            text = f"{script(violation, name, words)}\nnp.save({str(tmp_path / 'y.npy')!r}, y)\n"
            if not isinstance(value, np.ndarray):
                continue
            subprocess.run([sys.executable, "-c", text], check=True, capture_output=True, timeout=120)
            assert np.array_equal(np.load(tmp_path / "y.npy"), value), op
    finally:
        host.close()


@adapters
def test_declared_deviations_can_be_read(name: str) -> None:
    """Every line names a clause, an operator and a reason, and a finding that is named exists."""
    for line in read(name, None).lines:
        for finding in re.findall(r"docs/findings/\S+", line.reason):
            assert (ROOT / finding).is_file(), line


def test_findings_are_listed() -> None:
    """The index has every finding under its own title."""
    index = (ROOT / "docs" / "findings" / "README.md").read_text(encoding="utf-8")
    listed = {name: title for title, name in re.findall(r"\[(.*)\]\((.*\.md)\)", index)}
    assert listed == {path.name: path.read_text(encoding="utf-8").splitlines()[0][2:] for path in FINDINGS}


@pytest.mark.parametrize("path", FINDINGS, ids=lambda path: path.stem)
def test_finding(path: Path) -> None:
    """The script of a finding still prints what the finding says, or ends with the signal that it names."""
    text = path.read_text(encoding="utf-8")
    script, said = re.findall(r"```(?:python|text)\n(.*?)```", text, re.DOTALL)
    for package in set(re.findall(r"^(?:import|from) (\w+)", script, re.MULTILINE)):
        needs(package)
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, timeout=120)
    got = done.stdout.splitlines() + ([signal.Signals(-done.returncode).name] if done.returncode < 0 else [])
    assert [line.rstrip() for line in got] == said.splitlines(), done.stderr
