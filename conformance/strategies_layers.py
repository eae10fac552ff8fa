"""Cases of conv, local_conv, tiled_conv and conv_transpose."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from hypothesis import strategies as st

from convspec import shapes
from convspec.conformance.case import Case, make
from convspec.conformance.strategies import Axis, Draw, Open, rest, spatial, spell, windows

Sizes = tuple[int, ...]


def channels(draw: Draw, has: Open) -> tuple[int, int, int]:
    """Groups, and the input and output channels of one group."""
    small = st.integers(1, has.channels)
    if not has.groups:
        return 1, draw(small), draw(small)
    return draw(st.integers(1, 3)), draw(small), draw(small)


def outputs(axes: list[Axis]) -> Sizes:
    """The output sizes of windows."""
    return tuple(shapes.output_size(a.n, a.k, stride=a.s, dilation=a.d, pad=a.pad) for a in axes)


def operands(
    draw: Draw, has: Open, x: Sizes, w: Sizes, b: Sizes, dtypes: tuple[str, str, str] | None = None
) -> dict[str, tuple[Sizes, str]]:
    """x, w and maybe b, of one dtype unless three are given."""
    names = dtypes or (draw(st.sampled_from(has.dtypes)),) * 3
    found = {"x": (x, names[0]), "w": (w, names[1])}
    if has.bias and draw(st.booleans()):
        found["b"] = (b, names[2])
    return found


@st.composite
def layers(draw: Draw, op: str, has: Open, tile: Any = None) -> Case:
    """conv, local_conv and tiled_conv; `tile` is "one" or "all" for the limits of tiled_conv."""
    rank = draw(st.sampled_from(has.ranks))
    axes = windows(draw, has, rank)
    G, Cg, Kg = channels(draw, has)
    O, R, K = outputs(axes), tuple(a.k for a in axes), G * Kg
    T: Sizes = O if op == "local_conv" or tile == "all" else (1,) * rank
    if op == "tiled_conv" and tile is None:
        T = tuple(draw(st.integers(1, 4)) for _ in range(rank))
    unshared = () if op == "conv" else T
    x = (draw(st.sampled_from(has.batch)), G * Cg, *(a.n for a in axes))
    arrays = operands(draw, has, x, (K, *unshared, Cg, *R), (K, *unshared))
    arguments = spatial(draw, has, axes) | ({"groups": G} if has.groups and (G > 1 or draw(st.booleans())) else {})
    return make(op, arrays, arguments, **rest(draw, has))


@st.composite
def transposed(draw: Draw, has: Open, output_padding: bool = False) -> Case:
    """conv_transpose, whose output has at least one element an axis."""
    rank = draw(st.sampled_from(has.ranks))
    G, Cg, Kg = channels(draw, has)
    if has.dilation and draw(st.booleans()):
        has = replace(has, dilation=False)
    axes, extra = [], []
    for _ in range(rank):
        k = draw(st.integers(1, 3 if rank == 3 else 4))
        s = draw(st.integers(1, 3)) if has.stride else 1
        d = draw(st.integers(1, 3)) if has.dilation else 1
        n = 1 + draw(st.integers(0, 2 if rank == 3 else 4))
        size = shapes.transposed_size(n, k, stride=s, dilation=d)
        before = draw(st.integers(0, min(3, size - 1))) if has.padding else 0
        after = draw(st.integers(0, min(3, size - 1 - before))) if has.padding else 0
        axes.append(Axis(n, k, s, d, (before, after)))
        extra.append(draw(st.integers(0, max(s, d) - 1)) if output_padding else 0)
    x = (draw(st.sampled_from(has.batch)), G * Cg, *(a.n for a in axes))
    arrays = operands(draw, has, x, (G * Cg, Kg, *(a.k for a in axes)), (G * Kg,))
    arguments = spatial(draw, has, axes) | ({"groups": G} if has.groups and (G > 1 or draw(st.booleans())) else {})
    if output_padding:
        arguments["output_padding"] = spell(draw, extra)
    return make("conv_transpose", arrays, arguments, **rest(draw, has))
