"""The chapter on pooling."""

from __future__ import annotations

from itertools import product

import pytest
from hypothesis import strategies as st

from convspec.conformance.case import Case, Put, filled, make
from convspec.conformance.judge import Trial
from convspec.conformance.strategies import FLOATS, INTEGERS, Open
from convspec.conformance.strategies_pooling import channel_pools, pools

pooled = pytest.mark.parametrize("op", ["max_pool", "avg_pool", "lp_pool"])
WINDOWS = Open(stride=True, dilation=True, padding="numbers", data=("small", "real"), dtypes=FLOATS)
ORDERS = (2, 1, 1.0, 3, 1.5, 2.0, 4)
LOW = (("float32", "-1e+38"), ("float64", "-1e+308"), ("float32", "-inf"), ("int8", "min"), ("int32", "min"))


@pytest.mark.clause("max_pool.value")
def test_max_pool(judge: Trial) -> None:
    judge.search(pools("max_pool", WINDOWS), share=1.5)
    judge.search(pools("max_pool", Open(most=12)), share=0.5)
    judge.each(make("max_pool", {"x": ((2, 3, 4, 5), dtype)}, {"size": 2}, data="real") for dtype in INTEGERS)
    judge.search(pools("max_pool", Open(dtypes=INTEGERS, data=("real", "small"), stride=True)))


@pytest.mark.parametrize(
    "op", [pytest.param(f"{what}_pool", marks=pytest.mark.clause(f"{what}_pool.value")) for what in ("max", "channel")]
)
def test_low_maxima(judge: Trial, op: str) -> None:
    """Windows of numbers so low that a maximum which starts at some number, or at that of another dtype, is greater."""
    how = {"padding": 1} if op == "max_pool" else {"kind": "max"}
    judge.each(filled(make(op, {"x": ((1, 2, 2, 4), dtype)}, {"size": 2, **how}), "x", low) for dtype, low in LOW)


@st.composite
def with_nan(draw: st.DrawFn, base: st.SearchStrategy[Case]) -> Case:
    """A case with NaN in one to all of its elements."""
    c = draw(base)
    shape = c.operands["x"].shape
    index = st.tuples(*(st.integers(0, n - 1) for n in shape))
    count = draw(st.sampled_from((1, 1, 2, 5)))
    return c.but(
        put=tuple(Put("x", draw(index), draw(st.sampled_from(("nan", "nan", "-inf", "inf")))) for _ in range(count))
    )


@pytest.mark.clause("max_pool.nan")
@pytest.mark.parametrize("op", ["max_pool", "channel_pool"])
def test_nan(judge: Trial, op: str) -> None:
    judge.search(with_nan(maxima(op)), share=1.5)


def maxima(op: str) -> st.SearchStrategy[Case]:
    """Maxima with a stride."""
    has = Open(stride=True, dtypes=FLOATS, most=4)
    return channel_pools(has, kind="max") if op == "channel_pool" else pools(op, has)


@pytest.mark.clause("avg_pool.value")
def test_avg_pool(judge: Trial) -> None:
    judge.search(pools("avg_pool", Open(stride=True, dilation=True, data=("small", "real"), dtypes=FLOATS)), share=1.5)
    judge.search(pools("avg_pool", Open(most=12)), share=0.5)


@pytest.mark.clause("avg_pool.divisor-excludes-padding")
def test_divisor_excludes_padding(judge: Trial) -> None:
    judge.search(pools("avg_pool", WINDOWS), share=0.7)
    judge.search(pools("avg_pool", WINDOWS, include=False), share=0.7)


@pytest.mark.clause("avg_pool.divisor-includes-padding")
def test_divisor_includes_padding(judge: Trial) -> None:
    judge.search(pools("avg_pool", WINDOWS, include=True))


@pytest.mark.clause("avg_pool.divisor-ceil")
def test_divisor_ceil(judge: Trial) -> None:
    has = Open(stride=True, padding="numbers", ceil=True, most=9)
    judge.search(pools("avg_pool", has, include=True))
    judge.search(pools("avg_pool", has, include=False), share=0.7)


@pytest.mark.clause("lp_pool.value")
def test_lp_pool(judge: Trial) -> None:
    for order in ORDERS:
        judge.search(pools("lp_pool", WINDOWS, p=(order,)), share=0.3)
    judge.search(pools("lp_pool", Open(most=12)), share=0.5)


@pytest.mark.clause("pool.channels")
@pooled
def test_channels(judge: Trial, op: str) -> None:
    judge.search(pools(op, Open(stride=True, channels=17, batch=(1, 2, 5), most=3)), share=0.7)


@pytest.mark.clause("pool.padding")
@pooled
def test_padding(judge: Trial, op: str) -> None:
    judge.search(pools(op, Open(padding="numbers", stride=True, dtypes=("float32",))).map(_negative), share=0.7)
    judge.search(pools(op, Open(padding="numbers", dtypes=("int8", "int32"))).map(_negative), share=0.7)


def _negative(c: Case) -> Case:
    """The case with one negative channel and image, all through: zero would win there."""
    shape = c.operands["x"].shape
    low = [Put("x", (0, 0, *i), str(-1 - (sum(i) % 5))) for i in product(*map(range, shape[2:]))]
    return c.but(put=tuple(low))


@pytest.mark.clause("pool.empty-window")
@pooled
def test_empty_window(judge: Trial, op: str) -> None:
    far = [
        make(op, {"x": ((1, 1, 2), dtype)}, {"size": 1, "padding": ((2, 1),)})
        for dtype in ("float32", "float64", "int8")
    ]
    gap = [make(op, {"x": ((1, 2, 1), "float32")}, {"size": 2, "stride": 1, "padding": 1, "dilation": 2})]
    plane = [make(op, {"x": ((2, 1, 2, 3), "float32")}, {"size": (2, 3), "stride": 1, "padding": (3, 4)})]
    more = [c.but(arguments=(*c.arguments, ("count_include_pad", True))) for c in far + gap + plane if op == "avg_pool"]
    judge.each(far + gap + plane + more)


@pytest.mark.clause("channel_pool.value")
@pytest.mark.parametrize("kind", ["max", "avg", "lp"])
def test_channel_pool(judge: Trial, kind: str) -> None:
    has = Open(stride=True, dtypes=FLOATS, data=("small", "real"))
    for order in ORDERS if kind == "lp" else (2,):
        judge.search(channel_pools(has, kind=kind, p=(order,)), share=0.3 if kind == "lp" else 1)
    judge.each(
        make("channel_pool", {"x": ((2, 40, 3), "float32")}, {"size": size, "stride": 4, "kind": kind}, seed=size)
        for size in (8, 9, 16, 17, 33)
    )


@pytest.mark.clause("channel_pool.incomplete")
def test_incomplete(judge: Trial) -> None:
    judge.each(
        make("channel_pool", {"x": ((2, C, 3, 2), "float32")}, {"size": size, "stride": stride, "kind": kind})
        for C, size, stride in ((3, 2, 2), (5, 2, 2), (7, 3, 3), (5, 4, 2), (17, 4, 5), (9, 2, 4))
        for kind in ("max", "avg", "lp")
    )
