"""Gradients as windows: by the input, an operator again; by weights and bias, sums over the windows of the operator."""

from __future__ import annotations

from dataclasses import replace
from math import prod
from typing import Any

import numpy as np

from convspec.fast import _kernels, windows
from convspec.fast.calls import channels_last, operand, result, returned, view
from convspec.fast.known import Key, Known, PoolGradient, remember, run_finite, run_once
from convspec.fast.layers import describe
from convspec.fast.windows import DTYPES, GROUPS, KINDS
from convspec.params import Array, BiasGrad, ChannelPool, Conv, ConvGrad, PoolGrad

FEW_POSITIONS, FEW_OF_LARGE, FEW_OF_PART, FEW_OF_AXIS = 50, 80, 63, 1000
"""Below so many inputs of a channel, "auto" does not transform weights that are used once; of more than three taps along both
axes, and for each part of them; of more taps along one axis, or outputs two apart."""

NOTHING = np.empty(0)
CONVOLUTIONS = ("conv_grad_input", "conv_transpose_grad_input")
"""Gradients that are conv_transpose and conv of dy."""


def by_input(c: ConvGrad, key: Key, out: Array | None, threads: int, algorithm: str, last: bool) -> Array:
    """conv's is conv_transpose of dy, conv_transpose's is conv; unshared kernels add to their inputs one by one."""
    dy, w = view(c.dy, c.dtype), operand(c.operand, c.dtype)
    f = replace(c.forward, dtype=c.dtype)
    if f.op not in ("conv", "conv_transpose") and prod(f.T) > 1:
        known = Known(windows.Windows([windows.unshared(f)], c.dtype), "direct", f.N, c.shape, c.dtype)
        remember(key, known)
        return _by_unshared_input(known, dy, w, out, threads)
    described = describe(_transposed(f, dy), w, threads, last)
    small = algorithm == "auto" and prod(c.shape[2:]) < _few_positions(c, f)
    chosen = "direct" if small or c.op not in CONVOLUTIONS else algorithm
    known = Known(described, chosen, f.N, c.shape, c.dtype, last)
    if described.zeros:
        remember(key, known)
    return run_once(known, dy, w, None, out, threads)


def _few_positions(c: ConvGrad, f: Conv) -> int:
    if max(f.stride) > 1:
        return FEW_POSITIONS if c.op == "conv_grad_input" else FEW_OF_AXIS
    if max(f.R) <= 3:
        return FEW_POSITIONS
    sides = f.R[-2:]
    if len(sides) < 2 or min(sides) < 3:
        return FEW_OF_AXIS
    part = min(sides) if min(sides) < 6 else 4
    return max(FEW_OF_LARGE, FEW_OF_PART * prod(-(-r // part) for r in sides))


def by_known_input(k: Known, dy: Array, w: Array, out: Array | None, threads: int) -> Array | None:
    """The same for a call whose like is known; None for weights that are not all finite, which have other windows."""
    dy, w = view(dy, k.dtype), operand(w, k.dtype)
    if _unshared(k.described):
        return _by_unshared_input(k, dy, w, out, threads)
    return run_finite(k, dy, w, None, out, threads)


def _by_unshared_input(k: Known, dy: Array, w: Array, out: Array | None, threads: int) -> Array:
    dx = result(out, k.shape, k.dtype)
    _kernels.local_input_gradient(k.described.fields[0], w, operand(dy, k.dtype, threads), dx, k.images, threads)
    return returned(dx, out)


def _unshared(described: windows.Windows) -> bool:
    return bool(described.fields) and KINDS[described.fields[0][0]] == "local"


def by_weights(c: ConvGrad, key: Key, out: Array | None, threads: int, algorithm: str) -> Array:
    """conv_transpose's is conv's with x and dy in each other's place."""
    f = replace(c.forward, dtype=c.dtype)
    dy, x = c.dy, c.operand
    if f.op == "conv_transpose":
        f, dy, x = replace(_transposed(f, dy), op="conv"), x, dy
    last = f.groups == 1 and prod(f.T) == 1 and channels_last(dy)
    described = windows.conv(f, last)
    if _unshared(described) or len(described.fields) == prod(f.T):
        may = f.op == "conv" and algorithm in ("auto", "winograd") and f.N > 0
        tiled = may and _kernels.takes_tiles(described.fields[0], algorithm == "winograd")
        bare = replace(f, x=NOTHING, w=NOTHING, b=None)
        known = Known(described, "winograd" if tiled else "direct", f.N, c.shape, c.dtype, last, bare)
        remember(key, known)
        return by_known_weights(known, dy, x, out, threads)
    dy, x, dw = operand(dy, c.dtype, threads), operand(x, c.dtype, threads), result(out, c.shape, c.dtype)
    dw[...] = 0
    _kernels.weight_gradient(described.fields, x, dy, dw, f.N, threads)
    return returned(dw, out)


def by_known_weights(k: Known, dy: Array, x: Array, out: Array | None, threads: int) -> Array:
    """The same for a call whose like is known; conv_transpose's has dy and x in each other's place. They are of any strides."""
    fields, dw = k.described.fields, result(out, k.shape, k.dtype)
    if _unshared(k.described):
        x, dy = operand(x, k.dtype, threads), operand(dy, k.dtype, threads)
        _kernels.local_weight_gradient(fields[0], x, dy, dw, k.images, threads)
        return returned(dw, out)
    x = view(x, k.dtype) if fields[0][GROUPS] == 1 else operand(x, k.dtype, threads)
    dy = np.moveaxis(view(dy, k.dtype), 1, -1) if k.last else operand(dy, k.dtype, threads)
    if k.algorithm == "winograd":
        marks = _kernels.tile_gradient(fields[0], x, dy, dw, k.images, threads)
        if marks is not None:
            _compute_again(k, dy, x, dw, np.frombuffer(marks, bool), threads)
    else:
        _kernels.weight_gradient(fields, x, dy, dw, k.images, threads)
    return returned(dw, out)


def _compute_again(k: Known, dy: Array, x: Array, dw: Array, marks: Array, threads: int) -> None:
    """By the direct algorithm: outputs whose gradients are not finite, and channels that are marked or have such gradients too."""
    f = k.forward
    assert f is not None
    if f.groups > 1:
        _kernels.weight_gradient(k.described.fields, x, dy, dw, k.images, threads)
        return
    wrong: Array = np.logical_not(np.isfinite(dw).all(axis=tuple(range(2, dw.ndim))))
    outputs = wrong.all(axis=1)
    channels = marks.reshape(-1, f.C).any(axis=0) | wrong[~outputs].any(axis=0)
    if outputs.any():
        some, few = np.compress(outputs, dy, axis=-1 if k.last else 1), replace(f, K=int(outputs.sum()))
        dw[outputs] = _direct(few, x, some, k, threads)
    if channels.any():
        dw[:, channels] = _direct(replace(f, C=int(channels.sum())), np.compress(channels, x, axis=1), dy, k, threads)


def _direct(f: Conv, x: Array, dy: Array, k: Known, threads: int) -> Array:
    dw = np.empty((f.K, f.C, *f.R), k.dtype)
    _kernels.weight_gradient(windows.conv(f, k.last).fields, x, dy, dw, k.images, threads)
    return dw


def by_bias(c: BiasGrad, key: Key, out: Array | None, threads: int) -> Array:
    """The gradient by a weight that sees a 1 at every position; of a bias that one position has, a sum over images."""
    if prod(c.T) > 1 and c.T == c.O:
        db = result(out, c.shape, c.dtype)
        db[...] = 0
        for image in operand(c.dy, c.dtype, threads):
            np.add(db, image, out=db)
        return returned(db, out)
    known = Known(windows.bias(c), "direct", c.N, c.shape, c.dtype)
    remember(key, known)
    return by_known_bias(known, c.dy, out, threads)


def by_known_bias(k: Known, dy: Array, out: Array | None, threads: int) -> Array:
    """The same for a call whose like is known."""
    fields, db = k.described.fields, result(out, k.shape, k.dtype)
    if len(fields) < prod(k.shape[1:]):
        db[...] = 0
    _kernels.weight_gradient(fields, None, operand(dy, k.dtype, threads), db, k.images, threads)
    return returned(db, out)


def pooled(c: PoolGrad) -> PoolGradient:
    """What a checked gradient of pooling tells of others like it."""
    f = c.forward
    if max(prod(f.S), 1) * (f.C if isinstance(f, ChannelPool) else 1) >= 2**31:
        raise NotImplementedError("the gradient of pooling over 2^31 elements")
    kind = f.kind if isinstance(f, ChannelPool) else f.op.removesuffix("_pool")
    dtype = np.dtype(c.x.dtype.newbyteorder("=")) if kind == "max" and c.x is not None else c.dtype
    keywords: dict[str, Any] = {"stride": f.stride, "p": f.p}
    if isinstance(f, ChannelPool):
        described = windows.channel_pool(f, dtype)
        keywords |= {"kind": kind}
    else:
        described = windows.whole_pool(f, dtype)
        keywords |= {"padding": f.pads, "dilation": f.dilation, "ceil_mode": f.ceil_mode}
    sums = DTYPES.index(f"u{c.dtype.name}" if c.dtype.kind == "i" else c.dtype.name)
    told = described.fields[0], described.fill_bytes(), f.p, sums
    of_x = None if kind == "avg" or c.x is None else dtype
    return PoolGradient(told, f.N, c.shape, c.dtype, of_x, (f.op, f.size, keywords) if kind == "lp" else None)


def by_pooled(
    k: PoolGradient, dy: Array, x: Array | None, norm: Array | None, out: Array | None, threads: int
) -> Array:
    """Windows add to the gradients of their elements; `x` as an operand of `k.of_x`, `norm` the operator's result, each where it is
    read."""
    dx = result(out, k.shape, k.dtype)
    _kernels.pool_gradient(*k.windows, x, operand(dy, k.dtype, threads), norm, dx, k.images, threads)
    return returned(dx, out)


def _transposed(f: Conv, dy: Array) -> Conv:
    """The operator that maps dy to the gradient by the input: conv_transpose for conv and the other way round."""
    op = "conv" if f.op == "conv_transpose" else "conv_transpose"
    return replace(f, op=op, x=dy, C=f.K, K=f.C, S=f.O, O=f.S)
