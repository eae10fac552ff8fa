"""Any executable as a backend: it reads calls on its standard input and answers on its standard output.

A call is a line of JSON, then the elements of its operands; so is an answer. docs/backends.md has the protocol. The
program runs until its input ends; one that dies is started again for the next call.
"""

from __future__ import annotations

import ctypes
import json
import math
import signal
import subprocess
from collections.abc import Sequence
from threading import Lock
from typing import IO, Any

import numpy as np

from convspec import OPERATORS
from convspec.conformance.case import ARRAYS
from convspec.conformance.foreign import Array, Foreign, allocated, refused
from convspec.conformance.seen import Crashed

PROTOCOL = 1
LONGEST = 2**20
"""Bytes that a line of JSON may have."""
_DEATH = 1
"""PR_SET_PDEATHSIG of Linux's prctl."""


class Program(Foreign):
    """A running program and the operators that it says it offers."""

    def __init__(self, command: Sequence[str]) -> None:
        self.command = list(command)
        self._process: subprocess.Popen[bytes] | None = None
        self._asking = Lock()
        about = self._ask({"op": "about", "protocol": PROTOCOL}, [])
        operators = about.get("operators", [])
        if not isinstance(operators, list) or not set(map(str, operators)) <= set(OPERATORS):
            raise RuntimeError(f"the program offers {operators!r}")
        super().__init__(operators, about)

    def call(self, op: str, operands: list[Array | None], numbers: dict[str, Any]) -> Array:
        """One question and its answer."""
        named = [(name, a) for name, a in zip(ARRAYS[op], operands, strict=True) if a is not None]
        arrays = [{"name": name, "dtype": a.dtype.name, "shape": list(a.shape)} for name, a in named]
        speakable = {k: repr(v) if isinstance(v, float) and not math.isfinite(v) else v for k, v in numbers.items()}
        with self._asking:
            answer = self._ask({"op": op, "arrays": arrays, "arguments": speakable}, [a for _, a in named])
            status, message = answer.get("status"), str(answer.get("message", ""))
            if status != "ok":
                raise refused(status, message)
            shape, name = answer.get("shape"), str(answer.get("dtype"))
            dtype = allocated(shape if isinstance(shape, list) else [-1], name).newbyteorder("<")
            data = self._read(math.prod(shape or []) * dtype.itemsize)
        return np.frombuffer(data, dtype).astype(dtype.newbyteorder("=")).reshape(shape)

    def _ask(self, question: dict[str, Any], operands: list[Array]) -> dict[str, Any]:
        """Sends a line and elements, and reads the line of the answer."""
        to, back = self._pipes()
        try:
            to.write(json.dumps(question).encode() + b"\n")
            for a in operands:
                to.write(a.astype(a.dtype.newbyteorder("<")).tobytes())
            to.flush()
        except BrokenPipeError:
            self._died()
        line = back.readline(LONGEST)
        if not line.endswith(b"\n"):
            self._died()
        try:
            answer = json.loads(line)
        except ValueError:
            answer = None
        if not isinstance(answer, dict):
            self._end()
            raise RuntimeError(f"the program answers {line[:80]!r}, which is no JSON object")
        return answer

    def _read(self, count: int) -> bytes:
        data = self._pipes()[1].read(count)
        if len(data) < count:
            self._died()
        return data

    def _pipes(self) -> tuple[IO[bytes], IO[bytes]]:
        """Where to write to and read from; the program is started if it does not run."""
        if self._process is None:
            self._process = subprocess.Popen(
                self.command,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                preexec_fn=_die_with_parent,
                start_new_session=True,
            )
        assert self._process.stdin is not None and self._process.stdout is not None
        return self._process.stdin, self._process.stdout

    def _died(self) -> None:
        """Says how the program ended; one that only closed its pipes is ended."""
        assert self._process is not None
        try:
            code = self._process.wait(1)
            how = signal.Signals(-code).name if code < 0 else f"exit status {code}"
        except subprocess.TimeoutExpired:
            how = "it answers with less than a whole line and its elements"
        self._end()
        raise Crashed(f"the program ended: {how}")

    def _end(self) -> None:
        if self._process is not None:
            self._process.kill()
            self._process.communicate()
            self._process = None


def _die_with_parent() -> None:
    """Lets the kernel end the program when the judge's worker is ended, be it in the midst of a call."""
    ctypes.CDLL(None).prctl(_DEATH, signal.SIGKILL)
