"""What no framework offers: convolution, tiled and unshared, three points on one line.

    python examples/unshared.py

A convolution uses one kernel everywhere, a local connection one for each position; a tiled convolution cycles through
T of them, so that T = 1 is the former and T = the output's size the latter (Goodfellow, Bengio and Courville, "Deep
Learning", section 9.5).
"""

from __future__ import annotations

import numpy as np

import convspec
from convspec import fast

N, C, K, SIZE, KERNEL = 4, 16, 32, 64, 5


def main() -> None:
    """Prints the number of weights between the two extremes, and checks that the extremes are what they should be."""
    random = np.random.default_rng(0)
    x = random.standard_normal((N, C, SIZE), np.float32)
    for tile in (1, 2, 4, 16, SIZE):
        w = random.standard_normal((K, tile, C, KERNEL), np.float32)
        y = fast.tiled_conv(x, w, padding="same")
        print(f"T = {tile:2}  {convspec.parameters(w.shape):7,} weights  {C * K} x {_edges()} connections", end="")
        if tile == 1:
            same = np.array_equal(y, fast.conv(x, w[:, 0], padding="same", algorithm="direct"))
            print(f"  the same bits as conv: {same}")
        elif tile == SIZE:
            print(f"  the same bits as local_conv: {np.array_equal(y, fast.local_conv(x, w, padding='same'))}")
        else:
            print()


def _edges() -> int:
    """The connections between one input and one output channel."""
    return convspec.connections((SIZE,), (KERNEL,), pads=(convspec.same_padding(SIZE, KERNEL),))


if __name__ == "__main__":
    main()
