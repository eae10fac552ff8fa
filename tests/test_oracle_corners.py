"""The oracle in the corners: special values, empty windows, policies, integers that wrap."""

import numpy as np
import pytest

from convspec import reference
from convspec.policies import DEFAULTS


@pytest.mark.clause("number.special", "conv.padded-tap", "max_pool.nan")
def test_special_values():
    inf, nan = np.inf, np.nan
    x = np.array([[[1.0, inf, 2.0, -inf, nan]]])
    one = np.ones((1, 1, 2))
    assert np.array_equal(reference.conv(x, one), [[[inf, inf, -inf, nan]]], equal_nan=True)
    assert np.array_equal(reference.conv(x, one * 0), [[[nan, nan, nan, nan]]], equal_nan=True)
    assert np.isnan(reference.conv(np.ones((1, 1, 1)), np.array([[[inf, 1.0]]]), padding=[(1, 0)])).all()
    skipped = {**DEFAULTS, "padded_tap": "skipped"}
    y = reference.conv(np.ones((1, 1, 1)), np.array([[[inf, 1.0]]]), padding=[(1, 0)], policies=skipped)
    assert y.tolist() == [[[1.0]]]
    assert np.array_equal(reference.max_pool(x, 2, stride=1), [[[inf, inf, 2.0, nan]]], equal_nan=True)
    ignored = {**DEFAULTS, "max_nan": "ignore"}
    assert reference.max_pool(x, 2, stride=1, policies=ignored).tolist() == [[[inf, inf, 2.0, -inf]]]


@pytest.mark.clause("pool.empty-window", "policy.empty-window")
def test_empty_windows():
    x = np.ones((1, 1, 2))
    arguments = {"stride": 1, "padding": 3}
    assert reference.max_pool(x, 2, **arguments)[0, 0, 0] == -np.inf
    assert reference.max_pool(x.astype("int8"), 2, **arguments)[0, 0, 0] == -128
    assert np.isnan(reference.avg_pool(x, 2, **arguments)[0, 0, 0])
    assert reference.avg_pool(x, 2, count_include_pad=True, **arguments)[0, 0, 0] == 0
    assert reference.lp_pool(x, 2, **arguments)[0, 0, 0] == 0
    with pytest.raises(ValueError, match=r"pool\.empty-window"):
        reference.max_pool(x, 2, policies={**DEFAULTS, "empty_window": "error"}, **arguments)


@pytest.mark.clause("number.integer-modulo", "number.integers", "policy.integer-result")
def test_integers_wrap_only_in_the_widened_type():
    image = np.full(9, 200, np.uint8)
    assert reference.convolve(image, np.ones(9, np.uint8), "valid").tolist() == [1800]
    same = {**DEFAULTS, "integer_result": "same"}
    assert reference.convolve(image, np.ones(9, np.uint8), "valid", policies=same).tolist() == [1800 % 256]
    big = np.array([2**63 - 1, 1], np.int64)
    assert reference.convolve(big, np.array([1, 1]), "valid").tolist() == [-(2**63)]


@pytest.mark.clause(
    "avg_pool.divisor-ceil", "policy.ceil-divisor", "policy.ceil-drop", "shape.ceil-mode", "shape.ceil-drop"
)
def test_ceil_mode():
    x = np.arange(1.0, 6.0).reshape(1, 1, 5)
    assert reference.avg_pool(x, 2, ceil_mode=True, count_include_pad=True).tolist() == [[[1.5, 3.5, 5.0]]]
    full = {**DEFAULTS, "ceil_divisor": "full"}
    assert reference.avg_pool(x, 2, ceil_mode=True, count_include_pad=True, policies=full).tolist() == [
        [[1.5, 3.5, 2.5]]
    ]
    dropped = reference.max_pool(x[..., :4], 1, stride=3, padding=[(0, 1)], ceil_mode=True)
    assert dropped.tolist() == [[[1.0, 4.0]]]
    kept = {**DEFAULTS, "ceil_drop": "no"}
    assert reference.max_pool(x[..., :3], 1, stride=3, padding=[(0, 2)], ceil_mode=True).shape == (1, 1, 2)
    assert reference.max_pool(x[..., :3], 1, stride=2, padding=[(0, 1)], ceil_mode=True, policies=kept).shape == (
        1,
        1,
        3,
    )
