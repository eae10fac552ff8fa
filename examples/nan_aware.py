"""Normalised convolution: a filter that leaves out missing pixels (NaN), as astropy.convolution.convolve does.

Both the image, with zeros for what is missing, and the map of what is there are filtered; their quotient is the mean,
weighted by the kernel, of the pixels that are there. Where the kernel sees none, the result is NaN. Beyond the edges
nothing is there either, so the mean is not drawn towards the fill value.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from convspec import fast

Array = np.ndarray[Any, Any]


def nan_convolve(image: Array, kernel: Array) -> Array:
    """The kernel's weighted mean of the pixels of `image` that are not NaN, in the image's shape."""
    there = ~np.isnan(image)
    kernel = kernel.astype(image.dtype)
    total = fast.convolve(np.where(there, image, 0), kernel, "same")
    weight = fast.convolve(there.astype(image.dtype), kernel, "same", algorithm="direct")
    return np.divide(total, weight, out=np.full_like(total, np.nan), where=weight > 0)


def main() -> None:
    """A ramp with a hole in it, smoothed: the hole is filled, and no other pixel is disturbed."""
    ramp = np.add.outer(np.arange(7.0), np.arange(7.0))
    ramp[2:4, 3] = np.nan
    smooth = nan_convolve(ramp, np.ones((3, 3)))
    print(np.array2string(smooth, precision=2, suppress_small=True))


if __name__ == "__main__":
    main()
