"""A case: one call of one operator as frozen data, and as one line of text.

    conv x=2x3x5x7:float32 w=4x3x3x3:float32 b=4:float32 stride=2,1 padding=1:2,0:0 data=small seed=7 layout=negative

Arrays are given by shape and dtype; their elements follow from the kind of `data` and the `seed`. `layout` is one for all
arrays or one for each (x:negative,w:swapped); `put` places single values (x[0,1]=nan;w[0]=inf); `calls` asks for repeated
calls, and `place` for one in another thread, beside others
like it, or in a forked process. What is left out has its default, and an argument that
is left out is not passed.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import product
from typing import Any

from convspec import LAYER_OPERATORS, POOL_OPERATORS
from convspec.conformance import values

ARRAYS: dict[str, tuple[str, ...]] = {
    **dict.fromkeys(("convolve", "correlate"), ("in1", "in2")),
    **dict.fromkeys(("conv", "conv_transpose", "local_conv", "tiled_conv"), ("x", "w", "b")),
    **dict.fromkeys(("max_pool", "avg_pool", "lp_pool", "channel_pool"), ("x",)),
    **{
        f"{op}_grad_{of}": ("dy", *by)
        for op in LAYER_OPERATORS
        for of, by in (("input", "w"), ("weight", "x"), ("bias", ""))
    },
    **{f"{op}_grad": ("dy", "x") for op in POOL_OPERATORS if op != "avg_pool"},
    "avg_pool_grad": ("dy",),
}
"""The array arguments of each operator; only the bias `b` may be absent."""

_CONV = ("stride", "padding", "dilation", "groups")
_POOL = ("size", "stride", "padding", "dilation", "ceil_mode")
ARGUMENTS: dict[str, tuple[str, ...]] = {
    **dict.fromkeys(("convolve", "correlate"), ("mode", "boundary", "fillvalue")),
    **dict.fromkeys(("conv", "local_conv", "tiled_conv"), _CONV),
    "conv_transpose": ("stride", "padding", "output_padding", "dilation", "groups"),
    "max_pool": _POOL,
    "avg_pool": (*_POOL, "count_include_pad"),
    "lp_pool": (*_POOL, "p"),
    "channel_pool": ("size", "stride", "kind", "p"),
}
ARGUMENTS |= {f"{op}_grad_input": ("x_shape", *ARGUMENTS[op]) for op in LAYER_OPERATORS}
ARGUMENTS |= {f"{op}_grad_weight": ("w_shape", *ARGUMENTS[op]) for op in LAYER_OPERATORS}
ARGUMENTS |= {f"{op}_grad_bias": ("b_shape",) if op == "tiled_conv" else () for op in LAYER_OPERATORS}
ARGUMENTS |= {f"{op}_grad": (("x_shape",) if op == "avg_pool" else ()) + ARGUMENTS[op] for op in POOL_OPERATORS}
"""The other arguments of each operator; those of `POSITIONAL` go by position, the rest by keyword."""

POSITIONAL = ("x_shape", "w_shape", "b_shape", "size")

PLACES = ("main", "thread", "together", "fork")
"""Where a case is called: anywhere but in the main thread, after a call there."""

KINDS = ("small", "wide", "real", "special")
"""Small integers, integers that fill the significand, bounded real numbers, special values."""

_OPERAND = re.compile(r"(-|\d+(?:x\d+)*):([a-z]+\d*)")
_PUT = re.compile(r"(\w+)\[(\d+(?:,\d+)*)\]=([-+.\w]+)")


class CaseError(ValueError):
    """A text that is not a case."""


@dataclass(frozen=True)
class Operand:
    """An array argument: its shape and the name of its dtype."""

    shape: tuple[int, ...]
    dtype: str = "float32"

    def __str__(self) -> str:
        return f"{'x'.join(map(str, self.shape)) or '-'}:{self.dtype}"


@dataclass(frozen=True)
class Put:
    """One element that is set by hand: `value` is a number or one of max, min, tiny (normal), least (subnormal)."""

    array: str
    index: tuple[int, ...]
    value: str

    def __str__(self) -> str:
        return f"{self.array}[{','.join(map(str, self.index))}]={self.value}"


@dataclass(frozen=True)
class Case:
    """One call: the operator, its operands and other arguments by name, and how the operands are made."""

    op: str
    arrays: tuple[tuple[str, Operand], ...]
    arguments: tuple[tuple[str, Any], ...] = ()
    data: str = "small"
    seed: int = 0
    layout: str = "plain"
    put: tuple[Put, ...] = ()
    calls: int = 1
    place: str = "main"

    @cached_property
    def text(self) -> str:
        """The case in one line."""
        parts = [self.op]
        parts += [f"{name}={operand}" for name, operand in self.arrays]
        parts += [f"{name}={values.encode(value)}" for name, value in self.arguments]
        parts += [f"data={self.data}", f"seed={self.seed}"]
        parts += [f"layout={self.layout}"] if self.layout != "plain" else []
        parts += [f"put={';'.join(map(str, self.put))}"] if self.put else []
        parts += [f"calls={self.calls}"] if self.calls != 1 else []
        parts += [f"place={self.place}"] if self.place != "main" else []
        return " ".join(parts)

    @property
    def operands(self) -> dict[str, Operand]:
        """The operands by name."""
        return dict(self.arrays)

    def layout_of(self, name: str) -> str:
        """The memory layout of the array `name`."""
        if ":" not in self.layout:
            return self.layout
        return dict(part.split(":") for part in self.layout.split(",")).get(name, "plain")

    def but(self, **changes: Any) -> Case:
        """The case with some fields changed."""
        return replace(self, **changes)


def make(op: str, arrays: Mapping[str, tuple[tuple[int, ...], str]], arguments: Mapping[str, Any], **rest: Any) -> Case:
    """A case from dicts, in the order of the operator's signature; an operand is (shape, dtype)."""
    unknown = set(arrays) - set(ARRAYS[op]) | set(arguments) - set(ARGUMENTS[op])
    if unknown:
        raise CaseError(f"{op} has no argument {', '.join(sorted(unknown))}")
    missing = set(ARRAYS[op]) - set(arrays) - {"b"}
    missing |= {name for name in POSITIONAL if name in ARGUMENTS[op]} - set(arguments)
    if missing:
        raise CaseError(f"{op} lacks {', '.join(sorted(missing))}")
    operands = tuple((name, Operand(*arrays[name])) for name in ARRAYS[op] if name in arrays)
    return Case(op, operands, tuple((name, arguments[name]) for name in ARGUMENTS[op] if name in arguments), **rest)


def filled(case: Case, name: str, value: str) -> Case:
    """The case with one value in place of every element of an operand."""
    return case.but(put=tuple(Put(name, i, value) for i in product(*map(range, case.operands[name].shape))))


def parse(text: str) -> Case:
    """The case that `text` describes; CaseError says what is wrong with it."""
    op, *parts = text.split() or [""]
    if op not in ARRAYS:
        raise CaseError(f"a case starts with one of {', '.join(ARRAYS)}, not {op!r}")
    fields: dict[str, str] = {}
    for part in parts:
        key, sign, value = part.partition("=")
        if not sign or not value or key in fields:
            raise CaseError(f"{part!r} is not a new key=value")
        fields[key] = value
    try:
        return _from_fields(op, fields)
    except CaseError:
        raise
    except ValueError as error:
        raise CaseError(str(error)) from error


def _from_fields(op: str, fields: dict[str, str]) -> Case:
    rest: dict[str, Any] = {key: fields.pop(key) for key in ("data", "layout", "place") if key in fields}
    rest |= {key: int(fields.pop(key)) for key in ("seed", "calls") if key in fields}
    if "put" in fields:
        rest["put"] = tuple(_put(part) for part in fields.pop("put").split(";"))
    if rest.get("data", "small") not in KINDS:
        raise CaseError(f"data is one of {', '.join(KINDS)}, not {rest['data']!r}")
    if rest.get("place", "main") not in PLACES:
        raise CaseError(f"place is one of {', '.join(PLACES)}, not {rest['place']!r}")
    arrays = {name: _operand(fields.pop(name)) for name in ARRAYS[op] if name in fields}
    case = make(op, arrays, {name: values.decode(value) for name, value in fields.items()}, **rest)
    if case.calls < 1 or not 0 <= case.seed < 2**63:
        raise CaseError("calls starts at 1, and seed lies in 0 to 2^63 - 1")
    return case


def _operand(text: str) -> tuple[tuple[int, ...], str]:
    match = _OPERAND.fullmatch(text)
    if not match:
        raise CaseError(f"an array is written like 2x3x5x7:float32, not {text!r}")
    shape, dtype = match.groups()
    return (() if shape == "-" else tuple(map(int, shape.split("x")))), dtype


def _put(text: str) -> Put:
    match = _PUT.fullmatch(text)
    if not match:
        raise CaseError(f"a placed value is written like x[0,1]=nan, not {text!r}")
    name, index, value = match.groups()
    return Put(name, tuple(map(int, index.split(","))), value)
