"""When a process that does not answer counts as hanging: not where it only waits for its turn on a busy machine."""

from __future__ import annotations

import os
import time
from multiprocessing.connection import Connection
from pathlib import Path

IDLE = 0.01
"""The share of a processor below which a process does nothing."""


def answers(pipe: Connection, pid: int, seconds: float) -> bool:
    """Waits for the process behind a pipe; False once it has worked, or done nothing, for that many seconds."""
    soon = min(1.0, seconds / 4)
    if pipe.poll(soon):
        return True
    start = last = busy(pid)
    since = time.monotonic() - soon
    while not pipe.poll(soon):
        now, cpu = time.monotonic(), busy(pid)
        if cpu - start >= seconds - soon:
            return False
        if now - since >= seconds:
            if cpu - last <= IDLE * (now - since):
                return False
            last, since = cpu, now
    return True


def busy(pid: int) -> float:
    """Seconds of processor time of a process and its children; 0 where the system does not tell."""
    try:
        children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return 0.0
    own = sum(map(int, fields[11:15])) / os.sysconf("SC_CLK_TCK")
    return own + sum(busy(int(child)) for child in children)
