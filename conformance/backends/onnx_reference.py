"""The reference implementation of ONNX as a backend: onnx.reference.ReferenceEvaluator on models of one node.

* https://onnx.ai/onnx/api/reference.html
* https://onnx.ai/onnx/operators/
"""

from __future__ import annotations

from typing import Any

import onnx
from onnx import __version__
from onnx.reference import ReferenceEvaluator

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

policies = {"padded_tap": "any", "max_nan": "any", "empty_window": "any"}
"""Not documented; observed."""
numerics = {"*": "direct"}


def _run(model: bytes, operands: dict[str, Any]) -> Any:
    """The checker first, which is ONNX's way to refuse a model."""
    with refusals(onnx.checker.ValidationError, onnx.shape_inference.InferenceError, RuntimeError):
        onnx.checker.check_model(model, full_check=True)
        return ReferenceEvaluator(onnx.load_from_string(model)).run(None, operands)[0]


_operators = Operators(_run)
conv, conv_transpose = _operators.conv, _operators.conv_transpose
max_pool, avg_pool, lp_pool = _operators.max_pool, _operators.avg_pool, _operators.lp_pool


def snippet(case: Case) -> str:
    """The call in ONNX's own words, for bug reports."""
    return script(
        case,
        "import onnx.reference\ny = onnx.reference.ReferenceEvaluator(onnx.load_from_string(model)).run(None, arrays)[0]",
    )
