"""Judgements of gradients beyond one case and its oracle: the adjoint, linearity, difference quotients, the chain rule.

The operators themselves come from the judge and are exact: all numbers are small integers, or decimals of 50 digits.
"""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal, localcontext
from fractions import Fraction
from itertools import product
from typing import Any

import numpy as np

from convspec import checks
from convspec.conformance import innocent, innocent_gradients
from convspec.conformance.case import ARGUMENTS, Case, Put, make
from convspec.conformance.data import build, elements, hashed
from convspec.conformance.derived import base, forward, gradient
from convspec.conformance.judge import Trial
from convspec.conformance.observe import positional
from convspec.conformance.verdict import Difference
from convspec.conformance.verify import verify

Array = np.ndarray[Any, Any]


def integers(name: str, shape: tuple[int, ...], seed: int) -> Array:
    """Small integers in float64."""
    return elements("small", hashed(int(np.prod(shape)), name, seed), np.dtype(np.float64), False).reshape(shape)


def keywords_of(case: Case) -> dict[str, Any]:
    """The keywords of the operator at a case of its gradient."""
    return {name: value for name, value in case.arguments if name in ARGUMENTS[base(case.op)]}


def offered(trial: Trial, case: Case) -> Array | None:
    """The backend's gradient in float64, if it has the right shape, dtype and no exception; integers for a fast algorithm."""
    e = trial.expect(case)
    seen = trial.observe(case)
    if not trial.settle(case, trial.count(verify(e, seen, upto=2))):
        return None
    value = np.asarray(seen.value, np.float64)
    return np.rint(value) if trial.numerics == "fast" else value


def adjoint(trial: Trial, case: Case) -> None:
    """<op(v), dy> = <v, gradient> for the operand v of the gradient, with integers and so exactly."""
    found = offered(trial, case)
    if found is None:
        return
    arrays = {name: a.astype(np.float64) for name, a in build(case).items()}
    dy, v = arrays.pop("dy"), integers("v", found.shape, case.seed)
    if case.op.endswith("_bias"):
        tile = v.reshape(len(v), *v.shape[1:], *(1 for _ in range(dy.ndim - v.ndim - 1)))
        for axis, n in enumerate(dy.shape[2:], 1):
            tile = tile.take(np.arange(n) % tile.shape[axis], axis=axis)
        result = np.broadcast_to(tile, dy.shape)
    else:
        given = {"w": v} if case.op.endswith("_weight") else {"x": v}
        call = forward(case)
        assert call is not None
        first, keywords = positional(call, arrays | given)
        result = getattr(innocent, base(case.op))(*first, **keywords)
    left, right = float(np.vdot(result, dy)), float(np.vdot(v, found))
    if left != right:
        trial.accuse(case, Difference(f"<{base(case.op)}(v), dy> = {left}", f"<v, {case.op}> = {right}"))


def bilinear(trial: Trial, case: Case) -> None:
    """f(a + b) = f(a) + f(b) in each operand of the gradient of a layer, and in dy for a maximum."""
    arrays = build(case)
    whole = offered(trial, case)
    if whole is None:
        return
    names = ["dy"] if case.op.endswith("_pool_grad") else list(arrays)
    for name in names:
        part = integers("part", arrays[name].shape, case.seed).astype(arrays[name].dtype)
        sums = []
        for value in (part, arrays[name] - part):
            first, keywords = positional(case, arrays | {name: value})
            seen = trial.observe((case.op, tuple(first), keywords))
            if seen.kind != "result" or not isinstance(seen.value, np.ndarray):
                return
            sums.append(np.asarray(seen.value, np.float64))
        total = np.add(*sums)
        total = np.rint(total) if trial.numerics == "fast" else total
        if not np.array_equal(total, whole):
            at = tuple(map(int, np.argwhere(total != whole)[0]))
            difference = Difference(f"{total[at]}, the sum of the gradients of two parts of {name}", str(whole[at]), at)
            trial.accuse(case, difference)


def steps(op: str) -> Iterator[Case]:
    """Cases whose operands have room for a step: averages of multiples of all divisors, no equal elements in a maximum."""
    kind = {"max_pool": "max", "avg_pool": "avg", "lp_pool": "lp"}.get(base(op))
    for seed, (rank, stride, padding) in enumerate(((1, 1, 1), (2, 2, 1), (3, 1, 0))):
        S, R = (5, 4, 3)[:rank], (2, 3, 2)[:rank]
        if base(op) == "channel_pool":
            case = make("channel_pool", {"x": ((2, 5, *S), "float64")}, {"size": 2, "kind": ("max", "avg", "lp")[seed]})
        elif kind:
            window = {"size": R, "stride": stride, "padding": padding if rank < 3 else 0}
            case = make(base(op), {"x": ((1, 2, *S), "float64")}, window | ({"p": 1 + seed} if kind == "lp" else {}))
        else:
            case = _layer(base(op), S, R, {"stride": stride, "padding": padding, "groups": 2})
        yield gradient(_distinct(case.but(seed=seed)), op)


def _layer(op: str, S: tuple[int, ...], R: tuple[int, ...], keywords: dict[str, Any]) -> Case:
    if op == "conv_transpose":
        return make(op, {"x": ((2, 4, *S), "float64"), "w": ((4, 3, *R), "float64")}, keywords)
    O = checks.conv(np.zeros((1, 4, *S)), np.zeros((6, 2, *R)), **keywords).O
    tile = {"conv": (), "tiled_conv": (2,) * len(S), "local_conv": O}[op]
    return make(op, {"x": ((2, 4, *S), "float64"), "w": ((6, *tile, 2, *R), "float64")}, keywords)


def _distinct(case: Case) -> Case:
    """The case with distinct elements of x, none of them 0, where the gradient depends on that."""
    if not case.op.endswith("_pool") or case.op == "avg_pool":
        return case
    shape = case.operands["x"].shape
    order = np.argsort(hashed(int(np.prod(shape)), "order", case.seed)).reshape(shape)
    signs = np.where(order % 2, 1, -1)
    put = (Put("x", i, str(float(signs[i] * (10 + 4 * order[i])))) for i in product(*map(range, shape)))
    return case.but(put=tuple(put))


def difference(trial: Trial, case: Case) -> None:
    """Elements of the gradient against the change of the loss <op, dy> by a step of that element."""
    found = offered(trial, case)
    if found is None:
        return
    e = trial.expect(case)
    name = {"w": "w", "b": "b"}.get(case.op.rpartition("_")[2][0], "x")
    for i in range(0, len(e.at), max(1, len(e.at) // 6)):
        quotient = slope(case, name, e.at[i])
        allowed = Fraction(float(e.limits.limit[i])) + Fraction(1, 10**20) * (e.limits.limit[i] > 0)
        if abs(Fraction(float(found[e.at[i]])) - quotient) > allowed:
            trial.accuse(case, Difference(f"{float(quotient)}, the difference quotient", str(found[e.at[i]]), e.at[i]))


def slope(case: Case, name: str, at: tuple[int, ...]) -> Fraction:
    """The difference quotient of the loss by one element, in exact numbers; for a norm to 20 digits and more."""
    arrays = {key: a.astype(np.float64) for key, a in build(case).items()}
    dy = arrays.pop("dy")
    if name == "b":
        return Fraction(float(sum(dy[j] for j in product(*map(range, dy.shape)) if _sharing(case, j, at))))
    call = forward(case)
    assert call is not None
    shapes = {key: operand.shape for key, operand in call.arrays}
    arrays = {key: arrays.get(key, np.zeros(shape)) for key, shape in shapes.items()}
    if "lp" in (dict(case.arguments).get("kind"), case.op[:2]):
        return _norm_slope(call, arrays["x"], dy, at)
    # an average is exact where the step is a multiple of every divisor
    step = 27720.0 if "avg" in (dict(case.arguments).get("kind"), case.op[:3]) else 1.0
    losses = []
    for h in (0.0, step):
        moved = arrays[name].copy() * (step if step > 1 else 1)
        moved[at] += h
        first, keywords = positional(call, arrays | {name: moved})
        losses.append(np.vdot(getattr(innocent, call.op)(*first, **keywords), dy))
    return Fraction(float(losses[1] - losses[0])) / Fraction(step)


def _sharing(case: Case, j: tuple[int, ...], at: tuple[int, ...]) -> bool:
    """Whether the element j of the result has the bias `at`."""
    if len(at) == 1:
        return j[1] == at[0]
    shape = dict(case.arguments).get("b_shape", case.operands["dy"].shape[1:])
    return j[1] == at[0] and all(o % n == t for o, n, t in zip(j[2:], shape[1:], at[1:], strict=True))


def _norm_slope(call: Case, x: Array, dy: Array, at: tuple[int, ...]) -> Fraction:
    """The central difference of the loss by a step of 10^-25, with 80 digits."""
    marks = np.zeros(x.shape)
    marks[at] = 1
    first, keywords = positional(call, {"x": marks})
    seeing = np.argwhere(getattr(innocent, call.op)(*first, **keywords))
    p = Decimal(dict(call.arguments).get("p", 2))
    with localcontext() as context:
        context.prec = 80
        step, total = Decimal(10) ** -25, Decimal(0)
        for o in map(tuple, seeing):
            values = [Decimal(float(x[j])) for j in _members(call, o, x.shape)]
            mine = Decimal(float(x[at]))
            others = sum(abs(v) ** p for v in values) - abs(mine) ** p
            ends = [(others + abs(mine + h) ** p) ** (1 / p) for h in (step, -step)]
            total += Decimal(float(dy[o])) * (ends[0] - ends[1])
        return Fraction(total / (2 * step))


def _members(call: Case, o: tuple[int, ...], shape: tuple[int, ...]) -> list[tuple[int, ...]]:
    """The elements of window o."""
    dy = np.zeros([int(n) for n in gradient(call, f"{call.op}_grad").operands["dy"].shape])
    dy[o] = 1
    averages = call.but(op="avg_pool") if call.op == "lp_pool" else call
    keywords = {name: value for name, value in averages.arguments if name != "p"}
    size = keywords.pop("size")
    if call.op == "channel_pool":
        found = innocent_gradients.computed(
            "channel_pool_grad", dy, np.zeros(shape), size, **keywords | {"kind": "avg"}
        )
    else:
        found = innocent_gradients.computed("avg_pool_grad", dy, shape, size, **keywords)
    return [tuple(map(int, j)) for j in np.argwhere(found)]


def composition(trial: Trial, op: str, seed: int) -> None:
    """conv, the operator of `op`, conv: the loss changes with x as the gradients say that carry dy back through all three."""
    first, last = integers("first", (2, 2, 3), seed), integers("last", (3, 2, 2), seed)
    x = 4000.0 * integers("x", (2, 2, 12), seed) + integers("more", (2, 2, 12), seed)
    v = np.clip(integers("step", x.shape, seed), -2, 2)
    case = _middle(op, seed)
    if not trial.settle(case, trial.judge(case, upto=2)):
        return
    w = integers("w", case.operands["w"].shape, seed) if "w" in case.operands else None
    keywords = keywords_of(case)
    size = [keywords.pop("size")] if "size" in keywords else []

    def middle(a: Array) -> Array:
        result: Array = getattr(innocent, base(op))(a, *([] if w is None else [w]), *size, **keywords)
        return result

    hidden = [innocent.conv(x, first)]
    hidden.append(middle(hidden[0]))
    dy = integers("dy", innocent.conv(hidden[1], last, stride=2).shape, seed)
    back = _asked(trial, "conv_grad_input", dy, last, hidden[1].shape, stride=2)
    if op == "max_pool_grad":
        operands: list[Any] = [hidden[0]]
    else:
        operands = [hidden[0].shape] if w is None else [w, hidden[0].shape]
    back = _asked(trial, op, back, *operands, *size, **keywords)
    back = _asked(trial, "conv_grad_input", back, first, x.shape)
    moved = innocent.conv(middle(innocent.conv(x + v, first)), last, stride=2)
    left = float(np.vdot(moved - innocent.conv(hidden[1], last, stride=2), dy))
    right = float(np.vdot(v, np.rint(back) if trial.numerics == "fast" else back))
    if left != right:
        trial.accuse(
            case, Difference(f"a loss that changes by {left} through three layers", f"<v, gradient> = {right}")
        )


def _middle(op: str, seed: int) -> Case:
    """The gradient in the middle: of a layer or a pooling of planes of 2 channels and 10 elements."""
    x = ((2, 2, 10), "float64")
    if op.endswith("_pool_grad"):
        return gradient(make(base(op), {"x": x}, {"size": 2, "stride": 1 + seed % 2}, seed=seed), op)
    tile = {"local_conv": (8,), "tiled_conv": (3,)}.get(base(op), ())
    w = ((2, *tile, 2, 3), "float64")
    return gradient(make(base(op), {"x": x, "w": w}, {"padding": 1} if not tile else {}, seed=seed), op)


def _asked(trial: Trial, op: str, *arguments: Any, **keywords: Any) -> Array:
    """The backend's gradient, or the judge's own where it offers none."""
    if op in trial.run.host.profile.operators:
        seen = trial.observe((op, arguments, keywords))
        if seen.kind == "result" and isinstance(seen.value, np.ndarray):
            return np.asarray(seen.value, np.float64)
    return innocent_gradients.computed(op, *arguments, **keywords)
