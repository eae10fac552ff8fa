"""The judge's own arithmetic: what is at the bound passes, what is beyond does not, and policies are tested as declared."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest

from convspec.conformance import (
    innocent,
    metamorphic,
    planted_gradients_pools,
    planted_layers,
    planted_numbers,
    planted_pooling,
)
from convspec.conformance.case import parse
from convspec.conformance.data import build
from convspec.conformance.expect import expect
from convspec.conformance.host import Here
from convspec.conformance.judge import Run, Trial
from convspec.conformance.observe import positional
from convspec.conformance.run import Options, check
from convspec.conformance.seen import Observation
from convspec.conformance.verdict import CONFORMS, FAILURES, VIOLATES
from convspec.conformance.verify import verify
from convspec.policies import DEFAULTS

REAL = "conv x=2x3x5x6:float32 w=2x3x2x3:float32 b=2:float32 data=real seed=4"
WHOLE = REAL.replace("real", "wide")


def judged(text: str, change: float, numerics: str = "direct") -> str:
    """The verdict on a correct result, of which one element is off by so many times its bound."""
    case = parse(text)
    e = expect(case, DEFAULTS, numerics, 10**6)
    first, keywords = positional(case, build(case))
    y = getattr(innocent, case.op)(*first, **keywords)
    limit = e.limits.limit.reshape(y.shape)[1, 1, 2, 1]
    y[1, 1, 2, 1] = np.float32(e.limits.value.reshape(y.shape)[1, 1, 2, 1] + change * (limit or 1))
    return verify(e, Observation("result", y)).verdict


@pytest.mark.parametrize("sign", [1, -1])
def test_the_bound_is_sharp(sign: int) -> None:
    assert judged(REAL, sign * 0.9) == CONFORMS
    assert judged(REAL, sign * 1.1) == VIOLATES
    assert judged(REAL, sign * 1.1, "fast") == judged(REAL, sign * 0.9, "fast").replace(CONFORMS, VIOLATES)


def test_integers_are_exact_for_direct_algorithms_only() -> None:
    assert judged(WHOLE, 0) == CONFORMS and judged(WHOLE, 1) == VIOLATES
    e = expect(parse(WHOLE), DEFAULTS, "fast", 10**6)
    assert e.limits.limit.min() > 0


def test_the_fast_bound_is_at_least_32_times_the_direct_one() -> None:
    for op, w in (
        ("conv", "2x3x2x3"),
        ("tiled_conv", "2x2x1x3x2x3"),
        ("local_conv", "2x4x4x3x2x3"),
        ("conv_transpose", "3x2x2x3"),
    ):
        case = parse(f"{op} x=2x3x5x6:float32 w={w}:float32 data=real seed=4")
        direct, fast = (expect(case, DEFAULTS, numerics, 10**6).limits.limit for numerics in ("direct", "fast"))
        assert np.all(fast >= 31.9 * direct)


@pytest.mark.parametrize("value", ["nan", "inf", "-inf"])
def test_special_values_must_match(value: str) -> None:
    e = expect(parse(f"{REAL} put=x[0,0,0,0]={value}"), DEFAULTS, "direct", 10**6)
    first, keywords = positional(e.case, e.arrays)
    y = innocent.conv(*first, **keywords)
    assert verify(e, Observation("result", y)).verdict == CONFORMS
    y[0, 0, 0, 0] = 1
    assert verify(e, Observation("result", y)).verdict == VIOLATES


def test_overflow_asks_for_nothing() -> None:
    e = expect(parse("convolve in1=2:float32 in2=1:float32 data=small put=in1[0]=max;in2[0]=2.0"), DEFAULTS)
    assert np.isposinf(e.limits.limit[0]) and not np.isposinf(e.limits.limit[1])


def test_order_of_judgement() -> None:
    e = expect(parse(WHOLE), DEFAULTS)
    shape = e.params.shape
    for value, words in (
        ("list", "type list"), (np.zeros(3, np.int8), "shape"), (np.zeros(shape, np.int8), "dtype"),
        (np.zeros(shape, np.float32), ""),
    ):  # fmt: skip
        outcome = verify(e, Observation("result", value))
        assert outcome.verdict == VIOLATES and outcome.difference and words in outcome.difference.got
    assert verify(e, Observation("raised", error=("NotImplementedError",))).verdict == "not offered"
    assert verify(e, Observation("raised", error=("MemoryError",))).verdict == VIOLATES
    assert verify(e, Observation("crash")).verdict == "crash"


def widened_never(x, w, b=None, **rest):  # type: ignore[no-untyped-def]
    every = [x, w] if b is None else [x, w, b]
    dtype = np.result_type(*(every if any(a.dtype.kind == "f" for a in every) else every[:2]))
    if dtype.kind != "f":
        return innocent.conv(x, w, b, **rest).astype(dtype)
    return innocent.conv(x.astype(dtype), w.astype(dtype), None if b is None else b.astype(dtype), **rest)


def without_empty_windows(x, size, **rest):  # type: ignore[no-untyped-def]
    y = innocent.max_pool(x, size, **rest)
    inside = innocent.avg_pool(np.ones(np.shape(x)), size, **rest)
    if np.isnan(inside).any():
        raise ValueError("a window lies in the padding")
    return y


DECLARED = [
    ("conv", "integer_result", "same", widened_never, "number.integers,number.integer-modulo,number.conversion"),
    ("max_pool", "empty_window", "error", without_empty_windows, "pool.empty-window,shape.ceil-drop"),
    ("max_pool", "max_nan", "ignore", planted_pooling.nan_is_ignored, "max_pool.nan,number.locality,max_pool.value"),
    (
        "max_pool",
        "ceil_drop",
        "no",
        planted_pooling.a_window_beyond_the_input_is_kept,
        "shape.ceil-mode,shape.ceil-drop",
    ),
    ("avg_pool", "ceil_divisor", "full", planted_pooling.an_overhanging_window_counts_in_full, "avg_pool.divisor-ceil"),
    ("conv", "padded_tap", "skipped", planted_layers.padded_taps_are_skipped, "conv.padded-tap,conv.formula"),
    ("max_pool_grad", "max_tie", "split", planted_gradients_pools.a_tie_is_split, "max_pool.grad"),
    ("max_pool_grad", "max_tie", "any", planted_gradients_pools.a_tie_goes_to_the_last, "max_pool.grad"),
    (
        "lp_pool_grad",
        "norm_zero",
        "any",
        planted_gradients_pools.a_norm_of_zero_divides,
        "lp_pool.grad-zero,lp_pool.grad",
    ),
    ("conv", "subnormals", "flushed", planted_numbers.subnormal_results_are_flushed, "number.subnormals,number.bound"),
]


@pytest.mark.parametrize(("op", "key", "value", "function", "slugs"), DECLARED, ids=[d[1] for d in DECLARED])
def test_policies_are_tested_as_declared(op: str, key: str, value: str, function: object, slugs: str) -> None:
    """What another policy asks for is a violation without the declaration, and conforms with it."""

    def failures(policies: dict[str, object]) -> list[str]:
        host = Here("declaring", SimpleNamespace(**{op: function}, policies=policies))
        chosen = (*slugs.split(","), f"policy.{key.replace('_', '-')}")
        run = check("declaring", Options(ops=(op,), slugs=chosen, fail_fast=not policies), host=host)
        assert not run.errors
        return [f"{r.slug}: {r.violation}" for r in run.records if r.verdict in FAILURES]

    assert failures({})
    assert failures({key: {op: value}}) == []


def test_whole_results_have_the_shape_of_their_policies() -> None:
    case = parse("max_pool x=1x1x3:float32 size=2 stride=2 padding=1 ceil_mode=True data=wide seed=0")
    function = planted_pooling.a_window_beyond_the_input_is_kept
    host = Here("declaring", SimpleNamespace(max_pool=function, policies={"ceil_drop": "no"}))
    assert metamorphic.whole(Trial(Run(host), "call.combinations", "max_pool"), case)
