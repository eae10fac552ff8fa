"""The chapter on numbers, continued: special values, typical errors and the chain."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from itertools import product

import pytest
from hypothesis import strategies as st

from convspec import GRADIENTS, IMAGE_OPERATORS, LAYER_GRADIENTS
from convspec.conformance import metamorphic
from convspec.conformance.case import ARRAYS, Case, Put, make
from convspec.conformance.derived import base, gradient
from convspec.conformance.judge import Trial
from convspec.conformance.strategies import FLOATS, FULL, Open, example, of
from convspec.conformance.strategies_images import images
from convspec.conformance.strategies_pooling import channel_pools, pools

SUMS = ("convolve", "correlate", "conv", "conv_transpose", "local_conv", "tiled_conv")
AVERAGES = ("avg_pool", "lp_pool", "channel_pool")
summed = pytest.mark.parametrize("op", SUMS)
wide = pytest.mark.parametrize("op", [*SUMS, *AVERAGES, "max_pool"])


def unpadded(op: str, has: Open) -> st.SearchStrategy[Case]:
    """Cases without padding or boundary."""
    return images(op, has, mode="valid") if op in IMAGE_OPERATORS else of(op, has)


@pytest.mark.clause("number.special")
@pytest.mark.parametrize("op", [*SUMS, *AVERAGES, *GRADIENTS])
def test_special(judge: Trial, op: str) -> None:
    judge.each(marred(op))
    has = Open(stride=True, dilation=True, groups=True, bias=True, data=("special",), dtypes=FLOATS)
    judge.search(unpadded(op, has), share=1.5)


def marred(op: str) -> Iterator[Case]:
    """A small case, each operand by turns with one element that is not finite; of norms, the order shows the sign."""
    case = example(base(op), "float32")
    if base(op) == "lp_pool":
        case = case.but(arguments=(*case.arguments, ("p", 3)))
    case = gradient(case, op) if op in GRADIENTS else case
    for (name, operand), value in product(case.arrays, ("nan", "inf", "-inf")):
        yield case.but(put=(Put(name, tuple(n // 2 for n in operand.shape), value),))


def large(op: str, dtype: str, S: tuple[int, int] = (13, 18)) -> Case:
    """A case of middling size, all of whose elements the oracle can afford."""
    if op in GRADIENTS:
        return gradient(large(base(op), dtype, (5, 6)), op)
    if op in IMAGE_OPERATORS:
        return make(op, {"in1": ((23, 37), dtype), "in2": ((3, 3), dtype)}, {"mode": "same"})
    x = ((2, 2, *S), dtype)
    if op == "channel_pool":
        return make(op, {"x": ((2, 8, 7, 9), dtype)}, {"size": 2, "kind": "avg"})
    if op.endswith("_pool"):
        return make(op, {"x": x}, {"size": 3, "stride": 1})
    K = {"conv": (2, 2), "conv_transpose": (2, 2), "tiled_conv": (2, 2, 3, 2), "local_conv": (2, *S, 2)}[op]
    return make(op, {"x": x, "w": ((*K, 3, 3), dtype)}, {"padding": 1})


@pytest.mark.clause("number.locality")
@wide
@pytest.mark.parametrize("value", ["nan", "inf", "-inf", "max", "1e6"])
def test_locality(judge: Trial, op: str, value: str) -> None:
    for dtype in FLOATS if judge.thorough else ("float32",):
        for data in ("small", "real"):
            case = large(op, dtype).but(data=data, seed=len(value))
            name = ARRAYS[op][0]
            middle = tuple(n // 2 for n in case.operands[name].shape)
            metamorphic.local(judge, case, Put(name, middle, value))


@pytest.mark.clause("number.locality")
@pytest.mark.parametrize("op", GRADIENTS)
def test_locality_of_gradients(judge: Trial, op: str) -> None:
    """In the middle of dy; and in a corner of x, which some taps of a layer do not see."""
    case = large(op, "float32").but(data="real")
    middle = tuple(n // 2 for n in case.operands["dy"].shape)
    metamorphic.local(judge, case, Put("dy", middle, "nan"))
    for value in ("nan", "1e6") if op.endswith("weight") else ():
        metamorphic.local(judge, case, Put("x", (0,) * len(middle), value))


@pytest.mark.clause("number.subnormals")
@pytest.mark.parametrize("op", [*SUMS, "avg_pool", "max_pool", "channel_pool", *LAYER_GRADIENTS, "max_pool_grad"])
def test_subnormals(judge: Trial, op: str) -> None:
    judge.search(of(op, Open(dtypes=FLOATS, batch=(1,), most=2, ranks=(1,))).map(_subnormal))


def _subnormal(c: Case) -> Case:
    """The case with all of its first operand some thousand times the least subnormal, and small weights."""
    (name, operand), *_ = c.arrays
    unit = 2.0**-149 if operand.dtype == "float32" else 2.0**-1074
    put = []
    for count, i in enumerate(product(*map(range, operand.shape))):
        put.append(Put(name, i, repr((3000 + 77 * count) * (-1) ** (count % 3 == 1) * unit)))
    return c.but(put=tuple(put), data="small")


@pytest.mark.clause("number.bound")
@pytest.mark.parametrize("op", [*SUMS, *(op for op in LAYER_GRADIENTS if not op.endswith("bias"))])
def test_scales(judge: Trial, op: str) -> None:
    judge.search(unpadded(op, Open(dtypes=FLOATS, batch=(1,), most=2, ranks=(1, 2))).map(_scaled), share=0.5)


def _scaled(c: Case) -> Case:
    """The case with a first operand of some 2^40 and a second one of some 2^-70, neither of which may be taken for zero."""
    put = []
    for (name, operand), unit in zip(c.arrays, (2.0**40, 2.0**-70), strict=False):
        for count, i in enumerate(product(*map(range, operand.shape))):
            put.append(Put(name, i, repr((1 + count % 7 / 8) * (-1) ** (count % 3 == 1) * unit)))
    return c.but(put=tuple(put))


@pytest.mark.clause("number.signed-zero")
@wide
def test_signed_zero(judge: Trial, op: str) -> None:
    name = ARRAYS[op][0]

    def negated(c: Case) -> Case:
        shape = c.operands[name].shape
        return c.but(put=tuple(Put(name, tuple(i % n for n in shape), "-0.0") for i in range(3)))

    judge.search(of(op, Open(stride=True)).map(negated), share=0.5)


@pytest.mark.clause("conv.padded-tap")
@pytest.mark.parametrize("op", ["conv", "local_conv", "tiled_conv"])
def test_padded_tap(judge: Trial, op: str) -> None:
    def spoilt(c: Case, value: str) -> Case:
        return c.but(put=(Put("w", (0,) * len(c.operands["w"].shape), value),))

    has = Open(padding="numbers", stride=True)
    judge.search(st.builds(spoilt, of(op, has), st.sampled_from(("inf", "nan", "-inf"))))


@pytest.mark.clause("number.rms")
@pytest.mark.parametrize("op", [*SUMS, *(op for op in LAYER_GRADIENTS if not op.endswith("bias"))])
def test_rms(judge: Trial, op: str) -> None:
    for case in typical(op):
        metamorphic.typical(judge, case)


def typical(op: str) -> list[Case]:
    """Real numbers, a thousand outputs and more, long sums."""
    if op in GRADIENTS:
        return [gradient(case, op) for case in typical(base(op))]
    if op in IMAGE_OPERATORS:
        sizes = [((40, 40), (17, 19)), ((3000,), (400,))]
        return [make(op, {"in1": (S, "float32"), "in2": (R, "float32")}, {}, data="real") for S, R in sizes]
    if op == "local_conv":
        arrays = {"x": ((1, 48, 18, 18), "float32"), "w": ((4, 16, 16, 48, 3, 3), "float32")}
        return [make(op, arrays, {}, data="real")]
    tile = (2, 2) if op == "tiled_conv" else ()
    arrays = {"x": ((1, 64, 18, 18), "float32"), "w": ((64, *tile, 64, 3, 3), "float32")}
    return [make(op, arrays, {}, data="real")]


@pytest.mark.clause("conv_transpose.adjoint")
def test_adjoint(judge: Trial) -> None:
    for seed, (rank, stride, padding) in enumerate(((1, 1, 0), (1, 2, 1), (2, 1, 1), (2, 2, 0), (2, 3, 1), (3, 2, 1))):
        S, R = (5, 4, 6)[:rank], (3, 4, 3)[:rank]
        arrays = {"x": ((2, 4, *S), "float64"), "w": ((4, 3, *R), "float64")}
        keywords = {"stride": stride, "padding": padding, "groups": 2}
        metamorphic.adjoint(judge, make("conv_transpose", arrays, keywords, seed=seed))


@pytest.mark.clause("number.chain")
@pytest.mark.parametrize("op", [*SUMS, *AVERAGES])
def test_chain(judge: Trial, op: str) -> None:
    if not judge.run.host.profile.chain or judge.numerics != "direct":
        pytest.skip("claims no chain")

    def attempt(case: Case) -> None:
        metamorphic.chained(judge, case)

    judge.explore(claimed(op), attempt, share=1.5)


def claimed(op: str) -> st.SearchStrategy[Case]:
    """Cases for which the law promises bits."""
    has = replace(FULL, data=("real",), dtypes=FLOATS)
    if op == "lp_pool":
        return pools(op, has, p=(1, 2))
    return channel_pools(has, p=(1, 2)) if op == "channel_pool" else of(op, has)
