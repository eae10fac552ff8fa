"""Do we really need pooling? The lecture's three networks, slim, trained on scikit-learn's digits with convspec.fast.

    python examples/digits.py [epochs] [output.png]

Strides against pooling on the same data, for the same time: Springenberg and others (2015), on 1797 handwritten digits of 8 x 8
pixels instead of CIFAR-10. A quarter of them is kept for the test.
"""

from __future__ import annotations

import sys
import time
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any

import numpy as np
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Table

from convspec import fast, learning, networks

Array = np.ndarray[Any, Any]

WIDTHS = {96: 24, 192: 48, 10: 10, None: None}
"""Channels here for those of the table: digits are smaller than photographs."""
TEST, BATCH, RATE, MOMENTUM, DECAY = 450, 32, 0.04, 0.9, 5e-4
EPOCHS = 24


@dataclass
class Run:
    """One network's training: its parameters, and loss and share of right answers after each epoch."""

    network: learning.Blocks
    parameters: list[Array]
    losses: list[float] = field(default_factory=list)
    right: list[float] = field(default_factory=list)
    seconds: float = 0


def digits() -> tuple[Array, Array, Array, Array]:
    """Images and their classes, for training and for the test: (N, 1, 16, 16), the digit in the middle, 0 around it."""
    from sklearn.datasets import load_digits

    images, classes = load_digits(return_X_y=True)
    x = np.pad(images.reshape(-1, 1, 8, 8).astype(np.float32) / 16, [(0, 0), (0, 0), (4, 4), (4, 4)])
    order = np.random.default_rng(0).permutation(len(x))
    x, classes = x[order], classes[order]
    return x[TEST:], classes[TEST:], x[:TEST], classes[:TEST]


def slim(name: str) -> learning.Blocks:
    """A network of the table with fewer channels; the scores are not rectified, so that no class is lost for good."""
    *lower, last = networks.NETWORKS[name]
    return (*(replace(b, channels=WIDTHS[b.channels]) for b in lower), replace(last, rectified=False))


def rate(epoch: float, epochs: int) -> float:
    """Up in the first epoch, then down to 0 along half a cosine."""
    return RATE * min(1.0, epoch) * (1 + np.cos(np.pi * epoch / epochs)) / 2


def answers(run: Run, x: Array) -> Array:
    """The class of each image."""
    z = learning.scores(fast, learning.forward(fast, run.network, run.parameters, x)[-1])
    return z.argmax(1)


def train(
    network: learning.Blocks, data: tuple[Array, Array, Array, Array], epochs: int, advance: Any = lambda: None
) -> Run:
    """Stochastic gradient descent with momentum; `advance` is called after each batch."""
    x, classes, x_test, classes_test = data
    random = np.random.default_rng(1)
    run = Run(network, learning.initial(network, x.shape[1:], random))
    velocities = [np.zeros_like(p) for p in run.parameters]
    start, batches = time.perf_counter(), len(x) // BATCH
    for epoch in range(epochs):
        order, total = random.permutation(len(x)), 0.0
        for i in range(batches):
            batch = order[i * BATCH : (i + 1) * BATCH]
            loss, gradients = learning.step(fast, run.network, run.parameters, x[batch], classes[batch])
            total += loss
            for p, v, g in zip(run.parameters, velocities, gradients, strict=True):
                v *= MOMENTUM
                v -= np.float32(rate(epoch + i / batches, epochs)) * (g + np.float32(DECAY) * p)
                p += v
            advance()
        run.losses.append(total / batches)
        run.right.append(float((answers(run, x_test) == classes_test).mean()))
    run.seconds = time.perf_counter() - start
    return run


def draw(runs: dict[str, Run], output: str) -> None:
    """Loss and accuracy against epochs."""
    from matplotlib import pyplot as plt

    figure, (left, right) = plt.subplots(1, 2, figsize=(10, 4), layout="constrained")
    for name, run in runs.items():
        epochs = range(1, len(run.losses) + 1)
        left.semilogy(epochs, run.losses, label=name)
        right.plot(epochs, [100 * a for a in run.right], label=f"{name}: {100 * run.right[-1]:.1f} %")
    left.set_ylabel("loss, training")
    right.set_ylabel("right, test (%)")
    right.set_ylim(80, 100.5)
    for axis in (left, right):
        axis.set_xlabel("epoch")
        axis.grid(alpha=0.3)
    right.legend(loc="lower right")
    figure.suptitle("Do we really need pooling? Digits, by strides and by pooling")
    figure.savefig(output, dpi=110)
    plt.close(figure)


def main(epochs: int = EPOCHS, output: str = "digits.png") -> None:
    """Trains the three, All-CNN-C first, and compares them."""
    data, runs = digits(), {}
    console = Console()
    columns = (TextColumn("{task.description:>14}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=console) as progress:
        for name in reversed(networks.NETWORKS):
            task = progress.add_task(name, total=epochs * (len(data[0]) // BATCH))
            runs[name] = train(slim(name), data, epochs, partial(progress.advance, task))
    table = Table(title=f"{TEST} digits that were not trained on")
    for heading in ("network", "pooling", "parameters", "seconds", "right"):
        table.add_column(heading, justify="left" if heading in ("network", "pooling") else "right")
    for name, run in runs.items():
        pooling = "yes" if any(b.channels is None for b in run.network) else "no"
        table.add_row(name, pooling, f"{sum(p.size for p in run.parameters):,}", f"{run.seconds:.1f}",
                      f"{100 * run.right[-1]:.1f} %")  # fmt: skip
    console.print(table)
    draw(runs, output)


if __name__ == "__main__":
    main(*(kind(a) for kind, a in zip((int, str), sys.argv[1:3], strict=False)))
