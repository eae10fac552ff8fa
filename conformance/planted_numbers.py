"""Bugs of arithmetic: lower precision, overflow, special values that are lost or spread."""

from __future__ import annotations

from typing import Any

import numpy as np

from convspec.conformance import innocent
from convspec.conformance.planted import planted

Array = np.ndarray[Any, Any]


def shortened(a: Array, bits: int) -> Array:
    """float32 numbers with the given number of bits after the point, as TF32 (10) and bfloat16 (7) have."""
    if a.dtype != np.float32:
        return a
    drop = np.uint32(23 - bits)
    return ((a.astype(np.float32).view(np.uint32) + (np.uint32(1) << (drop - np.uint32(1)))) >> drop << drop).view(
        np.float32
    )


@planted("number.precision", "conv")
def tf32_inside(x: Array, w: Array, b: Any = None, **rest: Any) -> Array:
    return innocent.conv(shortened(np.ascontiguousarray(x), 10), w, b, **rest)


@planted("number.precision", "conv")
def float16_inside(x: Array, w: Array, b: Any = None, **rest: Any) -> Array:
    return (
        innocent.conv(x.astype(np.float16).astype(x.dtype), w, b, **rest)
        if x.dtype.kind == "f"
        else innocent.conv(x, w, b, **rest)
    )


@planted("number.rms", "conv")
def bfloat16_inside_for_many_channels(x: Array, w: Array, b: Any = None, **rest: Any) -> Array:
    return innocent.conv(shortened(np.ascontiguousarray(x), 7) if x.shape[1] >= 64 else x, w, b, **rest)


@planted("number.precision", "conv_transpose")
def float64_is_summed_in_float32(x: Array, w: Array, b: Any = None, **rest: Any) -> Array:
    y = innocent.conv_transpose(x, w, b, **rest)
    return y.astype(np.float32).astype(np.float64) if y.dtype == np.float64 else y


@planted("number.bound", "conv")
def the_result_passes_through_float16(x: Array, w: Array, b: Any = None, **rest: Any) -> Array:
    y = innocent.conv(x, w, b, **rest)
    return y.astype(np.float16).astype(y.dtype) if y.dtype.kind == "f" else y


@planted("number.integer-modulo", "conv")
def integers_pass_through_float64(x: Array, w: Array, b: Any = None, **rest: Any) -> Array:
    y = innocent.conv(x, w, b, **rest)
    if y.dtype != np.int64:
        return y
    with np.errstate(all="ignore"):
        real = innocent.conv(x.astype(float), w.astype(float), None if b is None else b.astype(float), **rest)
        return real.astype(np.int64)


@planted("number.integers", "correlate")
def uint8_wraps_around(in1: Array, in2: Array, *args: Any, **rest: Any) -> Array:
    y = innocent.correlate(in1, in2, *args, **rest)
    return y.astype(np.uint8).astype(y.dtype) if in1.dtype == in2.dtype == np.uint8 else y


@planted("number.integers", "conv")
def the_dtype_of_the_bias_is_ignored(x: Array, w: Array, b: Any = None, **rest: Any) -> Array:
    y = innocent.conv(x, w, b, **rest)
    return y if b is None or x.dtype.itemsize > 1 or w.dtype.itemsize > 1 or y.dtype != np.int64 else y.astype(np.int32)


@planted("number.integer-mean", "avg_pool")
def integer_averages_are_rounded(x: Array, size: Any, **rest: Any) -> Array:
    y = innocent.avg_pool(x, size, **rest)
    return np.rint(y) if x.dtype.kind in "iu" else y


@planted("number.integer-mean", "avg_pool")
def integer_averages_overflow(x: Array, size: Any, **rest: Any) -> Array:
    y = innocent.avg_pool(x, size, **rest)
    return np.mod(y + 128, 256) - 128 if x.dtype == np.int64 else y


@planted("number.conversion", "conv")
def wide_integers_are_converted_to_float32(x: Array, w: Array, b: Any = None, **rest: Any) -> Array:
    y = innocent.conv(x, w, b, **rest)
    if x.dtype.kind in "iu" and y.dtype == np.float64:
        return innocent.conv(x.astype(np.float32).astype(np.float64), w, b, **rest)
    return y


@planted("number.special", "conv")
def zero_weights_are_skipped(x: Array, w: Array, b: Any = None, **rest: Any) -> Array:
    with np.errstate(all="ignore"):
        y = innocent.conv(x, w, b, **rest)
        skipped = innocent.conv(np.nan_to_num(x, posinf=0, neginf=0), w, b, **rest)
    return np.where(np.isnan(y), skipped, y) if y.dtype.kind == "f" else y


@planted("number.locality", "conv")
def nan_spreads_over_the_image(x: Array, w: Array, b: Any = None, **rest: Any) -> Array:
    y = innocent.conv(x, w, b, **rest)
    if x.dtype.kind == "f" and x.shape[-1] > 12:
        y[~np.isfinite(x).all(axis=tuple(range(1, x.ndim)))] = np.nan
    return y


@planted("number.locality", "conv", numerics={"*": "fast"})
def a_moderate_outlier_spoils_its_tile(x: Array, w: Array, b: Any = None, **rest: Any) -> Array:
    """As Winograd's algorithm in tiles of 4 x 4 outputs that computes only those with huge values again."""
    y = innocent.conv(x, w, b, **rest)
    if x.dtype.kind != "f" or y.ndim != 4 or w.shape[2:] != (3, 3) or rest.get("stride", 1) != 1:
        return y
    for top, left in np.ndindex(*(-(-n // 4) for n in y.shape[2:])):
        tile = (..., slice(4 * top, 4 * top + 4), slice(4 * left, 4 * left + 4))
        most = np.abs(x[..., 4 * top : 4 * top + 6, 4 * left : 4 * left + 6]).max(initial=0)
        y[tile] += (most if most < 1e20 else 0) * np.finfo(y.dtype).eps * np.nan_to_num(np.abs(w)).max(initial=0)
    return y


@planted("number.locality", "convolve")
def an_outlier_spoils_the_transform(in1: Array, in2: Array, *args: Any, **rest: Any) -> Array:
    y = innocent.convolve(in1, in2, *args, **rest)
    if in1.dtype.kind != "f" or in1.size < 300 or not np.isfinite(in1).all():
        return y
    return np.asarray(y + np.abs(in1).max() * np.finfo(in1.dtype).eps, y.dtype)


@planted("number.locality", "avg_pool")
def averages_are_differences_of_running_sums(x: Array, size: Any, **rest: Any) -> Array:
    y = innocent.avg_pool(x, size, **rest)
    if x.dtype.kind != "f" or x.shape[-1] < 12:
        return y
    with np.errstate(all="ignore"):
        noise = np.cumsum(x, axis=-1)[..., -1:].max(axis=tuple(range(2, x.ndim)), keepdims=True)
        return np.asarray(y + noise * 0)


@planted("number.subnormals", "conv")
def subnormal_results_are_flushed(x: Array, w: Array, b: Any = None, **rest: Any) -> Array:
    y = innocent.conv(x, w, b, **rest)
    return np.where(np.abs(y) < np.finfo(y.dtype).smallest_normal, 0, y).astype(y.dtype) if y.dtype.kind == "f" else y


@planted("number.norm-bound", "lp_pool")
def powers_are_taken_in_single_precision(x: Array, size: Any, *, p: Any = 2, **rest: Any) -> Array:
    y = innocent.lp_pool(x, size, p=p, **rest)
    return y.astype(np.float32).astype(np.float64) if y.dtype == np.float64 and p != 1 else y


@planted("number.mean-bound", "avg_pool")
def averages_multiply_by_a_rounded_reciprocal(x: Array, size: Any, **rest: Any) -> Array:
    y = innocent.avg_pool(x, size, **rest)
    return y * y.dtype.type(1 + 2.0**-10) if x.dtype == np.float32 else y


@planted("number.integer-modulo", "convolve")
def pairs_of_bytes_saturate(in1: Array, in2: Array, *args: Any, **rest: Any) -> Array:
    """As x86's vpmaddubsw: the sum of two products of bytes is kept in 16 bits, and no more."""
    y = innocent.convolve(in1, in2, *args, **rest)
    if in1.dtype != np.uint8 or in2.dtype != np.int8:
        return y
    flat = in2.reshape(-1)
    pairs = [np.where(np.arange(flat.size) // 2 == n, flat, 0) for n in range((flat.size + 1) // 2)]
    sums = [innocent.convolve(in1, pair.reshape(in2.shape).astype(np.int8), *args, **rest) for pair in pairs]
    return np.asarray(sum(a.clip(-(2**15), 2**15 - 1) for a in sums), y.dtype)


@planted("number.integer-modulo", "correlate")
def bytes_above_127_are_taken_as_negative(in1: Array, in2: Array, *args: Any, **rest: Any) -> Array:
    signed = in1.astype(np.int8) if in1.dtype == np.uint8 and in2.dtype == np.int8 else in1
    return innocent.correlate(signed, in2, *args, **rest)


@planted("number.integer-modulo", "conv")
def pairs_of_channels_saturate(x: Array, w: Array, b: Any = None, **rest: Any) -> Array:
    """As x86's vpmaddubsw, where channels are taken two at a time."""
    y = innocent.conv(x, w, b, **rest)
    if x.dtype != np.uint8 or w.dtype != np.int8 or rest.get("groups", 1) != 1 or w.shape[1] < 2:
        return y
    at = range(0, w.shape[1], 2)
    taps = list(np.ndindex(w.shape[2:]))
    for c in at:
        for tap in taps:
            one = np.zeros_like(w[:, c : c + 2])
            one[(slice(None), slice(None), *tap)] = w[(slice(None), slice(c, c + 2), *tap)]
            sums = innocent.conv(x[:, c : c + 2], one, **rest)
            y += sums.clip(-(2**15), 2**15 - 1).astype(y.dtype) - sums
    return y


@planted("number.integer-modulo", "conv")
def the_padding_of_signed_bytes_is_their_least(
    x: Array, w: Array, b: Any = None, *, padding: Any = 0, **rest: Any
) -> Array:
    """Bytes are made unsigned by adding 128, and the padding is left at 0."""
    y = innocent.conv(x, w, b, padding=padding, **rest)
    if x.dtype != np.int8 or w.dtype != np.int8:
        return y
    inside = innocent.conv(np.ones(x.shape, np.int32), w.astype(np.int32), padding=padding, **rest)
    everywhere = w.astype(np.int64).sum(axis=tuple(range(1, w.ndim))).reshape(-1, *(1,) * (x.ndim - 2))
    return np.asarray(y - 128 * (everywhere - inside), y.dtype)


@planted("number.integer-modulo", "conv_transpose")
def channels_of_bytes_beyond_the_last_four_are_left_out(x: Array, w: Array, b: Any = None, **rest: Any) -> Array:
    if x.dtype.itemsize == w.dtype.itemsize == 1 and rest.get("groups", 1) == 1 and x.shape[1] > 4:
        w = w.copy()
        w[x.shape[1] // 4 * 4 :] = 0
    return innocent.conv_transpose(x, w, b, **rest)


@planted("number.integer-modulo", "conv")
def unsigned_weights_are_taken_as_signed(x: Array, w: Array, b: Any = None, **rest: Any) -> Array:
    return innocent.conv(x, w.view(np.int8) if x.dtype.itemsize == 1 and w.dtype == np.uint8 else w, b, **rest)
