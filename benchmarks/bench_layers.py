"""Convolutional layers of networks that are known by name."""

from __future__ import annotations

from typing import Any

import pytest

from benchmarks import measure
from benchmarks.row import Row

ROWS = [
    Row("All-CNN 3x3, 96", "conv", (16, 96, 32, 32), (3, 3), 96, {"padding": 1}, claimed=True),
    Row("All-CNN 3x3, 192", "conv", (16, 192, 16, 16), (3, 3), 192, {"padding": 1}),
    Row("All-CNN 3x3, 96, /2", "conv", (16, 96, 32, 32), (3, 3), 96, {"padding": 1, "stride": 2}),
    Row("VGG-16 3x3, 64", "conv", (1, 64, 224, 224), (3, 3), 64, {"padding": 1}),
    Row("VGG-16 3x3, 512", "conv", (1, 512, 28, 28), (3, 3), 512, {"padding": 1}),
    Row("ResNet 7x7, 64, /2", "conv", (4, 3, 224, 224), (7, 7), 64, {"padding": 3, "stride": 2}),
    Row("ResNet 1x1, 64", "conv", (4, 256, 56, 56), (1, 1), 64),
    Row("MobileNet depthwise", "conv", (4, 128, 56, 56), (3, 3), 128, {"padding": 1, "groups": 128}),
    Row("DeepLab 3x3, dilated", "conv", (1, 256, 33, 33), (3, 3), 256, {"padding": 2, "dilation": 2}),
    Row("C3D 3x3x3, 128", "conv", (1, 64, 8, 28, 28), (3, 3, 3), 128, {"padding": 1}),
    Row("DCGAN 4x4, *2", "conv_transpose", (4, 256, 16, 16), (4, 4), 128, {"padding": 1, "stride": 2}),
    Row("DeepFace local 5x5", "local_conv", (16, 16, 25, 25), (5, 5), 16),
    Row("tiled 2x2, 3x3", "tiled_conv", (16, 96, 32, 32), (3, 3), 96, {"padding": 1}, tiles=(2, 2)),
]
PLANNED = [row for row in ROWS if row.op in ("conv", "conv_transpose")]


@pytest.mark.parametrize("row", measure.params(ROWS))
def bench_reference(benchmark: Any, row: Row) -> None:
    measure.by_reference(benchmark, row)


@pytest.mark.parametrize("row", measure.params(ROWS))
def bench_fast(benchmark: Any, row: Row) -> None:
    measure.by_fast(benchmark, row)


@pytest.mark.parametrize("row", measure.params(PLANNED))
def bench_planned(benchmark: Any, row: Row) -> None:
    measure.by_plan(benchmark, row)
