"""ONNX Runtime as a backend: models of one node on the CPU.

* the operators: https://onnx.ai/onnx/operators/
* the dtypes of each: https://github.com/microsoft/onnxruntime/blob/main/docs/OperatorKernels.md

A dtype that it has no kernel for is not offered. Pooling pads less than its window (PoolAttributes), and Conv knows no dilation
under auto_pad. What NaN is in a window of MaxPool depends on its order.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import onnxruntime
from onnxruntime import __version__
from onnxruntime.capi import onnxruntime_pybind11_state as state

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

REFUSALS = (state.Fail, state.InvalidArgument, state.InvalidGraph, state.InvalidProtobuf, state.RuntimeException)
LIMITS = ("Pad should be smaller than kernel", "Dilation not supported for AutoPadType")
"""What it says where it does not offer what ONNX has."""


@lru_cache(64)
def _session(model: bytes) -> Any:
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 4
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")  # else to end a session takes 34 ms
    return onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])


def _run(model: bytes, operands: dict[str, Any]) -> Any:
    try:
        with refusals(*REFUSALS, not_offered=LIMITS):
            return _session(model).run(None, operands)[0]
    except state.NotImplemented as error:
        raise NotImplementedError(str(error)) from error


_operators = Operators(_run)
conv, conv_transpose = _operators.conv, _operators.conv_transpose
max_pool, avg_pool, lp_pool = _operators.max_pool, _operators.avg_pool, _operators.lp_pool


def snippet(case: Case) -> str:
    """The call in ONNX Runtime's own words, for bug reports."""
    return script(case, "import onnxruntime\ny = onnxruntime.InferenceSession(model).run(None, arrays)[0]")
