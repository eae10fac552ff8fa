"""Validation, once for every room: a call's arguments become frozen parameters, or an error that names its clause.

Each function has its operator's signature. Arrays come back as they were given: nothing is converted or copied. Shapes
and types are judged before anything is computed, so an error leaves no trace.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from convspec import dtypes, shapes
from convspec.arguments import flag, one_of, order, output_shape, pads_of, per_axis, rank_of, whole
from convspec.errors import SpecValueError
from convspec.params import Array, ChannelPool, Conv, Image, Ints, Pool
from convspec.policies import DEFAULTS

Policies = Mapping[str, str]


def conv(
    x: Any, w: Any, b: Any = None, *, stride: Any = 1, padding: Any = 0, dilation: Any = 1, groups: Any = 1,
    policies: Policies = DEFAULTS,
) -> Conv:  # fmt: skip
    """Checks conv."""
    return _shared(x, w, b, stride, padding, dilation, groups, policies)


def tiled_conv(
    x: Any, w: Any, b: Any = None, *, stride: Any = 1, padding: Any = 0, dilation: Any = 1, groups: Any = 1,
    policies: Policies = DEFAULTS,
) -> Conv:  # fmt: skip
    """Checks tiled_conv: the weights carry a tile axis for every spatial axis."""
    return _unshared("tiled_conv", x, w, b, stride, padding, dilation, groups, policies)


def local_conv(
    x: Any, w: Any, b: Any = None, *, stride: Any = 1, padding: Any = 0, dilation: Any = 1, groups: Any = 1,
    policies: Policies = DEFAULTS,
) -> Conv:  # fmt: skip
    """Checks local_conv: the tile must be the whole output."""
    return _unshared("local_conv", x, w, b, stride, padding, dilation, groups, policies)


def _shared(x: Any, w: Any, b: Any, stride: Any, padding: Any, dilation: Any, groups: Any, policies: Policies) -> Conv:
    x, w = dtypes.array("x", x), dtypes.array("w", w)
    rank = rank_of(x)
    if w.ndim != rank + 2:
        raise SpecValueError("error.rank", "w", w.shape, f"must have {rank + 2} axes, (K, C/groups, *R)")
    return _windows("conv", x, w, b, w.shape[1], w.shape[2:], (1,) * rank, stride, padding, dilation, groups, policies)


def _unshared(
    op: str, x: Any, w: Any, b: Any, stride: Any, padding: Any, dilation: Any, groups: Any, policies: Policies
) -> Conv:
    x, w = dtypes.array("x", x), dtypes.array("w", w)
    rank = rank_of(x)
    if w.ndim != 2 * rank + 2:
        tile = "*O" if op == "local_conv" else "*T"
        raise SpecValueError("error.rank", "w", w.shape, f"must have {2 * rank + 2} axes, (K, {tile}, C/groups, *R)")
    T, Cg, R = w.shape[1 : rank + 1], w.shape[rank + 1], w.shape[rank + 2 :]
    return _windows(op, x, w, b, Cg, R, T, stride, padding, dilation, groups, policies)


def _windows(
    op: str, x: Array, w: Array, b: Any, Cg: int, R: Ints, T: Ints,
    stride: Any, padding: Any, dilation: Any, groups: Any, policies: Policies,
) -> Conv:  # fmt: skip
    """What conv, local_conv and tiled_conv have in common: windows over the input, channels in groups."""
    rank = len(R)
    N, C, *S = x.shape
    K = w.shape[0]
    groups = whole("groups", groups, "error.groups")
    if C % groups or K % groups:
        raise SpecValueError("error.channel-groups", "groups", groups, f"must divide both {C} and {K} channels")
    if Cg * groups != C:
        raise SpecValueError("error.channels", "w", w.shape, f"must have {C // groups} input channels, C/groups")
    _no_empty_axis("w", w.shape, R, "error.empty-kernel")
    strides = per_axis("stride", stride, rank, "error.stride")
    dilations = per_axis("dilation", dilation, rank, "error.dilation")
    pads = pads_of(padding, S, R, strides, dilations)
    O = _fit("w", S, R, strides, dilations, pads)
    if op == "local_conv" and T != O:
        raise SpecValueError("error.tile-shape", "w", w.shape, f"must hold one kernel for each output, of shape {O}")
    _no_empty_axis("w", w.shape, T, "error.tile-shape")
    b = _bias(b, (K,) if op == "conv" else (K, *T))
    operands = (x, w) if b is None else (x, w, b)
    dtype = dtypes.of_sum(*operands, policies=policies)
    output_shape((N, K, *O), dtype)
    return Conv(op, x, w, b, dtype, N, C, K, tuple(S), R, O, T, groups, strides, dilations, pads)


def conv_transpose(
    x: Any, w: Any, b: Any = None, *, stride: Any = 1, padding: Any = 0, output_padding: Any = 0, dilation: Any = 1,
    groups: Any = 1, policies: Policies = DEFAULTS,
) -> Conv:  # fmt: skip
    """Checks conv_transpose; `output_padding` is accounted for in `O`."""
    x, w = dtypes.array("x", x), dtypes.array("w", w)
    rank = rank_of(x)
    if w.ndim != rank + 2:
        raise SpecValueError("error.rank", "w", w.shape, f"must have {rank + 2} axes, (C, K/groups, *R)")
    N, C, *S = x.shape
    R = w.shape[2:]
    groups = whole("groups", groups, "error.groups")
    if C % groups:
        raise SpecValueError("error.channel-groups", "groups", groups, f"must divide {C} input channels")
    if w.shape[0] != C:
        raise SpecValueError("error.channels", "w", w.shape, f"must have {C} input channels first")
    _no_empty_axis("w", w.shape, R, "error.empty-kernel")
    strides = per_axis("stride", stride, rank, "error.stride")
    dilations = per_axis("dilation", dilation, rank, "error.dilation")
    if isinstance(padding, str):
        raise SpecValueError("error.string", "padding", padding, "conv_transpose takes no padding strings")
    pads = pads_of(padding, S, R, strides, dilations)
    extra = per_axis("output_padding", output_padding, rank, "error.output-padding", least=0)
    for e, s, d in zip(extra, strides, dilations, strict=True):  # [conv_transpose.output-padding]
        if e >= max(s, d):
            raise SpecValueError("error.output-padding", "output_padding", output_padding, f"must be below {max(s, d)}")
    O = tuple(
        shapes.transposed_size(n, k, stride=s, dilation=d, pad=pad, output_padding=e)
        for n, k, s, d, pad, e in zip(S, R, strides, dilations, pads, extra, strict=True)
    )
    if min(O) < 1:
        raise SpecValueError("error.output-size", "padding", padding, f"leaves an output of size {O}, below 1")
    K = w.shape[1] * groups
    b = _bias(b, (K,))
    operands = (x, w) if b is None else (x, w, b)
    dtype = dtypes.of_sum(*operands, policies=policies)
    output_shape((N, K, *O), dtype)
    T = (1,) * rank
    return Conv("conv_transpose", x, w, b, dtype, N, C, K, tuple(S), R, O, T, groups, strides, dilations, pads)


def max_pool(
    x: Any, size: Any, *, stride: Any = None, padding: Any = 0, dilation: Any = 1, ceil_mode: Any = False,
    policies: Policies = DEFAULTS,
) -> Pool:  # fmt: skip
    """Checks max_pool."""
    return _pool("max_pool", x, size, stride, padding, dilation, ceil_mode, policies)


def avg_pool(
    x: Any, size: Any, *, stride: Any = None, padding: Any = 0, dilation: Any = 1, ceil_mode: Any = False,
    count_include_pad: Any = False, policies: Policies = DEFAULTS,
) -> Pool:  # fmt: skip
    """Checks avg_pool."""
    include = flag("count_include_pad", count_include_pad)
    return _pool("avg_pool", x, size, stride, padding, dilation, ceil_mode, policies, count_include_pad=include)


def lp_pool(
    x: Any, size: Any, *, p: Any = 2, stride: Any = None, padding: Any = 0, dilation: Any = 1, ceil_mode: Any = False,
    policies: Policies = DEFAULTS,
) -> Pool:  # fmt: skip
    """Checks lp_pool."""
    return _pool("lp_pool", x, size, stride, padding, dilation, ceil_mode, policies, p=order(p))


def _pool(
    op: str, x: Any, size: Any, stride: Any, padding: Any, dilation: Any, ceil_mode: Any, policies: Policies,
    **rest: Any,
) -> Pool:  # fmt: skip
    x = dtypes.array("x", x)
    rank = rank_of(x)
    N, C, *S = x.shape
    sizes = per_axis("size", size, rank, "error.size")
    strides = sizes if stride is None else per_axis("stride", stride, rank, "error.stride")
    dilations = per_axis("dilation", dilation, rank, "error.dilation")
    ceil = flag("ceil_mode", ceil_mode)
    pads = pads_of(padding, S, sizes, strides, dilations)
    up = ceil and not (isinstance(padding, str) and padding.startswith("same"))  # [shape.ceil-mode]
    drop = policies["ceil_drop"] == "yes"  # [policy.ceil-drop]
    O = _fit("size", S, sizes, strides, dilations, pads, ceil_mode=up, drop=drop)
    dtype = dtypes.of_maximum(x) if op == "max_pool" else dtypes.of_mean(x)
    output_shape((N, C, *O), dtype)
    return Pool(op, x, dtype, N, C, tuple(S), sizes, strides, dilations, pads, O, ceil, **rest)


def channel_pool(
    x: Any, size: Any, *, stride: Any = None, kind: Any = "max", p: Any = 2, policies: Policies = DEFAULTS
) -> ChannelPool:
    """Checks channel_pool."""
    x = dtypes.array("x", x)
    rank_of(x)
    N, C, *S = x.shape
    size = whole("size", size, "error.size")
    step = size if stride is None else whole("stride", stride, "error.stride")
    one_of("kind", kind, ("max", "avg", "lp"))
    p = order(p)
    K = shapes.output_size(C, size, stride=step)  # [channel_pool.incomplete]
    if K < 1:
        raise SpecValueError("error.window", "size", size, f"must not exceed the {C} channels")
    dtype = dtypes.of_maximum(x) if kind == "max" else dtypes.of_mean(x)
    output_shape((N, K, *S), dtype)
    return ChannelPool("channel_pool", x, dtype, N, C, K, tuple(S), size, step, kind, p)


def convolve(
    in1: Any, in2: Any, mode: Any = "full", boundary: Any = "fill", fillvalue: Any = 0, *, policies: Policies = DEFAULTS
) -> Image:
    """Checks convolve."""
    return _image("convolve", in1, in2, mode, boundary, fillvalue, policies)


def correlate(
    in1: Any, in2: Any, mode: Any = "full", boundary: Any = "fill", fillvalue: Any = 0, *, policies: Policies = DEFAULTS
) -> Image:
    """Checks correlate."""
    return _image("correlate", in1, in2, mode, boundary, fillvalue, policies)


def _image(op: str, in1: Any, in2: Any, mode: Any, boundary: Any, fillvalue: Any, policies: Policies) -> Image:
    in1, in2 = dtypes.array("in1", in1), dtypes.array("in2", in2)
    if not 1 <= in1.ndim <= 3:
        raise SpecValueError("error.rank", "in1", in1.shape, "must have 1 to 3 axes")
    if in2.ndim != in1.ndim:
        raise SpecValueError("error.rank", "in2", in2.shape, f"must have {in1.ndim} axes, as in1 has")
    for name, a in (("in1", in1), ("in2", in2)):
        _no_empty_axis(name, a.shape, a.shape, "error.empty-image")
    one_of("mode", mode, ("full", "valid", "same"))  # [image.mode-full] [image.mode-valid]
    one_of("boundary", boundary, ("fill", "wrap", "symm", "reflect", "edge"))
    dtype = dtypes.of_sum(in1, in2, policies=policies)
    fillvalue = dtypes.exact_scalar("fillvalue", fillvalue, dtype)
    swapped = mode == "valid" and in1.shape != in2.shape and _covers(in2.shape, in1.shape)
    if swapped:
        in1, in2 = in2, in1
    S, R = in1.shape, in2.shape
    if mode == "valid" and not _covers(S, R):
        raise SpecValueError("image.valid-neither", "in2", R, f"must cover in1, {S}, on every axis, or fit inside it")
    start = tuple({"full": 0, "same": (k - 1) // 2, "valid": k - 1}[mode] for k in R)  # [image.mode-same]
    shape = tuple({"full": n + k - 1, "same": n, "valid": n - k + 1}[mode] for n, k in zip(S, R, strict=True))
    output_shape(shape, dtype)
    return Image(op, in1, in2, swapped, dtype, mode, boundary, fillvalue, S, R, start, shape)


def _covers(S: Ints, R: Ints) -> bool:
    return all(n >= k for n, k in zip(S, R, strict=True))


def _bias(b: Any, shape: Ints) -> Array | None:
    if b is None:
        return None
    bias = dtypes.array("b", b)
    if bias.shape != shape:
        raise SpecValueError("error.bias", "b", bias.shape, f"must have the shape {shape}")
    return bias


def _no_empty_axis(name: str, value: Ints, axes: Ints, clause: str) -> None:
    if 0 in axes:
        raise SpecValueError(clause, name, value, "must have no empty axis here")


def _fit(
    name: str, S: list[int], R: Ints, stride: Ints, dilation: Ints, pads: tuple[shapes.Pad, ...], **ceil: bool
) -> Ints:
    """The output sizes, where every window fits into the padded input."""
    O = tuple(
        shapes.output_size(n, k, stride=s, dilation=d, pad=pad, **ceil)
        for n, k, s, d, pad in zip(S, R, stride, dilation, pads, strict=True)
    )
    if min(O) < 1:
        covered = tuple(shapes.extent(k, d) for k, d in zip(R, dilation, strict=True))
        padded = tuple(n + before + after for n, (before, after) in zip(S, pads, strict=True))
        raise SpecValueError("error.window", name, R, f"covers {covered} and must fit into the padded input, {padded}")
    return O
