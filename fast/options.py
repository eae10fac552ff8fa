"""The keywords that only this room has: out, num_threads and algorithm."""

from __future__ import annotations

import operator
import os
from typing import Any

import numpy as np

from convspec.errors import SpecTypeError, SpecValueError
from convspec.fast import _kernels
from convspec.params import Array, Ints

ALGORITHMS = ("auto", "direct")

_OVERLAP_WORK = 10_000
"""Effort to spend on deciding whether two arrays share an element; undecided counts as shared."""


class _Process:
    """Whether OpenMP has run here, and whether this is a child forked after that, where its threads would hang."""

    parallel = False
    forked = False

    @classmethod
    def after_fork(cls) -> None:
        cls.forked = cls.forked or cls.parallel


os.register_at_fork(after_in_child=_Process.after_fork)


def used_threads(yes: bool) -> None:
    """Notes that a call has run on several threads."""
    if yes:
        _Process.parallel = True


def threads(num_threads: Any) -> int:
    """The number of threads to use: `num_threads`, or OpenMP's own limit at this moment; 1 in a forked child."""
    if num_threads is None:
        count = _kernels.max_threads()
    else:
        try:
            count = operator.index(num_threads)
        except TypeError:
            count = None
        if count is None or isinstance(num_threads, (bool, np.bool_, np.ndarray)):
            raise SpecTypeError("fast.threads", "num_threads", num_threads, "must be None or an int")
        if not 1 <= count <= 1024:
            raise SpecValueError("fast.threads", "num_threads", num_threads, "must be between 1 and 1024")
    return 1 if _Process.forked or not _kernels.openmp() else count


def algorithm(name: Any) -> None:
    """Refuses unknown algorithms."""
    if not isinstance(name, str):
        raise SpecTypeError("fast.algorithm", "algorithm", name, f"must be one of {', '.join(ALGORITHMS)}")
    if name not in ALGORITHMS:
        raise SpecValueError("fast.algorithm", "algorithm", name, f"must be one of {', '.join(ALGORITHMS)}")


def output(out: Any, shape: Ints, dtype: np.dtype[Any], inputs: tuple[Array | None, ...]) -> None:
    """Refuses an `out` that cannot take the result: its type, shape, dtype, or memory that an input uses too."""
    if out is None:
        return
    if not isinstance(out, np.ndarray):
        raise SpecTypeError("fast.out", "out", type(out), "must be None or an ndarray")
    if out.dtype != dtype or not out.dtype.isnative:
        raise SpecTypeError("fast.out", "out", out.dtype, f"must have the dtype {dtype}, in native byte order")
    if out.shape != shape:
        raise SpecValueError("fast.out", "out", out.shape, f"must have the shape {shape}")
    if not out.flags.writeable:
        raise SpecValueError("fast.out", "out", out.flags.writeable, "must be writeable")
    if any(a is not None and _share(out, a) for a in inputs):
        raise SpecValueError("fast.out", "out", out.shape, "must not share memory with an input")


def _share(a: Array, b: Array) -> bool:
    try:
        return np.shares_memory(a, b, max_work=_OVERLAP_WORK)
    except np.exceptions.TooHardError:
        return True
