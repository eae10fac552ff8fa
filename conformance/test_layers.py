"""The chapter on convolution layers."""

from __future__ import annotations

import pytest

from convspec.conformance.judge import Trial
from convspec.conformance.strategies import FULL, Open, of
from convspec.conformance.strategies_layers import layers, transposed

WIDE = Open(stride=True, dilation=True, padding="numbers", data=("small", "wide", "real"))


@pytest.mark.clause("conv.formula")
def test_conv_formula(judge: Trial) -> None:
    judge.search(of("conv", WIDE), share=2)


@pytest.mark.clause("conv.bias")
def test_conv_bias(judge: Trial) -> None:
    judge.search(of("conv", Open(bias=True, stride=True, padding="numbers")))


@pytest.mark.clause("conv.groups")
def test_conv_groups(judge: Trial) -> None:
    judge.search(of("conv", FULL), share=2)


@pytest.mark.clause("conv_transpose.formula")
def test_conv_transpose_formula(judge: Trial) -> None:
    judge.search(transposed(WIDE), share=2)


@pytest.mark.clause("conv_transpose.output-padding")
def test_conv_transpose_output_padding(judge: Trial) -> None:
    judge.search(transposed(FULL, output_padding=True))


@pytest.mark.clause("conv_transpose.groups")
def test_conv_transpose_groups(judge: Trial) -> None:
    judge.search(transposed(FULL))


@pytest.mark.clause("local_conv.formula")
def test_local_conv_formula(judge: Trial) -> None:
    judge.search(of("local_conv", WIDE))
    judge.search(of("local_conv", FULL))


@pytest.mark.clause("tiled_conv.formula")
def test_tiled_conv_formula(judge: Trial) -> None:
    judge.search(of("tiled_conv", WIDE))
    judge.search(of("tiled_conv", FULL))


@pytest.mark.clause("tiled_conv.limits")
@pytest.mark.parametrize("tile", ["one", "all"])
def test_tiled_conv_limits(judge: Trial, tile: str) -> None:
    judge.search(layers("tiled_conv", FULL, tile=tile))
