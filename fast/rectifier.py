"""ReLU and its gradient by all threads: the law's functions between the layers of networks."""

from __future__ import annotations

from typing import Any

import numpy as np

from convspec import learning
from convspec.fast import _kernels, options
from convspec.params import Array


def relu(x: Array, out: Array | None = None, *, num_threads: Any = None) -> Array:
    """x where it is positive, else 0; NaN stays. `out` may be x."""
    threads = options.threads(num_threads)
    if not (_plain(x) and _takes(out, x)):
        return learning.relu(x, out)
    y = _kernels.new_array(x.shape, x.dtype) if out is None else out
    _kernels.rectify(x, x, y, threads)
    return y


def relu_grad(dy: Array, y: Array, out: Array | None = None, *, num_threads: Any = None) -> Array:
    """dy where the result `y` of ReLU is not 0, else 0. `out` may be dy."""
    threads = options.threads(num_threads)
    if not (_plain(dy) and _like(y, dy) and _takes(out, dy, y)):
        return learning.relu_grad(dy, y, out)
    dx = _kernels.new_array(dy.shape, dy.dtype) if out is None else out
    _kernels.rectify(dy, y, dx, threads)
    return dx


def _plain(a: Array) -> bool:
    """Whether an array is what the kernel takes, and not numpy's matter."""
    return (
        a.dtype.kind == "f"
        and a.dtype.itemsize in (4, 8)
        and a.dtype.isnative
        and a.flags.c_contiguous
        and a.flags.aligned
    )


def _like(a: Array, other: Array) -> bool:
    return a.shape == other.shape and a.dtype == other.dtype and _plain(a)


def _takes(out: Array | None, *operands: Array) -> bool:
    """Whether there is no `out`, or one like each operand that is this operand itself or apart from it."""
    if out is None:
        return True
    apart = all(out is a or not np.may_share_memory(out, a) for a in operands)
    return apart and _like(out, operands[0]) and out.flags.writeable
