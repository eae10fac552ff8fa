"""The gradients of JAX: jax.vjp of what the adapter calls. https://docs.jax.dev/en/latest/_autosummary/jax.vjp.html"""

from __future__ import annotations

from functools import partial
from typing import Any

import jax
import numpy as np
from jax import lax
from jax import numpy as jnp


def pulled(call: partial[Any], operand: Any, dy: Any) -> Any:
    """The gradient of a call of the adapter by one of its operands."""
    traced = {"convolved": convolved, "local": local, "maximum": maximum, "average": average}[call.func.__name__]

    def function(value: Any) -> Any:
        return traced(*(value if a is operand else a for a in call.args), **call.keywords)

    _, pull = jax.vjp(function, jnp.asarray(operand))
    return np.array(pull(jnp.asarray(dy))[0])


def convolved(name: str, x: Any, w: Any, b: Any, **keywords: Any) -> Any:
    """As in the adapter, but a traced array."""
    y = getattr(lax, name)(x, w, precision="highest", **keywords)
    return y if b is None else y + lax.broadcast_in_dim(b, y.shape, (1,))


def local(x: Any, w: Any, b: Any, rank: int, **keywords: Any) -> Any:
    """As in the adapter, but a traced array."""
    kernels = jnp.moveaxis(jnp.asarray(w), range(1, rank + 1), range(-rank, 0))
    taps, kernels = kernels.shape[2:][:rank], kernels.reshape(kernels.shape[0], -1, *kernels.shape[-rank:])
    y = lax.conv_general_dilated_local(x, kernels, filter_shape=taps, precision="highest", **keywords)
    return y if b is None else y + b


def maximum(x: Any, **window: Any) -> Any:
    """As in the adapter, but a traced array."""
    return lax.reduce_window(x, x.dtype.type(-np.inf), lax.max, **window)


def average(x: Any, whole: bool, **window: Any) -> Any:
    """As in the adapter, but a traced array."""
    zero = x.dtype.type(0)
    total = lax.reduce_window(x, zero, lax.add, **window)
    if whole:
        return total / zero.dtype.type(np.prod(window["window_dimensions"]))
    return total / lax.reduce_window(np.ones(np.shape(x), zero.dtype), zero, lax.add, **window)
