"""A violation as a script that calls the backend's own API, fit to paste into a bug report: numpy and the backend."""

from __future__ import annotations

import inspect
from typing import Any

import numpy as np

from convspec.conformance import data, guards, layouts
from convspec.conformance.backend import adapter
from convspec.conformance.case import ARRAYS, Case
from convspec.conformance.observe import positional
from convspec.conformance.verdict import Violation

LISTED = 400
"""Elements of an array up to which they are listed; the others are made as the judge makes them."""
_OWN = {"fast": "from convspec import fast as backend", "reference": "from convspec import reference as backend"}


PLACES = {
    "thread": """import threading  # the call again, in another thread
def again(): global y; {call}
thread = threading.Thread(target=again); thread.start(); thread.join()""",
    "together": """import threading  # the call again, by threads at once, each with numbers of its own
code = compile({call!r}, 'call', 'exec')
given = {{name: a for name, a in globals().items() if isinstance(a, np.ndarray) and name != 'y'}}
own = [dict(globals(), **{{name: a * k for name, a in given.items()}}) for k in (1, 2, 3, 4)]
for names in own: exec(code, names); names['alone'] = names['y']
def again(names):
    for turn in range(200):
        exec(code, names)
        if np.asarray(names['y']).tobytes() != np.asarray(names['alone']).tobytes(): return print('differs', names['y'])
threads = [threading.Thread(target=again, args=(names,)) for names in own]
for thread in threads: thread.start()
for thread in threads: thread.join()""",
    "fork": """import os, sys, time  # the call again, in a forked process
sys.stdout.flush()
child = os.fork()
if not child:
    {call}
    print('the forked process returns ', getattr(y, 'shape', None), flush=True); os._exit(0)
time.sleep(8)
hangs = not os.waitpid(child, os.WNOHANG)[0]
print('the forked process hangs' if hangs else 'the forked process has ended')
if hangs: os.kill(child, 9)""",
}


def script(violation: Violation, backend: str, snippet: str | None) -> str:
    """The script; `snippet`, from an adapter, is the code from the import to `y = ...`."""
    case = violation.case
    if case is None:
        return ""
    lines = ["import numpy as np", "", *_arrays(case)]
    call = snippet.splitlines() if snippet else [*importing(backend), f"y = backend.{case.op}({call_text(case)})"]
    d = violation.difference
    call += PLACES.get(case.place, "").format(call=call[-1]).splitlines()
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
    first, keywords = positional(case, data.build(case))
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
    arrays = data.build(case.but(layout="plain"))
    if any(a.size > LISTED for a in arrays.values()):
        lines += _generator()
    for name, a in arrays.items():
        if a.size <= LISTED:
            lines.append(f"{name} = np.array({a.ravel().tolist()!r}, '{a.dtype}').reshape({a.shape})")
        else:
            bits = f"hashed({a.size}, {name!r}, {case.seed})"
            made = f"elements({case.data!r}, {bits}, np.dtype({a.dtype.name!r}), {name == ARRAYS[case.op][0]})"
            lines.append(f"{name} = {made}.reshape({a.shape})")
            lines += [f"{name}[{put.index}] = {a[put.index].item()!r}" for put in case.put if put.array == name]
        expression = layouts.LAYOUTS[case.layout_of(name)]
        if expression != "a" and a.ndim:
            lines.append(f"a = {name}; {name} = {expression}")
    return lines


def _generator() -> list[str]:
    """The source of the functions that make the elements of an array."""
    functions = (data.hashed, data.elements, data._wide, data._real, data._special)
    lines = ["import zlib", "from typing import Any", "Array, nan, inf = np.ndarray, np.nan, np.inf"]
    lines.append(f"_SPECIAL = {data._SPECIAL!r}")
    return [*lines, *(line for function in functions for line in inspect.getsource(function).splitlines())]


def _special(case: Case) -> bool:
    arrays: list[Any] = list(data.build(case).values())
    return any(a.dtype.kind == "f" and not np.all(np.isfinite(a)) for a in arrays)
