"""Cases of convolve and correlate."""

from __future__ import annotations

from hypothesis import strategies as st

from convspec.conformance.case import Case, make
from convspec.conformance.strategies import Draw, Open, rest


@st.composite
def images(
    draw: Draw,
    op: str,
    has: Open,
    mode: str | None = None,
    boundary: str = "fill",
    beyond: bool = False,
    fillvalue: bool = False,
    swap: bool = False,
    odd: bool = False,
) -> Case:
    """An image and a kernel.

    A mode that is not given is drawn, with odd kernels for "same", which have one centre whatever the convention.
    `beyond`: the kernel is several times as large as the image; `swap`: it covers the image; `odd`: its sizes are odd, so
    that there is one centre.
    """
    if mode is None:
        mode = draw(st.sampled_from(("full", "same", "valid")))
        odd = odd or mode == "same"
    rank = draw(st.sampled_from(has.ranks))
    most = 4 if rank == 3 else 9
    S, R = [], []
    for _ in range(rank):
        k = draw(st.integers(2 if swap else 1, 3 if rank == 3 else 6))
        n = draw(st.integers(1, most))
        if beyond:
            n, k = draw(st.integers(1, 3)), draw(st.integers(4, 6 if rank == 3 else 11))
        if mode == "valid":
            n, k = (min(n, k), max(n, k)) if swap else (max(n, k), min(n, k))
        k -= odd and k % 2 == 0
        S.append(n)
        R.append(k)
    dtype = draw(st.sampled_from(has.dtypes))
    arguments: dict[str, object] = {"mode": mode} if mode != "full" or draw(st.booleans()) else {}
    if boundary != "fill" or draw(st.booleans()):
        arguments["boundary"] = boundary
    if fillvalue:
        low = 0 if dtype.startswith("u") else -5
        value = draw(st.integers(low, 5))
        arguments["fillvalue"] = float(value) if draw(st.booleans()) else value
    return make(op, {"in1": (tuple(S), dtype), "in2": (tuple(R), dtype)}, arguments, **rest(draw, has))
