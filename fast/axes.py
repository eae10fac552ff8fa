"""One axis of a sliding window: output o sees the inputs o * step + first + t * gap, t < taps."""

from __future__ import annotations

from math import gcd
from typing import NamedTuple


class Axis(NamedTuple):
    """The fields of `cs_axis`, in order, and what the axis adds to where the weights, the bias and the result begin.

    `w` and `y` are the elements between neighbouring taps in the weights and neighbouring outputs in the result; `low`,
    `high`, `mean_first` and `mean_taps` say which taps a mean divides by; `tile` is for unshared kernels.
    """

    size: int = 1
    out: int = 1
    step: int = 1
    taps: int = 1
    first: int = 0
    gap: int = 1
    w: int = 0
    y: int = 0
    low: int = 0
    high: int = 1
    mean_first: int = 0
    mean_taps: int = 1
    tile: int = 1
    w_base: int = 0
    b_base: int = 0
    y_base: int = 0


STRUCT = 13
"""So many fields of an axis are the struct's."""


def existing_terms(a: Axis) -> list[Axis]:
    """`a` in pieces whose taps all lie inside the input: terms beyond the edges are left out, not multiplied by 0."""
    pieces = []
    last = max(a.first, a.first + (a.taps - 1) * a.gap)
    o = 0
    while o < a.out:
        start, stop = inside(a, o)
        end = (a.size - 1 - last) // a.step + 1 if (start, stop) == (0, a.taps) else o + 1
        pieces.append(_piece(a, o, min(a.out, end), start, stop - start))
        o = end
    return pieces


def inside(a: Axis, o: int) -> tuple[int, int]:
    """The range of taps of output `o` that lie inside the input; empty as (0, 0)."""
    at = o * a.step + a.first
    if a.gap > 0:
        start, stop = _ceil(-at, a.gap), _ceil(a.size - at, a.gap)
    else:
        start, stop = (at - a.size) // -a.gap + 1, at // -a.gap + 1
    start, stop = max(0, start), min(a.taps, stop)
    return (start, stop) if start < stop else (0, 0)


def _piece(a: Axis, start: int, stop: int, skip: int, taps: int) -> Axis:
    return a._replace(
        out=stop - start,
        taps=taps,
        first=a.first + start * a.step + skip * a.gap,
        mean_first=a.mean_first + start * a.step,
        w_base=a.w_base + skip * a.w,
        y_base=a.y_base + start * a.y,
    )


def tiles(a: Axis, tile: int, kernels: int, size: int) -> list[Axis]:
    """`a` for each position in a tile in turn: the next kernel is `kernels` kernels of `size` elements further on."""
    return [
        a._replace(
            out=_ceil(a.out - t, tile),
            step=a.step * tile,
            first=a.first + t * a.step,
            y=a.y * tile,
            w_base=a.w_base + t * kernels * size,
            b_base=a.b_base + t * kernels,
            y_base=a.y_base + t * a.y,
        )
        for t in range(min(tile, a.out))
    ]


def phases(size: int, out: int, taps: int, *, stride: int, dilation: int, before: int, w: int, y: int) -> list[Axis]:
    """A transposed axis, as one stride-1 window for each remainder of the output position that meets any tap.

    Output o meets tap r and input i where i * stride + r * dilation - before = o.
    """
    common = gcd(stride, dilation)
    found = []
    for r in range(min(taps, stride // common)):
        phase = (r * dilation - before) % stride
        if phase < out:
            found.append(
                Axis(
                    size,
                    _ceil(out - phase, stride),
                    taps=_ceil(taps - r, stride // common),
                    first=(phase + before - r * dilation) // stride,
                    gap=-(dilation // common),
                    w=w * (stride // common),
                    y=y * stride,
                    w_base=r * w,
                    y_base=phase * y,
                )
            )
    return found


def _ceil(a: int, b: int) -> int:
    return -(-a // b)
