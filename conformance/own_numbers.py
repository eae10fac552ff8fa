"""Searches draw numbers of their own, whatever else is imported."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from unittest.mock import patch

from hypothesis.internal.conjecture import providers

NOSY = hasattr(providers, "_get_local_constants")
"""Whether this version of Hypothesis reads the source of local modules for numbers to draw."""


@contextmanager
def own_numbers() -> Iterator[None]:
    """Hypothesis also draws numbers that it reads in the source of modules outside of site-packages; here it does not.

    Without this the cases of a seed would depend on how convspec is installed and on what else is imported.
    """
    with patch.object(providers, "_get_local_constants", vars(providers)["Constants"]) if NOSY else nullcontext():
        yield
