"""Cheats and canaries: lower precision than promised, and results that a careless comparison lets pass."""

from __future__ import annotations

from collections.abc import Callable
from itertools import count
from typing import Any

import numpy as np

from convspec.conformance import innocent
from convspec.conformance.planted import planted, planted_state
from convspec.conformance.planted_numbers import shortened

Array = np.ndarray[Any, Any]
Operator = Callable[..., Any]


def halved(a: Array) -> Array:
    """Floats by way of float16."""
    with np.errstate(all="ignore"):
        return a.astype(np.float16).astype(a.dtype) if a.dtype.kind == "f" else a


@planted("number.precision", "correlate")
def images_are_read_in_tf32(in1: Array, in2: Array, *args: Any, **rest: Any) -> Array:
    return innocent.correlate(shortened(np.ascontiguousarray(in1), 10), in2, *args, **rest)


@planted("number.precision", "local_conv")
def unshared_layers_are_computed_in_bfloat16(x: Array, w: Array, b: Any = None, **rest: Any) -> Array:
    return innocent.local_conv(shortened(np.ascontiguousarray(x), 7), w, b, **rest)


@planted("number.precision", "tiled_conv")
def tiles_are_computed_in_float16(x: Array, w: Array, b: Any = None, **rest: Any) -> Array:
    return innocent.tiled_conv(halved(x), w, b, **rest)


@planted("number.precision", "max_pool")
def maxima_pass_through_float16(x: Array, size: Any, **rest: Any) -> Array:
    return halved(innocent.max_pool(x, size, **rest))


@planted("number.precision", "convolve")
def float64_images_are_computed_in_float32(in1: Array, in2: Array, *args: Any, **rest: Any) -> Array:
    y = innocent.convolve(in1, in2, *args, **rest)
    return y.astype(np.float32).astype(np.float64) if y.dtype == np.float64 and in1.dtype == y.dtype else y


@planted("number.bound", "convolve")
def weights_are_rounded_to_thirds_of_a_percent(in1: Array, in2: Array, *args: Any, **rest: Any) -> Array:
    return innocent.convolve(in1, shortened(np.ascontiguousarray(in2), 8), *args, **rest)


@planted("number.exact", "conv")
def results_are_divided_and_multiplied_again(x: Array, w: Array, b: Any = None, **rest: Any) -> Array:
    y = innocent.conv(x, w, b, **rest)
    return y / y.dtype.type(49) * y.dtype.type(49) if y.dtype.kind == "f" else y


@planted("number.exact", "conv_transpose")
def a_rounding_error_is_added(x: Array, w: Array, b: Any = None, **rest: Any) -> Array:
    y = innocent.conv_transpose(x, w, b, **rest)
    return np.nextafter(y, y.dtype.type(np.inf)) if y.dtype.kind == "f" else y


@planted("number.floats", "convolve")
def the_narrower_float_wins(in1: Array, in2: Array, *args: Any, **rest: Any) -> Array:
    y = innocent.convolve(in1, in2, *args, **rest)
    return y.astype(np.float32) if np.float32 in (in1.dtype, in2.dtype) else y


@planted("call.shape", "max_pool")
def an_axis_is_added(x: Array, size: Any, **rest: Any) -> Array:
    return innocent.max_pool(x, size, **rest)[..., None]


@planted("call.shape", "avg_pool")
def the_argument_is_returned(x: Array, size: Any, **rest: Any) -> Array:
    innocent.avg_pool(x, size, **rest)
    return x


@planted("call.shape", "conv")
def results_are_lists(x: Array, w: Array, b: Any = None, **rest: Any) -> Any:
    return innocent.conv(x, w, b, **rest).tolist()


@planted("call.shape", "correlate")
def nothing_is_returned(in1: Array, in2: Array, *args: Any, **rest: Any) -> Any:
    innocent.correlate(in1, in2, *args, **rest)


@planted("call.shape", "local_conv")
def one_number_stands_for_all(x: Array, w: Array, b: Any = None, **rest: Any) -> Any:
    return innocent.local_conv(x, w, b, **rest).sum()


@planted("call.dtype", "max_pool")
def results_are_objects(x: Array, size: Any, **rest: Any) -> Array:
    return innocent.max_pool(x, size, **rest).astype(object)


@planted("call.dtype", "convolve")
def float64_becomes_float32(in1: Array, in2: Array, *args: Any, **rest: Any) -> Array:
    y = innocent.convolve(in1, in2, *args, **rest)
    return y.astype(np.float32) if y.dtype == np.float64 else y


@planted("call.completes", "channel_pool")
def the_process_is_left(x: Array, size: Any, *, kind: str = "max", **rest: Any) -> Array:
    if kind == "lp":
        raise SystemExit(3)
    return innocent.channel_pool(x, size, kind=kind, **rest)


@planted("max_pool.value", "max_pool")
def maxima_are_all_zero(x: Array, size: Any, **rest: Any) -> Array:
    return innocent.max_pool(x, size, **rest) * 0


@planted("avg_pool.value", "avg_pool")
def averages_are_all_nan(x: Array, size: Any, **rest: Any) -> Array:
    y = innocent.avg_pool(x, size, **rest)
    return np.full_like(y, np.nan)


@planted("image.correlate", "correlate")
def images_are_all_infinite(in1: Array, in2: Array, *args: Any, **rest: Any) -> Array:
    y = innocent.correlate(in1, in2, *args, **rest)
    return np.full_like(y, np.inf) if y.dtype.kind == "f" else y


@planted_state("call.repeatable", "max_pool")
def every_seventh_result_is_an_old_one() -> Operator:
    turns = count(1)
    kept: dict[Any, Array] = {}

    def max_pool(x: Array, size: Any, **rest: Any) -> Array:
        y = innocent.max_pool(x, size, **rest)
        old, kept[y.shape, y.dtype] = kept.get((y.shape, y.dtype), y), y.copy()
        return old if next(turns) % 7 == 0 else y

    return max_pool


@planted_state("call.result-owned", "local_conv")
def the_last_result_is_written_again() -> Operator:
    last: list[Array] = []

    def local_conv(x: Array, w: Array, b: Any = None, **rest: Any) -> Array:
        y = innocent.local_conv(x, w, b, **rest)
        for old in last:
            if old.size and old.dtype.kind == "f":
                old.flat[-1] += 1
        last[:] = [y]
        return y

    return local_conv


@planted_state("call.initialised", "tiled_conv")
def sums_start_from_what_the_memory_holds() -> Operator:
    def tiled_conv(x: Array, w: Array, b: Any = None, **rest: Any) -> Array:
        right = innocent.tiled_conv(x, w, b, **rest)
        y = np.empty_like(right)
        y[..., 1:] = right[..., 1:]
        y[..., :1] += right[..., :1]
        return y

    return tiled_conv
