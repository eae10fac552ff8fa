"""The keywords that only this room has: out, num_threads, algorithm and dtype."""

from __future__ import annotations

import os
from typing import Any

import numpy as np

from convspec import dtypes
from convspec.errors import SpecTypeError, SpecValueError
from convspec.fast import _kernels
from convspec.params import Array, Ints

ALGORITHMS = ("auto", "direct", "winograd", "fft", "separable")


class _Process:
    """Whether this is a forked child, where OpenMP's threads, which do not survive a fork, would be waited for in vain."""

    forked = False

    @classmethod
    def after_fork(cls) -> None:
        cls.forked = True


os.register_at_fork(after_in_child=_Process.after_fork)


def threads(num_threads: Any) -> int:
    """The number of threads to use: `num_threads`, or OpenMP's own limit at this moment; 1 in a forked child."""
    if num_threads is None:
        count = _kernels.max_threads()
    else:
        if not isinstance(num_threads, (int, np.integer)) or isinstance(num_threads, bool):
            raise SpecTypeError("fast.threads", "num_threads", num_threads, "must be None or an int")
        count = int(num_threads)
        if not 1 <= count <= 1024:
            raise SpecValueError("fast.threads", "num_threads", num_threads, "must be between 1 and 1024")
    return 1 if _Process.forked or not _kernels.openmp() else count


_kernels.limit_threads(threads)


def algorithm(name: Any) -> None:
    """Refuses unknown algorithms."""
    if not isinstance(name, str):
        raise SpecTypeError("fast.algorithm", "algorithm", name, f"must be one of {', '.join(ALGORITHMS)}")
    if name not in ALGORITHMS:
        raise SpecValueError("fast.algorithm", "algorithm", name, f"must be one of {', '.join(ALGORITHMS)}")


def integer(dtype: Any, natural: np.dtype[Any]) -> np.dtype[Any]:
    """The integer dtype that was asked for, where the law's own is `natural`."""
    try:
        chosen: np.dtype[Any] = np.dtype(dtype).newbyteorder("=")
    except TypeError as error:
        raise SpecTypeError("fast.dtype", "dtype", dtype, "must be None or an integer dtype") from error
    if chosen not in dtypes.INTEGERS:
        raise SpecTypeError("fast.dtype", "dtype", chosen, "must be int8 to int64 or uint8 to uint64")
    if natural.kind == "f":
        raise SpecTypeError("fast.dtype", "dtype", chosen, f"is for operands that are all integers, not for {natural}")
    return chosen


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
    flags = out.flags
    if not flags.writeable:
        raise SpecValueError("fast.out", "out", flags.writeable, "must be writeable")
    if not flags.forc and _overlaps_itself(out):
        raise SpecValueError("fast.out", "out", out.strides, "must have strides by which no two elements share memory")
    for a in inputs:
        if a is not None and np.may_share_memory(out, a) and np.shares_memory(out, a):
            raise SpecValueError("fast.out", "out", out.shape, "must not share memory with an input")


def _overlaps_itself(a: Array) -> bool:
    """Whether elements of `a` share memory. Where each axis steps over all of the ones within, none do."""
    axes = sorted((abs(step), n) for step, n in zip(a.strides, a.shape, strict=True) if n > 1)
    within = a.itemsize
    for step, n in axes:
        if step < within:
            break
        within += step * (n - 1)
    else:
        return False
    places = np.zeros(1, np.int64)
    for step, n in axes:
        places = np.add.outer(places, step * np.arange(n)).ravel()
    places.sort()
    return bool(a.size) and int(np.diff(places).min()) < a.itemsize
