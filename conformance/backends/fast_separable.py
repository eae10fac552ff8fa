"""convspec.fast with algorithm="separable": one pass an axis for every floating kernel that is a product, whatever it costs."""

from functools import partial

from convspec import __version__, fast

numerics = {"convolve": "fast", "correlate": "fast"}
convolve = partial(fast.convolve, algorithm="separable")
correlate = partial(fast.correlate, algorithm="separable")

__all__ = ["__version__", "convolve", "correlate", "numerics"]
