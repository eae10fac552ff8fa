"""A third correct backend, of the class "fast": convolutions by the discrete Fourier transform.

Integers, special values and numbers of very different scales have no place in a transform: there, and for the last digits
of subnormal numbers, it falls back on sums, as real libraries do.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from convspec import checks
from convspec.conformance import innocent
from convspec.conformance.innocent import trailing
from convspec.params import Conv, Image

Array = np.ndarray[Any, Any]
numerics = {"*": "fast"}
SCALES = (2.0**-20, 2.0**20)
"""Between these absolute values the transform is used."""


def transformable(p: Conv | Image, *operands: Array | None) -> bool:
    """Whether all operands are floats of moderate size."""
    if p.dtype.kind != "f" or 0 in p.shape:
        return False
    for a in operands:
        if a is None:
            continue
        size = np.abs(a.astype(np.float64))
        if a.size == 0 or not np.all(np.isfinite(a)) or np.any((size > 0) & ((size < SCALES[0]) | (size > SCALES[1]))):
            return False
    return True


def transformed(x: Array, w: Array, rank: int, product: str) -> Array:
    """The full convolution along the last `rank` axes; `product` says how the others are multiplied, as in einsum."""
    axes = tuple(range(-rank, 0))
    sizes = [n + k - 1 for n, k in zip(x.shape[-rank:], w.shape[-rank:], strict=True)]
    spectrum = np.einsum(product, np.fft.fftn(x, sizes, axes), np.fft.fftn(w, sizes, axes))
    return np.asarray(np.fft.ifftn(spectrum, sizes, axes).real)


def spread(a: Array, steps: tuple[int, ...]) -> Array:
    """`a` with steps - 1 zeros between its elements along the last axes."""
    shape = [(n - 1) * s + 1 for n, s in zip(a.shape[-len(steps) :], steps, strict=True)]
    wide = np.zeros((*a.shape[: -len(steps)], *shape))
    at: Any = (..., *(slice(None, None, s) for s in steps))
    wide[at] = a
    return wide


def conv(x: Any, w: Any, b: Any = None, **keywords: Any) -> Array:
    """conv: the correlation of the padded input with the dilated kernels, of which every stride-th element is kept."""
    p = checks.conv(x, w, b, **keywords)
    if not transformable(p, p.x, p.w, p.b):
        return innocent.convolved(p)
    rank, G = len(p.O), p.groups
    a = innocent.padded(p.x.astype(np.float64), p, p.R)
    a = a.reshape(p.N, G, p.C // G, *a.shape[2:])
    k = np.flip(spread(p.w.astype(np.float64), p.dilation), tuple(range(-rank, 0)))
    full = transformed(a, k.reshape(G, p.K // G, p.C // G, *k.shape[2:]), rank, "ngc...,gkc...->ngk...")
    first = [slice(m - 1, m + (o - 1) * s, s) for m, o, s in zip(k.shape[2:], p.O, p.stride, strict=True)]
    return biased(trailing(full, first).reshape(p.shape), p)


def conv_transpose(x: Any, w: Any, b: Any = None, **keywords: Any) -> Array:
    """conv_transpose: the convolution of the stretched input with the dilated kernels, of which the padding is cut off."""
    p = checks.conv_transpose(x, w, b, **keywords)
    if not transformable(p, p.x, p.w, p.b):
        return innocent.painted(p)
    rank, G = len(p.O), p.groups
    a = spread(p.x.astype(np.float64), p.stride)
    a = a.reshape(p.N, G, p.C // G, *a.shape[2:])
    k = spread(p.w.astype(np.float64), p.dilation)
    full = transformed(a, k.reshape(G, p.C // G, p.K // G, *k.shape[2:]), rank, "ngc...,gck...->ngk...")
    more = [(0, max(0, before + o - n)) for n, o, (before, _) in zip(full.shape[3:], p.O, p.pads, strict=True)]
    full = np.pad(full, [(0, 0)] * 3 + more)
    y = trailing(full, [slice(before, before + o) for o, (before, _) in zip(p.O, p.pads, strict=True)])
    return biased(y.reshape(p.shape), p)


def biased(y: Array, p: Conv) -> Array:
    """The result with its bias, rounded to its dtype."""
    b = 0 if p.b is None else p.b.astype(np.float64).reshape(-1, *(1 for _ in p.O))
    return np.ascontiguousarray((y + b).astype(p.dtype))


def convolve(in1: Any, in2: Any, *arguments: Any, **keywords: Any) -> Array:
    """convolve: the full convolution of the extended image, and of that the part that was asked for."""
    p = checks.convolve(in1, in2, *arguments, **keywords)
    return image(p, p.in2)


def correlate(in1: Any, in2: Any, *arguments: Any, **keywords: Any) -> Array:
    """correlate: convolve with in2 reversed."""
    p = checks.correlate(in1, in2, *arguments, **keywords)
    y = image(p, np.flip(p.in2))
    return np.ascontiguousarray(np.flip(y)) if p.swapped else y


def image(p: Image, kernel: Array) -> Array:
    """The convolution of the extended in1 with `kernel`."""
    fill = np.asarray(p.fillvalue, np.float64)
    if not transformable(p, p.in1, kernel, fill if p.boundary == "fill" else None):
        return innocent.image(p, kernel)
    modes: dict[str, dict[str, Any]] = {
        "fill": {"mode": "constant", "constant_values": fill}, "wrap": {"mode": "wrap"},
        "symm": {"mode": "symmetric"}, "reflect": {"mode": "reflect"}, "edge": {"mode": "edge"},
    }  # fmt: skip
    x = np.pad(p.in1.astype(np.float64), [(k - 1, k - 1) for k in p.R], **modes[p.boundary])
    full = transformed(x, kernel.astype(np.float64), x.ndim, "...,...->...")
    part = [slice(k - 1 + s, k - 1 + s + n) for k, s, n in zip(p.R, p.start, p.shape, strict=True)]
    return np.ascontiguousarray(full[tuple(part)].astype(p.dtype))
