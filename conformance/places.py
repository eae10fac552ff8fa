"""A call away from where the first was made: in another thread, beside others, or in a process forked from this one."""

from __future__ import annotations

import os
import signal
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import replace
from multiprocessing import Pipe
from resource import RUSAGE_SELF, getrusage
from threading import Barrier
from typing import Any

import numpy as np

from convspec.conformance.patience import answers
from convspec.conformance.seen import Observation, raised, same_bits

PATIENCE = 8.0
"""Seconds of work after which a forked process counts as hanging."""
IDLE, SHORTER = 4.0, 1.0
"""Seconds of doing nothing after which it does, and where another has hung."""
HUNG: list[int] = []
"""The forked processes that did."""
THREADS, TURNS, LENGTH, MOST_LENGTH, ENOUGH_SWITCHES = 4, 1000, 0.3, 2.0, 4000
"""Threads that call at once, the calls that each makes, and seconds of work after which they end: the longer ones where they could
not work at once, since all had to share a processor, nor took turns so often."""


def moved(place: str, call: Callable[[], Any], first: Any) -> Observation:
    """What a call gives in another place, after it gave `first` in this one."""
    seen = forked(call) if place == "fork" else ThreadPoolExecutor(1).submit(_observed, call).result()
    if seen.kind == "result" and isinstance(first, np.ndarray) and not same_bits(seen.value, first):
        return Observation("result", seen.value, facts=("place-differs",))
    return seen


def together(calls: Sequence[Callable[[], Any]]) -> Observation:
    """What the first of some calls gives, and whether each gives the same while the others are made in other threads."""
    begun = time.process_time()
    alone = [_observed(calls[0])]
    calls = calls if time.process_time() - begun < LENGTH else calls[:2]
    alone += [_observed(call) for call in calls[1:]]
    if not all(isinstance(seen.value, np.ndarray) for seen in alone):
        return alone[0]
    start, enough = Barrier(len(calls)), _enough_of_both()

    def again(call: Callable[[], Any], first: Observation) -> Observation:
        start.wait()
        for _ in range(TURNS):
            seen = _observed(call)
            if seen.kind != "result" or not same_bits(seen.value, first.value):
                return replace(seen, facts=("place-differs",))
            if enough():
                break
        return first

    with often_switching(), ThreadPoolExecutor(len(calls)) as threads:
        return max(threads.map(again, calls, alone), key=lambda seen: (seen.kind != "result", seen.facts))


def _enough_of_both() -> Callable[[], bool]:
    """Whether threads have worked long enough from now on, and either at once or by turns."""
    work, time_of_day, switches = time.process_time(), time.perf_counter(), getrusage(RUSAGE_SELF).ru_nvcsw

    def enough() -> bool:
        worked = time.process_time() - work
        at_once = worked - (time.perf_counter() - time_of_day)
        by_turns = getrusage(RUSAGE_SELF).ru_nvcsw - switches
        return worked > (LENGTH if at_once > LENGTH / 2 or by_turns > ENOUGH_SWITCHES else MOST_LENGTH)

    return enough


@contextmanager
def often_switching() -> Iterator[None]:
    """While it lasts, threads of Python take turns often."""
    usual = sys.getswitchinterval()
    sys.setswitchinterval(1e-5)
    try:
        yield
    finally:
        sys.setswitchinterval(usual)


def _observed(call: Callable[[], Any]) -> Observation:
    try:
        result = call()
    except Exception as error:
        return raised(error)
    return Observation("result", result if isinstance(result, np.ndarray) else type(result).__name__)


def forked(call: Callable[[], Any]) -> Observation:
    """What a call gives in a child of this process, which ends with it."""
    ours, theirs = Pipe(duplex=False)
    idle = SHORTER if HUNG else IDLE
    child = os.fork()
    if not child:
        try:
            theirs.send(_observed(call))
        finally:
            os._exit(0)
    theirs.close()
    try:
        if answers(ours, child, PATIENCE, idle):
            found: Observation = ours.recv()
            return found
    except EOFError:
        return Observation("crash", message="a forked process ended in the call")
    finally:
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
        ours.close()
    HUNG.append(child)
    return Observation("hang", message=f"no answer from a forked process within {idle:g} s")
