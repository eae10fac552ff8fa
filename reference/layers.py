"""conv, conv_transpose, local_conv and tiled_conv: sums over channels and taps, in that order."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from convspec import checks
from convspec.params import Conv
from convspec.policies import DEFAULTS
from convspec.reference.arithmetic import Arithmetic
from convspec.reference.loops import Outputs, readers, window


def conv(
    x: Any, w: Any, b: Any = None, *, stride: Any = 1, padding: Any = 0, dilation: Any = 1, groups: Any = 1,
    at: Any = None, stepwise: bool = False, policies: Mapping[str, str] = DEFAULTS,
) -> np.ndarray[Any, Any]:  # fmt: skip
    """y[n, k, o] = b[k] + sum_c sum_r w[k, c, r] x[n, g C/G + c, o s - before + r d], with g the group of k."""
    p = checks.conv(x, w, b, stride=stride, padding=padding, dilation=dilation, groups=groups, policies=policies)
    y = Outputs(p.shape, p.dtype, at)
    num = y.arithmetic(stepwise)
    x, w, b = _lift(num, p)
    Cg, Kg = p.C // p.groups, p.K // p.groups
    for n, k, *o in y:
        acc = num.start(b[k,])  # [conv.bias]
        taps = _taps(p, o, policies)
        for c in range(Cg):
            channel = k // Kg * Cg + c  # [conv.groups]
            for r, i in taps:
                acc = num.fma(num.zero if i is None else x[n, channel, *i], w[k, c, *r], acc)  # [conv.formula]
        y[n, k, *o] = num.total(acc)
    return y.array()


def local_conv(
    x: Any, w: Any, b: Any = None, *, stride: Any = 1, padding: Any = 0, dilation: Any = 1, groups: Any = 1,
    at: Any = None, stepwise: bool = False, policies: Mapping[str, str] = DEFAULTS,
) -> np.ndarray[Any, Any]:  # fmt: skip
    """y[n, k, o] = b[k, o] + sum_c sum_r w[k, o, c, r] x[n, g C/G + c, o s - before + r d]: no sharing."""
    p = checks.local_conv(x, w, b, stride=stride, padding=padding, dilation=dilation, groups=groups, policies=policies)
    y = Outputs(p.shape, p.dtype, at)
    num = y.arithmetic(stepwise)
    x, w, b = _lift(num, p)
    Cg, Kg = p.C // p.groups, p.K // p.groups
    for n, k, *o in y:
        acc = num.start(b[k, *o])
        taps = _taps(p, o, policies)
        for c in range(Cg):
            channel = k // Kg * Cg + c
            for r, i in taps:
                acc = num.fma(
                    num.zero if i is None else x[n, channel, *i], w[k, *o, c, *r], acc
                )  # [local_conv.formula]
        y[n, k, *o] = num.total(acc)
    return y.array()


def tiled_conv(
    x: Any, w: Any, b: Any = None, *, stride: Any = 1, padding: Any = 0, dilation: Any = 1, groups: Any = 1,
    at: Any = None, stepwise: bool = False, policies: Mapping[str, str] = DEFAULTS,
) -> np.ndarray[Any, Any]:  # fmt: skip
    """conv with the kernel and bias t = o mod T at output o (Goodfellow, Bengio and Courville, section 9.5)."""
    p = checks.tiled_conv(x, w, b, stride=stride, padding=padding, dilation=dilation, groups=groups, policies=policies)
    y = Outputs(p.shape, p.dtype, at)
    num = y.arithmetic(stepwise)
    x, w, b = _lift(num, p)
    Cg, Kg = p.C // p.groups, p.K // p.groups
    for n, k, *o in y:
        t = tuple(a % m for a, m in zip(o, p.T, strict=True))  # [tiled_conv.limits]
        acc = num.start(b[k, *t])
        taps = _taps(p, o, policies)
        for c in range(Cg):
            channel = k // Kg * Cg + c
            for r, i in taps:
                acc = num.fma(
                    num.zero if i is None else x[n, channel, *i], w[k, *t, c, *r], acc
                )  # [tiled_conv.formula]
        y[n, k, *o] = num.total(acc)
    return y.array()


def conv_transpose(
    x: Any, w: Any, b: Any = None, *, stride: Any = 1, padding: Any = 0, output_padding: Any = 0, dilation: Any = 1,
    groups: Any = 1, at: Any = None, stepwise: bool = False, policies: Mapping[str, str] = DEFAULTS,
) -> np.ndarray[Any, Any]:  # fmt: skip
    """y[n, k, o] = b[k] + the sum of w[c, k, r] x[n, c, i] over all c, r and i with i s + r d - before = o."""
    p = checks.conv_transpose(
        x, w, b, stride=stride, padding=padding, output_padding=output_padding, dilation=dilation, groups=groups,
        policies=policies,
    )  # fmt: skip
    y = Outputs(p.shape, p.dtype, at)
    num = y.arithmetic(stepwise)
    x, w, b = _lift(num, p)
    Cg, Kg = p.C // p.groups, p.K // p.groups
    for n, k, *o in y:
        acc = num.start(b[k,])
        taps = readers(tuple(o), p.R, p.stride, p.dilation, p.pads, p.S)
        for c in range(k // Kg * Cg, (k // Kg + 1) * Cg):  # [conv_transpose.groups]
            for r, i in taps:
                acc = num.fma(x[n, c, *i], w[c, k % Kg, *r], acc)  # [conv_transpose.formula]
        y[n, k, *o] = num.total(acc)
    return y.array()


def _lift(num: Arithmetic, p: Conv) -> list[Any]:
    """x, w and b as the arithmetic's numbers; no bias is a bias of zeros."""
    shape = (p.K,) if p.op in ("conv", "conv_transpose") else (p.K, *p.T)
    return num.lift(p.x, p.w, np.zeros(shape, p.dtype) if p.b is None else p.b)


def _taps(p: Conv, o: list[int], policies: Mapping[str, str]) -> list[tuple[tuple[int, ...], tuple[int, ...] | None]]:
    """The taps of output `o`: those in the padding read zero, unless a policy skips them."""
    taps = window(tuple(o), p.R, p.stride, p.dilation, p.pads, p.S)  # [conv.padded-tap] [policy.padded-tap]
    return [tap for tap in taps if tap[1] is not None] if policies["padded_tap"] == "skipped" else taps
