"""The operators of convspec.fast as functions of jax with gradients, also under jit; on the CPU.

    from convspec.fast import for_jax
    dw = jax.grad(lambda w: for_jax.local_conv(x, w, padding=1).sum())(w)

Arguments are the law's; keywords are constants. jax calls back into Python, which reads its buffers where they are.
Forward mode and gradients of gradients are not offered.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache, partial
from typing import Any

import jax
import numpy as np
from jax import Array

from convspec import checks, fast

OFFERED = ("conv", "conv_transpose", "local_conv", "tiled_conv", "max_pool", "avg_pool", "lp_pool", "channel_pool")


def _call(op: str, shape: tuple[int, ...], dtype: Any, *arrays: Any, **constants: Any) -> Array:
    """The result of fast's `op` on arrays that jax hands over when it computes."""
    function = partial(getattr(fast, op), **constants)

    def on_host(*given: Any) -> Any:
        return function(*(np.asarray(a) for a in given))

    result: Array = jax.pure_callback(on_host, jax.ShapeDtypeStruct(shape, dtype), *arrays)
    return result


def _stand_in(a: Any) -> Any:
    """An array of the shape and dtype of `a`, for the check, without its elements."""
    return np.broadcast_to(np.zeros((), a.dtype), a.shape)


@lru_cache(maxsize=256)
def _layer(op: str, items: tuple[tuple[str, Any], ...]) -> Callable[..., Array]:
    keywords = dict(items)

    @jax.custom_vjp  # type: ignore[untyped-decorator]
    def layer(x: Any, w: Any, b: Any) -> Array:
        p = getattr(checks, op)(_stand_in(x), _stand_in(w), _stand_in(b), **keywords)
        return _call(op, p.shape, p.dtype, x, w, b, **keywords)

    def backward(saved: Any, dy: Any) -> tuple[Array, Array, Array]:
        x, w, b = saved
        dx = _call(f"{op}_grad_input", x.shape, dy.dtype, dy, w, x_shape=x.shape, **keywords)
        dw = _call(f"{op}_grad_weight", w.shape, dy.dtype, dy, x, w_shape=w.shape, **keywords)
        tile = {"b_shape": b.shape} if op == "tiled_conv" else {}
        return dx, dw, _call(f"{op}_grad_bias", b.shape, dy.dtype, dy, **tile)

    layer.defvjp(lambda x, w, b: (layer(x, w, b), (x, w, b)), backward)
    differentiable: Callable[..., Array] = layer
    return differentiable


@lru_cache(maxsize=256)
def _pool(op: str, size: Any, items: tuple[tuple[str, Any], ...]) -> Callable[..., Array]:
    keywords = {"size": size, **dict(items)}

    @jax.custom_vjp  # type: ignore[untyped-decorator]
    def pool(x: Any) -> Array:
        p = getattr(checks, op)(_stand_in(x), **keywords)
        return _call(op, p.shape, p.dtype, x, **keywords)

    def backward(x: Any, dy: Any) -> tuple[Array]:
        if op == "avg_pool":
            return (_call("avg_pool_grad", x.shape, dy.dtype, dy, x_shape=x.shape, **keywords),)
        return (_call(f"{op}_grad", x.shape, dy.dtype, dy, x, **keywords),)

    pool.defvjp(lambda x: (pool(x), x), backward)
    differentiable: Callable[..., Array] = pool
    return differentiable


def _constants(keywords: dict[str, Any]) -> tuple[tuple[str, Any], ...]:
    return tuple(sorted((name, _hashable(value)) for name, value in keywords.items()))


def _hashable(value: Any) -> Any:
    return tuple(map(_hashable, value)) if isinstance(value, (list, tuple)) else value


def _of_layer(op: str) -> Callable[..., Array]:
    def function(x: Any, w: Any, b: Any = None, **keywords: Any) -> Array:
        x, w = jax.numpy.asarray(x), jax.numpy.asarray(w)
        tile = w.shape[1 : 1 + x.ndim - 2] if op in ("local_conv", "tiled_conv") else ()
        outputs = w.shape[1] * keywords.get("groups", 1) if op == "conv_transpose" else w.shape[0]
        bias = jax.numpy.zeros((outputs, *tile), w.dtype) if b is None else jax.numpy.asarray(b)
        return _layer(op, _constants(keywords))(x, w, bias)

    function.__name__ = function.__qualname__ = op
    function.__doc__ = f"convspec.fast.{op} of jax's arrays, with gradients by x, w and b."
    return function


def _of_pool(op: str) -> Callable[..., Array]:
    def function(x: Any, size: Any, **keywords: Any) -> Array:
        return _pool(op, _hashable(size), _constants(keywords))(jax.numpy.asarray(x))

    function.__name__ = function.__qualname__ = op
    function.__doc__ = f"convspec.fast.{op} of jax's arrays, with its gradient."
    return function


conv, conv_transpose, local_conv, tiled_conv = map(_of_layer, OFFERED[:4])
max_pool, avg_pool, lp_pool, channel_pool = map(_of_pool, OFFERED[4:])
