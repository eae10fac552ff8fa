"""The gradients: check, describe, run. Names, arguments and meaning are the law's; see `convspec.fast`."""

from __future__ import annotations

from typing import Any

from convspec import gradients as checks
from convspec.fast import backward, known, operators, options
from convspec.fast._kernels import key_of
from convspec.fast.calls import channels_last, operand
from convspec.params import Array, BiasGrad, ConvGrad, PoolGrad


def conv_grad_input(
    dy: Any, w: Any, x_shape: Any, *, stride: Any = 1, padding: Any = 0, dilation: Any = 1, groups: Any = 1,
    out: Any = None, num_threads: Any = None, algorithm: Any = "auto",
) -> Array:  # fmt: skip
    """The gradient of conv by its input, (N, C, *S) = `x_shape`, from dy (N, K, *O) and w (K, C/groups, *R)."""
    call = ("conv_grad_input", x_shape, stride, padding, dilation, groups, algorithm)
    y = _again(dy, w, call, out, num_threads)
    if y is not None:
        return y
    c = checks.conv_grad_input(dy, w, x_shape, stride=stride, padding=padding, dilation=dilation, groups=groups)
    return _layer(c, call, out, num_threads, algorithm)


def conv_grad_weight(
    dy: Any, x: Any, w_shape: Any, *, stride: Any = 1, padding: Any = 0, dilation: Any = 1, groups: Any = 1,
    out: Any = None, num_threads: Any = None, algorithm: Any = "auto",
) -> Array:  # fmt: skip
    """The gradient of conv by its weights, (K, C/groups, *R) = `w_shape`, from dy (N, K, *O) and x (N, C, *S)."""
    call = ("conv_grad_weight", w_shape, stride, padding, dilation, groups, algorithm)
    y = _again(dy, x, call, out, num_threads)
    if y is not None:
        return y
    c = checks.conv_grad_weight(dy, x, w_shape, stride=stride, padding=padding, dilation=dilation, groups=groups)
    return _layer(c, call, out, num_threads, algorithm)


def conv_grad_bias(dy: Any, *, out: Any = None, num_threads: Any = None, algorithm: Any = "auto") -> Array:
    """The gradient of conv by its bias, (K,), from dy (N, K, *O)."""
    return _bias("conv_grad_bias", dy, (), out, num_threads, algorithm)


def conv_transpose_grad_input(
    dy: Any, w: Any, x_shape: Any, *, stride: Any = 1, padding: Any = 0, output_padding: Any = 0, dilation: Any = 1,
    groups: Any = 1, out: Any = None, num_threads: Any = None, algorithm: Any = "auto",
) -> Array:  # fmt: skip
    """The gradient of conv_transpose by its input, from dy (N, K, *O) and w (C, K/groups, *R): a conv."""
    call = ("conv_transpose_grad_input", x_shape, stride, padding, output_padding, dilation, groups, algorithm)
    y = _again(dy, w, call, out, num_threads)
    if y is not None:
        return y
    c = checks.conv_transpose_grad_input(
        dy, w, x_shape, stride=stride, padding=padding, output_padding=output_padding, dilation=dilation, groups=groups
    )
    return _layer(c, call, out, num_threads, algorithm)


def conv_transpose_grad_weight(
    dy: Any, x: Any, w_shape: Any, *, stride: Any = 1, padding: Any = 0, output_padding: Any = 0, dilation: Any = 1,
    groups: Any = 1, out: Any = None, num_threads: Any = None, algorithm: Any = "auto",
) -> Array:  # fmt: skip
    """The gradient of conv_transpose by its weights, (C, K/groups, *R) = `w_shape`."""
    call = ("conv_transpose_grad_weight", w_shape, stride, padding, output_padding, dilation, groups, algorithm)
    y = _again(dy, x, call, out, num_threads)
    if y is not None:
        return y
    c = checks.conv_transpose_grad_weight(
        dy, x, w_shape, stride=stride, padding=padding, output_padding=output_padding, dilation=dilation, groups=groups
    )
    return _layer(c, call, out, num_threads, algorithm)


def conv_transpose_grad_bias(dy: Any, *, out: Any = None, num_threads: Any = None, algorithm: Any = "auto") -> Array:
    """The gradient of conv_transpose by its bias, (K,), from dy (N, K, *O)."""
    return _bias("conv_transpose_grad_bias", dy, (), out, num_threads, algorithm)


def local_conv_grad_input(
    dy: Any, w: Any, x_shape: Any, *, stride: Any = 1, padding: Any = 0, dilation: Any = 1, groups: Any = 1,
    out: Any = None, num_threads: Any = None, algorithm: Any = "auto",
) -> Array:  # fmt: skip
    """The gradient of local_conv by its input, from dy (N, K, *O) and w (K, *O, C/groups, *R)."""
    call = ("local_conv_grad_input", x_shape, stride, padding, dilation, groups, algorithm)
    y = _again(dy, w, call, out, num_threads)
    if y is not None:
        return y
    c = checks.local_conv_grad_input(dy, w, x_shape, stride=stride, padding=padding, dilation=dilation, groups=groups)
    return _layer(c, call, out, num_threads, algorithm)


def local_conv_grad_weight(
    dy: Any, x: Any, w_shape: Any, *, stride: Any = 1, padding: Any = 0, dilation: Any = 1, groups: Any = 1,
    out: Any = None, num_threads: Any = None, algorithm: Any = "auto",
) -> Array:  # fmt: skip
    """The gradient of local_conv by its weights, (K, *O, C/groups, *R) = `w_shape`."""
    call = ("local_conv_grad_weight", w_shape, stride, padding, dilation, groups, algorithm)
    y = _again(dy, x, call, out, num_threads)
    if y is not None:
        return y
    c = checks.local_conv_grad_weight(dy, x, w_shape, stride=stride, padding=padding, dilation=dilation, groups=groups)
    return _layer(c, call, out, num_threads, algorithm)


def local_conv_grad_bias(dy: Any, *, out: Any = None, num_threads: Any = None, algorithm: Any = "auto") -> Array:
    """The gradient of local_conv by its bias, (K, *O), from dy (N, K, *O)."""
    return _bias("local_conv_grad_bias", dy, (), out, num_threads, algorithm)


def tiled_conv_grad_input(
    dy: Any, w: Any, x_shape: Any, *, stride: Any = 1, padding: Any = 0, dilation: Any = 1, groups: Any = 1,
    out: Any = None, num_threads: Any = None, algorithm: Any = "auto",
) -> Array:  # fmt: skip
    """The gradient of tiled_conv by its input, from dy (N, K, *O) and w (K, *T, C/groups, *R)."""
    call = ("tiled_conv_grad_input", x_shape, stride, padding, dilation, groups, algorithm)
    y = _again(dy, w, call, out, num_threads)
    if y is not None:
        return y
    c = checks.tiled_conv_grad_input(dy, w, x_shape, stride=stride, padding=padding, dilation=dilation, groups=groups)
    return _layer(c, call, out, num_threads, algorithm)


def tiled_conv_grad_weight(
    dy: Any, x: Any, w_shape: Any, *, stride: Any = 1, padding: Any = 0, dilation: Any = 1, groups: Any = 1,
    out: Any = None, num_threads: Any = None, algorithm: Any = "auto",
) -> Array:  # fmt: skip
    """The gradient of tiled_conv by its weights, (K, *T, C/groups, *R) = `w_shape`."""
    call = ("tiled_conv_grad_weight", w_shape, stride, padding, dilation, groups, algorithm)
    y = _again(dy, x, call, out, num_threads)
    if y is not None:
        return y
    c = checks.tiled_conv_grad_weight(dy, x, w_shape, stride=stride, padding=padding, dilation=dilation, groups=groups)
    return _layer(c, call, out, num_threads, algorithm)


def tiled_conv_grad_bias(
    dy: Any, b_shape: Any, *, out: Any = None, num_threads: Any = None, algorithm: Any = "auto"
) -> Array:
    """The gradient of tiled_conv by its bias, (K, *T) = `b_shape`, from dy (N, K, *O)."""
    return _bias("tiled_conv_grad_bias", dy, (b_shape,), out, num_threads, algorithm)


def max_pool_grad(
    dy: Any, x: Any, size: Any, *, stride: Any = None, padding: Any = 0, dilation: Any = 1, ceil_mode: Any = False,
    out: Any = None, num_threads: Any = None, algorithm: Any = "auto",
) -> Array:  # fmt: skip
    """The gradient of max_pool: each window's dy goes to the first of its greatest elements."""
    key = key_of((dy, x), ("max_pool_grad", size, stride, padding, dilation, ceil_mode, algorithm))
    y = _pooled_again(key, dy, x, out, num_threads)
    if y is not None:
        return y
    keywords = {"stride": stride, "padding": padding, "dilation": dilation, "ceil_mode": ceil_mode}
    return _pool(checks.max_pool_grad(dy, x, size, **keywords), key, out, num_threads, algorithm)


def avg_pool_grad(
    dy: Any, x_shape: Any, size: Any, *, stride: Any = None, padding: Any = 0, dilation: Any = 1,
    ceil_mode: Any = False, count_include_pad: Any = False, out: Any = None, num_threads: Any = None,
    algorithm: Any = "auto",
) -> Array:  # fmt: skip
    """The gradient of avg_pool: each window's dy, over its divisor, goes to all of its elements."""
    call = ("avg_pool_grad", x_shape, size, stride, padding, dilation, ceil_mode, count_include_pad, algorithm)
    key = key_of((dy,), call)
    y = _pooled_again(key, dy, None, out, num_threads)
    if y is not None:
        return y
    keywords = {"stride": stride, "padding": padding, "dilation": dilation, "ceil_mode": ceil_mode}
    c = checks.avg_pool_grad(dy, x_shape, size, **keywords, count_include_pad=count_include_pad)
    return _pool(c, key, out, num_threads, algorithm)


def lp_pool_grad(
    dy: Any, x: Any, size: Any, *, p: Any = 2, stride: Any = None, padding: Any = 0, dilation: Any = 1,
    ceil_mode: Any = False, out: Any = None, num_threads: Any = None, algorithm: Any = "auto",
) -> Array:  # fmt: skip
    """The gradient of lp_pool: dy sign(x) (|x| / y)^(p - 1), with y the window's norm."""
    key = key_of((dy, x), ("lp_pool_grad", size, p, stride, padding, dilation, ceil_mode, algorithm))
    y = _pooled_again(key, dy, x, out, num_threads)
    if y is not None:
        return y
    keywords = {"stride": stride, "padding": padding, "dilation": dilation, "ceil_mode": ceil_mode}
    return _pool(checks.lp_pool_grad(dy, x, size, p=p, **keywords), key, out, num_threads, algorithm)


def channel_pool_grad(
    dy: Any, x: Any, size: Any, *, stride: Any = None, kind: Any = "max", p: Any = 2, out: Any = None,
    num_threads: Any = None, algorithm: Any = "auto",
) -> Array:  # fmt: skip
    """The gradient of channel_pool: those of the other three over windows of channels."""
    key = key_of((dy, x), ("channel_pool_grad", size, stride, kind, p, algorithm))
    y = _pooled_again(key, dy, x, out, num_threads)
    if y is not None:
        return y
    c = checks.channel_pool_grad(dy, x, size, stride=stride, kind=kind, p=p)
    return _pool(c, key, out, num_threads, algorithm)


def _again(dy: Any, operand: Any, call: tuple[Any, ...], out: Any, num_threads: Any) -> Array | None:
    """The result of a call whose like has been checked and described; None for any other."""
    like = known.recall(key_of((dy, operand), (*call, _last(call[0], dy, operand, out))))
    if like is None:
        return None
    options.output(out, like.shape, like.dtype, (dy, operand))
    threads = options.threads(num_threads)
    if call[0].endswith("input"):
        return backward.by_known_input(like, dy, operand, out, threads)
    if call[0] == "conv_transpose_grad_weight":
        dy, operand = operand, dy
    return backward.by_known_weights(like, dy, operand, out, threads)


def _layer(c: ConvGrad, call: tuple[Any, ...], out: Any, num_threads: Any, algorithm: Any) -> Array:
    """`call` is what to remember it by."""
    options.algorithm(algorithm)
    options.output(out, c.shape, c.dtype, (c.dy, c.operand))
    threads, last = options.threads(num_threads), _last(c.op, c.dy, c.operand, out)
    key = key_of((c.dy, c.operand), (*call, last))
    if c.of == "input":
        return backward.by_input(c, key, out, threads, algorithm, last)
    return backward.by_weights(c, key, out, threads, algorithm)


def _last(op: str, dy: Any, operand: Any, out: Any) -> bool:
    """Whether what the kernels write by position, or read so, has its channels last in memory: none of it has been checked yet."""
    read = {"conv_grad_weight": dy, "conv_transpose_grad_weight": operand}
    return channels_last(out if op in backward.CONVOLUTIONS else read.get(op))


def _bias(op: str, dy: Any, shape: tuple[Any, ...], out: Any, num_threads: Any, algorithm: Any) -> Array:
    """`shape`: of the bias, where dy does not tell."""
    key = key_of((dy,), (op, *shape, algorithm))
    like = known.recall(key)
    if like is not None:
        options.output(out, like.shape, like.dtype, (dy,))
        return backward.by_known_bias(like, dy, out, options.threads(num_threads))
    c: BiasGrad = getattr(checks, op)(dy, *shape)
    options.algorithm(algorithm)
    options.output(out, c.shape, c.dtype, (c.dy,))
    return backward.by_bias(c, key, out, options.threads(num_threads))


def _pooled_again(key: known.Key, dy: Any, x: Any, out: Any, num_threads: Any) -> Array | None:
    """The same for pools."""
    like = known.recall(key)
    return None if like is None else _pooled(like, dy, x, out, num_threads)


def _pool(c: PoolGrad, key: known.Key, out: Any, num_threads: Any, algorithm: Any) -> Array:
    """`key` is what to remember it by."""
    options.algorithm(algorithm)
    like = backward.pooled(c)
    known.remember(key, like)
    return _pooled(like, c.dy, c.x, out, num_threads)


def _pooled(like: known.PoolGradient, dy: Array, x: Array | None, out: Any, num_threads: Any) -> Array:
    options.output(out, like.shape, like.dtype, (dy, x))
    threads, norm = options.threads(num_threads), None
    x = None if like.of_x is None or x is None else operand(x, like.of_x, threads)
    if like.norm is not None:
        operator, size, keywords = like.norm
        norm = getattr(operators, operator)(x, size, **keywords, num_threads=threads)
    return backward.by_pooled(like, dy, x, norm, out, threads)
