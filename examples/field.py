"""A telescope's blur, which grows towards the corners: a kernel of its own for each pixel, by local_conv.

    python examples/field.py [output.png] [size]

The image of a star is a point-spread function: round in the middle of the field, and drawn out towards its corners, as
by astigmatism. A convolution has one kernel for the whole field; unshared convolution (Goodfellow, Bengio and
Courville, "Deep Learning", section 9.5) has one for each pixel. Where all kernels are the same, so are the results.
"""

from __future__ import annotations

import sys
from typing import Any

import matplotlib
import numpy as np
from skimage import data

from convspec import fast

Array = np.ndarray[Any, Any]

REACH = 6
"""Pixels on each side of a kernel's centre."""


def photograph(size: int) -> Array:
    """The middle of the Hubble deep field, grey, float32 from 0 to 1; NASA's, in the public domain, from scikit-image."""
    image = data.hubble_deep_field().mean(axis=2, dtype=np.float32) / 255
    top, left = ((n - size) // 2 for n in image.shape)
    return np.ascontiguousarray(image[top : top + size, left : left + size])


def spread(size: int, growth: float = 1) -> Array:
    """The point-spread functions of a square field, (size, size, R, R): Gaussians of sum 1, in the middle 0.8 pixels wide.

    At a distance d from the middle, in units of the corner's, they are 2.6 `growth` d^2 pixels wider along the line to
    the middle, and 0.4 `growth` d^2 pixels wider across it.
    """
    y, x = np.meshgrid(*(np.linspace(-1, 1, size, dtype=np.float32),) * 2, indexing="ij")
    squared, angle = (x * x + y * y) / 2, np.arctan2(y, x)
    along, across = (0.8 + rate * growth * squared[..., None, None] for rate in (2.6, 0.4))
    v, u = np.meshgrid(*(np.arange(-REACH, REACH + 1, dtype=np.float32),) * 2, indexing="ij")
    cosine, sine = np.cos(angle)[..., None, None], np.sin(angle)[..., None, None]
    kernels = np.exp(-(((u * cosine + v * sine) / along) ** 2 + ((v * cosine - u * sine) / across) ** 2) / 2)
    normalised: Array = (kernels / kernels.sum(axis=(2, 3), keepdims=True)).astype(np.float32)
    return normalised


def blurred(image: Array, kernels: Array) -> Array:
    """`image`, each pixel by its own kernel; beyond the border it is repeated."""
    padded = np.pad(image, REACH, mode="edge")[None, None]
    y: Array = fast.local_conv(padded, kernels[None, :, :, None])[0, 0]
    return y


def draw(file: str, images: dict[str, Array]) -> None:
    """The images side by side, and below each the middle and a corner of it, enlarged."""
    matplotlib.use("Agg")
    from matplotlib import pyplot

    figure, axes = pyplot.subplots(2, len(images), figsize=(4 * len(images), 6.4), height_ratios=(2, 1))
    for column, (title, image) in enumerate(images.items()):
        part, middle = len(image) // 5, len(image) // 2
        pieces = image[middle - part // 2 :, middle - part // 2 :][:part, :part], image[:part, :part]
        details = np.hstack([pieces[0], np.ones((part, 2), np.float32), pieces[1]])
        for axis, shown in zip(axes[:, column], (image, details), strict=True):
            axis.imshow(np.sqrt(shown), cmap="gray", vmin=0, vmax=1)
            axis.axis("off")
        axes[0, column].set_title(title)
        axes[1, column].set_title("the middle and a corner", fontsize=9)
    figure.tight_layout()
    figure.savefig(file, dpi=110)


def main(file: str = "field.png", size: int = 400) -> None:
    """Blurs the photograph with one kernel and with one for each pixel, says what that takes, and draws the picture."""
    image, kernels, same = photograph(size), spread(size), spread(size, growth=0)
    single = fast.convolve(np.pad(image, REACH, mode="edge"), same[0, 0], mode="valid")
    constant, varying = blurred(image, same), blurred(image, kernels)
    print(
        f"{size} x {size} pixels, each with its own {2 * REACH + 1} x {2 * REACH + 1} kernel: {kernels.nbytes / 1e6:.0f} MB"
    )
    print(f"equal kernels give a convolution: greatest difference {np.abs(constant - single).max():.1e}")
    print(f"mean brightness {image.mean():.4f} before, {varying.mean():.4f} after")
    draw(file, {"the photograph": image, "one kernel": constant, "a kernel for each pixel": varying})
    print(f"drawn to {file}")


if __name__ == "__main__":
    main(*sys.argv[1:2], *(int(n) for n in sys.argv[2:3]))
