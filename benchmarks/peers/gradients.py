"""The gradients of the layers, convspec.fast and torch in turn in one process, as a table.

    python -m benchmarks.peers.gradients [--threads 2] [--rounds 5] [LAYER]...

torch is aten::convolution_backward with operands in both of its layouts, asked for one gradient at a time.
"""

from __future__ import annotations

import argparse
import statistics
import time
from collections.abc import Callable
from typing import Any

import numpy as np

from benchmarks.peers.layers import LAYERS, Layer, square

Call = Callable[[], Any]

EXTRA = {"256@14": square(16, 256, 14, 256, 3, 1, 1), "64@56": square(4, 64, 56, 64, 3, 1, 1)}
ALL = {**LAYERS, **EXTRA}


def ours(layer: Layer, threads: int) -> dict[str, Call]:
    """The gradients by input and weights; the first by the algorithm chosen and by the direct one."""
    from convspec import fast

    x, w = layer.operands()
    keywords = {"stride": layer.stride, "padding": layer.pad, "groups": layer.groups, "num_threads": threads}
    dy = np.random.default_rng(1).standard_normal((layer.n, layer.k, *layer.out), np.float32)
    dx, dw = np.empty_like(x), np.empty_like(w)

    def by_input(algorithm: str) -> Call:
        return lambda: fast.conv_grad_input(dy, w, x.shape, **keywords, out=dx, algorithm=algorithm)

    return {
        "dx": by_input("auto"),
        "dx direct": by_input("direct"),
        "dw": lambda: fast.conv_grad_weight(dy, x, w.shape, **keywords, out=dw),
    }


def torchs(layer: Layer, threads: int, last: bool) -> dict[str, Call]:
    """The same two by torch, on tensors of that layout."""
    import torch

    torch.set_num_threads(threads)
    layout = torch.channels_last if last else torch.contiguous_format
    dy = np.random.default_rng(1).standard_normal((layer.n, layer.k, *layer.out), np.float32)
    tensors = [torch.from_numpy(a).contiguous(memory_format=layout) for a in (dy, *layer.operands())]
    geometry = ([layer.stride] * 2, [*layer.pad], [1, 1], False, [0, 0], layer.groups)

    def gradient(mask: list[bool]) -> Call:
        return lambda: torch.ops.aten.convolution_backward(*tensors, None, *geometry, mask)

    name = "torch-last" if last else "torch"
    return {f"dx {name}": gradient([True, False, False]), f"dw {name}": gradient([False, True, False])}


def measure(calls: dict[str, Call], rounds: int) -> dict[str, float]:
    """Seconds: the median over the rounds, in each of which every call has its turn, twice, and the shorter counts."""
    times: dict[str, list[float]] = {name: [] for name in calls}
    for call in calls.values():
        call()
    for _ in range(rounds):
        for name, call in calls.items():
            times[name].append(min(_once(call), _once(call)))
    return {name: statistics.median(found) for name, found in times.items()}


def _once(call: Call) -> float:
    start = time.perf_counter()
    call()
    return time.perf_counter() - start


def row(name: str, found: dict[str, float], flops: int) -> str:
    """Milliseconds, and how much faster than the better layout of torch."""
    ms = [f"{1000 * found[key]:.2f}" for key in found]
    ratios = [min(found[f"{d} torch"], found[f"{d} torch-last"]) / found[d] for d in ("dx", "dw")]
    speeds = [f"{flops / found[key] / 1e9:.0f}" for key in ("dx direct", "dw")]
    return f"| {name} | {' | '.join(ms)} | {' | '.join(speeds)} | {' | '.join(f'{r:.2f}' for r in ratios)} |"


def main() -> None:
    """Prints a line for each layer."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("layers", nargs="*")
    given = parser.parse_args()
    columns = ("layer, ms", "dx", "dx direct", "dw", "dx torch", "dw torch", "dx torch-last", "dw torch-last")
    columns += ("dx direct, GF/s", "dw, GF/s", "dx ahead", "dw ahead")
    print("| " + " | ".join(columns) + " |\n" + "|---" * len(columns) + "|")
    for name in given.layers or ALL:
        layer = ALL[name]
        calls = ours(layer, given.threads)
        calls |= torchs(layer, given.threads, False) | torchs(layer, given.threads, True)
        print(row(name, measure(calls, given.rounds), layer.flops), flush=True)


if __name__ == "__main__":
    main()
