"""convspec.fast with algorithm="winograd": Winograd's tiles wherever there are any, whatever they cost."""

from functools import partial

from convspec import __version__, fast

numerics = {"conv": "fast"}
conv = partial(fast.conv, algorithm="winograd")

__all__ = ["__version__", "conv", "numerics"]
