"""The chapter on gradients: formulas, ties and zeros, bounds, and the identities of derivatives."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import strategies as st

from convspec import GRADIENTS, LAYER_GRADIENTS
from convspec.conformance import metamorphic, metamorphic_gradients
from convspec.conformance.case import Case, Put, filled, make
from convspec.conformance.derived import base, clause_of, gradient
from convspec.conformance.judge import Trial
from convspec.conformance.strategies import FLOATS, FULL, INTEGERS, Open
from convspec.conformance.strategies_gradients import gradients
from convspec.conformance.test_policies import declared

PRODUCTS = tuple(op for op in LAYER_GRADIENTS if not op.endswith("_bias"))
CHOICES = ("max_pool_grad", "channel_pool_grad")
EXACT = replace(FULL, data=("small", "wide"), batch=(1, 2, 3, 5))
WINDOWS = Open(stride=True, padding="numbers", dtypes=FLOATS)


@pytest.mark.parametrize("op", [pytest.param(op, marks=pytest.mark.clause(clause_of(op))) for op in LAYER_GRADIENTS])
def test_layer(judge: Trial, op: str) -> None:
    judge.each(gradient(case, op) for case in (square(base(op)), *across(base(op))))
    judge.search(gradients(op, EXACT), share=8)
    judge.search(gradients(op, replace(EXACT, data=("real",), dtypes=FLOATS, most=3)), share=4)


def square(op: str) -> Case:
    """A layer whose sizes can all be taken for each other."""
    tile = {"local_conv": (3, 3), "tiled_conv": (3, 3)}.get(op, ())
    return make(op, {"x": ((3, 3, 5, 5), "float32"), "w": ((3, *tile, 3, 3, 3), "float32")}, {}, data="wide")


def across(op: str) -> list[Case]:
    """A tile of as many kernels as there are outputs, along another axis."""
    arrays = {"x": ((2, 1, 1, 3), "float32"), "w": ((2, 3, 1, 1, 1, 1), "float32")}
    return [make(op, arrays, {}, data="wide")] if op == "tiled_conv" else []


@pytest.mark.clause("conv.grad-input")
@pytest.mark.parametrize("op", ["conv_grad_input"])
def test_unread_input(judge: Trial, op: str) -> None:
    """Strides and holes that leave elements of x unread, which get 0."""
    windows = ((9, 2, 4, 1, 0), (8, 1, 3, 1, 0), (7, 3, 5, 2, 1), (11, 2, 3, 4, 0))
    judge.each(_wide_stride(*window, seed) for seed, window in enumerate(windows))


def _wide_stride(n: int, k: int, s: int, d: int, pad: int, seed: int) -> Case:
    arrays = {"x": ((2, 2, n), "float32"), "w": ((3, 2, k), "float32")}
    return gradient(make("conv", arrays, {"stride": s, "dilation": d, "padding": pad}, seed=seed), "conv_grad_input")


def pooled(op: str, has: Open, like: str, **how: Any) -> st.SearchStrategy[Case]:
    """Gradients of pooling; `how` is for windows, and a kind for windows of channels."""
    kinds = {"max_pool_grad": "max", "avg_pool_grad": "avg", "lp_pool_grad": "lp"}
    return gradients(op, has, **({"kind": kinds[like]} if op == "channel_pool_grad" else how))


@pytest.mark.clause("max_pool.grad")
@pytest.mark.parametrize("op", ["max_pool_grad"])
def test_max_pool(judge: Trial, op: str) -> None:
    judge.search(gradients(op, replace(WINDOWS, dilation=True)), share=8)
    judge.search(gradients(op, replace(WINDOWS, ceil=True, most=9)), share=4)
    judge.search(gradients(op, Open(stride=True, dtypes=INTEGERS, data=("real", "small"))), share=4)
    equal = make("max_pool", {"x": ((1, 2, 5, 6), "float32")}, {"size": 3, "stride": 1})
    judge.each([gradient(filled(equal, "x", "3"), op)])


@pytest.mark.clause("max_pool.grad")
@pytest.mark.parametrize("op", ["max_pool_grad"])
def test_least_of_all(judge: Trial, op: str) -> None:
    """Windows of the least number there is, which is the greatest in them."""
    for dtype, least in (("float32", "-inf"), ("float64", "-inf"), ("int8", "min")):
        case = make("max_pool", {"x": ((1, 1, 2, 4), dtype)}, {"size": 2, "padding": 1})
        judge.each([gradient(filled(case, "x", least), op)])


@pytest.mark.clause("max_pool.grad-nan")
@pytest.mark.parametrize("op", CHOICES)
def test_nan(judge: Trial, op: str) -> None:
    like = {"kind": "max"} if op == "channel_pool_grad" else {}
    for count in (1, 2, 4):
        put = tuple(Put("x", (0, i % 4, i // 2 % 3), "nan") for i in range(count))
        size: dict[str, Any] = {"size": 2, "stride": 1}
        case = make(base(op), {"x": ((1, 4, 3), "float32")}, size | like)
        judge.each([gradient(case.but(put=put), op)])
    several = make(base(op), {"x": ((1, 4, 4), "float32")}, {"size": 4} | like)
    along = [(0, i, 0) if op == "channel_pool_grad" else (0, 0, i) for i in (1, 3)]
    judge.each([gradient(several.but(put=tuple(Put("x", at, "nan") for at in along)), op)])
    special = Open(stride=True, data=("special",), dtypes=FLOATS, most=4)
    judge.search(gradients(op, special, **like), share=4)


@pytest.mark.clause("avg_pool.grad")
@pytest.mark.parametrize("op", ["avg_pool_grad"])
def test_avg_pool(judge: Trial, op: str) -> None:
    has = replace(WINDOWS, dilation=True, data=("small", "real"))
    judge.search(gradients(op, has), share=4)
    judge.search(gradients(op, has, include=True), share=4)
    for include in (True, False):
        judge.search(gradients(op, replace(WINDOWS, ceil=True, most=9), include=include), share=4)


@pytest.mark.clause("lp_pool.grad")
@pytest.mark.parametrize("op", ["lp_pool_grad"])
def test_lp_pool(judge: Trial, op: str) -> None:
    for order in (2, 1, 3, 1.5, 1.0, 4):
        has = replace(WINDOWS, dilation=True, data=("small", "real"))
        judge.search(gradients(op, has, p=(order,)), share=2)


@pytest.mark.clause("lp_pool.grad-zero")
@pytest.mark.parametrize("op", ["lp_pool_grad", "channel_pool_grad"])
def test_zero_norm(judge: Trial, op: str) -> None:
    like: dict[str, Any] = {"kind": "lp"} if op == "channel_pool_grad" else {}
    for p, dtype in ((2, "float32"), (1, "float32"), (3, "float64"), (2, "int8"), (1.5, "float32")):
        case = make(base(op), {"x": ((1, 4, 4), dtype)}, {"size": 2, "p": p} | like)
        zero = "0" if dtype == "int8" else "0.0"
        put = tuple(Put("x", (0, c, i), zero) for c in range(3) for i in range(3))
        judge.each([gradient(case.but(put=put), op), gradient(case.but(put=put[::2]), op)])


@pytest.mark.clause("channel_pool.grad")
@pytest.mark.parametrize("op", ["channel_pool_grad"])
@pytest.mark.parametrize("kind", ["max", "avg", "lp"])
def test_channel_pool(judge: Trial, op: str, kind: str) -> None:
    has = Open(stride=True, dtypes=FLOATS, data=("small", "real"))
    for order in (2, 1, 3) if kind == "lp" else (2,):
        judge.search(gradients(op, has, kind=kind, p=(order,)), share=4)


@pytest.mark.clause("gradient.dtype")
@pytest.mark.parametrize("op", GRADIENTS)
def test_dtype(judge: Trial, op: str) -> None:
    judge.search(gradients(op, Open(dtypes=(*FLOATS, *INTEGERS), data=("small",))), upto=2)


@pytest.mark.clause("gradient.adjoint")
@pytest.mark.parametrize("op", [*LAYER_GRADIENTS, "avg_pool_grad"])
def test_adjoint(judge: Trial, op: str) -> None:
    def attempt(case: Case) -> None:
        metamorphic_gradients.adjoint(judge, case)

    if op == "avg_pool_grad":
        arrays = {"x": ((2, 2, 5, 6), "float64")}
        for size, stride in ((2, 1), ((2, 4), (1, 2)), (1, 2)):
            attempt(gradient(make("avg_pool", arrays, {"size": size, "stride": stride}), op))
        return
    judge.explore(gradients(op, replace(EXACT, dtypes=FLOATS)), attempt)


@pytest.mark.clause("gradient.bilinear")
@pytest.mark.parametrize("op", [*LAYER_GRADIENTS, "max_pool_grad"])
def test_bilinear(judge: Trial, op: str) -> None:
    def attempt(case: Case) -> None:
        metamorphic_gradients.bilinear(judge, case)

    judge.explore(gradients(op, replace(FULL, data=("small",), dtypes=FLOATS)), attempt, share=3)


@pytest.mark.clause("gradient.difference")
@pytest.mark.parametrize("op", GRADIENTS)
def test_difference(judge: Trial, op: str) -> None:
    for case in metamorphic_gradients.steps(op):
        metamorphic_gradients.difference(judge, case)


@pytest.mark.clause("gradient.composition")
@pytest.mark.parametrize(
    "op", [op for op in GRADIENTS if op.endswith("input") or op in ("max_pool_grad", "avg_pool_grad")]
)
def test_composition(judge: Trial, op: str) -> None:
    for seed in range(3):
        metamorphic_gradients.composition(judge, op, seed)


@pytest.mark.clause("gradient.mean-bound")
@pytest.mark.parametrize("op", ["avg_pool_grad", "channel_pool_grad"])
def test_mean_bound(judge: Trial, op: str) -> None:
    has = replace(WINDOWS, data=("real",), dilation=op == "avg_pool_grad")
    judge.search(pooled(op, has, like="avg_pool_grad"), share=4)


@pytest.mark.clause("gradient.norm-bound")
@pytest.mark.parametrize("op", ["lp_pool_grad", "channel_pool_grad"])
def test_norm_bound(judge: Trial, op: str) -> None:
    has = replace(WINDOWS, data=("real", "small"))
    how = {"kind": "lp"} if op == "channel_pool_grad" else {}
    judge.search(gradients(op, has, p=(2, 3, 1.5, 2.5, 7, 1.001), **how), share=6)


@pytest.mark.clause("gradient.bound-fast")
@pytest.mark.parametrize("op", LAYER_GRADIENTS)
def test_bound_fast(judge: Trial, op: str) -> None:
    if judge.numerics != "fast":
        pytest.skip("declared as direct")
    judge.search(gradients(op, replace(FULL, data=("real", "small", "wide"), dtypes=FLOATS, channels=9)), share=8)


@pytest.mark.clause("gradient.chain")
@pytest.mark.parametrize("op", GRADIENTS)
def test_chain(judge: Trial, op: str) -> None:
    if not judge.run.host.profile.chain or judge.numerics != "direct":
        pytest.skip("claims no chain")

    def attempt(case: Case) -> None:
        metamorphic.chained(judge, case)

    how = {"p": (1, 2)} if op in ("lp_pool_grad", "channel_pool_grad") else {}
    judge.explore(gradients(op, replace(FULL, data=("real",), dtypes=FLOATS, batch=(1, 2, 5)), **how), attempt, share=8)


@pytest.mark.clause("policy.max-tie")
@pytest.mark.parametrize("op", CHOICES)
def test_max_tie(judge: Trial, op: str) -> None:
    declared(judge, "max_tie", "split", "any")
    like = {"kind": "max"} if op == "channel_pool_grad" else {}
    judge.search(gradients(op, Open(stride=True, dtypes=FLOATS, data=("small", "wide"), most=4), **like), share=6)


@pytest.mark.clause("policy.norm-zero")
@pytest.mark.parametrize("op", ["lp_pool_grad", "channel_pool_grad"])
def test_norm_zero(judge: Trial, op: str) -> None:
    declared(judge, "norm_zero", "any")
    like = {"kind": "lp"} if op == "channel_pool_grad" else {}
    judge.search(gradients(op, Open(stride=True, dtypes=FLOATS, data=("small", "wide"), most=4), **like), share=6)
