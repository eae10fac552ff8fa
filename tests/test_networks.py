"""The networks of the lecture's table on reference and fast: the same bits layer by layer, and true derivatives."""

from __future__ import annotations

from decimal import Decimal
from functools import partial
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from convspec import OPERATORS, fast, learning, networks, reference
from convspec.conformance.backends import fast_direct
from convspec.reference import networks as oracle

SMALL = (2, 12, 12)
STEPWISE = SimpleNamespace(**{op: partial(getattr(reference, op), stepwise=True) for op in OPERATORS})
"""The oracle of the chain."""


def slim(name: str) -> learning.Blocks:
    """The network with 3 channels where it has 96, 4 for 192, and 5 classes."""
    widths = {96: 3, 192: 4, 10: 5, None: None}
    return tuple(networks.Block(b.size, widths[b.channels], b.stride, b.padding) for b in networks.ALL[name])


def drawn(name: str, dtype: Any = np.float64) -> tuple[learning.Blocks, list[Any], Any, Any]:
    """The network, its parameters with biases that are not 0, two images and their classes."""
    network, random = slim(name), np.random.default_rng(3)
    parameters = learning.initial(network, SMALL, random, dtype)
    for b in parameters[1::2]:
        b += random.uniform(0, 0.5, b.shape).astype(dtype)
    return network, parameters, random.standard_normal((2, *SMALL)).astype(dtype), np.array([1, 4])


@pytest.mark.clause("network.run", "network.global-average")
@pytest.mark.parametrize("name", networks.ALL)
def test_reference_and_fast_agree_layer_by_layer(name: str) -> None:
    network, parameters, x, labels = drawn(name)
    expected, found = (learning.forward(b, network, parameters, x) for b in (STEPWISE, fast_direct))
    for a, b in zip(expected, found, strict=True):
        np.testing.assert_array_equal(b, a, strict=True)
        assert a.any()
    assert found[-1].shape[1:] == [*networks.output_shapes(network, SMALL)][-1]
    assert learning.scores(fast_direct, found[-1]).tolist() == learning.scores(STEPWISE, found[-1]).tolist()
    of_loss = (learning.step(b, network, parameters, x, labels) for b in (STEPWISE, fast_direct))
    (loss, gradients), (same, others) = of_loss
    assert loss == same
    for a, b, parameter in zip(gradients, others, parameters, strict=True):
        assert a.shape == parameter.shape
        np.testing.assert_array_equal(b, a, strict=True)


@pytest.mark.clause("network.run")
@pytest.mark.parametrize("name", networks.ALL)
def test_gradients_are_the_limit_of_differences(name: str) -> None:
    network, parameters, x, labels = drawn(name)
    _, gradients = learning.step(fast, network, parameters, x, labels)
    random, moved = np.random.default_rng(5), 0
    for parameter, gradient in zip(parameters, gradients, strict=True):
        i = tuple(int(random.integers(n)) for n in parameter.shape)
        losses = []
        for by in (1e-6, -2e-6):
            parameter[i] += by
            losses.append(learning.step(fast, network, parameters, x, labels)[0])
        parameter[i] += 1e-6
        assert (losses[0] - losses[1]) / 2e-6 == pytest.approx(gradient[i], abs=1e-7)
        moved += gradient[i] != 0
    assert moved >= len(parameters) // 2


@pytest.mark.clause("network.relu", "network.relu-grad")
@pytest.mark.parametrize("room", [learning, fast])
@pytest.mark.parametrize("dtype", [np.float32, np.float64, ">f4", np.int32])
@pytest.mark.parametrize("shape", [(3, 4, 5), (2, 0), (5, 7, 41, 43)])
def test_rectifier(room: Any, dtype: Any, shape: tuple[int, ...]) -> None:
    x, dy = (np.random.default_rng(n).normal(0, 3, shape).astype(dtype) for n in range(2))
    if x.size and x.dtype.kind == "f":
        x.flat[:4] = np.nan, np.inf, -np.inf, 0
        dy.flat[:3] = np.nan, np.inf, np.inf
    expected, y = oracle.relu(x), oracle.relu(x)
    np.testing.assert_array_equal(room.relu(x), expected, strict=x.dtype.isnative)
    np.testing.assert_array_equal(room.relu_grad(dy, y), oracle.relu_grad(dy, y), strict=x.dtype.isnative)
    np.testing.assert_array_equal(room.relu_grad(dy, y[::-1]), oracle.relu_grad(dy, y[::-1]), strict=x.dtype.isnative)
    gradient = oracle.relu_grad(dy, y)
    for found, out, wanted in ((room.relu(x, x), x, expected), (room.relu_grad(dy, y, dy), dy, gradient)):
        assert found is out
        np.testing.assert_array_equal(out, wanted)


@pytest.mark.clause("network.relu", "fast.threads")
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_rectifier_of_any_number_of_threads_and_memory(dtype: Any) -> None:
    x = np.random.default_rng(0).standard_normal(200_003).astype(dtype)
    for threads in (1, 2, 3, 16):
        assert (fast.relu(x, num_threads=threads) == np.maximum(x, 0)).all()
    expected = np.maximum(x, 0)
    overlapping = x.copy()
    fast.relu(overlapping[:-1], overlapping[1:])
    assert (overlapping[1:] == expected[:-1]).all()
    for out in (np.empty(3, dtype), np.broadcast_to(dtype(1), x.shape)):
        with pytest.raises(ValueError, match=r"output array|shape"):
            fast.relu(x, out)


@pytest.mark.clause("network.cross-entropy", "network.cross-entropy-grad")
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("scale", [0.1, 3, 60])
def test_cross_entropy(dtype: Any, scale: float) -> None:
    random = np.random.default_rng(2)
    z, labels = (random.standard_normal((20, 10)) * scale).astype(dtype), random.integers(0, 10, 20)
    losses, gradients = oracle.cross_entropy(z, labels)
    u = float(np.finfo(dtype).eps) / 2
    for n in range(len(z)):
        loss, gradient = learning.cross_entropy(z[n : n + 1], labels[n : n + 1])
        bound = 18 * u * (1 + float(np.ptp(z[n])))
        assert gradient.dtype == dtype
        assert abs(Decimal(loss) - losses[n]) <= Decimal(bound)
        assert all(abs(Decimal(float(a)) - b) <= Decimal(bound) for a, b in zip(gradient[0], gradients[n], strict=True))
    whole, _ = learning.cross_entropy(z, labels)
    assert whole == pytest.approx(float(sum(losses)) / 20, rel=40 * u, abs=20 * u * scale)
