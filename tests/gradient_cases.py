"""Seeded calls of every gradient, and the digests of their results under the instruction set in force.

Run as a script, it prints the digests, so that a test can compare instruction sets, which are chosen at import.
"""

import sys

import fast_cases
import numpy as np

from convspec import GRADIENTS, SpecError, fast

BIAS = ("conv_grad_bias", "conv_transpose_grad_bias", "local_conv_grad_bias", "tiled_conv_grad_bias")


def draw_gradient(op, seed):
    """The arguments of a call of the gradient `op`, or None where the operator's own call is not valid."""
    of = op.split("_grad")[0]
    arguments, keywords = fast_cases.draw_call(of, seed)
    try:
        shape = getattr(fast, of)(*arguments, **keywords).shape
    except SpecError:
        return None
    d = fast_cases.Draw([seed, GRADIENTS.index(op), 7])
    dy = d.array(arguments[0].dtype, shape)
    if "pool" in op:
        x, size = arguments
        if "max" in op or keywords.get("kind") == "max":
            x = np.sign(x) if seed % 2 and x.dtype.kind == "f" else x
        return (dy, x.shape if op == "avg_pool_grad" else x, size), keywords
    x, w, _ = arguments
    if op in BIAS:
        return (dy, (w.shape[0], *w.shape[1 : x.ndim - 1])) if op.startswith("tiled") else (dy,), {}
    return ((dy, w, x.shape) if op.endswith("input") else (dy, x, w.shape)), keywords


def draw_tiles(seed):
    """A gradient by the weights that may be through Winograd's tiles, in groups of few and of many outputs."""
    random = np.random.default_rng([seed, 1])
    groups, C, K, images = (int(random.integers(1, most)) for most in (4, 20, 20, 3))
    dtype, S = ("float32", "float64")[seed % 2], random.integers(3, 20, 2)
    taps, stride = ((3, 1), (5, 1), (4, 1), (7, 1), (4, 2), (5, 2), (7, 2), (3, 1))[seed % 8]
    S, keywords = S + taps - 3, {"groups": groups, "stride": stride}
    x = random.standard_normal((images, groups * C, *S)).astype(dtype)
    dy = random.standard_normal((images, groups * K, *((S - taps) // stride + 1))).astype(dtype)
    return fast.conv_grad_weight(dy, x, (groups * K, C, taps, taps), **keywords, algorithm="winograd")


def digests(seeds):
    """One line a call: the gradient, the seed, and the digest."""
    lines = []
    for seed in seeds:
        for op in GRADIENTS:
            call = draw_gradient(op, seed)
            if call is not None:
                y = getattr(fast, op)(*call[0], **call[1], algorithm="direct")
                lines.append(f"{op} {seed} {fast_cases.digest(y)}")
        lines.append(f"tiles {seed} {fast_cases.digest(draw_tiles(seed))}")
    return lines


if __name__ == "__main__":
    print(fast.isa())
    print("\n".join(digests(range(int(sys.argv[1])))))
