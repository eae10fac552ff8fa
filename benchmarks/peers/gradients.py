"""Gradients beside torch's: with --keep, writes results/gradients.json and docs/benchmarks-gradients.md.

    python -m benchmarks.peers.gradients [--threads 2] [--rounds 5] [--seconds 0.1] [--row NAME]... [--keep]

A contestant is a process, as for the layers. torch is aten::convolution_backward with operands in either of its layouts,
asked for one gradient at a time, and the backward operators of its pooling.
"""

from __future__ import annotations

import statistics
from collections.abc import Callable
from math import prod
from typing import Any, NamedTuple

import numpy as np

from benchmarks.peers.layers import LAYERS, Layer, square
from benchmarks.peers.rounds import compare

Call = Callable[[], Any]

HEAD = """# Gradients

Made by `python -m benchmarks.peers.gradients --keep` from `benchmarks/results/gradients.json`: milliseconds of a call, the median
of up to {rounds} rounds in which each contestant, a process of its own, has every row in turn; float32, {threads} thread(s). dx is the
gradient by the input, dw that by the weights; the layers are those of [the other page](benchmarks.md), with batches of 16 where
the network is All-CNN and of 1 elsewhere. torch is `aten::convolution_backward` with operands in either of its layouts, asked
for one gradient at a time, and the backward operators of its pooling. In the same minutes the processor reached {peak:.0f} GF/s of
fused multiply-adds and copied {copy:.0f} GB/s, each byte counted once read and once written.

`auto` and `direct` are convspec.fast's; `GF/s` is direct's, and `GB/s` counts the operands and the result once each. `ratio` is how
many times as fast as the better layout of torch auto is: the median of the ratios of each round.

"""


class Gradient(NamedTuple):
    """A gradient of a layer: dx or dw."""

    of: str
    layer: Layer

    @property
    def flops(self) -> int:
        """Those of the layer."""
        return self.layer.flops

    @property
    def bytes(self) -> int:
        """Of the operands and the result."""
        return self.layer.bytes

    def operands(self) -> tuple[Any, Any, Any]:
        """dy, x and w, random."""
        shape = (self.layer.n, self.layer.k, *self.layer.out)
        return np.random.default_rng(1).standard_normal(shape, np.float32), *self.layer.operands()


class PoolGradient(NamedTuple):
    """A gradient of pooling x of that shape by square windows."""

    kind: str
    shape: tuple[int, ...]
    size: int
    stride: int
    padding: int = 0

    @property
    def out(self) -> tuple[int, ...]:
        """The shape of dy."""
        return (*self.shape[:2], *((n + 2 * self.padding - self.size) // self.stride + 1 for n in self.shape[2:]))

    @property
    def flops(self) -> int:
        """One for each tap."""
        return prod(self.out) * self.size**2

    @property
    def bytes(self) -> int:
        """Of dy, dx and, but for averages, x."""
        return 4 * (prod(self.out) + (1 if self.kind == "avg" else 2) * prod(self.shape))

    def operands(self) -> tuple[Any, Any]:
        """dy and x, random."""
        random = np.random.default_rng(1)
        return random.standard_normal(self.out, np.float32), random.standard_normal(self.shape, np.float32)


class LocalGradient(NamedTuple):
    """A gradient of a layer of unshared 3x3 kernels without padding: dx or dw. torch's users write it by unfold and products."""

    of: str
    images: int
    channels: int
    outputs: int
    side: int

    @property
    def flops(self) -> int:
        """Two for each term."""
        return 2 * self.images * prod(self.shapes()[2])

    @property
    def bytes(self) -> int:
        """Of two operands and the result."""
        return 4 * sum(map(prod, self.shapes()))

    def shapes(self) -> tuple[tuple[int, ...], ...]:
        """Those of dy, x and w."""
        out = (self.side - 2,) * 2
        x = (self.images, self.channels, self.side, self.side)
        return (self.images, self.outputs, *out), x, (self.outputs, *out, self.channels, 3, 3)

    def operands(self) -> tuple[Any, ...]:
        """dy, x and w, random."""
        random = np.random.default_rng(1)
        return tuple(random.standard_normal(shape, np.float32) for shape in self.shapes())

    def fast(self, given: dict[str, Any]) -> Call:
        """convspec.fast's."""
        from convspec import fast

        dy, x, w = self.operands()
        if self.of == "dx":
            return lambda: fast.local_conv_grad_input(dy, w, x.shape, **given, out=x)
        return lambda: fast.local_conv_grad_weight(dy, x, w.shape, **given, out=w)

    def torch(self) -> Call:
        """A product for each position, whose weights are in the order that suits it."""
        import torch as framework

        dy, x, w = map(framework.from_numpy, self.operands())
        positions = dy.shape[2] * dy.shape[3]
        dys, functions = dy.flatten(2).permute(2, 1, 0), framework.nn.functional
        weights = w.flatten(3).permute(1, 2, 3, 0).reshape(positions, -1, self.outputs).contiguous()
        if self.of == "dx":
            side = (self.side, self.side)
            return lambda: functions.fold(framework.bmm(weights, dys).permute(2, 1, 0), side, 3)
        return lambda: framework.bmm(dys, functions.unfold(x, 3).permute(2, 0, 1))


EXTRA = {"256@14": square(16, 256, 14, 256, 3, 1, 1), "64@56": square(4, 64, 56, 64, 3, 1, 1)}
POOLS = {
    f"{kind} {size}x{size} /{stride}": PoolGradient(kind, shape, size, stride, padding)
    for kind in ("max", "avg", "lp")
    for shape, size, stride, padding in (
        ((1, 64, 224, 224), 2, 2, 0),
        ((4, 64, 112, 112), 3, 2, 1),
        ((16, 96, 32, 32), 3, 1, 1),
    )
    if kind != "lp" or not padding
}
UNSHARED = {
    f"{of} local_conv, {images} images": LocalGradient(of, images, 64, 64, 30)
    for images in (1, 16)
    for of in ("dx", "dw")
}
Row = Gradient | PoolGradient | LocalGradient
GRADIENTS: dict[str, Row] = {
    **{f"{of} {name}": Gradient(of, layer) for name, layer in {**LAYERS, **EXTRA}.items() for of in ("dx", "dw")},
    **POOLS,
    **UNSHARED,
}


def auto(row: Row, threads: int, algorithm: str = "auto") -> Call:
    """convspec.fast, results written to an array that is used again."""
    from convspec import fast

    if isinstance(row, LocalGradient):
        return row.fast({"num_threads": threads, "algorithm": algorithm})
    if isinstance(row, PoolGradient):
        dy, x = row.operands()
        given: dict[str, Any] = {"stride": row.stride, "padding": row.padding, "num_threads": threads}
        given |= {"out": np.empty_like(x), "algorithm": algorithm}
        function, first = getattr(fast, f"{row.kind}_pool_grad"), x.shape if row.kind == "avg" else x
        return lambda: function(dy, first, row.size, **given)
    dy, x, w = row.operands()
    given = {"stride": row.layer.stride, "padding": row.layer.pad, "groups": row.layer.groups}
    given |= {"num_threads": threads, "algorithm": algorithm, "out": np.empty_like(x if row.of == "dx" else w)}
    if row.of == "dx":
        return lambda: fast.conv_grad_input(dy, w, x.shape, **given)
    return lambda: fast.conv_grad_weight(dy, x, w.shape, **given)


def direct(row: Row, threads: int) -> Call:
    """The same, the law's chain."""
    return auto(row, threads, "direct")


def torch(row: Row, threads: int, channels_last: bool = False) -> Call | None:
    """Tensors of one of its layouts."""
    import torch as framework

    framework.set_num_threads(threads)
    if isinstance(row, LocalGradient):
        return None if channels_last else row.torch()
    layout = framework.channels_last if channels_last else framework.contiguous_format
    dy, *tensors = (framework.from_numpy(a).contiguous(memory_format=layout) for a in row.operands())
    aten = framework.ops.aten
    if isinstance(row, PoolGradient):
        size, stride, padding, x = [row.size] * 2, [row.stride] * 2, [row.padding] * 2, tensors[0]
        if row.kind == "max":
            _, places = aten.max_pool2d_with_indices(x, size, stride, padding)
            return lambda: aten.max_pool2d_with_indices_backward(dy, x, size, stride, padding, [1, 1], False, places)
        if row.kind == "avg":
            return lambda: aten.avg_pool2d_backward(dy, x, size, stride, padding, False, False, None)
        return None
    geometry = ([row.layer.stride] * 2, [*row.layer.pad], [1, 1], False, [0, 0], row.layer.groups)
    mask = [row.of == "dx", row.of == "dw", False]
    return lambda: aten.convolution_backward(dy, *tensors, None, *geometry, mask)


def torch_last(row: Row, threads: int) -> Call | None:
    """Tensors with the channels last."""
    return torch(row, threads, channels_last=True)


BACKWARD = {"auto": auto, "direct": direct, "torch": torch, "torch-last": torch_last}


def table(measured: dict[str, Any]) -> str:
    """Milliseconds in Markdown, a row a line."""
    names = list(next(iter(measured["seconds"].values())))
    lines = [
        "| gradient | " + " | ".join(names) + " | GF/s | GB/s | ratio |",
        "|---" + "|---:" * (len(names) + 3) + "|",
    ]
    for row, times in measured["seconds"].items():
        medians = {name: statistics.median(t) for name, t in times.items() if t}
        cells = [f"{1000 * medians[n]:.3g}" if n in medians else "" for n in names]
        chain = medians.get("direct", medians["auto"])
        speed = f"{measured['flops'][row] / chain / 1e9:.0f} | {measured['bytes'][row] / chain / 1e9:.0f}"
        lines.append(f"| {row} | {' | '.join(cells)} | {speed} | {ratio(times)} |")
    return "\n".join(lines) + "\n"


def ratio(times: dict[str, list[float]]) -> str:
    """How many times as fast as the best of torch's, the median over the rounds; nothing where torch has none."""
    peers = [found for name, found in times.items() if name.startswith("torch") and found]
    if not peers:
        return ""
    return f"{statistics.median(min(theirs) / ours for *theirs, ours in zip(*peers, times['auto'], strict=True)):.2f}"


if __name__ == "__main__":
    compare(__doc__, BACKWARD, GRADIENTS, table, HEAD, page="gradients", file="gradients.json", keep=True)
