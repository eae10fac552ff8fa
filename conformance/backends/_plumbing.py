"""What the adapters share: the spelling of arguments, and the peers' own words for a refusal. Nothing is checked here.

An argument that is wrong for the law reaches the peer as it came, so that the peer's own refusal is what is judged.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np


def axes(value: Any, rank: int) -> Any:
    """One value for each axis; a sequence stays what it is."""
    return value if isinstance(value, (tuple, list)) else (value,) * rank


def pairs(padding: Any, rank: int) -> list[tuple[Any, ...]]:
    """The padding as one (before, after) pair for each axis."""
    return [tuple(p) if isinstance(p, (tuple, list)) else (p, p) for p in axes(padding, rank)]


def plain(value: Any) -> Any:
    """numpy's integers, alone or in sequences, as Python's."""
    if isinstance(value, (tuple, list)):
        return type(value)(map(plain, value))
    return value.item() if isinstance(value, np.integer) else value


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


def machine_dtype(*operands: Any) -> np.dtype[Any]:
    """The dtype that all operands have, in the byte order of the machine; NotImplementedError for the other order."""
    if not all(np.asarray(a).dtype.isnative for a in operands if a is not None):
        raise NotImplementedError("tensors have the byte order of the machine")
    return one_dtype(*operands)


def asked(*operands: Any) -> int:
    """The number of spatial axes of a call whose operands have one dtype, in the byte order of the machine."""
    machine_dtype(*operands)
    return rank_of(operands[0])


def floating(x: Any) -> None:
    """NotImplementedError for integers, where a peer gives integers and the law floating numbers: averages and norms."""
    if np.asarray(x).dtype.kind != "f":
        raise NotImplementedError("averages and norms of integers are not offered as floating numbers")


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
