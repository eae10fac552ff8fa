"""Backends are found by name, live in a process of their own, and take nothing with them when they die."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from multiprocessing import Pipe
from pathlib import Path

import numpy as np
import pytest

from convspec.conformance.backend import Unusable, load
from convspec.conformance.case import parse
from convspec.conformance.host import Elsewhere, Here, open_host
from convspec.conformance.patience import answers

CASE = parse("max_pool x=1x1x4:float32 size=2 data=small seed=1")
BODY = """
import os, signal, time
import numpy as np
print("hello")
class Backend:
    policies = {"max_nan": {"*": "any"}}
    def max_pool(self, x, size, **rest):
        print("called")
        if x.shape[-1] == 5: os.kill(os.getpid(), signal.SIGSEGV)
        if x.shape[-1] == 6: time.sleep(60)
        if x.shape[-1] == 7: os._exit(3)
        if x.shape[-1] == 8: raise NotImplementedError
        return np.maximum(x[..., ::2], x[..., 1::2])
"""


@pytest.fixture
def file(tmp_path: Path) -> str:
    path = tmp_path / "kernels.py"
    path.write_text(BODY)
    return str(path)


def sized(n: int) -> object:
    return parse(f"max_pool x=1x1x{n}:float32 size=2 data=small seed=1")


def test_a_worker_answers_and_prints_elsewhere(file: str, capfd: pytest.CaptureFixture[str]) -> None:
    host = Elsewhere(f"{file}:Backend")
    assert host.profile.operators == ("max_pool",)
    assert host.profile.policies_of("max_pool")["max_nan"] == "any"
    for _ in range(2):
        host.send(CASE)
        seen = host.receive()
        assert seen.kind == "result" and isinstance(seen.value, np.ndarray) and seen.facts == ()
    host.close()
    assert capfd.readouterr().out == ""


def test_death_is_an_answer_and_life_goes_on(file: str) -> None:
    host = Elsewhere(f"{file}:Backend", patience=2)
    for n, kind, word in (
        (5, "crash", "SIGSEGV"),
        (4, "result", ""),
        (7, "crash", "exit status 3"),
        (6, "hang", "2 s"),
        (4, "result", ""),
    ):
        host.send(sized(n))
        seen = host.receive()
        assert seen.kind == kind and word in seen.message
    host.send(sized(8))
    assert "NotImplementedError" in host.receive().error
    host.close()


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("no.such.module", "No module named"), ("./no_such_file.py", "no file"), ("kernels.txt/", "neither"),
        ("convspec.errors", "offers none"), ("{file}:Nothing", "has no Nothing"), ("fast:avx9000", "avx9000"),
    ],
)  # fmt: skip
def test_unusable_names(name: str, words: str, file: str) -> None:
    with pytest.raises(Unusable, match=words):
        open_host(name.format(file=file))


@pytest.mark.parametrize("declaration", ["effort = 0", "effort = True", "effort = 'low'", "policies = {'max_nan': 'perhaps'}",
                                         "policies = {'nan': 'any'}", "policies = 7",
                                         "numerics = {'conv': 'quick'}", "numerics = {'convolution': 'fast'}"])  # fmt: skip
def test_unknown_declarations_are_unusable(declaration: str, tmp_path: Path) -> None:
    path = tmp_path / "declaring.py"
    path.write_text(f"def conv(x, w, b=None): ...\n{declaration}\n")
    with pytest.raises(Unusable):
        Here(str(path))


def test_an_import_that_kills_is_unusable(tmp_path: Path) -> None:
    path = tmp_path / "deadly.py"
    path.write_text("import os; os.abort()")
    with pytest.raises(Unusable, match="SIGABRT"):
        Elsewhere(str(path))


def test_no_bytecode_is_left_of_a_file_under_work(tmp_path: Path) -> None:
    """Edited within the same second to the same size, a file would be taken for the .pyc of what it was."""
    path = tmp_path / "edited.py"
    for shift in (1, 2):
        path.write_text(f"def max_pool(x, size, **rest):\n    return {shift}\n")
        assert load(str(path)).max_pool(None, 1) == shift
    assert not (tmp_path / "__pycache__").exists()


PLACES = """
import os, threading, time
import numpy as np
home, first = os.getpid(), threading.get_ident()
def max_pool(x, size, **rest):
    y = np.maximum(x[..., ::2], x[..., 1::2])
    if os.getpid() != home:
        if x.shape[-1] == 4: time.sleep(60)
        if x.shape[-1] == 6: os._exit(1)
        return y + 1
    return y if threading.get_ident() == first else -y
def avg_pool(x, size, **rest):
    end = time.process_time() + 3
    while time.process_time() < end: pass
    return x
def lp_pool(x, size, **rest):
    return np.concatenate([np.empty(2**27) for _ in range(1000)])
"""


def test_other_threads_and_forked_processes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "kernels.py"
    path.write_text(PLACES)
    host = Elsewhere(str(path))
    seen = {}
    for n, place in ((4, "thread"), (4, "fork"), (6, "fork"), (8, "fork"), (8, "main")):
        host.send(parse(f"max_pool x=1x1x{n}:float32 size=2 data=small seed=1 place={place}"))
        seen[n, place] = host.receive()
    host.close()
    assert [s.kind for s in seen.values()] == ["result", "hang", "crash", "result", "result"]
    assert seen[4, "thread"].facts == seen[8, "fork"].facts == ("place-differs",) and not seen[8, "main"].facts


def test_work_is_no_hang_before_its_time_and_memory_ends_first(tmp_path: Path) -> None:
    """Three seconds of processor time are a hang to a patience of two, and none to one of thirty."""
    path = tmp_path / "kernels.py"
    path.write_text(PLACES)
    for patience, kind in ((2, "hang"), (30, "result")):
        host = Elsewhere(str(path), patience=patience)
        host.send(parse("avg_pool x=1x1x4:float32 size=2 data=small seed=1"))
        assert host.receive().kind == kind
    host.send(parse("lp_pool x=1x1x4:float32 size=2 data=small seed=1"))
    assert "MemoryError" in host.receive().error
    host.close()


def test_a_process_that_waits_for_its_turn_is_not_asleep() -> None:
    """A stopped process does nothing, as one on a busy machine, and has not given up; one that waits for a lock has."""
    ours, theirs = Pipe(duplex=False)
    code = "import os, sys, threading; os.write(int(sys.argv[1]), bytes(1)); threading.Event().wait()"
    child = subprocess.Popen([sys.executable, "-c", code, str(theirs.fileno())], pass_fds=[theirs.fileno()])
    os.read(ours.fileno(), 1)
    child.send_signal(signal.SIGSTOP)
    begun = time.monotonic()
    threading.Timer(2.0, child.send_signal, [signal.SIGCONT]).start()
    assert not answers(ours, child.pid, 60.0, idle=0.4) and time.monotonic() - begun > 2.0
    child.kill()
    child.wait()


def test_after_one_hang_the_next_takes_less_patience(tmp_path: Path) -> None:
    path = tmp_path / "kernels.py"
    path.write_text(PLACES)
    host = Elsewhere(str(path))
    said = []
    for _ in range(2):
        host.send(parse("max_pool x=1x1x4:float32 size=2 data=small seed=1 place=fork"))
        said.append(host.receive().message)
    host.close()
    assert [words.rpartition(" within ")[2] for words in said] == ["4 s", "1 s"]
