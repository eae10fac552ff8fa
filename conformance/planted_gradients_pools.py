"""Bugs in the gradients of pooling."""

from __future__ import annotations

from typing import Any

import numpy as np

from convspec import gradients
from convspec.conformance import innocent
from convspec.conformance.innocent import divisors, padded, taps
from convspec.conformance.innocent_gradients import canvas, computed, cropped, winners
from convspec.conformance.planted import planted
from convspec.conformance.planted_numbers import shortened
from convspec.params import Pool
from convspec.policies import resolve

Array = np.ndarray[Any, Any]
SPLIT = {"max_tie": "split"}


def routed(dy: Array, x: Array, size: Any, choose: Any, adds: bool = True, near: bool = False, **rest: Any) -> Array:
    """max_pool_grad by a choice of one's own: a function from the windows' values and which are inside to shares of dy.

    `near`: each share goes to where its tap would be without dilation.
    """
    p = gradients.max_pool_grad(dy, x, size, **rest)
    f = p.forward
    assert isinstance(f, Pool)
    dx, dy = canvas(f, (f.N, f.C), f.size, p.dtype), dy.astype(p.dtype)
    masks = padded(np.ones(x.shape, bool), f, f.size)
    values, inside = (
        [part for _, part in taps(a, f.size, f.O, f.stride, f.dilation)] for a in (padded(x, f, f.size), masks)
    )
    gaps = (1,) * len(f.size) if near else f.dilation
    for share, (_, part) in zip(choose(values, inside), taps(dx, f.size, f.O, f.stride, gaps), strict=True):
        if adds:
            part += np.where(share != 0, dy * share, 0).astype(p.dtype)
        else:
            part[share != 0] = dy[share != 0]
    return np.array(cropped(dx, f))


def first(values: list[Array], inside: list[Array]) -> list[Array]:
    """The right choice."""
    best = winners(values, inside)
    return [(best == i).astype(int) for i in range(len(values))]


def greatest(values: list[Array], inside: list[Array]) -> list[Array]:
    """All of the greatest elements."""
    best = winners(values, inside)
    top = np.take_along_axis(np.stack(values), np.maximum(best, 0)[None], 0)[0]
    return [
        (valid & ((v == top) | ((v != v) & (top != top)))).astype(int) for v, valid in zip(values, inside, strict=True)
    ]


@planted("max_pool.grad", "max_pool_grad")
def of_overlapping_maxima_the_last_write_wins(dy: Array, x: Array, size: Any, **rest: Any) -> Array:
    return routed(dy, x, size, first, adds=False, **rest)


@planted("max_pool.grad", "max_pool_grad")
def of_dilated_windows_the_place_is_counted_without_gaps(dy: Array, x: Array, size: Any, **rest: Any) -> Array:
    return routed(dy, x, size, first, near=True, **rest)


@planted("max_pool.grad", "max_pool_grad")
def a_tie_goes_to_the_last(dy: Array, x: Array, size: Any, **rest: Any) -> Array:
    def last(values: list[Array], inside: list[Array]) -> list[Array]:
        return first(values[::-1], inside[::-1])[::-1]

    return routed(dy, x, size, last, **rest)


@planted("max_pool.grad", "max_pool_grad")
def a_tie_goes_to_all(dy: Array, x: Array, size: Any, **rest: Any) -> Array:
    return routed(dy, x, size, greatest, **rest)


def a_tie_is_split(dy: Array, x: Array, size: Any, **rest: Any) -> Array:
    """What no backend may do undeclared, and must where it declares it."""

    def choose(values: list[Array], inside: list[Array]) -> list[Array]:
        shares = greatest(values, inside)
        return [share / np.maximum(sum(shares), 1) for share in shares]

    return routed(dy, x, size, choose, policies=resolve(SPLIT, "max_pool_grad"), **rest)


@planted("max_pool.grad", "max_pool_grad")
def the_least_number_never_wins(dy: Array, x: Array, size: Any, **rest: Any) -> Array:
    least = -np.inf if x.dtype.kind == "f" else np.iinfo(x.dtype).min

    def choose(values: list[Array], inside: list[Array]) -> list[Array]:
        return [share * (v != least) for share, v in zip(first(values, inside), values, strict=True)]

    return routed(dy, x, size, choose, **rest)


@planted("max_pool.grad", "max_pool_grad")
def padding_of_zeros_takes_the_gradient(dy: Array, x: Array, size: Any, **rest: Any) -> Array:
    def choose(values: list[Array], inside: list[Array]) -> list[Array]:
        return first(values, [np.ones_like(valid) for valid in inside])

    return routed(dy, x, size, choose, **rest)


@planted("max_pool.grad-nan", "max_pool_grad")
def a_nan_takes_no_gradient(dy: Array, x: Array, size: Any, **rest: Any) -> Array:
    least = -np.inf if x.dtype.kind == "f" else 0
    return computed("max_pool_grad", dy, np.where(x == x, x, least).astype(x.dtype), size, **rest)


@planted("max_pool.grad-nan", "max_pool_grad")
def of_several_nans_the_last_takes_the_gradient(dy: Array, x: Array, size: Any, **rest: Any) -> Array:
    def choose(values: list[Array], inside: list[Array]) -> list[Array]:
        nan = sum(np.isnan(v) for v in values) > 0
        last = first(values[::-1], inside[::-1])[::-1]
        return [np.where(nan, b, a) for a, b in zip(first(values, inside), last, strict=True)]

    return routed(dy, x, size, choose, **rest)


@planted("max_pool.grad-nan", "channel_pool_grad")
def a_nan_takes_no_gradient_of_channels(dy: Array, x: Array, size: Any, **rest: Any) -> Array:
    least = -np.inf if x.dtype.kind == "f" else 0
    return computed("channel_pool_grad", dy, np.where(x == x, x, least).astype(x.dtype), size, **rest)


@planted("policy.max-tie", "max_pool_grad", policies=SPLIT)
def a_tie_is_not_split_as_declared(dy: Array, x: Array, size: Any, **rest: Any) -> Array:
    return computed("max_pool_grad", dy, x, size, **rest)


@planted("gradient.difference", "max_pool_grad")
def the_least_element_takes_the_gradient(dy: Array, x: Array, size: Any, **rest: Any) -> Array:
    return computed("max_pool_grad", dy, -x, size, **rest)


@planted("number.floats", "max_pool_grad")
def dx_has_the_dtype_of_x(dy: Array, x: Array, size: Any, **rest: Any) -> Array:
    dx = computed("max_pool_grad", dy, x, size, **rest)
    return dx.astype(x.dtype.newbyteorder("=")) if x.dtype.kind == "f" else dx


@planted("avg_pool.grad", "avg_pool_grad")
def the_whole_window_divides(dy: Array, x_shape: Any, size: Any, **rest: Any) -> Array:
    f = gradients.avg_pool_grad(dy, x_shape, size, **rest).forward
    assert isinstance(f, Pool)
    with np.errstate(all="ignore"):
        scale = np.nan_to_num(divisors(f) / np.prod(f.size), nan=0).astype(dy.dtype if dy.dtype.kind == "f" else float)
    return computed("avg_pool_grad", dy * scale, x_shape, size, **rest)


@planted("avg_pool.grad", "avg_pool_grad")
def the_flag_for_padding_is_ignored_in_dx(
    dy: Array, x_shape: Any, size: Any, *, count_include_pad: Any = False, **rest: Any
) -> Array:
    computed("avg_pool_grad", dy, x_shape, size, count_include_pad=count_include_pad, **rest)
    return computed("avg_pool_grad", dy, x_shape, size, **rest)


@planted("avg_pool.grad", "avg_pool_grad")
def windows_that_overhang_pass_nothing_on(dy: Array, x_shape: Any, size: Any, **rest: Any) -> Array:
    f = gradients.avg_pool_grad(dy, x_shape, size, **rest).forward
    assert isinstance(f, Pool)
    last = (f.O[-1] - 1) * f.stride[-1] + (f.size[-1] - 1) * f.dilation[-1] - sum(f.pads[-1])
    dy = dy.copy()
    if last >= f.S[-1] and f.O[-1] > 1:
        dy[..., -1] = 0
    return computed("avg_pool_grad", dy, x_shape, size, **rest)


@planted("gradient.mean-bound", "avg_pool_grad")
def the_reciprocal_is_short(dy: Array, x_shape: Any, size: Any, **rest: Any) -> Array:
    return shortened(computed("avg_pool_grad", dy, x_shape, size, **rest), 12)


@planted("call.result-owned", "avg_pool_grad")
def windows_of_one_return_dy(dy: Array, x_shape: Any, size: Any, **rest: Any) -> Array:
    dx = computed("avg_pool_grad", dy, x_shape, size, **rest)
    return dy if dy.dtype == dx.dtype and dy.shape == dx.shape and np.array_equal(dx, dy) else dx


@planted("call.inputs-unchanged", "avg_pool_grad")
def dy_is_divided_in_place(dy: Array, x_shape: Any, size: Any, **rest: Any) -> Array:
    dx = computed("avg_pool_grad", dy, x_shape, size, **rest)
    if dy.flags.writeable and dy.dtype.kind == "f":
        dy /= 2
    return dx


@planted("lp_pool.grad", "lp_pool_grad")
def the_sign_of_x_is_lost(dy: Array, x: Array, size: Any, **rest: Any) -> Array:
    return computed("lp_pool_grad", dy, np.abs(x.astype(np.float64)).astype(x.dtype), size, **rest)


@planted("lp_pool.grad", "lp_pool_grad")
def every_order_is_the_second(dy: Array, x: Array, size: Any, *, p: Any = 2, **rest: Any) -> Array:
    computed("lp_pool_grad", dy, x, size, p=p, **rest)
    return computed("lp_pool_grad", dy, x, size, **rest)


@planted("lp_pool.grad", "lp_pool_grad")
def zero_has_a_positive_sign(dy: Array, x: Array, size: Any, *, p: Any = 2, **rest: Any) -> Array:
    return computed("lp_pool_grad", dy, np.where(x == 0, 1, x).astype(x.dtype) if p == 1 else x, size, p=p, **rest)


@planted("lp_pool.grad-zero", "lp_pool_grad")
def a_norm_of_zero_divides(dy: Array, x: Array, size: Any, **rest: Any) -> Array:
    dx = computed("lp_pool_grad", dy, x, size, **rest)
    zero = (innocent.lp_pool(x, size, **rest) == 0).astype(float)
    rest.pop("p", None)
    dx[computed("avg_pool_grad", zero, x.shape, size, **rest) > 0] = np.nan
    return dx


@planted("lp_pool.grad-zero", "channel_pool_grad")
def a_norm_of_zero_channels_divides(dy: Array, x: Array, size: Any, **rest: Any) -> Array:
    dx = computed("channel_pool_grad", dy, x, size, **rest)
    if rest.get("kind") == "lp":
        zero = (innocent.channel_pool(x, size, **rest) == 0).astype(float)
        dx[computed("channel_pool_grad", zero, x, size, **rest | {"kind": "avg"}) > 0] = np.nan
    return dx


@planted("policy.norm-zero", "lp_pool_grad", policies={"norm_zero": "any"})
def a_zero_spoils_its_window_under_the_licence(dy: Array, x: Array, size: Any, **rest: Any) -> Array:
    dx = computed("lp_pool_grad", dy, x, size, **rest)
    dx[x == 0] = np.nan
    return dx


@planted("gradient.norm-bound", "lp_pool_grad")
def the_norm_is_short(dy: Array, x: Array, size: Any, **rest: Any) -> Array:
    return shortened(computed("lp_pool_grad", dy, x, size, **rest), 12)


@planted("channel_pool.grad", "channel_pool_grad")
def overlapping_windows_of_channels_are_taken_once(dy: Array, x: Array, size: Any, **rest: Any) -> Array:
    dx = computed("channel_pool_grad", dy, x, size, **rest)
    stride = rest.get("stride") or size
    if stride < size and dy.shape[1] > 1:
        return computed("channel_pool_grad", np.concatenate([dy[:, :1], dy[:, 1:] * 0], axis=1), x, size, **rest)
    return dx


@planted("call.initialised", "channel_pool_grad")
def channels_left_over_are_not_written(dy: Array, x: Array, size: Any, **rest: Any) -> Array:
    dx = computed("channel_pool_grad", dy, x, size, **rest)
    used = (dy.shape[1] - 1) * (rest.get("stride") or size) + size
    out = np.empty(dx.shape, dx.dtype)
    out[:, :used] = dx[:, :used]
    return out
