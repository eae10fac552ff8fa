"""Operands of 8 and 16 bits, as instructions take them: unsigned bytes by signed ones, or signed words by signed ones."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from convspec.fast import _kernels
from convspec.params import Array


def widths(inputs: np.dtype[Any], w: Array) -> Iterator[bool]:
    """Whether inputs of a dtype and weights may be taken as words, False for bytes: what they fit in and the machine has."""
    low, high = (int(w.min()), int(w.max())) if w.dtype != np.int8 else (-(2**7), 2**7 - 1)
    if inputs.itemsize == 1 and low >= -(2**7) and high < 2**7 and _kernels.dots_available(False):
        yield False
    if inputs.itemsize <= 2 and low >= -(2**15) and high < 2**15 and _kernels.dots_available(True):
        yield True


def offset(inputs: np.dtype[Any], words: bool) -> int:
    """What inputs are taken as less by: signed bytes are taken as greater by 2^7, and unsigned words as less by 2^15.

    So many times the sum of the weights is to be added to each result.
    """
    if inputs.name != ("uint16" if words else "int8"):
        return 0
    return 2**15 if words else -(2**7)
