"""The lecture's networks on 32 x 32 images beside torch: with --keep, writes results/networks.json and docs/benchmarks-networks.md.

    python -m benchmarks.peers.networks [--threads 2] [--rounds 3] [--seconds 0.3] [--row NAME]... [--keep]

Forward, and a step of training up to the gradients, of the same weights. torch runs in both of its layouts, and compiled.
"""

from __future__ import annotations

import statistics
from typing import Any, NamedTuple

import numpy as np

from benchmarks.peers.gradients import Call, ratio
from benchmarks.peers.rounds import compare
from convspec import learning, networks

HEAD = """# Networks

Made by `python -m benchmarks.peers.networks --keep` from `benchmarks/results/networks.json`: the networks of the lecture's table on
32 x 32 images, float32, {threads} thread(s); milliseconds, the median of up to {rounds} rounds in which each contestant, a process of its
own, has every row in turn. A step of training goes up to the gradients by all weights and biases. `fast` is convspec.fast by the
runner of `convspec.learning`; torch has the same weights in both of its layouts, and `torch-compile` is torch.compile of the
second. In the same minutes the processor reached {peak:.0f} GF/s of fused multiply-adds and copied {copy:.0f} GB/s. `ratio` is how many
times as fast as the best of torch's: the median of the ratios of each round.

"""


class Run(NamedTuple):
    """What is done with a network, and how many images."""

    what: str
    network: str
    images: int

    @property
    def flops(self) -> int:
        """Not counted."""
        return 0

    bytes = flops

    def drawn(self) -> tuple[list[Any], Any, Any]:
        """Random parameters, images and classes."""
        random = np.random.default_rng(0)
        parameters = learning.initial(networks.ALL[self.network], networks.INPUT, random)
        x = random.standard_normal((self.images, *networks.INPUT), np.float32)
        return parameters, x, random.integers(0, 10, self.images)


RUNS = {
    f"{what} {network}, {images} images": Run(what, network, images)
    for images in (16, 128)
    for network in networks.ALL
    for what in ("forward", "step")
}


def auto(run: Run, threads: int) -> Call:
    """convspec.fast by the runner, with as many threads as OpenMP has."""
    from convspec import fast

    network, (parameters, x, labels) = networks.ALL[run.network], run.drawn()
    if run.what == "forward":
        return lambda: learning.forward(fast, network, parameters, x)
    return lambda: learning.step(fast, network, parameters, x, labels)


def torch(run: Run, threads: int, channels_last: bool = False, compiled: bool = False) -> Call:
    """A Sequential of the same layers."""
    import torch as framework
    from torch import nn

    framework.set_num_threads(threads)
    layout = framework.channels_last if channels_last else framework.contiguous_format
    parameters, x, labels = run.drawn()
    rest, layers, channels = iter(parameters), [], networks.INPUT[0]
    for block in networks.ALL[run.network]:
        if block.channels is None:
            layers.append(nn.MaxPool2d(block.size, block.stride, block.padding, ceil_mode=True))
            continue
        layer = nn.Conv2d(channels, block.channels, block.size, block.stride, block.padding)
        layer.weight.data, layer.bias.data = framework.from_numpy(next(rest)), framework.from_numpy(next(rest))
        layers += [layer, nn.ReLU(inplace=True)]
        channels = block.channels
    net = nn.Sequential(*layers, nn.AdaptiveAvgPool2d(1), nn.Flatten()).to(memory_format=layout)
    tensor, classes = framework.from_numpy(x).contiguous(memory_format=layout), framework.from_numpy(labels)
    model = framework.compile(net) if compiled else net

    def forward() -> Any:
        with framework.inference_mode():
            return model(tensor)

    def step() -> None:
        net.zero_grad()
        nn.functional.cross_entropy(model(tensor), classes).backward()

    return forward if run.what == "forward" else step


def torch_last(run: Run, threads: int) -> Call:
    """Tensors with the channels last."""
    return torch(run, threads, channels_last=True)


def torch_compile(run: Run, threads: int) -> Call:
    """The same, compiled."""
    return torch(run, threads, channels_last=True, compiled=True)


RUNNERS = {"auto": auto, "torch": torch, "torch-last": torch_last, "torch-compile": torch_compile}


def table(measured: dict[str, Any]) -> str:
    """Milliseconds in Markdown, a row a line."""
    names = list(next(iter(measured["seconds"].values())))
    lines = ["| network | " + " | ".join(names).replace("auto", "fast") + " | ratio |"]
    lines.append("|---" + "|---:" * (len(names) + 1) + "|")
    for row, times in measured["seconds"].items():
        cells = [f"{1000 * statistics.median(times[n]):.1f}" if times[n] else "" for n in names]
        lines.append(f"| {row} | {' | '.join(cells)} | {ratio(times)} |")
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    compare(__doc__, RUNNERS, RUNS, table, HEAD, page="networks", file="networks.json", keep=True, rounds=3, budget=0.3)
