"""The chapter on arrays and calls: what holds for every operator."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pytest

from convspec import FORWARD, GRADIENTS, OPERATORS
from convspec.conformance import case
from convspec.conformance.case import Case, Operand
from convspec.conformance.derived import base, gradient
from convspec.conformance.judge import Trial
from convspec.conformance.strategies import FLOATS, FULL, Open, example, of
from convspec.conformance.verify import DTYPE, RETURNS, SHAPE

every = pytest.mark.parametrize("op", OPERATORS)
stacked = pytest.mark.parametrize("op", [op for op in OPERATORS if op not in ("convolve", "correlate")])
BASIC = Open(dtypes=FLOATS)
STATE = ("result-changed", "shares-result", "shares-input")


def trivial(op: str, **rest: int) -> list[Case]:
    """Calls that change nothing, which tempt an operator to return what it was given."""
    if op in GRADIENTS:
        return [gradient(c, op) for c in trivial(base(op), **rest)]
    if op in ("convolve", "correlate"):
        return [case.make(op, {"in1": ((3,), "float32"), "in2": ((1,), "float32")}, {}, **rest)]
    x = ((2, 3, 4, 5), "float32")
    if op.endswith("_pool"):
        return [case.make(op, {"x": x}, {"size": 1}, **rest)]
    tile = {"local_conv": (4, 5), "tiled_conv": (1, 1)}.get(op, ())
    w = ((3, 1, 1, 1), "float32") if not tile else ((3, *tile, 1, 1, 1), "float32")
    return [case.make(op, {"x": x, "w": w}, {"groups": 3}, **rest)]


@pytest.mark.clause("call.completes")
@every
def test_completes(judge: Trial, op: str) -> None:
    judge.each(trivial(op), RETURNS)
    judge.search(of(op, replace(FULL, dtypes=FLOATS)), RETURNS)


@pytest.mark.clause("call.shape")
@every
def test_shape(judge: Trial, op: str) -> None:
    judge.search(of(op, FULL), SHAPE)


@pytest.mark.clause("call.dtype")
@every
def test_dtype(judge: Trial, op: str) -> None:
    judge.search(of(op, Open(bias=True, dtypes=FLOATS)), DTYPE)


@pytest.mark.clause("call.initialised")
@every
def test_initialised(judge: Trial, op: str) -> None:
    facts = ("depends-on-memory", "repeat-differs", "repeat-raises")
    share = 3.0 if op in GRADIENTS else 0.7
    judge.search(of(op, replace(FULL, layouts=("plain",))).map(lambda c: c.but(calls=2)), facts=facts, share=share)


@pytest.mark.clause("call.repeatable")
@every
def test_repeatable(judge: Trial, op: str) -> None:
    facts = ("repeat-differs", "repeat-raises")
    judge.search(of(op, BASIC).map(lambda c: c.but(calls=6, data="real")), RETURNS, facts, share=0.7)


@pytest.mark.clause("call.result-owned")
@every
def test_result_owned(judge: Trial, op: str) -> None:
    judge.each(trivial(op, calls=2), RETURNS, STATE)
    judge.search(of(op, BASIC).map(lambda c: c.but(calls=2)), RETURNS, STATE, share=0.7)


@pytest.mark.clause("call.inputs-unchanged")
@every
def test_inputs_unchanged(judge: Trial, op: str) -> None:
    has = replace(FULL, data=("small", "real", "special"), dtypes=FLOATS)
    judge.search(of(op, has), RETURNS, ("inputs-changed",))


@pytest.mark.clause("call.strides")
@every
def test_strides(judge: Trial, op: str) -> None:
    layouts = ("negative", "transposed", "channels_last", "sliced", "zero_last", "zero_first", "offset")
    first = layouts[:4] if op in GRADIENTS else (*layouts, *_mixed(op))
    judge.each(example(op, "float32").but(layout=layout) for layout in first)
    judge.search(of(op, replace(FULL, layouts=layouts, ranks=(1, 2, 3))), share=0.7)
    judge.search(of(op, replace(BASIC, layouts=_mixed(op))), share=0.7)


def _mixed(op: str) -> tuple[str, ...]:
    """Layouts in which one operand only is out of order, since each has code of its own."""
    chosen = ("negative", "transposed", "sliced", "zero_last")
    return tuple(f"{name}:{layout}" for layout in chosen for name in case.ARRAYS[op])


@pytest.mark.clause("call.byte-order")
@every
def test_byte_order(judge: Trial, op: str) -> None:
    judge.search(of(op, replace(BASIC, layouts=("swapped", *(f"{n}:swapped" for n in case.ARRAYS[op])))))


@pytest.mark.clause("call.read-only")
@every
def test_read_only(judge: Trial, op: str) -> None:
    judge.search(of(op, replace(BASIC, layouts=("readonly",))), share=0.5)


@pytest.mark.clause("call.empty-batch")
@stacked
def test_empty_batch(judge: Trial, op: str) -> None:
    cases = of(op, replace(BASIC, batch=(0,), stride=True)).map(lambda c: c.but(calls=2))
    judge.search(cases, facts=("depends-on-memory",), share=0.5)


@pytest.mark.clause("call.empty-channels")
@pytest.mark.parametrize(
    "op", [op for op in FORWARD if op.endswith("conv") or op in ("max_pool", "avg_pool", "lp_pool")]
)
def test_empty_channels(judge: Trial, op: str) -> None:
    judge.search(of(op, Open(bias=True, stride=True)).map(_without_channels), share=0.5)


@pytest.mark.clause("call.empty-channels")
@pytest.mark.parametrize("op", ["conv_transpose"])
def test_empty_channels_transposed(judge: Trial, op: str) -> None:
    judge.search(of(op, Open(bias=True, stride=True)).map(_without_channels), share=0.5)


@pytest.mark.clause("call.empty-channels")
@pytest.mark.parametrize("op", [op for op in GRADIENTS if op != "channel_pool_grad" and not op.endswith("bias")])
def test_empty_channels_of_gradients(judge: Trial, op: str) -> None:
    judge.search(of(base(op), Open(stride=True)).map(lambda c: gradient(_without_channels(c), op)), share=0.5)


def _without_channels(c: Case) -> Case:
    """The case with C = 0 wherever C stands."""
    shapes = {name: list(operand.shape) for name, operand in c.arrays}
    rank = len(shapes["x"]) - 2
    shapes["x"][1] = 0
    if "w" in shapes:
        shapes["w"][0 if c.op == "conv_transpose" else len(shapes["w"]) - rank - 1] = 0
    arrays = {name: (tuple(shapes[name]), operand.dtype) for name, operand in c.arrays}
    return case.make(c.op, arrays, dict(c.arguments), data=c.data, seed=c.seed)


@pytest.mark.clause("call.batch")
@stacked
def test_batch(judge: Trial, op: str) -> None:
    judge.each(many for c in trivial(base(op)) for many in _batches(c, op))
    judge.search(of(op, Open(batch=(2, 3, 5, 8, 17), most=3, stride=True, groups=True)))


def _batches(c: Case, op: str) -> Iterator[Case]:
    """The case with other numbers of images, or its gradients."""
    (name, x), *others = c.arrays
    for N in (1, 3, 17) if op in GRADIENTS else (1, 2, 3, 16, 17, 33):
        many = c.but(arrays=((name, Operand((N, *x.shape[1:]), x.dtype)), *others))
        yield gradient(many, op) if op in GRADIENTS else many


@pytest.mark.clause("call.threads")
@every
def test_threads(judge: Trial, op: str) -> None:
    judge.each((c.but(place="thread") for c in (example(op, "float32"), *trivial(op))), RETURNS, ("place-differs",))
    judge.search(of(op, BASIC).map(lambda c: c.but(place="thread", data="real")), facts=("place-differs",), share=0.3)


@pytest.mark.clause("call.concurrent")
@every
def test_concurrent(judge: Trial, op: str) -> None:
    judge.each([busy(op, 30, (90, 120)).but(place="together", data="real")], facts=("place-differs",))


@pytest.mark.clause("call.fork")
@every
def test_fork(judge: Trial, op: str) -> None:
    judge.each((c.but(place="fork") for c in (example(op, "float32"), busy(op))), facts=("place-differs",))


def busy(op: str, images: int = 50, image: tuple[int, int] = (200, 300)) -> Case:
    """A call with work for several threads."""
    if op in ("convolve", "correlate"):
        return case.make(op, {"in1": (image, "float32"), "in2": ((3, 3), "float32")}, {"mode": "valid"})
    return example(op, "float32", images, channels=8)
