"""The DNN module of OpenCV as a backend: ONNX models of one node, whose weights are part of the model.

* https://docs.opencv.org/5.x/d6/d0f/group__dnn.html (readNetFromONNX)
* the operators: https://onnx.ai/onnx/operators/

Only float32 is offered, and no LpPool.
"""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np
from cv2 import __version__

from convspec.conformance.backends._onnx import Operators
from convspec.conformance.backends._onnx import snippet as script
from convspec.conformance.backends._plumbing import refusals
from convspec.conformance.case import Case

__all__ = ["__version__", "avg_pool", "conv", "conv_transpose", "max_pool", "numerics", "policies", "snippet"]

policies = {
    "padded_tap": "any", "max_nan": "any", "empty_window": "any", "subnormals": "flushed", "ceil_drop": "no", "ceil_divisor": "full"
}  # fmt: skip
"""Not documented; observed."""
numerics = {"*": "fast"}


def _run(model: bytes, operands: dict[str, Any]) -> Any:
    if operands["x"].dtype.newbyteorder("=") != np.float32:
        raise NotImplementedError("the DNN module computes in float32")
    with refusals(cv2.error):
        net = cv2.dnn.readNetFromONNX(np.frombuffer(model, np.uint8))
        net.setInput(operands["x"], "x")
        return net.forward()


_operators = Operators(_run, constants=True)
conv, conv_transpose = _operators.conv, _operators.conv_transpose
max_pool, avg_pool = _operators.max_pool, _operators.avg_pool


def snippet(case: Case) -> str:
    """The call in OpenCV's own words, for bug reports."""
    return script(
        case,
        "import cv2\nnet = cv2.dnn.readNetFromONNX(np.frombuffer(model, np.uint8))\nnet.setInput(x, 'x')\ny = net.forward()",
        constants=True,
    )
