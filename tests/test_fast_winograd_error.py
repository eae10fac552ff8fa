"""The worst errors of Winograd's tiles that a search finds: signs are flipped and numbers changed where that makes the error grow."""

import numpy as np
import pytest
from test_fast_tile_gradient import allowed, exact, gradient
from winograd_cases import draw_single_taps, seen_bounds

from convspec import fast

TRIED, ROUNDS = 128, 300


def changed(random, x):
    """Of each row of x one number, the sign of a line, or all numbers by one factor."""
    y, i, kind = x.copy(), np.arange(len(x)), random.integers(4, size=len(x))
    at = tuple(random.integers(n, size=len(x)) for n in x.shape[1:])
    y[(i, *at)] *= np.where(kind == 0, -1, np.where(kind == 1, random.uniform(0.95, 1.05, len(x)), 1))
    y[kind == 3, at[0][kind == 3]] *= -1
    return y * np.where(kind == 2, random.uniform(0.7, 1.4, len(x)), 1)[:, None, None]


def grown(random, x, error):
    """The rows of x after so many rounds in which changes are kept that make the error of a row no less; the better half goes on."""
    best = error(x)
    for n in range(ROUNDS):
        y = changed(random, x)
        found = error(y)
        better = found >= best
        x[better], best[better] = y[better], found[better]
        if n % 50 == 49:
            order = np.argsort(best)
            x[order[: len(x) // 2]] = x[order[len(x) // 2 :]]
            best = error(x)
    return best


def signs(random, rows, side):
    return random.choice([-1.0, 1.0], (rows, side, 1)) * random.choice([-1.0, 1.0], (rows, 1, side))


@pytest.mark.clause("fast.winograd", "number.bound-fast")
@pytest.mark.parametrize(
    ("taps", "stride", "side"), [(3, 1, 6), (4, 1, 7), (5, 1, 7), (7, 2, 13), (8, 2, 14), (5, 2, 11)]
)
def test_single_taps(taps, stride, side):
    """Of one channel, where the bound is least: of all kernels of one tap."""
    random = np.random.default_rng(taps)
    w = draw_single_taps(random, taps)

    def error(x):
        x = x[:, None].astype(np.float32)
        y, exact = (
            fast.conv(a, b, stride=stride, algorithm=c)
            for a, b, c in ((x, w, "winograd"), (x.astype(float), w, "direct"))
        )
        return (np.abs(y - exact) / seen_bounds(x, w, stride=stride)).max(axis=(1, 2, 3))

    assert grown(random, signs(random, TRIED, side) * random.uniform(0.5, 1, (TRIED, 1, 1)), error).max() <= 1


@pytest.mark.clause("fast.winograd-gradient", "gradient.bound-fast")
@pytest.mark.parametrize(
    ("taps", "stride", "padding", "side"),
    [(3, 1, 1, 3), (3, 1, 1, 5), (5, 1, 2, 5), (5, 1, 2, 7), (4, 1, 1, 5), (7, 2, 3, 9), (7, 2, 3, 14)],
)
def test_gradients_by_the_weights(taps, stride, padding, side):
    """Of many channels for a few gradients of outputs."""
    random = np.random.default_rng(taps)
    shape, keywords = (20, TRIED, taps, taps), {"stride": stride, "padding": padding}
    side_dy = (side + 2 * padding - taps) // stride + 1
    dy = (signs(random, 20, side_dy) * random.uniform(0.5, 1, (20, 1, 1)))[None].astype(np.float32)

    def error(x):
        call = dy, x[None].astype(np.float32), shape, keywords
        return (np.abs(gradient(*call) - exact(*call)) / allowed(*call)).max(axis=(0, 2, 3))

    assert grown(random, signs(random, TRIED, side) * random.uniform(0.5, 1, (TRIED, 1, 1)), error).max() <= 1
