"""tinygrad as a backend: the methods of its Tensor, which take any spatial rank, on its CPU device (it needs clang).

* https://docs.tinygrad.org/tensor/ops/#tinygrad.Tensor.conv2d
* https://docs.tinygrad.org/tensor/ops/#tinygrad.Tensor.conv_transpose2d
* https://docs.tinygrad.org/tensor/ops/#tinygrad.Tensor.max_pool2d
* https://docs.tinygrad.org/tensor/ops/#tinygrad.Tensor.avg_pool2d

Padding is a number, one an axis, or before and after for each axis, the last axis first. There are no padding strings. Narrow integers
are summed in 32 bits (see https://docs.tinygrad.org/tensor/ops/#tinygrad.Tensor.sum), which is neither of the law's two ways: they
are not offered.
"""

from __future__ import annotations

import os
from functools import partial
from importlib.metadata import version
from typing import Any

import numpy as np

os.environ.setdefault("DEV", "CPU")

from tinygrad import Tensor

from convspec.conformance.backends._gradients import offered
from convspec.conformance.backends._plumbing import Words, axes, one_dtype, pairs, rank_of, refusals

__all__ = ["__version__", "avg_pool", "conv", "conv_transpose", "max_pool", "numerics", "policies", "snippet"]

__version__ = version("tinygrad")
policies = {"integer_result": "same", "padded_tap": "any", "max_nan": "any"}
"""Not documented; observed."""
numerics = {"*": "direct"}

words = Words(
    "import os; os.environ['DEV'] = 'CPU'\nfrom typing import Any\nfrom tinygrad import Tensor",
    RuntimeError, AssertionError, IndexError,
)  # fmt: skip
snippet = words.snippet


@words
def conv(x: Any, w: Any, b: Any = None, **keywords: Any) -> Any:
    """Tensor.conv2d."""
    return _spelt("conv2d", x, w, b, **keywords)


@words
def conv_transpose(x: Any, w: Any, b: Any = None, **keywords: Any) -> Any:
    """Tensor.conv_transpose2d."""
    return _spelt("conv_transpose2d", x, w, b, **keywords)


@words
def max_pool(x: Any, size: Any, **keywords: Any) -> Any:
    """Tensor.max_pool2d."""
    return _spelt("max_pool2d", x, kernel_size=axes(size, rank_of(x)), **keywords)


@words
def avg_pool(x: Any, size: Any, *, count_include_pad: Any = False, **keywords: Any) -> Any:
    """Tensor.avg_pool2d, of floating tensors."""
    if np.asarray(x).dtype.kind != "f":
        raise NotImplementedError("averages of integers are not offered")
    size = axes(size, rank_of(x))
    return _spelt("avg_pool2d", x, kernel_size=size, count_include_pad=count_include_pad, **keywords)


def _pull(op: str, operands: list[Any], at: int, dy: Any, **keywords: Any) -> Any:
    call = globals()[op].__wrapped__(*operands, **keywords)
    with refusals(RuntimeError, AssertionError, IndexError):
        name, *arrays = call.args
        tensors = [None if a is None else Tensor(np.asarray(a)) for a in arrays]
        y = getattr(tensors[0], name)(*tensors[1:], **call.keywords)
        if y.shape != np.shape(dy):
            raise NotImplementedError("a gradient of another shape is broadcast")
        return np.array(y.gradient(tensors[at], gradient=Tensor(np.asarray(dy)))[0].numpy())


GRADIENTS = offered(("conv", "conv_transpose", "max_pool", "avg_pool"), _pull)
"""By Tensor.gradient: https://docs.tinygrad.org/tensor/properties/#tinygrad.Tensor.gradient"""
globals().update(GRADIENTS)
__all__ += list(GRADIENTS)


def _spelt(name: str, x: Any, *operands: Any, **keywords: Any) -> partial[Any]:
    rank = rank_of(x)
    if one_dtype(x, *operands).kind in "iu" and np.asarray(x).dtype.itemsize < 4 and operands:
        raise NotImplementedError("sums of narrow integers are of 32 bits, signed or not")
    if not all(np.asarray(a).dtype.isnative for a in (x, *operands) if a is not None):
        raise NotImplementedError("tensors have the byte order of the machine")
    if isinstance(keywords.get("padding"), str):
        raise NotImplementedError("there are no padding strings")
    if "padding" in keywords:
        each = pairs(keywords["padding"], rank)
        symmetric = all(len(p) == 2 and p[0] == p[1] for p in each)
        keywords["padding"] = tuple(p[0] for p in each) if symmetric else tuple(n for p in reversed(each) for n in p)
    if keywords.get("stride", 1) is None:
        del keywords["stride"]
    return partial(method, name, x, *operands, **keywords)


def method(name: str, x: Any, *others: Any, **keywords: Any) -> Any:
    """The result of a method of a Tensor."""
    tensors = [None if a is None else Tensor(np.asarray(a)) for a in others]
    return np.array(getattr(Tensor(np.asarray(x)), name)(*tensors, **keywords).numpy())
