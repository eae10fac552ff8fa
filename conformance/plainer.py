"""Plainer forms of a case, for a backend that declines the first: one number for all axes, no dilation, another rank."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from typing import Any

from convspec import GRADIENTS, IMAGE_OPERATORS
from convspec.conformance import derived
from convspec.conformance.case import Case, Operand
from convspec.errors import SpecError

TILED = ("local_conv", "tiled_conv")


def plainer(case: Case) -> Iterator[Case]:
    """Candidates, the nearest first. They may mean something else: the caller keeps those that the law judges alike."""
    if case.op in GRADIENTS:
        yield from _plainer_gradients(case)
        return
    seen = {case.text}
    for candidate in _candidates(case):
        if candidate.text not in seen:
            seen.add(candidate.text)
            yield candidate


def _plainer_gradients(case: Case) -> Iterator[Case]:
    """The gradients of the plainer forms of a valid case of the operator."""
    shapes = [value for name, value in case.arguments if name.endswith("_shape")]
    if not all(isinstance(shape, tuple) and all(type(n) is int and n >= 0 for n in shape) for shape in shapes):
        return
    forward = derived.forward(case)
    for candidate in plainer(forward) if forward else ():
        with suppress(SpecError):
            yield derived.gradient(candidate, case.op)


def _candidates(case: Case) -> Iterator[Case]:
    ranks = [rank for rank in (2, 1, 3) if rank != spatial_rank(case)]
    for pick in (0, -1):
        single = case.but(arguments=tuple((name, _single(value, pick, case)) for name, value in case.arguments))
        yield single
        yield _without(single, "dilation")
        yield _without(single, "dilation", "groups", "boundary")
        for rank in ranks:
            yield from (reranked(c, rank) for c in (single, _without(single, "dilation")))


def spatial_rank(case: Case) -> int:
    """The number of spatial axes, as far as the first operand tells."""
    n = len(case.arrays[0][1].shape)
    return n if case.op in IMAGE_OPERATORS else n - 2


def _single(value: Any, pick: int, case: Case) -> Any:
    """One number in place of one an axis; sequences of the wrong length stay."""
    if not isinstance(value, (tuple, list)) or len(value) != spatial_rank(case) or not value:
        return value
    chosen = value[pick]
    return chosen[pick] if isinstance(chosen, tuple) and len(chosen) == 2 else chosen


def _without(case: Case, *names: str) -> Case:
    return case.but(arguments=tuple((name, value) for name, value in case.arguments if name not in names))


def reranked(case: Case, rank: int) -> Case:
    """The case with other spatial axes: the last ones are dropped, or repeated."""
    old = spatial_rank(case)

    def resized(axes: tuple[int, ...]) -> tuple[int, ...]:
        return (axes + axes[-1:] * rank)[:rank] if axes else axes

    def shape(name: str, dims: tuple[int, ...]) -> tuple[int, ...]:
        if old < 1 or len(dims) < old:
            return dims
        if case.op in TILED and name == "w" and len(dims) == 2 * old + 2:
            return (dims[0], *resized(dims[1 : old + 1]), dims[old + 1], *resized(dims[old + 2 :]))
        if case.op in TILED and name == "b":
            return (dims[0], *resized(dims[1:]))
        return dims if name == "b" else (*dims[: len(dims) - old], *resized(dims[len(dims) - old :]))

    arrays = tuple((name, Operand(shape(name, operand.shape), operand.dtype)) for name, operand in case.arrays)
    arguments = tuple(
        (name, resized(value) if isinstance(value, tuple) and len(value) == old else value)
        for name, value in case.arguments
    )
    return case.but(arrays=arrays, arguments=arguments, put=())
