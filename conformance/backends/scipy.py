"""scipy.signal as a backend: convolve and correlate, and their two-dimensional kin, which know boundaries.

From its documentation (https://docs.scipy.org/doc/scipy/reference/signal.html): convolve2d and correlate2d take the
boundaries fill, wrap and symm; convolve and correlate take any rank, are computed with method="direct" here, and extend
with zeros. The two families do not agree on the centre of correlate's mode="same".
"""

from __future__ import annotations

from typing import Any

import numpy as np
from scipy import __version__, signal

from convspec.conformance.case import Case

__all__ = ["__version__", "convolve", "correlate", "numerics", "policies", "snippet"]

policies = {"integer_result": "same", "padded_tap": "any"}
"""Not documented; observed."""
numerics = {"*": "direct"}

BOUNDARIES = ("fill", "wrap", "symm")


def convolve(in1: Any, in2: Any, mode: str = "full", boundary: str = "fill", fillvalue: Any = 0) -> Any:
    """scipy.signal.convolve2d where there are two axes, else scipy.signal.convolve."""
    return _call("convolve", in1, in2, mode, boundary, fillvalue)


def correlate(in1: Any, in2: Any, mode: str = "full", boundary: str = "fill", fillvalue: Any = 0) -> Any:
    """scipy.signal.correlate2d where there are two axes, else scipy.signal.correlate."""
    return _call("correlate", in1, in2, mode, boundary, fillvalue)


def _call(op: str, in1: Any, in2: Any, mode: str, boundary: str, fillvalue: Any) -> Any:
    if boundary in ("reflect", "edge"):
        raise NotImplementedError(f"scipy.signal has no boundary {boundary}")
    if np.ndim(in1) == 2 and np.ndim(in2) == 2:
        return getattr(signal, f"{op}2d")(in1, in2, mode=mode, boundary=boundary, fillvalue=fillvalue)
    if boundary in BOUNDARIES and (boundary, fillvalue) != ("fill", 0):
        raise NotImplementedError(f"scipy.signal.{op} extends by zeros only")
    return getattr(signal, op)(in1, in2, mode=mode, method="direct")


def snippet(case: Case) -> str:
    """The call in scipy's own words, for bug reports."""
    arguments = dict(case.arguments)
    keywords = [f", mode={arguments['mode']!r}" if "mode" in arguments else ""]
    name = case.op
    if len(case.operands["in1"].shape) == 2 and len(case.operands["in2"].shape) == 2:
        name += "2d"
        keywords += [f", {key}={arguments[key]!r}" for key in ("boundary", "fillvalue") if key in arguments]
    else:
        keywords.append(', method="direct"')
    return f"from scipy import signal\ny = signal.{name}(in1, in2{''.join(keywords)})"
