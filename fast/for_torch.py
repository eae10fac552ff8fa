"""The operators of convspec.fast as functions of torch with gradients, on the memory of CPU tensors.

    from convspec.fast import for_torch
    y = for_torch.local_conv(x, w, b, padding=1)
    y.sum().backward()

Arguments are the law's. Tensors that are contiguous are read where they are, and results become tensors without a copy.
Unshared and tiled convolution are torch's that way too. Gradients of gradients are not offered.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor

from convspec import fast

POOLS_OF_SHAPES = ("avg_pool",)
"""Pooling whose gradient needs nothing but the shape of its input."""


class _Layer(torch.autograd.Function):  # type: ignore[misc]
    """y = op(x, w, b); keywords are not differentiated."""

    @staticmethod
    def forward(ctx: Any, op: str, keywords: dict[str, Any], x: Tensor, w: Tensor, b: Tensor | None) -> Tensor:
        ctx.op, ctx.keywords, ctx.bias = op, keywords, None if b is None else b.shape
        ctx.save_for_backward(x, w)
        return torch.from_numpy(getattr(fast, op)(*map(_array, (x, w, b)), **keywords))

    @staticmethod
    @torch.autograd.function.once_differentiable  # type: ignore[untyped-decorator]
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor | None, ...]:
        dy, (x, w) = _array(gradients[0]), map(_array, ctx.saved_tensors)
        dx = dw = db = None
        if ctx.needs_input_grad[2]:
            dx = getattr(fast, f"{ctx.op}_grad_input")(dy, w, x.shape, **ctx.keywords)
        if ctx.needs_input_grad[3]:
            dw = getattr(fast, f"{ctx.op}_grad_weight")(dy, x, w.shape, **ctx.keywords)
        if ctx.needs_input_grad[4]:
            shape = (tuple(ctx.bias),) if ctx.op == "tiled_conv" else ()
            db = getattr(fast, f"{ctx.op}_grad_bias")(dy, *shape)
        return None, None, *(None if a is None else torch.from_numpy(a) for a in (dx, dw, db))


class _Pool(torch.autograd.Function):  # type: ignore[misc]
    """y = op(x, size)."""

    @staticmethod
    def forward(ctx: Any, op: str, keywords: dict[str, Any], x: Tensor, size: Any) -> Tensor:
        ctx.op, ctx.keywords, ctx.size = op, keywords, size
        ctx.save_for_backward(x)
        return torch.from_numpy(getattr(fast, op)(_array(x), size, **keywords))

    @staticmethod
    @torch.autograd.function.once_differentiable  # type: ignore[untyped-decorator]
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor | None, ...]:
        (x,) = ctx.saved_tensors
        needed = tuple(x.shape) if ctx.op in POOLS_OF_SHAPES else _array(x)
        dx = getattr(fast, f"{ctx.op}_grad")(_array(gradients[0]), needed, ctx.size, **ctx.keywords)
        return None, None, torch.from_numpy(dx), None


def _array(tensor: Tensor | None) -> Any:
    return None if tensor is None else tensor.detach().numpy()


def _layer(op: str) -> Callable[..., Tensor]:
    def function(x: Tensor, w: Tensor, b: Tensor | None = None, **keywords: Any) -> Tensor:
        result: Tensor = _Layer.apply(op, keywords, x, w, b)
        return result

    function.__name__ = function.__qualname__ = op
    function.__doc__ = f"convspec.fast.{op} of tensors, with gradients by x, w and b."
    return function


def _pool(op: str) -> Callable[..., Tensor]:
    def function(x: Tensor, size: Any, **keywords: Any) -> Tensor:
        result: Tensor = _Pool.apply(op, keywords, x, size)
        return result

    function.__name__ = function.__qualname__ = op
    function.__doc__ = f"convspec.fast.{op} of a tensor, with its gradient."
    return function


conv, conv_transpose, local_conv, tiled_conv = map(_layer, ("conv", "conv_transpose", "local_conv", "tiled_conv"))
max_pool, avg_pool, lp_pool, channel_pool = map(_pool, ("max_pool", "avg_pool", "lp_pool", "channel_pool"))
