"""numpy as a backend: convolve and correlate of one axis.

* https://numpy.org/doc/stable/reference/generated/numpy.convolve.html
* https://numpy.org/doc/stable/reference/generated/numpy.correlate.html

Beyond the ends lie zeros. The result of mode "same" is as long as the longer operand, so "same" is offered where that is
the first. Integers keep their dtype and wrap.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy import __version__

from convspec.conformance.backends._plumbing import only
from convspec.conformance.case import Case

__all__ = ["__version__", "convolve", "correlate", "numerics", "policies", "snippet"]

policies = {"integer_result": "same", "padded_tap": "skipped"}
"""Not documented; observed."""
numerics = {"*": "direct"}


def convolve(in1: Any, in2: Any, mode: str = "full", boundary: str = "fill", fillvalue: Any = 0) -> Any:
    """numpy.convolve."""
    _offered(in1, in2, mode, boundary, fillvalue)
    return np.convolve(in1, in2, mode)  # type: ignore[call-overload]


def correlate(in1: Any, in2: Any, mode: str = "full", boundary: str = "fill", fillvalue: Any = 0) -> Any:
    """numpy.correlate."""
    _offered(in1, in2, mode, boundary, fillvalue)
    return np.correlate(in1, in2, mode)  # type: ignore[call-overload]


def _offered(in1: Any, in2: Any, mode: Any, boundary: Any, fillvalue: Any) -> None:
    only("boundary", boundary, "fill")
    only("fillvalue", fillvalue, 0)
    if np.ndim(in1) == np.ndim(in2) and np.ndim(in1) > 1:
        raise NotImplementedError("numpy has convolution and correlation of one axis")
    if mode == "same" and np.size(in2) > np.size(in1) > 0:
        raise NotImplementedError("numpy's same is as long as the longer operand")


def snippet(case: Case) -> str:
    """The call in numpy's own words, for bug reports."""
    mode = dict(case.arguments).get("mode", "full")
    return f"y = np.{case.op}(in1, in2, mode={mode!r})"
