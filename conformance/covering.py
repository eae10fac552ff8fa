"""Covering arrays: few choices in which every combination of values of any two (or three) features occurs.

Most faults of software show where one or two parameters have certain values, and nearly all where three have: D. R. Kuhn,
D. R. Wallace, A. M. Gallo, Software fault interactions, IEEE Transactions on Software Engineering 30 (2004). The search is
greedy, as in D. M. Cohen et al., The AETG system, ibid. 23 (1997), but without chance.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache
from itertools import combinations, product
from typing import Any

Setting = tuple[str, Any]
"""A feature and one of its values."""
Cell = frozenset[Setting]


def covering(features: Mapping[str, Sequence[Any]], strength: int = 2) -> tuple[dict[str, Any], ...]:
    """Choices of one value a feature; any `strength` features have each combination of their values in one of them."""
    return _covering(tuple((name, tuple(values)) for name, values in features.items()), min(strength, len(features)))


@lru_cache
def _covering(features: tuple[tuple[str, tuple[Any, ...]], ...], strength: int) -> tuple[dict[str, Any], ...]:
    settings = [[(name, value) for value in values] for name, values in features]
    missing = {frozenset(cell): None for some in combinations(settings, strength) for cell in product(*some)}
    found = []
    while missing:
        chosen = set(next(iter(missing)))
        for some in settings:
            if chosen.isdisjoint(some):
                gains = [sum(cell in missing for cell in _with(setting, chosen, strength)) for setting in some]
                chosen.add(some[gains.index(max(gains))])
        for cell in combinations(chosen, strength):
            missing.pop(frozenset(cell), None)
        row = dict(chosen)
        found.append({name: row[name] for name, _ in features})
    return tuple(found)


def _with(setting: Setting, chosen: Iterable[Setting], strength: int) -> Iterable[Cell]:
    """The cells of a setting and of those chosen."""
    return (frozenset((setting, *others)) for others in combinations(chosen, strength - 1))
