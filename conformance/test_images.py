"""The chapter on image operators."""

from __future__ import annotations

from typing import Any

import pytest

from convspec import IMAGE_OPERATORS
from convspec.conformance.case import make
from convspec.conformance.judge import Trial
from convspec.conformance.strategies import FLOATS, PLAIN, Open
from convspec.conformance.strategies_images import images

both = pytest.mark.parametrize("op", IMAGE_OPERATORS)
MIXED = Open(data=("small", "wide", "real"), dtypes=FLOATS)


@pytest.mark.clause("image.convolve")
@pytest.mark.parametrize("op", ["convolve"])
def test_convolve(judge: Trial, op: str) -> None:
    judge.search(images(op, MIXED), share=2)


@pytest.mark.clause("image.correlate")
@pytest.mark.parametrize("op", ["correlate"])
def test_correlate(judge: Trial, op: str) -> None:
    judge.search(images(op, MIXED), share=2)


@pytest.mark.clause("image.mode-full")
@both
def test_full(judge: Trial, op: str) -> None:
    judge.search(images(op, PLAIN, mode="full"))


@pytest.mark.clause("image.mode-same")
@both
def test_same(judge: Trial, op: str) -> None:
    judge.search(images(op, PLAIN, mode="same"))


@pytest.mark.clause("image.mode-valid")
@both
def test_valid(judge: Trial, op: str) -> None:
    judge.search(images(op, PLAIN, mode="valid"))


@pytest.mark.clause("image.valid-swap")
@both
def test_swap(judge: Trial, op: str) -> None:
    judge.search(images(op, PLAIN, mode="valid", swap=True))


@pytest.mark.clause("image.valid-neither")
@both
def test_neither(judge: Trial, op: str) -> None:
    pairs: list[tuple[tuple[int, ...], tuple[int, ...]]] = [((2, 3), (3, 2)), ((1, 5), (2, 1)), ((3, 2, 4), (2, 3, 3))]
    for S, R in pairs:
        arrays = {"in1": (S, "float32"), "in2": (R, "float32")}
        judge.each([make(op, arrays, {"mode": "valid"}), make(op, arrays, {"mode": "valid", "boundary": "wrap"})])


@pytest.mark.clause("image.fill")
@both
@pytest.mark.parametrize("mode", ["full", "same"])
def test_fill(judge: Trial, op: str, mode: str) -> None:
    judge.search(images(op, PLAIN, mode=mode, fillvalue=True, odd=mode == "same"))


@pytest.mark.clause("image.fillvalue")
@both
def test_fillvalue(judge: Trial, op: str) -> None:
    def call(dtype: str, value: Any) -> Any:
        return make(op, {"in1": ((3, 4), dtype), "in2": ((2, 2), dtype)}, {"fillvalue": value})

    judge.each([call("float32", 0.1), call("int32", 0.5), call("int64", 2**63), call("int8", 2**31)])
    judge.each([call("float32", 0.5), call("float64", 0.1), call("int8", 3.0), call("int64", 2**62)])


def _continued(judge: Trial, op: str, boundary: str) -> None:
    judge.search(images(op, PLAIN, mode="full", boundary=boundary))
    judge.search(images(op, PLAIN, mode="same", boundary=boundary, odd=True), share=0.5)


@pytest.mark.clause("image.wrap")
@both
def test_wrap(judge: Trial, op: str) -> None:
    _continued(judge, op, "wrap")


@pytest.mark.clause("image.symm")
@both
def test_symm(judge: Trial, op: str) -> None:
    _continued(judge, op, "symm")


@pytest.mark.clause("image.reflect")
@both
def test_reflect(judge: Trial, op: str) -> None:
    _continued(judge, op, "reflect")


@pytest.mark.clause("image.edge")
@both
def test_edge(judge: Trial, op: str) -> None:
    _continued(judge, op, "edge")


@pytest.mark.clause("image.beyond-period")
@both
@pytest.mark.parametrize("boundary", ["wrap", "symm", "reflect", "edge"])
def test_beyond_period(judge: Trial, op: str, boundary: str) -> None:
    judge.search(images(op, PLAIN, mode="full", boundary=boundary, beyond=True), share=0.6)
