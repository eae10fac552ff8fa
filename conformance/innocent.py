"""A correct backend in plain numpy, written from the law alone: the judge must never accuse it.

It shares the validation with the other rooms and no arithmetic with any: operands are padded, one slice is taken for each
tap, and the slices are contracted. The planted bugs are small changes to it.
"""

from __future__ import annotations

from itertools import product
from typing import Any

import numpy as np

from convspec import checks
from convspec.params import ChannelPool, Conv, Image, Pool

Array = np.ndarray[Any, Any]


def trailing(a: Array, index: Any) -> Array:
    """`a` with an index for each of its last axes."""
    found: Array = a[(..., *index)]
    return found


def taps(x: Array, R: Any, O: Any, stride: Any, dilation: Any) -> list[tuple[tuple[int, ...], Array]]:
    """For each tap, row-major, the elements of the trailing axes of the padded `x` that it meets, of shape (..., *O)."""
    found = []
    for r in product(*map(range, R)):
        axes = zip(r, O, stride, dilation, strict=True)
        found.append((r, trailing(x, [slice(i * d, i * d + (n - 1) * s + 1, s) for i, n, s, d in axes])))
    return found


def channel_taps(x: Array, p: ChannelPool) -> list[Array]:
    """For each of the channels of a window, those that the windows meet there: every stride-th, of shape (N, K, ...)."""
    return [x[:, i : i + (p.K - 1) * p.stride + 1 : p.stride] for i in range(p.size)]


def padded(x: Array, p: Conv | Pool, R: Any, value: Any = 0) -> Array:
    """`x` with its padding, and as much more after it as the last window overhangs."""
    pads = [(0, 0)] * (x.ndim - len(R))
    for n, k, o, s, d, (before, after) in zip(p.S, R, p.O, p.stride, p.dilation, p.pads, strict=True):
        pads.append((before, max(after, (o - 1) * s + (k - 1) * d + 1 - n - before)))
    return np.pad(x, pads, constant_values=value)


def conv(x: Any, w: Any, b: Any = None, **keywords: Any) -> Array:
    """conv: one contraction over the channels of a group for each tap."""
    return convolved(checks.conv(x, w, b, **keywords))


def local_conv(x: Any, w: Any, b: Any = None, **keywords: Any) -> Array:
    """local_conv, as tiled_conv with a tile of the output's size."""
    return convolved(checks.local_conv(x, w, b, **keywords))


def tiled_conv(x: Any, w: Any, b: Any = None, **keywords: Any) -> Array:
    """tiled_conv: the kernels are repeated over the output."""
    return convolved(checks.tiled_conv(x, w, b, **keywords))


def convolved(p: Conv) -> Array:
    """What conv, local_conv and tiled_conv have in common."""
    G, rank = p.groups, len(p.O)
    x = padded(p.x.astype(p.dtype), p, p.R)
    w = p.w.astype(p.dtype)
    w = w.reshape(p.K, *p.T, *w.shape[-1 - rank :])
    b = np.zeros((p.K, *p.T), p.dtype) if p.b is None else p.b.astype(p.dtype).reshape(p.K, *p.T)
    for axis, (t, o) in enumerate(zip(p.T, p.O, strict=True), 1):
        if t > 1:
            w, b = (a.take(np.arange(o) % t, axis=axis) for a in (w, b))
    tile = w.shape[1 : rank + 1]
    w = w.reshape(G, p.K // G, *tile, p.C // G, *p.R)
    y = np.broadcast_to(b, p.shape).copy()
    for r, part in taps(x, p.R, p.O, p.stride, p.dilation):
        part = part.reshape(p.N, G, p.C // G, *p.O)
        y += np.einsum("ngc...,gk...c->ngk...", part, trailing(w, r)).reshape(p.shape)
    return y


def conv_transpose(x: Any, w: Any, b: Any = None, **keywords: Any) -> Array:
    """conv_transpose: every input element paints its kernel onto a canvas, of which the padding is cut off."""
    return painted(checks.conv_transpose(x, w, b, **keywords))


def painted(p: Conv) -> Array:
    """The canvas of conv_transpose."""
    G = p.groups
    x = p.x.astype(p.dtype).reshape(p.N, G, p.C // G, *p.S)
    w = p.w.astype(p.dtype).reshape(G, p.C // G, p.K // G, *p.R)
    size = [max(before + o, (n - 1) * s + (k - 1) * d + 1) for n, k, o, s, d, (before, _) in
            zip(p.S, p.R, p.O, p.stride, p.dilation, p.pads, strict=True)]  # fmt: skip
    canvas = np.zeros((p.N, p.K, *size), p.dtype)
    for r, part in taps(canvas, p.R, p.S, p.stride, p.dilation):
        part += np.einsum("ngc...,gck->ngk...", x, trailing(w, r)).reshape(p.N, p.K, *p.S)
    y = trailing(canvas, [slice(before, before + o) for o, (before, _) in zip(p.O, p.pads, strict=True)])
    return np.array(y if p.b is None else y + p.b.astype(p.dtype).reshape(-1, *(1 for _ in p.O)), order="C")


def max_pool(x: Any, size: Any, **keywords: Any) -> Array:
    """max_pool: padding is the identity of the maximum."""
    p = checks.max_pool(x, size, **keywords)
    least = -np.inf if p.dtype.kind == "f" else np.iinfo(p.dtype).min
    x = padded(p.x.astype(p.dtype), p, p.size, least)
    return np.asarray(np.maximum.reduce([part for _, part in taps(x, p.size, p.O, p.stride, p.dilation)]))


def avg_pool(x: Any, size: Any, **keywords: Any) -> Array:
    """avg_pool: a sum of slices over a count of ones."""
    p = checks.avg_pool(x, size, **keywords)
    total = sum(part for _, part in taps(padded(p.x.astype(p.dtype), p, p.size), p.size, p.O, p.stride, p.dilation))
    with np.errstate(all="ignore"):
        return np.asarray(total / divisors(p).astype(p.dtype))


def divisors(p: Pool) -> Array:
    """The divisor of each window, from an image of ones."""
    pads = p.pads if p.count_include_pad else [(0, 0) for _ in p.S]
    ones = np.pad(np.ones(p.S, int), pads)
    if p.count_include_pad:
        ones[...] = 1
        ones = np.pad(ones, [(0, max(0, (o - 1) * s + (k - 1) * d + 1 - n)) for n, k, o, s, d in
                             zip(ones.shape, p.size, p.O, p.stride, p.dilation, strict=True)])  # fmt: skip
    else:
        ones = padded(ones, p, p.size)
    return np.asarray(sum(part for _, part in taps(ones, p.size, p.O, p.stride, p.dilation)))


def lp_pool(x: Any, size: Any, *, p: Any = 2, **keywords: Any) -> Array:
    """lp_pool: powers in float64."""
    q = checks.lp_pool(x, size, p=p, **keywords)
    a = padded(np.abs(q.x.astype(np.float64)), q, q.size)
    return norm([part for _, part in taps(a, q.size, q.O, q.stride, q.dilation)], q.p, q.dtype)


def norm(parts: list[Array], p: float, dtype: np.dtype[Any]) -> Array:
    """(sum a^p)^(1/p) over the arrays `parts`, none of them negative."""
    with np.errstate(all="ignore"):
        if p == 1:
            return np.asarray(sum(part.astype(dtype) for part in parts))
        return np.asarray(
            np.asarray(sum(part.astype(np.longdouble) ** p for part in parts)) ** (1 / np.longdouble(p)), dtype
        )


def channel_pool(x: Any, size: Any, **keywords: Any) -> Array:
    """channel_pool: every stride-th channel, `size` times."""
    p = checks.channel_pool(x, size, **keywords)
    parts = channel_taps(p.x.astype(p.dtype), p)
    if p.kind == "max":
        return np.asarray(np.maximum.reduce(parts))
    if p.kind == "lp":
        return norm([np.abs(part.astype(np.float64)) for part in parts], p.p, p.dtype)
    return np.asarray(sum(parts) / np.asarray(p.size, p.dtype))


def convolve(in1: Any, in2: Any, *arguments: Any, **keywords: Any) -> Array:
    """convolve: the extended image, sliced once for each element of in2."""
    p = checks.convolve(in1, in2, *arguments, **keywords)
    return image(p, p.in2)


def correlate(in1: Any, in2: Any, *arguments: Any, **keywords: Any) -> Array:
    """correlate: convolve with in2 reversed."""
    p = checks.correlate(in1, in2, *arguments, **keywords)
    y = image(p, np.flip(p.in2))
    return np.ascontiguousarray(np.flip(y)) if p.swapped else y


def image(p: Image, kernel: Array) -> Array:
    """The convolution of the extended in1 with `kernel`."""
    modes: dict[str, dict[str, Any]] = {
        "fill": {"mode": "constant", "constant_values": p.fillvalue}, "wrap": {"mode": "wrap"},
        "symm": {"mode": "symmetric"}, "reflect": {"mode": "reflect"}, "edge": {"mode": "edge"},
    }  # fmt: skip
    x = np.pad(p.in1.astype(p.dtype), [(k - 1, k - 1) for k in p.R], **modes[p.boundary])
    y = np.zeros(p.shape, p.dtype)
    for t in product(*map(range, p.R)):
        at = zip(t, p.R, p.start, p.shape, strict=True)
        y += x[tuple(slice(k - 1 + s - i, k - 1 + s - i + n) for i, k, s, n in at)] * kernel[t].astype(p.dtype)
    return y
