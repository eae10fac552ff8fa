"""Validation of the gradients: that of the operator itself, and of `dy`, which must have its result's shape.

Each function has its gradient's signature. An operand that only its shape is given of, such as `x_shape`, is checked as
an array of that shape which takes no memory.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from convspec import checks, dtypes
from convspec.arguments import output_shape, rank_of, shape_of
from convspec.checks import Policies
from convspec.errors import SpecError, SpecValueError
from convspec.params import Array, BiasGrad, ChannelPool, Conv, ConvGrad, Ints, Pool, PoolGrad
from convspec.policies import DEFAULTS

_REAL = np.dtype(np.float32)


def conv_grad_input(
    dy: Any, w: Any, x_shape: Any, *, stride: Any = 1, padding: Any = 0, dilation: Any = 1, groups: Any = 1,
    policies: Policies = DEFAULTS,
) -> ConvGrad:  # fmt: skip
    """Checks conv_grad_input."""
    return _input(checks.conv, dy, w, x_shape, policies, stride, padding, dilation, groups)


def conv_grad_weight(
    dy: Any, x: Any, w_shape: Any, *, stride: Any = 1, padding: Any = 0, dilation: Any = 1, groups: Any = 1,
    policies: Policies = DEFAULTS,
) -> ConvGrad:  # fmt: skip
    """Checks conv_grad_weight."""
    return _weight(checks.conv, dy, x, w_shape, policies, stride, padding, dilation, groups)


def conv_grad_bias(dy: Any, *, policies: Policies = DEFAULTS) -> BiasGrad:
    """Checks conv_grad_bias."""
    return _bias("conv_grad_bias", dy, policies)


def conv_transpose_grad_input(
    dy: Any, w: Any, x_shape: Any, *, stride: Any = 1, padding: Any = 0, output_padding: Any = 0, dilation: Any = 1,
    groups: Any = 1, policies: Policies = DEFAULTS,
) -> ConvGrad:  # fmt: skip
    """Checks conv_transpose_grad_input."""
    more = {"output_padding": output_padding}
    return _input(checks.conv_transpose, dy, w, x_shape, policies, stride, padding, dilation, groups, **more)


def conv_transpose_grad_weight(
    dy: Any, x: Any, w_shape: Any, *, stride: Any = 1, padding: Any = 0, output_padding: Any = 0, dilation: Any = 1,
    groups: Any = 1, policies: Policies = DEFAULTS,
) -> ConvGrad:  # fmt: skip
    """Checks conv_transpose_grad_weight."""
    more = {"output_padding": output_padding}
    return _weight(checks.conv_transpose, dy, x, w_shape, policies, stride, padding, dilation, groups, **more)


def conv_transpose_grad_bias(dy: Any, *, policies: Policies = DEFAULTS) -> BiasGrad:
    """Checks conv_transpose_grad_bias."""
    return _bias("conv_transpose_grad_bias", dy, policies)


def local_conv_grad_input(
    dy: Any, w: Any, x_shape: Any, *, stride: Any = 1, padding: Any = 0, dilation: Any = 1, groups: Any = 1,
    policies: Policies = DEFAULTS,
) -> ConvGrad:  # fmt: skip
    """Checks local_conv_grad_input."""
    return _input(checks.local_conv, dy, w, x_shape, policies, stride, padding, dilation, groups)


def local_conv_grad_weight(
    dy: Any, x: Any, w_shape: Any, *, stride: Any = 1, padding: Any = 0, dilation: Any = 1, groups: Any = 1,
    policies: Policies = DEFAULTS,
) -> ConvGrad:  # fmt: skip
    """Checks local_conv_grad_weight."""
    return _weight(checks.local_conv, dy, x, w_shape, policies, stride, padding, dilation, groups)


def local_conv_grad_bias(dy: Any, *, policies: Policies = DEFAULTS) -> BiasGrad:
    """Checks local_conv_grad_bias."""
    return _bias("local_conv_grad_bias", dy, policies)


def tiled_conv_grad_input(
    dy: Any, w: Any, x_shape: Any, *, stride: Any = 1, padding: Any = 0, dilation: Any = 1, groups: Any = 1,
    policies: Policies = DEFAULTS,
) -> ConvGrad:  # fmt: skip
    """Checks tiled_conv_grad_input."""
    return _input(checks.tiled_conv, dy, w, x_shape, policies, stride, padding, dilation, groups)


def tiled_conv_grad_weight(
    dy: Any, x: Any, w_shape: Any, *, stride: Any = 1, padding: Any = 0, dilation: Any = 1, groups: Any = 1,
    policies: Policies = DEFAULTS,
) -> ConvGrad:  # fmt: skip
    """Checks tiled_conv_grad_weight."""
    return _weight(checks.tiled_conv, dy, x, w_shape, policies, stride, padding, dilation, groups)


def tiled_conv_grad_bias(dy: Any, b_shape: Any, *, policies: Policies = DEFAULTS) -> BiasGrad:
    """Checks tiled_conv_grad_bias."""
    return _bias("tiled_conv_grad_bias", dy, policies, shape_of("b_shape", b_shape))


def max_pool_grad(
    dy: Any, x: Any, size: Any, *, stride: Any = None, padding: Any = 0, dilation: Any = 1, ceil_mode: Any = False,
    policies: Policies = DEFAULTS,
) -> PoolGrad:  # fmt: skip
    """Checks max_pool_grad."""
    keywords = {"stride": stride, "padding": padding, "dilation": dilation, "ceil_mode": ceil_mode}
    p = checks.max_pool(x, size, **keywords, policies=policies)
    return _pool(dy, p, p.x, policies)


def avg_pool_grad(
    dy: Any, x_shape: Any, size: Any, *, stride: Any = None, padding: Any = 0, dilation: Any = 1,
    ceil_mode: Any = False, count_include_pad: Any = False, policies: Policies = DEFAULTS,
) -> PoolGrad:  # fmt: skip
    """Checks avg_pool_grad."""
    keywords = {"stride": stride, "padding": padding, "dilation": dilation, "ceil_mode": ceil_mode}
    keywords |= {"count_include_pad": count_include_pad}
    x = _stand_in("x_shape", x_shape, dtypes.array("dy", dy).dtype)
    p = _renamed({"x": "x_shape"}, checks.avg_pool, x, size, **keywords, policies=policies)
    return _pool(dy, p, None, policies)


def lp_pool_grad(
    dy: Any, x: Any, size: Any, *, p: Any = 2, stride: Any = None, padding: Any = 0, dilation: Any = 1,
    ceil_mode: Any = False, policies: Policies = DEFAULTS,
) -> PoolGrad:  # fmt: skip
    """Checks lp_pool_grad."""
    keywords = {"p": p, "stride": stride, "padding": padding, "dilation": dilation, "ceil_mode": ceil_mode}
    q = checks.lp_pool(x, size, **keywords, policies=policies)
    return _pool(dy, q, q.x, policies)


def channel_pool_grad(
    dy: Any, x: Any, size: Any, *, stride: Any = None, kind: Any = "max", p: Any = 2, policies: Policies = DEFAULTS
) -> PoolGrad:
    """Checks channel_pool_grad."""
    q = checks.channel_pool(x, size, stride=stride, kind=kind, p=p, policies=policies)
    return _pool(dy, q, q.x, policies)


def _input(
    check: Callable[..., Conv], dy: Any, w: Any, x_shape: Any, policies: Policies, stride: Any, padding: Any,
    dilation: Any, groups: Any, **more: Any,
) -> ConvGrad:  # fmt: skip
    """A gradient by the input: of the input only the shape is given."""
    dy, w = dtypes.array("dy", dy), dtypes.array("w", w)
    x = _stand_in("x_shape", x_shape, _REAL)
    keywords = {"stride": stride, "padding": padding, "dilation": dilation, "groups": groups, **more}
    p = _renamed({"x": "x_shape"}, check, x, w, **keywords, policies=policies)
    return _layer("input", dy, w, p, x.shape, policies)


def _weight(
    check: Callable[..., Conv], dy: Any, x: Any, w_shape: Any, policies: Policies, stride: Any, padding: Any,
    dilation: Any, groups: Any, **more: Any,
) -> ConvGrad:  # fmt: skip
    """A gradient by the weights: of the weights only the shape is given."""
    dy, x = dtypes.array("dy", dy), dtypes.array("x", x)
    w = _stand_in("w_shape", w_shape, _REAL)
    keywords = {"stride": stride, "padding": padding, "dilation": dilation, "groups": groups, **more}
    p = _renamed({"w": "w_shape"}, check, x, w, **keywords, policies=policies)
    return _layer("weight", dy, x, p, w.shape, policies)


def _layer(of: str, dy: Array, operand: Array, p: Conv, shape: Ints, policies: Policies) -> ConvGrad:
    _fits(dy, p.shape)
    dtype = dtypes.of_sum(dy, operand, policies=policies)  # [gradient.dtype]
    output_shape(shape, dtype)
    return ConvGrad(f"{p.op}_grad_{of}", of, dy, operand, dtype, p, shape)


def _bias(op: str, dy: Any, policies: Policies, shape: Ints | None = None) -> BiasGrad:
    """A gradient by the bias; `shape` is that of a tiled bias, (K, *T)."""
    dy = dtypes.array("dy", dy)
    rank = rank_of(dy, "dy")
    N, K, *O = dy.shape
    T = tuple(O) if op == "local_conv_grad_bias" else (1,) * rank
    if shape is not None:
        if len(shape) != rank + 1 or shape[0] != K:
            raise SpecValueError("error.bias", "b_shape", shape, f"must be ({K}, *T), with {rank} axes in T")
        if 0 in shape[1:]:
            raise SpecValueError("error.tile-shape", "b_shape", shape, "must have no empty axis here")
        T = shape[1:]
    shape = (K, *T) if op in ("local_conv_grad_bias", "tiled_conv_grad_bias") else (K,)
    dtype = dtypes.of_sum(dy, policies=policies)
    output_shape(shape, dtype)
    return BiasGrad(op, dy, dtype, N, K, tuple(O), T, shape)


def _pool(dy: Any, p: Pool | ChannelPool, x: Array | None, policies: Policies) -> PoolGrad:
    """A gradient of pooling: a maximum only chooses by x, an average does not read it, and a norm multiplies by it."""
    dy = dtypes.array("dy", dy)
    _fits(dy, p.shape)
    kind = p.kind if isinstance(p, ChannelPool) else p.op.removesuffix("_pool")
    if kind == "max" and policies["max_tie"] != "split":
        dtype = dtypes.of_sum(dy, policies=policies)
    elif kind == "lp" and x is not None:
        dtype = dtypes.of_mean(np.empty(0, np.result_type(dy.dtype, x.dtype)))
    else:
        dtype = dtypes.of_mean(dy)
    output_shape((p.N, p.C, *p.S), dtype)
    return PoolGrad(f"{p.op}_grad", dy, x, dtype, p)


def _fits(dy: Array, shape: Ints) -> None:
    if dy.shape != shape:
        raise SpecValueError("error.gradient", "dy", dy.shape, f"must have the shape of the result, {shape}")


def _stand_in(name: str, shape: Sequence[int], dtype: np.dtype[Any]) -> Array:
    """An array of this shape that holds one zero only."""
    sizes = shape_of(name, shape)
    try:
        return np.broadcast_to(np.zeros((), dtype), sizes)
    except ValueError as error:
        raise SpecValueError("error.too-large", name, shape, "must fit into an address space") from error


def _renamed(names: dict[str, str], check: Callable[..., Any], *arguments: Any, **keywords: Any) -> Any:
    """The checked call, whose errors name the argument that was given."""
    try:
        return check(*arguments, **keywords)
    except SpecError as error:
        if error.argument not in names:
            raise
        raise type(error)(error.clause, names[error.argument], error.value, error.allowed) from None
