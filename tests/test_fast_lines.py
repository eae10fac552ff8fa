"""One output from one channel by small kernels, whose tiles go along whole rows, and by others, whose rows are read in place."""

from __future__ import annotations

import numpy as np
import pytest
from test_fast_chain import assert_same_bits

from convspec import fast, reference

KERNELS = [(1, n) for n in (2, 3, 4, 5, 7, 9, 11, 17)] + [(n, 1) for n in (2, 3, 4, 5, 7, 9, 11)]
KERNELS += [(2, 2), (2, 3), (3, 2), (2, 4), (3, 3), (4, 4), (5, 5), (6, 4)]
WIDTHS = (4, 7, 8, 9, 16, 23, 40, 41, 81, 165)
PADDINGS = (0, "same", 1, ((0, 2), (3, 0)), ((4, 1), (0, 5)), 7)


def within(shape, dtype):
    """An array among numbers that spoil what reads them, or that show what was written."""
    room = np.full(int(np.prod(shape)) + 400, np.nan, dtype)
    return room, room[200:-200].reshape(shape)


def crossing(random, shape):
    """The indices of a whole row and of a whole column of one plane."""
    n, g, row, column = (int(random.integers(size)) for size in shape)
    return [(n, g, row, j) for j in range(shape[3])] + [(n, g, i, column) for i in range(shape[2])]


@pytest.mark.clause("number.chain", "fast.threads", "call.in-bounds")
@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("stride", [1, 2])
@pytest.mark.parametrize("kernel", KERNELS)
def test_rows_of_every_width(kernel, stride, dtype):
    random, fitting = np.random.default_rng([*kernel, stride]), 0
    for width in WIDTHS:
        keywords = {"stride": stride, "dilation": [1, (2, 3)][random.integers(2)] if stride == 1 else 1, "groups": 3}
        keywords["padding"] = PADDINGS[random.integers(len(PADDINGS))] if stride == 1 else int(random.integers(3))
        room, x = within((2, 3, int(random.integers(9, 17)), width), dtype)
        x[...] = random.standard_normal(x.shape)
        w, b = random.standard_normal((3, 1, *kernel)).astype(dtype), random.standard_normal(3).astype(dtype)
        try:
            shape = fast.conv(x, w, b, **keywords).shape
        except ValueError:
            continue  # the kernel is wider than what it sees
        fitting += 1
        at = crossing(random, shape)
        expected = reference.conv(x, w, b, **keywords, stepwise=True, at=at)
        for threads in (1, 2, 7):
            room, y = within(shape, dtype)
            fast.conv(x, w, b, **keywords, algorithm="direct", num_threads=threads, out=y)
            assert_same_bits(np.array([y[i] for i in at]), expected)
            assert np.isnan(room[:200]).all() and np.isnan(room[-200:]).all() and not np.isnan(y).any()


@pytest.mark.clause("gradient.chain", "call.in-bounds", "conv.grad-input")
@pytest.mark.parametrize("kernel", [(1, 3), (2, 2), (3, 3), (4, 4), (2, 4)])
def test_gradients_of_what_was_padded_widely_are_shorter_than_a_vector(kernel):
    """All lanes of the inputs exist, and not all of the outputs."""
    random = np.random.default_rng(kernel)
    for width in (1, 3, 5, 6, 7, 9):
        for padding in range(8):
            shape = (2, 3, 6, width)
            w = random.standard_normal((3, 1, *kernel)).astype(np.float32)
            if min(6, width) + 2 * padding <= 4:
                continue
            dy = fast.conv(np.ones(shape, np.float32), w, padding=padding, groups=3)
            expected = reference.conv_grad_input(dy, w, shape, padding=padding, groups=3, stepwise=True)
            room, dx = within(shape, np.float32)
            fast.conv_grad_input(dy, w, shape, padding=padding, groups=3, algorithm="direct", out=dx)
            assert_same_bits(dx, expected)
            assert np.isnan(room[:200]).all() and np.isnan(room[-200:]).all()


@pytest.mark.clause("number.chain", "image.convolve", "image.correlate")
@pytest.mark.parametrize("op", ["convolve", "correlate"])
@pytest.mark.parametrize("kernel", KERNELS)
def test_images(kernel, op):
    """Kernels that are turned see their columns from the last on."""
    random = np.random.default_rng(kernel)
    for width in (50, 90, 170):
        x, w = random.standard_normal((7, width)), random.standard_normal(kernel)
        for mode in ("full", "same"):
            y = getattr(fast, op)(x, w, mode, algorithm="direct")
            assert_same_bits(y, getattr(reference, op)(x, w, mode, stepwise=True))


@pytest.mark.clause(
    "number.chain", "image.fill", "image.fillvalue", "image.wrap", "image.symm", "image.reflect", "image.edge"
)
@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("boundary", ["fill", "wrap", "symm", "reflect", "edge"])
@pytest.mark.parametrize("kernel", KERNELS)
def test_images_of_every_boundary(kernel, boundary, dtype):
    """Narrow ones are padded; of others the first and the last outputs of a row see copies of its ends."""
    random = np.random.default_rng([*kernel, len(boundary)])
    for width in (13, 16, 31, 32, 33, 34, 47, 48, 49, 65, 90):
        op, mode = ("convolve", "correlate")[width % 2], ("full", "same")[random.integers(2)]
        _, x = within((int(random.integers(3, 9)), width), dtype)
        x[...] = random.standard_normal(x.shape)
        w, fill = random.standard_normal(kernel).astype(dtype), float(boundary == "fill") * 2.5
        shape = getattr(fast, op)(x, w, mode, boundary, fill).shape
        at = [(i, j) for i in (0, shape[0] - 1) for j in range(shape[1])]
        expected = getattr(reference, op)(x, w, mode, boundary, fill, stepwise=True, at=at)
        for image in (x, x.copy("F"), x[:, ::-1].copy()[:, ::-1]):
            room, y = within(shape, dtype)
            getattr(fast, op)(image, w, mode, boundary, fill, algorithm="direct", num_threads=2, out=y)
            assert_same_bits(np.array([y[i] for i in at]), expected)
            assert np.isnan(room[:200]).all() and np.isnan(room[-200:]).all() and not np.isnan(y).any()


@pytest.mark.clause("number.chain", "conv.padded-tap")
@pytest.mark.parametrize("stride", [1, 2])
@pytest.mark.parametrize("width", [18, 35])
def test_what_lies_beyond_is_zero_even_beside_infinities(width, stride):
    """Of two outputs from one channel; a row that does not exist is 0 as well, and what an output does not see leaves it alone."""
    x = np.ones((1, 1, 6, width), np.float32)
    x[..., 0], x[..., -1], x[:, :, 3, width // 2] = np.inf, -np.inf, np.nan
    w = np.float32(np.arange(1, 19).reshape(2, 1, 3, 3))
    y = fast.conv(x, w, stride=stride, padding=1, algorithm="direct")
    assert_same_bits(y, reference.conv(x, w, stride=stride, padding=1, stepwise=True))
