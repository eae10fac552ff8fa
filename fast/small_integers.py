"""Images of 8 and 16 bits: four bytes or two words at a time, in sums of 32 bits."""

from __future__ import annotations

from math import prod

import numpy as np

from convspec.fast import _kernels, narrow
from convspec.fast.calls import result, returned, view
from convspec.fast.windows import BOUNDARIES, DTYPES
from convspec.params import Array, Image

LEAST, PARALLEL = 4096, 2_000_000
"""Below so many outputs the windows are quicker, and below so many terms one thread."""


def filtered(c: Image, out: Array | None, threads: int) -> Array | None:
    """convolve or correlate, or None for a call that is not for this algorithm: it is exact, so the choice is free."""
    words = _as_words(c)
    if words is None:
        return None
    w = np.flip(c.in2) if c.op == "convolve" else c.in2
    shape, taps = (1,) * (3 - w.ndim) + w.shape, 2 if words else 4
    padded = np.zeros((*shape[:2], -(-shape[2] // taps) * taps), np.int16 if words else np.int8)
    padded[..., : shape[2]] = w.reshape(shape)
    lanes = padded.view(np.int32)
    start = (narrow.offset(c.in1.dtype, words) * int(w.sum(dtype=np.int64)) + 2**31) % 2**32 - 2**31
    geometry = zip(c.S, c.shape, (s - (k - 1) for s, k in zip(c.start, c.R, strict=True)), c.R, strict=True)
    axes = [(1, 1, 0, 1)] * (3 - len(c.R)) + list(geometry)
    boundary, dtype = BOUNDARIES.index(c.boundary), DTYPES.index(c.in1.dtype.name)
    rest = (dtype, c.dtype.itemsize, boundary, int(c.fillvalue), int(words), lanes.shape[2], start)
    y = result(out, c.shape, c.dtype)
    if prod(c.shape) * prod(c.R) < PARALLEL:
        threads = 1
    x = view(c.in1, c.in1.dtype.newbyteorder("="))[None, None]
    _kernels.run_dots(sum(zip(*axes, strict=True), ()) + rest, x, lanes, y, threads)
    return returned(y, out)


def _as_words(c: Image) -> bool | None:
    """Whether the operands are taken as words of 16 bits rather than as bytes; None where they fit neither."""
    if c.dtype.kind == "f" or c.in1.dtype.itemsize > 2 or prod(c.shape) < LEAST:
        return None
    limits = np.iinfo(c.in1.dtype)
    if not limits.min <= c.fillvalue <= limits.max:
        return None
    if c.dtype.itemsize == 8:
        weight = sum(abs(int(v)) for v in c.in2.flat) if c.in2.size < LEAST else 2**31
        if max(-limits.min, limits.max) * weight >= 2**31:
            return None
    return next(narrow.widths(c.in1.dtype, c.in2), None)
