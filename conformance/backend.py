"""Finding a backend by its name, and what it says about itself.

A name is an adapter that comes with the project (scipy, fast, fast:avx2, reference), a dotted module, a file ./kernels.py
or an object in a file, ./kernels.py:MyBackend; a shared library ./libmine.so; an executable ./mine or a command
"exec:./mine --fast". Loading happens in the worker, since an import may crash as well.
"""

from __future__ import annotations

import importlib
import importlib.util
import os
import platform
import shlex
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from convspec import OPERATORS
from convspec.errors import SpecValueError
from convspec.policies import numerics, resolve

ADAPTERS = "convspec.conformance.backends"
_ALIASES = {
    "scipy.signal": "scipy", "scipy.ndimage": "ndimage", "onnx.reference": "onnx_reference", "opencv.dnn": "opencv_dnn",
    "convspec.fast": "fast", "convspec.reference": "reference",
}  # fmt: skip


class Unusable(Exception):
    """A backend that cannot be loaded, offers nothing, or declares what no clause knows."""


@dataclass(frozen=True)
class Profile:
    """What a backend says about itself: operators, policies, class of numerics, whether it claims the chain."""

    name: str
    operators: tuple[str, ...]
    policies: Mapping[str, Any] = field(default_factory=dict)
    numerics: Mapping[str, Any] = field(default_factory=dict)
    chain: bool = False
    version: str = ""
    guards: bool = False
    """Whether its binding guards the buffers of every call, so that every crash may be a stray access."""
    effort: float = 1.0
    """What part of a profile's cases it is tried on: less than all where each call takes long."""

    def policies_of(self, op: str) -> dict[str, str]:
        """The policies in force for one operator."""
        return resolve(self.policies, op)

    def numerics_of(self, op: str) -> str:
        """The class of algorithm of one operator, "direct" or "fast"."""
        return numerics(self.numerics, op)


def adapter(name: str) -> tuple[str, str] | None:
    """The adapter's module and the part after the colon, if `name` is an adapter that comes with the project."""
    base, _, part = _ALIASES.get(name, name).partition(":")
    if not base.isidentifier() or base.startswith("_"):
        return None
    module = f"{ADAPTERS}.{base}"
    return (module, part) if importlib.util.find_spec(module) else None


def environment(name: str) -> dict[str, str]:
    """What the worker's environment needs: the instruction set of fast:avx2 and its kin."""
    found = adapter(name)
    return {"CONVSPEC_ISA": found[1]} if found and found[1] else {}


def load(name: str) -> Any:
    """The backend object that `name` stands for."""
    found = adapter(name)
    try:
        backend = importlib.import_module(found[0]) if found else _load_other(name)
        return backend() if isinstance(backend, type) else backend
    except Unusable:
        raise
    except Exception as error:
        raise Unusable(f"backend {name} cannot be loaded: {type(error).__name__}: {error}") from error


def _load_other(name: str) -> Any:
    path, _, attribute = name.partition(":")
    if path == "exec" or path.endswith(".so") or (not path.endswith(".py") and _executable(path)):
        return _load_foreign(name)
    if not path.endswith(".py"):
        if "/" in name or not all(part.isidentifier() for part in name.split(".")):
            raise Unusable(
                f"{name} is neither an adapter, nor a module, nor a file ending in .py or .so, nor executable"
            )
        if str(Path.cwd()) not in sys.path:
            sys.path.insert(0, str(Path.cwd()))
        return importlib.import_module(name)
    file = Path(path).resolve()
    if not file.is_file():
        raise Unusable(f"there is no file {path}")
    sys.path.insert(0, str(file.parent))
    spec = importlib.util.spec_from_file_location(file.stem, file)
    if spec is None or spec.loader is None:
        raise Unusable(f"{path} is no Python file")
    module = importlib.util.module_from_spec(spec)
    sys.modules[file.stem] = module
    with _no_bytecode():
        spec.loader.exec_module(module)
    for part in filter(None, attribute.split(".")):
        if not hasattr(module, part):
            raise Unusable(f"{path} has no {attribute}")
        module = getattr(module, part)
    return module


def _executable(path: str) -> bool:
    return "/" in path and Path(path).is_file() and os.access(path, os.X_OK)


def _load_foreign(name: str) -> Any:
    """A backend in another language."""
    if name.endswith(".so") and not name.startswith("exec:"):
        from convspec.conformance.library import Library

        return Library(name)
    from convspec.conformance.program import Program

    return Program(shlex.split(name.removeprefix("exec:")) or [""])


@contextmanager
def _no_bytecode() -> Iterator[None]:
    """No .pyc is left of a file that is being worked on: one edited within a second to the same size would be taken for it."""
    before, sys.dont_write_bytecode = sys.dont_write_bytecode, True
    try:
        yield
    finally:
        sys.dont_write_bytecode = before


def profile(name: str, backend: Any) -> Profile:
    """What `backend` says about itself, checked."""
    operators = tuple(op for op in OPERATORS if callable(getattr(backend, op, None)))
    if not operators:
        raise Unusable(f"backend {name} offers none of {', '.join(OPERATORS)}")
    policies, classes = getattr(backend, "policies", {}), getattr(backend, "numerics", {})
    for key, value in (("policies", policies), ("numerics", classes)):
        if not isinstance(value, Mapping):
            raise Unusable(f"backend {name}: {key} must be a dict, not {type(value).__name__}")
    nested = (*(v for v in policies.values() if isinstance(v, Mapping)), classes)
    unknown = {key for mapping in nested for key in mapping} - {*OPERATORS, "*"}
    if unknown:
        raise Unusable(f"backend {name}: {', '.join(map(repr, unknown))} is no operator")
    found = Profile(
        name, operators, _plain(policies), _plain(classes), bool(getattr(backend, "chain", False)),
        str(getattr(backend, "__version__", "")), getattr(backend, "guards", False) is True, _effort(name, backend),
    )  # fmt: skip
    try:
        for op in OPERATORS:
            found.policies_of(op), found.numerics_of(op)
    except SpecValueError as error:
        raise Unusable(f"backend {name}: {error}") from error
    return found


def _effort(name: str, backend: Any) -> float:
    """The effort that it asks for."""
    found = getattr(backend, "effort", 1.0)
    if isinstance(found, bool) or not isinstance(found, int | float) or not 0 < found <= 1:
        raise Unusable(f"backend {name}: effort is a part of the cases, above 0 and at most 1, not {found!r}")
    return float(found)


def _plain(mapping: Mapping[str, Any]) -> dict[str, Any]:
    """A mapping and those in it as dicts, fit to travel."""
    return {key: dict(value) if isinstance(value, Mapping) else value for key, value in mapping.items()}


def machine() -> str:
    """The processor and the system in words."""
    model = platform.processor() or platform.machine()
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
        model = next((line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")), model)
    except OSError:
        pass
    return f"{model}, {platform.system()} {platform.machine()}, Python {platform.python_version()}"
