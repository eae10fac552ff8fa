"""The lecture's worked examples by the oracle and the law's arithmetic: golden values against what is computed."""

from __future__ import annotations

import numpy as np
import pytest

import convspec
from convspec import checks, clauses, lecture, networks, reference
from convspec.conformance import test_lecture as trials
from convspec.conformance.expect import expect
from convspec.policies import DEFAULTS


@pytest.mark.parametrize("dtype", ["float32", "float64", "int64"])
@pytest.mark.parametrize(
    "example", [pytest.param(e, id=f"{e.op}-{e.name}", marks=pytest.mark.clause(e.clause)) for e in lecture.EXAMPLES]
)
def test_example(example: lecture.Example, dtype: str) -> None:
    """The oracle gives the golden values, step by step too, and so does the judge's reading of the example."""
    if dtype == "int64" and not example.integral:
        assert example.op == "avg_pool" or any(a.dtype.kind == "f" for a in example.args[:1])
        return
    operator = getattr(reference, example.op)
    for stepwise in (False, True):
        result = operator(*example.operands(dtype), **example.keywords, stepwise=stepwise)
        assert result.dtype == dtype
        assert result.tolist() == example.expected.astype(dtype).tolist()
    judged = expect(trials.case_of(example, dtype), DEFAULTS)
    assert judged.limits.value.tolist() == example.expected.astype(dtype).ravel().tolist()
    assert not judged.limits.limit.any()


def test_every_example_has_a_clause() -> None:
    assert {e.clause for e in lecture.EXAMPLES} <= set(clauses.load())


@pytest.mark.clause("lecture.plane", "lecture.zero-padding")
def test_shrinking() -> None:
    """Two layers without padding take 5x5 to 3x3 to 1x1; with padding the size stays."""
    once = reference.correlate(lecture.IMAGE, lecture.KERNEL, "valid")
    assert (once.shape, reference.correlate(once, lecture.KERNEL, "valid").shape) == ((3, 3), (1, 1))
    assert checks.conv(lecture.plane(lecture.IMAGE), lecture.plane(lecture.KERNEL), padding="same").O == (5, 5)


@pytest.mark.clause("lecture.dimensions")
@pytest.mark.parametrize(("n", "k", "stride", "pad", "size"), [(5, 3, 1, 0, 3), (7, 3, 2, 1, 4), (227, 11, 4, 0, 55)])
def test_dimensions(n: int, k: int, stride: int, pad: int, size: int) -> None:
    """Every window that fits is counted, one by one."""
    starts = range(-pad, n + pad - k + 1, stride)
    assert len(starts) == size == convspec.output_size(n, k, stride=stride, pad=(pad, pad))


@pytest.mark.clause("lecture.linear", "lecture.sparse-connectivity", "lecture.parameter-sharing")
def test_matrix() -> None:
    """The matrix of the layer has as many nonzero entries as it has connections, and as many values as weights."""
    matrix = next(e for e in lecture.EXAMPLES if e.name == "the matrix").expected[:, 0].T
    assert np.count_nonzero(matrix) == convspec.connections((5,), (3,), pads=[(1, 1)]) == 13
    assert matrix.size == convspec.dense_connections((5,), (5,)) == convspec.parameters((5, 5))
    assert len(np.unique(matrix[matrix != 0])) == convspec.parameters((1, 1, 3))
    assert (np.count_nonzero(matrix, axis=0) <= 3).all()


@pytest.mark.clause("lecture.receptive-fields")
@pytest.mark.parametrize("stride", [1, 2, 3])
@pytest.mark.parametrize("depth", [1, 2, 3])
def test_receptive_field(depth: int, stride: int) -> None:
    """What reaches a unit is found by changing one input element after the other."""
    n, w = 41, np.ones((1, 1, 3), int)
    y = np.eye(n, dtype=int)[:, None]
    for _ in range(depth):
        y = reference.conv(y, w, stride=stride, padding=1)
    seen = np.flatnonzero(y[:, 0, 1])
    field = convspec.receptive_field([convspec.Layer(3, stride, padding=(1, 1))] * depth)
    first = field.start + field.jump
    assert seen.tolist() == [i for i in range(first, first + field.size) if 0 <= i < n]


@pytest.mark.clause("lecture.sobel")
def test_edges() -> None:
    """The outline of a bright square, and of nothing else; the signs of the gradient do not matter."""
    image = np.zeros((14, 14), int)
    image[4:10, 4:10] = 9
    gx, gy = (reference.convolve(image, k, "same", "edge") for k in (lecture.SOBEL_X, lecture.SOBEL_Y))
    found = lecture.edges(gx, gy)
    assert (found == lecture.edges(-gx, -gy)).all()
    assert found[3:5, 5:9].all() and found[9:11, 5:9].all() and found[5:9, 3:5].all()
    assert not found[5:9, 5:9].any() and not found[:3].any() and not found[:, 11:].any()


@pytest.mark.clause("lecture.all-cnn")
def test_networks() -> None:
    """The sizes of the table are those the law gives the layers, and only this padding averages 6x6 at the end."""
    for case, shape in trials.block_cases().items():
        assert expect(case, DEFAULTS).params.shape[2:] == shape[1:]
    for network in networks.NETWORKS.values():
        *_, last = networks.output_shapes(network)
        assert last == (10, 6, 6)
        unpadded = tuple(networks.Block(b.size, b.channels, b.stride) for b in network)
        padded = tuple(networks.Block(b.size, b.channels, b.stride, b.size // 2) for b in network)
        assert all([*networks.output_shapes(other)][-1] != last for other in (unpadded, padded))
