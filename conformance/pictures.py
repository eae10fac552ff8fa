"""Sections through the arrays of a violation in one or two dimensions: operands, what was expected and got, the difference.

A section is a dict fit for JSON: its title, its rows of numbers, and where in it the first wrong element is, if it is there.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import product
from typing import Any

import numpy as np

from convspec import IMAGE_OPERATORS
from convspec.conformance.expect import Expectation
from convspec.conformance.limits import terms
from convspec.conformance.verdict import Difference
from convspec.params import ChannelPool, Conv, Image, Pool

Array = np.ndarray[Any, Any]
Section = dict[str, Any]
MOST = 24
"""Rows and columns of a section."""
CHANNELS = 4
"""Channels of an operand that are shown."""
EFFORT = 200_000
"""Terms of sums that the oracle may compute for a picture."""


def picture(e: Expectation, d: Difference) -> list[Section]:
    """The sections, for cases with one or two spatial axes; what there is of them where no result can be compared."""
    rank = len(e.case.arrays[0][1].shape) - (0 if e.case.op in IMAGE_OPERATORS else 2)
    if rank not in (1, 2) or any(0 in operand.shape for _, operand in e.case.arrays):
        return []
    if e.refusal is not None:
        return [section(name, a.reshape(-1, a.shape[-1])) for name, a in e.arrays.items() if a.ndim]
    at = d.index or (0,) * len(e.params.shape)
    shown = [section(title, a) for title, a in operands(e, at, rank)]
    return shown + list(results(e, d, at, rank)) if len(at) >= rank else shown


def operands(e: Expectation, at: tuple[int, ...], rank: int) -> Iterator[tuple[str, Array]]:
    """The slices of the operands that the element `at` of the result reads, by their names."""
    p: Any = e.params
    if isinstance(p, Image):
        yield from e.arrays.items()
        return
    if not isinstance(p, (Conv, Pool, ChannelPool)):
        yield from ((f"{name}[0, ...]", a[(0,) * (a.ndim - rank)]) for name, a in e.arrays.items() if a.ndim >= rank)
        return
    x, (n, k), o = e.arrays["x"], at[:2], at[2:]
    if not isinstance(p, Conv):
        first, last = (k * p.stride, k * p.stride + p.size) if isinstance(p, ChannelPool) else (k, k + 1)
        yield from ((f"x[{n}, {c}]", x[n, c]) for c in range(first, last)[:CHANNELS])
        return
    w, size = e.arrays["w"], p.C // p.groups
    group = k // (p.K // p.groups)
    mine = range(group * size, group * size + size)[:CHANNELS]
    yield from ((f"x[{n}, {c}]", x[n, c]) for c in mine)
    if e.case.op == "conv_transpose":
        yield from ((f"w[{c}, {k - group * (p.K // p.groups)}]", w[c, k - group * (p.K // p.groups)]) for c in mine)
        return
    tile = tuple(i % t for i, t in zip(o, p.T, strict=True)) if e.case.op in ("local_conv", "tiled_conv") else ()
    for c in range(len(mine)):
        index = (k, *tile, c)
        yield f"w[{', '.join(map(str, index))}]", w[index]


def results(e: Expectation, d: Difference, at: tuple[int, ...], rank: int) -> Iterator[Section]:
    """What was expected and got around the element `at`, and the difference."""
    shape, lead = e.params.shape, at[: len(at) - rank]
    window = [near(i, n) for i, n in zip(at[len(lead) :], shape[len(lead) :], strict=True)]
    indices = [(*lead, *o) for o in product(*window)]
    extent = tuple(map(len, window))
    if not indices or len(indices) * terms(e.params) > EFFORT:
        return
    marked = tuple(i - r.start for i, r in zip(at[len(lead) :], window, strict=True)) if d.index else None
    where = f"[{', '.join(map(str, lead))}]" if lead else ""
    limits = Expectation(e.case, e.policies, e.numerics, e.budget, indices).limits
    expected = limits.value.reshape(extent)
    yield section(f"expected{where}", expected, marked)
    if d.result is None or d.result.shape != shape:
        return
    got = np.array([d.result[i] for i in indices]).reshape(extent)
    yield section(f"got{where}", got, marked)
    with np.errstate(all="ignore"):
        apart = np.asarray(got.astype(np.float64) - expected.astype(np.float64))
    apart[(got == expected) | (np.isnan(got.astype(np.float64)) & np.isnan(expected.astype(np.float64)))] = 0
    yield section("difference", apart, marked)


def near(i: int, n: int) -> range:
    """At most MOST indices of an axis of n, `i` among them."""
    start = min(max(0, i - MOST // 2), max(0, n - MOST))
    return range(start, min(n, start + MOST))


def section(title: str, a: Array, marked: tuple[int, ...] | None = None) -> Section:
    """One section; what is more than MOST rows or columns is cut off."""
    a = a.reshape(1, -1) if a.ndim < 2 else a
    rows = [[plain(v) for v in row] for row in a[:MOST, :MOST].tolist()]
    cut = f" ({a.shape[0]} x {a.shape[1]}, cut off)" if max(a.shape) > MOST else ""
    at = None if marked is None else [0, *marked][-2:]
    return {"title": title + cut, "rows": rows, "at": at}


def plain(value: Any) -> Any:
    """A number as JSON has it; those that it has not as text."""
    number = complex(value).real if isinstance(value, complex) else value
    return number if not isinstance(number, float) or np.isfinite(number) else str(number)
