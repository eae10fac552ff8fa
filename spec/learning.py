"""Networks run forward and backward on any backend, and what stands between their layers.

A backend is anything with the law's operators and gradients; `relu` and `relu_grad` are its own where it has them.
Parameters are a flat list: weights and bias of each convolution in turn.
"""

from __future__ import annotations

from collections.abc import Iterator
from math import prod
from typing import Any

import numpy as np
from numpy.typing import DTypeLike

from convspec.networks import Block, Shape

Array = np.ndarray[Any, Any]
Blocks = tuple[Block, ...]


def initial(network: Blocks, shape: Shape, random: np.random.Generator, dtype: DTypeLike = np.float32) -> list[Array]:
    """Random weights that keep the variance of what passes through ReLU (He and others, 2015), and biases of 0."""
    parameters: list[Array] = []
    for block in network:
        if block.channels is not None:
            size = (block.channels, shape[0], block.size, block.size)
            w = random.standard_normal(size) * np.sqrt(2 / prod(size[1:]))
            parameters += [w.astype(dtype), np.zeros(size[0], dtype)]
        shape = block.output(shape)
    return parameters


def forward(backend: Any, network: Blocks, parameters: list[Array], x: Array) -> list[Array]:
    """`x` (N, C, H, W) and then the result of each block."""
    results, rest, rectify = [x], iter(parameters), getattr(backend, "relu", relu)
    for block in network:  # [network.run]
        if block.channels is None:
            x = backend.max_pool(x, block.size, stride=block.stride, padding=block.padding, ceil_mode=True)
        else:
            x = backend.conv(x, next(rest), next(rest), stride=block.stride, padding=block.padding)
            x = rectify(x, _writeable(x)) if block.rectified else x
        results.append(x)
    return results


def scores(backend: Any, maps: Array) -> Array:
    """The average of each of the last maps: (N, K), a number for each image and class."""
    averages: Array = backend.avg_pool(maps, maps.shape[2:])  # [network.global-average]
    return averages.reshape(maps.shape[:2])


def backward(backend: Any, network: Blocks, parameters: list[Array], results: list[Array], dz: Array) -> list[Array]:
    """The gradients by the parameters, in their order, from that by the scores."""
    last = results[-1]
    dy = backend.avg_pool_grad(dz.reshape(*dz.shape, 1, 1), last.shape, last.shape[2:])
    gradients: list[Array] = []
    rectify_grad = getattr(backend, "relu_grad", relu_grad)
    for i, block, w in _reversed(network, parameters):
        x, y = results[i], results[i + 1]
        if w is None:
            keywords = {"stride": block.stride, "padding": block.padding, "ceil_mode": True}
            dy = backend.max_pool_grad(dy, x, block.size, **keywords)
            continue
        dy = rectify_grad(dy, y, _writeable(dy)) if block.rectified else dy
        keywords = {"stride": block.stride, "padding": block.padding}
        gradients += [backend.conv_grad_bias(dy), backend.conv_grad_weight(dy, x, w.shape, **keywords)]
        if i:
            dy = backend.conv_grad_input(dy, w, x.shape, **keywords)
    return gradients[::-1]


def step(backend: Any, network: Blocks, parameters: list[Array], x: Array, labels: Array) -> tuple[float, list[Array]]:
    """The loss of some images, and its gradients by the parameters."""
    results = forward(backend, network, parameters, x)
    loss, dz = cross_entropy(scores(backend, results[-1]), labels)
    return loss, backward(backend, network, parameters, results, dz)


def relu(x: Array, out: Array | None = None) -> Array:
    """x where it is positive, else 0; NaN stays."""
    return np.maximum(x, x.dtype.type(0), out=out)  # type: ignore[no-any-return]  # [network.relu]


def relu_grad(dy: Array, y: Array, out: Array | None = None) -> Array:
    """dy where the result `y` of ReLU is not 0."""
    bits = np.dtype(f"i{dy.itemsize}")  # times 0 or 1, of which floats would make NaN of infinities
    dx: Array = np.multiply(dy.view(bits), y != 0, out=None if out is None else out.view(bits))
    return dx.view(dy.dtype) if out is None else out  # [network.relu-grad]


def cross_entropy(z: Array, labels: Array) -> tuple[float, Array]:
    """The mean loss of scores `z` (N, K) for the right classes `labels` (N,), and its gradient by the scores."""
    z = z - z.max(axis=1, keepdims=True)
    exps, images = np.exp(z), np.arange(len(z))
    sums = exps.sum(axis=1, keepdims=True)
    losses = np.log(sums[:, 0]) - z[images, labels]  # [network.cross-entropy]
    dz = exps / sums
    dz[images, labels] -= 1  # [network.cross-entropy-grad]
    return float(losses.mean()), dz / z.dtype.type(len(z))


def _writeable(a: Array) -> Array | None:
    """A result that nothing else reads may be written over: memory that is new to the process costs as much again."""
    return a if a.flags.writeable and a.flags.c_contiguous else None


def _reversed(network: Blocks, parameters: list[Array]) -> Iterator[tuple[int, Block, Array | None]]:
    """The number of each block, the block and its weights, if it has any; the last first."""
    rest = iter(parameters[::-1])
    for i, block in reversed(list(enumerate(network))):
        bias = None if block.channels is None else next(rest)
        yield i, block, None if bias is None else next(rest)
