"""The lecture's networks on 32 x 32 images: forward, and a step of training up to the gradients, in turn with torch.

    python -m benchmarks.peers.networks [--threads 2] [--rounds 3] [--images 16] [NETWORK]...

torch runs the same weights in both of its layouts.
"""

from __future__ import annotations

import argparse
from typing import Any

import numpy as np

from benchmarks.peers.gradients import Call, measure
from convspec import fast, learning, networks


def ours(network: learning.Blocks, images: int) -> dict[str, Call]:
    """convspec.fast by the runner."""
    parameters, x, labels = drawn(network, images)
    return {
        "forward": lambda: learning.forward(fast, network, parameters, x),
        "step": lambda: learning.step(fast, network, parameters, x, labels),
    }


def drawn(network: learning.Blocks, images: int) -> tuple[list[Any], Any, Any]:
    """Random parameters, images and classes."""
    random = np.random.default_rng(0)
    parameters = learning.initial(network, networks.INPUT, random)
    x = random.standard_normal((images, *networks.INPUT), np.float32)
    return parameters, x, random.integers(0, 10, images)


def torchs(network: learning.Blocks, images: int, last: bool) -> dict[str, Call]:
    """A Sequential of the same layers."""
    import torch
    from torch import nn

    layout = torch.channels_last if last else torch.contiguous_format
    parameters, x, labels = drawn(network, images)
    rest, layers, channels = iter(parameters), [], networks.INPUT[0]
    for block in network:
        if block.channels is None:
            layers.append(nn.MaxPool2d(block.size, block.stride, block.padding, ceil_mode=True))
            continue
        layer = nn.Conv2d(channels, block.channels, block.size, block.stride, block.padding)
        layer.weight.data, layer.bias.data = torch.from_numpy(next(rest)), torch.from_numpy(next(rest))
        layers += [layer, nn.ReLU(inplace=True)]
        channels = block.channels
    net = nn.Sequential(*layers, nn.AdaptiveAvgPool2d(1), nn.Flatten()).to(memory_format=layout)
    tensor, classes = torch.from_numpy(x).contiguous(memory_format=layout), torch.from_numpy(labels)

    def forward() -> Any:
        with torch.inference_mode():
            return net(tensor)

    def step() -> None:
        net.zero_grad()
        nn.functional.cross_entropy(net(tensor), classes).backward()

    name = "torch-last" if last else "torch"
    return {f"forward {name}": forward, f"step {name}": step}


def main() -> None:
    """Prints a line for each network."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--images", type=int, default=16)
    parser.add_argument("networks", nargs="*")
    given = parser.parse_args()
    import torch

    torch.set_num_threads(given.threads)
    print(
        f"| {given.images} images, ms | forward | torch | torch-last | ahead | step | torch | torch-last | ahead |\n{'|---' * 9}|"
    )
    for name in given.networks or networks.ALL:
        network = networks.ALL[name]
        calls = ours(network, given.images)
        calls |= torchs(network, given.images, False) | torchs(network, given.images, True)
        found, cells = measure(calls, given.rounds), []
        for what in ("forward", "step"):
            three = [found[f"{what}{peer}"] for peer in ("", " torch", " torch-last")]
            cells += [*(f"{1000 * t:.1f}" for t in three), f"{min(three[1:]) / three[0]:.2f}"]
        print(f"| {name} | {' | '.join(cells)} |", flush=True)


if __name__ == "__main__":
    main()
