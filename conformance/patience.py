"""When a process that does not answer counts as hanging: not where it only waits for its turn on a busy machine."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from multiprocessing.connection import Connection
from pathlib import Path

IDLE = 0.01
"""The share of a processor below which a process does nothing."""


def answers(pipe: Connection, pid: int, seconds: float, idle: float | None = None) -> bool:
    """Waits for the process behind a pipe; False once it has worked for `seconds`, or done nothing for as long or for `idle`."""
    idle = seconds if idle is None else idle
    soon = min(1.0, idle / 4)
    if pipe.poll(soon):
        return True
    start = last = busy(pid)
    since = time.monotonic() - soon
    while not pipe.poll(soon):
        now, cpu = time.monotonic(), busy(pid)
        if cpu - start >= seconds - soon:
            return False
        if now - since >= idle:
            if cpu - last <= IDLE * (now - since) and asleep(pid):
                return False
            last, since = cpu, now
    return True


def busy(pid: int) -> float:
    """Seconds of processor time of a process and its children; 0 where the system does not tell."""
    own = sum(map(int, _fields(Path(f"/proc/{pid}"))[11:15])) / os.sysconf("SC_CLK_TCK")
    return own + sum(map(busy, _children(pid)))


def asleep(pid: int) -> bool:
    """Whether no thread of a process and its children is ready to work; so it is where the system does not tell."""
    return all((_fields(task) or "S")[0] == "S" for task in _tasks(pid)) and all(map(asleep, _children(pid)))


def _tasks(pid: int) -> list[Path]:
    """The threads of a process, as folders."""
    return list(Path(f"/proc/{pid}/task").glob("*"))


def _children(pid: int) -> Iterator[int]:
    for task in _tasks(pid):
        try:
            yield from map(int, (task / "children").read_text().split())
        except OSError:
            continue


def _fields(folder: Path) -> list[str]:
    """What the system tells of a process or a thread, from its state on."""
    try:
        return (folder / "stat").read_text().rpartition(")")[2].split()
    except OSError:
        return []
