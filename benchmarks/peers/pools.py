"""Pooling, unshared kernels and volumes beside the frameworks: writes docs/benchmarks-pools.md and its measurements.

    python -m benchmarks.peers.pools [--threads 2] [--rounds 5] [--seconds 0.1]

`copy` is torch's copy of so many bytes as the operands and the result have together, half of them read, half written.
"""

from __future__ import annotations

import statistics
from collections.abc import Callable
from math import prod
from typing import Any, NamedTuple

import numpy as np

from benchmarks.peers.contestants import channels_last
from benchmarks.peers.rounds import compare

Call = Callable[[], Any]

HEAD = """# Pooling, unshared kernels and volumes beside the frameworks

Made by `python -m benchmarks.peers.pools`: milliseconds of a call on float32, or on what is said, {threads} threads, one process a
contestant, medians of {rounds} rounds; load average {load:.1f}. `copy` moves as many bytes as the call.
`-last` has images and results with their channels last in memory.

"""


class Row(NamedTuple):
    """A call of an operator: `size`, `stride` and `pad` for every axis, `k` output channels where there are weights."""

    op: str
    x: tuple[int, ...]
    size: int
    stride: int = 1
    pad: int = 0
    k: int = 0
    dtype: str = "float32"

    def operands(self) -> tuple[Any, Any]:
        """x, and w or None."""
        random = np.random.default_rng(0)
        w = (self.k, *(self.out if self.op == "local_conv" else ()), self.x[1], *(self.size,) * (len(self.x) - 2))
        if self.dtype != "float32":
            return random.integers(0, np.iinfo(self.dtype).max, self.x, self.dtype, endpoint=True), None
        return random.standard_normal(self.x, np.float32), random.standard_normal(w, np.float32) if self.k else None

    @property
    def out(self) -> tuple[int, ...]:
        """The spatial axes of the result."""
        return tuple((n + 2 * self.pad - self.size) // self.stride + 1 for n in self.x[2:])

    @property
    def flops(self) -> int:
        """Two for each term of the definition."""
        terms = self.size ** len(self.out) * (self.x[1] if self.k else 1)
        return 2 * self.x[0] * (self.k or self.x[1]) * prod(self.out) * terms

    @property
    def bytes(self) -> int:
        """Of the operands and the result."""
        x, w = self.operands()
        y = x.itemsize * self.x[0] * (self.k or self.x[1]) * prod(self.out)
        return int(x.nbytes) + (0 if w is None else int(w.nbytes)) + y


ROWS = {
    "max 2, 64 x 224 x 224": Row("max_pool", (1, 64, 224, 224), 2, 2),
    "max 3 /2 +1, 64 x 112 x 112": Row("max_pool", (1, 64, 112, 112), 3, 2, 1),
    "max 3 +1, 192 x 28 x 28": Row("max_pool", (1, 192, 28, 28), 3, 1, 1),
    "max 5 +2, 64 x 57 x 57": Row("max_pool", (1, 64, 57, 57), 5, 1, 2),
    "max 13 +6, 256 x 13 x 13": Row("max_pool", (1, 256, 13, 13), 13, 1, 6),
    "max 2, 16 x 16 x 56 x 56": Row("max_pool", (1, 16, 16, 56, 56), 2, 2),
    "max 4, 4 x 64 x 4000": Row("max_pool", (4, 64, 4000), 4, 4),
    "max 2, 64 x 224 x 224 of uint8": Row("max_pool", (1, 64, 224, 224), 2, 2, dtype="uint8"),
    "max 3 /2 +1, 64 x 112 x 112 of uint8": Row("max_pool", (1, 64, 112, 112), 3, 2, 1, dtype="uint8"),
    "max 3 +1, 192 x 28 x 28 of uint8": Row("max_pool", (1, 192, 28, 28), 3, 1, 1, dtype="uint8"),
    "average 2, 64 x 224 x 224": Row("avg_pool", (1, 64, 224, 224), 2, 2),
    "average 3 /2 +1, 64 x 112 x 112": Row("avg_pool", (1, 64, 112, 112), 3, 2, 1),
    "average 3 /2, 2 x 64 x 35 x 35": Row("avg_pool", (2, 64, 35, 35), 3, 2),
    "average 3 +1, 192 x 35 x 35": Row("avg_pool", (1, 192, 35, 35), 3, 1, 1),
    "average 7, 16 x 512 x 7 x 7": Row("avg_pool", (16, 512, 7, 7), 7, 7),
    "L2 3 /2, 64 x 112 x 112": Row("lp_pool", (1, 64, 112, 112), 3, 2),
    "local_conv 3, 64 to 64, 30 x 30": Row("local_conv", (1, 64, 30, 30), 3, k=64),
    "local_conv 3, 64 to 64, 16 x 30 x 30": Row("local_conv", (16, 64, 30, 30), 3, k=64),
    "conv 3 +1, 16 to 32, 32 x 64 x 64": Row("conv", (1, 16, 32, 64, 64), 3, 1, 1, 32),
}


def fast(row: Row, threads: int) -> Call | None:
    """Calls of convspec.fast, a plan where there is one, with results written to an array that is used again."""
    from convspec import fast as room

    x, w = row.operands()
    if row.op == "conv":
        plan = room.plan_conv(w, padding=row.pad)
        y = plan(x, num_threads=threads)
        return lambda: plan(x, out=y, num_threads=threads)
    second, keywords = (w if row.k else row.size), {"stride": row.stride, "padding": row.pad, "num_threads": threads}
    operator = getattr(room, row.op)
    y = operator(x, second, **keywords)
    return lambda: operator(x, second, out=y, **keywords)


def fast_last(row: Row, threads: int) -> Call | None:
    """The same with the channels of images and results last in memory, made so before."""
    from convspec import fast as room

    x, w = row.operands()
    keywords = {"stride": row.stride, "padding": row.pad, "num_threads": threads}
    if row.op == "local_conv" or x.ndim == 3:
        return None
    if row.op == "conv":
        plan = room.plan_conv(w, padding=row.pad)
        images, y = channels_last(x), channels_last(plan(x, num_threads=threads))
        return lambda: plan(images, out=y, num_threads=threads)
    operator = getattr(room, row.op)
    images, y = channels_last(x), channels_last(operator(x, row.size, **keywords))
    return lambda: operator(images, row.size, out=y, **keywords)


def torch(row: Row, threads: int, last: bool = False) -> Call | None:
    """torch in inference mode; unshared kernels as its users write them, by unfold and a product for each position."""
    import torch as framework

    framework.set_num_threads(threads)
    x, w = (None if a is None else framework.from_numpy(a) for a in row.operands())
    functions, rank = framework.nn.functional, len(row.x) - 2
    if last:
        if rank == 1 or row.op == "local_conv" or row.dtype == "uint8":
            return None  # of 8 bits torch has no more than 127 elements a channel with the channels last
        order = framework.channels_last if rank == 2 else framework.channels_last_3d
        x, w = (None if a is None else a.contiguous(memory_format=order) for a in (x, w))
    if row.op == "conv":
        compute = lambda: getattr(functions, f"conv{rank}d")(x, w, padding=row.pad)  # noqa: E731
    elif row.op == "local_conv":
        weights = w.permute(1, 2, 0, 3, 4, 5).reshape(-1, row.k, row.x[1] * row.size**2).contiguous()
        compute = lambda: framework.bmm(weights, functions.unfold(x, row.size).permute(2, 1, 0)).permute(2, 1, 0)  # noqa: E731
    elif row.op == "lp_pool":
        compute = lambda: functions.lp_pool2d(x, 2.0, row.size, row.stride)  # noqa: E731
    else:
        more = {"count_include_pad": False} if row.op == "avg_pool" else {}
        pool = getattr(functions, f"{row.op}{rank}d")
        compute = lambda: pool(x, row.size, row.stride, row.pad, **more)  # noqa: E731

    def call() -> Any:
        with framework.inference_mode():
            return compute()

    return call


def torch_last(row: Row, threads: int) -> Call | None:
    """The same with the channels last, made so before."""
    return torch(row, threads, last=True)


def onnxruntime(row: Row, threads: int) -> Call | None:
    """A session of the one operator."""
    import onnxruntime as framework
    from onnx import helper, numpy_helper

    names = {"max_pool": "MaxPool", "avg_pool": "AveragePool", "lp_pool": "LpPool", "conv": "Conv"}
    if row.op not in names:
        return None
    x, w = row.operands()
    rank = x.ndim - 2
    axes = {"kernel_shape": [row.size] * rank, "strides": [row.stride] * rank, "pads": [row.pad] * 2 * rank}
    node = helper.make_node(names[row.op], ["x"] if w is None else ["x", "w"], ["y"], **axes)
    dtype = helper.np_dtype_to_tensor_dtype(x.dtype)
    values = [helper.make_tensor_value_info(n, dtype, s) for n, s in (("x", x.shape), ("y", None))]
    graph = helper.make_graph(
        [node], "row", values[:1], values[1:], [] if w is None else [numpy_helper.from_array(w, "w")]
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9)
    options = framework.SessionOptions()
    options.intra_op_num_threads = threads
    session = framework.InferenceSession(model.SerializeToString(), options, providers=["CPUExecutionProvider"])
    return lambda: session.run(None, {"x": x})[0]


def copy(row: Row, threads: int) -> Call | None:
    """The footprint, copied."""
    import torch as framework

    framework.set_num_threads(threads)
    a, b = framework.ones(row.bytes // 8), framework.zeros(row.bytes // 8)
    return lambda: b.copy_(a)


POOLS = {
    "fast": fast,
    "fast-last": fast_last,
    "torch": torch,
    "torch-last": torch_last,
    "onnxruntime": onnxruntime,
    "copy": copy,
}


def table(measured: dict[str, Any]) -> str:
    """Milliseconds, the ratio to the best framework, and to the copy: medians over the rounds."""
    lines = [f"| work | {' | '.join(POOLS)} | best / fast | copy / fast |", "|---" + "|---:" * (len(POOLS) + 2) + "|"]
    for row, found in measured["seconds"].items():
        middle = {name: statistics.median(times) for name, times in found.items() if times}
        best = min(value for name, value in middle.items() if name not in ("fast", "fast-last", "copy"))
        cells = [f"{1e3 * middle[name]:.3g}" if name in middle else "" for name in POOLS]
        lines.append(
            f"| {row} | {' | '.join(cells)} | {best / middle['fast']:.2f} | {middle['copy'] / middle['fast']:.2f} |"
        )
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    compare(__doc__, POOLS, ROWS, table, HEAD, page="pools", file="peers-pools.json")
