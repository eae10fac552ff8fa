"""PyTorch as a backend: the functions of torch.nn.functional on the CPU, and their gradients by torch.autograd.

* https://docs.pytorch.org/docs/stable/generated/torch.nn.functional.conv2d.html (and conv1d, conv3d)
* https://docs.pytorch.org/docs/stable/generated/torch.nn.functional.conv_transpose2d.html
* https://docs.pytorch.org/docs/stable/generated/torch.nn.functional.max_pool2d.html
* https://docs.pytorch.org/docs/stable/generated/torch.nn.functional.avg_pool2d.html
* https://docs.pytorch.org/docs/stable/generated/torch.nn.functional.lp_pool2d.html
* https://docs.pytorch.org/docs/stable/generated/torch.autograd.grad.html

Padding is the same on both sides; the strings are "valid" and, with a stride of 1, "same". Pooling pads at most half a window; avg_pool3d
has no window larger than the input without its padding (docs/findings/torch-avg-pool3d-padding.md).
Tensors have no negative strides and only the native byte order; operands of one call share their dtype.
"""

from __future__ import annotations

from functools import partial
from typing import Any

import numpy as np
import torch
from torch import __version__

from convspec.conformance.backends._plumbing import floating, one_dtype, only, rank_of, symmetric
from convspec.conformance.backends._words import Words

__all__ = [
    "__version__", "avg_pool", "conv", "conv_transpose", "lp_pool", "max_pool", "numerics", "policies", "snippet"
]  # fmt: skip

policies = {"integer_result": "same", "padded_tap": "any", "norm_zero": "any"}
"""Not documented; observed."""
numerics = {"*": "direct"}

LIMITS = ("should be at most half", "smaller than or equal to half", "smaller than kernel size")
"""How pooling refuses more padding than half a window, and avg_pool3d a window larger than the input without its padding."""
NO_TENSOR = ("stride in the given numpy array is negative", "byte order different", "can't convert np.ndarray")


def applied(name: str, *tensors: Any, **keywords: Any) -> Any:
    """A function of torch.nn.functional."""
    return getattr(torch.nn.functional, name)(*tensors, **keywords)


def value(function: Any, *arrays: Any, **keywords: Any) -> Any:
    """Its result."""
    with torch.no_grad():
        tensors = [torch.from_numpy(a) if isinstance(a, np.ndarray) else a for a in arrays]
        return function(*tensors, **keywords).numpy()


def pulled(function: Any, at: int, dy: Any, *arrays: Any, **keywords: Any) -> Any:
    """The gradient by the operand at `at`."""
    tensors = [torch.from_numpy(a) if isinstance(a, np.ndarray) else a for a in arrays]
    y = function(*tensors[:at], tensors[at].requires_grad_(), *tensors[at + 1 :], **keywords)
    return torch.autograd.grad(y, tensors[at], torch.from_numpy(dy))[0].numpy()


words = Words(
    "from typing import Any\nimport torch", RuntimeError, ValueError, TypeError, not_offered=LIMITS + NO_TENSOR,
    value=value, pulled=pulled,
)  # fmt: skip
snippet = words.snippet


@words
def conv(x: Any, w: Any, b: Any = None, *, padding: Any = 0, stride: Any = 1, **keywords: Any) -> partial[Any]:
    """torch.nn.functional.conv1d, conv2d, conv3d."""
    if padding in ("full", "same_lower") or (padding == "same" and np.any(np.asarray(stride) != 1)):
        raise NotImplementedError(f"torch has no padding {padding!r} here")
    return _spelt("conv", x, w, b, padding=symmetric(padding), stride=stride, **keywords)


@words
def conv_transpose(x: Any, w: Any, b: Any = None, *, padding: Any = 0, **keywords: Any) -> partial[Any]:
    """torch.nn.functional.conv_transpose1d, conv_transpose2d, conv_transpose3d."""
    return _spelt("conv_transpose", x, w, b, padding=symmetric(padding), **keywords)


@words
def max_pool(x: Any, size: Any, **keywords: Any) -> partial[Any]:
    """torch.nn.functional.max_pool1d, max_pool2d, max_pool3d."""
    return _pool("max_pool", x, kernel_size=size, **keywords)


@words
def avg_pool(x: Any, size: Any, *, dilation: Any = 1, count_include_pad: Any = False, **keywords: Any) -> partial[Any]:
    """torch.nn.functional.avg_pool1d, avg_pool2d, avg_pool3d, of floating tensors."""
    floating(x)
    only("dilation", dilation, 1)
    return _pool("avg_pool", x, kernel_size=size, count_include_pad=count_include_pad, **keywords)


@words
def lp_pool(
    x: Any, size: Any, *, p: Any = 2, padding: Any = 0, dilation: Any = 1, **keywords: Any
) -> partial[Any]:  # fmt: skip
    """torch.nn.functional.lp_pool1d, lp_pool2d, lp_pool3d, of floating tensors; lp_pool1d takes numbers only."""
    floating(x)
    only("padding", padding, 0, (0, 0))
    only("dilation", dilation, 1)
    keywords |= {"norm_type": p, "kernel_size": size}
    if rank_of(x) == 1:
        keywords = {k: v[0] if isinstance(v, (tuple, list)) and len(v) == 1 else v for k, v in keywords.items()}
    return _spelt("lp_pool", x, **keywords)


def _pool(name: str, x: Any, *, padding: Any = 0, **keywords: Any) -> partial[Any]:
    if isinstance(padding, str):
        raise NotImplementedError("pooling takes no padding strings")
    return _spelt(name, x, padding=symmetric(padding), **keywords)


def _spelt(name: str, *operands: Any, **keywords: Any) -> partial[Any]:
    one_dtype(*operands)
    return partial(applied, f"{name}{rank_of(operands[0])}d", *operands, **keywords)


globals().update(words.gradients())
