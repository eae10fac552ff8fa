"""Runs commands with kernels that were built under sanitizers: `python sanitized.py COMMAND...`, each a word-split string.

AddressSanitizer has to be loaded before Python, which is not built with it. That it bites is shown first, by a plan
that is told of an image too many, and by a window whose size overflows.
"""

import os
import shlex
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

PLAN = """
import numpy as np
from convspec import fast
from convspec.fast import _kernels
x, y = np.ones((1, 1, 9, 9)), np.empty((2, 1, 7, 7))
plan = fast.plan_conv(np.ones((1, 1, 3, 3)))
plan(x)
"""
BITES = {
    "heap-buffer-overflow": "next(iter(plan._prepared.values())).plan.run(x, y, 2, 1)",
    "signed integer overflow": "_kernels.Plan([(0, 9, 0, 1, 1, 1) + (2**62,) * 99], b'', 0.0, None, None, 1, 0)",
}
"""What a sanitizer says, and what it says it to."""


def instrumented():
    """Whether the installed kernels are; to import them would already need the library."""
    fast = Path(find_spec("convspec").origin).parent / "fast"
    return any(b"__asan_init" in kernels.read_bytes() for kernels in fast.glob("_kernels*.so"))


def library():
    """AddressSanitizer's, of the compiler that built the kernels; None where it has none."""
    compiler = os.environ.get("CC", "cc").split()[-1]
    ask = [compiler, "-print-file-name=libasan.so"]
    path = Path(subprocess.run(ask, capture_output=True, text=True, check=True).stdout.strip())
    return path if path.is_absolute() else None


def environment(library):
    """Python itself never frees all; what cannot be allocated is the caller's MemoryError; forked children live on."""
    asan = "detect_leaks=0:allocator_may_return_null=1:halt_on_error=1:abort_on_error=1"
    return {**os.environ, "LD_PRELOAD": str(library), "ASAN_OPTIONS": asan, "UBSAN_OPTIONS": "print_stacktrace=1"}


def main(commands):
    if (found := library()) is None:
        print("skipped: the compiler has no AddressSanitizer")
        return 0
    if not instrumented():
        print("the kernels are not instrumented: build them with CONVSPEC_SANITIZE=address,undefined", file=sys.stderr)
        return 1
    env = environment(found)
    for words, call in BITES.items():
        died = subprocess.run([sys.executable, "-c", PLAN + call], env=env, capture_output=True, text=True)
        if not died.returncode or words not in died.stderr:
            print(f"no sanitizer said {words!r} to:\n{call}\n{died.stderr}", file=sys.stderr)
            return 1
    return int(any(subprocess.call(shlex.split(command), env=env) for command in commands))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
