"""The chapter on numbers: dtypes, exactness and bounds."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import strategies as st

from convspec import GRADIENTS, LAYER_GRADIENTS, OPERATORS
from convspec.conformance import metamorphic
from convspec.conformance.case import ARRAYS, Case, Operand, make
from convspec.conformance.judge import Trial
from convspec.conformance.strategies import FLOATS, FULL, INTEGERS, Open, example, of
from convspec.conformance.strategies_pooling import channel_pools, pools

SUMS = ("convolve", "correlate", "conv", "conv_transpose", "local_conv", "tiled_conv", *LAYER_GRADIENTS)
every = pytest.mark.parametrize("op", OPERATORS)
summed = pytest.mark.parametrize("op", SUMS)
SMALL = Open(stride=True, most=4)


COMBINED = [(a, b, c) for a in INTEGERS for b in INTEGERS for c in (a, "int8", "int16", "int64") if a == b or c == a]
"""Dtypes of x, w and b: every pair of the first two, and biases of other widths."""


NARROW = ("int8", "uint8", "int16", "uint16")
BYTES = NARROW[:2]


def retyped(c: Case, names: tuple[str, ...]) -> Case:
    """The case with these dtypes of its operands."""
    pairs = zip(c.arrays, names, strict=False)
    return c.but(arrays=tuple((name, Operand(operand.shape, dtype)) for (name, operand), dtype in pairs))


def mixed(op: str, has: Open, *groups: tuple[str, ...]) -> st.SearchStrategy[Case]:
    """Cases whose operands have dtypes of their own: the first from the first group, the others from the second."""

    chosen = st.tuples(*(st.sampled_from(groups[min(i, len(groups) - 1)]) for i in range(len(ARRAYS[op]))))
    return st.builds(retyped, of(op, has), chosen)


@pytest.mark.clause("number.floats")
@every
def test_floats(judge: Trial, op: str) -> None:
    judge.search(mixed(op, replace(SMALL, bias=True), FLOATS), share=0.7)


@pytest.mark.clause("number.integers")
@every
def test_integers(judge: Trial, op: str) -> None:
    few = COMBINED[:: 11 if op in GRADIENTS and not judge.thorough else 1]
    judge.each(retyped(example(op), chosen) for chosen in judge.sample(few))
    judge.search(mixed(op, replace(SMALL, bias=True, data=("small",)), INTEGERS), share=0.7)


@pytest.mark.clause("number.integer-modulo")
@summed
def test_integer_modulo(judge: Trial, op: str) -> None:
    has = Open(data=("real", "special"), bias=True, stride=True)
    judge.each(retyped(example(op), (name,) * 3).but(data="real") for name in INTEGERS)
    judge.search(mixed(op, has, ("int64", "uint64", "int32")))
    judge.search(mixed(op, has, INTEGERS))
    judge.search(mixed(op, has, ("uint8", "uint16"), ("int8",)), share=0.5)
    judge.search(mixed(op, replace(has, padding="numbers", groups=True, channels=9), BYTES, BYTES), share=0.5)


@pytest.mark.clause("number.integer-modulo")
@pytest.mark.parametrize("op", ["conv", "conv_transpose"])
def test_layers_of_small_integers(judge: Trial, op: str) -> None:
    """Channels that are and are not a multiple of what processors take at once, of every pair of narrow dtypes."""
    for channels, K, names in (
        *((6, 5, (a, b)) for a in NARROW for b in NARROW),
        *((8, 35, (a, "int8")) for a in NARROW),
    ):
        w = (channels, K, 3, 2) if op == "conv_transpose" else (K, channels, 3, 2)
        arrays = {"x": ((2, channels, 14, 17), names[0]), "w": (w, names[1]), "b": ((K,), "int32")}
        metamorphic.whole(judge, make(op, arrays, {"padding": 1}, data="real"))


@pytest.mark.clause("number.integer-mean")
@pytest.mark.parametrize("op", ["avg_pool", "lp_pool", "channel_pool", "avg_pool_grad", "lp_pool_grad"])
def test_integer_mean(judge: Trial, op: str) -> None:
    for data in ("real", "special"):
        has = Open(data=(data,), dtypes=INTEGERS, stride=True)
        if op == "channel_pool":
            judge.search(channel_pools(has, kind="avg"), share=0.5)
            judge.search(channel_pools(has, kind="lp"), share=0.5)
        else:
            judge.search(of(op, has))


@pytest.mark.clause("number.conversion")
@summed
def test_conversion(judge: Trial, op: str) -> None:
    has = Open(data=("real",), bias=True)
    judge.search(mixed(op, has, INTEGERS, FLOATS), share=0.7)
    judge.search(mixed(op, has, FLOATS, INTEGERS), share=0.7)


@pytest.mark.clause("number.exact")
@every
def test_exact(judge: Trial, op: str) -> None:
    judge.search(of(op, replace(FULL, data=("small",), dtypes=FLOATS)))


@pytest.mark.clause("number.precision")
@every
def test_precision(judge: Trial, op: str) -> None:
    judge.search(of(op, replace(FULL, data=("wide",), dtypes=FLOATS)))


@pytest.mark.clause("number.bound")
@summed
def test_bound(judge: Trial, op: str) -> None:
    if judge.numerics != "direct":
        pytest.skip("declared as fast")
    judge.search(of(op, replace(FULL, data=("real",), dtypes=FLOATS, channels=9)))


@pytest.mark.clause("number.bound-fast")
@summed
def test_bound_fast(judge: Trial, op: str) -> None:
    if judge.numerics != "fast" or op in GRADIENTS:
        pytest.skip("declared as direct, or judged by clause gradient.bound-fast")
    judge.search(of(op, replace(FULL, data=("real", "small", "wide"), dtypes=FLOATS, channels=9)), share=2)


@pytest.mark.clause("number.mean-bound")
@pytest.mark.parametrize("op", ["avg_pool", "channel_pool"])
def test_mean_bound(judge: Trial, op: str) -> None:
    has = Open(data=("real",), dtypes=FLOATS, stride=True, padding="numbers")
    judge.search(channel_pools(has, kind="avg") if op == "channel_pool" else pools(op, has))


@pytest.mark.clause("number.norm-bound")
@pytest.mark.parametrize("op", ["lp_pool", "channel_pool"])
def test_norm_bound(judge: Trial, op: str) -> None:
    orders = (2, 3, 1.5, 2.5, 7, 1.001)
    has = Open(data=("real", "small"), dtypes=FLOATS, stride=True, padding="numbers")
    judge.search(channel_pools(has, kind="lp", p=orders) if op == "channel_pool" else pools(op, has, p=orders))
