"""Cases of gradients: those of the operators, with dy in the shape of their result."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from hypothesis import assume
from hypothesis import strategies as st

from convspec import checks
from convspec.conformance.case import Case
from convspec.conformance.data import build
from convspec.conformance.derived import base, gradient
from convspec.conformance.observe import positional
from convspec.conformance.strategies import Draw, Open
from convspec.policies import DEFAULTS


@st.composite
def gradients(draw: Draw, /, op: str, has: Open, **how: Any) -> Case:
    """Cases of the gradient `op`; `how` is what the strategy of its operator takes."""
    case = draw(operators(base(op), replace(has, bias=False), **how))
    if has.ceil:
        assume(_without_drop(case))
    return gradient(case, op)


def operators(op: str, has: Open, **how: Any) -> st.SearchStrategy[Case]:
    """Cases of the operators of layers and pooling."""
    from convspec.conformance import strategies_layers, strategies_pooling

    makers: dict[str, Callable[..., st.SearchStrategy[Case]]] = {
        "channel_pool": strategies_pooling.channel_pools,
        "conv_transpose": lambda has: strategies_layers.transposed(has, output_padding=has.stride),
    }
    if op in makers:
        return makers[op](has, **how)
    return (strategies_pooling.pools if op.endswith("_pool") else strategies_layers.layers)(op, has, **how)


def _without_drop(case: Case) -> bool:
    """Whether the shape of the result is the same under either policy of rounding up."""
    first, keywords = positional(case, build(case))
    shapes = {
        getattr(checks, case.op)(*first, **keywords, policies=DEFAULTS | {"ceil_drop": drop}).shape
        for drop in ("yes", "no")
    }
    return len(shapes) == 1
