"""Memory that holds a pattern when numpy takes it, so that what a backend leaves unwritten shows whatever lay there.

An allocator after NEP 49, https://numpy.org/neps/nep-0049.html: numpy's own, whose blocks are filled before they are
used. It holds for arrays that are made in one thread; `fill_free_memory` is for the blocks that C code asks for itself.
"""

from __future__ import annotations

import ctypes
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from typing import Any

from numpy._core import multiarray

NAME = b"mem_handler"
SET, GET = 304, 305
"""Where numpy's table of C functions has PyDataMem_SetHandler and PyDataMem_GetHandler."""
MALLOC = ctypes.CFUNCTYPE(ctypes.c_void_p, ctypes.c_void_p, ctypes.c_size_t)


class Handler(ctypes.Structure):
    """numpy's PyDataMem_Handler."""

    _fields_ = (
        ("name", ctypes.c_char * 127), ("version", ctypes.c_uint8), ("context", ctypes.c_void_p),
        ("malloc", MALLOC), ("calloc", ctypes.c_void_p), ("realloc", ctypes.c_void_p), ("free", ctypes.c_void_p),
    )  # fmt: skip


@contextmanager
def numpy_memory(byte: int) -> Iterator[None]:
    """While it lasts, memory that numpy takes in this thread is full of `byte`, but for what it asks to be zero."""
    before = _set(_capsule(byte))
    try:
        yield
    finally:
        _set(before)


def fill_free_memory(byte: int, size: int) -> None:
    """Fills blocks of about `size` bytes and gives them back to the allocator of C."""
    libc = ctypes.CDLL(None)
    libc.malloc.restype = ctypes.c_void_p
    often = 8 if size < 2**16 else 1
    sizes = often * (size, size + 16, size + 64, 2 * size + 64)
    blocks = [(n, libc.malloc(ctypes.c_size_t(n))) for n in sizes]
    for n, block in blocks:
        if block:
            ctypes.memset(block, byte, n)
    for _, block in blocks:
        libc.free(ctypes.c_void_p(block))


@cache
def _capsule(byte: int) -> Any:
    """A handler that differs from numpy's in its `malloc`. It is never freed, since arrays may outlive this module."""
    usual = Handler.from_address(_pointer(_function(GET, ctypes.py_object)(), NAME))
    handler = Handler.from_buffer_copy(usual)

    def malloc(context: int | None, size: int) -> int | None:
        block: int | None = usual.malloc(context, size)
        if block:
            ctypes.memset(block, byte, size)
        return block

    handler.malloc = MALLOC(malloc)
    ctypes.pythonapi.Py_IncRef(ctypes.py_object(handler))
    new = ctypes.pythonapi.PyCapsule_New
    new.restype, new.argtypes = ctypes.py_object, [ctypes.c_void_p, ctypes.c_char_p, ctypes.c_void_p]
    return new(ctypes.addressof(handler), NAME, None)


def _set(capsule: Any) -> Any:
    return _function(SET, ctypes.py_object, ctypes.py_object)(capsule)


def _function(place: int, *signature: Any) -> Any:
    table = ctypes.cast(_pointer(multiarray._ARRAY_API, None), ctypes.POINTER(ctypes.c_void_p))
    return ctypes.PYFUNCTYPE(*signature)(table[place])


def _pointer(capsule: Any, name: bytes | None) -> int:
    get = ctypes.pythonapi.PyCapsule_GetPointer
    get.restype, get.argtypes = ctypes.c_void_p, [ctypes.py_object, ctypes.c_char_p]
    pointer: int = get(capsule, name)
    return pointer
