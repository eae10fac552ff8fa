"""The two errors of the law: each names the clause, the argument, its value and what is allowed."""

from __future__ import annotations


class SpecError(Exception):
    """A call that the law forbids. Base of both kinds, so that one `except` catches them."""

    def __init__(self, clause: str, argument: str, value: object, allowed: str) -> None:
        self.clause, self.argument, self.value, self.allowed = clause, argument, value, allowed
        self.shown = _short(value)
        super().__init__(f"{argument} = {self.shown}: {allowed} [{clause}]")  # [error.names]

    def __reduce__(self) -> tuple[type[SpecError], tuple[str, str, object, str]]:
        return type(self), (self.clause, self.argument, self.value, self.allowed)


class SpecValueError(SpecError, ValueError):
    """The type is right and the value is not."""


class SpecTypeError(SpecError, TypeError):
    """The type is not one the operator takes."""


def _short(value: object, limit: int = 80) -> str:
    """`value` in one line of an error message."""
    text = " ".join(repr(value).split())
    return text if len(text) <= limit else text[: limit - 3] + "..."
