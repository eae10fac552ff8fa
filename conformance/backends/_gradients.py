"""The gradients of a framework, by its own automatic differentiation: of an operator by one of its operands, at any values.

What an operand of the gradient gives by its shape alone is zeros here, and a bias is that of windows of one element.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import partial
from typing import Any, Protocol

import numpy as np

from convspec.conformance.backends._plumbing import one_dtype, rank_of


class Pull(Protocol):
    """The gradient of an operator by the operand at `at`, for the gradient `dy` of its result."""

    def __call__(self, op: str, operands: list[Any], at: int, dy: Any, **keywords: Any) -> Any: ...


def offered(operators: Iterable[str], pull: Pull) -> dict[str, Callable[..., Any]]:
    """The gradients of these operators."""
    found: dict[str, Callable[..., Any]] = {}
    for op in operators:
        if op.endswith("_pool"):
            found[f"{op}_grad"] = partial(_pooled, pull, op)
        else:
            found |= {f"{op}_grad_input": partial(_input, pull, op), f"{op}_grad_weight": partial(_weight, pull, op)}
            found[f"{op}_grad_bias"] = partial(_bias, pull, op)
    return found


def _input(pull: Pull, op: str, dy: Any, w: Any, x_shape: Any, **keywords: Any) -> Any:
    return pull(op, [np.zeros(x_shape, _floating(dy, w)), w], 0, dy, **keywords)


def _weight(pull: Pull, op: str, dy: Any, x: Any, w_shape: Any, **keywords: Any) -> Any:
    return pull(op, [x, np.zeros(w_shape, _floating(dy, x))], 1, dy, **keywords)


def _bias(pull: Pull, op: str, dy: Any) -> Any:
    dtype, rank = _floating(dy), rank_of(dy)
    N, K, *O = np.shape(dy)
    ones = (1,) * rank
    w = {"conv": (K, 1, *ones), "conv_transpose": (1, K, *ones), "local_conv": (K, *O, 1, *ones)}[op]
    b = (K, *O) if op == "local_conv" else (K,)
    return pull(op, [np.zeros((N, 1, *O), dtype), np.zeros(w, dtype), np.zeros(b, dtype)], 2, dy)


def _pooled(pull: Pull, op: str, dy: Any, x: Any, size: Any, **keywords: Any) -> Any:
    dtype = _floating(dy, *([] if op == "avg_pool" else [x]))
    return pull(op, [np.zeros(x, dtype) if op == "avg_pool" else x, size], 0, dy, **keywords)


def _floating(*operands: Any) -> np.dtype[Any]:
    """The dtype of the operands in the byte order of the machine; frameworks differentiate by floating numbers only."""
    dtype = one_dtype(*operands)
    if dtype.kind != "f" or not all(np.asarray(a).dtype.isnative for a in operands):
        raise NotImplementedError("gradients of integers and in another byte order are not offered")
    return dtype
