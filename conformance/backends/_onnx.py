"""The operators as ONNX models of one node, for every peer that runs ONNX.

https://onnx.ai/onnx/operators/ (Conv, ConvTranspose, MaxPool, AveragePool, LpPool). Padding strings are auto_pad; "full" has no name
there, and what auto_pad means for ConvTranspose is not what the law's strings mean. Operands of one call share their dtype, which is
floating (maxima: also 8-bit integers); the order of LpPool is a whole number.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from onnx import TensorProto, helper, numpy_helper

from convspec.conformance.backends._plumbing import axes, one_dtype, pairs, rank_of
from convspec.conformance.case import Case

OPSET, IR = 22, 10
AUTO_PAD = {"same": "SAME_UPPER", "same_lower": "SAME_LOWER", "valid": "VALID"}
NAMES = {"size": "kernel_shape", "stride": "strides", "dilation": "dilations", "groups": "group"}
NODES = {
    "conv": "Conv", "conv_transpose": "ConvTranspose", "max_pool": "MaxPool", "avg_pool": "AveragePool", "lp_pool": "LpPool"
}  # fmt: skip
PER_AXIS = ("size", "stride", "dilation", "output_padding")
TYPES = {
    "float32": TensorProto.FLOAT, "float64": TensorProto.DOUBLE, "int8": TensorProto.INT8, "uint8": TensorProto.UINT8
}  # fmt: skip
Run = Callable[[bytes, dict[str, Any]], Any]


class Operators:
    """The operators, run by `run(model, operands by name)`; with `constants` the weights are part of the model."""

    def __init__(self, run: Run, constants: bool = False) -> None:
        self._run, self._constants = run, constants

    def conv(self, x: Any, w: Any, b: Any = None, **keywords: Any) -> Any:
        """Conv."""
        return self._node("Conv", {"x": x, "w": w, "b": b}, keywords)

    def conv_transpose(self, x: Any, w: Any, b: Any = None, **keywords: Any) -> Any:
        """ConvTranspose."""
        if isinstance(keywords.get("padding"), str):
            raise NotImplementedError("auto_pad of ConvTranspose is not offered")
        return self._node("ConvTranspose", {"x": x, "w": w, "b": b}, keywords)

    def max_pool(self, x: Any, size: Any, **keywords: Any) -> Any:
        """MaxPool, whose stride is 1 where none is given."""
        return self._node("MaxPool", {"x": x}, {"stride": size, "size": size} | keywords)

    def avg_pool(self, x: Any, size: Any, **keywords: Any) -> Any:
        """AveragePool."""
        return self._node("AveragePool", {"x": x}, {"stride": size, "size": size} | keywords)

    def lp_pool(self, x: Any, size: Any, *, p: Any = 2, **keywords: Any) -> Any:
        """LpPool."""
        if isinstance(p, float) and not p.is_integer():
            raise NotImplementedError("LpPool is of whole orders")
        order = int(p) if isinstance(p, float) else p
        return self._node("LpPool", {"x": x}, {"stride": size, "size": size, "p": order} | keywords)

    def _node(self, name: str, operands: dict[str, Any], keywords: dict[str, Any]) -> Any:
        operands = {key: np.asarray(a) for key, a in operands.items() if a is not None}
        found = model(name, operands, attributes(rank_of(operands["x"]), keywords), self._constants)
        return self._run(found, {"x": operands["x"]} if self._constants else operands)


SNIPPET = """from onnx import helper, numpy_helper
node = helper.make_node({name!r}, {inputs}, ["y"])
for key, value in {attributes}.items():
    node.attribute.append(helper.make_attribute(key, value))
arrays, weights = {{{arrays}}}, {{{weights}}}
kind = helper.np_dtype_to_tensor_dtype(x.dtype.newbyteorder("="))
infos = [helper.make_tensor_value_info(k, kind, a.shape) for k, a in arrays.items()]
constants = [numpy_helper.from_array(np.ascontiguousarray(a, a.dtype.newbyteorder("=")), k) for k, a in weights.items()]
graph = helper.make_graph([node], "g", infos, [helper.make_tensor_value_info("y", kind, [None] * x.ndim)], constants)
model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", {opset})], ir_version={ir}).SerializeToString()
{run}"""


def snippet(case: Case, run: str, constants: bool = False) -> str:
    """The call as a script: the model, with its weights if they are `constants`, and `run`, which makes y of it and of `arrays`."""
    names, given = list(case.operands), dict(case.arguments)
    if "size" in given:
        given = {"stride": given["size"]} | given
    if case.op == "lp_pool":
        given = {"p": 2} | given
    given |= {"p": int(given["p"])} if isinstance(given.get("p"), float) else {}
    found = attributes(len(case.operands["x"].shape) - 2, given)
    items = [f"{name!r}: {name}" for name in names]
    fixed = 1 if constants else len(names)
    arrays, weights = ", ".join(items[:fixed]), ", ".join(items[fixed:])
    return SNIPPET.format(
        name=NODES[case.op], inputs=names, attributes=found, arrays=arrays, weights=weights, opset=OPSET, ir=IR, run=run
    )


def attributes(rank: int, keywords: dict[str, Any]) -> dict[str, Any]:
    """The keywords of an operator as the attributes of a node, unchecked."""
    found: dict[str, Any] = {}
    for key, value in keywords.items():
        if key == "stride" and value is None:
            value = keywords["size"]
        if key == "padding":
            found |= _padding(value, rank)
        else:
            found[NAMES.get(key, key)] = axes(value, rank) if key in PER_AXIS else value
    return found


def _padding(padding: Any, rank: int) -> dict[str, Any]:
    if padding == "full":
        raise NotImplementedError("ONNX has no name for full padding")
    if isinstance(padding, str):
        return {"auto_pad": AUTO_PAD.get(padding, padding)}
    each = pairs(padding, rank)
    return {"pads": [*(p[0] for p in each), *(n for p in each for n in p[1:])]}


def model(name: str, operands: dict[str, Any], given: dict[str, Any], constants: bool) -> bytes:
    """The serialised model of one node."""
    dtype = one_dtype(*operands.values()).name
    if dtype not in TYPES or (name != "MaxPool" and dtype in ("int8", "uint8")):
        raise NotImplementedError(f"{name} of {dtype} is not offered")
    node = helper.make_node(name, list(operands), ["y"])
    for key, value in given.items():
        node.attribute.append(helper.make_attribute(key, value))
    fixed = list(operands)[1:] if constants else []
    inputs = [helper.make_tensor_value_info(k, TYPES[dtype], a.shape) for k, a in operands.items() if k not in fixed]
    weights = [numpy_helper.from_array(np.ascontiguousarray(operands[k], dtype), k) for k in fixed]
    y = helper.make_tensor_value_info("y", TYPES[dtype], [None] * operands["x"].ndim)
    graph = helper.make_graph([node], name, inputs, [y], weights)
    opsets = [helper.make_opsetid("", OPSET)]
    return bytes(helper.make_model(graph, opset_imports=opsets, ir_version=IR).SerializeToString())
