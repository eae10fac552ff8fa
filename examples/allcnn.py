"""All-CNN-C, the lecture's network without pooling, run forward on random weights: shapes, counts and time per layer.

    python examples/allcnn.py [images]

The network has nothing but convolutions and ReLU, up to the average over the last maps: Springenberg and others (2015).
"""

from __future__ import annotations

import sys
import time
from typing import Any

import numpy as np
from rich import box
from rich.console import Console
from rich.table import Table

import convspec
from convspec import fast, networks

Array = np.ndarray[Any, Any]

REPEATS = 5


def weights(block: networks.Block, channels: int, random: np.random.Generator) -> tuple[Array, Array]:
    """Random weights that keep the variance of what they are applied to, and a bias of zeros."""
    shape = (block.channels or channels, channels, block.size, block.size)
    w = random.standard_normal(shape, np.float32) * np.float32(np.sqrt(2 / np.prod(shape[1:])))
    return w, np.zeros(shape[0], np.float32)


def timed(plan: Any, x: Array) -> tuple[Array, float]:
    """One layer's result, and the shortest of several runs in seconds."""
    y, best = plan(x), float("inf")
    for _ in range(REPEATS):
        start = time.perf_counter()
        plan(x, out=y)
        best = min(best, time.perf_counter() - start)
    np.maximum(y, 0, out=y)  # ReLU
    return y, best


def main(images: int = 16) -> None:
    """Runs the network and prints a line for each layer."""
    random = np.random.default_rng(0)
    network = networks.NETWORKS["All-CNN-C"]
    x: Array = random.standard_normal((images, *networks.INPUT), np.float32)
    table = Table(title=f"All-CNN-C, {images} images, {fast.isa()}", box=box.SIMPLE_HEAD)
    for heading in ("layer", "result", "parameters", "multiply-adds", "ms", "GF/s"):
        table.add_column(heading, justify="left" if heading in ("layer", "result") else "right")
    total = np.zeros(2)
    for block in network:
        w, b = weights(block, x.shape[1], random)
        plan = fast.plan_conv(w, b, stride=block.stride, padding=block.padding)
        x, seconds = timed(plan, x)
        work = convspec.multiply_adds(images, w.shape[1], w.shape[0], w.shape[2:], x.shape[2:])
        total += seconds, work
        table.add_row(
            f"{block.size}x{block.size}, {block.channels}" + f", /{block.stride}" * (block.stride > 1),
            " x ".join(map(str, x.shape[1:])), f"{w.size + b.size:,}", f"{work:,}",
            f"{1000 * seconds:.2f}", f"{2 * work / seconds / 1e9:.0f}",
        )  # fmt: skip
    scores = fast.avg_pool(x, x.shape[2:])[:, :, 0, 0]
    table.add_section()
    table.add_row("all, average", str(scores.shape[1]), f"{networks.parameters(network):,}", f"{int(total[1]):,}",
                  f"{1000 * total[0]:.2f}", f"{2 * total[1] / total[0] / 1e9:.0f}")  # fmt: skip
    Console().print(table)
    print(f"the class of the first image, by weights that have learnt nothing: {scores[0].argmax()}")


if __name__ == "__main__":
    main(*map(int, sys.argv[1:2]))
