"""PyTorch as a backend: the functions of torch.nn.functional on the CPU.

* https://docs.pytorch.org/docs/stable/generated/torch.nn.functional.conv2d.html (and conv1d, conv3d)
* https://docs.pytorch.org/docs/stable/generated/torch.nn.functional.conv_transpose2d.html
* https://docs.pytorch.org/docs/stable/generated/torch.nn.functional.max_pool2d.html
* https://docs.pytorch.org/docs/stable/generated/torch.nn.functional.avg_pool2d.html
* https://docs.pytorch.org/docs/stable/generated/torch.nn.functional.lp_pool2d.html

Padding is the same on both sides; the strings are "valid" and, with a stride of 1, "same". Pooling pads at most half a window; avg_pool3d
has no window larger than the input without its padding (docs/findings/torch-avg-pool3d-padding.md).
Tensors have no negative strides and only the native byte order; operands of one call share their dtype.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from torch import __version__
from torch.nn import functional

from convspec.conformance.backends._gradients import offered
from convspec.conformance.backends._plumbing import one_dtype, only, rank_of, refusals, symmetric
from convspec.conformance.backends._torch_gradients import pulled
from convspec.conformance.case import Case

__all__ = [
    "__version__", "avg_pool", "conv", "conv_transpose", "lp_pool", "max_pool", "numerics", "policies", "snippet"
]  # fmt: skip

policies = {"integer_result": "same", "padded_tap": "any", "norm_zero": "any"}
"""Not documented; observed."""
numerics = {"*": "direct"}

LIMITS = ("should be at most half", "smaller than or equal to half", "smaller than kernel size")
"""How pooling refuses more padding than half a window, and avg_pool3d a window larger than the input without its padding."""


def conv(x: Any, w: Any, b: Any = None, *, padding: Any = 0, stride: Any = 1, **keywords: Any) -> Any:
    """torch.nn.functional.conv1d, conv2d, conv3d."""
    one_dtype(x, w, b)
    if padding in ("full", "same_lower") or (padding == "same" and np.any(np.asarray(stride) != 1)):
        raise NotImplementedError(f"torch has no padding {padding!r} here")
    return _call(f"conv{rank_of(x)}d", x, w, b, padding=symmetric(padding), stride=stride, **keywords)


def conv_transpose(x: Any, w: Any, b: Any = None, *, padding: Any = 0, **keywords: Any) -> Any:
    """torch.nn.functional.conv_transpose1d, conv_transpose2d, conv_transpose3d."""
    one_dtype(x, w, b)
    return _call(f"conv_transpose{rank_of(x)}d", x, w, b, padding=symmetric(padding), **keywords)


def max_pool(x: Any, size: Any, *, padding: Any = 0, **keywords: Any) -> Any:
    """torch.nn.functional.max_pool1d, max_pool2d, max_pool3d."""
    _numbers(padding)
    return _call(f"max_pool{rank_of(x)}d", x, kernel_size=size, padding=symmetric(padding), **keywords)


def avg_pool(
    x: Any, size: Any, *, padding: Any = 0, dilation: Any = 1, count_include_pad: Any = False, **keywords: Any
) -> Any:
    """torch.nn.functional.avg_pool1d, avg_pool2d, avg_pool3d, of floating tensors."""
    _floating(x)
    _numbers(padding)
    only("dilation", dilation, 1)
    keywords |= {"padding": symmetric(padding), "count_include_pad": count_include_pad}
    return _call(f"avg_pool{rank_of(x)}d", x, kernel_size=size, **keywords)


def lp_pool(x: Any, size: Any, *, p: Any = 2, padding: Any = 0, dilation: Any = 1, **keywords: Any) -> Any:
    """torch.nn.functional.lp_pool1d, lp_pool2d, lp_pool3d, of floating tensors."""
    _floating(x)
    only("padding", padding, 0, (0, 0))
    only("dilation", dilation, 1)
    if rank_of(x) == 1:
        size, keywords = _bare(size), {key: _bare(value) for key, value in keywords.items()}
    return _call(f"lp_pool{rank_of(x)}d", x, norm_type=p, kernel_size=size, **keywords)


def _bare(value: Any) -> Any:
    """lp_pool1d takes numbers only."""
    return value[0] if isinstance(value, (tuple, list)) and len(value) == 1 else value


def _numbers(padding: Any) -> None:
    if isinstance(padding, str):
        raise NotImplementedError("pooling takes no padding strings")


def _floating(x: Any) -> None:
    """Averages of integers are integers in torch."""
    if np.asarray(x).dtype.kind != "f":
        raise NotImplementedError("averages and norms of integers are not offered as floating numbers")


def _call(name: str, *operands: Any, pull: Any = None, **keywords: Any) -> Any:
    """The result of a function, or where `pull` is an operand's place and dy, the gradient by that operand."""
    tensors = [None if a is None else _tensor(a) for a in operands]
    with torch.no_grad(), refusals(RuntimeError, not_offered=LIMITS):
        if pull:
            return pulled(name, tensors, pull[0], _tensor(pull[1]), **keywords)
        return getattr(functional, name)(*tensors, **keywords).numpy()


def _tensor(a: Any) -> torch.Tensor:
    try:
        return torch.from_numpy(a)
    except (ValueError, TypeError) as error:
        raise NotImplementedError(f"no tensor: {error}") from error


def _pull(op: str, operands: list[Any], at: int, dy: Any, **keywords: Any) -> Any:
    return globals()[op](*operands, pull=(at, dy), **keywords)


GRADIENTS = offered(("conv", "conv_transpose", "max_pool", "avg_pool", "lp_pool"), _pull)
globals().update(GRADIENTS)
__all__ += list(GRADIENTS)


def snippet(case: Case) -> str:
    """The call in torch's own words, for bug reports."""
    given = ({"count_include_pad": False} if case.op == "avg_pool" else {}) | dict(case.arguments)
    if case.op == "lp_pool":
        given = {"p": 2} | {key: value for key, value in given.items() if key not in ("padding", "dilation")}
    if "padding" in given:
        given["padding"] = symmetric(given["padding"])
    names = {"size": "kernel_size", "p": "norm_type"}
    rank = len(case.operands["x"].shape) - 2
    arguments = [f"torch.from_numpy({name})" for name in case.operands]
    arguments += [f"{names.get(key, key)}={_bare(value) if rank == 1 else value!r}" for key, value in given.items()]
    return f"import torch\ny = torch.nn.functional.{case.op}{rank}d({', '.join(arguments)}).numpy()"
