"""Sizes on either side of the widths of vectors and tiles, and beyond those where implementations change their algorithm."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from math import prod
from typing import Any

import pytest
from hypothesis import strategies as st

from convspec import GRADIENTS, IMAGE_OPERATORS, shapes
from convspec.conformance import metamorphic
from convspec.conformance.case import ARGUMENTS, Case, Put, make
from convspec.conformance.data import wide_or_small
from convspec.conformance.derived import base, clause_of, gradient
from convspec.conformance.judge import Trial
from convspec.conformance.strategies import BOUNDARY, Draw

VALUES = [
    pytest.param("convolve", marks=pytest.mark.clause("image.convolve")),
    pytest.param("correlate", marks=pytest.mark.clause("image.correlate")),
    pytest.param("conv", marks=pytest.mark.clause("conv.formula")),
    pytest.param("conv_transpose", marks=pytest.mark.clause("conv_transpose.formula")),
    pytest.param("local_conv", marks=pytest.mark.clause("local_conv.formula")),
    pytest.param("tiled_conv", marks=pytest.mark.clause("tiled_conv.formula")),
    pytest.param("max_pool", marks=pytest.mark.clause("max_pool.value")),
    pytest.param("avg_pool", marks=pytest.mark.clause("avg_pool.value")),
    pytest.param("lp_pool", marks=pytest.mark.clause("lp_pool.value")),
    pytest.param("channel_pool", marks=pytest.mark.clause("channel_pool.value")),
    *(pytest.param(op, marks=pytest.mark.clause(clause_of(op))) for op in GRADIENTS),
]
DTYPES = ("float32", "float32", "float64")


@dataclass(frozen=True)
class Sizes:
    """The sizes of a case: input and output channels, width and height of the output without a stride, taps, stride,
    repetition of tiles, and along the last axis dilation and padding; upright, the axes change places."""

    C: int
    K: int
    W: int
    H: int = 2
    k: int = 3
    stride: int = 1
    tile: int = 2
    depthwise: bool = False
    dtype: str = "float32"
    seed: int = 0
    dilation: int = 1
    padding: int = 0
    upright: bool = False

    def axes(self, first: Any, last: Any) -> tuple[Any, Any]:
        """What belongs to the first and the last axis, in the order of the axes."""
        return (last, first) if self.upright else (first, last)


def sized(op: str, n: Sizes) -> Case:
    """A case of these sizes with windows along one axis."""
    if op in GRADIENTS:
        return gradient(sized(base(op), n), op)
    terms = n.k * max(n.C, n.K, n.H * n.W)  # of the longest sum, forwards or backwards
    rest: dict[str, Any] = {"data": wide_or_small(op, terms), "seed": n.seed}
    reach = (n.k - 1) * n.dilation - 2 * n.padding
    x = ((1, n.C, *n.axes(n.H, max(1, n.W + reach))), n.dtype)
    if op in IMAGE_OPERATORS:
        return make(op, {"in1": (n.axes(n.C, n.W), n.dtype), "in2": (n.axes(n.H, n.k), n.dtype)}, {}, **rest)
    if op == "channel_pool":
        return make(op, {"x": x}, {"size": min(n.k, n.C), "kind": "avg" if n.seed % 2 else "max"}, **rest)
    if op.endswith("_pool"):
        pooling = {"size": n.axes(1, n.k)} | _along(op, n) | ({"p": 1} if op == "lp_pool" else {})
        return make(op, {"x": x}, pooling, **rest)
    G = n.C if n.depthwise else 1
    K, Cg = (n.C * min(n.K, 2), 1) if n.depthwise else (n.K, n.C)
    arguments = _along(op, n) | ({"groups": G} if G > 1 else {})
    if op == "conv_transpose":
        return make(op, {"x": x, "w": ((n.C, K // G, *n.axes(1, n.k)), n.dtype)}, arguments, **rest)
    O = n.axes((n.H - 1) // n.stride + 1, (max(1, n.W + reach) - reach - 1) // n.stride + 1)
    tile = {"conv": (), "tiled_conv": n.axes(1, n.tile), "local_conv": O}[op]
    return make(
        op, {"x": x, "w": ((K, *tile, Cg, *n.axes(1, n.k)), n.dtype), "b": ((K, *tile), n.dtype)}, arguments, **rest
    )


def _along(op: str, n: Sizes) -> dict[str, Any]:
    """Stride, and dilation and padding along the axis of the windows, as far as the operator has them."""
    dilation = {"dilation": n.axes(1, n.dilation)} if n.dilation > 1 and "dilation" in ARGUMENTS[op] else {}
    padding = {"padding": n.axes((0, 0), (n.padding, n.padding))} if n.padding else {}
    return {"stride": n.stride} | dilation | padding


@st.composite
def bounded(draw: Draw, op: str) -> Case:
    """Two sizes of a case at boundaries, the others small; one group, or depthwise."""
    edge, small = st.sampled_from(BOUNDARY), st.integers(1, 3)
    C, K, W = draw(st.permutations((draw(edge), draw(edge), draw(small))))
    k, stride = draw(st.sampled_from((1, 2, 3, 5))), draw(st.sampled_from((1, 1, 2)))
    depthwise, dtype = draw(st.integers(0, 3)) == 0, draw(st.sampled_from(DTYPES))
    return sized(op, Sizes(C, K, W, draw(small), k, stride, draw(small), depthwise, dtype, draw(st.integers(0, 99))))


@pytest.mark.parametrize("op", VALUES)
def test_boundary_sizes(judge: Trial, op: str) -> None:
    numbers = (17, 33) if op in GRADIENTS and not judge.thorough else BOUNDARY
    for sizes in judge.sample(
        sizes
        for n in numbers
        for sizes in (Sizes(n, 2, 3), Sizes(3, n, 2), Sizes(2, 3, n, seed=1), Sizes(n, 1, 4, depthwise=True))
    ):
        metamorphic.whole(judge, sized(op, sizes))
    judge.explore(bounded(op), lambda case: metamorphic.whole(judge, case), share=0.6)


LANES = {"float32": 16, "float64": 8, "int8": 64, "uint8": 64, "int16": 32, "int32": 16, "int64": 8}
"""The elements of a vector of 64 bytes."""


def swept(dtype: str, thorough: bool, every: bool) -> Iterator[Sizes]:
    """Widths between one vector and two, with as many outputs, and counts of input channels alike, each with its own rest;
    not `every` one is both."""
    lanes = LANES[dtype]
    few = min(lanes, 16)
    for i in range(lanes if thorough else few):
        more, stride, k = few + 7 * i % few, 1 + i % 2, (3, 2, 5)[i % 3]
        wide = Sizes(1, more, (lanes + 5 * i % lanes - 1) * stride + 1, 1, k, stride, dtype=dtype, seed=i)
        deep = Sizes(more, 2, 3, 1, k, stride, depthwise=i % 4 == 3, dtype=dtype, seed=i)
        yield from (wide, deep) if every else (deep if i % 4 > 1 else wide,)


@pytest.mark.parametrize("op", VALUES)
def test_swept_sizes(judge: Trial, op: str) -> None:
    every = judge.thorough or op not in GRADIENTS
    for sizes in judge.sample(sizes for dtype in LANES for sizes in swept(dtype, judge.thorough, every)):
        metamorphic.whole(judge, sized(op, sizes))


FAR: tuple[Sizes, ...] = (
    Sizes(130, 2, 3), Sizes(520, 2, 3), Sizes(1030, 1, 2, k=10), Sizes(2, 130, 3), Sizes(2, 520, 3), Sizes(1, 1030, 2),
    Sizes(520, 1030, 1, H=1, k=1), Sizes(1, 2, 2, H=300), Sizes(1, 1, 1100), Sizes(2, 2, 5, k=13), Sizes(2, 2, 5, k=18),
    Sizes(1, 2, 5, k=33), Sizes(1, 1, 3, k=70), Sizes(2, 2, 11, stride=5), Sizes(2, 2, 19, stride=9),
    Sizes(2, 2, 35, stride=17), Sizes(2, 2, 5, dilation=4), Sizes(2, 2, 5, dilation=9), Sizes(2, 2, 5, dilation=17),
    Sizes(2, 2, 20, k=14, padding=6), Sizes(2, 2, 40, k=36, padding=17), Sizes(130, 1, 3, depthwise=True),
    Sizes(260, 1, 3, depthwise=True), Sizes(2, 2, 5, k=34, upright=True), Sizes(1, 1, 3, k=70, upright=True),
    Sizes(2, 2, 5, k=18, padding=8, upright=True), Sizes(2, 2, 9, dilation=9, upright=True), Sizes(1, 1, 300, H=301),
)  # fmt: skip
"""One size each, or the product of two, far from the others, where implementations cut loops into blocks."""


@pytest.mark.parametrize("op", VALUES)
def test_far_sizes(judge: Trial, op: str) -> None:
    for sizes in judge.sample(FAR):
        metamorphic.whole(judge, sized(op, sizes))


LAYERS = [op for op in VALUES if base(str(op.values[0])) in ("conv", "conv_transpose")]


def narrow(op: str, thorough: bool) -> Iterator[Case]:
    """Depthwise layers by squares over planes up to a vector wide, with up to as much padding as taps."""
    if op in GRADIENTS:
        yield from (gradient(case, op) for case in narrow(base(op), thorough))
        return
    for width in range(1, 18 if thorough else 10):
        for padding in range(4):
            k, stride, least = 5 if thorough and width % 4 == padding else 3, 1 + (width % 5 == padding), min(width, 4)
            size = shapes.transposed_size if op == "conv_transpose" else shapes.output_size
            if size(least, k, stride=stride, pad=(padding, padding)) <= 0:
                continue
            # 17 groups: beyond the vectors of those that take them together
            for groups in (2, 17) if padding == 1 else (2,):
                x, w = ((2, groups, 4, width), "float32"), ((groups, 1, k, k), "float32")
                arguments = {"padding": padding, "groups": groups, "stride": stride}
                yield make(op, {"x": x, "w": w}, arguments, data=wide_or_small(op, k * k), seed=width)


@pytest.mark.parametrize("op", LAYERS)
def test_narrow_depthwise_layers(judge: Trial, op: str) -> None:
    for case in judge.sample(narrow(op, judge.thorough)):
        metamorphic.whole(judge, case)


STRIDED = ((2, 3), (2, 7), (3, 5), (3, 8), (4, 7), (4, 11))
"""Strides, and the taps along both axes, which are more."""


def overlapping(op: str) -> Iterator[Case]:
    """Layers of a few channels, as networks begin with, by strides of less than their kernels along both axes."""
    if op in GRADIENTS:
        yield from (gradient(case, op) for case in overlapping(base(op)))
        return
    for i, (stride, k) in enumerate(STRIDED):
        S = (3, 2) if op == "conv_transpose" else (2 * stride + k - 2, 4 * stride + k - 1)
        x, w = ((1, 3, *S), "float32"), ((3, 3, k, k), "float32")
        rest = {"data": wide_or_small(op, 3 * k * k), "seed": i}
        yield make(op, {"x": x, "w": w}, {"padding": i % 3, "stride": stride}, **rest)


@pytest.mark.parametrize("op", LAYERS)
def test_overlapping_strides(judge: Trial, op: str) -> None:
    for case in judge.sample(overlapping(op)):
        metamorphic.whole(judge, case)


OPENING = (
    ((1, 3, 30, 31), (70, 3, 3, 3), 1, 1, "float32"), ((5, 4, 14, 15), (150, 4, 3, 3), 1, 1, "float32"),
    ((2, 5, 20, 23), (90, 5, 4, 4), 1, 2, "float32"), ((1, 3, 61, 62), (70, 3, 5, 5), 2, 2, "float64"),
    ((2, 3, 45, 57), (50, 3, 7, 7), 2, 3, "float32"), ((2, 8, 29, 30), (96, 4, 3, 3), 1, 0, "float64"),
)  # fmt: skip
"""Images, kernels, stride, padding and dtype of a network's first layers: many outputs of few channels."""


@pytest.mark.clause("conv.formula", "number.locality")
def test_opening_layers(judge: Trial) -> None:
    for x, w, stride, padding, dtype in judge.sample(OPENING):
        arguments = {"stride": stride, "padding": padding, "groups": x[1] // w[1]}
        arrays = {"x": (x, dtype), "w": (w, dtype), "b": (w[:1], dtype)}
        case = make("conv", arrays, arguments, data=wide_or_small("conv", prod(w[1:])))
        metamorphic.whole(judge, case)
        metamorphic.local(judge, case.but(data="real"), Put("x", tuple(n // 2 for n in x), "nan"))


def large(op: str) -> list[Case]:
    """Sizes of real layers and images, and of what is transformed by FFT elsewhere."""
    if op in GRADIENTS:
        exact = {"data": "small"} if op.endswith(("weight", "bias")) else {}  # sums over all positions
        return [gradient(case, op).but(**exact) for case in large(base(op))]
    data = {"data": wide_or_small(op)}
    f = "float32"
    if op in IMAGE_OPERATORS:
        sizes = [
            ((200, 333), (3, 5), "same"),
            ((5000,), (129,), "full"),
            ((70, 81), (40, 33), "valid"),
            ((20, 21, 22), (5, 4, 3), "same"),
            ((721, 1283), (3, 3), "same"),
            ((301, 302), (300, 300), "valid"),
        ]
        return [
            make(op, {"in1": (S, f), "in2": (R, f)}, {"mode": mode}, data=wide_or_small(op, prod(R)))
            for S, R, mode in sizes
        ]
    planes = [
        ((1, 32, 56, 57), 3, 2, 1),
        ((1, 3, 120, 121), 7, 2, 3),
        ((9, 16, 14, 13), 2, 1, 0),
        ((1, 5, 6001), 9, 1, 4),
        ((1, 8, 12, 11, 13), 3, 1, 1),
        ((1, 2, 513, 640), 3, 1, 1),
    ]
    if op == "channel_pool":
        return [
            make(op, {"x": (x, f)}, {"size": min(3, x[1]), "stride": 2, "kind": k}, **data)
            for x, *_ in planes
            for k in ("max", "avg")
        ]
    if op.endswith("_pool"):
        more = {"p": 1} if op == "lp_pool" else {}
        return [
            make(op, {"x": (x, f)}, {"size": k, "stride": s, "padding": p // 2} | more, **data) for x, k, s, p in planes
        ]
    return [_layer(op, plane, data["data"]) for plane in planes]


def _layer(op: str, plane: tuple[tuple[int, ...], int, int, int], data: str) -> Case:
    x, k, stride, padding = plane
    C, S, R = x[1], x[2:], (k,) * (len(x) - 2)
    if op == "conv_transpose":
        w: tuple[int, ...] = (C, 6, *R)
    else:
        O = tuple((n + 2 * padding - k) // stride + 1 for n in S)
        K = 1 if prod(S) > 2**17 else 4 if op == "local_conv" else 37
        w = (K, *{"conv": (), "tiled_conv": (2,) * len(S), "local_conv": O}[op], C, *R)
    return make(op, {"x": (x, "float32"), "w": (w, "float32")}, {"stride": stride, "padding": padding}, data=data)


@pytest.mark.parametrize("op", VALUES)
def test_large_sizes(judge: Trial, op: str) -> None:
    for case in judge.sample(large(op)) if judge.thorough or op not in GRADIENTS else [gradient(_row(base(op)), op)]:
        metamorphic.whole(judge, case)


def _row(op: str) -> Case:
    """A long row of few channels."""
    x = ((1, 3, 601), "float32")
    if op == "channel_pool":
        return make(op, {"x": x}, {"size": 2, "stride": 1})
    if op.endswith("_pool"):
        return make(op, {"x": x}, {"size": 5, "stride": 2} | ({"p": 1} if op == "lp_pool" else {}))
    w = {"conv": (4, 3, 5), "conv_transpose": (3, 4, 5), "tiled_conv": (4, 2, 3, 5), "local_conv": (4, 601, 3, 5)}[op]
    return make(op, {"x": x, "w": (w, "float32")}, {"padding": 2}, data="wide")
