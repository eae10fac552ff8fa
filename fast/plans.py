"""Plans: weights checked and packed once, for convolutions that are called again and again."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np

from convspec import checks, dtypes
from convspec.fast import options
from convspec.fast.calls import channels_last
from convspec.fast.layers import Layer, layer
from convspec.params import Array, Conv

SHAPES = 16
"""A plan keeps weights packed for so many shapes of images."""


class ConvPlan:
    """A convolution with fixed weights: `plan(x, out=None, num_threads=None)` is the operator's result.

    The weights are copied when the plan is made, so later changes to `w` and `b` do not matter. They are packed for
    each new shape and dtype of an image; the number of images may vary freely.
    """

    def __init__(self, check: Callable[..., Conv], w: Any, b: Any, dtype: Any, algorithm: Any, **keywords: Any) -> None:
        options.algorithm(algorithm)
        self._check, self._keywords, self._dtype, self._algorithm = check, keywords, dtype, algorithm
        self._w = np.array(dtypes.array("w", w))
        self._b = None if b is None else np.array(dtypes.array("b", b))
        self._prepared: dict[Any, Layer] = {}

    def __call__(self, x: Any, out: Any = None, num_threads: Any = None) -> Array:
        x = dtypes.array("x", x)
        threads = options.threads(num_threads)
        last = channels_last(out)
        prepared = self._prepared.get((x.shape[1:], x.dtype, last)) or self._prepare(x, threads, last)
        shape = (x.shape[0], *prepared.shape)
        options.output(out, shape, prepared.dtype, (x,))
        return prepared(x, out, threads)

    def __repr__(self) -> str:
        """The weights, and for each shape of an image what was chosen and the cost that it was chosen by."""
        lines = [f"plan of weights {self._w.shape}, algorithm={self._algorithm!r}"]
        for (shape, dtype, last), prepared in list(self._prepared.items()):
            lines.append(f"  {dtype} {shape} -> {prepared.shape}{', channels last' * last}: {prepared.plan.describe()}")
        return "\n".join(lines)

    def _prepare(self, x: Array, threads: int, last: bool) -> Layer:
        c = self._check(x, self._w, self._b, **self._keywords)
        if self._dtype is not None:
            c = replace(c, dtype=options.integer(self._dtype, c.dtype))
        prepared = layer(c, threads, self._algorithm, last=last)
        if len(self._prepared) >= SHAPES:
            self._prepared.clear()
        self._prepared[x.shape[1:], x.dtype, last] = prepared
        return prepared


def plan_conv(
    w: Any, b: Any = None, *, stride: Any = 1, padding: Any = 0, dilation: Any = 1, groups: Any = 1,
    dtype: Any = None, algorithm: Any = "auto",
) -> ConvPlan:  # fmt: skip
    """A plan of conv; what the shape of x decides is checked when it is called."""
    return ConvPlan(
        checks.conv, w, b, dtype, algorithm, stride=stride, padding=padding, dilation=dilation, groups=groups
    )


def plan_conv_transpose(
    w: Any, b: Any = None, *, stride: Any = 1, padding: Any = 0, output_padding: Any = 0, dilation: Any = 1,
    groups: Any = 1, dtype: Any = None, algorithm: Any = "auto",
) -> ConvPlan:  # fmt: skip
    """A plan of conv_transpose; what the shape of x decides is checked when it is called."""
    return ConvPlan(
        checks.conv_transpose, w, b, dtype, algorithm, stride=stride, padding=padding, output_padding=output_padding, dilation=dilation,
        groups=groups,
    )  # fmt: skip
