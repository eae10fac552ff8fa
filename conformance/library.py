"""A shared library as a backend: the C functions of convspec_backend.h, called through ctypes, guards around each buffer."""

from __future__ import annotations

import ctypes
import json
import zlib
from pathlib import Path
from typing import Any

import numpy as np

from convspec import OPERATORS
from convspec.conformance.foreign import AXES, DTYPES, Array, Foreign, allocated, refused
from convspec.conformance.guards import guarded, intact, seal
from convspec.conformance.seen import Crashed

_PER_AXIS = ctypes.c_int64 * AXES
_LISTS = ("size", "stride", "dilation", "before", "after", "output_padding")
_TEXTS = ("kind", "mode", "boundary")
_SHAPES = ("x_shape", "w_shape", "b_shape")
"""What a gradient may be given; each has one at most, which goes by the name of `shape`."""
PATTERNS = (0x7B, 0xFF)
"""The bytes that a result holds before it is computed, by turns."""


class _Array(ctypes.Structure):
    _fields_ = (
        ("data", ctypes.c_void_p), ("dtype", ctypes.c_int32), ("axes", ctypes.c_int32), ("shape", _PER_AXIS),
    )  # fmt: skip


class _Arguments(ctypes.Structure):
    _fields_ = (
        *((name, _PER_AXIS) for name in _LISTS), ("groups", ctypes.c_int64),
        ("ceil_mode", ctypes.c_int32), ("count_include_pad", ctypes.c_int32),
        ("p", ctypes.c_double), ("fillvalue", ctypes.c_double), *((name, ctypes.c_char_p) for name in _TEXTS),
        ("axes", ctypes.c_int32), ("shape", _PER_AXIS),
    )  # fmt: skip


class Library(Foreign):
    """The operators of one shared library."""

    guards = True

    def __init__(self, path: str) -> None:
        self.path, self.turn = path, 0
        self._library = ctypes.CDLL(str(Path(path).resolve()))
        offered = [op for op in OPERATORS if hasattr(self._library, f"convspec_{op}")]
        super().__init__(offered, json.loads(self._text("convspec_about") or "{}"))

    def _text(self, name: str) -> str:
        """What one of the optional functions says."""
        if not hasattr(self._library, name):
            return ""
        function = getattr(self._library, name)
        function.restype = ctypes.c_char_p
        return (function() or b"").decode(errors="replace")

    def call(self, op: str, operands: list[Array | None], numbers: dict[str, Any]) -> Array:
        """Two calls of the C function: for the shape, and for the elements."""
        side = ("after", "before")[zlib.crc32(repr([a is not None and a.shape for a in operands]).encode()) % 2]
        inputs = [None if a is None else guarded(a, side) for a in operands]
        for a in inputs:
            if a is not None:
                seal(a)
        given, spoken = (_Array * len(inputs))(*map(_described, inputs)), _arguments(numbers)
        result = _Array()
        self._run(op, given, spoken, result)
        known = DTYPES[result.dtype - 1] if 1 <= result.dtype <= len(DTYPES) else f"number {result.dtype}"
        shape = list(result.shape[: max(0, min(result.axes, AXES))])
        if len(shape) != result.axes:
            raise RuntimeError(f"the result has {result.axes} axes")
        y = guarded(self._unwritten(shape, allocated(shape, known)), side)
        result.data = y.ctypes.data
        self._run(op, given, spoken, result)
        if not intact(y):
            raise Crashed("the library wrote outside its result")
        return y.copy()

    def _run(self, op: str, given: Any, spoken: _Arguments, result: _Array) -> None:
        function = getattr(self._library, f"convspec_{op}")
        status = function(given, ctypes.byref(spoken), ctypes.byref(result))
        if status:
            raise refused(status, self._text("convspec_message"))

    def _unwritten(self, shape: list[int], dtype: np.dtype[Any]) -> Array:
        """An array of one pattern, another one at each call."""
        self.turn += 1
        y = np.empty(shape, dtype)
        y.reshape(-1).view(np.uint8)[...] = PATTERNS[self.turn % 2]
        return y


def _described(a: Array | None) -> _Array:
    if a is None:
        return _Array()
    return _Array(a.ctypes.data, DTYPES.index(a.dtype.name) + 1, a.ndim, _PER_AXIS(*a.shape))


def _arguments(numbers: dict[str, Any]) -> _Arguments:
    spoken = _Arguments()
    for name, value in numbers.items():
        if name in _SHAPES:
            name, spoken.axes = "shape", len(value)
        if isinstance(value, list):
            value = _PER_AXIS(*value)
        setattr(spoken, name, value.encode() if isinstance(value, str) else value)
    return spoken
