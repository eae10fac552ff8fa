"""Layers of real networks at their real sizes: sampled elements by the oracle, and laws that relate two ways of one result.

The data are small integers, whose sums are exact in float32 at all of these sizes. Where the two ways differ, the oracle
judges the elements at which they do.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest

from convspec import networks, shapes
from convspec.conformance.case import Case, make
from convspec.conformance.data import build
from convspec.conformance.expect import Expectation
from convspec.conformance.judge import Trial
from convspec.conformance.verdict import Difference
from convspec.conformance.verify import compare, verify

Array = np.ndarray[Any, Any]


@dataclass(frozen=True)
class Layer:
    """A square convolution layer: channels in and out, size of the image, taps, stride, padding, groups."""

    C: int
    K: int
    n: int
    k: int
    stride: int = 1
    padding: int = 0
    groups: int = 1

    def case(self, op: str = "conv") -> Case:
        """The layer as a call."""
        tile = (1, 1) if op == "tiled_conv" else ()
        w = (self.K, *tile, self.C // self.groups, self.k, self.k)
        arguments = {"stride": self.stride, "padding": self.padding, "groups": self.groups}
        return make(op, {"x": ((1, self.C, self.n, self.n), "float32"), "w": (w, "float32")}, arguments)


QUICK = {
    "MobileNet depthwise": Layer(64, 64, 56, 3, 2, 1, 64),
    "ResNeXt": Layer(128, 128, 28, 3, 1, 1, 32),
    "ResNet 1x1": Layer(256, 64, 28, 1),
}
ALL_CNN = {
    f"All-CNN-C {i}": Layer(C, block.channels or C, H, block.size, block.stride, block.padding)
    for i, ((C, H, _), block) in enumerate(
        zip((networks.INPUT, *networks.output_shapes(networks.NETWORKS["All-CNN-C"])),
            networks.NETWORKS["All-CNN-C"], strict=False)
    )
}  # fmt: skip
FULL = {
    "AlexNet 1": Layer(3, 96, 227, 11, 4), "AlexNet 2": Layer(96, 256, 27, 5, 1, 2, 2),
    "VGG 1": Layer(3, 64, 224, 3, 1, 1), "VGG 13": Layer(512, 512, 14, 3, 1, 1),
    "ResNet 1": Layer(3, 64, 224, 7, 2, 3), "ResNet downsampling": Layer(256, 512, 14, 1, 2),
    "MobileNet 1": Layer(3, 32, 224, 3, 2, 1), "MobileNet pointwise": Layer(512, 512, 14, 1),
    "U-Net valid": Layer(64, 64, 64, 3), **ALL_CNN,
}  # fmt: skip


def layers(judge: Trial) -> list[Layer]:
    """The layers that the profile tries."""
    return judge.sample([*QUICK.values(), *(FULL.values() if judge.thorough else ())])


def result(judge: Trial, case: Case) -> Array | None:
    """The result of a case, sampled elements of which the oracle has judged; None where it is not offered."""
    e, seen = judge.expect(case), judge.observe(case)
    return seen.value if judge.settle(case, judge.count(verify(e, seen))) else None


def also(judge: Trial, case: Case, y: Array, law: str, other: Array) -> None:
    """Accuses where the result of a case is not what another way gives, as `law` says."""
    if other.shape != y.shape:
        judge.accuse(case, Difference(f"{law}, of shape {y.shape}", f"shape {other.shape}"))
    at = [tuple(map(int, index)) for index in np.argwhere(~(y == other))[:16]]
    if not at:
        return
    e = judge.expect(case)
    chosen = Expectation(case, e.policies, e.numerics, e.budget, at)
    judge.settle(case, compare(chosen, y))
    if judge.numerics == "direct":
        judge.accuse(case, Difference(f"{law}: {y[at[0]]}", str(other[at[0]]), at[0]))


def called(judge: Trial, op: str, *operands: Any, **keywords: Any) -> Array | None:
    """What another call gives, if it is offered and returns; its own tests say what is wrong if not."""
    if op not in judge.run.host.profile.operators or judge.run.host.profile.numerics_of(op) != "direct":
        return None
    seen = judge.observe((op, operands, keywords))
    return seen.value if seen.kind == "result" and isinstance(seen.value, np.ndarray) else None


@pytest.mark.parametrize("op", [pytest.param("conv", marks=pytest.mark.clause("conv.formula"))])
def test_layers(judge: Trial, op: str) -> None:
    for layer in layers(judge):
        case = layer.case(op)
        y = result(judge, case)
        if y is None:
            continue
        x, w = (build(case)[name] for name in ("x", "w"))
        for law, other in ways(judge, layer, x, w):
            if other is not None:
                also(judge, case, y, law, other)


def ways(judge: Trial, a: Layer, x: Array, w: Array) -> Iterator[tuple[str, Array | None]]:
    """Other ways to the result of a layer, each with its law."""
    rest = {"stride": a.stride, "groups": a.groups}
    if a.padding:
        pads = [(0, 0), (0, 0), (a.padding, a.padding), (a.padding, a.padding)]
        yield "padding is explicit zeros", called(judge, "conv", np.pad(x, pads), w, **rest)
    if a.stride > 1 and a.stride**2 * w.size * a.n**2 < 2**30:
        dense = called(judge, "conv", x, w, padding=a.padding, groups=a.groups)
        yield "a stride subsamples", None if dense is None else dense[..., :: a.stride, :: a.stride]
    if a.groups > 1:
        chosen = (0, a.groups - 1) if a.groups > 4 else range(a.groups)
        whole = called(judge, "conv", x, w, padding=a.padding, **rest)
        for g in chosen if whole is not None else ():
            c, k = (slice(g * n // a.groups, (g + 1) * n // a.groups) for n in (a.C, a.K))
            part = called(judge, "conv", x[:, c], w[k], stride=a.stride, padding=a.padding)
            if part is not None and whole is not None:
                joined = whole.copy()
                joined[:, k] = part
                yield "a group is a convolution of its own", joined
    if a.k == 1 and a.groups == 1:
        sampled = x[..., :: a.stride, :: a.stride].astype(np.float64)
        yield "1x1 is a matrix product", np.einsum("kc,nchw->nkhw", w[:, :, 0, 0].astype(np.float64), sampled)


@pytest.mark.parametrize("op", [pytest.param("tiled_conv", marks=pytest.mark.clause("tiled_conv.limits"))])
def test_tile_of_one(judge: Trial, op: str) -> None:
    for layer in layers(judge):
        case = layer.case(op)
        y = result(judge, case)
        x, w = (build(case)[name] for name in ("x", "w"))
        other = called(judge, "conv", x, w[:, 0, 0], stride=layer.stride, padding=layer.padding, groups=layer.groups)
        if y is not None and other is not None:
            also(judge, case, y, "a tile of one is conv", other)


@pytest.mark.parametrize("op", [pytest.param("conv_transpose", marks=pytest.mark.clause("conv_transpose.formula"))])
def test_upsampling(judge: Trial, op: str) -> None:
    """U-Net's up-convolutions, whose windows do not overlap: each output is a matrix product of its own."""
    for C, K, n in ((64, 32, 28), (1024, 512, 28))[: 1 + judge.thorough]:
        case = make(op, {"x": ((1, C, n, n), "float32"), "w": ((C, K, 2, 2), "float32")}, {"stride": 2})
        y = result(judge, case)
        if y is not None:
            x, w = (build(case)[name].astype(np.float64) for name in ("x", "w"))
            blocks = np.einsum("nchw,ckrs->nkhrws", x, w, optimize=True).reshape(y.shape)
            also(judge, case, y, "windows side by side are matrix products", blocks)


POOLS = ((64, 112, 3, 2, 1), (96, 55, 3, 2, 0), (64, 224, 2, 2, 0))
"""Those of ResNet, AlexNet and VGG: channels, size, window, stride, padding."""


@pytest.mark.parametrize("op", [pytest.param("max_pool", marks=pytest.mark.clause("max_pool.value"))])
def test_max_pools(judge: Trial, op: str) -> None:
    for C, n, k, stride, padding in POOLS if judge.thorough else POOLS[1:2]:
        keywords = {"size": k, "stride": stride, "padding": padding}
        case = make(op, {"x": ((1, C, n, n), "float32")}, keywords, data="wide")
        y = result(judge, case)
        if y is not None:
            pads = [(0, 0), (0, 0), (padding, padding), (padding, padding)]
            negative = np.pad(-build(case)["x"], pads, constant_values=np.inf)
            windows = np.lib.stride_tricks.sliding_window_view(negative, (k, k), (2, 3))[..., ::stride, ::stride, :, :]
            also(judge, case, y, "the maximum is minus the minimum of what is negated", -windows.min((-2, -1)))


@pytest.mark.parametrize("op", [pytest.param("avg_pool", marks=pytest.mark.clause("avg_pool.value"))])
def test_average_pools(judge: Trial, op: str) -> None:
    for C, n, k in ((64, 56, 2), (256, 8, 8), (64, 224, 4))[: 3 if judge.thorough else 2]:
        case = make(op, {"x": ((1, C, n, n), "float32")}, {"size": k})
        y = result(judge, case)
        ones = np.full((C, 1, k, k), 1 / k**2, np.float32)
        other = called(judge, "conv", build(case)["x"], ones, stride=k, groups=C)
        if y is not None and other is not None:
            assert shapes.output_size(n, k, stride=k) == y.shape[-1]
            also(judge, case, y, "an average is a convolution with equal weights", other)
