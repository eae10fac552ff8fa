"""Bugs in how a call treats its arguments, its memory and its state."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable
from itertools import count
from typing import Any

import numpy as np

from convspec.conformance import innocent
from convspec.conformance.planted import planted, planted_state

Array = np.ndarray[Any, Any]
Operator = Callable[..., Any]


@planted("call.completes", "conv")
def depthwise_not_implemented_properly(x: Array, w: Array, b: Any = None, *, groups: int = 1, **rest: Any) -> Array:
    if groups == x.shape[1] > 1:
        raise RuntimeError("unreachable")
    return innocent.conv(x, w, b, groups=groups, **rest)


@planted("call.shape", "conv")
def axes_of_length_one_are_squeezed(x: Array, w: Array, b: Any = None, **rest: Any) -> Array:
    y = innocent.conv(x, w, b, **rest)
    return y[..., 0] if y.shape[-1] == 1 else y


@planted("call.dtype", "conv")
def float32_becomes_float64(x: Array, w: Array, b: Any = None, **rest: Any) -> Array:
    return innocent.conv(x, w, b, **rest).astype(np.float64)


@planted_state("call.initialised", "conv")
def last_column_is_not_written() -> Operator:
    def conv(x: Array, w: Array, b: Any = None, **rest: Any) -> Array:
        right = innocent.conv(x, w, b, **rest)
        y = np.empty_like(right)
        y[..., :-1] = right[..., :-1]
        return y

    return conv


@planted("call.initialised", "conv")
def last_column_holds_what_buffers_of_zeros_left(x: Array, w: Array, b: Any = None, **rest: Any) -> Array:
    right = innocent.conv(x, w, b, **rest)
    buffers = [np.full_like(right, 0) for _ in range(9)]
    del buffers
    y = np.empty_like(right)
    y[..., :-1] = right[..., :-1]
    return y


@planted_state("call.repeatable", "conv")
def the_order_of_summation_alternates() -> Operator:
    turns = count()

    def conv(x: Array, w: Array, b: Any = None, **rest: Any) -> Array:
        y = innocent.conv(x, w, b, **rest)
        return y if next(turns) % 2 else np.nextafter(y, np.inf, dtype=y.dtype) if y.dtype.kind == "f" else y

    return conv


@planted_state("call.result-owned", "conv")
def one_buffer_serves_all_results() -> Operator:
    buffers: dict[Any, Array] = {}

    def conv(x: Array, w: Array, b: Any = None, **rest: Any) -> Array:
        y = innocent.conv(x, w, b, **rest)
        kept = buffers.setdefault((y.shape, y.dtype), np.empty_like(y))
        kept[...] = y
        return kept

    return conv


@planted("call.result-owned", "max_pool")
def a_window_of_one_returns_its_argument(x: Array, size: Any, **rest: Any) -> Array:
    return x if size == 1 and not rest else innocent.max_pool(x, size, **rest)


@planted_state("call.result-owned", "avg_pool")
def results_are_cached_by_shape() -> Operator:
    cache: dict[Any, Array] = {}

    def avg_pool(x: Array, size: Any, **rest: Any) -> Array:
        key = (x.tobytes(), x.shape, x.dtype.str, repr((size, rest)))
        return cache.setdefault(key, innocent.avg_pool(x, size, **rest))

    return avg_pool


@planted("call.inputs-unchanged", "conv")
def the_input_is_scaled_in_place(x: Array, w: Array, b: Any = None, **rest: Any) -> Array:
    y = innocent.conv(x, w, b, **rest)
    if x.flags.writeable and x.dtype.kind == "f":
        x *= 0.5
    return y


@planted("call.inputs-unchanged", "max_pool")
def nan_is_replaced_in_place(x: Array, size: Any, **rest: Any) -> Array:
    y = innocent.max_pool(x, size, **rest)
    if x.flags.writeable:
        np.nan_to_num(x, copy=False)
    return y


@planted("call.strides", "conv")
def negative_strides_are_read_forwards(x: Array, w: Array, b: Any = None, **rest: Any) -> Array:
    return innocent.conv(np.flip(x) if min(x.strides) < 0 else x, w, b, **rest)


@planted("call.strides", "conv")
def weights_are_read_as_if_contiguous(x: Array, w: Array, b: Any = None, **rest: Any) -> Array:
    return innocent.conv(x, w.ravel(order="K").reshape(w.shape), b, **rest)


@planted("call.strides", "convolve")
def zero_strides_are_taken_for_contiguous(in1: Array, in2: Array, *args: Any, **rest: Any) -> Array:
    if in1.ndim > 1 and in1.strides[-1] == 0 and in1.shape[-1] > 1:
        raise ValueError("strides")
    return innocent.convolve(in1, in2, *args, **rest)


@planted("call.byte-order", "conv")
def the_byte_order_is_ignored(x: Array, w: Array, b: Any = None, **rest: Any) -> Array:
    return innocent.conv(x.view(x.dtype.newbyteorder("=")), w, b, **rest)


@planted("call.read-only", "lp_pool")
def read_only_memory_is_refused(x: Array, size: Any, **rest: Any) -> Array:
    if not x.flags.writeable:
        raise ValueError("buffer source array is read-only")
    return innocent.lp_pool(x, size, **rest)


@planted("call.empty-batch", "avg_pool")
def an_empty_batch_divides_by_zero(x: Array, size: Any, **rest: Any) -> Array:
    return innocent.avg_pool(x[: len(x) // len(x) * len(x)], size, **rest)


@planted("call.empty-channels", "conv")
def no_channels_give_zeros_without_the_bias(x: Array, w: Array, b: Any = None, **rest: Any) -> Array:
    return innocent.conv(x, w, b if x.shape[1] else None, **rest)


@planted("call.batch", "conv")
def the_second_image_is_the_first(x: Array, w: Array, b: Any = None, **rest: Any) -> Array:
    y = innocent.conv(x, w, b, **rest)
    y[1:2] = y[:1]
    return y


@planted("call.batch", "channel_pool")
def batches_of_sixteen_lose_their_tail(x: Array, size: Any, **rest: Any) -> Array:
    y = innocent.channel_pool(x, size, **rest)
    y[16:] = 0
    return y


@planted_state("conv.formula", "conv")
def wrong_from_the_twentieth_call_on() -> Operator:
    turns = count()

    def conv(x: Array, w: Array, b: Any = None, **rest: Any) -> Array:
        y = innocent.conv(x, w, b, **rest)
        return y + 1 if next(turns) > 20 else y

    return conv


@planted_state("conv.formula", "conv")
def wrong_once_in_thirty_calls() -> Operator:
    turns = count()

    def conv(x: Array, w: Array, b: Any = None, **rest: Any) -> Array:
        y = innocent.conv(x, w, b, **rest)
        return y + 1 if next(turns) % 30 == 29 else y

    return conv


@planted_state("conv.formula", "conv")
def the_weights_of_the_first_call_are_kept() -> Operator:
    packed: dict[Any, Array] = {}

    def conv(x: Array, w: Array, b: Any = None, **rest: Any) -> Array:
        return innocent.conv(x, packed.setdefault((w.shape, w.dtype), w.copy()), b, **rest)

    return conv


@planted("error.stride", "conv")
def stride_zero_is_taken_for_one(x: Array, w: Array, b: Any = None, *, stride: Any = 1, **rest: Any) -> Array:
    return innocent.conv(x, w, b, stride=stride or 1, **rest)


@planted("error.window", "max_pool")
def a_window_that_does_not_fit_is_a_runtime_error(x: Array, size: Any, **rest: Any) -> Array:
    try:
        return innocent.max_pool(x, size, **rest)
    except ValueError as error:
        raise RuntimeError(str(error)) from error


@planted("error.first", "conv")
def nothing_is_checked_for_an_empty_batch(x: Array, w: Array, b: Any = None, **rest: Any) -> Array:
    return innocent.conv(x, w, b, **rest) if x.size else np.zeros((0, w.shape[0], 1, 1), x.dtype)


@planted("error.bias", "conv")
def a_bias_of_one_is_broadcast(x: Array, w: Array, b: Any = None, **rest: Any) -> Array:
    return innocent.conv(x, w, b if b is None or b.shape != (1,) else np.repeat(b, w.shape[0]), **rest)


@planted("error.negative-padding", "conv")
def negative_padding_is_clipped(x: Array, w: Array, b: Any = None, *, padding: Any = 0, **rest: Any) -> Array:
    return innocent.conv(x, w, b, padding=max(padding, 0) if isinstance(padding, int) else padding, **rest)


@planted("error.type", "max_pool")
def real_strides_are_truncated(x: Array, size: Any, *, stride: Any = None, **rest: Any) -> Array:
    return innocent.max_pool(x, size, stride=int(stride) if isinstance(stride, float) else stride, **rest)


@planted("error.string", "avg_pool")
def unknown_padding_is_valid(x: Array, size: Any, *, padding: Any = 0, **rest: Any) -> Array:
    known = not isinstance(padding, str) or padding in ("valid", "same", "same_lower", "full")
    return innocent.avg_pool(x, size, padding=padding if known else 0, **rest)


@planted_state("call.threads", "conv")
def scratch_memory_belongs_to_the_first_thread() -> Operator:
    mine = threading.local()
    mine.scale = 1

    def conv(x: Array, w: Array, b: Any = None, **rest: Any) -> Array:
        y: Array = innocent.conv(x, w, b, **rest)
        scaled: Array = y * np.asarray(getattr(mine, "scale", 2), y.dtype)
        return scaled

    return conv


@planted_state("call.concurrent", "conv")
def one_buffer_serves_all_threads() -> Operator:
    buffers: dict[Any, Array] = {}

    def conv(x: Array, w: Array, b: Any = None, **rest: Any) -> Array:
        buffer = buffers.setdefault((x.shape, x.dtype), np.empty_like(x))
        buffer[...] = x
        return innocent.conv(buffer, w, b, **rest)

    return conv


@planted_state("call.fork", "conv")
def a_forked_process_waits_for_threads_that_it_has_not() -> Operator:
    home = os.getpid()

    def conv(x: Array, w: Array, b: Any = None, **rest: Any) -> Array:
        if os.getpid() != home and x.size > 4096:
            threading.Event().wait()
        return innocent.conv(x, w, b, **rest)

    return conv


@planted_state("call.fork", "max_pool")
def workers_of_the_parent_are_called_after_a_fork() -> Operator:
    home = os.getpid()

    def max_pool(x: Array, size: Any, **rest: Any) -> Array:
        if os.getpid() != home:
            os._exit(1)
        return innocent.max_pool(x, size, **rest)

    return max_pool
