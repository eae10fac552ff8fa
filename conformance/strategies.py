"""What cases are drawn from: sizes, windows, spellings of arguments, dtypes and kinds of data.

A strategy opens only the features that its clause is about, so that a failure names the clause that broke. Sizes start
small; every axis has numbers of its own, so that no two can be swapped unseen.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from hypothesis import strategies as st

from convspec import GRADIENTS, IMAGE_OPERATORS, shapes
from convspec.conformance import derived
from convspec.conformance.case import Case, make

BOUNDARY = (1, 2, 3, 4, 7, 8, 9, 15, 16, 17, 31, 32, 33, 48, 63, 64, 65)
"""Sizes on either side of the widths of vectors, tiles and blocks."""

FLOATS = ("float32", "float64")
INTEGERS = ("int8", "uint8", "int16", "uint16", "int32", "uint32", "int64", "uint64")

Draw = Callable[[Any], Any]
YES_OR_NO = st.sampled_from((True, False))
"""A choice of which yes is the simpler side."""


@dataclass(frozen=True)
class Axis:
    """One spatial axis: elements, taps, stride, dilation, padding."""

    n: int
    k: int
    s: int = 1
    d: int = 1
    pad: shapes.Pad = (0, 0)


@dataclass(frozen=True)
class Open:
    """The features that a strategy opens; what is closed stays at its default and is not passed."""

    stride: bool = False
    dilation: bool = False
    padding: str = ""
    """"" is none, "numbers" is any, and else one of the names that `padding` takes."""
    groups: bool = False
    bias: bool = False
    ceil: bool = False
    ranks: tuple[int, ...] = (1, 2, 3)
    dtypes: tuple[str, ...] = ("float32",)
    data: tuple[str, ...] = ("small", "wide")
    layouts: tuple[str, ...] = ("plain",)
    batch: tuple[int, ...] = (1, 2, 3)
    channels: int = 3
    most: int = 6
    """How many elements an axis may have beyond its first window."""


PLAIN = Open()
FULL = Open(stride=True, dilation=True, padding="numbers", groups=True, bias=True)
"""Everything that a convolution has, of the numbers that it takes; images and pools take what they have of it."""


def windows(draw: Draw, has: Open, rank: int) -> list[Axis]:
    """Axes on which a window fits: now and then the same window on each, as the simplest backends take it."""
    plain = draw(YES_OR_NO)
    first = window(draw, has, rank, plain)
    return [axis(draw, has, rank, *(first if plain or not i else window(draw, has, rank))) for i in range(rank)]


def window(draw: Draw, has: Open, rank: int, plain: bool = False) -> tuple[int, int, int, shapes.Pad]:
    """Taps, stride, dilation and padding along one axis."""
    k = draw(st.integers(1, 3 if rank == 3 else 5))
    s = draw(st.integers(1, 3)) if has.stride else 1
    d = draw(st.sampled_from((1, 1, 2)) if plain else st.integers(1, 3)) if has.dilation else 1
    before = draw(st.integers(0, 3)) if has.padding == "numbers" else 0
    after = draw(st.integers(0, 3)) if has.padding == "numbers" and not plain else before
    return k, s, d, (before, after)


def axis(draw: Draw, has: Open, rank: int, k: int, s: int, d: int, pad: shapes.Pad) -> Axis:
    """An axis with this window, and elements enough."""
    extra = draw(st.integers(0, 2 if rank == 3 else has.most))
    if has.padding in ("", "valid", "numbers"):
        return Axis(max(1, shapes.extent(k, d) - sum(pad)) + extra, k, s, d, pad)
    n = 1 + extra
    return Axis(n, k, s, d, shapes.named_padding(has.padding, n, k, stride=s, dilation=d))


def spell(draw: Draw, values: list[int]) -> Any:
    """One number for all axes where they agree, or one an axis."""
    if len(set(values)) == 1 and draw(YES_OR_NO):
        return values[0]
    return tuple(values)


def spell_padding(draw: Draw, pads: list[shapes.Pad]) -> Any:
    """Padding as one number, one an axis, or pairs, whichever says it."""
    if all(before == after for before, after in pads):
        return spell(draw, [before for before, _ in pads])
    return tuple(pads)


def spatial(draw: Draw, has: Open, axes: list[Axis]) -> dict[str, Any]:
    """The arguments that the axes' numbers make."""
    arguments: dict[str, Any] = {}
    if has.stride:
        arguments["stride"] = spell(draw, [a.s for a in axes])
    if has.padding == "numbers":
        arguments["padding"] = spell_padding(draw, [a.pad for a in axes])
    elif has.padding:
        arguments["padding"] = has.padding
    if has.dilation and (any(a.d > 1 for a in axes) or not draw(YES_OR_NO)):
        arguments["dilation"] = spell(draw, [a.d for a in axes])
    plain = {"stride": 1, "padding": 0, "dilation": 1}
    left_out = draw(st.booleans())
    return {name: v for name, v in arguments.items() if not (left_out and type(v) is int and v == plain[name])}


def rest(draw: Draw, has: Open) -> dict[str, Any]:
    """The kind of data, the seed and the layout."""
    return {
        "data": draw(st.sampled_from(has.data)),
        "seed": draw(st.integers(0, 999)),
        "layout": draw(st.sampled_from(has.layouts)),
    }


def example(op: str, dtype: str = "int8", images: int = 1, channels: int = 2) -> Case:
    """A case with sums of nine terms and more, and a bias where there is one; a small one unless more is asked for."""
    if op in IMAGE_OPERATORS:
        return make(op, {"in1": ((4, 5), dtype), "in2": ((3, 3), dtype)}, {"mode": "valid"})
    if op in GRADIENTS:
        return derived.gradient(example(derived.base(op), dtype, images, channels), op)
    x = ((images, channels, 4, 5), dtype)
    if op.endswith("_pool"):
        return make(op, {"x": x}, {"size": 2})
    tile = {"local_conv": (2, 3), "tiled_conv": (1, 2)}.get(op, ())
    return make(op, {"x": x, "w": ((channels, *tile, channels, 3, 3), dtype), "b": ((channels, *tile), dtype)}, {})


def of(op: str, has: Open = PLAIN) -> st.SearchStrategy[Case]:
    """Valid cases of any operator."""
    from convspec.conformance import strategies_gradients, strategies_images, strategies_layers, strategies_pooling

    if op in GRADIENTS:
        return strategies_gradients.gradients(op, has)
    if op in IMAGE_OPERATORS:
        return strategies_images.images(op, has)
    if op == "channel_pool":
        return strategies_pooling.channel_pools(has)
    if op.endswith("_pool"):
        return strategies_pooling.pools(op, has)
    if op == "conv_transpose":
        return strategies_layers.transposed(has)
    return strategies_layers.layers(op, has)
