"""A violation as a script that calls the backend's own API, fit to paste into a bug report: numpy and the backend."""

from __future__ import annotations

import inspect
from typing import Any

import numpy as np

from convspec.conformance import guards, layouts
from convspec.conformance.backend import adapter
from convspec.conformance.case import Case
from convspec.conformance.data import build
from convspec.conformance.observe import positional
from convspec.conformance.verdict import Violation

_OWN = {"fast": "from convspec import fast as backend", "reference": "from convspec import reference as backend"}


def script(violation: Violation, backend: str, snippet: str | None) -> str:
    """The script; `snippet`, from an adapter, is the code from the import to `y = ...`."""
    case = violation.case
    if case is None:
        return ""
    lines = ["import numpy as np", "", *_arrays(case)]
    call = snippet.splitlines() if snippet else [*importing(backend), f"y = backend.{case.op}({call_text(case)})"]
    d = violation.difference
    lines += [*call, f"print('expected', {d.expected!r})"]
    if d.index is not None:
        lines.append(f"print('got     ', y[{', '.join(map(str, d.index))}])")
    else:
        lines.append("print('got     ', getattr(y, 'shape', None), getattr(y, 'dtype', type(y)))")
    if case.calls > 1 or "argument" in d.got or "memory" in d.got:
        lines.append(f"# seen: {d.got}")
    return "\n".join(lines)


def importing(backend: str) -> list[str]:
    """The lines that bind `backend`."""
    found = adapter(backend)
    if found:
        base = found[0].rpartition(".")[2]
        forced = [f"import os; os.environ['CONVSPEC_ISA'] = {found[1]!r}"] if found[1] else []
        return [*forced, _OWN.get(base, f"from convspec.conformance.backends import {base} as backend")]
    path, _, attribute = backend.partition(":")
    if path == "exec" or ("/" in path and not path.endswith(".py")) or path.endswith(".so"):
        return [f"from convspec.conformance.backend import load; backend = load({backend!r})"]
    if not path.endswith(".py"):
        return [f"import {path} as backend"]
    bound = f"backend = module.{attribute}" if attribute else "backend = module"
    return [
        "import importlib.util",
        f"spec = importlib.util.spec_from_file_location('kernels', {path!r})",
        "module = importlib.util.module_from_spec(spec)",
        "spec.loader.exec_module(module)",
        bound,
        "backend = backend() if isinstance(backend, type) else backend",
    ]


def call_text(case: Case) -> str:
    """The arguments of the call as Python text."""
    first, keywords = positional(case, build(case))
    names = [name for name, _ in case.arrays]
    parts = names + [repr(a) for a in first[len(names) :]]
    return ", ".join(parts + [f"{key}={value!r}" for key, value in keywords.items()])


def _arrays(case: Case) -> list[str]:
    lines = ["nan, inf = np.nan, np.inf"] if _special(case) else []
    if "guard" in case.layout:
        lines += [
            "import ctypes, mmap",
            "from numpy import ndarray as Array",
            *inspect.getsource(guards.guarded).splitlines(),
        ]
    for name, a in build(case.but(layout="plain")).items():
        order = np.ascontiguousarray(a)
        if a.size <= 400:
            text = f"{name} = np.array({order.ravel().tolist()!r}, '{a.dtype}').reshape({a.shape})"
        else:
            lines.append(f"# the elements of {name} are those that convspec makes of the line below")
            text = (
                f"from convspec.conformance import case, data; {name} = "
                f"data.build(case.parse({case.but(layout='plain').text!r}))[{name!r}]"
            )
        lines.append(text)
        expression = layouts.LAYOUTS[case.layout_of(name)]
        if expression != "a" and a.ndim:
            lines.append(f"a = {name}; {name} = {expression}")
    return lines


def _special(case: Case) -> bool:
    arrays: list[Any] = list(build(case).values())
    return any(a.dtype.kind == "f" and not np.all(np.isfinite(a)) for a in arrays)
