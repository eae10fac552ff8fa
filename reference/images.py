"""convolve and correlate: the lecture's sum over an image that a boundary extends."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from convspec import checks
from convspec.params import Image
from convspec.policies import DEFAULTS
from convspec.reference.arithmetic import Number
from convspec.reference.loops import Index, Outputs, complete, extend, indices


def convolve(
    in1: Any, in2: Any, mode: Any = "full", boundary: Any = "fill", fillvalue: Any = 0, *,
    at: Any = None, stepwise: bool = False, policies: Mapping[str, str] = DEFAULTS,
) -> np.ndarray[Any, Any]:  # fmt: skip
    """y[m] = sum_t X[m + start - t] in2[t], where X is in1 extended by the boundary."""
    p = checks.convolve(in1, in2, mode, boundary, fillvalue, policies=policies)
    y = Outputs(p.shape, p.dtype, at)
    num = y.arithmetic(stepwise)
    image, kernel, fill = num.lift(p.in1, p.in2, np.array(p.fillvalue, p.dtype))
    X = Extended(image, fill[()], p, policies)
    for m in y:
        acc = num.zero
        for t in reversed(list(indices(p.R))):  # ascending in the image
            i = tuple(m_ + s - t_ for m_, s, t_ in zip(m, p.start, t, strict=True))
            if X.counts(i):
                acc = num.fma(X[i], kernel[t], acc)  # [image.convolve]
        y[m] = num.total(acc)
    return y.array()


def correlate(
    in1: Any, in2: Any, mode: Any = "full", boundary: Any = "fill", fillvalue: Any = 0, *,
    at: Any = None, stepwise: bool = False, policies: Mapping[str, str] = DEFAULTS,
) -> np.ndarray[Any, Any]:  # fmt: skip
    """y[m] = sum_t X[m + start - (k - 1) + t] in2[t]; reversed where mode="valid" swapped the operands."""
    p = checks.correlate(in1, in2, mode, boundary, fillvalue, policies=policies)
    y = Outputs(p.shape, p.dtype, at)
    num = y.arithmetic(stepwise)
    image, kernel, fill = num.lift(p.in1, p.in2, np.array(p.fillvalue, p.dtype))
    X = Extended(image, fill[()], p, policies)
    first = tuple(s - (k - 1) for s, k in zip(p.start, p.R, strict=True))
    for m in y:
        acc = num.zero
        q = tuple(n - 1 - m_ for n, m_ in zip(p.shape, m, strict=True)) if p.swapped else m  # [image.valid-swap]
        for t in indices(p.R):
            i = tuple(q_ + f + t_ for q_, f, t_ in zip(q, first, t, strict=True))
            if X.counts(i):
                acc = num.fma(X[i], kernel[t], acc)  # [image.correlate]
        y[m] = num.total(acc)
    return y.array()


class Extended(dict[Index, Number]):
    """An image that goes on beyond its edges, element by element as they are read."""

    def __init__(self, image: Any, fill: Number, p: Image, policies: Mapping[str, str]) -> None:
        super().__init__()
        self.image, self.fill, self.S, self.boundary = image, fill, p.S, p.boundary
        self.literal = policies["padded_tap"] != "skipped" or p.fillvalue != 0

    def _source(self, i: Index) -> Index | None:
        return complete(tuple(extend(j, n, self.boundary) for j, n in zip(i, self.S, strict=True)))

    def __missing__(self, i: Index) -> Number:
        source = self._source(i)
        found = self[i] = self.fill if source is None else self.image[source]
        return found

    def counts(self, i: Index) -> bool:
        """Whether the element enters the sum: all do, unless a policy skips zero padding."""
        return self.literal or self._source(i) is not None
