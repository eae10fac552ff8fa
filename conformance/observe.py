"""Calling a backend once and writing down what happened. Judging comes later, and elsewhere."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

import numpy as np

from convspec.conformance import places
from convspec.conformance.case import ARRAYS, POSITIONAL, Case
from convspec.conformance.data import build
from convspec.conformance.poisoned import fill_free_memory, numpy_memory
from convspec.conformance.seen import Crashed, Observation, raised, same_bits

Array = np.ndarray[Any, Any]
POISON = 0xA5
"""The byte that memory is filled with before it is given back, so that what is read from it is seen."""
PATTERNS = (0x7B, 0xFF)
"""Bytes that memory holds before a call, one after the other: a large number, and NaN or -1."""


def positional(case: Case, arrays: Mapping[str, Array]) -> tuple[list[Any], dict[str, Any]]:
    """The positional and the keyword arguments of the call."""
    arguments = dict(case.arguments)
    first = [arrays[name] for name in ARRAYS[case.op] if name in arrays]
    first += [arguments.pop(name) for name in POSITIONAL if name in arguments]
    return first, arguments


def observe(backend: Any, case: Case) -> Observation:
    """Builds the arguments of `case`, calls the backend and looks around."""
    arrays = build(case)
    function = getattr(backend, case.op)
    before = {name: a.tobytes() for name, a in arrays.items()}
    arguments, keywords = positional(case, arrays)
    try:
        result = function(*arguments, **keywords)
        if case.place == "together":
            return places.together([_bound(function, case, case.seed + i) for i in range(places.THREADS)])
        if case.place != "main":
            return places.moved(case.place, lambda: function(*arguments, **keywords), result)
    except KeyboardInterrupt:
        raise
    except BaseException as error:
        return raised(error, ("inputs-changed",) if _changed(arrays, before) else ())
    if not isinstance(result, np.ndarray):
        return Observation("result", type(result).__name__)
    kept = result.copy()
    facts: list[str] = []
    if _changed(arrays, before):
        facts.append("inputs-changed")
    if any(overlap(result, a) for a in arrays.values()):
        facts.append("shares-input")
    if case.calls > 1:
        try:
            facts += Repetition(function, case, arrays, result, kept).facts()
        except Crashed as error:
            return raised(error)
    return Observation("result", kept, facts=tuple(dict.fromkeys(facts)))


def _bound(function: Any, case: Case, seed: int | None = None) -> Callable[[], Any]:
    """The call, with data of its own seed or another."""
    arguments, keywords = positional(case, build(case, seed))
    return partial(function, *arguments, **keywords)


class Repetition:
    """More calls after the first: with other data, with the same, and after the inputs and the first result are gone."""

    def __init__(self, function: Any, case: Case, arrays: dict[str, Array], result: Array, kept: Array) -> None:
        self.function, self.case, self.arrays, self.result, self.kept = function, case, arrays, result, kept

    def facts(self) -> list[str]:
        try:
            return list(self._facts())
        except Crashed:
            raise
        except Exception as error:
            return [f"repeat-raises {type(error).__name__}"]

    def _call(self, seed: int | None = None) -> Array:
        result: Array = _bound(self.function, self.case, seed)()
        return result

    def _facts(self) -> Any:
        result, kept = self.result, self.kept
        for turn in range(1, self.case.calls):
            other = self._call(self.case.seed + turn)
            again = self._call()
            if overlap(other, result) or overlap(again, result) or overlap(again, other):
                yield "shares-result"
            if not same_bits(result, kept):
                yield "result-changed"
            if not same_bits(again, kept):
                yield "repeat-differs"
            poison(again)
            poison(other)
            del again, other
        for a in self.arrays.values():
            poison(a)
        if not same_bits(result, kept):
            yield "result-changed"
        poison(result)
        if not same_bits(self._call(), kept):
            yield "repeat-differs"
        yield from self._over_patterns()

    def _over_patterns(self) -> Any:
        """The call where memory holds one pattern, and then another."""
        for byte in PATTERNS:
            call = _bound(self.function, self.case)
            fill_free_memory(byte, self.kept.nbytes)
            with numpy_memory(byte):
                result = call()
            if not same_bits(result, self.kept):
                yield "depends-on-memory"


def overlap(a: Any, b: Any) -> bool:
    """Whether two arrays share an element in memory; where that is hard to tell, whether their extents meet."""
    if not isinstance(a, np.ndarray) or not isinstance(b, np.ndarray) or not np.may_share_memory(a, b):
        return False
    try:
        return bool(np.shares_memory(a, b, max_work=100_000))  # type: ignore[arg-type]
    except Exception:
        return True


def poison(a: Array) -> None:
    """Overwrites the elements of `a`, where it may be written."""
    if a.flags.writeable and a.size and 0 not in a.strides:
        a[...] = np.frombuffer(bytes([POISON]) * a.itemsize, a.dtype)[0]


def _changed(arrays: Mapping[str, Array], before: Mapping[str, bytes]) -> bool:
    return any(a.tobytes() != before[name] for name, a in arrays.items())
