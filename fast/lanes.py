"""Layers of 8 and 16 bits: four channels of bytes, or two of words, are one lane of 32 bits, and a multiply-add is of lanes."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from math import prod

import numpy as np

from convspec.fast import _kernels, narrow
from convspec.fast.calls import view
from convspec.fast.windows import DTYPES, Windows
from convspec.params import Array, Conv

SUMS = np.dtype(np.uint32)
"""Sums are modulo 2^32."""

BUFFER = 2 << 20
"""Images are joined so many bytes at a time, or one by one."""

MOST_KEPT = 16 << 20
_kept: deque[Array] = deque(maxlen=1)
"""The room that was given back last, if it is no larger: pages that are new take longer than to join a layer."""

LEAST = 100_000
"""Below so many products the windows are quicker."""


@dataclass(frozen=True)
class Joined:
    """How the channels of an image become lanes."""

    words: bool
    groups: int
    flip: int
    """What is added to each input, modulo 2^width, to give it the sign that the instruction takes."""

    @property
    def width(self) -> int:
        """Bits of a channel."""
        return 16 if self.words else 8

    def images(self, x: Array) -> int:
        """How many images are joined at a time."""
        return max(1, BUFFER // max(1, 4 * prod(self.shape(x)[1:])))

    @contextmanager
    def room(self, x: Array) -> Iterator[Array]:
        """Room for the lanes of x (N, C, *S)."""
        shape = self.shape(x)
        size = prod(shape)
        try:
            whole = _kept.pop()
        except IndexError:
            whole = np.empty(0, SUMS)
        if whole.size < size:
            whole = _kernels.new_array((size,), SUMS)
        yield whole[:size].reshape(shape)
        if whole.nbytes <= MOST_KEPT:
            _kept.append(whole)

    def shape(self, x: Array) -> tuple[int, ...]:
        """That of the lanes of x (N, C, *S): (N, groups * lanes, *S)."""
        return x.shape[0], self.groups * -(-(x.shape[1] // self.groups) // (32 // self.width)), *x.shape[2:]

    def __call__(self, x: Array, threads: int, room: Array | None = None) -> Array:
        """x (N, C, *S) of any strides to (N, groups * lanes, *S), the first images of `room` if that is given."""
        y = np.empty(self.shape(x), SUMS) if room is None else room[: x.shape[0]]
        N, C, *S = x.shape
        channels, mask = C // self.groups, sum(self.flip << at for at in range(0, 32, self.width))
        fields = DTYPES.index(x.dtype.name), self.width, mask, N, self.groups, channels, *(1,) * (3 - len(S)), *S
        _kernels.join(fields, x, y, threads if y.size > LEAST else 1)
        return y


def joined(c: Conv, threads: int) -> tuple[Joined, Conv] | None:
    """How x is joined, and the convolution of lanes; None where the operands are not for it."""
    words = _as_words(c)
    if words is None:
        return None
    offset = narrow.offset(c.x.dtype, words)
    x = Joined(words, c.groups, abs(offset))
    w = c.w if c.w.dtype == np.int8 else c.w.astype(np.int16 if words else np.int8)
    if c.op == "conv_transpose":
        lanes = Joined(words, c.groups, 0)(view(w, w.dtype).reshape(1, c.C, -1), threads).reshape(-1, *w.shape[1:])
        C = lanes.shape[0]
    else:
        lanes = Joined(words, 1, 0)(view(w, w.dtype), threads)
        C = c.groups * lanes.shape[1]
    b = np.zeros(c.K, np.int64) if c.b is None else c.b.astype(np.int64)
    if offset:
        b += offset * w.sum(axis=tuple(range(1, w.ndim)), dtype=np.int32).astype(np.int64)
    return x, replace(c, w=lanes, b=(b % 2**32).astype(SUMS), dtype=SUMS, C=C)


def windows(described: Windows, x: Joined) -> Windows:
    """The windows of a convolution, of lanes instead of numbers."""
    code, per = DTYPES.index("words" if x.words else "bytes"), 2 if x.words else 4
    fill = sum(x.flip << 32 // per * i for i in range(per))
    return replace(described, fields=[(f[0], code, *f[2:]) for f in described.fields], fill=fill)


def _as_words(c: Conv) -> bool | None:
    """Whether channels are joined as words of 16 bits rather than as bytes; None where they fit neither or do not pay."""
    if c.op not in ("conv", "conv_transpose") or c.dtype.kind == "f" or c.x.dtype.itemsize > 2 or c.C // c.groups < 2:
        return None
    if prod(c.shape) * (c.C // c.groups) * prod(c.R) < LEAST:
        return None
    if c.dtype.itemsize == 8 and _greatest(c) >= 2**31:
        return None
    each = narrow.widths(c.x.dtype, c.w)
    if c.op == "conv_transpose":  # each phase would have an initial value of its own
        each = (words for words in each if not narrow.offset(c.x.dtype, words))
    return next(each, None)


def _greatest(c: Conv) -> int:
    """No sum is further from zero, whatever x holds."""
    limits = np.iinfo(c.x.dtype)
    output = 1 if c.op == "conv_transpose" else 0
    weight = np.abs(c.w.astype(np.float64)).sum(axis=tuple(a for a in range(c.w.ndim) if a != output)).max(initial=0)
    return max(-int(limits.min), int(limits.max)) * int(weight) + (
        0 if c.b is None else int(np.abs(c.b.astype(object)).max(initial=0))
    )
