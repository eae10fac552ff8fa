"""MNN as a backend: the functions of MNN.expr, which have two spatial axes and compute in float32.

* https://mnn-docs.readthedocs.io/en/latest/pymnn/expr.html (conv2d, conv2d_transpose, max_pool, avg_pool)

Windows, strides, dilations and padding are given as (x, y), the last axis first. Padding in numbers is that of Caffe, the same on both
sides; under it pooling rounds its sizes up and averages count padding; VALID and SAME round as the law does without `ceil_mode`. All
this is not documented; observed. There is no output_padding, pooling has no dilation, and convolutions always take a bias. Groups are
offered where each has one channel and one filter; what others give is in docs/findings/mnn-groups.md, and what padding that exceeds
the kernel of a transposed convolution does in docs/findings/mnn-crash.md.
"""

from __future__ import annotations

from functools import partial
from typing import Any

import MNN
import MNN.expr as F
import numpy as np

from convspec.conformance.backends._plumbing import axes, one_dtype, only, pairs, plain
from convspec.conformance.backends._words import Words

__all__ = ["__version__", "avg_pool", "conv", "conv_transpose", "max_pool", "numerics", "policies", "snippet"]

__version__ = MNN.version()
policies = {
    "padded_tap": "any", "max_nan": "any", "empty_window": "any", "ceil_drop": "no"
}  # fmt: skip
"""Not documented; observed."""
numerics = {"*": "direct", "conv": "fast"}

words = Words("from typing import Any\nimport MNN.expr as F", RuntimeError, SystemError)
snippet = words.snippet


def convolved(name: str, x: Any, w: Any, b: Any, mode: str, *numbers: Any) -> Any:
    """The result of a convolution, whose tensors have their channels in blocks of four."""
    x, w = np.ascontiguousarray(x), np.ascontiguousarray(w)
    K = w.shape[0] if name == "conv2d" else w.shape[1] * numbers[-1]
    b = np.zeros(K, np.float32) if b is None else np.ascontiguousarray(b)
    x, w, b = (F.const(a, list(a.shape), F.NCHW, F.float) for a in (x, w, b))
    stride, padding, dilation, groups = numbers
    y = getattr(F, name)(F.convert(x, F.NC4HW4), w, b, stride, padding, dilation, groups, getattr(F, mode))
    return np.array(F.convert(y, F.NCHW).read())


def pooled(name: str, x: Any, size: Any, stride: Any, mode: str, padding: Any) -> Any:
    """The result of pooling."""
    x = np.ascontiguousarray(x)
    y = getattr(F, name)(F.const(x, list(x.shape), F.NCHW, F.float), size, stride, getattr(F, mode), padding)
    return np.array(y.read())


@words
def conv(
    x: Any, w: Any, b: Any = None, *, stride: Any = 1, padding: Any = 0, dilation: Any = 1, groups: Any = 1
) -> Any:
    """conv2d."""
    mode, pads = _asked(padding, x, w, b)
    _single(groups, x, w)
    return partial(convolved, "conv2d", x, w, b, mode, _xy(stride), pads, _xy(dilation), groups)


@words
def conv_transpose(
    x: Any, w: Any, b: Any = None, *, stride: Any = 1, padding: Any = 0, output_padding: Any = 0, dilation: Any = 1,
    groups: Any = 1,
) -> Any:  # fmt: skip
    """conv2d_transpose."""
    mode, pads = _asked(padding, x, w, b)
    only("output_padding", output_padding, 0)
    if isinstance(padding, str) or len(axes(output_padding, 2)) != 2:
        raise NotImplementedError("strings and output_padding are not offered")
    reach = [(k - 1) * d for k, d in zip(np.shape(w)[:1:-1], _xy(dilation), strict=False) if isinstance(d, int)]
    if any(isinstance(p, int) and p > most for p, most in zip(pads, reach, strict=False)):
        raise NotImplementedError("padding beyond the reach of the kernel is not offered")
    _single(groups, x, w)
    return partial(convolved, "conv2d_transpose", x, w, b, mode, _xy(stride), pads, _xy(dilation), groups)


@words
def max_pool(x: Any, size: Any, **keywords: Any) -> Any:
    """max_pool."""
    return _pool("max_pool", x, size, **keywords)


@words
def avg_pool(x: Any, size: Any, *, count_include_pad: Any = False, **keywords: Any) -> Any:
    """avg_pool."""
    found = _pool("avg_pool", x, size, **keywords)
    mode, pads = found.args[4:]
    counted = {"VALID": (False, True), "SAME": (False,), "CAFFE": (True,) if any(pads) else (False, True)}[mode]
    only("count_include_pad", count_include_pad, *counted)
    return found


def _pool(
    name: str, x: Any, size: Any, *, stride: Any = None, padding: Any = 0, dilation: Any = 1, ceil_mode: Any = False
) -> partial[Any]:
    mode, pads = _asked(padding, x)
    only("dilation", dilation, 1)
    if len(axes(dilation, 2)) != 2:
        raise NotImplementedError("dilation is not an argument")
    if mode == "CAFFE":
        mode = mode if ceil_mode is True or any(pads) else "VALID"
        only("ceil_mode", ceil_mode, mode == "CAFFE")
    return partial(pooled, name, x, _xy(size), _xy(size if stride is None else stride), mode, pads)


def _asked(padding: Any, *operands: Any) -> tuple[str, list[int]]:
    """The mode and the numbers of the padding."""
    if one_dtype(*operands) != np.float32 or not all(a.dtype.isnative for a in operands if a is not None):
        raise NotImplementedError("MNN computes in float32 of the machine's byte order")
    if np.ndim(operands[0]) != 4:
        raise NotImplementedError("MNN has two spatial axes")
    if isinstance(padding, str) and padding != "valid":
        only("padding", padding, "same")
        return "SAME", [0, 0]
    each = pairs(0 if padding == "valid" else padding, 2)
    if not all(len(p) == 2 and p[0] == p[1] for p in each):
        raise NotImplementedError("padding before and after an axis is the same number")
    return "CAFFE", _xy([p[0] for p in each])


def _xy(value: Any) -> Any:
    """A number for each axis, the last first."""
    return [plain(n) for n in reversed(axes(value, 2))]


def _single(groups: Any, x: Any, w: Any) -> None:
    """Leaves out groups of several channels or filters."""
    if groups != 1 and not groups == np.shape(x)[1] == np.shape(w)[0] * np.shape(w)[1]:
        raise NotImplementedError("groups have one channel and one filter")
