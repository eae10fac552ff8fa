"""The backend in the worker as an object that is called like the backend itself, for tests with arrays of their own."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np

from convspec.conformance.verdict import CRASH, HANG, NOT_OFFERED, Difference, Outcome

if TYPE_CHECKING:
    from convspec.conformance.judge import Trial


class NotOffered(Exception):
    """The backend does not offer the call."""


class Remote:
    """Operators by name; an exception of the backend is a violation of the test's clause, a refusal to offer is none."""

    def __init__(self, trial: Trial) -> None:
        self._trial = trial

    def __getattr__(self, op: str) -> Callable[..., np.ndarray[Any, Any]]:
        def call(*arguments: Any, **keywords: Any) -> np.ndarray[Any, Any]:
            return self._call(op, arguments, keywords)

        return call

    def _call(self, op: str, arguments: tuple[Any, ...], keywords: dict[str, Any]) -> np.ndarray[Any, Any]:
        if op not in self._trial.run.host.profile.operators:
            self._trial.count(Outcome(NOT_OFFERED))
            raise NotOffered
        seen = self._trial.observe((op, arguments, keywords))
        if "NotImplementedError" in seen.error:
            self._trial.count(Outcome(NOT_OFFERED))
            raise NotOffered
        self._trial.count(Outcome("conforms"))
        if seen.kind != "result":
            verdict = seen.kind if seen.kind in (CRASH, HANG) else "violates"
            self._trial.accuse(None, Difference("a result", seen.message), verdict)
        result: np.ndarray[Any, Any] = seen.value
        return result
