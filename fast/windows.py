"""Every operator as sliding windows: what the law calls by ten names, the kernels know as one loop."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import product
from math import prod
from typing import Any

import numpy as np

from convspec.fast.axes import STRUCT, Axis, existing_terms, phases, tiles
from convspec.params import BiasGrad, ChannelPool, Conv, Image, Pool

KINDS = ("fma", "local", "max", "mean", "abs", "square", "power")
DTYPES = ("int8", "uint8", "int16", "uint16", "int32", "uint32", "int64", "uint64", "float32", "float64",
    "bytes", "words")  # fmt: skip
BOUNDARIES = ("fill", "wrap", "symm", "reflect", "edge")

GROUPS = 3
"""Where the fields of a window have its groups."""

FEW_POSITIONS = 16
"""Below so many output positions a kernel, tiled_conv reads its weights as local_conv does."""

OVERHANG = 4
"""Pooling windows so many times larger than the input are cut to it."""


@dataclass(frozen=True)
class Windows:
    """What the kernels are asked to do: the windows of one call, the padding value and the order of a norm."""

    fields: list[tuple[int, ...]]
    dtype: np.dtype[Any]
    fill: float = 0
    power: float = 0
    covers: bool = True
    """Whether the windows write every element of the result."""
    zeros: bool = True
    """Whether terms beyond the edges are left to be zeros, which in a transposed convolution asks for finite weights."""

    def fill_bytes(self) -> bytes:
        """The padding value as one element; integers modulo 2^k."""
        value = self.fill % 2 ** (8 * self.dtype.itemsize) if self.dtype.kind == "u" else self.fill
        return np.array(value, self.dtype).tobytes()


def _strides(shape: Sequence[int]) -> tuple[int, ...]:
    return tuple(prod(shape[i + 1 :]) for i in range(len(shape)))


def _fields(
    kind: str, dtype: np.dtype[Any], axes: Iterable[Axis], *, groups: int = 1, channels: int = 1, outputs: int = 1,
    weights: tuple[int, int, int] = (0, 0, 0), biases: int = 0, bases: tuple[int, int, int] = (0, 0, 0), plane: int,
    apart: int | None = None, last: bool = False, boundary: str = "fill",
) -> tuple[int, ...]:  # fmt: skip
    """One `cs_window`; `weights` are the elements between groups, outputs and channels, `biases` between biases, `apart`
    between outputs, if not a plane; `bases` is where weights, bias and result begin. Results are planes, or, with the
    channels `last`, their outputs are neighbours."""
    axes = tuple(axes)
    w, b, y = (sum(starts) for starts in zip(bases, *(a[STRUCT:] for a in axes), strict=True))
    head = (KINDS.index(kind), DTYPES.index(dtype.name), BOUNDARIES.index(boundary), groups, channels, outputs)
    group = plane * (1 if apart else outputs)
    planes = (groups * group, outputs, 1) if last else (groups * group, group, apart or plane)
    rest = (w, *weights, b, biases, y, *planes)
    return head + rest + sum((a[:STRUCT] for a in (*(Axis(),) * (3 - len(axes)), *axes)), ())


def _sum_dtype(dtype: np.dtype[Any]) -> np.dtype[Any]:
    """The dtype to compute sums in: of integers they are modulo 2^k, so unsigned."""
    return np.dtype(f"u{dtype.name}") if dtype.kind == "i" else dtype


def _result_strides(c: Conv | Pool, last: bool) -> tuple[int, ...]:
    """Elements of the result between neighbours along each spatial axis."""
    channels = c.shape[1] if last else 1
    return tuple(s * channels for s in _strides(c.O))


def conv(c: Conv, last: bool = False) -> Windows:
    """conv, local_conv and tiled_conv: in turn over the kernels of a small tile, else each position with its own. With the
    result's channels `last` in memory: conv only."""
    dtype = _sum_dtype(c.dtype)
    channels, outputs, kernels = c.C // c.groups, c.K // c.groups, prod(c.T)
    size = channels * prod(c.R)
    shape: dict[str, Any] = {"groups": c.groups, "channels": channels, "outputs": outputs, "plane": prod(c.O)}
    ys = _result_strides(c, last)
    geometry = zip(c.S, c.O, c.stride, c.R, c.pads, c.dilation, _strides(c.R), ys, c.T, strict=True)
    axes = [Axis(n, o, s, r, -p[0], d, w, y, tile=t) for n, o, s, r, p, d, w, y, t in geometry]
    if kernels > 1 and prod(c.O) < FEW_POSITIONS * kernels:
        return Windows([_fields("local", dtype, axes, **shape)], dtype)
    weights = (outputs * kernels * size, kernels * size, prod(c.R))
    if kernels == 1:
        return Windows([_fields("fma", dtype, axes, weights=weights, biases=1, last=last, **shape)], dtype)
    per_axis = [tiles(a, a.tile, step, size) for a, step in zip(axes, _strides(c.T), strict=True)]
    return Windows(
        [_fields("fma", dtype, tile, weights=weights, biases=kernels, **shape) for tile in product(*per_axis)], dtype
    )


def unshared(c: Conv) -> tuple[int, ...]:
    """The windows of local_conv and tiled_conv with each position by itself, for any tile."""
    geometry = zip(c.S, c.O, c.stride, c.R, c.pads, c.dilation, _strides(c.O), c.T, strict=True)
    axes = [Axis(n, o, s, r, -p[0], d, y=y, tile=t) for n, o, s, r, p, d, y, t in geometry]
    shape: dict[str, Any] = {
        "groups": c.groups,
        "channels": c.C // c.groups,
        "outputs": c.K // c.groups,
        "plane": prod(c.O),
    }
    return _fields("local", _sum_dtype(c.dtype), axes, **shape)


def bias(c: BiasGrad) -> Windows:
    """The positions that share a bias, for each of a small tile in turn."""
    dtype, kernels = _sum_dtype(c.dtype), prod(c.T)
    axes = [Axis(o, o, y=y, tile=t) for o, y, t in zip(c.O, _strides(c.O), c.T, strict=True)]
    per_axis = [tiles(a, a.tile, step, 1) for a, step in zip(axes, _strides(c.T), strict=True)]
    fields = [
        _fields("fma", dtype, tile, outputs=c.K, weights=(0, kernels, 1), plane=prod(c.O))
        for tile in product(*per_axis)
    ]
    return Windows(fields, dtype)


def conv_transpose(c: Conv, finite: bool, last: bool = False) -> Windows:
    """conv_transpose: a stride-1 window for each phase of the output, which may have its channels `last` in memory.

    The law sums only the terms that exist. Zeros beyond the edges are the same while the weights are `finite`; where
    they are not, windows are cut so that none reaches beyond.
    """
    dtype = _sum_dtype(c.dtype)
    channels, outputs, taps = c.C // c.groups, c.K // c.groups, prod(c.R)
    ys = _result_strides(c, last)
    geometry = zip(c.S, c.O, c.R, c.stride, c.dilation, c.pads, _strides(c.R), ys, strict=True)
    per_axis = [phases(n, o, r, stride=s, dilation=d, before=p[0], w=w, y=y) for n, o, r, s, d, p, w, y in geometry]
    covers = all(sum(a.out for a in axes) == o for axes, o in zip(per_axis, c.O, strict=True))
    if not finite:
        per_axis = [[piece for a in axes for piece in existing_terms(a)] for axes in per_axis]
    shape: dict[str, Any] = {"groups": c.groups, "channels": channels, "outputs": outputs, "plane": prod(c.O)}
    weights = (channels * outputs * taps, taps, outputs * taps)
    row = c.R[-1]
    apart = row == c.stride[-1] and c.dilation[-1] == 1 and c.pads[-1][0] == 0 and c.O[-1] == row * c.S[-1]
    if apart and row > outputs and c.groups == 1 and not last:
        fields = _rows_as_outputs(c, dtype, per_axis[:-1])
    else:
        fields = [
            _fields("fma", dtype, axes, weights=weights, biases=1, last=last, **shape) for axes in product(*per_axis)
        ]
    return Windows(fields, dtype, covers=covers, zeros=finite)


def _rows_as_outputs(c: Conv, dtype: np.dtype[Any], per_axis: list[list[Axis]]) -> list[tuple[int, ...]]:
    """conv_transpose by rows of the kernel that do not overlap: long ones are the outputs of a window for each channel."""
    row, taps, plane = c.R[-1], prod(c.R), prod(c.O)
    last = Axis(c.S[-1], c.S[-1], y=row)
    return [
        _fields(
            "fma", dtype, (*axes, last), channels=c.C, outputs=row, weights=(0, 1, c.K * taps), plane=c.K * plane,
            apart=1, bases=(k * taps, k, k * plane),
        )
        for axes in product(*per_axis) for k in range(c.K)
    ]  # fmt: skip


def pool(c: Pool, last: bool = False) -> Windows:
    """max_pool, avg_pool and lp_pool: every channel is a group of its own. The result may have them `last` in memory."""
    per_axis = [existing_terms(a) if a.taps * a.gap > OVERHANG * a.size else [a] for a in _pool_axes(c, last)]
    kind = {"max_pool": "max", "avg_pool": "mean"}.get(c.op) or _norm(c.p)
    fields = [_fields(kind, c.dtype, tile, groups=c.C, plane=prod(c.O), last=last) for tile in product(*per_axis)]
    return Windows(fields, c.dtype, _identity(kind, c.dtype), c.p)


def whole_pool(c: Pool, dtype: np.dtype[Any]) -> Windows:
    """The same as one window, of operands of that dtype."""
    kind = {"max_pool": "max", "avg_pool": "mean"}.get(c.op) or _norm(c.p)
    fields = _fields(kind, dtype, _pool_axes(c), groups=c.C, plane=prod(c.O))
    return Windows([fields], dtype, _identity(kind, dtype), c.p)


def _pool_axes(c: Pool, last: bool = False) -> list[Axis]:
    geometry = zip(c.S, c.O, c.stride, c.size, c.pads, c.dilation, _result_strides(c, last), strict=True)
    axes = []
    for n, o, s, r, (before, after), d, y in geometry:
        low, high = (-before, n + after) if c.count_include_pad else (0, n)
        axes.append(Axis(n, o, s, r, -before, d, y=y, low=low, high=high, mean_first=-before, mean_taps=r))
    return axes


def channel_pool(c: ChannelPool, dtype: np.dtype[Any] | None = None) -> Windows:
    """channel_pool: windows over the channels of an image whose rows are the channels' pixels."""
    pixels, dtype = prod(c.S), dtype or c.dtype
    kind = {"max": "max", "avg": "mean"}.get(c.kind) or _norm(c.p)
    axes = (
        Axis(c.C, c.K, c.stride, c.size, y=pixels, high=c.C, mean_taps=c.size),
        Axis(pixels, pixels, y=1, high=pixels),
    )
    fields = _fields(kind, dtype, axes, plane=c.K * pixels)
    return Windows([fields], dtype, _identity(kind, dtype), c.p)


def image(c: Image, channels: int = 1, outputs: int = 1) -> Windows:
    """convolve and correlate. A convolution reads its kernel from the end, so that positions ascend.

    There is one channel, but for complex numbers: those are `channels` to `outputs`, and the kernel (outputs, channels,
    *R).
    """
    sign = -1 if c.op == "convolve" else 1
    geometry = zip(c.S, c.shape, c.R, c.start, _strides(c.R), _strides(c.shape), strict=True)
    axes = [Axis(n, o, 1, r, start - (r - 1), 1, sign * w, y) for n, o, r, start, w, y in geometry]
    dtype = _sum_dtype(wide(c.dtype))
    taps = prod(c.R)
    fields = _fields(
        "fma", dtype, axes, channels=channels, outputs=outputs, weights=(0, channels * taps, taps),
        bases=(taps - 1 if sign < 0 else 0, 0, 0), plane=prod(c.shape), boundary=c.boundary,
    )  # fmt: skip
    return Windows([fields], dtype, c.fillvalue)


def wide(dtype: np.dtype[Any]) -> np.dtype[Any]:
    """The dtype in which sums for a result of `dtype` are computed: at least 32 bits, which lose nothing modulo 2^k."""
    return np.dtype(f"{dtype.kind}4") if dtype.itemsize < 4 else dtype


def _norm(p: float) -> str:
    return "abs" if p == 1 else "square" if p == 2 else "power"


def _identity(kind: str, dtype: np.dtype[Any]) -> float:
    if kind != "max":
        return 0
    return -np.inf if dtype.kind == "f" else int(np.iinfo(dtype).min)
