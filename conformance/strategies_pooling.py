"""Cases of max_pool, avg_pool, lp_pool and channel_pool."""

from __future__ import annotations

from typing import Any

from hypothesis import assume
from hypothesis import strategies as st

from convspec import checks
from convspec.conformance.case import Case, make
from convspec.conformance.data import build
from convspec.conformance.limits import inside
from convspec.conformance.observe import positional
from convspec.conformance.strategies import Draw, Open, rest, spatial, spell, windows
from convspec.policies import DEFAULTS


@st.composite
def pools(
    draw: Draw, op: str, has: Open, empty: bool = False, include: bool | None = None, p: tuple[float, ...] = (2,)
) -> Case:
    """Pooling of any kind. No window lies wholly in the padding unless `empty`; `include` is count_include_pad."""
    rank = draw(st.sampled_from(has.ranks))
    axes = windows(draw, has, rank)
    N, C = draw(st.sampled_from(has.batch)), draw(st.integers(1, has.channels))
    arguments: dict[str, Any] = {"size": spell(draw, [a.k for a in axes])} | spatial(draw, has, axes)
    if has.ceil:
        arguments["ceil_mode"] = True
    if include is not None and op == "avg_pool":
        arguments["count_include_pad"] = include
    order = draw(st.sampled_from(p))
    if op == "lp_pool" and order != 2:
        arguments["p"] = order
    x = ((N, C, *(a.n for a in axes)), draw(st.sampled_from(has.dtypes)))
    case = make(op, {"x": x}, arguments, **rest(draw, has))
    if has.padding or has.ceil:
        assume(empty or not has_empty_window(case))
    return case


def has_empty_window(case: Case) -> bool:
    """Whether a window lies wholly in the padding, or would if `ceil_mode` added all its windows."""
    first, keywords = positional(case, build(case))
    check = getattr(checks, case.op)
    return any(
        min(inside(check(*first, **keywords, policies={**DEFAULTS, "ceil_drop": drop}))) == 0 for drop in ("yes", "no")
    )


@st.composite
def channel_pools(draw: Draw, has: Open, kind: str | None = None, p: tuple[float, ...] = (2,)) -> Case:
    """Pooling over channels, often with some left over."""
    rank = draw(st.sampled_from(has.ranks))
    size = draw(st.integers(1, 4))
    C = size + draw(st.integers(0, 5))
    x = (draw(st.sampled_from(has.batch)), C, *(draw(st.integers(1, 4)) for _ in range(rank)))
    arguments: dict[str, Any] = {"size": size}
    if has.stride:
        arguments["stride"] = draw(st.integers(1, 5))
    chosen = kind or draw(st.sampled_from(("max", "avg", "lp")))
    if chosen != "max" or draw(st.booleans()):
        arguments["kind"] = chosen
    order = draw(st.sampled_from(p))
    if chosen == "lp" and order != 2:
        arguments["p"] = order
    return make("channel_pool", {"x": (x, draw(st.sampled_from(has.dtypes)))}, arguments, **rest(draw, has))
