"""Which numbers the operators take and what they give back."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from convspec.errors import SpecTypeError, SpecValueError
from convspec.policies import DEFAULTS

INTEGERS = tuple(np.dtype(name) for name in ("int8", "int16", "int32", "int64", "uint8", "uint16", "uint32", "uint64"))
FLOATS = (np.dtype("float32"), np.dtype("float64"))


def array(name: str, value: Any) -> np.ndarray[Any, Any]:
    """`value` as an ndarray of a dtype that the law takes; nothing is copied if it is one already."""
    if isinstance(value, np.ma.MaskedArray):
        raise SpecTypeError("error.dtype", name, type(value), "must not be masked: no operator knows of masks")
    try:
        a = np.asarray(value)
    except (ValueError, TypeError) as error:
        raise SpecTypeError("error.dtype", name, type(value), "must be an array of numbers") from error
    if a.dtype not in _ACCEPTED:
        raise SpecTypeError(
            "error.dtype", name, a.dtype, "must hold int8 to int64, uint8 to uint64, float32 or float64"
        )
    return a


def of_sum(*operands: np.ndarray[Any, Any], policies: Mapping[str, str] = DEFAULTS) -> np.dtype[Any]:
    """The dtype of a sum of products: int32 of 8-bit integers, int64 of other integers, else numpy's promotion.

    Under the policy integer_result = "same" it is the promotion of the first two operands instead.
    """
    kinds = {a.dtype.kind for a in operands}
    if kinds <= {"i", "u"} and policies["integer_result"] == "widen":
        return np.dtype(np.int32 if all(a.dtype.itemsize == 1 for a in operands) else np.int64)  # [number.integers]
    if kinds <= {"i", "u"}:
        operands = operands[:2]  # [policy.integer-result]
    promoted: np.dtype[Any] = np.dtype(np.result_type(*(a.dtype for a in operands)))
    return np.dtype(promoted.newbyteorder("="))  # [number.floats]


def of_maximum(x: np.ndarray[Any, Any]) -> np.dtype[Any]:
    """The dtype of a maximum: that of `x`."""
    native: np.dtype[Any] = x.dtype.newbyteorder("=")
    return native


def of_mean(x: np.ndarray[Any, Any]) -> np.dtype[Any]:
    """The dtype of an average or a norm: that of `x` if it is floating, else float64."""
    return x.dtype.newbyteorder("=") if x.dtype.kind == "f" else np.dtype(np.float64)  # [number.integer-mean]


def exact_scalar(name: str, value: Any, dtype: np.dtype[Any]) -> int | float:
    """`value` as a Python number that `dtype` represents exactly (NaN and infinities too, if it is floating)."""
    refused = isinstance(value, (bool, np.longdouble))
    if refused or not isinstance(value, (int, float, np.integer, np.floating)):
        raise SpecTypeError("error.type", name, value, "must be a real number of at most 64 bits")
    number = int(value) if isinstance(value, (int, np.integer)) else float(value)
    if dtype.kind == "f":
        try:
            with np.errstate(over="ignore"):
                kept = float(dtype.type(number))
        except OverflowError:
            kept = np.inf
        if kept == number or number != number:
            return kept
    elif np.iinfo(dtype).min <= number <= np.iinfo(dtype).max and int(number) == number:
        return int(number)
    raise SpecValueError("image.fillvalue", name, value, f"must be exact in the result's dtype, {dtype}")


_ACCEPTED = frozenset(t.newbyteorder(order) for t in (*INTEGERS, *FLOATS) for order in ("<", ">"))
