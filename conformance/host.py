"""Where a backend lives: in a worker process that is started anew when it dies, or in this one."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import tempfile
from multiprocessing import Pipe
from typing import Any, Protocol

from convspec.conformance.backend import Profile, Unusable, environment, load, profile
from convspec.conformance.case import Case
from convspec.conformance.patience import answers
from convspec.conformance.seen import Observation
from convspec.conformance.worker import answer

PATIENCE = 30.0
"""Seconds of work, or of doing nothing, after which a call counts as hanging; an import may take ten times as long."""
QUIET = {"OMP_WAIT_POLICY": "passive"}
"""Threads of OpenMP that have nothing to do sleep, and leave the processors to the judge and to other workers."""


class Host(Protocol):
    """A place that cases are sent to, and observations come back from."""

    profile: Profile

    def send(self, request: Any) -> None: ...
    def receive(self) -> Observation: ...
    def close(self) -> None: ...


class Gone:
    """A backend of which only what it said about itself is left: that of a run that is read from a report."""

    def __init__(self, profile: Profile) -> None:
        self.profile = profile

    def send(self, request: Any) -> None:
        raise RuntimeError(f"{self.profile.name} is not running")

    def receive(self) -> Observation:
        raise RuntimeError(f"{self.profile.name} is not running")

    def close(self) -> None:
        """Nothing to end."""


class Here:
    """A backend in this very process: quicker to start and easier to debug, and no protection against a crash."""

    def __init__(self, name: str, backend: Any = None) -> None:
        self.backend = load(name) if backend is None else backend
        self.profile = profile(name, self.backend)
        self._request: Any = None

    def send(self, request: Any) -> None:
        self._request = request.text if isinstance(request, Case) else request

    def receive(self) -> Observation:
        return answer(self.backend, self._request)

    def close(self) -> None:
        """Nothing to end."""


class Elsewhere:
    """A backend in a worker process."""

    def __init__(self, name: str, patience: float = PATIENCE) -> None:
        self.name, self.patience = name, patience
        self.profile = self._start()

    def _start(self) -> Profile:
        ours, theirs = Pipe()
        self._stderr = tempfile.TemporaryFile()  # noqa: SIM115 (open while the process lives)
        command = [sys.executable, "-m", "convspec.conformance.worker", str(theirs.fileno()), self.name]
        self._process = subprocess.Popen(
            command, pass_fds=[theirs.fileno()], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
            stderr=self._stderr, env={**QUIET, **os.environ, **environment(self.name)},
        )  # fmt: skip
        theirs.close()
        self._pipe = ours
        try:
            greeting = ours.recv() if ours.poll(10 * self.patience) else "its import takes too long"
        except EOFError:
            greeting = f"its import ends the process ({self._end()}): {self._last_words()}"
        if isinstance(greeting, str):
            self.close()
            raise Unusable(greeting if greeting.startswith("backend ") else f"backend {self.name}: {greeting}")
        found: Profile = greeting
        return found

    def send(self, request: Any) -> None:
        if self._process.poll() is not None or self._pipe.closed:
            self._start()
        self._pipe.send(request.text if isinstance(request, Case) else request)

    def receive(self) -> Observation:
        try:
            if answers(self._pipe, self._process.pid, self.patience):
                found: Observation = self._pipe.recv()
                return found
        except (EOFError, OSError):
            how = self._end()
            self.close()
            return Observation("crash", message=f"the process ended: {how}", traceback=self._last_words())
        self.close()
        return Observation("hang", message=f"no answer within {self.patience:g} s")

    def _end(self) -> str:
        code = self._process.wait()
        return signal.Signals(-code).name if code < 0 else f"exit status {code}"

    def _last_words(self) -> str:
        self._stderr.seek(0)
        return self._stderr.read().decode(errors="replace")[-2000:]

    def close(self) -> None:
        self._pipe.close()
        if self._process.poll() is None:
            self._process.kill()
            self._process.wait()


def open_host(name: str, in_process: bool = False) -> Host:
    """The backend `name` in a process of its own, or in this one."""
    return Here(name) if in_process else Elsewhere(name)
