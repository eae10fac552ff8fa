"""The scalar arguments of a call: whole numbers, one an axis, padding in its four spellings, flags and names."""

from __future__ import annotations

import operator
from collections.abc import Sequence
from math import isfinite, prod
from typing import Any

import numpy as np

from convspec import shapes
from convspec.errors import SpecTypeError, SpecValueError

LARGEST = 2**31 - 1
"""No size, stride, dilation or padding may exceed this."""


def rank_of(x: np.ndarray[Any, Any], name: str = "x") -> int:
    """The spatial rank of a layer's input (N, C, *S): 1 to 3, and no spatial axis empty."""
    if not 3 <= x.ndim <= 5:
        raise SpecValueError("error.rank", name, x.shape, "must have 3 to 5 axes, (N, C, *S) with 1 to 3 spatial axes")
    if 0 in x.shape[2:]:
        raise SpecValueError("error.empty-spatial", name, x.shape, "must have no empty spatial axis")
    return x.ndim - 2


def whole(name: str, value: Any, clause: str, least: int = 1) -> int:
    """`value` as an int of at least `least`; numpy integers count, booleans and floats do not."""
    try:
        number = operator.index(value)
    except TypeError:
        number = None
    if number is None or isinstance(value, (bool, np.bool_, np.ndarray)):
        raise SpecTypeError("error.type", name, value, "must be an int")
    if number < least:
        raise SpecValueError(clause, name, value, f"must be at least {least}")
    if number > LARGEST:
        raise SpecValueError("error.too-large", name, value, f"must be at most {LARGEST}")
    return number


def per_axis(name: str, value: Any, rank: int, clause: str, least: int = 1) -> tuple[int, ...]:
    """One int for every axis, from one int for all of them or a sequence of `rank` ints."""
    if not _is_sequence(value):
        return (whole(name, value, clause, least),) * rank
    if len(value) != rank:
        raise SpecValueError("error.length", name, value, f"must be an int or {rank} ints, one a spatial axis")
    return tuple(whole(name, v, clause, least) for v in value)


def shape_of(name: str, value: Any) -> tuple[int, ...]:
    """`value` as the shape of an array: a sequence of ints, none of them negative."""
    if not _is_sequence(value):
        raise SpecTypeError("error.type", name, value, "must be a sequence of ints")
    if len(value) > 8:
        raise SpecValueError("error.rank", name, value, "must have at most 8 axes")
    return tuple(whole(name, v, "error.operand-shape", least=0) for v in value)


def pads_of(
    padding: Any, S: Sequence[int], R: Sequence[int], stride: Sequence[int], dilation: Sequence[int]
) -> tuple[shapes.Pad, ...]:
    """The (before, after) pair of every axis, from any spelling of `padding`."""
    if isinstance(padding, str):
        axes = zip(S, R, stride, dilation, strict=True)
        return tuple(shapes.named_padding(padding, n, k, stride=s, dilation=d) for n, k, s, d in axes)
    rank = len(S)
    if not _is_sequence(padding):
        padding = (padding,) * rank
    if len(padding) != rank:
        raise SpecValueError("error.length", "padding", padding, "must have one entry for each spatial axis")
    return tuple(_pair(p) for p in padding)  # [shape.padding]


def _pair(value: Any) -> shapes.Pad:
    if not _is_sequence(value):
        value = (value, value)
    if len(value) != 2:
        raise SpecValueError("error.length", "padding", value, "must be one int or a pair (before, after) an axis")
    before, after = (whole("padding", v, "error.negative-padding", least=0) for v in value)
    return before, after


def one_of(name: str, value: Any, allowed: Sequence[str]) -> None:
    """Refuses a `value` that is not one of the `allowed` names."""
    if not isinstance(value, str):
        raise SpecTypeError("error.type", name, value, f"must be one of {', '.join(allowed)}")
    if value not in allowed:
        raise SpecValueError("error.string", name, value, f"must be one of {', '.join(allowed)}")


def flag(name: str, value: Any) -> bool:
    """`value` as a bool; nothing else is taken for one."""
    if not isinstance(value, (bool, np.bool_)):
        raise SpecTypeError("error.type", name, value, "must be True or False")
    return bool(value)


def order(p: Any) -> float:
    """The order of an Lp norm: a real number, finite and at least 1."""
    if isinstance(p, (bool, np.bool_)) or not isinstance(p, (int, float, np.integer, np.floating)):
        raise SpecTypeError("error.type", "p", p, "must be a real number")
    try:
        number = float(p)
    except OverflowError:
        number = float("inf")
    if not (isfinite(number) and number >= 1):
        raise SpecValueError("error.order", "p", p, "must be finite and at least 1")
    return number


def output_shape(shape: Sequence[int], dtype: np.dtype[Any]) -> None:
    """Refuses a result that no address space holds; one that memory does not hold is a MemoryError later."""
    size = prod(n for n in shape if n) * dtype.itemsize
    if size >= 2**63:
        raise SpecValueError("error.too-large", "shape of the result", tuple(shape), "must fit into an address space")


def _is_sequence(value: Any) -> bool:
    if isinstance(value, np.ndarray):
        return value.ndim > 0
    return isinstance(value, Sequence) and not isinstance(value, (str, bytes))
