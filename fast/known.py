"""Calls like one before: what has been checked and described once is known by the shapes and dtypes of the operands and by
the other arguments."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from convspec.fast import _kernels, windows
from convspec.fast.calls import prepare, run
from convspec.params import Array, Conv, Ints


class Known(NamedTuple):
    """What one call tells of others with operands of the same shapes and dtypes; for weights, that they are finite."""

    described: windows.Windows
    algorithm: str
    images: int
    shape: Ints
    dtype: np.dtype[Any]
    last: bool = False
    """Whether it writes into an `out`, or reads a gradient, with its channels last in memory."""
    forward: Conv | None = None
    """Of a gradient by the weights: the operator, without its arrays."""


class Pool(NamedTuple):
    """Windows that pool arrays of one shape and dtype, of any strides; `last`: into a result with its channels last in memory."""

    plan: _kernels.Plan
    shape: Ints
    dtype: np.dtype[Any]
    last: bool

    def suits(self, x: Array) -> bool:
        """Whether the strides of x are for that."""
        return not self.last or self.plan.takes_channels_last(x)

    def __call__(self, x: Array, out: Array | None, threads: int) -> Array:
        return run(self.plan, x, self.shape[0], out, self.shape, self.dtype, threads, last=self.last)


class PoolGradient(NamedTuple):
    """The gradients of pooling arrays of one shape and dtype; `dtype` and `shape` are the result's."""

    windows: tuple[Any, bytes, float, int]
    """What the kernels are told: fields, fill, power and the dtype of sums."""
    images: int
    shape: Ints
    dtype: np.dtype[Any]
    of_x: np.dtype[Any] | None
    """None where x is not read."""
    norm: tuple[str, Any, dict[str, Any]] | None
    """The operator whose result is read too, its size and its keywords."""


Key = tuple[Any, ...] | None
REMEMBERED = 1024
_known = _kernels.known_calls


def recall(key: Key) -> Any:
    """What is known of such a call."""
    return None if key is None else _known.get(key)


def remember(key: Key, known: Known | Pool | PoolGradient) -> None:
    """None is the key of calls that are not remembered."""
    if key is not None:
        if len(_known) >= REMEMBERED:
            _known.clear()
        _known[key] = known


def run_once(k: Known, x: Array, w: Array, b: Array | None, out: Array | None, threads: int) -> Array:
    """A layer whose weights are used for one call."""
    return _run(k, x, w, b, out, threads)[0]


def run_finite(k: Known, x: Array, w: Array, b: Array | None, out: Array | None, threads: int) -> Array | None:
    """The same for windows that are right for finite weights only; None for others."""
    y, plan = _run(k, x, w, b, out, threads)
    return y if plan.has_finite_weights() else None


def _run(k: Known, x: Array, w: Array, b: Array | None, out: Array | None, threads: int) -> tuple[Array, _kernels.Plan]:
    plan = prepare(k.described, w, b, threads, k.algorithm, once=True)
    background = None if k.described.covers else np.zeros((), k.dtype)
    return run(plan, x, k.images, out, k.shape, k.dtype, threads, background, k.last), plan
