"""Builds the one extension, convspec.fast._kernels, with OpenMP where the compiler has it."""

import os
import sys
import tempfile
import warnings
from concurrent.futures import ThreadPoolExecutor
from itertools import chain
from pathlib import Path

from setuptools import Extension, setup
from setuptools.command.build_ext import build_ext

KERNELS = "fast/kernels"
FLAGS = [
    "-std=c11", "-O3", "-ffp-contract=off", "-fno-math-errno", "-fvisibility=hidden", "-fno-asynchronous-unwind-tables",
    "-g0", "-Wno-psabi",
]  # fmt: skip
THREADED = ("_kernels.c", "dispatch.c")
"""What OpenMP changes: the kernels themselves are the same with and without it, to compilers that remember them."""
SMALL = ("scalar.c",)
"""What is as fast in a third less room: plain loops have no vectors that fill the registers."""

SANITIZE = os.environ.get("CONVSPEC_SANITIZE", "")
"""Sanitizers to build with, such as "address,undefined": for tests/sanitized.py, which says how to load the result."""


def sanitizing(names):
    """The first error ends the process. Checks are calls, and -O1, so that unrolled kernels compile in a minute."""
    return [f"-fsanitize={names}", "-fno-sanitize-recover=all", "-fno-omit-frame-pointer", "-O1", "-g1", "-fno-wrapv",
            "--param", "asan-instrumentation-with-call-threshold=0"]  # fmt: skip


def at_once(compile_all, threaded):
    """The same for each source by itself, with flags for those that have threads; the short ones, which take longest, first."""

    def compile_each(sources, *rest, extra_postargs=(), **keywords):
        def compile_one(source):
            name = Path(source).name
            flags = ["-Os" if flag == "-O3" and name in SMALL else flag for flag in extra_postargs]
            flags += threaded if name in THREADED else []
            return compile_all([source], *rest, extra_postargs=flags, **keywords)

        with ThreadPoolExecutor(os.cpu_count()) as pool:
            return list(chain.from_iterable(pool.map(compile_one, sorted(sources, key=os.path.getsize))))

    return compile_each


class BuildKernels(build_ext):
    """build_ext with a probe for OpenMP, and a compiler on each processor."""

    def finalize_options(self):
        """What an earlier build left may have been built in another way."""
        super().finalize_options()
        self.force = True

    def build_extensions(self):
        if SANITIZE and self.compiles_with(f"-fsanitize={SANITIZE}", "int main(void) { return 0; }\n"):
            for extension in self.extensions:
                extension.extra_compile_args += sanitizing(SANITIZE)
                extension.extra_link_args.append(f"-fsanitize={SANITIZE}")
        elif (
            sys.platform == "linux" and not self.editable_mode
        ):  # a profiler needs names, which a wheel has no room for
            for extension in self.extensions:
                extension.extra_link_args.append("-Wl,--strip-all")
        if os.environ.get("CONVSPEC_NO_OPENMP") == "1" or not self.compiles_with("-fopenmp"):
            warnings.warn("convspec.fast is being built WITHOUT OpenMP: it will use one thread only", stacklevel=1)
            threaded = []
        else:
            threaded = ["-fopenmp"]
            for extension in self.extensions:
                extension.extra_link_args.extend(threaded)
        self.compiler.compile = at_once(self.compiler.compile, threaded)
        super().build_extensions()

    def compiles_with(self, flag, program="#include <omp.h>\nint main(void) { return omp_get_max_threads() < 1; }\n"):
        with tempfile.TemporaryDirectory() as folder:
            source = Path(folder, "probe.c")
            source.write_text(program)
            try:
                objects = self.compiler.compile([str(source)], output_dir="/", extra_postargs=[flag])
                self.compiler.link_executable(objects, str(Path(folder, "probe")), extra_postargs=[flag])
            except Exception:
                return False
        return True


setup(
    ext_modules=[
        Extension(
            "convspec.fast._kernels",
            sources=["fast/_kernels.pyx", *sorted(str(path) for path in Path(KERNELS).glob("*.c"))],
            depends=[
                *sorted(str(path) for path in Path("fast").glob("*.pxi")),
                *sorted(str(path) for path in Path(KERNELS).glob("*.h")),
            ],
            include_dirs=[KERNELS],
            define_macros=[("Py_LIMITED_API", "0x030B0000")],
            extra_compile_args=FLAGS,
            extra_link_args=[],
            libraries=["m"],
            py_limited_api=True,
        )
    ],
    cmdclass={"build_ext": BuildKernels},
    options={"bdist_wheel": {"py_limited_api": "cp311"}},
)
