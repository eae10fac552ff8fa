"""A call away from where the first was made: in another thread, or in a process forked from this one."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from multiprocessing import Pipe
from typing import Any

import numpy as np

from convspec.conformance.patience import answers
from convspec.conformance.seen import Observation, raised, same_bits

PATIENCE = 8.0
"""Seconds of work, or of doing nothing, after which a forked process counts as hanging."""


def moved(place: str, call: Callable[[], Any], first: Any) -> Observation:
    """What a call gives in another place, after it gave `first` in this one."""
    seen = forked(call) if place == "fork" else ThreadPoolExecutor(1).submit(_observed, call).result()
    if seen.kind == "result" and isinstance(first, np.ndarray) and not same_bits(seen.value, first):
        return Observation("result", seen.value, facts=("place-differs",))
    return seen


def _observed(call: Callable[[], Any]) -> Observation:
    try:
        result = call()
    except Exception as error:
        return raised(error)
    return Observation("result", result if isinstance(result, np.ndarray) else type(result).__name__)


def forked(call: Callable[[], Any]) -> Observation:
    """What a call gives in a child of this process, which ends with it."""
    ours, theirs = Pipe(duplex=False)
    child = os.fork()
    if not child:
        try:
            theirs.send(_observed(call))
        finally:
            os._exit(0)
    theirs.close()
    try:
        if answers(ours, child, PATIENCE):
            found: Observation = ours.recv()
            return found
    except EOFError:
        return Observation("crash", message="a forked process ended in the call")
    finally:
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
        ours.close()
    return Observation("hang", message=f"no answer from a forked process within {PATIENCE:g} s")
