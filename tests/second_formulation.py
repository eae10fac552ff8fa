"""A second formulation of the operators, over exact numbers, that shares nothing with the oracle.

A convolution is a product of polynomials, and a product of polynomials is a product of two large integers whose digits
are the coefficients (Kronecker substitution). The rest follows from convolution: stride is subsampling, dilation is
zeros between the taps, padding is zeros around the image, a transposed convolution is the transposed matrix.
"""

from fractions import Fraction
from itertools import product
from math import prod

import numpy as np


def product_of_polynomials(a, b):
    """The full convolution of two object arrays of ints, by one multiplication of integers."""
    shape = tuple(n + k - 1 for n, k in zip(a.shape, b.shape, strict=True))
    largest = max([1, *map(abs, a.flat)]) * max([1, *map(abs, b.flat)]) * max(a.size, b.size)
    width = largest.bit_length() // 8 + 1
    coefficients = _digits(_packed(a, shape, width) * _packed(b, shape, width), prod(shape), width)
    return np.array(coefficients, dtype=object).reshape(shape)


def _packed(a, shape, width):
    """The integer whose digits in base 256^width, laid out for an array of `shape`, are the elements of `a`."""
    laid_out = padded(a, [(0, n - k) for n, k in zip(shape, a.shape, strict=True)])
    return _number(laid_out.flat, width)


def _number(digits, width):
    """Digits may be negative: an offset makes them bytes, and is taken off again."""
    digits = list(digits)
    half = 1 << 8 * width - 1
    shifted = b"".join((d + half).to_bytes(width, "little") for d in digits)
    return int.from_bytes(shifted, "little") - int.from_bytes(half.to_bytes(width, "little") * len(digits), "little")


def _digits(number, count, width):
    """The inverse of `_number`."""
    half = 1 << 8 * width - 1
    shifted = number + int.from_bytes(half.to_bytes(width, "little") * count, "little")
    octets = shifted.to_bytes(width * count, "little")
    return [int.from_bytes(octets[i : i + width], "little") - half for i in range(0, width * count, width)]


def stuffed(w, dilation):
    """A kernel with dilation - 1 zeros between its taps."""
    out = np.zeros(tuple((k - 1) * d + 1 for k, d in zip(w.shape, dilation, strict=True)), dtype=object)
    out[tuple(slice(None, None, d) for d in dilation)] = w
    return out


def flipped(w):
    """An array reversed along every axis."""
    return w[(slice(None, None, -1),) * w.ndim]


def padded(x, pads):
    """An image with explicit zeros around it."""
    out = np.zeros(tuple(n + lo + hi for n, (lo, hi) in zip(x.shape, pads, strict=True)), dtype=object)
    out[tuple(slice(lo, lo + n) for n, (lo, _) in zip(x.shape, pads, strict=True))] = x
    return out


def valid_correlation(x, w):
    """The part of a full convolution with the flipped kernel that needs no boundary."""
    full = product_of_polynomials(x, flipped(w))
    return full[tuple(slice(k - 1, n) for n, k in zip(x.shape, w.shape, strict=True))]


def conv(x, w, b, stride, pads, dilation, groups):
    """conv over object arrays of ints."""
    N, C, K = len(x), x.shape[1], len(w)
    rows = []
    for n, k in product(range(N), range(K)):
        first = k * groups // K * (C // groups)
        maps = [
            valid_correlation(padded(x[n, first + c], pads), stuffed(w[k, c], dilation)) for c in range(C // groups)
        ]
        rows.append((sum(maps) + b[k])[tuple(slice(None, None, s) for s in stride)])
    return np.stack(rows).reshape(N, K, *rows[0].shape)


def conv_transpose(x, w, b, stride, pads, output_padding, dilation, groups):
    """conv_transpose as the transposed matrix of conv: the matrix has a column for every input of that conv."""
    N, C, K = len(x), len(w), w.shape[1] * groups
    O = tuple(
        (n - 1) * s - lo - hi + (k - 1) * d + 1 + e
        for n, k, s, (lo, hi), d, e in zip(
            x.shape[2:], w.shape[2:], stride, pads, dilation, output_padding, strict=True
        )
    )
    y = np.empty((N, K, *O), dtype=object)
    for k, *o in np.ndindex(K, *O):
        impulse = np.zeros((1, K, *O), dtype=object)
        impulse[(0, k, *o)] = 1
        column = conv(impulse, w, [0] * C, stride, pads, dilation, groups)[0]
        column = column[(slice(None), *(slice(n) for n in x.shape[2:]))]
        for n in range(N):
            y[(n, k, *o)] = int((column * x[n]).sum()) + b[k]
    return y


def scaled(*arrays):
    """Float arrays as object arrays of ints over one common denominator, and that denominator."""
    exact = [np.vectorize(Fraction, otypes=[object])(a.astype(np.float64)) for a in arrays]
    one = max([1, *(v.denominator for a in exact for v in a.flat)])
    return [np.vectorize(lambda v: int(v * one), otypes=[object])(a) for a in exact], one


def is_nearest(value, exact, dtype):
    """Whether `value` is the number of `dtype` nearest to a fraction, the even one of two that are equally near."""
    value = dtype.type(value)
    info = np.finfo(dtype)
    overflow = Fraction(float(info.max)) + Fraction(2) ** (int(info.maxexp) - info.nmant - 2)
    if np.isinf(value):
        return abs(exact) >= overflow and (exact > 0) == (value > 0)
    with np.errstate(over="ignore"):
        below, above = np.nextafter(value, dtype.type(-np.inf)), np.nextafter(value, dtype.type(np.inf))
    distance = abs(Fraction(float(value)) - exact)
    others = [abs(Fraction(float(v)) - exact) for v in (below, above) if np.isfinite(v)]
    even = int(value.view(f"u{dtype.itemsize}")) % 2 == 0
    return abs(exact) < overflow and all(distance < d or (distance == d and even) for d in others)
