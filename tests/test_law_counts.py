"""The counting clauses against counting one by one."""

from __future__ import annotations

from itertools import product

import numpy as np
import pytest

import convspec
from convspec import checks, reference
from convspec.shapes import extent

AXES = [
    (n, k, s, d, pad)
    for n, k, s, d, pad in product((1, 4, 7), (1, 2, 3), (1, 2, 3), (1, 2), ((0, 0), (1, 0), (2, 3)))
    if extent(k, d) <= n + sum(pad)
]


def touched(n: int, k: int, s: int, d: int, pad: tuple[int, int]) -> list[list[int]]:
    """For every window along an axis the input elements it reads, found by walking the padded axis."""
    padded = [None] * pad[0] + list(range(n)) + [None] * pad[1]
    starts = range(0, len(padded) - (k - 1) * d, s)
    return [[i for i in padded[o : o + (k - 1) * d + 1 : d] if i is not None] for o in starts]


@pytest.mark.clause("shape.output", "shape.connections")
@pytest.mark.parametrize(("n", "k", "s", "d", "pad"), AXES)
def test_connections(n: int, k: int, s: int, d: int, pad: tuple[int, int]) -> None:
    windows = touched(n, k, s, d, pad)
    assert convspec.output_size(n, k, stride=s, dilation=d, pad=pad) == len(windows)
    count = convspec.connections((n,), (k,), stride=(s,), dilation=(d,), pads=(pad,))
    assert count == sum(map(len, windows))
    assert convspec.connections((n, n), (k, k), stride=(s, s), dilation=(d, d), pads=(pad, pad)) == count * count


@pytest.mark.clause("shape.multiply-adds", "shape.parameters")
@pytest.mark.parametrize("groups", [1, 2])
def test_multiply_adds_and_parameters(groups: int) -> None:
    """Ones everywhere, padding by a fill of ones: the sums count their own terms."""
    x, w = np.ones((2, 4, 5, 6), int), np.ones((6, 4 // groups, 3, 2), int)
    y = reference.conv(np.pad(x, ((0, 0), (0, 0), (1, 1), (0, 1)), constant_values=1), w, groups=groups)
    p = checks.conv(x, w, padding=[(1, 1), (0, 1)], groups=groups)
    assert y.shape == p.shape
    assert convspec.multiply_adds(p.N, p.C, p.K, p.R, p.O, groups) == y.sum()
    assert convspec.parameters(w.shape, (6,)) == w.sum() + 6


@pytest.mark.clause("shape.receptive-field")
@pytest.mark.parametrize("stack", list(product(((3, 1, 1, 0), (2, 2, 1, 1), (3, 1, 2, 2)), repeat=2)))
def test_receptive_field(stack: tuple[tuple[int, int, int, int], ...]) -> None:
    """One input element at a time is 1: what reaches unit 5 is its field."""
    n = 30
    y = np.eye(n, dtype=int)[:, None]
    for k, s, d, before in stack:
        y = reference.conv(y, np.ones((1, 1, k), int), stride=s, dilation=d, padding=[(before, before)])
    field = convspec.receptive_field(convspec.Layer(k, s, d, (before, before)) for k, s, d, before in stack)
    seen = np.flatnonzero(y[:, 0, 5])
    first = field.start + 5 * field.jump
    assert seen.min() == first
    assert seen.max() == first + field.size - 1


@pytest.mark.clause("shape.transposed", "shape.padding-same", "shape.padding-same-lower", "shape.padding-full")
@pytest.mark.parametrize(("n", "k", "s", "d", "pad"), AXES)
def test_sizes_fit_together(n: int, k: int, s: int, d: int, pad: tuple[int, int]) -> None:
    size = convspec.output_size(n, k, stride=s, dilation=d, pad=pad)
    back = convspec.transposed_size(size, k, stride=s, dilation=d, pad=pad)
    assert back <= n < back + s
    upper, lower = (convspec.named_padding(name, n, k, stride=s, dilation=d) for name in ("same", "same_lower"))
    assert upper == lower[::-1] and 0 <= upper[1] - upper[0] <= 1
    assert convspec.output_size(n, k, stride=s, dilation=d, pad=upper) == -(-n // s)
    full = convspec.named_padding("full", n, k, dilation=d)
    assert convspec.output_size(n, k, dilation=d, pad=full) == len(touched(n, k, 1, d, (n + k * d, n + k * d))) - 2 * (
        n + k * d - full[0]
    )


@pytest.mark.clause("shape.ceil-mode", "shape.ceil-drop", "policy.ceil-drop")
@pytest.mark.parametrize(("n", "k", "s", "d", "pad"), AXES)
def test_ceil_mode(n: int, k: int, s: int, d: int, pad: tuple[int, int]) -> None:
    down = convspec.output_size(n, k, stride=s, dilation=d, pad=pad)
    kept = convspec.output_size(n, k, stride=s, dilation=d, pad=pad, ceil_mode=True, drop=False)
    up = convspec.output_size(n, k, stride=s, dilation=d, pad=pad, ceil_mode=True)
    assert kept == -(-(n + sum(pad) - extent(k, d)) // s) + 1
    assert down <= up <= kept <= down + 1
    assert (up < kept) == (kept > down and down * s >= pad[0] + n)
