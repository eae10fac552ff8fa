"""The oracle's gradients: difference quotients of its operators in exact numbers, one order of summation, right rounding."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from itertools import product
from math import sqrt
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from convspec import LAYER_GRADIENTS, gradients, reference
from convspec.conformance import metamorphic_gradients
from convspec.conformance.case import Case
from convspec.conformance.data import build
from convspec.conformance.derived import base, forward, gradient
from convspec.conformance.observe import positional
from convspec.conformance.strategies import FULL, example, of
from convspec.errors import SpecError
from convspec.reference import rounding

Array = np.ndarray[Any, Any]
QUICK = settings(
    max_examples=12, derandomize=True, database=None, deadline=None, suppress_health_check=list(HealthCheck)
)
SMALL = replace(FULL, most=2, channels=2, batch=(1, 2), data=("small",), dtypes=("int64",), ranks=(1, 2))


def called(case: Case, arrays: dict[str, Array] | None = None, **keywords: Any) -> Array:
    """The oracle's result."""
    first, given = positional(case, arrays or build(case))
    result: Array = getattr(reference, case.op)(*first, **given, **keywords)
    return result


@pytest.mark.clause("gradient.difference")
@pytest.mark.parametrize("op", LAYER_GRADIENTS)
def test_layers_against_difference_quotients(op: str) -> None:
    """Every element: the loss is linear in it, so the quotient is exact for any step."""

    @QUICK
    @given(case=of(op, SMALL))
    def attempt(case: Case) -> None:
        arrays, found = build(case), called(case)
        call = forward(case)
        if call is None:
            slopes = [metamorphic_gradients.slope(case, "b", i) for i in product(*map(range, found.shape))]
            assert [int(v) for v in slopes] == found.ravel().tolist()
            return
        name = "w" if op.endswith("weight") else "x"
        zeros = {n: np.zeros(o.shape, np.int64) for n, o in call.arrays} | {
            k: v for k, v in arrays.items() if k != "dy"
        }
        for i in list(product(*map(range, found.shape)))[:: 1 + found.size // 12]:
            step = zeros[name].copy()
            step[i] += 5
            change = called(call, zeros | {name: step}) - called(call, zeros)
            assert int(np.vdot(arrays["dy"], change)) == 5 * int(found[i])

    attempt()


@pytest.mark.clause("gradient.difference")
@pytest.mark.parametrize("op", ["max_pool_grad", "avg_pool_grad", "lp_pool_grad", "channel_pool_grad"])
def test_pooling_against_difference_quotients(op: str) -> None:
    for case in metamorphic_gradients.steps(op):
        found = called(case)
        for i in product(*map(range, found.shape)):
            quotient = metamorphic_gradients.slope(case, "x", i)
            assert abs(Fraction(float(found[i])) - quotient) <= Fraction(2) ** -52 * abs(quotient) + Fraction(1, 10**20)


@pytest.mark.clause("gradient.chain")
def test_the_gradient_of_a_batch_is_the_sum_of_its_images() -> None:
    x, dy = (np.sin(np.arange(n, dtype=np.float32)).reshape(3, 2, 7) for n in (42, 42))
    whole = reference.conv_grad_weight(dy, x, (2, 2, 3), padding=1, stepwise=True)
    parts = [reference.conv_grad_weight(dy[n:][:1], x[n:][:1], (2, 2, 3), padding=1, stepwise=True) for n in range(3)]
    assert (whole == (parts[0] + parts[1]) + parts[2]).all()
    assert (whole != reference.conv_grad_weight(dy, x, (2, 2, 3), padding=1)).any()


@pytest.mark.clause("gradient.chain")
def test_the_chain_by_hand() -> None:
    """One element of each kind, fused multiply-add by fused multiply-add."""
    x, dy, w = (np.cos(np.arange(n) * s).astype(np.float32) for n, s in ((6, 1.0), (4, 2.0), (3, 3.0)))
    acc = 0.0
    for o in range(4):
        acc = rounding.fma32(float(dy[o]), float(x[o + 2]), acc)
    assert reference.conv_grad_weight(dy[None, None], x[None, None], (1, 1, 3), stepwise=True)[0, 0, 2] == acc
    acc = 0.0
    for r in range(3):
        acc = rounding.fma32(float(dy[3 - r]), float(w[r]), acc)
    assert reference.conv_grad_input(dy[None, None], w[None, None], (1, 1, 6), stepwise=True)[0, 0, 3] == acc
    found = reference.lp_pool_grad(dy[None, None, :1], x[None, None, :2], 2, stepwise=True)
    y = np.float32(sqrt(rounding.fma32(float(x[1]), float(x[1]), rounding.fma32(float(x[0]), float(x[0]), 0.0))))
    assert found[0, 0, 1] == np.float32(float(x[1]) * float(dy[0] / y))


@pytest.mark.clause("lp_pool.grad")
def test_slopes_are_rounded_once() -> None:
    """1/sqrt(2) - 2/sqrt(8) is 0, and what is left of it is not taken for a number."""
    x = np.array([[[1.0, 1.0, np.sqrt(7.0)]]])
    assert rounding.nearest_slope([(1, 1, 1, (1, 1)), (-1, 1, 2, (2, 2))], 1, 2, np.dtype(float)) == 0.0
    exact = reference.lp_pool_grad(np.ones((1, 1, 1)), x, 3)
    square = sum(Fraction(v) ** 2 for v in x.ravel().tolist())
    for v, slope in zip(x.ravel().tolist(), exact.ravel().tolist(), strict=True):
        nearest, half = Fraction(slope), Fraction(float(np.spacing(slope))) / 2
        assert (nearest - half) ** 2 * square < Fraction(v) ** 2 < (nearest + half) ** 2 * square
    assert (
        reference.lp_pool_grad(np.ones((1, 1, 1)), np.full((1, 1, 2), 2.0), 2, p=3).tolist()[0][0]
        == [2 ** (-2 / 3)] * 2
    )


@pytest.mark.clause("number.special")
@pytest.mark.parametrize("stepwise", [False, True])
def test_special_slopes(stepwise: bool) -> None:
    nan, inf = np.nan, np.inf
    for dy, x, p, slopes in (
        (1.0, [nan, 1.0], 2, [nan, nan]), (1.0, [inf, 1.0], 2, [nan, 0.0]), (inf, [0.0, 1.0], 2, [nan, inf]),
        (1.0, [nan, 2.0], 1, [nan, 1.0]), (2.0, [-inf, 2.0], 1, [-2.0, 2.0]), (inf, [0.0, -1.0], 1, [nan, -inf]),
    ):  # fmt: skip
        found = reference.lp_pool_grad(np.array([[[dy]]]), np.array([[x]]), 2, p=p, stepwise=stepwise)
        assert np.array_equal(found[0, 0], slopes, equal_nan=True), (dy, x, p)


@pytest.mark.clause("oracle.at")
@given(
    case=st.sampled_from((*LAYER_GRADIENTS, "max_pool_grad", "avg_pool_grad", "lp_pool_grad")).flatmap(
        lambda op: of(op, SMALL)
    )
)
@QUICK
def test_single_elements(case: Case) -> None:
    whole = called(case)
    if whole.size:
        at = [tuple(n - 1 for n in whole.shape), (0,) * whole.ndim]
        assert called(case, at=at).tolist() == [whole[i] for i in at]


@pytest.mark.clause("error.gradient")
def test_errors_name_the_argument_that_was_given() -> None:
    dy, w = np.ones((1, 2, 3)), np.ones((2, 1, 3))
    for x_shape, argument, clause in (
        ((1, 1), "x_shape", "error.rank"), ((1, 1, 2**62), "x_shape", "error.too-large"), ((1, 2, 5), "w", "error.channels"),
        ((1, 1, 6), "dy", "error.gradient"), ((1, 1, 2), "w", "error.window"), (5, "x_shape", "error.type"),
    ):  # fmt: skip
        with pytest.raises(SpecError) as caught:
            gradients.conv_grad_input(dy, w, x_shape)
        assert (caught.value.argument, caught.value.clause) == (argument, clause)


def test_cases_go_to_the_operator_and_back() -> None:
    for op in ("conv_grad_input", "local_conv_grad_weight", "avg_pool_grad", "lp_pool_grad"):
        case = gradient(example(base(op)), op)
        call = forward(case)
        assert call is not None and gradient(call, op) == case
