"""Image filters and signals beside the libraries that filter them: writes results/pictures.json and docs/benchmarks-images.md.

    python -m benchmarks.peers.pictures [--threads 2] [--rounds 5] [--seconds 0.1] [--row NAME]...

A contestant is a process, as for the layers; whoever has no such operation is left out of a row.
"""

from __future__ import annotations

import statistics
from collections.abc import Callable
from math import prod
from typing import Any, NamedTuple

import numpy as np

from benchmarks.peers.rounds import compare

Call = Callable[[], Any]

HEAD = """# Image filters

Made by `python -m benchmarks.peers.pictures` from `benchmarks/results/pictures.json`: milliseconds of a call, the median of {rounds}
rounds in which each contestant, a process of its own, has every row in turn; {threads} thread(s), the result written to an array
that is used again where the library can. opencv is cv2.filter2D, scipy is scipy.signal.oaconvolve, numpy is numpy.convolve.
In the same minutes the processor reached {peak:.0f} GF/s of fused multiply-adds and copied {copy:.0f} GB/s.

`auto` and `direct` are convspec.fast's; `GF/s` counts two operations for each term of the definition, whatever auto does, and
`ratio` is how many times as fast as the best library auto is: the median of the ratios of each round.

"""


class Picture(NamedTuple):
    """A filter: the image's and the kernel's shapes and dtypes, and the dtype of the result."""

    shape: tuple[int, ...]
    taps: tuple[int, ...]
    dtypes: tuple[str, str, str] = ("float32", "float32", "float32")

    @property
    def flops(self) -> int:
        """Two for each term."""
        return 2 * prod(self.shape) * prod(self.taps)

    @property
    def bytes(self) -> int:
        """Of the image and the result."""
        return prod(self.shape) * sum(np.dtype(self.dtypes[i]).itemsize for i in (0, 2))

    def operands(self) -> tuple[Any, Any]:
        """Random, integers of the whole range of 8 bits."""
        random = np.random.default_rng(0)
        pairs = zip((self.shape, self.taps), self.dtypes, strict=False)
        return tuple(
            random.standard_normal(size, np.float32).astype(dtype)
            if np.dtype(dtype).kind == "f"
            else random.integers(0 if dtype[0] == "u" else -9, 256 if dtype[0] == "u" else 10, size).astype(dtype)
            for size, dtype in pairs
        )  # type: ignore[return-value]


HD = (1080, 1920)
BYTES = ("uint8", "int8")
PICTURES = {
    **{f"1080p {k}x{k}": Picture(HD, (k, k)) for k in (3, 5, 7, 11, 21, 31, 61)},
    "1080p 5x5, float64": Picture(HD, (5, 5), ("float64",) * 3),
    "1080p 3x3, 8 to 16 bits": Picture(HD, (3, 3), (*BYTES, "int16")),
    "1080p 3x3, 8 to 32 bits": Picture(HD, (3, 3), (*BYTES, "int32")),
    "1080p 11x11, 8 to 32 bits": Picture(HD, (11, 11), (*BYTES, "int32")),
    "400 x 300 3x3": Picture((300, 400), (3, 3)),
    **{f"10^6 samples, {k} taps": Picture((1_000_000,), (k,)) for k in (9, 129, 1025)},
    "100 x 110 x 120, 5x5x5": Picture((100, 110, 120), (5, 5, 5)),
}


def auto(row: Picture, threads: int, algorithm: str = "auto") -> Call:
    """convspec.fast."""
    from convspec import fast

    x, w = row.operands()
    out = np.empty(row.shape, row.dtypes[2])
    dtype = row.dtypes[2] if out.dtype.kind == "i" else None
    return lambda: fast.correlate(
        x, w, "same", "reflect", dtype=dtype, out=out, num_threads=threads, algorithm=algorithm
    )


def direct(row: Picture, threads: int) -> Call:
    """The same, the law's chain."""
    return auto(row, threads, "direct")


def opencv(row: Picture, threads: int) -> Call | None:
    """cv2.filter2D of two axes; from 8 bits to 16 or to float32."""
    import cv2

    if len(row.shape) != 2:
        return None
    cv2.setNumThreads(threads)
    x, w = row.operands()
    depth = {"int16": cv2.CV_16S, "int32": cv2.CV_32F, "float32": cv2.CV_32F, "float64": cv2.CV_64F}[row.dtypes[2]]
    out = cv2.filter2D(x, depth, w.astype(float))
    return lambda: cv2.filter2D(x, depth, w.astype(float), dst=out)


def scipy(row: Picture, threads: int) -> Call | None:
    """Overlap-add with Fourier transforms, of floats."""
    from scipy import signal

    x, w = row.operands()
    return (lambda: signal.oaconvolve(x, w, "same")) if w.dtype.kind == "f" else None


def numpy(row: Picture, threads: int) -> Call | None:
    """One axis."""
    x, w = row.operands()
    return (lambda: np.convolve(x, w, "same")) if x.ndim == 1 else None


FILTERS = {"auto": auto, "direct": direct, "opencv": opencv, "scipy": scipy, "numpy": numpy}


def table(measured: dict[str, Any]) -> str:
    """Milliseconds in Markdown, a row a line."""
    names = list(next(iter(measured["seconds"].values())))
    lines = [
        "| filter | " + " | ".join(names) + " | best library | GF/s | ratio |",
        "|---" + "|---:" * (len(names) + 3) + "|",
    ]
    for row, times in measured["seconds"].items():
        medians = {name: statistics.median(t) for name, t in times.items() if t}
        peer = min((n for n in medians if n not in ("auto", "direct")), key=lambda n: medians[n])
        ratio = statistics.median(a / b for a, b in zip(times[peer], times["auto"], strict=True))
        cells = [f"{1000 * medians[n]:.3g}" if n in medians else "" for n in names]
        rate = measured["flops"][row] / medians["auto"] / 1e9
        lines.append(f"| {row} | {' | '.join(cells)} | {peer} | {rate:.0f} | {ratio:.2f} |")
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    compare(__doc__, FILTERS, PICTURES, table, HEAD, page="images", file="pictures.json")
