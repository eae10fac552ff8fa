"""Layers of 8-bit integers beside onnxruntime, and beside the same layers of float32: writes docs/benchmarks-integers.md.

python -m benchmarks.peers.integers [--threads 2] [--rounds 5] [--seconds 0.1]
"""

from __future__ import annotations

import statistics
from collections.abc import Callable
from typing import Any

import numpy as np

from benchmarks.peers.layers import Layer, square
from benchmarks.peers.rounds import compare

Call = Callable[[], Any]

HEAD = """# Layers of 8-bit integers

Made by `python -m benchmarks.peers.integers`: milliseconds of a call, {threads} threads, one process a contestant, medians of
{rounds} rounds; load average {load:.1f}. Images are of `uint8`, or of `int8` under `signed`; weights of `int8`, results of
`int32`, exact modulo 2^32. `call` has the weights with the images, the others are prepared: plans, and a session of
onnxruntime's ConvInteger. `float` is the plan of the same layer of float32, with
algorithm="auto".

"""

BYTES = {
    "i8 3x3, 64 to 64, 56 x 56": square(1, 64, 56, 64, 3, pad=1),
    "i8 3x3, 128 to 128, 8 x 28 x 28": square(8, 128, 28, 128, 3, pad=1),
    "i8 3x3, 256 to 256, 14 x 14": square(1, 256, 14, 256, 3, pad=1),
    "i8 3x3, 512 to 512, 4 x 7 x 7": square(4, 512, 7, 512, 3, pad=1),
    "i8 3x3 /2, 128 to 128, 4 x 56 x 56": square(4, 128, 56, 128, 3, 2, 1),
    "i8 7x7 /2, 3 to 64, 224 x 224": square(1, 3, 224, 64, 7, 2, 3),
    "i8 1x1, 256 to 64, 4 x 56 x 56": square(4, 256, 56, 64, 1),
    "i8 1x1, 64 to 256, 4 x 56 x 56": square(4, 64, 56, 256, 1),
    "i8 3x3, 30 to 50, 2 x 57 x 57": square(2, 30, 57, 50, 3, pad=1),
}


def operands(layer: Layer, dtype: str = "uint8") -> tuple[Any, Any]:
    """x and w of the whole range of their dtypes."""
    random = np.random.default_rng(0)
    x, w = ((layer.n, layer.c, layer.h, layer.w), (layer.k, layer.c // layer.groups, layer.r, layer.s))
    return random.integers(0, 256, x, np.uint8).view(dtype), random.integers(-128, 128, w, np.int8)


def call(layer: Layer, threads: int) -> Call:
    """The operator itself, which has its weights to prepare."""
    from convspec import fast

    x, w = operands(layer)
    keywords: dict[str, Any] = {"stride": layer.stride, "padding": layer.pad, "num_threads": threads}
    y = fast.conv(x, w, **keywords)
    return lambda: fast.conv(x, w, out=y, **keywords)


def planned(x: Any, w: Any, layer: Layer, threads: int) -> Call:
    """A plan, with results written to an array that is used again."""
    from convspec import fast

    plan = fast.plan_conv(w, stride=layer.stride, padding=layer.pad)
    y = plan(x, num_threads=threads)
    return lambda: plan(x, out=y, num_threads=threads)


def plan(layer: Layer, threads: int) -> Call:
    """uint8 by int8."""
    return planned(*operands(layer), layer, threads)


def signed(layer: Layer, threads: int) -> Call:
    """int8 by int8."""
    return planned(*operands(layer, "int8"), layer, threads)


def floating(layer: Layer, threads: int) -> Call:
    """The same numbers in float32."""
    x, w = operands(layer)
    return planned(x.astype(np.float32), w.astype(np.float32), layer, threads)


def onnxruntime(layer: Layer, threads: int) -> Call:
    """A session of ConvInteger."""
    import onnxruntime as framework
    from onnx import TensorProto, helper, numpy_helper

    x, w = operands(layer)
    axes = {"strides": [layer.stride] * 2, "pads": [*layer.pad] * 2}
    node = helper.make_node("ConvInteger", ["x", "w"], ["y"], **axes)
    values = [helper.make_tensor_value_info("x", TensorProto.UINT8, x.shape)]
    values.append(helper.make_tensor_value_info("y", TensorProto.INT32, None))
    graph = helper.make_graph([node], "row", values[:1], values[1:], [numpy_helper.from_array(w, "w")])
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9)
    options = framework.SessionOptions()
    options.intra_op_num_threads = threads
    session = framework.InferenceSession(model.SerializeToString(), options, providers=["CPUExecutionProvider"])
    return lambda: session.run(None, {"x": x})[0]


JOINED = {"call": call, "plan": plan, "signed": signed, "float": floating, "onnxruntime": onnxruntime}


def table(measured: dict[str, Any]) -> str:
    """Milliseconds, and how many times as fast as the others the plan is: medians over the rounds."""
    lines = [
        f"| layer | {' | '.join(JOINED)} | GMAC/s | float / plan | onnxruntime / plan |",
        "|---" + "|---:" * 8 + "|",
    ]
    for row, found in measured["seconds"].items():
        middle = {name: statistics.median(times) for name, times in found.items() if times}
        cells = [f"{1e3 * middle[name]:.3g}" if name in middle else "" for name in JOINED]
        ratios = [f"{middle[name] / middle['plan']:.2f}" if name in middle else "" for name in ("float", "onnxruntime")]
        rate = measured["flops"][row] / 2e9 / middle["plan"]
        lines.append(f"| {row[3:]} | {' | '.join(cells)} | {rate:.0f} | {' | '.join(ratios)} |")
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    compare(__doc__, JOINED, BYTES, table, HEAD, page="integers", file="peers-integers.json")
