"""TensorFlow as a backend: tf.nn on the CPU, and its gradients by tf.GradientTape.

* https://www.tensorflow.org/api_docs/python/tf/nn/convolution, and conv2d for padding in numbers
* https://www.tensorflow.org/api_docs/python/tf/nn/conv_transpose (no dilation and no groups; padding VALID)
* https://www.tensorflow.org/api_docs/python/tf/nn/pool (dilation or stride, not both)
* https://www.tensorflow.org/api_docs/python/tf/GradientTape#gradient

Its channels are last, so tensors are transposed on the way in and out, by TensorFlow. Padding is "VALID" or "SAME"; windows are not rounded
up, a stride is the same on all axes of a dilated window, and the divisor of an average leaves padding out.
"""

from __future__ import annotations

import os
from functools import partial
from typing import Any

import numpy as np

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
os.environ.setdefault("CUDA_VISIBLE_DEVICES", "-1")

import tensorflow as tf
from tensorflow import __version__, errors

from convspec.conformance.backends._plumbing import asked, axes, floating, only, pairs
from convspec.conformance.backends._words import Words

__all__ = ["__version__", "avg_pool", "conv", "conv_transpose", "max_pool", "numerics", "policies", "snippet"]

policies = {"integer_result": "same", "padded_tap": "any", "max_nan": "any", "subnormals": "flushed"}
"""Not documented; observed."""
numerics = {"*": "direct"}

STRINGS = {"same": "SAME", "valid": "VALID"}
LAYOUT = {1: "NWC", 2: "NHWC", 3: "NDHWC"}
"""The default, without which there is no gradient on three axes: docs/findings/tensorflow-conv3d-gradient.md."""
NOT_OFFERED = (
    "UnimplementedError", "NotFoundError", "Could not find device", "not supported", "not in the list of allowed",
    "is not implemented", "do not yet support dilation",
)  # fmt: skip
"""What it says where it has no such kernel."""


def layer(name: str, x: Any, *weights: Any, **keywords: Any) -> Any:
    """A function of tf.nn, whose tensors have their channels last and whose kernels have them before the filters."""
    last = tf.transpose(x, [0, *range(2, len(x.shape)), 1])
    kernels = [tf.transpose(w, [*range(2, len(w.shape)), 1, 0]) for w in weights[:1]]
    y = getattr(tf.nn, name)(last, *kernels, **keywords)
    for b in weights[1:]:
        y = y if b is None else tf.nn.bias_add(y, b)
    return tf.transpose(y, [0, len(y.shape) - 1, *range(1, len(y.shape) - 1)])


def value(function: Any, *arrays: Any, **keywords: Any) -> Any:
    """Its result."""
    tensors = [tf.convert_to_tensor(a) if isinstance(a, np.ndarray) else a for a in arrays]
    return np.array(function(*tensors, **keywords))


def pulled(function: Any, at: int, dy: Any, *arrays: Any, **keywords: Any) -> Any:
    """The gradient by the operand at `at`."""
    tensors = [tf.convert_to_tensor(a) if isinstance(a, np.ndarray) else a for a in arrays]
    with tf.GradientTape() as tape:
        tape.watch(tensors[at])
        y = function(*tensors, **keywords)
    return np.array(tape.gradient(y, tensors[at], output_gradients=tf.convert_to_tensor(dy)))


words = Words(
    "import os; os.environ |= {'TF_CPP_MIN_LOG_LEVEL': '3', 'CUDA_VISIBLE_DEVICES': '-1'}\nfrom typing import Any\n"
    "import tensorflow as tf",
    errors.UnimplementedError, errors.NotFoundError, errors.InvalidArgumentError, errors.InternalError,
    errors.ResourceExhaustedError, errors.AbortedError, ValueError, not_offered=NOT_OFFERED, value=value, pulled=pulled,
)  # fmt: skip
snippet = words.snippet


@words
def conv(
    x: Any, w: Any, b: Any = None, *, stride: Any = 1, padding: Any = 0, dilation: Any = 1, groups: Any = 1
) -> partial[Any]:
    """tf.nn.convolution, and tf.nn.conv2d, which knows padding in numbers; groups follow from the channels of the filters."""
    rank = asked(x, w, b)
    if np.ndim(w) == rank + 2 and np.shape(w)[1] * groups != np.shape(x)[1]:
        raise NotImplementedError("groups are not an argument")
    if rank == 3:
        only("groups", groups, 1)
    name = "conv2d" if rank == 2 else "convolution"
    explicit = rank == 2 and not isinstance(padding, str)
    pads = [(0, 0), *pairs(padding, rank), (0, 0)] if explicit else _padding(padding, rank)
    return partial(
        layer, name, x, w, b, strides=axes(stride, rank), padding=pads, dilations=axes(dilation, rank),
        data_format=LAYOUT[rank],
    )  # fmt: skip


@words
def conv_transpose(
    x: Any, w: Any, b: Any = None, *, stride: Any = 1, padding: Any = 0, output_padding: Any = 0, **keywords: Any
) -> partial[Any]:
    """tf.nn.conv_transpose, which takes the shape of its result."""
    rank = asked(x, w, b)
    for name, given in keywords.items():
        only(name, given, 1)
    steps, extra = axes(stride, rank), axes(output_padding, rank)
    if isinstance(padding, str) or len(extra) != rank:
        raise NotImplementedError("strings mean something else, and the shape of the output is an argument")
    sizes = zip(np.shape(x)[2:], steps, np.shape(w)[2:], extra, strict=False)
    shape = [np.shape(x)[0], *((n - 1) * s + k + e for n, s, k, e in sizes), np.shape(w)[1]]
    return partial(layer, "conv_transpose", x, w, b, output_shape=shape, strides=steps, padding=_padding(padding, rank))


@words
def max_pool(x: Any, size: Any, **keywords: Any) -> partial[Any]:
    """tf.nn.pool of type MAX."""
    return _pool(x, size, "MAX", **keywords)


@words
def avg_pool(x: Any, size: Any, *, count_include_pad: Any = False, **keywords: Any) -> partial[Any]:
    """tf.nn.pool of type AVG."""
    only("count_include_pad", count_include_pad, False)
    floating(x)
    return _pool(x, size, "AVG", **keywords)


def _pool(
    x: Any, size: Any, kind: str, *, stride: Any = None, padding: Any = 0, dilation: Any = 1, ceil_mode: Any = False
) -> partial[Any]:
    rank = asked(x)
    only("ceil_mode", ceil_mode, False)
    return partial(
        layer, "pool", x, window_shape=axes(size, rank), pooling_type=kind,
        strides=axes(size if stride is None else stride, rank), padding=_padding(padding, rank),
        dilations=axes(dilation, rank),
    )  # fmt: skip


def _padding(padding: Any, rank: int) -> str:
    if isinstance(padding, str):
        if padding in ("full", "same_lower"):
            raise NotImplementedError(f"tf.nn has no padding {padding!r}")
        return STRINGS.get(padding, padding)
    if not all(pair == (0, 0) for pair in pairs(padding, rank)) or len(axes(padding, rank)) != rank:
        raise NotImplementedError("padding in numbers is not offered")
    return "VALID"


globals().update(words.gradients())
