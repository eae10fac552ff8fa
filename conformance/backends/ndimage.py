"""scipy.ndimage as a backend: convolve and correlate of mode "same", with every boundary.

* https://docs.scipy.org/doc/scipy/reference/generated/scipy.ndimage.convolve.html
* https://docs.scipy.org/doc/scipy/reference/generated/scipy.ndimage.correlate.html

The result has the shape of the input, and a dtype of one's choice (`output`); "full" and "valid" are not offered.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from scipy import __version__, ndimage

from convspec.conformance.case import Case

__all__ = ["__version__", "convolve", "correlate", "numerics", "policies", "snippet"]

policies = {"integer_result": "same", "padded_tap": "any"}
"""Not documented; observed."""
numerics = {"*": "direct"}

BOUNDARIES = {"fill": "constant", "wrap": "wrap", "symm": "reflect", "reflect": "mirror", "edge": "nearest"}


def convolve(in1: Any, in2: Any, mode: str = "full", boundary: str = "fill", fillvalue: Any = 0) -> Any:
    """scipy.ndimage.convolve."""
    return ndimage.convolve(in1, in2, origin=_origin(np.shape(in2)), **_keywords(in1, in2, mode, boundary, fillvalue))


def correlate(in1: Any, in2: Any, mode: str = "full", boundary: str = "fill", fillvalue: Any = 0) -> Any:
    """scipy.ndimage.correlate."""
    return ndimage.correlate(in1, in2, **_keywords(in1, in2, mode, boundary, fillvalue))


def _origin(shape: tuple[int, ...]) -> tuple[int, ...]:
    """The placement of a kernel of that shape: with origin 0 those of even size have their centre at k // 2."""
    return tuple(k % 2 - 1 for k in shape)


def _keywords(in1: Any, in2: Any, mode: Any, boundary: Any, fillvalue: Any) -> dict[str, Any]:
    """The other arguments in scipy.ndimage's words; a boundary that it does not know is passed on as it is."""
    if mode != "same":
        raise NotImplementedError("scipy.ndimage keeps the shape of the image")
    output = np.result_type(np.asarray(in1).dtype, np.asarray(in2).dtype)
    return {"output": output, "mode": BOUNDARIES.get(boundary, boundary), "cval": fillvalue}


def snippet(case: Case) -> str:
    """The call in scipy's own words, for bug reports."""
    a = dict(case.arguments)
    mode, cval = BOUNDARIES.get(a.get("boundary", "fill"), a.get("boundary")), a.get("fillvalue", 0)
    origin = f", origin={_origin(case.operands['in2'].shape)}" if case.op == "convolve" else ""
    call = f"ndimage.{case.op}(in1, in2, output=np.result_type(in1, in2), mode={mode!r}, cval={cval!r}{origin})"
    return f"from scipy import ndimage\ny = {call}"
