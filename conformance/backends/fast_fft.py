"""convspec.fast with algorithm="fft": Fourier transforms of every floating image, whatever they cost."""

from functools import partial

from convspec import __version__, fast

numerics = {"convolve": "fast", "correlate": "fast"}
convolve = partial(fast.convolve, algorithm="fft")
correlate = partial(fast.correlate, algorithm="fft")

__all__ = ["__version__", "convolve", "correlate", "numerics"]
