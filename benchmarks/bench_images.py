"""Filters on a 1080p picture, beside scipy.signal.convolve2d."""

from __future__ import annotations

from typing import Any

import pytest

from benchmarks import measure
from benchmarks.row import Row

PICTURE, SAME = (1080, 1920), {"mode": "same"}
REALS, BYTES = ("float64", "float64"), ("uint8", "int8")
ROWS = [
    Row("1080p 5x5, float32", "convolve", PICTURE, (5, 5), keywords=SAME, claimed=True),
    Row("1080p 5x5, float64", "convolve", PICTURE, (5, 5), keywords=SAME, dtypes=REALS),
    Row("1080p 5x5, 8-bit", "convolve", PICTURE, (5, 5), keywords=SAME, dtypes=BYTES),
    Row("1080p 3x3, float32", "convolve", PICTURE, (3, 3), keywords=SAME),
]


@pytest.mark.parametrize("row", measure.params(ROWS))
def bench_reference(benchmark: Any, row: Row) -> None:
    measure.by_reference(benchmark, row)


@pytest.mark.parametrize("row", measure.params(ROWS))
def bench_fast(benchmark: Any, row: Row) -> None:
    measure.by_fast(benchmark, row)


@pytest.mark.parametrize("row", measure.params(ROWS))
def bench_scipy(benchmark: Any, row: Row) -> None:
    measure.by_scipy(benchmark, row)
