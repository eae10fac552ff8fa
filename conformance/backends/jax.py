"""JAX as a backend: jax.lax and jax.scipy.signal on the CPU, with 64-bit numbers enabled.

* https://docs.jax.dev/en/latest/_autosummary/jax.lax.conv_general_dilated.html
* https://docs.jax.dev/en/latest/_autosummary/jax.lax.conv_transpose.html (no groups)
* https://docs.jax.dev/en/latest/_autosummary/jax.lax.conv_general_dilated_local.html (no groups)
* https://docs.jax.dev/en/latest/_autosummary/jax.lax.reduce_window.html, from which maxima and averages are made as its documentation
  does; windows are not rounded up, and norms are not offered
* https://docs.jax.dev/en/latest/_autosummary/jax.scipy.signal.convolve.html and correlate, of floating numbers, which extend by zeros,
  and of operands one of which covers the other

Padding strings are "SAME", "SAME_LOWER" and "VALID". The operands of jax.lax share their dtype, and arrays the byte order of the machine.
"""

from __future__ import annotations

import os
from typing import Any

import numpy as np

os.environ.setdefault("JAX_PLATFORMS", "cpu")

import jax
from jax import __version__, lax
from jax import numpy as jnp
from jax.scipy import signal

from convspec.conformance.backends._plumbing import axes, one_dtype, only, pairs, rank_of, refusals

jax.config.update("jax_enable_x64", True)

__all__ = [
    "__version__", "avg_pool", "conv", "conv_transpose", "convolve", "correlate", "local_conv", "max_pool", "numerics", "policies"
]  # fmt: skip

policies = {"integer_result": "same", "padded_tap": "any", "max_nan": "any", "subnormals": "flushed"}
numerics = {"*": "direct"}

STRINGS = {"same": "SAME", "same_lower": "SAME_LOWER", "valid": "VALID"}
LAYOUT = {1: ("NCH", "OIH", "NCH"), 2: ("NCHW", "OIHW", "NCHW"), 3: ("NCHWD", "OIHWD", "NCHWD")}
NEITHER = "One input must be smaller than the other in every dimension"
"""What jax.scipy.signal says of two operands neither of which covers the other, under every mode."""
HIGHEST = lax.Precision.HIGHEST


def conv(
    x: Any, w: Any, b: Any = None, *, stride: Any = 1, padding: Any = 0, dilation: Any = 1, groups: Any = 1
) -> Any:
    """jax.lax.conv_general_dilated."""
    rank = _asked(x, w, b)
    with refusals(RuntimeError):
        y = lax.conv_general_dilated(
            x, w, axes(stride, rank), _padding(padding, rank), rhs_dilation=axes(dilation, rank),
            dimension_numbers=LAYOUT[rank], feature_group_count=groups, precision=HIGHEST,
        )  # fmt: skip
    return _result(y, b)


def conv_transpose(
    x: Any, w: Any, b: Any = None, *, stride: Any = 1, padding: Any = 0, output_padding: Any = 0, dilation: Any = 1,
    groups: Any = 1,
) -> Any:  # fmt: skip
    """jax.lax.conv_transpose with transpose_kernel; its padding is that of the stretched input."""
    rank = _asked(x, w, b)
    only("groups", groups, 1)
    if isinstance(padding, str):
        raise NotImplementedError("the strings of lax.conv_transpose mean something else")
    cut = []
    numbers = (pairs(padding, rank), axes(output_padding, rank), axes(dilation, rank), np.shape(w)[2:])
    for (before, after), extra, d, k in zip(*numbers, strict=True):
        cut.append((d * (k - 1) - before, d * (k - 1) - after + extra))
    y = lax.conv_transpose(
        x, w, axes(stride, rank), cut, rhs_dilation=axes(dilation, rank), dimension_numbers=LAYOUT[rank],
        transpose_kernel=True, precision=HIGHEST,
    )  # fmt: skip
    return _result(y, b)


def local_conv(
    x: Any, w: Any, b: Any = None, *, stride: Any = 1, padding: Any = 0, dilation: Any = 1, groups: Any = 1
) -> Any:
    """jax.lax.conv_general_dilated_local, which has channels and taps in one axis and the outputs last."""
    rank = _asked(x, w, b)
    only("groups", groups, 1)
    kernels = jnp.moveaxis(jnp.asarray(w), range(1, rank + 1), range(-rank, 0))
    kernels = kernels.reshape(kernels.shape[0], -1, *kernels.shape[-rank:])
    y = lax.conv_general_dilated_local(
        x, kernels, axes(stride, rank), _padding(padding, rank), np.shape(w)[-rank:], rhs_dilation=axes(dilation, rank),
        dimension_numbers=LAYOUT[rank], precision=HIGHEST,
    )  # fmt: skip
    return np.array(y if b is None else y + b)


def max_pool(x: Any, size: Any, **keywords: Any) -> Any:
    """jax.lax.reduce_window with lax.max."""
    rank = _asked(x)
    dtype = np.asarray(x).dtype
    least = -np.inf if dtype.kind == "f" else np.iinfo(dtype).min
    return np.array(lax.reduce_window(x, dtype.type(least), lax.max, **_window(rank, size, **keywords)))


def avg_pool(x: Any, size: Any, *, count_include_pad: Any = False, **keywords: Any) -> Any:
    """jax.lax.reduce_window with lax.add, of the elements and of ones."""
    rank = _asked(x)
    dtype = np.asarray(x).dtype
    if dtype.kind != "f":
        raise NotImplementedError("averages of integers are not offered")
    window = _window(rank, size, **keywords)
    total = lax.reduce_window(x, dtype.type(0), lax.add, **window)
    if count_include_pad:
        return np.array(total / dtype.type(np.prod(window["window_dimensions"])))
    return np.array(total / lax.reduce_window(jnp.ones(np.shape(x), dtype), dtype.type(0), lax.add, **window))


def convolve(in1: Any, in2: Any, mode: str = "full", boundary: str = "fill", fillvalue: Any = 0) -> Any:
    """jax.scipy.signal.convolve."""
    return _signal(signal.convolve, in1, in2, mode, boundary, fillvalue)


def correlate(in1: Any, in2: Any, mode: str = "full", boundary: str = "fill", fillvalue: Any = 0) -> Any:
    """jax.scipy.signal.correlate."""
    return _signal(signal.correlate, in1, in2, mode, boundary, fillvalue)


def _signal(function: Any, in1: Any, in2: Any, mode: Any, boundary: Any, fillvalue: Any) -> Any:
    only("boundary", boundary, "fill")
    only("fillvalue", fillvalue, 0, 0.0)
    if one_dtype(_native(in1), _native(in2)).kind != "f":
        raise NotImplementedError("integers become floating numbers")
    with refusals(RuntimeError, ValueError, not_offered=() if mode == "valid" else (NEITHER,)):
        return np.array(function(in1, in2, mode=mode, method="direct", precision=HIGHEST))


def _asked(*operands: Any) -> int:
    """The spatial rank of a call."""
    one_dtype(*(None if a is None else _native(a) for a in operands))
    return rank_of(operands[0])


def _native(a: Any) -> Any:
    a = np.asarray(a)
    if not a.dtype.isnative:
        raise NotImplementedError("JAX arrays have the byte order of the machine")
    return a


def _padding(padding: Any, rank: int) -> Any:
    if padding == "full":
        raise NotImplementedError("jax.lax has no name for full padding")
    return STRINGS.get(padding, padding) if isinstance(padding, str) else pairs(padding, rank)


def _window(
    rank: int, size: Any, *, stride: Any = None, padding: Any = 0, dilation: Any = 1, ceil_mode: Any = False
) -> dict[str, Any]:
    """The arguments of reduce_window, for which batch and channels are axes like any other."""
    only("ceil_mode", ceil_mode, False)
    found = _padding(padding, rank)
    return {
        "window_dimensions": (1, 1, *axes(size, rank)),
        "window_strides": (1, 1, *axes(size if stride is None else stride, rank)),
        "padding": found if isinstance(found, str) else [(0, 0), (0, 0), *found],
        "window_dilation": (1, 1, *axes(dilation, rank)),
    }


def _result(y: Any, b: Any) -> Any:
    """The result with the bias of each channel added, as a numpy array of its own."""
    return np.array(y if b is None else y + lax.broadcast_in_dim(jnp.asarray(b), y.shape, (1,)))
