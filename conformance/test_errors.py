"""The chapter on errors: what must be refused, a few ways for each clause and operator."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest

from convspec import FORWARD, IMAGE_OPERATORS, LAYER_OPERATORS, POOL_OPERATORS
from convspec.conformance.case import Case, make
from convspec.conformance.judge import Trial
from convspec.conformance.verdict import CONFORMS, NOT_OFFERED, VIOLATES, Difference, Outcome

Shape = tuple[int, ...]
WINDOWED = (*LAYER_OPERATORS, "max_pool", "avg_pool", "lp_pool")


def operators(*names: str) -> pytest.MarkDecorator:
    return pytest.mark.parametrize("op", names)


def shapes_of(op: str) -> dict[str, Shape]:
    """The operands of a valid call: two groups of two channels, planes of 5 x 6, kernels of 3 x 2."""
    if op in IMAGE_OPERATORS:
        return {"in1": (5, 6), "in2": (3, 2)}
    if op in POOL_OPERATORS:
        return {"x": (2, 4, 5, 6)}
    w = {
        "conv": (6, 2, 3, 2),
        "conv_transpose": (4, 3, 3, 2),
        "local_conv": (6, 3, 5, 2, 3, 2),
        "tiled_conv": (6, 2, 1, 2, 3, 2),
    }
    return {"x": (2, 4, 5, 6), "w": w[op]}


def call(op: str, shapes: dict[str, Shape] | None = None, dtype: str = "float32", **arguments: Any) -> Case:
    """The valid call with some shapes and arguments changed."""
    basis: dict[str, Any] = {"groups": 2} if op in LAYER_OPERATORS else {}
    basis |= {"size": 2} if op == "channel_pool" else {"size": (3, 2)} if op in POOL_OPERATORS else {}
    arrays = {name: (shape, dtype) for name, shape in (shapes_of(op) | (shapes or {})).items()}
    return make(op, arrays, basis | arguments)


def each(judge: Trial, op: str, name: str, values: Sequence[Any]) -> None:
    """The valid call is accepted, and refused with each of `values` for the argument `name`."""
    judge.each([call(op), *(call(op, **{name: value}) for value in values)])


@pytest.mark.clause("error.rank")
@operators(*FORWARD)
def test_rank(judge: Trial, op: str) -> None:
    first = "in1" if op in IMAGE_OPERATORS else "x"
    judge.each(call(op, {first: shape}) for shape in ((), (4,) if first == "x" else (2, 2, 2, 2), (2, 4), (2, 4, 3, 3, 3, 3))
               if not (first == "in1" and shape == (2, 4)))  # fmt: skip
    if op in IMAGE_OPERATORS:
        judge.each(call(op, {"in2": shape}) for shape in ((3,), (3, 2, 1), ()))
    if op in LAYER_OPERATORS:
        w = shapes_of(op)["w"]
        judge.each(call(op, {"w": shape}) for shape in (w[:-1], (*w, 1)))


@pytest.mark.clause("error.empty-image")
@operators(*IMAGE_OPERATORS)
def test_empty_image(judge: Trial, op: str) -> None:
    judge.each(call(op, {name: shape}) for name in ("in1", "in2") for shape in ((0, 3), (3, 0), (0, 0)))
    judge.each([call(op, {"in1": (0, 3)}, mode="valid"), call(op, {"in1": (3, 0)}, mode="same")])


@pytest.mark.clause("error.empty-spatial")
@operators(*LAYER_OPERATORS, *POOL_OPERATORS)
def test_empty_spatial(judge: Trial, op: str) -> None:
    judge.each(call(op, {"x": shape}) for shape in ((2, 4, 0, 6), (2, 4, 5, 0), (0, 4, 0, 0)))
    if op in WINDOWED and op != "local_conv":
        judge.each([call(op, {"x": (2, 4, 0, 6)}, padding=3)])


@pytest.mark.clause("error.empty-kernel")
@operators(*LAYER_OPERATORS)
def test_empty_kernel(judge: Trial, op: str) -> None:
    w = shapes_of(op)["w"]
    judge.each(call(op, {"w": shape}) for shape in ((*w[:-1], 0), (*w[:-2], 0, 2)))


@pytest.mark.clause("error.window")
@operators("conv", "local_conv", "tiled_conv", *POOL_OPERATORS)
def test_window(judge: Trial, op: str) -> None:
    if op == "channel_pool":
        judge.each(call(op, size=size) for size in (5, 100))
        return
    judge.each([call(op, dilation=(3, 1)), call(op, dilation=(1, 6)), call(op, padding=1, dilation=(4, 1))])
    if op in POOL_OPERATORS:
        judge.each([call(op, size=(6, 1)), call(op, size=(1, 7)), call(op, size=(9, 9), padding=1, ceil_mode=True)])
        judge.each([call(op, size=9, padding="valid")])


@pytest.mark.clause("error.output-size")
@operators("conv_transpose")
def test_output_size(judge: Trial, op: str) -> None:
    judge.each([call(op, padding=(4, 0)), call(op, padding=((0, 0), (3, 4))), call(op, padding=9)])


@pytest.mark.clause("error.channels")
@operators(*LAYER_OPERATORS)
def test_channels(judge: Trial, op: str) -> None:
    w = shapes_of(op)["w"]
    at = 0 if op == "conv_transpose" else len(w) - 3
    judge.each(call(op, {"w": (*w[:at], n, *w[at + 1 :])}) for n in (w[at] - 1, w[at] + 1, 2 * w[at], 0))


@pytest.mark.clause("error.channel-groups")
@operators(*LAYER_OPERATORS)
def test_channel_groups(judge: Trial, op: str) -> None:
    each(judge, op, "groups", (3, 5, 8))
    if op != "conv_transpose":
        w = shapes_of(op)["w"]
        judge.each([call(op, {"w": (5, *w[1:])})])


@pytest.mark.clause("error.bias")
@operators(*LAYER_OPERATORS)
def test_bias(judge: Trial, op: str) -> None:
    K = 6
    right = {"conv": (K,), "conv_transpose": (K,), "local_conv": (K, 3, 5), "tiled_conv": (K, 2, 1)}[op]
    wrong: list[Shape] = [(), (1,), (K + 1,), (K, 1) if len(right) == 1 else (K,), (1, *right), (*right, 1), (0,)]
    judge.each([call(op, {"b": right}), *(call(op, {"b": shape}) for shape in wrong)])


@pytest.mark.clause("error.tile-shape")
@operators("local_conv", "tiled_conv")
def test_tile_shape(judge: Trial, op: str) -> None:
    tiles: list[Shape] = [(3, 0), (0, 5), (0, 0)]
    if op == "local_conv":
        tiles += [(1, 1), (5, 3), (3, 4), (6, 5)]
    judge.each([call(op), *(call(op, {"w": (6, *tile, 2, 3, 2)}) for tile in tiles)])


@pytest.mark.clause("error.stride")
@operators(*WINDOWED, "channel_pool")
def test_stride(judge: Trial, op: str) -> None:
    each(judge, op, "stride", (0, -1) if op == "channel_pool" else (0, -1, (0, 1), (1, -2)))


@pytest.mark.clause("error.dilation")
@operators(*WINDOWED)
def test_dilation(judge: Trial, op: str) -> None:
    each(judge, op, "dilation", (0, -1, (0, 1), (1, -2)))


@pytest.mark.clause("error.groups")
@operators(*LAYER_OPERATORS)
def test_groups(judge: Trial, op: str) -> None:
    each(judge, op, "groups", (0, -1, -2))


@pytest.mark.clause("error.size")
@operators(*POOL_OPERATORS)
def test_size(judge: Trial, op: str) -> None:
    each(judge, op, "size", (0, -1) if op == "channel_pool" else (0, -1, (0, 2), (3, -2)))


@pytest.mark.clause("error.negative-padding")
@operators(*WINDOWED)
def test_negative_padding(judge: Trial, op: str) -> None:
    each(judge, op, "padding", (-1, (-1, 0), ((0, -1), (0, 0)), ((0, 0), (-1, 2))))


@pytest.mark.clause("error.output-padding")
@operators("conv_transpose")
def test_output_padding(judge: Trial, op: str) -> None:
    each(judge, op, "output_padding", (-1, 1, 2, (0, 1), (-1, 0)))
    judge.each(
        [call(op, output_padding=(1, 2), stride=(2, 1), dilation=(1, 3)), call(op, output_padding=(2, 0), stride=2)]
    )
    judge.each([call(op, output_padding=(0, 3), dilation=(1, 3))])


@pytest.mark.clause("error.order")
@operators("lp_pool", "channel_pool")
def test_order(judge: Trial, op: str) -> None:
    more: dict[str, Any] = {"kind": "lp"} if op == "channel_pool" else {}
    nan, inf = float("nan"), float("inf")
    judge.each([call(op, **more), *(call(op, p=p, **more) for p in (0, 0.5, -1, inf, -inf, nan, 0.999))])


@pytest.mark.clause("error.length")
@operators(*WINDOWED)
def test_length(judge: Trial, op: str) -> None:
    names = (
        ["stride", "dilation", "padding"]
        + ["size"] * (op in POOL_OPERATORS)
        + ["output_padding"] * (op == "conv_transpose")
    )
    for name in names:
        value = 0 if name in ("padding", "output_padding") else 1
        each(judge, op, name, ((value,), (value,) * 3, [value], ()))
    each(judge, op, "padding", (((0, 0),), ((0, 0, 0), (0, 0, 0)), ((0, 0), (0, 0), (0, 0))))


@pytest.mark.clause("error.string")
@operators(*FORWARD)
def test_string(judge: Trial, op: str) -> None:
    if op in IMAGE_OPERATORS:
        each(judge, op, "mode", ("middle", "f", "ful"))
        each(judge, op, "boundary", ("mirror", "constant", "w"))
    elif op == "channel_pool":
        each(judge, op, "kind", ("min", "mean", "m"))
    else:
        names = ("same", "valid", "full", "same_lower") if op == "conv_transpose" else ()
        each(judge, op, "padding", ("half", "s", *names))


@pytest.mark.clause("error.type")
@operators(*FORWARD)
def test_type(judge: Trial, op: str) -> None:
    if op in IMAGE_OPERATORS:
        each(judge, op, "mode", (None, 1, 2.0))
        each(judge, op, "boundary", (None, 0))
        each(judge, op, "fillvalue", (None, "zero", True))
        return
    sizes = ["stride"] + (["size"] if op in POOL_OPERATORS else ["groups"]) + (["dilation"] if op in WINDOWED else [])
    for name in sizes:
        each(judge, op, name, (1.5, 1.0, True, "one", *((None,) if name != "stride" else ())))
    if op in WINDOWED:
        each(judge, op, "padding", (0.5, 1.0, None, True, (0, 1.0)))
    if op in ("max_pool", "avg_pool", "lp_pool"):
        each(judge, op, "ceil_mode", (1, None, "yes"))


@pytest.mark.clause("error.dtype")
@operators(*FORWARD)
def test_dtype(judge: Trial, op: str) -> None:
    if not judge.own_room:
        pytest.skip("asked of convspec's own rooms only")
    judge.each(call(op, dtype=dtype) for dtype in ("bool", "complex64", "complex128", "float16", "object", "str"))


@pytest.mark.clause("error.too-large")
@operators(*FORWARD)
def test_too_large(judge: Trial, op: str) -> None:
    if op in IMAGE_OPERATORS:
        each(judge, op, "mode", ("huge",))
        return
    if op == "channel_pool":
        judge.each([call(op, size=2**70), call(op, size=2**31, stride=2**63)])
        return
    names = ["stride", "dilation"] + (["size"] if op in POOL_OPERATORS else [])
    for name in names:
        each(judge, op, name, (2**70, 2**63))
    judge.each([call(op, padding=2**70), call(op, padding=2**63 - 1)])
    if op != "local_conv":
        for extent in (2**31 - 1, 2**30):
            beyond(judge, call(op, stride=extent) if op == "conv_transpose" else call(op, padding=extent))


def beyond(judge: Trial, case: Case) -> None:
    """A case of some 2^60 elements, which no memory holds: the oracle is not asked."""
    seen = judge.observe(case)
    if seen.kind == "raised" and {"ValueError", "MemoryError", "TypeError"} & set(seen.error):
        judge.count(Outcome(CONFORMS))
    elif "NotImplementedError" in seen.error:
        judge.count(Outcome(NOT_OFFERED))
    else:
        verdict = seen.kind if seen.kind in ("crash", "hang") else VIOLATES
        got = seen.message or f"a result of shape {getattr(seen.value, 'shape', None)}"
        judge.settle(case, judge.count(Outcome(verdict, Difference("a ValueError or a MemoryError", got))))


@pytest.mark.clause("error.first")
@operators(*LAYER_OPERATORS, *POOL_OPERATORS)
def test_first(judge: Trial, op: str) -> None:
    nothing: dict[str, Shape] = {"x": (0, 4, 5, 6)}
    wrong: list[dict[str, Any]] = [{"stride": 0}]
    wrong += [{"size": 0}] if op in POOL_OPERATORS else [{"groups": 0}, {"groups": 3}]
    wrong += [{"dilation": 0}, {"padding": -1}, {"stride": (1, 1, 1)}] if op in WINDOWED else []
    judge.each([call(op, nothing), *(call(op, nothing, **arguments) for arguments in wrong)])
    judge.each([call(op, {"x": (0, 4, 0, 6)})])
