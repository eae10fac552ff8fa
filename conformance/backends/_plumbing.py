"""What the adapters share: the spelling of arguments, and the peers' own words for a refusal. Nothing is checked here.

An argument that is wrong for the law reaches the peer as it came, so that the peer's own refusal is what is judged.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial, wraps
from typing import Any

import numpy as np

from convspec.conformance.case import Case
from convspec.conformance.data import build
from convspec.conformance.observe import positional


def axes(value: Any, rank: int) -> Any:
    """One value for each axis; a sequence stays what it is."""
    return value if isinstance(value, (tuple, list)) else (value,) * rank


def pairs(padding: Any, rank: int) -> list[tuple[Any, ...]]:
    """The padding as one (before, after) pair for each axis."""
    return [tuple(p) if isinstance(p, (tuple, list)) else (p, p) for p in axes(padding, rank)]


def symmetric(padding: Any) -> Any:
    """The padding as a number or one for each axis; NotImplementedError where before and after differ."""
    if not isinstance(padding, (tuple, list)):
        return padding
    numbers = []
    for p in padding:
        if isinstance(p, (tuple, list)):
            if len(p) == 2 and p[0] != p[1]:
                raise NotImplementedError("padding before and after an axis is the same number")
            p = p[0] if len(p) == 2 else p
        numbers.append(p)
    return tuple(numbers)


def only(what: str, value: Any, *accepted: Any) -> None:
    """NotImplementedError where an argument that the peer does not know has another value than those it implies."""
    values = value if isinstance(value, (tuple, list)) else (value,)
    if not all(any(type(v) is type(a) and v == a for a in accepted) for v in values):
        raise NotImplementedError(f"{what} other than {accepted[0]!r} is not offered")


def rank_of(x: Any) -> int:
    """The number of spatial axes of a batch; NotImplementedError where the peer has no function for it."""
    rank = np.ndim(x) - 2
    if not 1 <= rank <= 3:
        raise NotImplementedError(f"there is no operator for {rank} spatial axes")
    return rank


def one_dtype(*operands: Any) -> np.dtype[Any]:
    """The dtype that all operands have; NotImplementedError for mixtures, which the peer does not promote."""
    kinds = {np.asarray(a).dtype.newbyteorder("=") for a in operands if a is not None}
    if len(kinds) > 1:
        raise NotImplementedError("operands of different dtypes are not offered")
    return kinds.pop()


@contextmanager
def refusals(*classes: type[Exception], not_offered: tuple[str, ...] = ()) -> Iterator[None]:
    """The exceptions by which the peer refuses a call, as ValueError, or NotImplementedError where it says `not_offered`."""
    try:
        yield
    except NotImplementedError:
        raise
    except classes as error:
        said = f"{type(error).__name__}: {error}"
        if any(words in said for words in not_offered):
            raise NotImplementedError(said) from error
        raise ValueError(said) from error


class Words:
    """How an adapter speaks to its peer, so that a bug report makes the very call that was judged.

    An operator of the adapter checks and spells its arguments and gives a `partial` of a function that uses nothing but the
    peer's API, numpy and the names that `imports` binds. That is called; a bug report is its source and the call.
    """

    def __init__(self, imports: str, *refused: type[Exception], not_offered: tuple[str, ...] = ()) -> None:
        self._imports, self._refused, self._not_offered = imports, refused, not_offered
        self._spell: dict[str, Callable[..., partial[Any]]] = {}

    def __call__(self, spell: Callable[..., partial[Any]]) -> Callable[..., Any]:
        """The operator that does what `spell` gives."""
        self._spell[spell.__name__] = spell

        @wraps(spell)
        def operator(*operands: Any, **keywords: Any) -> Any:
            with refusals(*self._refused, not_offered=self._not_offered):
                return spell(*operands, **keywords)()

        return operator

    def snippet(self, case: Case) -> str:
        """The call as a script, from the imports to y."""
        arrays = build(case)
        operands, keywords = positional(case, arrays)
        call = self._spell[case.op](*operands, **keywords)
        names = {id(a): name for name, a in arrays.items()}
        given = [names.get(id(a)) or repr(a) for a in call.args]
        given += [f"{key}={value!r}" for key, value in call.keywords.items()]
        source = inspect.getsource(call.func)
        return f"{self._imports}\n\n\n{source}\n\ny = {call.func.__name__}({', '.join(given)})"
