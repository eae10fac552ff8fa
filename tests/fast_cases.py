"""Seeded calls of every forward operator, and the digests of their results under the instruction set in force.

Run as a script, it prints the digests, so that a test can compare instruction sets, which are chosen at import.
"""

import hashlib
import os
import subprocess
import sys

import numpy as np

from convspec import SpecError, fast

DTYPES = ("float32", "float32", "float64", "int8", "uint8", "int32", "int64", "uint16")
OPERATORS = (
    "conv", "conv_transpose", "local_conv", "tiled_conv", "max_pool", "avg_pool", "lp_pool", "channel_pool", "convolve",
    "correlate",
)  # fmt: skip
LARGEST = {1: 150, 2: 40, 3: 9}
KERNEL = {1: 9, 2: 5, 3: 3}


class Draw:
    """Random arguments from one seed."""

    def __init__(self, seed):
        self.rng = np.random.default_rng(seed)

    def one(self, *values):
        return values[self.rng.integers(len(values))]

    def whole(self, least, most):
        return int(self.rng.integers(least, most + 1))

    def axes(self, rank, least, most):
        return self.one(self.whole(least, most), [self.whole(least, most) for _ in range(rank)])

    def padding(self, rank):
        pairs = [(self.whole(0, 3), self.whole(0, 3)) for _ in range(rank)]
        return self.one(0, self.whole(0, 3), pairs, "same", "same_lower", "full")

    def array(self, dtype, shape, special=True):
        """Numbers of very different size, now and then NaN, infinite, zero or subnormal."""
        if np.dtype(dtype).kind != "f":
            limits = np.iinfo(dtype)
            return self.rng.integers(limits.min, limits.max, shape, dtype=dtype, endpoint=True)
        a = self.rng.standard_normal(shape) * 10.0 ** self.rng.integers(-3, 4, shape)
        if special and self.whole(0, 4) == 0:
            odd = self.rng.choice([np.nan, np.inf, -np.inf, 0.0, -0.0, 1e-40, 1e38], shape)
            a = np.where(self.rng.random(shape) < 0.05, odd, a)
        return a.astype(dtype)


def draw_call(op, seed):
    """The arguments of a call of `op`, perhaps invalid ones."""
    d = Draw([seed, OPERATORS.index(op)])
    rank, dtype = d.one(1, 2, 2, 3), d.one(*DTYPES)
    S = [d.one(d.whole(1, LARGEST[rank]), d.whole(1, LARGEST[rank] // 4)) for _ in range(rank)]
    R = [d.whole(1, KERNEL[rank]) for _ in range(rank)]
    if op in ("convolve", "correlate"):
        modes = {"mode": d.one("full", "same", "valid"), "boundary": d.one("fill", "wrap", "symm", "reflect", "edge")}
        return (d.array(dtype, S), d.array(d.one(dtype, d.one(*DTYPES)), R)), {**modes, "fillvalue": d.whole(0, 3)}
    if "pool" in op:
        return draw_pool(d, op, rank, S, dtype)
    return draw_conv(d, op, rank, S, R, dtype)


def draw_pool(d, op, rank, S, dtype):
    if op == "channel_pool":
        x = d.array(dtype, [d.whole(0, 2), d.whole(3, 9), *S])
        return (x, d.whole(1, 3)), {"stride": d.one(None, 1, 2), "kind": d.one("max", "avg", "lp"), "p": d.one(1, 2)}
    keywords = {
        "stride": d.one(None, d.axes(rank, 1, 3)), "padding": d.padding(rank), "dilation": d.axes(rank, 1, 2),
        "ceil_mode": d.one(False, True),
    }  # fmt: skip
    if op == "avg_pool":
        keywords["count_include_pad"] = d.one(False, True)
    if op == "lp_pool":
        keywords["p"] = d.one(1, 2)
    return (d.array(dtype, [d.whole(0, 2), d.whole(0, 5), *S]), d.axes(rank, 1, 4)), keywords


def draw_conv(d, op, rank, S, R, dtype):
    groups, channels, outputs = d.one(1, 1, 2, 5), d.one(0, 1, 3, 8), d.one(1, 2, 7, 40)
    keywords = {
        "stride": d.axes(rank, 1, 4), "padding": d.padding(rank), "dilation": d.axes(rank, 1, 3), "groups": groups
    }  # fmt: skip
    x = d.array(dtype, [d.whole(0, 2), channels * groups, *S])
    shape, T = [outputs * groups, channels, *R], ()
    if op == "conv_transpose":
        keywords["padding"] = d.axes(rank, 0, 2)
        shape = [channels * groups, outputs, *R]
    elif op != "conv":
        shape[0] = groups * min(outputs, 3)
        try:
            T = fast.conv(x, np.zeros(shape, dtype), **keywords).shape[2:]
        except SpecError:
            T = (1,) * rank
        T = T if op == "local_conv" else [d.one(1, 2, n) for n in T]
    w = d.array(d.one(dtype, d.one(*DTYPES)), [shape[0], *T, *shape[1:]])
    b = d.array(dtype, [outputs * groups] if op == "conv_transpose" else [shape[0], *T])
    return (x, w, d.one(None, b)), keywords


def digest(y):
    """The bits of a result, NaN payloads and the sign of zero aside."""
    if y.dtype.kind == "f":
        y = np.where(np.isnan(y), np.nan, y + y.dtype.type(0)).astype(y.dtype)
    return hashlib.sha256(np.ascontiguousarray(y).tobytes()).hexdigest()[:16]


def printed_under(isa, script, seeds):
    """The lines that a file of cases prints where an instruction set is forced."""
    environment = {**os.environ, "CONVSPEC_ISA": isa}
    command = [sys.executable, script, str(seeds)]
    return subprocess.run(command, env=environment, capture_output=True, text=True, check=True).stdout.split("\n")


def pass_under(isa, file, chosen):
    """The tests of a file that an expression chooses pass where an instruction set is forced."""
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", file, "-k", chosen]
    subprocess.run(command, env={**os.environ, "CONVSPEC_ISA": isa}, check=True, stdout=subprocess.DEVNULL)


def digests(seeds):
    """One line a call: the operator, the seed, and the digest, or the clause that forbids the call."""
    lines = []
    for seed in seeds:
        for op in OPERATORS:
            arguments, keywords = draw_call(op, seed)
            try:
                lines.append(f"{op} {seed} {digest(getattr(fast, op)(*arguments, **keywords, algorithm='direct'))}")
            except SpecError as error:
                lines.append(f"{op} {seed} {error.clause}")
    return lines


if __name__ == "__main__":
    print(fast.isa())
    print("\n".join(digests(range(int(sys.argv[1])))))
