"""The gradients of conv, conv_transpose, local_conv and tiled_conv: sums over the terms that an operand stands in.

A gradient by weights or bias sums each image by itself, and then the images, as the law's chain does.
"""

from __future__ import annotations

from collections.abc import Mapping
from itertools import product
from typing import Any

import numpy as np

from convspec import gradients
from convspec.params import BiasGrad
from convspec.policies import DEFAULTS
from convspec.reference.loops import Index, Outputs, indices, read, readers, window


def conv_grad_input(
    dy: Any, w: Any, x_shape: Any, *, stride: Any = 1, padding: Any = 0, dilation: Any = 1,
    groups: Any = 1, at: Any = None, stepwise: bool = False, policies: Mapping[str, str] = DEFAULTS,
) -> np.ndarray[Any, Any]:  # fmt: skip
    """dx[n, c, i] is the sum of w[k, c, r] dy[n, k, o] over the group of c and all o s - before + r d = i."""
    p = gradients.conv_grad_input(
        dy, w, x_shape, stride=stride, padding=padding, dilation=dilation, groups=groups, policies=policies
    )
    f, dx = p.forward, Outputs(p.shape, p.dtype, at)
    num = dx.arithmetic(stepwise)
    dy, w = num.lift(p.dy, p.operand)
    Cg, Kg = f.C // f.groups, f.K // f.groups
    for n, c, *i in dx:
        acc = num.zero
        windows = readers(tuple(i), f.R, f.stride, f.dilation, f.pads, f.O)
        for k in range(c // Cg * Kg, (c // Cg + 1) * Kg):
            for r, o in windows:
                acc = num.fma(dy[n, k, *o], w[k, c % Cg, *r], acc)  # [conv.grad-input]
        dx[n, c, *i] = num.total(acc)
    return dx.array()


def conv_grad_weight(
    dy: Any, x: Any, w_shape: Any, *, stride: Any = 1, padding: Any = 0, dilation: Any = 1,
    groups: Any = 1, at: Any = None, stepwise: bool = False, policies: Mapping[str, str] = DEFAULTS,
) -> np.ndarray[Any, Any]:  # fmt: skip
    """dw[k, c, r] is the sum of dy[n, k, o] x[n, g C/G + c, o s - before + r d] over all n and o, with g the group of k."""
    p = gradients.conv_grad_weight(
        dy, x, w_shape, stride=stride, padding=padding, dilation=dilation, groups=groups, policies=policies
    )
    f, dw = p.forward, Outputs(p.shape, p.dtype, at)
    num = dw.arithmetic(stepwise)
    dy, x = num.lift(p.dy, p.operand)
    Cg, Kg = f.C // f.groups, f.K // f.groups
    for k, c, *r in dw:
        acc = num.zero
        for n in range(f.N):
            image = num.zero
            for o in indices(f.O):
                i = read(o, tuple(r), f.stride, f.dilation, f.pads, f.S)
                if i is not None or policies["padded_tap"] != "skipped":
                    value = num.zero if i is None else x[n, k // Kg * Cg + c, *i]
                    image = num.fma(dy[n, k, *o], value, image)  # [conv.grad-weight]
            acc = num.add(image, acc)
        dw[k, c, *r] = num.total(acc)
    return dw.array()


def conv_grad_bias(
    dy: Any, *, at: Any = None, stepwise: bool = False, policies: Mapping[str, str] = DEFAULTS
) -> np.ndarray[Any, Any]:
    """db[k] is the sum of dy[n, k, o] over all n and o."""
    p = gradients.conv_grad_bias(dy, policies=policies)
    return _bias(p, at, stepwise)  # [conv.grad-bias]


def conv_transpose_grad_input(
    dy: Any, w: Any, x_shape: Any, *, stride: Any = 1, padding: Any = 0, output_padding: Any = 0,
    dilation: Any = 1, groups: Any = 1, at: Any = None, stepwise: bool = False, policies: Mapping[str, str] = DEFAULTS,
) -> np.ndarray[Any, Any]:  # fmt: skip
    """dx[n, c, i] is the sum of w[c, k, r] dy[n, g K/G + k, i s + r d - before] over k and r, with g the group of c."""
    p = gradients.conv_transpose_grad_input(
        dy,
        w,
        x_shape,
        stride=stride,
        padding=padding,
        output_padding=output_padding,
        dilation=dilation,
        groups=groups,
        policies=policies,
    )
    f, dx = p.forward, Outputs(p.shape, p.dtype, at)
    num = dx.arithmetic(stepwise)
    dy, w = num.lift(p.dy, p.operand)
    Cg, Kg = f.C // f.groups, f.K // f.groups
    for n, c, *i in dx:
        acc = num.zero
        taps = window(tuple(i), f.R, f.stride, f.dilation, f.pads, f.O)
        for k in range(Kg):
            for r, o in taps:
                if o is not None or policies["padded_tap"] != "skipped":
                    value = num.zero if o is None else dy[n, c // Cg * Kg + k, *o]
                    acc = num.fma(value, w[c, k, *r], acc)  # [conv_transpose.grad-input]
        dx[n, c, *i] = num.total(acc)
    return dx.array()


def conv_transpose_grad_weight(
    dy: Any, x: Any, w_shape: Any, *, stride: Any = 1, padding: Any = 0, output_padding: Any = 0,
    dilation: Any = 1, groups: Any = 1, at: Any = None, stepwise: bool = False, policies: Mapping[str, str] = DEFAULTS,
) -> np.ndarray[Any, Any]:  # fmt: skip
    """dw[c, k, r] is the sum of x[n, c, i] dy[n, g K/G + k, i s + r d - before] over all n and i, g the group of c."""
    p = gradients.conv_transpose_grad_weight(
        dy,
        x,
        w_shape,
        stride=stride,
        padding=padding,
        output_padding=output_padding,
        dilation=dilation,
        groups=groups,
        policies=policies,
    )
    f, dw = p.forward, Outputs(p.shape, p.dtype, at)
    num = dw.arithmetic(stepwise)
    dy, x = num.lift(p.dy, p.operand)
    Cg, Kg = f.C // f.groups, f.K // f.groups
    for c, k, *r in dw:
        acc = num.zero
        for n in range(f.N):
            image = num.zero
            for i in indices(f.S):
                o = read(i, tuple(r), f.stride, f.dilation, f.pads, f.O)
                if o is not None or policies["padded_tap"] != "skipped":
                    value = num.zero if o is None else dy[n, c // Cg * Kg + k, *o]
                    image = num.fma(value, x[n, c, *i], image)  # [conv_transpose.grad-weight]
            acc = num.add(image, acc)
        dw[c, k, *r] = num.total(acc)
    return dw.array()


def conv_transpose_grad_bias(
    dy: Any, *, at: Any = None, stepwise: bool = False, policies: Mapping[str, str] = DEFAULTS
) -> np.ndarray[Any, Any]:
    """db[k] is the sum of dy[n, k, o] over all n and o."""
    p = gradients.conv_transpose_grad_bias(dy, policies=policies)
    return _bias(p, at, stepwise)  # [conv_transpose.grad-bias]


def local_conv_grad_input(
    dy: Any, w: Any, x_shape: Any, *, stride: Any = 1, padding: Any = 0, dilation: Any = 1,
    groups: Any = 1, at: Any = None, stepwise: bool = False, policies: Mapping[str, str] = DEFAULTS,
) -> np.ndarray[Any, Any]:  # fmt: skip
    """dx[n, c, i] is the sum of w[k, o, c, r] dy[n, k, o] over the group of c and all o s - before + r d = i."""
    p = gradients.local_conv_grad_input(
        dy, w, x_shape, stride=stride, padding=padding, dilation=dilation, groups=groups, policies=policies
    )
    f, dx = p.forward, Outputs(p.shape, p.dtype, at)
    num = dx.arithmetic(stepwise)
    dy, w = num.lift(p.dy, p.operand)
    Cg, Kg = f.C // f.groups, f.K // f.groups
    for n, c, *i in dx:
        acc = num.zero
        windows = readers(tuple(i), f.R, f.stride, f.dilation, f.pads, f.O)
        for k in range(c // Cg * Kg, (c // Cg + 1) * Kg):
            for r, o in windows:
                acc = num.fma(dy[n, k, *o], w[k, *o, c % Cg, *r], acc)  # [local_conv.grad-input]
        dx[n, c, *i] = num.total(acc)
    return dx.array()


def local_conv_grad_weight(
    dy: Any, x: Any, w_shape: Any, *, stride: Any = 1, padding: Any = 0, dilation: Any = 1,
    groups: Any = 1, at: Any = None, stepwise: bool = False, policies: Mapping[str, str] = DEFAULTS,
) -> np.ndarray[Any, Any]:  # fmt: skip
    """dw[k, o, c, r] is the sum of dy[n, k, o] x[n, g C/G + c, o s - before + r d] over all n."""
    p = gradients.local_conv_grad_weight(
        dy, x, w_shape, stride=stride, padding=padding, dilation=dilation, groups=groups, policies=policies
    )
    f, dw = p.forward, Outputs(p.shape, p.dtype, at)
    num = dw.arithmetic(stepwise)
    dy, x = num.lift(p.dy, p.operand)
    Cg, Kg = f.C // f.groups, f.K // f.groups
    rank = len(f.R)
    for k, *rest in dw:
        t, c, r = rest[:rank], rest[rank], rest[rank + 1 :]
        acc = num.zero
        for n in range(f.N):
            image = num.zero
            i = read(tuple(t), tuple(r), f.stride, f.dilation, f.pads, f.S)
            if i is not None or policies["padded_tap"] != "skipped":
                value = num.zero if i is None else x[n, k // Kg * Cg + c, *i]
                image = num.fma(dy[n, k, *t], value, image)  # [local_conv.grad-weight]
            acc = num.add(image, acc)
        dw[k, *t, c, *r] = num.total(acc)
    return dw.array()


def local_conv_grad_bias(
    dy: Any, *, at: Any = None, stepwise: bool = False, policies: Mapping[str, str] = DEFAULTS
) -> np.ndarray[Any, Any]:
    """db[k, o] is the sum of dy[n, k, o] over all n."""
    p = gradients.local_conv_grad_bias(dy, policies=policies)
    return _bias(p, at, stepwise)  # [local_conv.grad-bias]


def tiled_conv_grad_input(
    dy: Any, w: Any, x_shape: Any, *, stride: Any = 1, padding: Any = 0, dilation: Any = 1,
    groups: Any = 1, at: Any = None, stepwise: bool = False, policies: Mapping[str, str] = DEFAULTS,
) -> np.ndarray[Any, Any]:  # fmt: skip
    """dx[n, c, i] is the sum of w[k, o mod T, c, r] dy[n, k, o] over the group of c and all o s - before + r d = i."""
    p = gradients.tiled_conv_grad_input(
        dy, w, x_shape, stride=stride, padding=padding, dilation=dilation, groups=groups, policies=policies
    )
    f, dx = p.forward, Outputs(p.shape, p.dtype, at)
    num = dx.arithmetic(stepwise)
    dy, w = num.lift(p.dy, p.operand)
    Cg, Kg = f.C // f.groups, f.K // f.groups
    for n, c, *i in dx:
        acc = num.zero
        windows = readers(tuple(i), f.R, f.stride, f.dilation, f.pads, f.O)
        for k in range(c // Cg * Kg, (c // Cg + 1) * Kg):
            for r, o in windows:
                acc = num.fma(dy[n, k, *o], w[k, *tile(o, f.T), c % Cg, *r], acc)  # [tiled_conv.grad-input]
        dx[n, c, *i] = num.total(acc)
    return dx.array()


def tiled_conv_grad_weight(
    dy: Any, x: Any, w_shape: Any, *, stride: Any = 1, padding: Any = 0, dilation: Any = 1,
    groups: Any = 1, at: Any = None, stepwise: bool = False, policies: Mapping[str, str] = DEFAULTS,
) -> np.ndarray[Any, Any]:  # fmt: skip
    """dw[k, t, c, r] is the sum of dy[n, k, o] x[n, g C/G + c, o s - before + r d] over all n and o mod T = t."""
    p = gradients.tiled_conv_grad_weight(
        dy, x, w_shape, stride=stride, padding=padding, dilation=dilation, groups=groups, policies=policies
    )
    f, dw = p.forward, Outputs(p.shape, p.dtype, at)
    num = dw.arithmetic(stepwise)
    dy, x = num.lift(p.dy, p.operand)
    Cg, Kg = f.C // f.groups, f.K // f.groups
    rank = len(f.R)
    for k, *rest in dw:
        t, c, r = rest[:rank], rest[rank], rest[rank + 1 :]
        acc = num.zero
        for n in range(f.N):
            image = num.zero
            for o in positions(t, f.T, f.O):
                i = read(o, tuple(r), f.stride, f.dilation, f.pads, f.S)
                if i is not None or policies["padded_tap"] != "skipped":
                    value = num.zero if i is None else x[n, k // Kg * Cg + c, *i]
                    image = num.fma(dy[n, k, *o], value, image)  # [tiled_conv.grad-weight]
            acc = num.add(image, acc)
        dw[k, *t, c, *r] = num.total(acc)
    return dw.array()


def tiled_conv_grad_bias(
    dy: Any, b_shape: Any, *, at: Any = None, stepwise: bool = False, policies: Mapping[str, str] = DEFAULTS
) -> np.ndarray[Any, Any]:
    """db[k, t] is the sum of dy[n, k, o] over all n and o mod T = t."""
    p = gradients.tiled_conv_grad_bias(dy, b_shape, policies=policies)
    return _bias(p, at, stepwise)  # [tiled_conv.grad-bias]


def _bias(p: BiasGrad, at: Any, stepwise: bool) -> np.ndarray[Any, Any]:
    """The sum of dy over the images and the positions that share a bias."""
    db = Outputs(p.shape, p.dtype, at)
    num = db.arithmetic(stepwise)
    (dy,) = num.lift(p.dy)
    for k, *t in db:
        acc = num.zero
        for n in range(p.N):
            image = num.zero
            for o in positions(t or (0,) * len(p.T), p.T, p.O):
                image = num.add(dy[n, k, *o], image)
            acc = num.add(image, acc)
        db[k, *t] = num.total(num.start(acc))
    return db.array()


def tile(o: Index, T: Index) -> Index:
    """The kernel that output `o` uses."""
    return tuple(a % m for a, m in zip(o, T, strict=True))


def positions(t: Any, T: Index, O: Index) -> list[Index]:
    """The outputs o with o mod T = t, which use kernel `t` of a tile, in row-major order."""
    return list(product(*(range(a, n, m) for a, m, n in zip(t, T, O, strict=True))))
