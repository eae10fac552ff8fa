"""Violations by their cause, as far as that can be told from outside: one bug breaks many clauses, and is reported once.

Of two violations the plainer explains the other if it has the same symptom (a crash, a wrong shape, wrong values ...) and its
case needs nothing that the other's lacks: a convolution that is wrong without padding explains one that is wrong with it.
Across operators it explains violations of the same clause.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache

from convspec import clauses
from convspec.conformance.case import Case, parse
from convspec.conformance.verdict import FAILURES, VIOLATES, Record, Violation

DEFAULTS = {
    "stride": 1, "padding": 0, "dilation": 1, "groups": 1, "output_padding": 0, "ceil_mode": False,
    "count_include_pad": False, "mode": "full", "boundary": "fill", "fillvalue": 0,
}  # fmt: skip


def distinct(records: Iterable[Record]) -> list[Record]:
    """The failures, one for each clause and operator, that with the smallest case; the most basic clause first."""
    found: dict[tuple[str, str], Record] = {}
    for r in records:
        if r.verdict in FAILURES and r.violation:
            kept = found.setdefault((r.slug, r.op), r)
            if kept.violation and r.violation.size < kept.violation.size:
                found[r.slug, r.op] = r
    order = {slug: i for i, slug in enumerate(clauses.load())}
    return sorted(found.values(), key=lambda r: order.get(r.slug, len(order)))


def causes(records: Iterable[Record]) -> list[tuple[Record, list[Record]]]:
    """Each cause: the plainest violation, which stands for it, and those that it explains; the most basic clause first."""
    failures = distinct(records)
    found: list[tuple[Record, list[Record]]] = []
    for r in sorted(
        failures, key=lambda r: len(features(r.violation.case.text)) if r.violation and r.violation.case else 0
    ):
        for first, explained in found:
            if r.violation and first.violation and explains(first.violation, r.violation):
                explained.append(r)
                break
        else:
            found.append((r, []))
    return sorted(found, key=lambda cause: failures.index(cause[0]))


def explains(a: Violation, b: Violation) -> bool:
    """Whether `b` is likely to have the cause of `a`."""
    if symptom(a) != symptom(b) or a.case is None or b.case is None:
        return (a.slug, symptom(a)) == (b.slug, symptom(b))
    needs = features(a.case.text) <= features(b.case.text)
    return needs if a.op == b.op else a.slug == b.slug and needs


def symptom(v: Violation) -> str:
    """What goes wrong."""
    if v.verdict != VIOLATES:
        return v.verdict
    if v.difference.kind == "raises":
        return f"raises {v.difference.got.partition(':')[0]}"
    return v.difference.kind


@lru_cache(maxsize=4096)
def features(text: str) -> frozenset[str]:
    """What the call of a case has beyond the plainest of its operator."""
    case = parse(text)
    found = {name for name, value in case.arguments if name in DEFAULTS and value != DEFAULTS[name]}
    found |= {f"{name}={value}" for name, value in case.arguments if isinstance(value, str)}
    found |= {operand.dtype for _, operand in case.arrays} - {"float32"}
    found |= {f"layout of {name}" for name, _ in case.arrays if case.layout_of(name) != "plain"}
    found |= {put.value for put in case.put} | _sizes(case)
    found |= {case.data} - {"small"} | ({"repeated"} if case.calls > 1 else set())
    return frozenset(found)


def _sizes(case: Case) -> set[str]:
    """Operands that are there, empty, or of several images."""
    found = {"b"} & set(case.operands) | {f"empty {name}" for name, operand in case.arrays if 0 in operand.shape}
    x = case.operands.get("x")
    return found | ({"batch"} if x and x.shape[:1] > (1,) else set())
