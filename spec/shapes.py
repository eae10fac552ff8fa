"""Shape arithmetic: every size equation of the law, once, over plain integers.

Sizes are in elements. A window of `k` taps with dilation `d` covers `extent(k, d)` elements. Sources: Dumoulin and
Visin, "A guide to convolution arithmetic for deep learning" (2016), and Goodfellow, Bengio and Courville, "Deep
Learning", section 9.5.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from math import prod

from convspec.errors import SpecValueError

Pad = tuple[int, int]

PADDINGS = ("valid", "same", "same_lower", "full")
"""The strings that `padding` takes, everywhere but in conv_transpose."""


def extent(k: int, dilation: int = 1) -> int:
    """The number of elements between the first and the last tap of a window, both included."""
    return (k - 1) * dilation + 1


def output_size(
    n: int, k: int, *, stride: int = 1, dilation: int = 1, pad: Pad = (0, 0), ceil_mode: bool = False, drop: bool = True
) -> int:
    """The number of windows along an axis of `n` elements: floor((n + before + after - extent) / stride) + 1.

    `ceil_mode` rounds up instead, which adds at most one window; with `drop`, the added window counts only if it starts
    inside the input or the padding before it. The result is 0 or less where the window does not fit.
    """
    before, after = pad
    slack = n + before + after - extent(k, dilation)
    size = slack // stride + 1  # [shape.output] [lecture.dimensions]
    if ceil_mode and slack >= 0 and slack % stride and not (drop and size * stride >= n + before):  # [shape.ceil-drop]
        size += 1  # [shape.ceil-mode]
    return size


def transposed_size(
    n: int, k: int, *, stride: int = 1, dilation: int = 1, pad: Pad = (0, 0), output_padding: int = 0
) -> int:
    """The output size of a transposed convolution: (n - 1) stride - before - after + extent + output_padding."""
    return (n - 1) * stride - pad[0] - pad[1] + extent(k, dilation) + output_padding  # [shape.transposed]


def same_padding(n: int, k: int, *, stride: int = 1, dilation: int = 1, lower: bool = False) -> Pad:
    """The padding that makes the output ceil(n / stride): the odd element goes after, or before with `lower`."""
    windows = -(-n // stride)
    total = max(0, (windows - 1) * stride + extent(k, dilation) - n)  # [shape.padding-same]
    less, more = total // 2, total - total // 2
    return (more, less) if lower else (less, more)  # [shape.padding-same-lower]


def named_padding(name: str, n: int, k: int, *, stride: int = 1, dilation: int = 1) -> Pad:
    """The (before, after) pair that one of `PADDINGS` stands for, along one axis."""
    if name == "valid":
        return 0, 0  # [shape.padding-valid]
    if name == "full":
        return extent(k, dilation) - 1, extent(k, dilation) - 1  # [shape.padding-full]
    if name in ("same", "same_lower"):
        return same_padding(n, k, stride=stride, dilation=dilation, lower=name == "same_lower")
    raise SpecValueError("error.string", "padding", name, f"must be one of {', '.join(PADDINGS)}")


@dataclass(frozen=True)
class Layer:
    """One layer of a stack as seen along one axis: its window and, for `parameters` and the like, its channels."""

    kernel: int
    stride: int = 1
    dilation: int = 1
    padding: Pad = (0, 0)


@dataclass(frozen=True)
class ReceptiveField:
    """What one unit sees: `size` input elements; neighbours are `jump` apart; unit 0's first one is `start`."""

    size: int
    jump: int
    start: int


def receptive_field(layers: Iterable[Layer]) -> ReceptiveField:
    """The receptive field, along one axis, of a unit on top of `layers` (first layer first).

    `start` is negative where the first unit sees padding.
    """
    size, jump, start = 1, 1, 0
    for layer in layers:
        size += (extent(layer.kernel, layer.dilation) - 1) * jump  # [shape.receptive-field] [lecture.receptive-fields]
        start -= layer.padding[0] * jump
        jump *= layer.stride
    return ReceptiveField(size, jump, start)


def parameters(w_shape: Sequence[int], b_shape: Sequence[int] | None = None) -> int:
    """The number of free numbers of a layer: those of its weights and of its bias, whatever their sharing."""
    return prod(w_shape) + (prod(b_shape) if b_shape is not None else 0)  # [shape.parameters]


def multiply_adds(N: int, C: int, K: int, R: Sequence[int], O: Sequence[int], groups: int = 1) -> int:
    """The multiply-adds of conv, local_conv and tiled_conv, padded taps counted: one for each term of each sum."""
    return N * K * prod(O) * (C // groups) * prod(R)  # [shape.multiply-adds]


def connections(
    S: Sequence[int],
    R: Sequence[int],
    *,
    stride: int | Sequence[int] = 1,
    dilation: int | Sequence[int] = 1,
    pads: Sequence[Pad] | None = None,
) -> int:
    """The edges between one input map of size `S` and one output map: taps that fall inside the input, summed.

    A dense layer has prod(S) times prod(O) of them; this count is what sparse connectivity saves.
    """
    rank = len(S)
    strides, dilations = ((v,) * rank if isinstance(v, int) else v for v in (stride, dilation))
    total = 1
    for n, k, s, d, (before, after) in zip(S, R, strides, dilations, pads or ((0, 0),) * rank, strict=True):
        size = output_size(n, k, stride=s, dilation=d, pad=(before, after))
        total *= sum(0 <= o * s - before + r * d < n for o in range(size) for r in range(k))  # [shape.connections]
    return total


def dense_connections(S: Sequence[int], O: Sequence[int]) -> int:
    """The edges of a full connection between maps of sizes `S` and `O`: every input to every output."""
    return prod(S) * prod(O)  # [lecture.sparse-connectivity]
