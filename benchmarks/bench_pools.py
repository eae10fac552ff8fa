"""Pooling: the lecture's downsampling, and cross-channel pooling as maxout has it."""

from __future__ import annotations

from typing import Any

import pytest

from benchmarks import measure
from benchmarks.row import Row

ROWS = [
    Row("VGG-16 max 2x2", "max_pool", (1, 64, 224, 224), (2, 2)),
    Row("ResNet max 3x3, /2", "max_pool", (4, 64, 112, 112), (3, 3), keywords={"stride": 2, "padding": 1}),
    Row("average 2x2", "avg_pool", (1, 64, 224, 224), (2, 2)),
    Row("global average 7x7", "avg_pool", (16, 2048, 7, 7), (7, 7)),
    Row("L2 3x3, /2", "lp_pool", (4, 64, 112, 112), (3, 3), keywords={"stride": 2}),
    Row("maxout of 4", "channel_pool", (16, 192, 32, 32), (4,)),
]


@pytest.mark.parametrize("row", measure.params(ROWS))
def bench_reference(benchmark: Any, row: Row) -> None:
    measure.by_reference(benchmark, row)


@pytest.mark.parametrize("row", measure.params(ROWS))
def bench_fast(benchmark: Any, row: Row) -> None:
    measure.by_fast(benchmark, row)
