"""The oracle against a second formulation, identities and values computed by hand."""

from fractions import Fraction

import numpy as np
import pytest
import second_formulation as second
from hypothesis import given, settings
from hypothesis import strategies as st

from convspec import checks, reference

DTYPES = ["float32", "float64", "int64"]
EXAMPLES = settings(max_examples=60, deadline=None, derandomize=True)


def draw_array(data, shape, dtype):
    """Integers, or floats whose exponents differ."""
    rng = np.random.default_rng(data.draw(st.integers(0, 10**6)))
    values = rng.integers(-(2**20), 2**20, shape)
    if dtype == "int64":
        return values
    return np.ldexp(values.astype(dtype), rng.integers(-30, 10, shape).astype(int))


def draw_layer(data):
    """Shapes and arguments of a conv whose kernel fits."""
    rank = data.draw(st.integers(1, 3))
    small = st.tuples(*[st.integers(1, 3)] * rank)
    stride, dilation, R = data.draw(small), data.draw(small), data.draw(small)
    pads = tuple(data.draw(st.tuples(*[st.tuples(st.integers(0, 2), st.integers(0, 2))] * rank)))
    S = tuple(
        max(1, (k - 1) * d + 1 - sum(pad)) + data.draw(st.integers(0, 3))
        for k, d, pad in zip(R, dilation, pads, strict=True)
    )
    groups, Cg, Kg = (data.draw(st.integers(1, 2)) for _ in range(3))
    return S, R, groups, Cg, Kg, {"stride": stride, "padding": pads, "dilation": dilation, "groups": groups}


def assert_rounded(y, exact, denominator):
    """Every element is the exact value rounded once."""
    assert y.shape == exact.shape
    for value, number in zip(y.flat, exact.flat, strict=True):
        if y.dtype.kind == "i":
            assert int(value) == number
        else:
            assert second.is_nearest(value, Fraction(number, denominator), y.dtype)


@pytest.mark.clause("conv.formula", "conv.groups", "conv.bias", "oracle.rounding")
@pytest.mark.parametrize("dtype", DTYPES)
@EXAMPLES
@given(data=st.data())
def test_conv_is_a_product_of_polynomials(dtype, data):
    S, R, G, Cg, Kg, arguments = draw_layer(data)
    x, w = draw_array(data, (2, G * Cg, *S), dtype), draw_array(data, (G * Kg, Cg, *R), dtype)
    b = draw_array(data, (G * Kg,), dtype)
    (xi, wi, bi), one = second.scaled(x, w, b) if dtype != "int64" else ([a.astype(object) for a in (x, w, b)], 1)
    a = arguments
    expected = second.conv(xi, wi, bi * one, a["stride"], a["padding"], a["dilation"], G)
    assert_rounded(reference.conv(x, w, b, **arguments), expected, one * one)


@pytest.mark.clause("conv_transpose.formula", "conv_transpose.groups", "conv_transpose.output-padding")
@settings(EXAMPLES, max_examples=15)
@given(data=st.data())
def test_conv_transpose_is_the_transposed_matrix(data):
    S, R, G, Cg, Kg, arguments = draw_layer(data)
    extra = tuple(
        data.draw(st.integers(0, max(s, d) - 1))
        for s, d in zip(arguments["stride"], arguments["dilation"], strict=True)
    )
    x, w = draw_array(data, (2, G * Cg, *S), "int64"), draw_array(data, (G * Cg, Kg, *R), "int64")
    b = draw_array(data, (G * Kg,), "int64")
    try:
        checks.conv_transpose(x, w, b, output_padding=extra, **arguments)
    except ValueError:
        return  # padding that leaves no output
    a = arguments
    expected = second.conv_transpose(
        *(v.astype(object) for v in (x, w, b)), a["stride"], a["padding"], extra, a["dilation"], G
    )
    y = reference.conv_transpose(x, w, b, output_padding=extra, **arguments)
    assert y.shape == expected.shape and (y == expected).all()


@pytest.mark.clause("image.convolve", "image.correlate", "image.mode-full", "image.mode-same")
@pytest.mark.parametrize("boundary", ["fill", "wrap", "symm", "reflect", "edge"])
@EXAMPLES
@given(data=st.data())
def test_images_are_products_over_explicit_padding(boundary, data):
    rank = data.draw(st.integers(1, 3))
    S, R = (data.draw(st.tuples(*[st.integers(1, 5 if rank < 3 else 3)] * rank)) for _ in range(2))
    image, kernel = draw_array(data, S, "int64"), draw_array(data, R, "int64")
    fill = data.draw(st.sampled_from([0, 7]))
    numpy_mode = {"fill": "constant", "symm": "symmetric"}.get(boundary, boundary)
    values = {"constant_values": fill} if boundary == "fill" else {}
    extended = np.pad(image, [(k - 1, k - 1) for k in R], mode=numpy_mode, **values).astype(object)
    full = second.valid_correlation(extended, second.flipped(kernel.astype(object)))
    start = tuple((k - 1) // 2 for k in R)
    same = full[tuple(slice(s, s + n) for s, n in zip(start, S, strict=True))]
    assert (reference.convolve(image, kernel, "full", boundary, fill) == full).all()
    assert (reference.convolve(image, kernel, "same", boundary, fill) == same).all()
    assert (reference.correlate(image, second.flipped(kernel), "same", boundary, fill) == same).all()


@pytest.mark.clause("image.mode-valid", "image.valid-swap")
@EXAMPLES
@given(data=st.data())
def test_valid_is_the_middle_of_full(data):
    rank = data.draw(st.integers(1, 3))
    R = data.draw(st.tuples(*[st.integers(1, 3)] * rank))
    S = tuple(k + data.draw(st.integers(0, 3)) for k in R)
    image, kernel = draw_array(data, S, "int64"), draw_array(data, R, "int64")
    expected = second.valid_correlation(image.astype(object), kernel.astype(object))
    assert (reference.correlate(image, kernel, "valid") == expected).all()
    assert (reference.convolve(image, second.flipped(kernel), "valid") == expected).all()
    assert (reference.convolve(second.flipped(kernel), image, "valid") == expected).all()
    if S != R:
        assert (reference.correlate(kernel, image, "valid") == second.flipped(expected)).all()


@pytest.mark.clause("local_conv.formula", "tiled_conv.formula", "tiled_conv.limits")
@EXAMPLES
@given(data=st.data())
def test_unshared_layers_are_slices_of_shared_ones(data):
    """Each position of tiled_conv is that position of the conv with its kernel."""
    S, R, G, Cg, Kg, arguments = draw_layer(data)
    rank, K = len(S), G * Kg
    x = draw_array(data, (1, G * Cg, *S), "int64")
    O = checks.conv(x, np.zeros((K, Cg, *R), "int64"), **arguments).O
    local = data.draw(st.booleans())
    T = O if local else data.draw(st.tuples(*[st.integers(1, 3)] * rank))
    w, b = draw_array(data, (K, *T, Cg, *R), "int64"), draw_array(data, (K, *T), "int64")
    y = reference.tiled_conv(x, w, b, **arguments)
    for o in np.ndindex(O):
        t = tuple(a % m for a, m in zip(o, T, strict=True))
        shared = reference.conv(x, w[(slice(None), *t)], b[(slice(None), *t)], **arguments)
        assert (y[(slice(None), slice(None), *o)] == shared[(slice(None), slice(None), *o)]).all()
    if local:
        assert (reference.local_conv(x, w, b, **arguments) == y).all()


@pytest.mark.clause("avg_pool.value", "avg_pool.divisor-excludes-padding", "avg_pool.divisor-includes-padding")
@EXAMPLES
@given(data=st.data())
def test_averages_are_convolutions_with_ones(data):
    S, R, _, _, _, arguments = draw_layer(data)
    del arguments["groups"]
    x = draw_array(data, (2, 3, *S), "float64")
    (xi,), one = second.scaled(x)
    a = arguments
    ones = np.ones((3, 1, *R), dtype=object)
    sums = second.conv(xi, ones, [0] * 3, a["stride"], a["padding"], a["dilation"], 3)
    counts = second.conv(np.ones_like(xi), ones, [0] * 3, a["stride"], a["padding"], a["dilation"], 3)
    included = reference.avg_pool(x, R, count_include_pad=True, **arguments)
    excluded = reference.avg_pool(x, R, **arguments)
    for index in np.ndindex(sums.shape):
        assert second.is_nearest(included[index], Fraction(sums[index], one * int(np.prod(R))), x.dtype)
        if counts[index]:
            assert second.is_nearest(excluded[index], Fraction(sums[index], one * counts[index]), x.dtype)
        else:
            assert np.isnan(excluded[index])


@pytest.mark.clause("max_pool.value", "pool.padding", "pool.channels")
@EXAMPLES
@given(data=st.data())
def test_max_pool_is_the_limit_of_a_sort(data):
    S, R, _, _, _, arguments = draw_layer(data)
    del arguments["groups"]
    x = draw_array(data, (2, 3, *S), "int64")
    y = reference.max_pool(x, R, **arguments)
    least = np.iinfo(np.int64).min
    extended = np.pad(x, [(0, 0), (0, 0), *arguments["padding"]], constant_values=least)
    extents = tuple((k - 1) * d + 1 for k, d in zip(R, arguments["dilation"], strict=True))
    windows = np.lib.stride_tricks.sliding_window_view(extended, extents, axis=tuple(range(2, x.ndim)))
    rank = len(S)
    windows = windows[(..., *(slice(None, None, d) for d in arguments["dilation"]))]
    windows = windows[(slice(None), slice(None), *(slice(None, None, s) for s in arguments["stride"]))]
    assert (y == np.sort(windows.reshape(*windows.shape[: rank + 2], -1))[..., -1]).all()


@pytest.mark.clause("lp_pool.value")
@pytest.mark.parametrize("p", [1, 2, 3])
@EXAMPLES
@given(data=st.data())
def test_norms_lie_between_their_neighbours(p, data):
    x = draw_array(data, (1, 1, data.draw(st.integers(3, 7))), "float64")
    y = reference.lp_pool(x, 3, stride=1, p=p)
    for o, value in enumerate(y[0, 0]):
        S = sum(abs(Fraction(v)) ** p for v in x[0, 0, o : o + 3].tolist())
        below, above = (Fraction(float(np.nextafter(value, e))) for e in (0, np.inf))
        exact = Fraction(float(value))
        assert ((below + exact) / 2) ** p <= S <= ((exact + above) / 2) ** p or S == 0 == value


@pytest.mark.clause("channel_pool.value", "channel_pool.incomplete")
@pytest.mark.parametrize("kind", ["max", "avg", "lp"])
def test_channel_pool_is_pooling_of_the_transposed_array(kind):
    x = np.random.default_rng(0).standard_normal((2, 7, 5))
    y = reference.channel_pool(x, 3, stride=2, kind=kind, p=3)
    pool = {"max": reference.max_pool, "avg": reference.avg_pool, "lp": reference.lp_pool}[kind]
    arguments = {"p": 3} if kind == "lp" else {}
    assert (y == pool(x.transpose(0, 2, 1), 3, stride=2, **arguments).transpose(0, 2, 1)).all()
    assert y.shape == (2, 3, 5)


@pytest.mark.clause("oracle.stepwise", "number.chain")
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_the_chain_goes_over_channels_then_taps(dtype):
    """Computed by hand with fractions, in the order that the law names."""
    rng = np.random.default_rng(1)
    x, w = rng.standard_normal((1, 3, 4, 4)).astype(dtype), rng.standard_normal((2, 3, 2, 3)).astype(dtype)
    b = rng.standard_normal(2).astype(dtype)
    y = reference.conv(x, w, b, stepwise=True)

    def rounded(q):
        return Fraction(float(reference.rounding.nearest(q.numerator, q.denominator, np.dtype(dtype))))

    for k, i, j in np.ndindex(y.shape[1:]):
        acc = Fraction(float(b[k]))
        for c in range(3):
            for r in range(2):
                for s in range(3):
                    acc = rounded(Fraction(float(x[0, c, i + r, j + s])) * Fraction(float(w[k, c, r, s])) + acc)
        assert float(y[0, k, i, j]) == float(acc)


@pytest.mark.clause("oracle.stepwise")
def test_stepwise_equals_exact_where_sums_are_exact():
    rng = np.random.default_rng(2)
    x, w = (rng.integers(-8, 9, s).astype("float32") for s in ((2, 4, 6, 5), (6, 2, 3, 2)))
    for stride in (1, 2):
        exact = reference.conv(x, w, stride=stride, padding=1, groups=2)
        assert (reference.conv(x, w, stride=stride, padding=1, groups=2, stepwise=True) == exact).all()


@pytest.mark.clause("oracle.at")
def test_at_gives_elements_of_the_whole():
    rng = np.random.default_rng(3)
    x, w = rng.standard_normal((2, 4, 5, 6)), rng.standard_normal((4, 2, 3, 2))
    at = [(0, 0, 0, 0), (1, 3, 4, 6), (1, 2, 0, 5), (0, 0, 0, 0)]
    for stepwise in (False, True):
        whole = reference.conv(x, w, padding=1, groups=2, stepwise=stepwise)
        assert reference.conv(x, w, padding=1, groups=2, at=at, stepwise=stepwise).tolist() == [whole[i] for i in at]


@pytest.mark.clause("oracle.at")
@pytest.mark.parametrize(
    "at, error", [([(0, 0, 9)], ValueError), ([(0, 0)], ValueError), ([0], TypeError), (5, TypeError)]
)
def test_bad_indices_are_refused(at, error):
    with pytest.raises(error, match=r"oracle\.at"):
        reference.max_pool(np.zeros((1, 1, 4)), 2, at=at)
