"""What is measured in a row, one function for each column of the table.

The reference would take hours: it runs a small call of the same kind, and its time is scaled by the number of terms.
Whoever is measured is first checked: the fast result must have the bits of the law's chain.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from scipy import signal

from benchmarks.row import THREADS, Row
from convspec import fast, reference

PATIENCE = 6.0
"""Seconds for each measurement of a row that a claim rests on."""

CHECKED = 3
"""Outputs of a whole call that are compared with the oracle's."""


def params(rows: list[Row]) -> list[Any]:
    """The rows as pytest's parameters."""
    longer = pytest.mark.benchmark(max_time=PATIENCE)
    return [pytest.param(row, id=row.name, marks=[longer] if row.claimed else []) for row in rows]


def by_reference(benchmark: Any, row: Row) -> None:
    """The oracle's literal loop over the small call."""
    small = row.small()
    operands = small.operands()
    _measure(benchmark, row, "reference", lambda: _call(reference, small, operands), small.terms())


def by_fast(benchmark: Any, row: Row) -> None:
    """A plain call of convspec.fast: it makes the weights ready, and a new array for the result."""
    operands = row.operands()
    _check(row, operands)
    _measure(benchmark, row, "fast", lambda: _call(fast, row, operands, num_threads=THREADS), row.terms())


def by_plan(benchmark: Any, row: Row) -> None:
    """The layer of a network: weights made ready once, results written to an array that is used again."""
    x, w = row.operands()
    plan = getattr(fast, f"plan_{row.op}")(w, **row.keywords)
    y = plan(x, num_threads=THREADS)
    _measure(benchmark, row, "planned", lambda: plan(x, out=y, num_threads=THREADS), row.terms())


def by_scipy(benchmark: Any, row: Row) -> None:
    """scipy.signal on one thread, which is all it uses; integers in the dtype of fast's result, lest they wrap."""
    dtype = row.checked().dtype
    x, w = (a.astype(dtype) for a in row.operands())
    _measure(benchmark, row, "scipy", lambda: signal.convolve2d(x, w, row.keywords["mode"]), row.terms())


def _call(room: Any, row: Row, operands: tuple[Any, ...], **more: Any) -> Any:
    return getattr(room, row.op)(*operands, **row.keywords, **more)


def _measure(benchmark: Any, row: Row, who: str, call: Callable[[], Any], terms: int) -> None:
    """Times `call`, after one call that is not counted."""
    call()
    benchmark.group = row.name
    benchmark.extra_info.update(who=who, op=row.op, x=row.x, terms=terms, of=row.terms())
    benchmark(call)


def _check(row: Row, operands: tuple[Any, ...]) -> None:
    """Refuses to time a wrong result."""
    y = _call(fast, row, operands, num_threads=THREADS, algorithm="direct")
    random = np.random.default_rng(1)
    at = [tuple(int(random.integers(n)) for n in y.shape) for _ in range(CHECKED)]
    expected = _call(reference, row, operands, at=at, stepwise=True)
    if [y[i] for i in at] != expected.tolist():
        raise SystemExit(f"{row.name}: fast and reference disagree at {at}")
