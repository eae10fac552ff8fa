"""Guarded arrays and memory that holds a pattern: what strays from its arguments is seen, each kind with a bug of its own."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from numpy._core import multiarray

from convspec.conformance import innocent, planted
from convspec.conformance.case import parse
from convspec.conformance.guards import guarded, intact, seal
from convspec.conformance.host import Here
from convspec.conformance.observe import observe
from convspec.conformance.poisoned import numpy_memory
from convspec.conformance.run import Options, check
from convspec.conformance.script import script
from convspec.conformance.verdict import CRASH, FAILURES, VIOLATES, Difference, Violation

STRAYING = """
import numpy as np
from numpy.lib.stride_tricks import as_strided
from convspec.conformance import innocent

class After:
    def max_pool(self, x, size, **rest):
        as_strided(x, (x.shape[-1] + 1,), x.strides[-1:]).sum() if x.size == x.shape[-1] else None
        return innocent.max_pool(x, size, **rest)

class Before:
    def conv(self, x, w, b=None, **rest):
        x.size and np.flip(as_strided(np.flip(w), (*w.shape[:-1], w.shape[-1] + 1))).sum()
        return innocent.conv(x, w, b, **rest)

class Far:
    def conv(self, x, w, b=None, **rest):
        if w.flags.writeable and w.size:
            as_strided(w, (2,), (4096,))[1] = 0
        return innocent.conv(x, w, b, **rest)
"""


@pytest.mark.parametrize("side", ["after", "before"])
@pytest.mark.parametrize("shape", [(3, 5), (1024,), (0, 4), (1000, 7)])
def test_elements_survive_and_the_rest_is_watched(side: str, shape: tuple[int, ...]) -> None:
    a = np.arange(np.prod(shape), dtype=np.float32).reshape(shape)
    b = guarded(a, side)
    assert np.array_equal(a, b) and b.dtype == a.dtype and b.flags.writeable and b.flags.c_contiguous and intact(b)
    b[...] = 7
    assert intact(b)
    seal(b)
    assert np.all(b == 7)


@pytest.mark.parametrize("side", ["after", "before"])
def test_bytes_left_over_are_watched(side: str) -> None:
    b = guarded(np.zeros(5, np.float64), side)
    beyond = np.lib.stride_tricks.as_strided(b[-1 if side == "before" else 0 :], (2,), (8 if side == "before" else -8,))
    assert np.isnan(beyond[1])
    beyond[1] = 0
    assert not intact(b)


@pytest.mark.parametrize(
    "access",
    ["as_strided(guarded(a, 'after')[-1:], (2,), (8,))[1]", "as_strided(guarded(a, 'before')[:1], (2,), (-8,))[1]",
     "[b := guarded(a, 'after'), seal(b), b.fill(0)]"],
)  # fmt: skip
def test_touching_the_guard_ends_the_process(access: str) -> None:
    source = (
        "import numpy as np; from numpy.lib.stride_tricks import as_strided\n"
        f"from convspec.conformance.guards import guarded, seal\na = np.ones(3)\nprint('before')\n{access}\nprint('after')"
    )
    done = subprocess.run([sys.executable, "-u", "-c", source], capture_output=True, text=True, check=False)
    assert done.returncode < 0 and done.stdout.split() == ["before"]


@pytest.mark.clause("call.in-bounds")
@pytest.mark.parametrize(("name", "op"), [("After", "max_pool"), ("Before", "conv"), ("Far", "conv")])
def test_straying_is_caught(name: str, op: str, tmp_path: Path) -> None:
    path = tmp_path / "straying.py"
    path.write_text(STRAYING)
    run = check(f"{path}:{name}", Options(ops=(op,), slugs=("call.in-bounds",), fail_fast=True))
    assert not run.errors
    (found,) = [r for r in run.records if r.verdict in FAILURES]
    assert found.verdict == CRASH and found.violation and "SIG" in found.violation.difference.got
    assert found.violation.case and "guard" in found.violation.case.layout


def test_reading_what_is_left_over_shows_in_the_values() -> None:
    def conv(x, w, b=None, **rest):  # type: ignore[no-untyped-def]
        y = innocent.conv(x, w, b, **rest)
        if x.shape[-1] == 3 and x.flags.c_contiguous and x.ctypes.data % 4096:
            y[..., 0] += 0 * np.lib.stride_tricks.as_strided(x.ravel()[:1], (2,), (-4,))[1]
        return y

    seen = observe(SimpleNamespace(conv=conv), parse("conv x=1x1x3:float32 w=1x1x2:float32 layout=guard_after"))
    assert np.isnan(seen.value[0, 0, 0])


def test_the_script_builds_the_guard() -> None:
    case = parse("max_pool x=1x1x4:float32 size=2 data=small seed=1 layout=guard_after")
    violation = Violation("call.in-bounds", "max_pool", CRASH, case, Difference("a result", "the process ended"))
    text = script(violation, "reference", None)
    done = subprocess.run([sys.executable, "-c", text], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert "(1, 1, 2)" in done.stdout


def adds_to_unwritten_memory(x, w, b=None, **rest):  # type: ignore[no-untyped-def]
    """Accumulates into a result that is zeroed only where it is small."""
    right = innocent.conv(x, w, b, **rest)
    y = np.empty_like(right)
    if right.size < 24:
        y[...] = 0
    y += right
    return y


@pytest.mark.clause("call.initialised")
def test_memory_that_is_never_written_is_caught() -> None:
    host = Here("planted", SimpleNamespace(conv=adds_to_unwritten_memory))
    run = check("planted", Options(ops=("conv",), slugs=("call.initialised",), fail_fast=True), host=host)
    assert not run.errors and [r.verdict for r in run.records] == [VIOLATES]


def test_memory_holds_the_pattern() -> None:
    """What numpy takes is filled, whatever lay there; what it wants to be zero is; and afterwards all is as before."""
    for size in (24, 512, 4096, 40000):
        zeros = np.zeros(size, np.uint8)
        del zeros
        with numpy_memory(0x7B):
            assert np.all(np.empty(size, np.uint8) == 0x7B)
            assert not np.zeros(size, np.uint8).any()
        assert multiarray.get_handler_name() == "default_allocator"


BLOCKS = """
import ctypes
from convspec.conformance.poisoned import fill_free_memory

libc = ctypes.CDLL(None)
libc.malloc.restype = ctypes.c_void_p
for size in (512, 4096, 40000):
    fill_free_memory(0x7B, size)
    block = libc.malloc(ctypes.c_size_t(size))
    assert ctypes.string_at(block, size)[32:] == b"\\x7b" * (size - 32), size
    libc.free(ctypes.c_void_p(block))
"""


def test_blocks_of_c_hold_the_pattern() -> None:
    """In a process of one thread: another's blocks, given back in between, would be taken first."""
    subprocess.run([sys.executable, "-c", BLOCKS], check=True, timeout=60)


@pytest.mark.clause("call.initialised")
def test_a_maximum_over_free_memory_depends_on_it() -> None:
    def max_pool(x, size, **rest):  # type: ignore[no-untyped-def]
        right = innocent.max_pool(x, size, **rest)
        return np.maximum(np.empty_like(right), right)

    case = parse("max_pool x=1x2x64:float32 size=2 data=small seed=1 calls=2")
    assert "depends-on-memory" in observe(SimpleNamespace(max_pool=max_pool), case).facts
    assert observe(innocent, case).facts == ()


@pytest.mark.clause("call.initialised")
@pytest.mark.parametrize("length", [4, 40, 40000])
def test_memory_that_happens_to_hold_zeros_is_seen(length: int) -> None:
    """The blocks given back last, which numpy takes first, hold zeros; and long ones come from the system, as zeros."""
    (bug,) = (b for b in planted.bugs() if b.name == "last column holds what buffers of zeros left")
    case = parse(f"conv x=1x1x{length}:float32 w=1x1x1:float32 data=small seed=1 calls=2")
    assert "depends-on-memory" in observe(bug.backend(), case).facts
