"""One argument of a call as text without blanks, and back: whole numbers, real numbers, names, flags and sequences."""

from __future__ import annotations

import re
from typing import Any

import numpy as np

_NAME = re.compile(r"[a-z_]+")
_WHOLE = re.compile(r"[+-]?\d+")
_REAL = re.compile(r"[+-]?(\d+\.\d*(e[+-]?\d+)?|\d+e[+-]?\d+|inf|nan)")
_RESERVED = {"True": True, "False": False, "None": None}


def encode(value: Any) -> str:
    """`value` as text: 2, 2n (a numpy integer), 1.5, True, None, same, 1,2 (a tuple), [1,2] (a list), 1:2,0:0 (pairs)."""
    if isinstance(value, list):
        return f"[{_join(value, ',').removesuffix(',').removeprefix('()')}]"
    return _join(value, ",") if isinstance(value, tuple) else _atom(value)


def _join(value: list[Any] | tuple[Any, ...], separator: str) -> str:
    parts = [_join(v, ":") if isinstance(v, tuple) else _atom(v) for v in value]
    if len(parts) == 1:
        return parts[0] + separator
    return separator.join(parts) if parts else "()"


def _atom(value: Any) -> str:
    if isinstance(value, np.integer):
        return f"{value}n"
    if value is None or isinstance(value, (bool, int)):
        return str(value)
    if isinstance(value, float):
        text = repr(value)
        return text if _REAL.fullmatch(text) else f"{text}.0"
    if isinstance(value, str) and _NAME.fullmatch(value) and value not in ("inf", "nan"):
        return value
    raise ValueError(f"{value!r} cannot be written in a case")


def decode(text: str) -> Any:
    """The value that `encode` wrote as `text`."""
    if text.startswith("[") and text.endswith("]"):
        return list(_split(text[1:-1], ","))
    if "," in text or text == "()":
        return _split(text, ",")
    return _split(text, ":") if ":" in text else _parse(text)


def _split(text: str, separator: str) -> tuple[Any, ...]:
    if text in ("()", ""):
        return ()
    parts = text.removesuffix(separator).split(separator)
    if separator == ",":
        return tuple(_split(part, ":") if ":" in part or part == "()" else _parse(part) for part in parts)
    return tuple(_parse(part) for part in parts)


def _parse(text: str) -> Any:
    if text in _RESERVED:
        return _RESERVED[text]
    if _WHOLE.fullmatch(text):
        return int(text)
    if _WHOLE.fullmatch(text.removesuffix("n")):
        return np.int64(text[:-1])
    if _REAL.fullmatch(text):
        return float(text)
    if _NAME.fullmatch(text):
        return text
    raise ValueError(f"{text!r} is no number, name, flag or sequence")
