"""Covering arrays: every combination of a few features is among few choices."""

from __future__ import annotations

from itertools import combinations, product
from math import prod

import pytest
from hypothesis import given
from hypothesis import strategies as st

from convspec import OPERATORS
from convspec.conformance.combined import combined, features
from convspec.conformance.covering import covering
from convspec.conformance.expect import expect
from convspec.policies import DEFAULTS

SIZES = st.lists(st.integers(1, 5), min_size=1, max_size=7)


@given(sizes=SIZES, strength=st.integers(1, 3))
def test_every_combination_is_among_the_choices(sizes: list[int], strength: int) -> None:
    table = {str(i): range(n) for i, n in enumerate(sizes)}
    found = covering(table, strength)
    assert all(list(row) == list(table) for row in found)
    for some in combinations(table, min(strength, len(table))):
        assert {tuple(row[name] for name in some) for row in found} == set(product(*(table[name] for name in some)))


@given(sizes=SIZES)
def test_choices_are_few(sizes: list[int]) -> None:
    """Two features need the product of their values, and a greedy search at most about twice the largest product."""
    found = covering({str(i): range(n) for i, n in enumerate(sizes)})
    assert len(found) <= 2 * prod(sorted(sizes)[-2:]) + len(sizes)


@pytest.mark.parametrize("op", OPERATORS)
def test_every_choice_is_a_valid_call(op: str) -> None:
    for chosen in covering(features(op)):
        case = combined(op, chosen)
        assert expect(case, DEFAULTS, "direct", 0).refusal is None, case.text
