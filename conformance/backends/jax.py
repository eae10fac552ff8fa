"""JAX as a backend: jax.lax and jax.scipy.signal on the CPU, with 64-bit numbers enabled, and gradients by jax.vjp.

* https://docs.jax.dev/en/latest/_autosummary/jax.lax.conv_general_dilated.html
* https://docs.jax.dev/en/latest/_autosummary/jax.lax.conv_transpose.html (no groups)
* https://docs.jax.dev/en/latest/_autosummary/jax.lax.conv_general_dilated_local.html (no groups)
* https://docs.jax.dev/en/latest/_autosummary/jax.lax.reduce_window.html, from which maxima and averages are made as its documentation
  does; windows are not rounded up, and norms are not offered
* https://docs.jax.dev/en/latest/_autosummary/jax.scipy.signal.convolve.html and correlate, of floating numbers, which extend by zeros,
  and of operands one of which covers the other
* https://docs.jax.dev/en/latest/_autosummary/jax.vjp.html

Padding strings are "SAME", "SAME_LOWER" and "VALID". The operands of jax.lax share their dtype, and arrays the byte order of the machine.
"""

from __future__ import annotations

import os
from functools import partial
from typing import Any

import numpy as np

os.environ.setdefault("JAX_PLATFORMS", "cpu")

import jax
import jax.scipy.signal
from jax import __version__, lax
from jax import numpy as jnp

from convspec.conformance.backends._plumbing import asked, axes, floating, machine_dtype, only, pairs
from convspec.conformance.backends._words import Words

jax.config.update("jax_enable_x64", True)

__all__ = [
    "__version__", "avg_pool", "conv", "conv_transpose", "convolve", "correlate", "effort", "local_conv", "max_pool",
    "numerics", "policies", "snippet",
]  # fmt: skip

policies = {"integer_result": "same", "padded_tap": "any", "subnormals": "flushed"}
"""Not documented; observed. That a maximum propagates NaN is: https://openxla.org/stablehlo/spec#maximum"""
numerics = {"*": "direct"}
effort = 0.05
"""Each call of new shapes is compiled, for about a tenth of a second."""

STRINGS = {"same": "SAME", "same_lower": "SAME_LOWER", "valid": "VALID"}
LAYOUT = {1: ("NCH", "OIH", "NCH"), 2: ("NCHW", "OIHW", "NCHW"), 3: ("NCHWD", "OIHWD", "NCHWD")}


def convolved(name: str, x: Any, w: Any, b: Any, **keywords: Any) -> Any:
    """A function of jax.lax, with the bias of each channel added."""
    y = getattr(lax, name)(x, w, precision="highest", **keywords)
    return y if b is None else y + lax.broadcast_in_dim(b, y.shape, (1,))


def local(x: Any, w: Any, b: Any, rank: int, **keywords: Any) -> Any:
    """The function that has channels and taps in one axis of its kernels, and the outputs last."""
    kernels = jnp.moveaxis(w, range(1, rank + 1), range(-rank, 0))
    taps, kernels = jnp.shape(w)[-rank:], kernels.reshape(kernels.shape[0], -1, *kernels.shape[-rank:])
    y = lax.conv_general_dilated_local(x, kernels, filter_shape=taps, precision="highest", **keywords)
    return y if b is None else y + b


def maximum(x: Any, **window: Any) -> Any:
    """The maxima of windows."""
    least = -np.inf if x.dtype.kind == "f" else np.iinfo(x.dtype).min
    return lax.reduce_window(x, x.dtype.type(least), lax.max, **window)


def average(x: Any, whole: bool, **window: Any) -> Any:
    """The sums of windows over the number of elements, of the `whole` window or of those that are there."""
    zero = x.dtype.type(0)
    total = lax.reduce_window(x, zero, lax.add, **window)
    if whole:
        return total / zero.dtype.type(np.prod(window["window_dimensions"]))
    return total / lax.reduce_window(np.ones(x.shape, x.dtype), zero, lax.add, **window)


def image(name: str, in1: Any, in2: Any, mode: Any) -> Any:
    """A function of jax.scipy.signal."""
    return getattr(jax.scipy.signal, name)(in1, in2, mode=mode, method="direct", precision="highest")


def value(function: Any, *arguments: Any, **keywords: Any) -> Any:
    """Its result, compiled."""
    settings = [i for i, a in enumerate(arguments) if not isinstance(a, np.ndarray | None)]
    hashable = {key: tuple(v) if isinstance(v, list) else v for key, v in keywords.items()}
    return np.array(jax.jit(function, static_argnums=settings, static_argnames=[*keywords])(*arguments, **hashable))


def gradient(function: Any, at: int, dy: Any, *arguments: Any, **keywords: Any) -> Any:
    """The gradient by the operand at `at`."""
    _, pull = jax.vjp(lambda a: function(*arguments[:at], a, *arguments[at + 1 :], **keywords), arguments[at])
    return pull(dy)[0]


words = Words(
    "import os; os.environ['JAX_PLATFORMS'] = 'cpu'\nfrom typing import Any\nimport jax\nimport jax.scipy.signal\n"
    "from jax import lax\nfrom jax import numpy as jnp\njax.config.update('jax_enable_x64', True)",
    RuntimeError, value=value, pulled=partial(value, gradient),
)  # fmt: skip
snippet = words.snippet


@words
def conv(x: Any, w: Any, b: Any = None, *, groups: Any = 1, **keywords: Any) -> partial[Any]:
    """jax.lax.conv_general_dilated."""
    given = _window(asked(x, w, b), **keywords)
    return partial(convolved, "conv_general_dilated", x, w, b, feature_group_count=groups, **given)


@words
def conv_transpose(
    x: Any, w: Any, b: Any = None, *, padding: Any = 0, output_padding: Any = 0, groups: Any = 1, **keywords: Any
) -> partial[Any]:
    """jax.lax.conv_transpose with transpose_kernel; its padding is that of the stretched input."""
    rank = asked(x, w, b)
    only("groups", groups, 1)
    if isinstance(padding, str):
        raise NotImplementedError("the strings of lax.conv_transpose mean something else")
    given = _window(rank, padding, **keywords)
    given["strides"] = given.pop("window_strides")
    numbers = zip(given["padding"], axes(output_padding, rank), given["rhs_dilation"], np.shape(w)[2:], strict=True)
    given["padding"] = tuple((d * (k - 1) - before, d * (k - 1) - after + e) for (before, after), e, d, k in numbers)
    return partial(convolved, "conv_transpose", x, w, b, transpose_kernel=True, **given)


@words
def local_conv(x: Any, w: Any, b: Any = None, *, groups: Any = 1, **keywords: Any) -> partial[Any]:
    """jax.lax.conv_general_dilated_local."""
    rank = asked(x, w, b)
    only("groups", groups, 1)
    return partial(local, x, w, b, rank, **_window(rank, **keywords))


@words
def max_pool(x: Any, size: Any, **keywords: Any) -> partial[Any]:
    """jax.lax.reduce_window with lax.max."""
    return partial(maximum, x, **_pool(x, size, **keywords))


@words
def avg_pool(x: Any, size: Any, *, count_include_pad: Any = False, **keywords: Any) -> partial[Any]:
    """jax.lax.reduce_window with lax.add, of the elements and of ones."""
    floating(x)
    return partial(average, x, count_include_pad, **_pool(x, size, **keywords))


@words
def convolve(in1: Any, in2: Any, mode: Any = "full", **keywords: Any) -> partial[Any]:
    """jax.scipy.signal.convolve."""
    return _image("convolve", in1, in2, mode, **keywords)


@words
def correlate(in1: Any, in2: Any, mode: Any = "full", **keywords: Any) -> partial[Any]:
    """jax.scipy.signal.correlate."""
    return _image("correlate", in1, in2, mode, **keywords)


def _window(rank: int, padding: Any = 0, *, stride: Any = 1, dilation: Any = 1) -> dict[str, Any]:
    """The arguments of a convolution."""
    if padding == "full":
        raise NotImplementedError("jax.lax has no name for full padding")
    found = STRINGS.get(padding, padding) if isinstance(padding, str) else tuple(pairs(padding, rank))
    return {
        "window_strides": axes(stride, rank), "padding": found, "rhs_dilation": axes(dilation, rank),
        "dimension_numbers": LAYOUT[rank],
    }  # fmt: skip


def _pool(x: Any, size: Any, *, stride: Any = None, ceil_mode: Any = False, **keywords: Any) -> dict[str, Any]:
    """The arguments of reduce_window, for which batch and channels are axes like any other."""
    only("ceil_mode", ceil_mode, False)
    rank = asked(x)
    given = _window(rank, stride=size if stride is None else stride, **keywords)
    return {
        "window_dimensions": (1, 1, *axes(size, rank)), "window_strides": (1, 1, *given["window_strides"]),
        "padding": given["padding"] if isinstance(given["padding"], str) else ((0, 0), (0, 0), *given["padding"]),
        "window_dilation": (1, 1, *given["rhs_dilation"]),
    }  # fmt: skip


def _image(name: str, in1: Any, in2: Any, mode: Any, boundary: Any = "fill", fillvalue: Any = 0) -> partial[Any]:
    only("boundary", boundary, "fill")
    only("fillvalue", fillvalue, 0, 0.0)
    if machine_dtype(in1, in2).kind != "f":
        raise NotImplementedError("integers become floating numbers")
    longer = {np.sign(i - j) for i, j in zip(np.shape(in1), np.shape(in2), strict=False)}
    if mode != "valid" and longer >= {1, -1} and np.ndim(in1) == np.ndim(in2):
        raise NotImplementedError("one operand must cover the other under every mode")
    return partial(image, name, in1, in2, mode=mode)


globals().update(words.gradients())
