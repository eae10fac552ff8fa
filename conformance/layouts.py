"""Memory layouts: each gives an array of the same elements elsewhere in memory, as an expression in `a`.

An expression and not a function, so that the script of a violation can quote it. The two "zero" layouts repeat what they
hold along an axis of stride 0, and so change the elements. The two "guard" layouts touch a forbidden page.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from convspec.conformance.case import CaseError
from convspec.conformance.guards import guarded

LAYOUTS: dict[str, str] = {
    "plain": "a",
    "negative": "np.flip(np.flip(a).copy())",
    "transposed": "np.asfortranarray(a)",
    "channels_last": "np.moveaxis(np.ascontiguousarray(np.moveaxis(a, min(1, a.ndim - 1), -1)), -1, min(1, a.ndim - 1))",
    "sliced": "np.repeat(np.repeat(a, 2, axis=-1), 2, axis=0)[::2, ..., ::2] if a.ndim > 1 else np.repeat(a, 2)[::2]",
    "zero_last": "np.lib.stride_tricks.as_strided(a, a.shape, (*a.strides[:-1], 0))",
    "zero_first": "np.lib.stride_tricks.as_strided(a, a.shape, (0, *a.strides[1:]))",
    "offset": "np.concatenate([np.zeros(1, a.dtype), a.ravel()])[1:].reshape(a.shape)",
    "swapped": "a.astype(a.dtype.newbyteorder())",
    "readonly": "np.broadcast_to(a, a.shape)",
    "guard_after": "guarded(a, 'after')",
    "guard_before": "guarded(a, 'before')",
}


_COMPILED = {name: compile(text, f"<layout {name}>", "eval") for name, text in LAYOUTS.items()}


def apply(layout: str, a: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    """The C-ordered array `a` in the named layout; arrays without axes stay as they are."""
    if layout not in LAYOUTS:
        raise CaseError(f"a layout is one of {', '.join(LAYOUTS)}, not {layout!r}")
    if not a.ndim:
        return a
    result: np.ndarray[Any, Any] = eval(_COMPILED[layout], {"np": np, "a": a, "guarded": guarded})
    return result
