"""Convolutions for Winograd's tiles, and the bound of each of their outputs."""

import numpy as np

from convspec import fast

FORMS = [
    ((2, 20, 37), (18, 20, 3), {}),
    ((1, 33, 5), (17, 33, 3), {"padding": 2}),
    ((2, 5, 9, 14), (20, 5, 1, 3), {"padding": (0, 1)}),
    ((1, 40, 11, 13), (20, 40, 3, 1), {"padding": (1, 0)}),
    ((1, 17, 15, 12), (20, 17, 5, 3), {"padding": (3, 1), "stride": (2, 1), "dilation": (2, 1)}),
    ((1, 64, 2, 70), (40, 64, 3, 3), {"padding": 1}),
    ((2, 18, 6, 9, 10), (20, 18, 3, 3, 3), {"padding": 1}),
    (
        (1, 18, 9, 9, 10),
        (20, 9, 2, 3, 3),
        {"padding": (1, 1, 2), "stride": (2, 1, 1), "dilation": (3, 1, 1), "groups": 2},
    ),
    ((1, 9, 5, 6, 11), (20, 9, 2, 4, 3), {"padding": 1}),
    ((1, 18, 4, 9, 10), (20, 18, 3, 3, 1), {"padding": (1, 1, 0)}),
    ((1, 12, 5, 9, 10), (12, 1, 3, 3, 3), {"padding": 1, "groups": 12}),
    ((1, 20, 9, 10), (20, 1, 7, 3), {"padding": (3, 1), "groups": 20}),
    ((2, 20, 13, 14), (18, 20, 5, 5), {"padding": 2}),
    ((1, 9, 12, 30), (20, 9, 4, 9), {"padding": (0, 3)}),
    ((2, 18, 30), (20, 18, 8), {"padding": 3}),
    ((1, 18, 30, 5), (20, 9, 7, 1), {"padding": (3, 0), "groups": 2}),
    ((1, 18, 4, 9, 10), (20, 9, 2, 5, 4), {"padding": 1, "groups": 2}),
    ((2, 20, 17, 24), (18, 20, 3, 3), {"padding": 1, "stride": 2}),
    ((1, 9, 31, 29), (20, 9, 5, 4), {"padding": (2, 0), "stride": 2}),
    ((1, 18, 5, 21, 20), (20, 9, 2, 7, 3), {"padding": 1, "stride": (1, 2, 2), "groups": 2}),
    ((2, 3, 40, 57), (20, 3, 11, 10), {"padding": 2, "stride": 4}),
    ((1, 5, 31, 24), (18, 5, 3, 4), {"padding": 1, "stride": 2}),
    ((3, 4, 26, 33), (40, 2, 7, 8), {"padding": 3, "stride": 2, "groups": 2}),
    ((1, 6, 3, 40, 31), (20, 6, 1, 5, 6), {"padding": (0, 2, 0), "stride": (2, 3, 3)}),
    ((1, 2, 70, 80), (9, 2, 14, 16), {"stride": 4}),
    ((1, 9, 21, 26), (20, 9, 5, 6), {"padding": 2}),
    ((2, 10, 18, 23), (34, 5, 10, 11), {"padding": 3, "groups": 2}),
    ((2, 4, 21, 37), (20, 4, 3, 3), {"padding": 1}),
    ((1, 8, 5, 12, 18), (18, 4, 3, 3, 3), {"padding": 1, "groups": 2}),
    ((3, 5, 19, 22), (21, 5, 4, 4), {"padding": (1, 2)}),
]
"""Shapes of x and w and keywords: tiles along one axis or two, other taps summed over, more than three taps, outputs two apart or more,
few channels."""

ALTERNATING = [
    ((2, 20, 9, 13), (20, 18, 3, 3), {"padding": 1}),
    ((1, 9, 8, 16), (9, 20, 3, 3), {"padding": 1, "output_padding": 1}),
    ((2, 18, 7, 6), (18, 20, 3, 3), {"groups": 2}),
    ((1, 17, 5, 10), (17, 9, 3, 4), {"padding": (2, 1)}),
    ((2, 12, 10, 7), (12, 33, 4, 4), {"padding": 1}),
    ((1, 6, 1, 1), (6, 3, 4, 3), {}),
    ((1, 40, 6, 14), (40, 5, 4, 4), {"padding": ((0, 3), (2, 1))}),
    ((2, 18, 7, 11), (18, 20, 5, 5), {"padding": 2, "output_padding": 1}),
    ((1, 20, 9, 6), (20, 9, 6, 5), {"groups": 2, "padding": (1, 3)}),
    ((1, 9, 12, 13), (9, 33, 6, 6), {"padding": 2}),
]
"""Of conv_transpose by 2: outputs of four windows that alternate."""


def draw(shape, K, groups=1, dtype="float32", taps=3, seed=0):
    rng = np.random.default_rng(seed)
    w_shape = (K, shape[1] // groups, taps, taps)
    return tuple(rng.standard_normal(s).astype(dtype) for s in (shape, w_shape, (K,)))


def draw_single_taps(random, taps):
    """Kernels of one channel that have one tap each: one for each place."""
    return np.diag(random.uniform(0.5, 1, taps * taps)).astype(np.float32).reshape(-1, 1, taps, taps)


def draw_spoilt(seed):
    rng = np.random.default_rng(seed)
    x, w, b = draw((2, 5 + 9 * seed, 11, 9 + seed), 30 + seed, dtype=("float32", "float64")[seed % 2], seed=seed)
    for value in (np.nan, np.inf, 1e30, 15, 16, 17, 1e5):
        x[tuple(rng.integers(n) for n in x.shape)] = value
    return x, w, b


def draw_form(form, outlier, forms=FORMS):
    x_shape, w_shape, keywords = forms[form]
    rng = np.random.default_rng(form)
    x, w = (rng.standard_normal(s).astype(("float32", "float64")[form % 2]) for s in (x_shape, w_shape))
    x[tuple(n // 2 for n in x_shape)] *= outlier
    return x, w, keywords


def turn(w, groups):
    """Weights of a transposed convolution as those of a convolution."""
    flipped = np.flip(w, tuple(range(2, w.ndim))).reshape(groups, len(w) // groups, *w.shape[1:]).swapaxes(1, 2)
    return flipped.reshape(-1, *flipped.shape[2:])


def as_conv(x, w, padding=0, output_padding=0, groups=1):
    """A transposed convolution by 2 as a convolution of stride 1, of inputs with zeros between them: x, w and groups."""
    rank = x.ndim - 2
    apart = np.zeros((*x.shape[:2], *(2 * n - 1 for n in x.shape[2:])), x.dtype)
    apart[(..., *[slice(None, None, 2)] * rank)] = x
    pads = [np.broadcast_to(p, 2) for p in (padding if isinstance(padding, tuple) else (padding,) * rank)]
    more = [(R - 1 - p[0], R - 1 - p[1] + output_padding) for R, p in zip(w.shape[2:], pads, strict=True)]
    return np.pad(apart, [(0, 0), (0, 0), *more]), turn(w, groups), {"groups": groups}


def seen_bounds(x, w, padding=0, stride=1, dilation=1, groups=1):
    """Clause fast.winograd without bias: one bound for each output."""
    info, n, rank = np.finfo(x.dtype), w[0].size, x.ndim - 2
    u = float(info.eps) / 2
    peaks = np.abs(x.astype(float)).reshape(len(x), groups, -1, *x.shape[2:]).max(2)
    pads = [(p, p) for p in np.broadcast_to(padding, rank)]
    padded = np.pad(peaks, [(0, 0), (0, 0), *pads])
    seen = fast.max_pool(padded, w.shape[2:], stride=stride, dilation=dilation)
    weights = np.abs(w.astype(float)).sum(tuple(range(1, w.ndim)))
    factor = 32 * (n + 1) * u / (1 - (n + 1) * u)
    return factor * np.repeat(seen, len(w) // groups, 1) * weights.reshape(-1, *(1,) * rank)
