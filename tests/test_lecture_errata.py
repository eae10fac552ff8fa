"""The errata of the lecture, each proved; the tests have the names of the entries in docs/errata.md."""

from __future__ import annotations

import re
from fractions import Fraction
from itertools import pairwise
from pathlib import Path

import lecture_pixels
import numpy as np
import pytest

import convspec
from convspec import lecture, reference

PAGE = Path(__file__).parents[1] / "docs" / "errata.md"
ENTRIES = re.findall(r"^## `([a-z-]+)`", PAGE.read_text(encoding="utf-8"), re.MULTILINE)


def test_every_entry_is_proved() -> None:
    assert ENTRIES
    assert {f"test_{entry.replace('-', '_')}" for entry in ENTRIES} <= set(globals())


@pytest.mark.clause("lecture.derivative")
def test_derivative_sum() -> None:
    """a is linear in w, so one step of w_ij changes a_rc by its derivative, exactly."""
    w = lecture.LOPSIDED
    for i, j in np.ndindex(3, 3):
        step = np.zeros_like(w)
        step[i, j] = 1
        change = lecture.formula(lecture.PLANE, w + step) - lecture.formula(lecture.PLANE, w)
        padded = np.pad(lecture.PLANE, 1)
        single = padded[2 - i : 7 - i, 2 - j : 7 - j]
        printed = lecture.formula(lecture.PLANE, np.ones((3, 3), int))
        assert (change == single).all()
        assert (change[1:-1, 1:-1] != printed[1:-1, 1:-1]).all()


@pytest.mark.clause("lecture.zero-padding")
def test_padded_result() -> None:
    """No kernel over {-1, 0, 1} gives the print, and no real kernel and bias."""
    windows = np.lib.stride_tricks.sliding_window_view(np.pad(lecture.IMAGE, 1), (3, 3)).reshape(25, 9)
    kernels = np.stack(np.meshgrid(*[(-1, 0, 1)] * 9, indexing="ij"), axis=-1).reshape(-1, 9)
    agree = (kernels @ windows.T == lecture.PADDED_PRINT.ravel()).sum(axis=1)
    assert len(kernels) == 19683
    assert agree.max() == 20
    assert kernels[agree.argmax()].tolist() == [0, 0, 0, 0, 1, 0, 0, 0, 0]
    with_bias = np.hstack([windows, np.ones((25, 1), int)])
    assert rank(with_bias) == 10
    assert rank(np.hstack([with_bias, lecture.PADDED_PRINT.reshape(25, 1)])) == 11
    for op in (reference.correlate, reference.convolve):
        result = op(lecture.IMAGE, lecture.PADDED_KERNEL, "same")
        assert result.shape == lecture.PADDED_PRINT.shape
        assert (result == lecture.PADDED_PRINT).sum() == 3


def rank(matrix: np.ndarray) -> int:
    """The rank of a matrix of integers, by elimination in exact fractions."""
    rows = [[Fraction(int(v)) for v in row] for row in matrix]
    found = 0
    for column in range(matrix.shape[1]):
        pivot = next((r for r in rows[found:] if r[column]), None)
        if pivot is None:
            continue
        rows.remove(pivot)
        rows.insert(found, pivot)
        for r in rows[found + 1 :]:
            factor = r[column] / pivot[column]
            r[:] = [a - factor * b for a, b in zip(r, pivot, strict=True)]
        found += 1
    return found


@pytest.mark.clause("lecture.mlp-count")
def test_ten_million_parameters() -> None:
    count = convspec.parameters((100, 1920 * 1080 * 3), (100,))
    assert count == 6_220_800 * 100 + 100 == 622_080_100
    assert count // 10_000_000 == 62
    assert convspec.parameters((1, 6_220_800), (1,)) < 10_000_000 < convspec.parameters((2, 6_220_800), (2,))


@pytest.mark.clause("lecture.formula", "lecture.rgb")
def test_formula_or_example() -> None:
    parts = list(zip(lecture.RGB[0], lecture.RGB_KERNEL[0], strict=True))
    crossed = sum(reference.correlate(x, w, "same") for x, w in parts) + 1
    convolved = sum(reference.convolve(x, w, "same") for x, w in parts) + 1
    assert crossed[0, :2].tolist() == [-25, 466]
    assert convolved[0, :2].tolist() == [337, 327]
    assert (convolved == sum(lecture.formula(x, w) for x, w in parts) + 1).all()
    assert (np.flip(lecture.KERNEL) == lecture.KERNEL).all()


@pytest.mark.clause("lecture.sobel")
def test_sobel_sign() -> None:
    for kernel, image in (
        (lecture.SOBEL_X, np.tile(np.arange(4), (3, 1))),
        (lecture.SOBEL_Y, np.tile(np.arange(4), (3, 1)).T),
    ):
        assert set(reference.convolve(image, kernel, "valid").ravel().tolist()) == {-8}
        assert set(reference.correlate(image, kernel, "valid").ravel().tolist()) == {8}


@pytest.mark.clause("lecture.formula")
def test_kernel_indices() -> None:
    """With i and j from 1 to 3 the formula gives the same numbers two rows and columns further on."""
    x, w = lecture.PLANE, lecture.LOPSIDED
    shifted = np.zeros((7, 7), int)
    for r, c in np.ndindex(7, 7):
        for i, j in np.ndindex(3, 3):
            if 0 <= r - i - 1 < 5 and 0 <= c - j - 1 < 5:
                shifted[r, c] += x[r - i - 1, c - j - 1] * w[i, j]
    assert (shifted[2:, 2:] == lecture.formula(x, w)).all()
    assert (shifted[:5, :5] != lecture.formula(x, w)).any()


@pytest.mark.clause("lecture.mlp-count")
def test_pixel_table() -> None:
    first, second = lecture_pixels.rows(lecture_pixels.FIRST), lecture_pixels.rows(lecture_pixels.SECOND)
    assert (len(first), {len(row) for row in first}) == (20, {21, 22})
    assert (len(second), {len(row) for row in second}) == (21, {22, 23})
    assert not any(a == b for a, b in zip(first, second, strict=False))
    for row in first + second:
        assert max(abs(a - b) for a, b in pairwise(row)) <= 4
