"""How each contestant makes a layer ready, and the call that is then timed: from an array to an array.

Each function is used in a process of its own, imports its framework itself, and returns the call.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.peers.layers import Layer

Call = Callable[[], Any]


def auto(layer: Layer, threads: int, algorithm: str = "auto") -> Call:
    """A plan of convspec.fast, results written to an array that is used again."""
    from convspec import fast

    x, w = layer.operands()
    plan = fast.plan_conv(w, stride=layer.stride, padding=layer.pad, groups=layer.groups, algorithm=algorithm)
    y = plan(x, num_threads=threads)
    return lambda: plan(x, out=y, num_threads=threads)


def auto_last(layer: Layer, threads: int) -> Call:
    """The same with the channels of images and results last in memory, made so before."""
    from convspec import fast

    x, w = layer.operands()
    plan = fast.plan_conv(w, stride=layer.stride, padding=layer.pad, groups=layer.groups)
    rows, y = channels_last(x), channels_last(plan(x, num_threads=threads))
    return lambda: plan(rows, out=y, num_threads=threads)


def channels_last(x: Any) -> Any:
    """The same array, in that order in memory."""
    return np.moveaxis(np.ascontiguousarray(np.moveaxis(x, 1, -1)), -1, 1)


def direct(layer: Layer, threads: int) -> Call:
    """The same with the direct algorithm, whose result is the law's chain."""
    return auto(layer, threads, "direct")


def functional(layer: Layer, threads: int) -> Call:
    """A call of convspec.fast.conv, without a plan, whose result is a new array."""
    from convspec import fast

    x, w = layer.operands()
    return lambda: fast.conv(x, w, stride=layer.stride, padding=layer.pad, groups=layer.groups, num_threads=threads)


def torch(layer: Layer, threads: int, channels_last: bool = False) -> Call:
    """A layer of torch in inference mode, optimised for it."""
    import torch as framework

    framework.set_num_threads(threads)
    x, w = layer.operands()
    net = framework.nn.Conv2d(
        layer.c, layer.k, (layer.r, layer.s), layer.stride, layer.pad, groups=layer.groups, bias=False
    ).eval()
    net.weight.data = framework.from_numpy(w)
    tensor = framework.from_numpy(x)
    if channels_last:
        net = net.to(memory_format=framework.channels_last)
        tensor = tensor.contiguous(memory_format=framework.channels_last)

    def call() -> Any:
        with framework.inference_mode():
            return net(tensor)

    return call


def torch_last(layer: Layer, threads: int) -> Call:
    """Operands and weights with the channels last, made so before."""
    return torch(layer, threads, channels_last=True)


def _model(layer: Layer) -> bytes:
    """An ONNX model of the one convolution, its weights constant."""
    from onnx import TensorProto, helper, numpy_helper

    x, w = layer.operands()
    pads = [*layer.pad, *layer.pad]
    node = helper.make_node("Conv", ["x", "w"], ["y"], strides=[layer.stride] * 2, pads=pads, group=layer.groups)
    inputs = [helper.make_tensor_value_info("x", TensorProto.FLOAT, x.shape)]
    outputs = [helper.make_tensor_value_info("y", TensorProto.FLOAT, (layer.n, layer.k, *layer.out))]
    graph = helper.make_graph([node], "layer", inputs, outputs, [numpy_helper.from_array(w, "w")])
    made = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9)
    return bytes(made.SerializeToString())


def onnxruntime(layer: Layer, threads: int) -> Call:
    """A session on the CPU."""
    import onnxruntime as framework

    options = framework.SessionOptions()
    options.intra_op_num_threads = threads
    session = framework.InferenceSession(_model(layer), options, providers=["CPUExecutionProvider"])
    x, _ = layer.operands()
    return lambda: session.run(None, {"x": x})[0]


def openvino(layer: Layer, threads: int) -> Call:
    """A model compiled for latency, float32."""
    import io

    import openvino as framework

    core = framework.Core()
    hints = {
        "INFERENCE_PRECISION_HINT": "f32", "INFERENCE_NUM_THREADS": threads, "NUM_STREAMS": 1, "PERFORMANCE_HINT": "LATENCY"
    }  # fmt: skip
    request = core.compile_model(core.read_model(io.BytesIO(_model(layer))), "CPU", hints).create_infer_request()
    x, _ = layer.operands()
    tensor = framework.Tensor(x, shared_memory=True)
    request.set_input_tensor(tensor)

    def call(_: Any = (x, tensor)) -> Any:  # which the request does not keep
        request.infer()
        return request.get_output_tensor().data

    return call


def ncnn(layer: Layer, threads: int) -> Call:
    """A network of one layer; ncnn takes one image at a time."""
    import ncnn as framework

    x, w = layer.operands()
    name = "Convolution" if layer.groups == 1 else "ConvolutionDepthWise"
    known = f"0={layer.k} 1={layer.s} 11={layer.r} 3={layer.stride} 4={layer.pad[1]} 14={layer.pad[0]} 5=0 6={w.size}"
    net = framework.Net()
    net.opt.num_threads = threads
    for option in ("use_fp16_packed", "use_fp16_storage", "use_fp16_arithmetic", "use_bf16_storage"):
        setattr(net.opt, option, False)
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "net.bin"
        file.write_bytes(bytes(4) + w.tobytes())
        more = f" 7={layer.groups}" if layer.groups > 1 else ""
        net.load_param_mem(f"7767517\n2 2\nInput x 0 1 x\n{name} y 1 1 x y {known}{more}\n")
        net.load_model(str(file))
    images = [framework.Mat(image).clone() for image in x]

    def one(image: Any) -> Any:
        extractor = net.create_extractor()
        extractor.input("x", image)
        return extractor.extract("y")[1]

    return lambda: [one(image) for image in images]


def jax(layer: Layer, threads: int) -> Call:
    """A jitted function with constant weights. It uses every core that the process may."""
    import os

    os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[:threads])
    import jax as framework

    x, w = layer.operands()
    pads = [(p, p) for p in layer.pad]

    def convolution(a: Any) -> Any:
        return framework.lax.conv_general_dilated(a, w, (layer.stride,) * 2, pads, feature_group_count=layer.groups)

    compiled, operand = framework.jit(convolution), framework.numpy.asarray(x)
    return lambda: compiled(operand).block_until_ready()


def check(layer: Layer) -> np.ndarray[Any, Any]:
    """Some outputs in float64, to refuse a wrong result: the middle row of the first and the last kernel."""
    x, w = (a.astype(float) for a in layer.operands())
    h, each = layer.out[0] // 2, layer.c // layer.groups
    padded = np.pad(x[0], [(0, 0), *((p, p) for p in layer.pad)])
    rows = padded[:, h * layer.stride : h * layer.stride + layer.r]
    columns = [rows[:, :, i * layer.stride : i * layer.stride + layer.s] for i in range(layer.out[1])]
    pairs = ((0, w[0]), (layer.c - each, w[-1]))
    return np.array([[float((c[first : first + each] * kernel).sum()) for c in columns] for first, kernel in pairs])


CONTESTANTS = {
    "auto": auto, "auto-last": auto_last, "direct": direct, "call": functional, "torch": torch, "torch-last": torch_last,
    "onnxruntime": onnxruntime, "openvino": openvino, "ncnn": ncnn, "jax": jax,
}  # fmt: skip
