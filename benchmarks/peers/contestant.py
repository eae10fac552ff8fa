"""One contestant's process: for each line `layer seconds` on its input, a line with the seconds of one call.

python -m benchmarks.peers.contestant NAME THREADS
"""

from __future__ import annotations

import statistics
import sys
import time
from collections.abc import Callable

import numpy as np

from benchmarks.peers.contestants import CONTESTANTS, Call, check
from benchmarks.peers.gradients import BACKWARD, GRADIENTS
from benchmarks.peers.integers import BYTES, JOINED
from benchmarks.peers.layers import LAYERS, Layer
from benchmarks.peers.networks import RUNNERS, RUNS
from benchmarks.peers.pictures import FILTERS, PICTURES
from benchmarks.peers.pools import POOLS, ROWS


def seconds(call: Call, budget: float, clock: Callable[[], float]) -> float:
    """The median time of a call, of the later half of as many as fit into the budget: threads and caches are warm by then."""
    start = clock()
    call()
    each = clock() - start
    repeat = max(1, round(1e-4 / max(each, 1e-7)))
    times = []
    while not times or clock() - start < budget:
        before = clock()
        for _ in range(repeat):
            call()
        times.append((clock() - before) / repeat)
    return statistics.median(times[len(times) // 2 :])


def refuse_wrong(call: Call, layer: Layer, name: str) -> None:
    """A contestant whose middle row of the first or the last kernel is wrong by a thousandth is out."""
    y = np.asarray(call())
    if y.ndim == 4:
        expected = check(layer)
        wrong = np.abs(y[0, [0, -1], layer.out[0] // 2] - expected).max() / np.abs(expected).max()
        if wrong > 1e-3:
            raise SystemExit(f"{name} is wrong: {wrong:.1e} of the greatest output")


def prepared(name: str, work: str, threads: int) -> Call | None:
    """The call of a layer, or of a filter, a gradient, a pooling or a network, which not every library has."""
    if work in PICTURES:
        return FILTERS[name](PICTURES[work], threads)
    if work in GRADIENTS:
        return BACKWARD[name](GRADIENTS[work], threads)
    if work in ROWS:
        return POOLS[name](ROWS[work], threads)
    if work in BYTES:
        return JOINED[name](BYTES[work], threads)
    if work in RUNS:
        return RUNNERS[name](RUNS[work], threads)
    call = CONTESTANTS[name](LAYERS[work], threads)
    refuse_wrong(call, LAYERS[work], name)
    return call


def main(name: str, threads: str) -> None:
    """Layers are made ready when they are first asked for. One thread is measured by the processor's time."""
    clock = time.process_time if threads == "1" else time.perf_counter
    ready: dict[str, Call | None] = {}
    for line in sys.stdin:
        layer, budget = line.rsplit(maxsplit=1)
        if layer not in ready:
            ready[layer] = prepared(name, layer, int(threads))
        call = ready[layer]
        print(seconds(call, float(budget), clock) if call else "nan", flush=True)


if __name__ == "__main__":
    main(*sys.argv[1:3])
