"""How an adapter speaks to its peer, so that a bug report makes the very call that was judged.

An operator of the adapter checks and spells its arguments and gives a `partial` of a function that uses nothing but the
peer's API, numpy and the names that `imports` binds. That is called; a bug report is its source and the call. A peer with
automatic differentiation has two functions more, which call that one: `value` for its result as an array, and `pulled` for
the gradient of the result by one operand, at any values. What a gradient is given by its shape alone is zeros there.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np

from convspec.conformance.backends._plumbing import machine_dtype, rank_of, refusals
from convspec.conformance.case import Case
from convspec.conformance.data import build
from convspec.conformance.observe import positional

Spell = Callable[..., partial[Any]]


class Words:
    """Makes operators of functions that spell calls."""

    def __init__(
        self, imports: str, *refused: type[Exception], not_offered: tuple[str, ...] = (), value: Any = None,
        pulled: Any = None,
    ) -> None:  # fmt: skip
        self._imports, self._refused, self._not_offered = imports, refused, not_offered
        self._value, self._pulled = value, pulled
        self._spell: dict[str, Spell] = {}

    def __call__(self, spell: Spell) -> Callable[..., Any]:
        """The operator that does what `spell` gives."""
        return self._operator(spell.__name__, spell if self._value is None else partial(_before, self._value, spell))

    def _operator(self, op: str, spell: Spell) -> Callable[..., Any]:
        self._spell[op] = spell

        def operator(*operands: Any, **keywords: Any) -> Any:
            with refusals(*self._refused, not_offered=self._not_offered):
                return spell(*operands, **keywords)()

        return operator

    def gradients(self) -> dict[str, Callable[..., Any]]:
        """The gradients of the operators so far."""
        found = {}
        for op, spell in list(self._spell.items()):
            pull = partial(_pull, self._pulled, spell)
            if op.endswith("_pool"):
                found[f"{op}_grad"] = partial(_pooled, pull, op)
            elif op.endswith("conv") or op == "conv_transpose":
                found[f"{op}_grad_input"] = partial(_input, pull)
                found[f"{op}_grad_weight"] = partial(_weight, pull)
                found[f"{op}_grad_bias"] = partial(_bias, pull, op)
        return {op: self._operator(op, spell) for op, spell in found.items()}

    def snippet(self, case: Case) -> str:
        """The call as a script, from the imports to y."""
        arrays = build(case)
        operands, keywords = positional(case, arrays)
        call = self._spell[case.op](*operands, **keywords)
        names = {id(a): name for name, a in arrays.items()}
        given = [names.get(id(a)) or _text(a) for a in call.args]
        given += [f"{key}={value!r}" for key, value in call.keywords.items()]
        functions: list[Any] = [call.func, *filter(inspect.isfunction, call.args)]
        sources = "\n\n".join(inspect.getsource(function) for function in functions)
        return f"{self._imports}\n\n\n{sources}\n\ny = {call.func.__name__}({', '.join(given)})"


def _text(value: Any) -> str:
    if isinstance(value, np.ndarray):
        return f"np.zeros({value.shape}, {value.dtype.name!r})"
    return value.__name__ if inspect.isfunction(value) else repr(value)


def _before(function: Any, spell: Spell, *operands: Any, **keywords: Any) -> partial[Any]:
    """The call that `spell` gives, made by another function."""
    call = spell(*operands, **keywords)
    return partial(function, call.func, *call.args, **call.keywords)


def _pull(pulled: Any, spell: Spell, operand: Any, dy: Any, *operands: Any, **keywords: Any) -> partial[Any]:
    """The gradient of an operator by one of its operands."""
    call = spell(*operands, **keywords)
    function, *given = call.args
    at = next(i for i, a in enumerate(given) if a is operand)
    return partial(pulled, function, at, dy, *given, **call.keywords)


def _input(pull: Spell, dy: Any, w: Any, x_shape: Any, **keywords: Any) -> partial[Any]:
    x = np.zeros(x_shape, _floating(dy, w))
    return pull(x, dy, x, w, **keywords)


def _weight(pull: Spell, dy: Any, x: Any, w_shape: Any, **keywords: Any) -> partial[Any]:
    w = np.zeros(w_shape, _floating(dy, x))
    return pull(w, dy, x, w, **keywords)


def _bias(pull: Spell, op: str, dy: Any) -> partial[Any]:
    """The bias of kernels of one tap."""
    dtype, ones = _floating(dy), (1,) * rank_of(dy)
    N, K, *O = np.shape(dy)
    w = {"conv": (K, 1, *ones), "conv_transpose": (1, K, *ones), "local_conv": (K, *O, 1, *ones)}[op]
    b = np.zeros((K, *O) if op == "local_conv" else K, dtype)
    return pull(b, dy, np.zeros((N, 1, *O), dtype), np.zeros(w, dtype), b)


def _pooled(pull: Spell, op: str, dy: Any, x: Any, size: Any, **keywords: Any) -> partial[Any]:
    x = np.zeros(x, _floating(dy)) if op == "avg_pool" else x
    _floating(dy, x)
    return pull(x, dy, x, size, **keywords)


def _floating(*operands: Any) -> np.dtype[Any]:
    """The dtype of the operands; frameworks differentiate by floating numbers only."""
    dtype = machine_dtype(*operands)
    if dtype.kind != "f":
        raise NotImplementedError("gradients of integers are not offered")
    return dtype
