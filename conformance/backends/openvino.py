"""OpenVINO as a backend: ONNX models of one node, compiled for the CPU in the precision that they are written in.

* https://docs.openvino.ai/2026/openvino-workflow/model-preparation/convert-model-onnx.html
* https://docs.openvino.ai/2026/openvino-workflow/running-inference/optimize-inference/precision-control.html
* the operators: https://onnx.ai/onnx/operators/
* the dtypes: https://docs.openvino.ai/2026/openvino-workflow/running-inference/inference-devices-and-modes/cpu-device.html

float64 is none of them; what happens with it is in docs/findings/openvino-float64.md. An average that leaves padding out has no
window wholly in the padding.
"""

from __future__ import annotations

from functools import lru_cache
from io import BytesIO
from typing import Any

import openvino
from openvino import __version__

from convspec.conformance.backends._onnx import Operators
from convspec.conformance.backends._onnx import snippet as script
from convspec.conformance.backends._plumbing import refusals
from convspec.conformance.case import Case

__all__ = [
    "__version__",
    "avg_pool",
    "conv",
    "conv_transpose",
    "lp_pool",
    "max_pool",
    "numerics",
    "policies",
    "snippet",
]

policies = {
    "padded_tap": "any", "subnormals": "flushed", "max_nan": "any", "empty_window": "any"
}  # fmt: skip
"""Not documented; observed. That subnormals may be flushed is (denormals optimization), on the page about dtypes above."""
numerics = {"*": "direct"}

_core = openvino.Core()


@lru_cache(64)
def _compiled(model: bytes) -> Any:
    return _core.compile_model(_core.read_model(BytesIO(model)), "CPU", {"INFERENCE_PRECISION_HINT": "f32"})


def _run(model: bytes, operands: dict[str, Any]) -> Any:
    if operands["x"].dtype.itemsize == 8:
        raise NotImplementedError("the CPU has no float64")
    with refusals(RuntimeError, not_offered=("sometimes entirely in the padding area",)):
        return _compiled(model).infer_new_request(operands)[0]


_operators = Operators(_run)
conv, conv_transpose = _operators.conv, _operators.conv_transpose
max_pool, avg_pool, lp_pool = _operators.max_pool, _operators.avg_pool, _operators.lp_pool


def snippet(case: Case) -> str:
    """The call in OpenVINO's own words, for bug reports."""
    compiled = 'core.compile_model(core.read_model(io.BytesIO(model)), "CPU", {"INFERENCE_PRECISION_HINT": "f32"})'
    return script(case, f"import io, openvino\ncore = openvino.Core()\ny = {compiled}(arrays)[0]")
