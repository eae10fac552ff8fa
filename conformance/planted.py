"""Planted bugs: backends that are wrong in one way each, and the clause that must catch each of them.

They are the innocent backend with a small change, of the kinds that are known from real libraries. The tests of the judge
run it on every one of them, and fail if one survives.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from importlib import import_module
from types import SimpleNamespace
from typing import Any

from convspec.params import Array

CHAPTERS = (
    "planted_calls", "planted_layers", "planted_numbers", "planted_images", "planted_pooling", "planted_errors",
    "planted_sizes", "planted_large_kernels", "planted_cheats", "planted_claims", "planted_windows",
    "planted_gradients", "planted_gradients_weight", "planted_gradients_local",
    "planted_gradients_pools", "planted_combinations",
)  # fmt: skip


@dataclass(frozen=True)
class Bug:
    """A wrong operator, what is wrong with it, and the clause that says so."""

    name: str
    slug: str
    op: str
    make: Callable[[], Callable[..., Any]]
    """A new operator, with a new state if it has one."""
    declares: Mapping[str, Any] = field(default_factory=dict, hash=False)
    """What the backend says about itself, and the other operators that it offers."""

    def backend(self) -> SimpleNamespace:
        """A backend that offers this operator."""
        return SimpleNamespace(**{self.op: self.make(), **self.declares})


def cropped(a: Array, like: Array) -> Array:
    """The first part of an array, of the shape of another: what a wrong operator returns has the right one."""
    return a[tuple(map(slice, like.shape))].copy()


BUGS: list[Bug] = []


def planted(slug: str, op: str, **declares: Any) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Enters a wrong operator into the list; its name is its function's, in words."""

    def enter(function: Callable[..., Any]) -> Callable[..., Any]:
        BUGS.append(Bug(function.__name__.replace("_", " "), slug, op, lambda: function, declares))
        return function

    return enter


def planted_state(slug: str, op: str) -> Callable[[Callable[[], Callable[..., Any]]], Callable[[], Callable[..., Any]]]:
    """The same for a function that makes an operator with a state of its own."""

    def enter(make: Callable[[], Callable[..., Any]]) -> Callable[[], Callable[..., Any]]:
        BUGS.append(Bug(make.__name__.replace("_", " "), slug, op, make))
        return make

    return enter


def bugs() -> list[Bug]:
    """All planted bugs."""
    for chapter in CHAPTERS:
        import_module(f"convspec.conformance.{chapter}")
    return sorted(BUGS, key=lambda bug: (bug.op, bug.slug, bug.name))
