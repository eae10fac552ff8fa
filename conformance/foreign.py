"""What backends in other languages are handed: operands in C order and native byte order, and every argument as numbers.

A binding has to spell a call out for such a backend, and so the spellings of the law are resolved here: one number for
all axes, names of padding, what is left out. Whether the numbers are allowed is for the backend to say.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Sequence
from functools import cache, partial
from typing import Any

import numpy as np

from convspec import GRADIENTS, arguments
from convspec.conformance.case import ARRAYS
from convspec.signatures import Operators
from convspec.signatures_gradients import Gradients

Array = np.ndarray[Any, Any]
DTYPES = ("float32", "float64", "int8", "int16", "int32", "int64", "uint8", "uint16", "uint32", "uint64")
AXES = 8
"""How many axes an operand may have."""
LARGEST = 2**33
"""Bytes of a result beyond which no memory is asked for."""
ANY = -(2**63)
"""No lower limit: the backend has its own."""


@cache
def signature(op: str) -> inspect.Signature:
    """The signature of an operator, as the law has it."""
    return inspect.signature(getattr(Gradients if op in GRADIENTS else Operators, op))


def spelled_out(
    op: str, positional: Sequence[Any], keywords: dict[str, Any]
) -> tuple[list[Array | None], dict[str, Any]]:
    """The operands of a call, None for a bias that is not there, and its other arguments in full."""
    bound = signature(op).bind(None, *positional, **keywords)
    bound.apply_defaults()
    values = dict(bound.arguments)
    del values["self"]
    operands = {n: None if n == "b" and values[n] is None else operand(values[n]) for n in ARRAYS[op]}
    given = {name: value for name, value in values.items() if name not in ARRAYS[op]}
    found: dict[str, Any] = {name: _shape(name, given.pop(name)) for name in list(given) if name.endswith("_shape")}
    shapes = {name[0]: tuple(shape) for name, shape in found.items()}
    shapes |= {name: a.shape for name, a in operands.items() if a is not None}
    if op.startswith("channel_pool"):
        size = arguments.whole("size", given["size"], "error.type", ANY)
        stride = size if given["stride"] is None else arguments.whole("stride", given["stride"], "error.type", ANY)
        found |= {"size": [size], "stride": [stride], **_names({k: given[k] for k in ("kind", "p")})}
    elif "stride" in given:
        found |= _windows(op, shapes, given)
    else:
        found |= _names(given)
    return list(operands.values()), found


def _shape(name: str, value: Any) -> list[int]:
    """The shape of what a gradient gives."""
    if not isinstance(value, (tuple, list)):
        raise TypeError(f"{name} must be a sequence of ints")
    if len(value) > AXES:
        raise ValueError(f"{name} has at most {AXES} entries")
    return [arguments.whole(name, n, "error.type", ANY) for n in value]


def operand(value: Any) -> Array:
    """An operand in C order and native byte order, of a dtype that has a name here."""
    a = np.asarray(value)
    if a.dtype.newbyteorder("=").name not in DTYPES:
        raise TypeError(f"operands of dtype {a.dtype} are not accepted")
    if a.ndim > AXES:
        raise ValueError(f"operands have at most {AXES} axes")
    return np.array(a, a.dtype.newbyteorder("="), order="C", copy=True)


def _windows(op: str, shapes: dict[str, Any], given: dict[str, Any]) -> dict[str, Any]:
    """The arguments of windows, one number an axis."""
    found: dict[str, Any] = {}
    rank = max(0, len(shapes["dy" if op in GRADIENTS else "x"]) - 2)
    if given["stride"] is None:
        given["stride"] = given["size"]
    for name in ("size", "stride", "dilation", "output_padding"):
        if name in given:
            found[name] = list(arguments.per_axis(name, given[name], rank, "error.type", ANY))
    w = shapes.get("w", ())
    R = found.get("size", w[max(0, len(w) - rank) :])
    if isinstance(given["padding"], str) and (op.startswith("conv_transpose") or min(found["stride"], default=1) < 1):
        raise ValueError("padding has no names here")
    S = (*shapes["x"][2:], *(1,) * rank)[:rank]  # where it has another rank, the backend refuses it
    pads = arguments.pads_of(given["padding"], S, R, found["stride"], found["dilation"])
    found["before"], found["after"] = [list(side) for side in zip(*pads, strict=True)] or [[], []]
    if "groups" in given:
        found["groups"] = arguments.whole("groups", given["groups"], "error.type", ANY)
    return found | _names({k: v for k, v in given.items() if k in ("ceil_mode", "count_include_pad", "p")})


def _names(given: dict[str, Any]) -> dict[str, Any]:
    """Names, flags and real numbers, of the right types."""
    for name, value in given.items():
        if name in ("ceil_mode", "count_include_pad"):
            given[name] = arguments.flag(name, value)
        elif name in ("p", "fillvalue"):
            if isinstance(value, (bool, np.bool_)) or not isinstance(value, (int, float, np.integer, np.floating)):
                raise TypeError(f"{name} must be a real number")
            given[name] = _real(name, value)
        elif not isinstance(value, str):
            raise TypeError(f"{name} must be a name")
    return given


def _real(name: str, value: Any) -> float:
    try:
        number = float(value)
    except OverflowError as error:
        raise ValueError(f"{name} is too large") from error
    if isinstance(value, (int, np.integer)) and int(number) != int(value):
        raise NotImplementedError(f"{name} does not fit into a float64")
    return number


class Foreign:
    """A backend in another language: an attribute for each operator that it offers."""

    def __init__(self, operators: Sequence[str], about: dict[str, Any]) -> None:
        self.policies: Any = about.get("policies", {})
        self.numerics: Any = about.get("numerics", {})
        self.chain = about.get("chain", False) is True
        self.effort: Any = about.get("effort", 1.0)
        self.__version__ = str(about.get("version", ""))
        for op in operators:
            call: Callable[..., Array] = partial(self._operator, op)
            setattr(self, op, call)

    def _operator(self, op: str, *positional: Any, **keywords: Any) -> Array:
        operands, numbers = spelled_out(op, positional, keywords)
        return self.call(op, operands, numbers)

    def call(self, op: str, operands: list[Array | None], numbers: dict[str, Any]) -> Array:
        """The result of a call that is spelled out."""
        raise NotImplementedError


def allocated(shape: Sequence[Any], dtype: str) -> np.dtype[Any]:
    """The dtype of a result that a backend announces; RuntimeError where there is no such array."""
    if dtype not in DTYPES or len(shape) > AXES or not all(type(n) is int and n >= 0 for n in shape):
        raise RuntimeError(f"the result has dtype {dtype!r} and shape {list(shape)}")
    size = np.dtype(dtype).itemsize
    for n in shape:
        size *= n
    if size > LARGEST:
        raise MemoryError(f"the result has {size} bytes")
    return np.dtype(dtype)


def refused(status: object, message: str) -> Exception:
    """The exception for a call that a backend does not carry out."""
    known = {"not offered": NotImplementedError, "invalid": ValueError, 1: NotImplementedError, 2: ValueError}
    return known[status](message) if status in known else RuntimeError(f"the status is {status!r} {message}")
