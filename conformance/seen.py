"""What a call did: its result or its exception, and facts seen around it."""

from __future__ import annotations

import builtins
from dataclasses import dataclass
from typing import Any

import numpy as np

Array = np.ndarray[Any, Any]


class Crashed(Exception):
    """The program or the process behind a backend has ended."""


@dataclass(frozen=True)
class Observation:
    """What a call did: its result or its exception, and facts seen around it."""

    kind: str
    """result, raised, crash, hang"""
    value: Any = None
    """The result: an array, or the name of a type that is none."""
    error: tuple[str, ...] = ()
    """The built-in classes of the exception."""
    message: str = ""
    facts: tuple[str, ...] = ()
    """What should not have been seen: inputs-changed, shares-input, shares-result, result-changed, repeat-differs,
    depends-on-memory."""
    traceback: str = ""


def raised(error: BaseException, facts: tuple[str, ...] = ()) -> Observation:
    """The observation of an exception."""
    if isinstance(error, Crashed):
        return Observation("crash", message=str(error))
    classes = [c for c in type(error).__mro__ if getattr(builtins, c.__name__, None) is c]
    message = f"{type(error).__name__}: {error}"[:2000]
    return Observation("raised", error=tuple(c.__name__ for c in classes), message=message, facts=facts)


def same_bits(a: Any, b: Array) -> bool:
    """Whether two arrays hold the same bytes in the same shape; NaNs may differ in their payload."""
    if not isinstance(a, np.ndarray) or a.shape != b.shape or a.dtype != b.dtype:
        return False
    if a.dtype.kind != "f":
        return bool(np.array_equal(a, b))
    nan = np.isnan(a)
    bits = f"u{a.dtype.itemsize}"
    same = np.ascontiguousarray(a).view(bits) == np.ascontiguousarray(b).view(bits)
    return bool(np.all(same | (nan & np.isnan(b))))
