"""fast's operators in torch and jax: values, gradients by the frameworks' own checks, and no copies."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from convspec import fast

LAYERS: dict[str, tuple[Any, Any, Any, dict[str, Any]]] = {
    "conv": ((2, 4, 4, 5), (2, 2, 3, 2), (2,), {"stride": 2, "padding": 1, "groups": 2}),
    "conv_transpose": ((2, 4, 3, 3), (4, 1, 3, 2), (2,), {"stride": 2, "padding": 1, "groups": 2}),
    "local_conv": ((2, 2, 3, 4), (2, 3, 4, 2, 3, 3), (2, 3, 4), {"padding": 1}),
    "tiled_conv": ((2, 2, 3, 5), (2, 2, 3, 2, 3, 3), (2, 2, 3), {"padding": 1}),
}
POOLS: dict[str, tuple[Any, dict[str, Any]]] = {
    "max_pool": (3, {"stride": 2, "padding": 1}),
    "avg_pool": ((2, 3), {"stride": 1, "ceil_mode": True}),
    "lp_pool": (2, {"p": 3}),
    "channel_pool": (2, {"stride": 1, "kind": "avg"}),
}


def drawn(*shapes: Any, dtype: str = "float64") -> list[Any]:
    random = np.random.default_rng(4)
    return [random.standard_normal(shape).astype(dtype) for shape in shapes]


@pytest.mark.parametrize("op", [*LAYERS, *POOLS])
def test_torch_checks_the_gradients(op: str) -> None:
    torch = pytest.importorskip("torch")
    from convspec.fast import for_torch

    function = getattr(for_torch, op)
    if op in LAYERS:
        *shapes, keywords = LAYERS[op]
        tensors = [torch.from_numpy(a).requires_grad_() for a in drawn(*shapes)]
        arguments: tuple[Any, ...] = ()
    else:
        size, keywords = POOLS[op]
        tensors, arguments = [torch.from_numpy(a).requires_grad_() for a in drawn((1, 4, 5, 6))], (size,)
    y = function(*tensors, *arguments, **keywords)
    expected = getattr(fast, op)(*(t.detach().numpy() for t in tensors), *arguments, **keywords)
    np.testing.assert_array_equal(y.detach().numpy(), expected, strict=True)
    assert torch.autograd.gradcheck(lambda *t: function(*t, *arguments, **keywords), tensors)


def test_torch_reads_tensors_where_they_are(monkeypatch: pytest.MonkeyPatch) -> None:
    torch = pytest.importorskip("torch")
    from convspec.fast import for_torch

    seen = []
    monkeypatch.setattr(for_torch.fast, "conv", lambda x, w, b: seen.extend((x, w)) or fast.max_pool(x, 1))
    x, w = (torch.from_numpy(a) for a in drawn((1, 2, 4, 4), (3, 2, 1, 1)))
    for_torch.conv(x, w)
    assert [a.ctypes.data for a in seen] == [x.data_ptr(), w.data_ptr()]


def test_unshared_layers_learn_in_torch() -> None:
    torch = pytest.importorskip("torch")
    from convspec.fast import for_torch

    x, target = (torch.from_numpy(a) for a in drawn((8, 2, 5, 5), (8, 3, 5, 5), dtype="float32"))
    w, b = (torch.zeros(shape, requires_grad=True) for shape in ((3, 5, 5, 2, 3, 3), (3, 5, 5)))
    optimiser, losses = torch.optim.SGD([w, b], 0.05), []
    for _ in range(40):
        loss = (for_torch.local_conv(x, w, b, padding=1) - target).square().sum() / len(x)
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        losses.append(loss.item())
    assert losses[-1] < 0.5 * losses[0]


@pytest.mark.parametrize("op", [*LAYERS, *POOLS])
def test_jax_differentiates(op: str) -> None:
    jax = pytest.importorskip("jax")
    from convspec.fast import for_jax

    function = getattr(for_jax, op)
    if op in LAYERS:
        *shapes, keywords = LAYERS[op]
        arrays = drawn(*shapes, dtype="float32")
        arguments: tuple[Any, ...] = ()
    else:
        size, keywords = POOLS[op]
        arrays, arguments = drawn((2, 4, 6, 7), dtype="float32"), (size,)
    y, back = jax.vjp(jax.jit(lambda *a: function(*a, *arguments, **keywords)), *arrays)
    np.testing.assert_array_equal(y, getattr(fast, op)(*arrays, *arguments, **keywords), strict=False)
    (dy,) = drawn(y.shape, dtype="float32")
    if op in LAYERS:
        x, w, b = arrays
        bias = (b.shape,) if op == "tiled_conv" else ()
        expected = [
            getattr(fast, f"{op}_grad_input")(dy, w, x.shape, **keywords),
            getattr(fast, f"{op}_grad_weight")(dy, x, w.shape, **keywords),
            getattr(fast, f"{op}_grad_bias")(dy, *bias),
        ]
    else:
        needed = arrays[0].shape if op == "avg_pool" else arrays[0]
        expected = [getattr(fast, f"{op}_grad")(dy, needed, *arguments, **keywords)]
    for found, right in zip(back(dy), expected, strict=True):
        np.testing.assert_array_equal(found, right, strict=False)


def test_jax_takes_no_bias_and_nested_padding() -> None:
    jax = pytest.importorskip("jax")
    from convspec.fast import for_jax

    x, w = drawn((1, 2, 5, 5), (3, 5, 5, 2, 3, 3), dtype="float32")
    gradient = jax.grad(lambda w: for_jax.local_conv(x, w, padding=[(1, 1), (1, 1)]).sum())(w)
    right = fast.local_conv_grad_weight(np.ones((1, 3, 5, 5), "f4"), x, w.shape, padding=1)
    np.testing.assert_array_equal(gradient, right)
