"""tinygrad as a backend: the methods of its Tensor, which take any spatial rank, on its CPU device (it needs clang).

* https://docs.tinygrad.org/tensor/ops/#tinygrad.Tensor.conv2d
* https://docs.tinygrad.org/tensor/ops/#tinygrad.Tensor.conv_transpose2d
* https://docs.tinygrad.org/tensor/ops/#tinygrad.Tensor.max_pool2d
* https://docs.tinygrad.org/tensor/ops/#tinygrad.Tensor.avg_pool2d
* https://docs.tinygrad.org/tensor/properties/#tinygrad.Tensor.gradient

Padding is a number, one an axis, or before and after for each axis, the last axis first. Numbers are Python's; there are no
padding strings. Narrow integers are summed in 32 bits (see https://docs.tinygrad.org/tensor/ops/#tinygrad.Tensor.sum), which is
neither of the law's two ways: they are not offered.
"""

from __future__ import annotations

import os
import shutil
from functools import partial
from importlib.metadata import version
from typing import Any

import numpy as np

os.environ.setdefault("DEV", "CPU")

from tinygrad import Tensor

from convspec.conformance.backends._plumbing import axes, floating, machine_dtype, pairs, plain, rank_of
from convspec.conformance.backends._words import Words

__all__ = ["__version__", "avg_pool", "conv", "conv_transpose", "max_pool", "numerics", "policies", "snippet"]

if os.environ["DEV"] == "CPU" and shutil.which("clang") is None:
    raise ImportError("tinygrad's CPU device compiles by clang, which is not installed")

__version__ = version("tinygrad")
policies = {"integer_result": "same", "padded_tap": "any", "max_nan": "any", "max_tie": "split"}
"""Not documented; observed."""
numerics = {"*": "direct"}
effort = 0.05
"""Each call is compiled, for about a tenth of a second."""


def method(name: str, x: Any, *others: Any, **keywords: Any) -> Any:
    """A method of a Tensor."""
    return getattr(x, name)(*others, **keywords)


def value(function: Any, *arrays: Any, **keywords: Any) -> Any:
    """Its result."""
    tensors = [Tensor(a) if isinstance(a, np.ndarray) else a for a in arrays]
    return np.array(function(*tensors, **keywords).numpy())


def pulled(function: Any, at: int, dy: Any, *arrays: Any, **keywords: Any) -> Any:
    """The gradient by the operand at `at`."""
    tensors = [Tensor(a) if isinstance(a, np.ndarray) else a for a in arrays]
    return np.array(function(*tensors, **keywords).gradient(tensors[at], gradient=Tensor(dy))[0].numpy())


words = Words(
    "import os; os.environ['DEV'] = 'CPU'\nfrom typing import Any\nfrom tinygrad import Tensor",
    RuntimeError, AssertionError, IndexError, value=value, pulled=pulled,
)  # fmt: skip
snippet = words.snippet


@words
def conv(x: Any, w: Any, b: Any = None, **keywords: Any) -> partial[Any]:
    """Tensor.conv2d."""
    return _spelt("conv2d", x, w, b, **keywords)


@words
def conv_transpose(x: Any, w: Any, b: Any = None, **keywords: Any) -> partial[Any]:
    """Tensor.conv_transpose2d."""
    return _spelt("conv_transpose2d", x, w, b, **keywords)


@words
def max_pool(x: Any, size: Any, **keywords: Any) -> partial[Any]:
    """Tensor.max_pool2d."""
    return _spelt("max_pool2d", x, kernel_size=axes(size, rank_of(x)), **keywords)


@words
def avg_pool(x: Any, size: Any, *, count_include_pad: Any = False, **keywords: Any) -> partial[Any]:
    """Tensor.avg_pool2d, of floating tensors."""
    floating(x)
    size = axes(size, rank_of(x))
    return _spelt("avg_pool2d", x, kernel_size=size, count_include_pad=count_include_pad, **keywords)


def _spelt(name: str, x: Any, *operands: Any, **keywords: Any) -> partial[Any]:
    rank = rank_of(x)
    if machine_dtype(x, *operands).kind in "iu" and np.asarray(x).dtype.itemsize < 4 and operands:
        raise NotImplementedError("sums of narrow integers are of 32 bits, signed or not")
    if isinstance(keywords.get("padding"), str):
        raise NotImplementedError("there are no padding strings")
    if "padding" in keywords:
        each = pairs(keywords["padding"], rank)
        symmetric = all(len(p) == 2 and p[0] == p[1] for p in each)
        keywords["padding"] = tuple(p[0] for p in each) if symmetric else tuple(n for p in reversed(each) for n in p)
    if keywords.get("stride", 1) is None:
        del keywords["stride"]
    return partial(method, name, x, *operands, **{key: plain(value) for key, value in keywords.items()})


globals().update(words.gradients())
