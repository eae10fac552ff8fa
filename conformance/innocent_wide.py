"""A second correct backend: all windows are gathered into a matrix, multiplied at once in a wider type and rounded once.

Channels come before taps and the longest sums are BLAS's, so that no order of summation is that of the other rooms.
"""

from __future__ import annotations

from itertools import product
from math import prod
from typing import Any

import numpy as np

from convspec import checks
from convspec.params import Conv, Image, Pool

Array = np.ndarray[Any, Any]
ALL: Any = slice(None)
WIDER = {"float32": np.float64, "float64": np.longdouble}


def wider(dtype: np.dtype[Any]) -> Any:
    """The type that sums are made in: integers stay, since theirs are modulo a power of two."""
    return WIDER.get(dtype.name, dtype)


def meeting(p: Conv | Pool, R: tuple[int, ...], axis: int) -> Array:
    """For each output along `axis` and each tap the index of the input element that they meet, of shape (O, R)."""
    o, r = np.arange(p.O[axis])[:, None], np.arange(R[axis])[None, :]
    return np.asarray(o * p.stride[axis] + r * p.dilation[axis] - p.pads[axis][0])


def gathered(x: Array, p: Conv | Pool, R: tuple[int, ...], outside: Any) -> Array:
    """The windows of `x`, of shape (N, C, prod(O), prod(R)), with `outside` in place of padding."""
    flat, valid = np.zeros((1, 1), int), np.ones((1, 1), bool)
    for axis, n in enumerate(p.S):
        at = meeting(p, R, axis)
        inside = (at >= 0) & (at < n)
        shape = flat.shape[0] * at.shape[0], flat.shape[1] * at.shape[1]
        flat = (flat[:, None, :, None] * n + np.where(inside, at, 0)[None, :, None, :]).reshape(shape)
        valid = (valid[:, None, :, None] & inside[None, :, None, :]).reshape(shape)
    windows = x.reshape(*x.shape[:2], prod(p.S))[:, :, flat]
    return np.where(valid, windows, np.asarray(outside, x.dtype))


def conv(x: Any, w: Any, b: Any = None, **keywords: Any) -> Array:
    """conv: one product of matrices a group."""
    return multiplied(checks.conv(x, w, b, **keywords))


def local_conv(x: Any, w: Any, b: Any = None, **keywords: Any) -> Array:
    """local_conv: a product of a vector and a matrix for each position."""
    return multiplied(checks.local_conv(x, w, b, **keywords))


def tiled_conv(x: Any, w: Any, b: Any = None, **keywords: Any) -> Array:
    """tiled_conv: the positions of a kernel are those whose coordinates leave its remainders."""
    return multiplied(checks.tiled_conv(x, w, b, **keywords))


def multiplied(p: Conv) -> Array:
    """What conv, local_conv and tiled_conv have in common: each tile's positions at once."""
    wide, G = wider(p.dtype), p.groups
    windows = gathered(p.x.astype(p.dtype).astype(wide), p, p.R, 0)
    windows = windows.reshape(p.N, G, p.C // G, *p.O, prod(p.R))
    w = p.w.astype(p.dtype).astype(wide).reshape(G, p.K // G, *p.T, p.C // G * prod(p.R))
    b = np.zeros((p.K, *p.T), wide) if p.b is None else p.b.astype(p.dtype).astype(wide).reshape(p.K, *p.T)
    y = np.empty((p.N, G, p.K // G, *p.O), wide)
    for t in product(*map(range, p.T)):
        at = tuple(slice(i, None, n) for i, n in zip(t, p.T, strict=True))
        part = np.moveaxis(windows[(ALL, ALL, ALL, *at)], 2, -2)
        where = part.shape[2:-2]
        part = part.reshape(p.N, G, prod(where), p.C // G * prod(p.R))
        sums = np.matmul(part, np.swapaxes(w[(ALL, ALL, *t)], 1, 2))
        sums = sums + b[(ALL, *t)].reshape(G, 1, p.K // G)
        y[(ALL, ALL, ALL, *at)] = np.swapaxes(sums, 2, 3).reshape(p.N, G, p.K // G, *where)
    return y.reshape(p.shape).astype(p.dtype)


def conv_transpose(x: Any, w: Any, b: Any = None, **keywords: Any) -> Array:
    """conv_transpose: one product of matrices a group, whose columns are added to the outputs that they reach."""
    p = checks.conv_transpose(x, w, b, **keywords)
    wide, G = wider(p.dtype), p.groups
    a = p.x.astype(p.dtype).astype(wide).reshape(p.N, G, p.C // G, prod(p.S))
    k = p.w.astype(p.dtype).astype(wide).reshape(G, p.C // G, p.K // G * prod(p.R))
    products = np.matmul(np.swapaxes(a, 2, 3), k).reshape(p.N, G, *p.S, p.K // G, *p.R)
    y = np.zeros((p.N, G, p.K // G, *p.O), wide)
    for r in product(*map(range, p.R)):
        painted = np.moveaxis(products[(..., *r)], -1, 2)
        reach = [
            np.arange(n) * s + t * d - before
            for n, t, s, d, (before, _) in zip(p.S, r, p.stride, p.dilation, p.pads, strict=True)
        ]
        inside = [(to >= 0) & (to < o) for to, o in zip(reach, p.O, strict=True)]
        at: Any = (..., *np.ix_(*(to[kept] for to, kept in zip(reach, inside, strict=True))))
        of: Any = (..., *np.ix_(*map(np.flatnonzero, inside)))
        y[at] += painted[of]
    y = y.reshape(p.shape)
    if p.b is not None:
        y += p.b.astype(p.dtype).astype(wide).reshape(-1, *(1 for _ in p.O))
    return y.astype(p.dtype)


def max_pool(x: Any, size: Any, **keywords: Any) -> Array:
    """max_pool over gathered windows."""
    p = checks.max_pool(x, size, **keywords)
    least = -np.inf if p.dtype.kind == "f" else np.iinfo(p.dtype).min
    return np.asarray(gathered(p.x.astype(p.dtype), p, p.size, least).max(axis=-1).reshape(p.shape))


def avg_pool(x: Any, size: Any, **keywords: Any) -> Array:
    """avg_pool: the sum of a window, over the number of its elements that count."""
    p = checks.avg_pool(x, size, **keywords)
    sums = gathered(p.x.astype(p.dtype).astype(wider(p.dtype)), p, p.size, 0).sum(axis=-1).reshape(p.shape)
    count = np.ones((), int)
    for axis, (n, (before, after)) in enumerate(zip(p.S, p.pads, strict=True)):
        low, high = (-before, n + after) if p.count_include_pad else (0, n)
        at = meeting(p, p.size, axis)
        count = np.multiply.outer(count, ((at >= low) & (at < high)).sum(axis=1))
    with np.errstate(all="ignore"):
        return np.asarray((sums / count).astype(p.dtype))


def norm(parts: Array, p: float, dtype: np.dtype[Any]) -> Array:
    """The p-norm along the last axis, of numbers divided by the greatest of them."""
    a = np.abs(parts.astype(np.longdouble))
    scale = a.max(axis=-1, keepdims=True)
    with np.errstate(all="ignore"):
        unit = np.where((scale > 0) & np.isfinite(scale), scale, 1)
        return np.asarray((((a / unit) ** p).sum(axis=-1) ** (1 / np.longdouble(p)) * unit[..., 0]).astype(dtype))


def lp_pool(x: Any, size: Any, *, p: Any = 2, **keywords: Any) -> Array:
    """lp_pool over gathered windows."""
    q = checks.lp_pool(x, size, p=p, **keywords)
    return norm(gathered(q.x.astype(q.dtype), q, q.size, 0), q.p, q.dtype).reshape(q.shape)


def channel_pool(x: Any, size: Any, **keywords: Any) -> Array:
    """channel_pool over gathered channels."""
    p = checks.channel_pool(x, size, **keywords)
    chosen = np.arange(p.K)[:, None] * p.stride + np.arange(p.size)
    parts = np.moveaxis(p.x.astype(p.dtype)[:, chosen], 2, -1)
    if p.kind == "max":
        return np.asarray(parts.max(axis=-1))
    if p.kind == "lp":
        return norm(parts, p.p, p.dtype)
    with np.errstate(all="ignore"):
        return np.asarray((parts.astype(wider(p.dtype)).sum(axis=-1) / p.size).astype(p.dtype))


def convolve(in1: Any, in2: Any, *arguments: Any, **keywords: Any) -> Array:
    """convolve: each output element on its own."""
    p = checks.convolve(in1, in2, *arguments, **keywords)
    return image(p, [s - np.arange(k)[None, :] for s, k in zip(p.start, p.R, strict=True)])


def correlate(in1: Any, in2: Any, *arguments: Any, **keywords: Any) -> Array:
    """correlate: each output element on its own."""
    p = checks.correlate(in1, in2, *arguments, **keywords)
    y = image(p, [s - (k - 1) + np.arange(k)[None, :] for s, k in zip(p.start, p.R, strict=True)])
    return np.flip(y).copy() if p.swapped else y


def image(p: Image, offsets: list[Array]) -> Array:
    """y[m] = sum over t of X[m + offset(t)] in2[t], where X continues in1 by folding its indices back."""
    flat, valid = np.zeros((1, 1), int), np.ones((1, 1), bool)
    for n, size, offset in zip(p.S, p.shape, offsets, strict=True):
        at = np.arange(size)[:, None] + offset
        inside = ((at >= 0) & (at < n)) | (p.boundary != "fill")
        shape = flat.shape[0] * at.shape[0], flat.shape[1] * at.shape[1]
        flat = (flat[:, None, :, None] * n + folded(at, n, p.boundary)[None, :, None, :]).reshape(shape)
        valid = (valid[:, None, :, None] & inside[None, :, None, :]).reshape(shape)
    wide = wider(p.dtype)
    x, w = p.in1.astype(p.dtype).astype(wide).ravel(), p.in2.astype(p.dtype).astype(wide).ravel()
    y = np.zeros(len(flat), wide)
    for column, weight in enumerate(w):
        y += np.where(valid[:, column], x[flat[:, column]], np.asarray(p.fillvalue, p.dtype).astype(wide)) * weight
    return y.reshape(p.shape).astype(p.dtype)


def folded(at: Array, n: int, boundary: str) -> Array:
    """The indices within an axis of `n` elements that the boundary puts in place of `at`."""
    if boundary == "wrap":
        return at % n
    if boundary == "symm":
        return np.asarray(np.minimum(at % (2 * n), 2 * n - 1 - at % (2 * n)))
    if boundary == "reflect":
        period = max(1, 2 * n - 2)
        return np.asarray(np.minimum(at % period, (period - at) % period) if n > 1 else at * 0)
    return np.clip(at, 0, n - 1)
