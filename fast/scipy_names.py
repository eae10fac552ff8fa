"""convolve2d and correlate2d under scipy.signal's names, arguments and defaults, with its results and dtypes.

The dtype is numpy's promotion of both operands, and integers wrap in it; complex numbers and long double are taken too.
`correlate2d` conjugates in2 and begins "same" at index k // 2 of the full result.
"""

from __future__ import annotations

from dataclasses import replace
from itertools import product
from typing import Any

import numpy as np

from convspec import checks
from convspec.fast import options, windows
from convspec.fast._kernels import recall
from convspec.fast.calls import operand, prepare, run
from convspec.fast.images import filtered
from convspec.params import Array, Image
from convspec.policies import DEFAULTS

BOUNDARIES = {"fill": "fill", "pad": "fill", "wrap": "wrap", "circular": "wrap", "symm": "symm", "symmetric": "symm"}
KEPT = {**DEFAULTS, "integer_result": "same"}
TAKEN = "bBhHiIlLqQfdgFDG"


def convolve2d(in1: Any, in2: Any, mode: Any = "full", boundary: Any = "fill", fillvalue: Any = 0) -> Array:
    """scipy.signal.convolve2d: two 2-D arrays; errors are ValueErrors, where scipy raises them."""
    return _filter("convolve", in1, in2, mode, boundary, fillvalue)


def correlate2d(in1: Any, in2: Any, mode: Any = "full", boundary: Any = "fill", fillvalue: Any = 0) -> Array:
    """scipy.signal.correlate2d: z[m] = sum_t in1[m - (k - 1) + t] conj(in2[t])."""
    return _filter("correlate", in1, in2, mode, boundary, fillvalue)


def _filter(op: str, in1: Any, in2: Any, mode: Any, boundary: Any, fillvalue: Any) -> Array:
    call = (f"{op}2d", mode, boundary, fillvalue)
    again: Array | None = recall(in1, in2, None, None, None, call)
    if again is not None:
        return again
    in1, in2 = np.asarray(in1), np.asarray(in2)
    if not in1.ndim == in2.ndim == 2:
        raise ValueError(f"{op}2d inputs must both be 2-D arrays")
    if mode not in ("full", "valid", "same"):
        raise ValueError("Acceptable mode flags are 'valid', 'same', or 'full'.")
    if boundary not in BOUNDARIES:
        raise ValueError(f"Acceptable boundary flags are {', '.join(BOUNDARIES)}.")
    numbers = all(a.dtype.kind in "biufc" for a in (in1, in2))
    dtype = np.result_type(in1.dtype, in2.dtype).newbyteorder("=") if numbers else np.dtype(object)
    if dtype.char not in TAKEN:
        raise ValueError(f"{op}2d not available for this type.")
    fill = _fill(fillvalue, dtype) if BOUNDARIES[boundary] == "fill" else 0
    if 0 in in1.shape + in2.shape:
        return np.zeros([max(0, n + k - 1) for n, k in zip(in1.shape, in2.shape, strict=True)], dtype)
    stand_ins = (np.broadcast_to(np.float32(0), a.shape) for a in (in1, in2))
    c: Image = getattr(checks, op)(*stand_ins, mode, BOUNDARIES[boundary])
    if c.swapped:
        in1, in2 = in2, in1
    if op == "correlate":
        in2 = in2.conj()
        if mode == "same":
            c = replace(c, start=tuple(k // 2 for k in c.R))
    c = replace(c, in1=in1, in2=in2, dtype=dtype, fillvalue=fill)
    if dtype.char in "gG":
        y = _tap_by_tap(c)
    elif dtype.kind == "c":
        y = _complex(c)
    else:
        return filtered(c, call, None, None, "auto")
    return y[::-1, ::-1] if c.swapped and op == "correlate" else y


def _fill(value: Any, dtype: np.dtype[Any]) -> Any:
    """`value` as an element of `dtype`, by way of a complex number, as scipy converts it."""
    if np.size(value) != 1:
        raise ValueError("`fillvalue` must be scalar or an array with one element.")
    number = complex(np.nan if value is None else np.asarray(value).reshape(())[()])
    if dtype.kind == "c":
        return number
    limits = np.iinfo(dtype) if dtype.kind in "iu" else None
    if number.imag or (limits and not limits.min <= number.real <= limits.max):
        raise ValueError("could not cast `fillvalue` directly to the output type (it was first converted to complex).")
    return int(number.real) if limits else number.real


def _padded(c: Image) -> Image:
    """The same with in1 extended by the fill value, or as numpy.pad extends it, so that nothing beyond it is needed."""
    pads = [(k - 1 - s, s + o - n) for s, k, o, n in zip(c.start, c.R, c.shape, c.S, strict=True)]
    names = {"fill": "constant", "wrap": "wrap", "symm": "symmetric"}
    fill = {"constant_values": c.fillvalue} if c.boundary == "fill" else {}
    in1 = np.pad(c.in1.astype(c.dtype), pads, names[c.boundary], **fill)  # type: ignore[call-overload]
    return replace(c, in1=in1, boundary="fill", fillvalue=0, S=in1.shape, start=tuple(k - 1 for k in c.R))


def _complex(c: Image) -> Array:
    """Real and imaginary parts are channels: (a + bi)(c + di) is a convolution of two channels to two."""
    if c.fillvalue:
        c = _padded(c)
    real = np.dtype(c.dtype.char.lower())
    x, w = (np.stack([a.real, a.imag]) if a.dtype.kind == "c" else a[None] for a in (c.in1, c.in2))
    mixed = len(x) == len(w) == 2
    if mixed:
        w = np.stack([w, w[::-1]]) * np.reshape([1, -1, 1, 1], (2, 2, 1, 1))
    plain = replace(c, dtype=real, fillvalue=0)
    described = windows.image(plain, channels=2 if mixed else 1, outputs=len(w))
    threads = options.threads(None)
    plan = prepare(described, operand(w, real), None, threads)
    x = operand(x[None] if mixed else x[:, None], real)
    parts = run(plan, x, len(x), None, (2, *c.shape), real, threads)
    y = np.empty(c.shape, c.dtype)
    y.real, y.imag = parts
    return y


def _tap_by_tap(c: Image) -> Array:
    """numpy's sum over the taps, for dtypes that no kernel has."""
    c = _padded(c)
    w = c.in2[::-1, ::-1] if c.op == "convolve" else c.in2
    y = np.zeros(c.shape, c.dtype)
    for i, j in product(*map(range, c.R)):
        y += c.in1[i : i + c.shape[0], j : j + c.shape[1]] * w[i, j]
    return y
