"""The laws at real sizes see bugs that show nowhere else: each way to a result is tried on a backend that breaks it."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from convspec.conformance import innocent
from convspec.conformance.host import Here
from convspec.conformance.run import Options, check
from convspec.conformance.verdict import FAILURES, VIOLATES

Array = np.ndarray[Any, Any]


def spoilt(y: Array, wrong: bool) -> Array:
    """The result with one element in its midst off by one, where it is to be wrong."""
    if wrong:
        y[(0, *(n // 2 + 1 for n in y.shape[1:]))] += 1
    return y


def padded(x: Array, w: Array, b: Any = None, **rest: Any) -> Array:
    wrong = w.shape[:2] == (128, 4) and rest.get("padding") == 1
    return spoilt(innocent.conv(x, w, b, **rest), wrong)


def product(x: Array, w: Array, b: Any = None, **rest: Any) -> Array:
    return spoilt(innocent.conv(x, w, b, **rest), w.shape == (64, 256, 1, 1))


def strided(x: Array, w: Array, b: Any = None, **rest: Any) -> Array:
    return spoilt(innocent.conv(x, w, b, **rest), x.shape[1] == 64 and rest.get("stride") == 2)


def tiled(x: Array, w: Array, b: Any = None, **rest: Any) -> Array:
    return spoilt(innocent.tiled_conv(x, w, b, **rest), w.shape[0] == 128)


def transposed(x: Array, w: Array, b: Any = None, **rest: Any) -> Array:
    return spoilt(innocent.conv_transpose(x, w, b, **rest), x.shape[1] == 64 and x.shape[-1] == 28)


def maximum(x: Array, size: Any, **rest: Any) -> Array:
    return spoilt(innocent.max_pool(x, size, **rest), x.shape[1] == 96)


def average(x: Array, size: Any, **rest: Any) -> Array:
    return spoilt(innocent.avg_pool(x, size, **rest), x.shape[1] == 64 and x.shape[-1] == 56)


@pytest.mark.parametrize(
    ("op", "slug", "function"),
    [("conv", "conv.formula", padded), ("conv", "conv.formula", product), ("conv", "conv.formula", strided),
     ("tiled_conv", "tiled_conv.limits", tiled), ("conv_transpose", "conv_transpose.formula", transposed),
     ("max_pool", "max_pool.value", maximum), ("avg_pool", "avg_pool.value", average)],
)  # fmt: skip
def test_one_wrong_element_of_a_real_layer_is_caught(op: str, slug: str, function: Any) -> None:
    backend = SimpleNamespace(**({"conv": innocent.conv} | {op: function}))
    run = check("planted", Options(ops=(op,), slugs=(slug,)), host=Here("planted", backend))
    assert not run.errors
    found = [r for r in run.records if r.verdict in FAILURES]
    assert [r.verdict for r in found] == [VIOLATES]
    assert found[0].violation is not None and found[0].violation.case is not None
    assert found[0].test.startswith(
        ("test_layers", "test_tile", "test_upsampling", "test_max_pools", "test_average_pools")
    )
