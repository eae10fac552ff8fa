"""Edges of a photograph, as the lecture finds them and as MATLAB's `edge(image, 'sobel')` draws them.

    python examples/edges.py [output.png]

The two Sobel kernels of the lecture give G_x and G_y; an edge is where the squared magnitude exceeds four times its
mean and peaks along a row or a column. Pixels and kernels are 8-bit integers, so the sums are exact in int32, with none
of the wrap-around of `scipy.signal` on uint8; they are compared with scipy.ndimage element for element.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Any

import matplotlib
import numpy as np
from scipy import ndimage
from skimage import data

from convspec import fast, lecture

Array = np.ndarray[Any, Any]

PHOTOGRAPH: Callable[[], Array] = data.camera
"""A man with a camera, from scikit-image's own package; CC0."""


def gradient(image: Array, kernel: Array) -> Array:
    """The derivative of a uint8 image by one of Sobel's kernels, exact; beyond its border the image is mirrored.

    One pixel beyond the border a mirrored image and one whose border is repeated, which MATLAB takes, are the same.
    """
    exact = fast.convolve(image, kernel.astype(np.int8), mode="same", boundary="symm")
    assert exact.dtype == np.int32
    expected = ndimage.convolve(image.astype(np.int64), kernel, mode="reflect")
    if not np.array_equal(exact, expected):
        raise SystemExit("convspec.fast and scipy.ndimage disagree")
    derivative: Array = exact.astype(np.int64)
    return derivative


def thin(steep: Array, gx: Array, gy: Array) -> Array:
    """Those of the `steep` pixels that top both neighbours in their row, across a line that is mostly upright, or in
    their column, across one that is mostly level. Of two equal neighbours the second counts, as in MATLAB."""
    squared = gx * gx + gy * gy
    upright, level = np.abs(gx) >= np.abs(gy), np.abs(gy) >= np.abs(gx)
    lines: Array = steep & (upright & _tops(squared) | level & _tops(squared.T).T)
    return lines


def _tops(a: Array) -> Array:
    """Where an element is not less than the one before it in its row, and greater than the one after it."""
    before, after = np.pad(a, ((0, 0), (1, 0)))[:, :-1], np.pad(a, ((0, 0), (0, 1)))[:, 1:]
    larger: Array = (a >= before) & (a > after)
    return larger


def draw(file: str, image: Array, gx: Array, gy: Array, edges: Array) -> None:
    """The photograph, its gradient and its edges in one picture."""
    matplotlib.use("Agg")
    from matplotlib import pyplot

    magnitude, reach = np.hypot(gx, gy), np.abs([gx, gy]).max() / 2
    signed = {"cmap": "RdBu_r", "vmin": -reach, "vmax": reach}
    panels: list[tuple[str, Array, dict[str, Any]]] = [
        ("photograph", image, {"cmap": "gray"}),
        ("edges", ~edges, {"cmap": "gray"}),
        ("$G_x$", gx, signed),
        ("$G_y$", gy, signed),
        (r"$\sqrt{G_x^2 + G_y^2}$", magnitude, {"cmap": "gray", "vmax": np.percentile(magnitude, 99.5)}),
    ]
    figure = pyplot.figure(figsize=(12, 10.6), layout="constrained")
    axes = figure.subplot_mosaic("000111;000111;000111;223344;223344")
    for (_, axis), (title, picture, style) in zip(sorted(axes.items()), panels, strict=True):
        axis.imshow(picture, interpolation="nearest", **style)
        axis.set_title(title, fontsize=15)
        axis.set_axis_off()
    figure.savefig(file, dpi=100)
    pyplot.close(figure)


def main(file: str = "edges.png") -> None:
    """Writes the picture and prints what is in it."""
    image = PHOTOGRAPH()
    gx, gy = gradient(image, lecture.SOBEL_X), gradient(image, lecture.SOBEL_Y)
    steep = lecture.edges(gx, gy)
    edges = thin(steep, gx, gy)
    draw(file, image, gx, gy, edges)
    height, width = image.shape
    print(f"photograph  {height} x {width}, G_x and G_y equal scipy.ndimage's in all {2 * image.size:,} elements")
    print(f"threshold   {2 * np.sqrt(np.mean(gx * gx + gy * gy)):.1f}, which {np.mean(steep):.1%} of the pixels exceed")
    print(f"edges       {np.mean(edges):.1%} of the pixels, thinned to lines")
    print(f"picture     {file}")


if __name__ == "__main__":
    main(*sys.argv[1:2])
