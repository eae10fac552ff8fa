"""The chapter on policies: what a backend declares, it is tested on."""

from __future__ import annotations

import pytest
from hypothesis import strategies as st

from convspec import LAYER_GRADIENTS, OPERATORS
from convspec.conformance.case import Case, Put, make
from convspec.conformance.judge import Trial
from convspec.conformance.strategies import INTEGERS, Open, of
from convspec.conformance.strategies_pooling import channel_pools, pools


def declared(judge: Trial, key: str, *values: str) -> None:
    """Leaves the test to backends that declare one of `values`."""
    if judge.policies[key] not in values:
        pytest.skip(f"declares {key} = {judge.policies[key]}")


@pytest.mark.clause("policy.max-nan")
@pytest.mark.parametrize("op", ["max_pool", "channel_pool"])
def test_max_nan(judge: Trial, op: str) -> None:
    declared(judge, "max_nan", "ignore", "any")
    nans = [tuple(Put("x", (0, c, i), "nan") for c in range(C) for i in range(n)) for C, n in ((2, 1), (2, 2), (2, 4))]
    size = {"size": 2} if op == "channel_pool" else {"size": 2, "stride": 1}
    judge.each(make(op, {"x": ((1, 2, 4), "float32")}, size, put=put) for put in nans)
    least = (Put("x", (0, 0, 0), "nan"), *(Put("x", (0, c, i), "-inf") for c, i in ((0, 1), (0, 2), (1, 1), (1, 2))))
    judge.each([make(op, {"x": ((1, 2, 4), "float32")}, size, put=least)])
    special = Open(data=("special",), stride=True)
    judge.search(channel_pools(special, kind="max") if op == "channel_pool" else pools(op, special))


@pytest.mark.clause("policy.empty-window")
@pytest.mark.parametrize("op", ["max_pool", "avg_pool", "lp_pool"])
def test_empty_window(judge: Trial, op: str) -> None:
    declared(judge, "empty_window", "error", "any")
    judge.search(pools(op, Open(padding="numbers", dilation=True, stride=True), empty=True))
    judge.each([make(op, {"x": ((1, 1, 2), "float32")}, {"size": 1, "padding": ((2, 1),)})])


@pytest.mark.clause("policy.ceil-divisor")
@pytest.mark.parametrize("op", ["avg_pool"])
def test_ceil_divisor(judge: Trial, op: str) -> None:
    declared(judge, "ceil_divisor", "full")
    judge.search(pools(op, Open(padding="numbers", ceil=True, stride=True, most=9), include=True))


@pytest.mark.clause("policy.ceil-drop")
@pytest.mark.parametrize("op", ["max_pool", "avg_pool", "lp_pool"])
def test_ceil_drop(judge: Trial, op: str) -> None:
    declared(judge, "ceil_drop", "no")
    judge.search(pools(op, Open(padding="numbers", ceil=True, stride=True, most=9), empty=True), share=1.5)


@pytest.mark.clause("policy.padded-tap")
@pytest.mark.parametrize("op", ["conv", "local_conv", "tiled_conv", "convolve", "correlate"])
def test_padded_tap(judge: Trial, op: str) -> None:
    declared(judge, "padded_tap", "skipped", "any")
    kernel = "in2" if op in ("convolve", "correlate") else "w"

    def spoilt(case: Case, value: str) -> Case:
        return case.but(put=(Put(kernel, (0,) * len(case.operands[kernel].shape), value),))

    judge.search(st.builds(spoilt, of(op, Open(padding="numbers", stride=True)), st.sampled_from(("inf", "nan"))))


@pytest.mark.clause("policy.subnormals")
@pytest.mark.parametrize("op", OPERATORS)
def test_subnormals(judge: Trial, op: str) -> None:
    declared(judge, "subnormals", "flushed")
    judge.search(of(op, Open(stride=True, padding="numbers", data=("real", "small"))))


@pytest.mark.clause("policy.integer-result")
@pytest.mark.parametrize(
    "op", ["convolve", "correlate", "conv", "conv_transpose", "local_conv", "tiled_conv", *LAYER_GRADIENTS]
)
def test_integer_result(judge: Trial, op: str) -> None:
    declared(judge, "integer_result", "same")
    judge.search(of(op, Open(dtypes=INTEGERS, data=("real", "small"))))
