"""Can we learn filters from data instead? Sobel's kernel, found again by gradient descent from a photograph and its edges.

    python examples/learn_sobel.py [output.png]

The lecture's question and its answer: the derivative of the loss by each weight is a sum over the image, so W can be
learnt. Patches of a photograph and their maps of horizontal change are all that the learner sees.
"""

from __future__ import annotations

import sys
from typing import Any

import numpy as np

from convspec import fast, lecture

Array = np.ndarray[Any, Any]

SIDE, RATE, MOMENTUM, STEPS = 64, 0.4, 0.9, 400
STAGES = (0, 5, 20, 60, 150, STEPS)


def PHOTOGRAPH() -> Array:
    """skimage.data.camera(), 512 x 512 shades of grey from 0 to 1."""
    from skimage import data

    picture: Array = data.camera().astype(np.float32) / 255
    return picture


def patches(picture: Array) -> Array:
    """The picture cut into squares of mean 0: (N, 1, SIDE, SIDE)."""
    rows, columns = (n // SIDE for n in picture.shape)
    cut = picture[: rows * SIDE, : columns * SIDE].reshape(rows, SIDE, columns, SIDE).swapaxes(1, 2)
    squares = cut.reshape(-1, 1, SIDE, SIDE)
    return np.ascontiguousarray(squares - squares.mean((2, 3), keepdims=True))


def whitened_rate(x: Array) -> float:
    """A step that the steepest direction of the loss still allows: over the greatest eigenvalue of its curvature."""
    w = np.random.default_rng(1).standard_normal((1, 1, 3, 3)).astype(np.float32)
    for _ in range(20):
        w /= np.linalg.norm(w)
        w = fast.conv_grad_weight(fast.conv(x, w), x, w.shape) / x.size
    return RATE / float(np.linalg.norm(w))


def learn(x: Array, target: Array, steps: int = STEPS) -> tuple[list[Array], list[float]]:
    """The kernel after every step, from noise on, and the loss before it: half the mean square of what is wrong."""
    w = np.random.default_rng(0).standard_normal((1, 1, 3, 3)).astype(np.float32)
    velocity, rate = np.zeros_like(w), whitened_rate(x)
    kernels, losses = [w.copy()], []
    for _ in range(steps):
        error = fast.conv(x, w) - target
        losses.append(float((error**2).sum() / 2 / x.size))
        gradient = fast.conv_grad_weight(error, x, w.shape) / x.size
        velocity = MOMENTUM * velocity - rate * gradient
        w = w + velocity
        kernels.append(w.copy())
    return kernels, losses


def draw(picture: Array, kernels: list[Array], losses: list[float], output: str) -> None:
    """The kernel at some stages, the edges it finds in the picture, and the loss."""
    from matplotlib import pyplot as plt

    stages = [s for s in STAGES if s < len(kernels)]
    figure, axes = plt.subplots(3, len(stages), figsize=(2.2 * len(stages), 6.6), layout="constrained")
    for j, stage in enumerate(stages):
        kernel = kernels[stage][0, 0]
        axes[0, j].imshow(kernel, cmap="RdBu", vmin=-2.2, vmax=2.2)
        for (r, c), v in np.ndenumerate(kernel):
            axes[0, j].text(c, r, f"{v:.2f}", ha="center", va="center", color="white" if abs(v) > 1.4 else "black")
        axes[0, j].set_title(f"after {stage} steps" if stage else "noise")
        found = fast.conv(picture[None, None], kernels[stage])[0, 0]
        axes[1, j].imshow(found, cmap="gray", vmin=-1.5, vmax=1.5)
    for axis in axes[:2].flat:
        axis.set_xticks([])
        axis.set_yticks([])
    for axis in axes[2]:
        axis.remove()
    curve = figure.add_subplot(axes[2, 0].get_gridspec()[2, :])
    curve.semilogy(losses)
    curve.plot([s for s in stages if s < len(losses)], [losses[s] for s in stages if s < len(losses)], "o")
    curve.set_xlabel("step")
    curve.set_ylabel("loss")
    figure.suptitle("Sobel's kernel, learnt from a photograph and its horizontal changes")
    figure.savefig(output, dpi=110)
    plt.close(figure)


def main(output: str = "learn_sobel.png") -> None:
    """Learns, prints what was learnt, and draws it."""
    picture = PHOTOGRAPH()
    x = patches(picture)
    target = fast.conv(x, lecture.SOBEL_X[None, None].astype(np.float32))
    kernels, losses = learn(x, target)
    print(np.array2string(kernels[-1][0, 0], precision=3, suppress_small=True))
    print(f"loss {losses[0]:.2g} at first, {losses[-1]:.2g} after {len(losses)} steps")
    print(f"the greatest difference from Sobel's: {np.abs(kernels[-1][0, 0] - lecture.SOBEL_X).max():.1g}")
    draw(picture, kernels, losses, output)


if __name__ == "__main__":
    main(*sys.argv[1:2])
