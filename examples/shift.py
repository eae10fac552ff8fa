"""Spot the difference: a digit and the same digit one pixel to the right, seen by a convolutional net and by an MLP.

    python examples/shift.py [epochs] [output.png]

The lecture's "big change of input vector": one pixel further, and no input of a fully connected layer is what it was. The nets learn
scikit-learn's digits without ever seeing one shifted; then features and answers are compared for shifts of 0 to 4 pixels.
Sharing weights makes maps move with the image, and the global average forgets where they are: a net of stride 1 does
not mind. Strides of 2 and 2 read every fourth position, so All-CNN-C minds shifts that are no multiple of 4.
"""

from __future__ import annotations

import sys
from dataclasses import replace
from typing import Any

import digits
import numpy as np

from convspec import fast, learning, networks

Array = np.ndarray[Any, Any]

MLP = (networks.Block(16, 64), networks.Block(1, 10, rectified=False))
"""A layer of 64 units that each see the whole image, as a convolution whose kernel is as large as the image."""
SHIFTS, EPOCHS = range(5), 10


def shifted(x: Array, pixels: int) -> Array:
    """The images moved to the right; what comes in is background, what goes out is lost."""
    moved = np.zeros_like(x)
    moved[..., pixels:] = x[..., : x.shape[-1] - pixels]
    return moved


def change(a: Array, b: Array) -> float:
    """How far b is from a, for the average image, as a share of the length of a."""
    a, b = a.reshape(len(a), -1), b.reshape(len(b), -1)
    return float((np.linalg.norm(a - b, axis=1) / np.maximum(np.linalg.norm(a, axis=1), 1e-12)).mean())


def features(run: digits.Run, x: Array) -> Array:
    """What the last layer but one sees: the averages of the convolutional net's maps, and the units of the MLP."""
    maps = learning.forward(fast, run.network, run.parameters, x)[-2]
    return learning.scores(fast, maps)


def compare(run: digits.Run, x: Array, classes: Array) -> tuple[list[float], list[float]]:
    """For each shift, the change of the features and the share of right answers."""
    before = features(run, x)
    changes = [change(before, features(run, shifted(x, s))) for s in SHIFTS]
    right = [float((digits.answers(run, shifted(x, s)) == classes).mean()) for s in SHIFTS]
    return changes, right


def draw(x: Array, inputs: list[float], found: dict[str, tuple[list[float], list[float]]], output: str) -> None:
    """A digit before and after, the change of input and features, and the answers."""
    from matplotlib import pyplot as plt

    figure, axes = plt.subplots(1, 4, figsize=(14, 3.8), width_ratios=(1, 1, 2, 2), layout="constrained")
    for axis, pixels in zip(axes, (0, 1), strict=False):
        axis.imshow(shifted(x[:1], pixels)[0, 0], cmap="gray_r")
        axis.set_title(f"{pixels} px: spot the difference" if pixels else "a digit")
        axis.set_xticks([])
        axis.set_yticks([])
    axes[2].plot(SHIFTS, [100 * v for v in inputs], "k--", label="input vector")
    for name, (changes, right) in found.items():
        axes[2].plot(SHIFTS, [100 * v for v in changes], "o-", label=name)
        axes[3].plot(SHIFTS, [100 * v for v in right], "o-", label=name)
    axes[2].set_ylabel("change of the features (% of their length)")
    axes[3].set_ylabel("right answers (%)")
    axes[3].set_ylim(0, 102)
    for axis in axes[2:]:
        axis.set_xlabel("shift to the right (pixels)")
        axis.set_xticks(list(SHIFTS))
        axis.grid(alpha=0.3)
        axis.legend()
    figure.savefig(output, dpi=110)
    plt.close(figure)


def main(epochs: int = EPOCHS, output: str = "shift.png") -> None:
    """Trains both nets, and says what a pixel does to each."""
    data = digits.digits()
    x, classes = data[2:]
    strided = digits.slim("All-CNN-C")
    nets = {"All-CNN-C": strided, "the same, stride 1": tuple(replace(b, stride=1) for b in strided), "MLP": MLP}
    inputs = [change(x, shifted(x, s)) for s in SHIFTS]
    print(f"input vector: {100 * inputs[1]:.0f} % different after one pixel")
    found = {}
    for name, network in nets.items():
        run = digits.train(network, data, epochs)
        found[name] = compare(run, x, classes)
        changes, right = found[name]
        print(f"{name}: features {100 * changes[1]:.0f} % different, right answers {100 * right[0]:.1f} %, then "
              f"{100 * right[1]:.1f} % after one pixel and {100 * right[2]:.1f} % after two")  # fmt: skip
    draw(x, inputs, found, output)


if __name__ == "__main__":
    main(*(kind(a) for kind, a in zip((int, str), sys.argv[1:3], strict=False)))
