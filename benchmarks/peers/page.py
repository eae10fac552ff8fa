"""The page and the plot, made from the measurements."""

from __future__ import annotations

import math
import statistics
from pathlib import Path
from typing import Any

from benchmarks.peers.rounds import middle_limits

OURS = ("auto", "auto-last", "direct", "call")

HEAD = """# Beside the frameworks

Made by `tox -e bench-peers` from `benchmarks/results/peers.json`: convspec.fast with prepared plans beside the frameworks'
prepared networks, float32, one process a contestant, {threads} thread(s), {rounds} rounds in which each contestant has every layer
in turn. The numbers are effective GF/s, the median of the rounds: two operations for each multiply-add of the definition,
whatever the algorithm. In the same minutes the processor reached {peak:.0f} GF/s of fused multiply-adds and copied {copy:.0f} GB/s; the
load average was {load:.1f}: where that is above {threads}, only ratios between columns mean something. A single thread is
measured by the processor's time, which leaves out what else the machine does.

`ratio` is auto by the best framework, the median of the ratios of each round; `direct` is the law's chain, bit for bit.
Where auto differs from direct it is Winograd's algorithm, which needs up to four times fewer multiplications. `call` is auto
without a plan: `convspec.fast.conv`, which brings the weights into their order in each call, as torch's does. `auto-last` and
`torch-last` have images and results with their channels last in memory, all others with their columns last.

"""


def best_peer(times: dict[str, list[float]]) -> str | None:
    """The framework with the least median time."""
    peers = {name: statistics.median(found) for name, found in times.items() if found and name not in OURS}
    return min(peers, key=lambda name: peers[name], default=None)


def ratio(times: dict[str, list[float]], ours: str = "auto", peer: str | None = None) -> float | None:
    """How many times as fast as one framework, or the best, the median over the rounds."""
    peer = peer or best_peer(times)
    if peer is None or not times.get(ours) or not times.get(peer):
        return None
    return statistics.median(a / b for a, b in zip(times[peer], times[ours], strict=False))


def table(measured: dict[str, Any]) -> str:
    """GF/s in Markdown, a layer a line."""
    names = list(next(iter(measured["seconds"].values())))
    lines = [
        "| layer | " + " | ".join(names) + " | best framework | ratio |",
        "|---" + "|---:" * (len(names) + 2) + "|",
    ]
    for layer, times in measured["seconds"].items():
        flops, reached = measured["flops"][layer], ratio(times)
        rates = [_rate(flops / statistics.median(times[n]) / 1e9) if times[n] else "" for n in names]
        lines.append(f"| {layer} | {' | '.join(rates)} | {best_peer(times) or ''} | {reached or math.nan:.2f} |")
    return "\n".join(lines) + "\n"


def _rate(value: float) -> str:
    return f"{value:.0f}" if value >= 10 else f"{value:.2f}"


def _summary(ratios: list[float]) -> str:
    mean = math.exp(statistics.mean(map(math.log, ratios)))
    return f"{mean:.2f}; {sum(r < 1 for r in ratios)} of {len(ratios)} are below 1"


def page(measured: dict[str, Any]) -> str:
    """The page: the table, the mean, the plot."""
    peak, copy = middle_limits(measured)
    everything = measured["seconds"].values()
    plans = [r for times in everything if (r := ratio(times))]
    calls = [r for times in everything if (r := ratio(times, "call", "torch"))]
    last = [r for times in everything if (r := ratio(times, "auto-last", "torch-last"))]
    chosen = [
        max(r for ours in ("auto", "auto-last") if (r := ratio(times, ours))) for times in everything if ratio(times)
    ]
    head = HEAD.format(**{key: measured[key] for key in ("threads", "rounds", "load")}, peak=peak, copy=copy)
    tail = f"""
The geometric mean of the ratios is {_summary(plans)}. That of calls without a plan by torch's is {_summary(calls)}; that of
auto-last by torch-last, {_summary(last)}; and that of each layer in the order in memory that suits it, by the best framework,
{_summary(chosen)}.
"""
    return head + table(measured) + tail + "\n![GF/s against operations a byte](benchmarks.png)\n"


def plot(measured: dict[str, Any], file: Path) -> None:
    """GF/s of auto, direct and the best framework over operations a byte, under the roofline."""
    from matplotlib.figure import Figure

    peak, copy = middle_limits(measured)
    figure = Figure(figsize=(9, 5.5), layout="constrained")
    axes = figure.subplots()
    for name, mark in (("auto", "o"), ("direct", "x"), ("best framework", "+")):
        points = []
        for layer, times in measured["seconds"].items():
            found = times.get(name) or times.get(best_peer(times) or "")
            flops = measured["flops"][layer]
            if found:
                points.append((flops / measured["bytes"][layer], flops / statistics.median(found) / 1e9))
        axes.plot(*zip(*points, strict=True), mark, label=name)
    low, high = axes.get_xlim()
    edges = [max(low, 0.3), peak / copy, max(high, 300)]
    axes.plot(edges, [min(peak, copy * at) for at in edges], "k-", lw=1, label="multiply-adds, and copies from memory")
    axes.set(xscale="log", yscale="log", xlabel="operations a byte of operands and result", ylabel="GF/s")
    axes.legend()
    figure.savefig(file, dpi=120)
