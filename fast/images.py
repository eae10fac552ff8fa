"""The image operators: check, describe, run. Names, arguments and meaning are the law's; see `convspec.fast`."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np

from convspec import checks, dtypes
from convspec.fast import fourier, options, separable, small_integers, windows
from convspec.fast._kernels import recall, remember
from convspec.fast.calls import operand, prepare, returned, run, view
from convspec.params import Array, Image


def convolve(
    in1: Any, in2: Any, mode: Any = "full", boundary: Any = "fill", fillvalue: Any = 0, *, dtype: Any = None,
    out: Any = None, num_threads: Any = None, algorithm: Any = "auto",
) -> Array:  # fmt: skip
    """convolve, as scipy.signal.convolve2d: arrays of rank 1 to 3 without batch or channel axes."""
    call = ("convolve", mode, boundary, fillvalue, dtype, algorithm)
    y = recall(in1, in2, None, out, num_threads, call)
    if y is not None:
        return y
    return filtered(_checked(call, in1, in2), call, out, num_threads, algorithm)


def correlate(
    in1: Any, in2: Any, mode: Any = "full", boundary: Any = "fill", fillvalue: Any = 0, *, dtype: Any = None,
    out: Any = None, num_threads: Any = None, algorithm: Any = "auto",
) -> Array:  # fmt: skip
    """correlate, which differs from convolve by in2 not being reversed."""
    call = ("correlate", mode, boundary, fillvalue, dtype, algorithm)
    y = recall(in1, in2, None, out, num_threads, call)
    if y is not None:
        return y
    return filtered(_checked(call, in1, in2), call, out, num_threads, algorithm)


def _checked(call: tuple[Any, ...], in1: Any, in2: Any) -> Image:
    """The parameters of a call, with the integer dtype that was asked for."""
    op, mode, boundary, fillvalue, dtype, _ = call
    check: Callable[..., Image] = getattr(checks, op)
    if dtype is None:
        return check(in1, in2, mode, boundary, fillvalue)
    c = check(in1, in2, mode, boundary)
    chosen = options.integer(dtype, c.dtype)
    return replace(c, dtype=chosen, fillvalue=dtypes.exact_scalar("fillvalue", fillvalue, chosen))


def filtered(c: Image, call: tuple[Any, ...], out: Any, num_threads: Any, algorithm: Any) -> Array:
    """The result of a checked call, which is remembered by `call`; () for one that is not to be."""
    options.algorithm(algorithm)
    options.output(out, c.shape, c.dtype, (c.in1, c.in2))
    threads = options.threads(num_threads)
    if not (c.swapped and c.op == "correlate"):
        return _computed(c, call, out, threads, algorithm)
    y: Array = np.flip(_computed(c, (), None, threads, algorithm))
    result: Array = np.empty(c.shape, c.dtype) if out is None else out
    np.copyto(result, y)
    return result


def _computed(c: Image, call: tuple[Any, ...], out: Array | None, threads: int, algorithm: str) -> Array:
    y = small_integers.filtered(c, out, threads)
    if y is None:
        y = separable.filtered(c, out, threads, algorithm)
    if y is None:
        y = fourier.filtered(c, out, threads, algorithm)
    if y is not None:
        return y
    dtype = windows.wide(c.dtype)
    x = view(c.in1, dtype)[None, None]
    plan = prepare(windows.image(c), operand(c.in2, dtype), None, threads)
    if dtype == c.dtype:
        chosen = algorithm == "fft" or separable.suits(c, algorithm)  # by the weights too
        if call and not c.swapped and not chosen:
            remember(plan, (c.in1, c.in2, None), call, c.shape, c.dtype, 1)
        return run(plan, x, 1, out, c.shape, dtype, threads)
    y = run(plan, x, 1, None, c.shape, dtype, threads)
    return y.astype(c.dtype) if out is None else returned(y, out)
