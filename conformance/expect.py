"""What the law asks of a case: a refusal, or a shape, a dtype and values with the error that each may have."""

from __future__ import annotations

import math
import zlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property, lru_cache
from itertools import product
from typing import Any

import numpy as np

from convspec import GRADIENTS, checks, gradients, reference
from convspec.conformance import limits, limits_gradients
from convspec.conformance.case import Case, parse
from convspec.conformance.clock import CLOCK
from convspec.conformance.data import build, hashed
from convspec.conformance.limits import Limits
from convspec.conformance.observe import positional
from convspec.errors import SpecError, SpecValueError
from convspec.params import BiasGrad, ChannelPool, Conv, ConvGrad, Image, Pool, PoolGrad
from convspec.policies import DEFAULTS

Array = np.ndarray[Any, Any]
Params = Conv | Image | Pool | ChannelPool | ConvGrad | BiasGrad | PoolGrad
Index = tuple[int, ...]


@dataclass(frozen=True, eq=False)
class Expectation:
    """The law's answer to one case, for a backend of the given policies and class; values are computed when asked for."""

    case: Case
    policies: Mapping[str, str]
    numerics: str
    budget: int
    """About how many terms of sums the oracle may compute; larger results are judged by a sample of their elements."""
    chosen: list[Index] | None = None
    """The elements to judge, in place of a sample."""

    @cached_property
    def arrays(self) -> dict[str, Array]:
        """The operands, C-ordered and in native byte order."""
        return {
            name: np.ascontiguousarray(a, a.dtype.newbyteorder("=")).reshape(a.shape)
            for name, a in build(self.case).items()
        }

    @cached_property
    def refusal(self) -> SpecError | None:
        """The error that the call must give, if it must."""
        try:
            params = self._checked()
            if (
                self.policies["empty_window"] == "error"
                and isinstance(pool := getattr(params, "forward", params), Pool)
                and min(limits.inside(pool)) == 0
            ):
                raise SpecValueError("policy.empty-window", "padding", pool.pads, "must leave no window empty")
        except SpecError as error:
            return error
        return None

    def _checked(self) -> Params:
        arguments, keywords = positional(self.case, self.arrays)
        params: Params = checker(self.case.op)(*arguments, **keywords, policies=self.policies)
        return params

    @cached_property
    def params(self) -> Params:
        """The checked call; SpecError if it is to be refused."""
        return self._checked()

    @cached_property
    def at(self) -> list[Index]:
        """The indices of the elements that are judged, in row-major order: all of them, or a sample."""
        if self.chosen is not None:
            return self.chosen
        shape = self.params.shape
        least = min(16, self.budget // 75)  # of long sums, which a budget pays for a few of
        count = max(least, self.budget // limits.terms(self.params))
        if math.prod(shape) <= count:
            return list(product(*map(range, shape)))
        ends = [sorted({0, n - 1}) for n in shape]
        corners = list(product(*ends))[: count // 2]
        return sorted({*corners, *_scattered(shape, count - len(corners), zlib.crc32(self.case.text.encode()))})

    @property
    def shaping(self) -> dict[str, str]:
        """The policies as far as shapes depend on them, and the law's own for the rest."""
        return DEFAULTS | {"ceil_drop": self.policies["ceil_drop"]}

    def oracle(self, arrays: Mapping[str, Array] | None = None, **changes: Any) -> Array:
        """The oracle's results at the judged elements, of the case's operands or of others in their place."""
        arguments, keywords = positional(self.case, self.arrays if arrays is None else arrays)
        policies = {**self.policies, **changes.pop("policies", {})}
        function: Callable[..., Array] = getattr(reference, self.case.op)
        every = self.chosen is None and len(self.at) == math.prod(self.params.shape)
        with CLOCK.on("oracle"), np.errstate(all="ignore"):
            at = None if every else self.at
            return function(*arguments, **{**keywords, **changes}, at=at, policies=policies).ravel()

    @cached_property
    def value(self) -> Array:
        """The exact values of the judged elements, of float32 results to the digits of a float64."""
        return self.oracle(limits.operands(self))

    @cached_property
    def limits(self) -> Limits:
        """How far each result may be from its value."""
        p = self.params
        with CLOCK.on("oracle"):
            return limits_gradients.of(self, p) if isinstance(p, PoolGrad) else limits.of(self)


def checker(op: str) -> Callable[..., Any]:
    """The validation of an operator."""
    check: Callable[..., Any] = getattr(gradients if op in GRADIENTS else checks, op)
    return check


def _scattered(shape: Index, count: int, seed: int) -> list[Index]:
    """Places in an array; along each axis about three of ten are among the last four."""
    dice = hashed(count * len(shape), "sample", seed).reshape(count, -1)
    anywhere, late = dice % np.uint64(2**31) % np.array(shape, np.uint64), (dice >> np.uint64(32)) % np.uint64(4)
    near_end = np.maximum(np.array(shape) - 1 - late.astype(int), 0)
    index = np.where((dice >> np.uint64(40)) % np.uint64(10) < 3, near_end, anywhere.astype(int))
    return [tuple(row) for row in index.tolist()]


@lru_cache(maxsize=2048)
def _expect(text: str, policies: tuple[tuple[str, str], ...], numerics: str, budget: int) -> Expectation:
    return Expectation(parse(text), dict(policies), numerics, budget)


def expect(case: Case, policies: Mapping[str, str], numerics: str = "direct", budget: int = 4000) -> Expectation:
    """The law's answer to `case`; equal questions are answered once."""
    return _expect(case.text, tuple(sorted(policies.items())), numerics, budget)
