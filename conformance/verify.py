"""The verdict on one observation: was there a result, an array, of the right shape, dtype and values?

The order is fixed, and a test says how far it goes: `returns`, `shape`, `dtype`, `values`; `facts` looks at what was seen
around the call instead.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from convspec.conformance.expect import Expectation
from convspec.conformance.limits import Limits, terms
from convspec.conformance.seen import Observation
from convspec.conformance.verdict import (
    CONFORMS,
    CRASH,
    HANG,
    NOT_OFFERED,
    VIOLATES,
    Difference,
    Grade,
    Outcome,
)

RETURNS, SHAPE, DTYPE, VALUES = range(4)
"""How far a test looks."""

LARGE = 64 * 2**20
"""Bytes of operands above which a MemoryError means that the call is not offered."""

_MEANING = {
    "inputs-changed": ("arguments that the call leaves as they are", "an argument was written to"),
    "shares-input": ("a result of its own", "the result shares memory with an argument"),
    "shares-result": ("a result of its own", "two results share memory"),
    "result-changed": ("a result that stays as it is", "a later call, or writing to the arguments, changed the result"),
    "repeat-differs": ("the same bits for the same call", "a repeated call gave other bits"),
    "place-differs": ("the same bits", "another thread, threads at work together, or a forked process give other bits"),
    "depends-on-memory": ("a result that is computed", "the result depends on what free memory held before the call"),
}


def verify(e: Expectation, seen: Observation, upto: int = VALUES, facts: tuple[str, ...] = ()) -> Outcome:
    """The verdict on what was seen of a case."""
    if seen.kind in (CRASH, HANG):
        return Outcome(seen.kind, Difference("a result" if e.refusal is None else "a ValueError", seen.message))
    if seen.kind == "raised" and _declined(e, seen):
        return Outcome(NOT_OFFERED)
    for fact in seen.facts:
        if fact.split()[0] in facts:
            expected, got = _MEANING.get(fact, ("a repeated call that returns", fact))
            return _wrong(fact.split()[0], expected, got)
    if e.refusal is not None:
        return _refusal(e, seen)
    if seen.kind == "raised":
        return _wrong("raises", "a result", seen.message)
    return _result(e, seen.value, upto)


def _declined(e: Expectation, seen: Observation) -> bool:
    if "NotImplementedError" in seen.error:
        return True
    return "MemoryError" in seen.error and sum(a.nbytes for a in e.arrays.values()) > LARGE


def _wrong(kind: str, expected: str, got: str, **rest: Any) -> Outcome:
    return Outcome(VIOLATES, Difference(expected, got, kind=kind, **rest))


def _refusal(e: Expectation, seen: Observation) -> Outcome:
    allowed = {"ValueError", "TypeError"} | (
        {"MemoryError"} if getattr(e.refusal, "clause", "") == "error.too-large" else set()
    )
    if seen.kind == "raised" and allowed & set(seen.error):
        return Outcome(CONFORMS)
    got = seen.message if seen.kind == "raised" else f"a result: {brief(seen.value)}"
    return _wrong("raises" if seen.kind == "raised" else "accepted", f"a ValueError ({e.refusal})", got)


def _result(e: Expectation, value: Any, upto: int) -> Outcome:
    p = e.params
    if upto == RETURNS:
        return Outcome(CONFORMS)
    if not isinstance(value, np.ndarray):
        return _wrong("type", "an array", f"a result of type {value}")
    if value.shape != p.shape:
        return _wrong("shape", f"shape {p.shape}", f"shape {value.shape}", result=value)
    if upto >= DTYPE and value.dtype.newbyteorder("=") != p.dtype:
        return _wrong("dtype", f"dtype {p.dtype}", f"dtype {value.dtype}", result=value)
    return compare(e, value) if upto >= VALUES and value.size else Outcome(CONFORMS)


def compare(e: Expectation, value: np.ndarray[Any, Any]) -> Outcome:
    """The verdict on the values of a result of the right shape."""
    got = value[tuple(np.array(e.at).T)]
    if got.dtype.kind == "f" and e.value.dtype.kind == "f":
        got = got.astype(np.float64)
    if e.case.data != "real" and np.all(_same(got, e.value)):
        return Outcome(CONFORMS)  # limits take as long as values, and so do grades, which only real numbers have
    limits = e.limits
    with np.errstate(all="ignore"):
        error = np.abs(np.asarray(got - limits.value, dtype=np.float64))
        good = _same(got, limits.value) | np.isposinf(limits.limit)
        if got.dtype.kind == "f":
            good |= (error <= limits.limit) & np.isfinite(limits.value)
        if limits.also is not None:
            good |= _same(got, limits.also) | (np.abs(got - limits.also) <= limits.limit)
    if not np.all(good):
        i = int(np.argmin(good))
        bounds = ratio(error[i], limits.limit[i])
        return _wrong("value", str(limits.value[i]), str(value[e.at[i]]), index=e.at[i], bounds=bounds, result=value)
    return Outcome(CONFORMS, grade=grade(e, limits, error))


def ratio(error: float, allowed: float) -> float | None:
    """An error in units of what is allowed, if a number says it."""
    with np.errstate(all="ignore"):
        found = float(np.float64(error) / np.float64(allowed))
    return found if np.isfinite(found) else None


def _same(got: np.ndarray[Any, Any], value: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    same = got == value
    return np.asarray(same | (np.isnan(got) & np.isnan(value)) if value.dtype.kind == "f" else same)


def grade(e: Expectation, limits: Limits, error: np.ndarray[Any, Any]) -> Grade | None:
    """The accuracy in units of u B, where that means something."""
    if limits.unit is None or e.case.data != "real":
        return None
    with np.errstate(all="ignore"):
        scaled = (error / limits.unit)[(limits.unit > 0) & np.isfinite(error) & np.isfinite(limits.limit)]
    return graded(terms(e.params), scaled)


def graded(n: int, scaled: np.ndarray[Any, Any]) -> Grade | None:
    """The accuracy of sums of n terms with these errors in units of u B; None without any, or where no number says it."""
    with np.errstate(all="ignore"):
        rms = float(np.sqrt(np.mean(scaled**2))) if scaled.size else np.inf
    return Grade(n, float(scaled.max()), rms, int(scaled.size)) if np.isfinite(rms) else None


def brief(value: Any) -> str:
    """A result in a few words."""
    if not isinstance(value, np.ndarray):
        return str(value)
    text = " ".join(np.array2string(value, threshold=8, edgeitems=2).split())
    return f"{value.dtype} array of shape {value.shape}: {text[:120]}"
