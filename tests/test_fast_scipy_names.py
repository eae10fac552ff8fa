"""convolve2d and correlate2d beside scipy.signal's: the same results, dtypes and errors, and scipy's own tests pass.

Of scipy's tests of these two functions all apply, but those of other array libraries than numpy.
"""

from __future__ import annotations

import os
import subprocess
import sys
import warnings

import numpy as np
import pytest

from convspec import fast

signal = pytest.importorskip("scipy.signal")

CALLS = range(600)
DTYPES = "?bBhHiIlLqQefdgFDG"
"""numpy's characters; half precision and bool only in promotion with others."""


def draw(rng, dtype):
    """A small array of whole numbers: their sums are exact in every dtype."""
    size = rng.integers(1, 9, 2)
    whole = rng.integers(0 if dtype in "?BHILQ" else -20, 20, size)
    return (whole + 1j * rng.integers(-20, 20, size) if dtype in "FDG" else whole).astype(dtype)


def outcome(room, name, call):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            return getattr(room, name)(*call)
        except ValueError:
            return None


@pytest.mark.clause("fast.scipy")
@pytest.mark.parametrize("name", ["convolve2d", "correlate2d"])
def test_results(name):
    computed = 0
    for seed in CALLS:
        rng = np.random.default_rng(seed)
        in1, in2 = (draw(rng, rng.choice(list(DTYPES))) for _ in range(2))
        mode, boundary = rng.choice(["full", "same", "valid"]), rng.choice(["fill", "wrap", "symm", "circular"])
        fillvalue = [0, 3, 2.5, 2 - 3j, 300, [1, 2], None][rng.integers(7)]
        call = in1, in2, str(mode), str(boundary), fillvalue
        expected, y = outcome(signal, name, call), outcome(fast, name, call)
        assert (y is None) == (expected is None), call
        if expected is not None and y is not None:
            np.testing.assert_array_equal(y, expected, strict=True)
            computed += 1
    assert computed > len(CALLS) // 3


@pytest.mark.parametrize(
    "call",
    [
        ([1], [2]),
        (1, 2),
        (np.ones((2, 2, 2)), np.ones((2, 2, 2))),
        ([[1]], [[2]], "most"),
        ([[1]], [[2]], "full", "reflect"),
        ([["a"]], [[2]]),
        ([[None]], [[2]]),
        (np.ones((2, 3)), np.ones((3, 2)), "valid"),
    ],
)
@pytest.mark.clause("fast.scipy")
@pytest.mark.parametrize("name", ["convolve2d", "correlate2d"])
def test_errors(name, call):
    with pytest.raises(ValueError):
        getattr(fast, name)(*call)


@pytest.mark.clause("fast.scipy")
def test_scipys_own_tests_pass(tmp_path):
    pytest.importorskip("scipy.signal.tests.test_signaltools")
    command = ["-q", "-p", "pointed_at_fast", "-p", "no:cacheprovider", "-k", "Convolve2d or Correlate2d"]
    environment = {**os.environ, "PYTHONPATH": os.path.dirname(__file__)}
    done = subprocess.run(
        [sys.executable, "-m", "pytest", *command, "--pyargs", "scipy.signal.tests.test_signaltools"],
        env=environment, cwd=tmp_path, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout
    passed = int(done.stdout.rstrip().rpartition("\n")[2].split()[0])
    assert passed >= 20, done.stdout
