"""The layer operators: check, describe, run. Names, arguments and meaning are the law's; see `convspec.fast`."""

from __future__ import annotations

from dataclasses import replace
from math import prod
from typing import Any

from convspec import checks
from convspec.fast import known, options, windows
from convspec.fast._kernels import key_of, recall, remember
from convspec.fast.calls import channels_last, operand, prepare, run, view
from convspec.fast.layers import TILED, layer
from convspec.params import Array, Conv, Pool


def conv(
    x: Any, w: Any, b: Any = None, *, stride: Any = 1, padding: Any = 0, dilation: Any = 1, groups: Any = 1,
    dtype: Any = None, out: Any = None, num_threads: Any = None, algorithm: Any = "auto",
) -> Array:  # fmt: skip
    """conv: x (N, C, *S), w (K, C/groups, *R), b (K,) to (N, K, *O)."""
    call = ("conv", stride, padding, dilation, groups, dtype, algorithm)
    y = _again(x, w, b, call, out, num_threads)
    if y is not None:
        return y
    c = checks.conv(x, w, b, stride=stride, padding=padding, dilation=dilation, groups=groups)
    return _sums(c, call, dtype, out, num_threads, algorithm)


def local_conv(
    x: Any, w: Any, b: Any = None, *, stride: Any = 1, padding: Any = 0, dilation: Any = 1, groups: Any = 1,
    dtype: Any = None, out: Any = None, num_threads: Any = None, algorithm: Any = "auto",
) -> Array:  # fmt: skip
    """local_conv: w (K, *O, C/groups, *R) has a kernel and b (K, *O) a bias for each output position."""
    call = ("local_conv", stride, padding, dilation, groups, dtype, algorithm)
    y = recall(x, w, b, out, num_threads, call)
    if y is not None:
        return y
    c = checks.local_conv(x, w, b, stride=stride, padding=padding, dilation=dilation, groups=groups)
    return _sums(c, call, dtype, out, num_threads, algorithm)


def tiled_conv(
    x: Any, w: Any, b: Any = None, *, stride: Any = 1, padding: Any = 0, dilation: Any = 1, groups: Any = 1,
    dtype: Any = None, out: Any = None, num_threads: Any = None, algorithm: Any = "auto",
) -> Array:  # fmt: skip
    """tiled_conv: w (K, *T, C/groups, *R) and b (K, *T); output position o uses kernel o mod T."""
    call = ("tiled_conv", stride, padding, dilation, groups, dtype, algorithm)
    y = recall(x, w, b, out, num_threads, call)
    if y is not None:
        return y
    c = checks.tiled_conv(x, w, b, stride=stride, padding=padding, dilation=dilation, groups=groups)
    return _sums(c, call, dtype, out, num_threads, algorithm)


def conv_transpose(
    x: Any, w: Any, b: Any = None, *, stride: Any = 1, padding: Any = 0, output_padding: Any = 0, dilation: Any = 1,
    groups: Any = 1, dtype: Any = None, out: Any = None, num_threads: Any = None, algorithm: Any = "auto",
) -> Array:  # fmt: skip
    """conv_transpose, the adjoint of conv: w (C, K/groups, *R)."""
    call = ("conv_transpose", stride, padding, output_padding, dilation, groups, dtype, algorithm)
    y = _again(x, w, b, call, out, num_threads)
    if y is not None:
        return y
    c = checks.conv_transpose(
        x, w, b, stride=stride, padding=padding, output_padding=output_padding, dilation=dilation, groups=groups
    )
    return _sums(c, call, dtype, out, num_threads, algorithm)


def max_pool(
    x: Any, size: Any, *, stride: Any = None, padding: Any = 0, dilation: Any = 1, ceil_mode: Any = False,
    out: Any = None, num_threads: Any = None, algorithm: Any = "auto",
) -> Array:  # fmt: skip
    """max_pool: the greatest element of each window; NaN if it holds one."""
    call = ("max_pool", size, stride, padding, dilation, ceil_mode, algorithm)
    y = _pooled_again(x, call, out, num_threads)
    if y is not None:
        return y
    c = checks.max_pool(x, size, stride=stride, padding=padding, dilation=dilation, ceil_mode=ceil_mode)
    return _pooled(c, call, out, num_threads, algorithm)


def avg_pool(
    x: Any, size: Any, *, stride: Any = None, padding: Any = 0, dilation: Any = 1, ceil_mode: Any = False,
    count_include_pad: Any = False, out: Any = None, num_threads: Any = None, algorithm: Any = "auto",
) -> Array:  # fmt: skip
    """avg_pool: the mean of each window, over its taps inside the input, or inside the padded input."""
    call = ("avg_pool", size, stride, padding, dilation, ceil_mode, count_include_pad, algorithm)
    y = _pooled_again(x, call, out, num_threads)
    if y is not None:
        return y
    c = checks.avg_pool(
        x, size, stride=stride, padding=padding, dilation=dilation, ceil_mode=ceil_mode,
        count_include_pad=count_include_pad,
    )  # fmt: skip
    return _pooled(c, call, out, num_threads, algorithm)


def lp_pool(
    x: Any, size: Any, *, p: Any = 2, stride: Any = None, padding: Any = 0, dilation: Any = 1, ceil_mode: Any = False,
    out: Any = None, num_threads: Any = None, algorithm: Any = "auto",
) -> Array:  # fmt: skip
    """lp_pool: (sum |x|^p)^(1/p) of each window."""
    call = ("lp_pool", size, p, stride, padding, dilation, ceil_mode, algorithm)
    y = _pooled_again(x, call, out, num_threads)
    if y is not None:
        return y
    c = checks.lp_pool(x, size, p=p, stride=stride, padding=padding, dilation=dilation, ceil_mode=ceil_mode)
    return _pooled(c, call, out, num_threads, algorithm)


def channel_pool(
    x: Any, size: Any, *, stride: Any = None, kind: Any = "max", p: Any = 2, out: Any = None, num_threads: Any = None,
    algorithm: Any = "auto",
) -> Array:  # fmt: skip
    """channel_pool: windows over the channel axis; kind is max, avg or lp."""
    call = ("channel_pool", size, stride, kind, p, algorithm)
    y = recall(x, None, None, out, num_threads, call)
    if y is not None:
        return y
    c = checks.channel_pool(x, size, stride=stride, kind=kind, p=p)
    options.algorithm(algorithm)
    options.output(out, c.shape, c.dtype, (c.x,))
    threads = options.threads(num_threads)
    plan = prepare(windows.channel_pool(c), None, None, 1)
    remember(plan, (c.x, None, None), call, c.shape, c.dtype, c.N)
    rows = view(c.x, c.dtype).reshape(c.N, 1, c.C, prod(c.S))  # the channels' pixels
    return run(plan, rows, c.N, out, c.shape, c.dtype, threads)


def _sums(c: Conv, call: tuple[Any, ...], dtype: Any, out: Any, num_threads: Any, algorithm: Any) -> Array:
    """`call` is what to remember it by, `dtype` the integer result that was asked for."""
    if dtype is not None:
        c = replace(c, dtype=options.integer(dtype, c.dtype))
    options.algorithm(algorithm)
    options.output(out, c.shape, c.dtype, (c.x, c.w, c.b))
    threads = options.threads(num_threads)
    prepared = layer(c, threads, algorithm, once=True, last=channels_last(out))
    plain = prepared.background is None and prepared.sums == c.dtype and prepared.joined is None
    if plain and prepared.described.zeros and not prepared.last:
        small = remember(prepared.plan, (c.x, c.w, c.b), call, c.shape, c.dtype, c.N, c.op == "conv_transpose")
        if c.op in TILED and not small:
            like = known.Known(prepared.described, algorithm, c.N, c.shape, c.dtype)
            known.remember(key_of((c.x, c.w, c.b), call), like)
    return prepared(c.x, out, threads)


def _again(x: Any, w: Any, b: Any, call: tuple[Any, ...], out: Any, num_threads: Any) -> Array | None:
    """The result of a call whose like has been checked and described; None for any other."""
    y = recall(x, w, b, out, num_threads, call)
    like = known.recall(key_of((x, w, b), call)) if y is None else None
    if like is None or channels_last(out):
        return y
    options.output(out, like.shape, like.dtype, (x, w, b))
    x, w, b = view(x, like.dtype), operand(w, like.dtype), None if b is None else operand(b, like.dtype)
    run_again = known.run_finite if call[0] == "conv_transpose" else known.run_once
    return run_again(like, x, w, b, out, options.threads(num_threads))


def _pooled_again(x: Any, call: tuple[Any, ...], out: Any, num_threads: Any) -> Array | None:
    """The same for pools."""
    y = recall(x, None, None, out, num_threads, call)
    like: known.Pool | None = known.recall(key_of((x,), (*call, channels_last(out)))) if y is None else None
    if like is None:
        return y
    options.output(out, like.shape, like.dtype, (x,))
    x, threads = view(x, like.dtype), options.threads(num_threads)
    return like(x, out, threads) if like.suits(x) else None


def _pooled(c: Pool, call: tuple[Any, ...], out: Any, num_threads: Any, algorithm: Any) -> Array:
    options.algorithm(algorithm)
    options.output(out, c.shape, c.dtype, (c.x,))
    threads, x, last = options.threads(num_threads), view(c.x, c.dtype), channels_last(out)
    pool = known.Pool(prepare(windows.pool(c, last), None, None, 1), c.shape, c.dtype, last)
    if not pool.suits(x):
        pool = known.Pool(prepare(windows.pool(c), None, None, 1), c.shape, c.dtype, False)
    known.remember(key_of((c.x,), (*call, pool.last)), pool)
    if not pool.last:
        remember(pool.plan, (c.x, None, None), call, c.shape, c.dtype, c.N)
    return pool(x, out, threads)
