"""Arrays between two pages that nobody may touch, so that an access outside their elements ends the process.

An array need not fill its pages; the bytes left over hold ones (NaN, -1), so that reading them shows in the result, and
`intact` tells whether they were written.
"""

from __future__ import annotations

import ctypes
import mmap
from typing import Any

import numpy as np

Array = np.ndarray[Any, Any]


def guarded(a: Array, side: str) -> Array:
    """A copy of `a` that ends right before a forbidden page (`side` "after"), or starts right after one ("before")."""
    page = mmap.PAGESIZE
    room = -(-max(a.nbytes, 1) // page) * page
    memory = mmap.mmap(-1, room + 2 * page)
    memory[:] = b"\xff" * len(memory)
    start = ctypes.addressof(ctypes.c_char.from_buffer(memory))
    for wall in (start, start + page + room):
        if ctypes.CDLL(None).mprotect(ctypes.c_void_p(wall), ctypes.c_size_t(page), 0):
            raise OSError("a page cannot be protected")
    copy: Array = np.ndarray(a.shape, a.dtype, memory, page + (room - a.nbytes if side == "after" else 0))
    copy[...] = a
    return copy


def seal(a: Array) -> None:
    """Makes the pages of a guarded array read-only, so that writing to it ends the process as well."""
    start, size = _room(a)
    if ctypes.CDLL(None).mprotect(ctypes.c_void_p(start), ctypes.c_size_t(size), mmap.PROT_READ):
        raise OSError("a page cannot be protected")


def intact(a: Array) -> bool:
    """Whether the bytes around a guarded array, up to the forbidden pages, are as they were."""
    start, size = _room(a)
    before = a.ctypes.data - start
    rest = ctypes.string_at(start, before) + ctypes.string_at(a.ctypes.data + a.nbytes, size - before - a.nbytes)
    return rest == b"\xff" * len(rest)


def _room(a: Array) -> tuple[int, int]:
    """Address and bytes of the pages that a guarded array lies in."""
    memory: Any = a.base
    return ctypes.addressof(ctypes.c_char.from_buffer(memory)) + mmap.PAGESIZE, len(memory) - 2 * mmap.PAGESIZE
