"""Cases as text, and the arrays that are made of them."""

from __future__ import annotations

import importlib
import subprocess
import sys
import zlib
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from convspec import OPERATORS
from convspec.conformance import data, innocent, layouts
from convspec.conformance.case import KINDS, CaseError, parse
from convspec.conformance.host import Here
from convspec.conformance.judge import Run, Trial
from convspec.conformance.script import call_text, script
from convspec.conformance.strategies import FULL, of
from convspec.conformance.verdict import Difference, Violation

EXAMPLE = (
    "conv x=2x3x5x7:float32 w=4x3x3x3:float32 b=4:float32 stride=2,1 padding=1:2,0:0 data=small seed=7 layout=negative"
)


def test_example_is_its_own_text() -> None:
    case = parse(EXAMPLE)
    assert case.text == EXAMPLE
    assert dict(case.arguments) == {"stride": (2, 1), "padding": ((1, 2), (0, 0))}


@settings(max_examples=200, derandomize=True, database=None, deadline=None)
@given(op=st.sampled_from(OPERATORS), draw=st.data())
def test_every_case_survives_the_trip(op: str, draw: st.DataObject) -> None:
    case = draw.draw(of(op, FULL))
    assert parse(case.text) == case
    assert parse(case.text).text == case.text


@pytest.mark.parametrize(
    "value",
    [
        "2",
        "2,",
        "2,1",
        "[2,1]",
        "[2]",
        "1:2,0:0",
        "()",
        "same",
        "True",
        "None",
        "1.5",
        "nan",
        "-1",
        "3n",
        "0:0:0,1:1:1",
    ],
)
def test_spellings_of_arguments(value: str) -> None:
    text = f"max_pool x=1x1x9x9:float32 size=2 padding={value} data=small seed=0"
    assert parse(text).text == text


@pytest.mark.parametrize(
    "text",
    [
        "", "conv2d x=1x1x3:float32", "conv", "conv x=1x1x3:float32", "conv x=1x1x3 w=1x1x3:float32",
        EXAMPLE + " stride=1", EXAMPLE + " colour=red", EXAMPLE + " size=2", EXAMPLE + " put=x[0]",
        EXAMPLE.replace("small", "medium"), EXAMPLE.replace("seed=7", "seed=-7"), EXAMPLE.replace("seed=7", "seed=x"),
        EXAMPLE.replace("2,1", "2;1"), EXAMPLE + " calls=0", "max_pool x=1x1x3:float32",
    ],
)  # fmt: skip
def test_other_text_is_refused(text: str) -> None:
    with pytest.raises(CaseError):
        parse(text)


def test_data_never_change() -> None:
    """These sums pin the elements of all kinds and dtypes: a case that is on file must stay what it was."""
    found = {}
    for kind in KINDS:
        for dtype in ("float32", "float64", "int8", "uint16", "int64"):
            case = parse(f"convolve in1=3x50:{dtype} in2=7x2:{dtype} data={kind} seed=12345")
            arrays = data.build(case)
            found[kind, dtype] = zlib.crc32(
                b"".join(a.astype(a.dtype.newbyteorder("<")).tobytes() for a in arrays.values())
            )
    assert zlib.crc32(repr(sorted(found.items())).encode()) == PINNED


PINNED = 2294199452


@pytest.mark.parametrize("layout", layouts.LAYOUTS)
@pytest.mark.parametrize("shape", [(4,), (2, 3), (2, 3, 4, 5), (0, 3, 2), (1, 1, 1)])
def test_layouts_keep_the_elements(layout: str, shape: tuple[int, ...]) -> None:
    a = np.arange(np.prod(shape), dtype=np.float32).reshape(shape)
    b = layouts.apply(layout, a)
    assert b.shape == a.shape
    if not layout.startswith("zero"):
        assert np.array_equal(a, b)


def test_layouts_are_what_they_say() -> None:
    a = np.arange(24, dtype=np.float32).reshape(2, 3, 4)
    assert max(layouts.apply("negative", a).strides) < 0
    assert layouts.apply("zero_last", a).strides[-1] == 0
    assert not layouts.apply("readonly", a).flags.writeable
    assert not layouts.apply("swapped", a).dtype.isnative
    assert not layouts.apply("sliced", a).flags.c_contiguous
    assert layouts.apply("transposed", a).flags.f_contiguous


@pytest.mark.parametrize("layout", layouts.LAYOUTS)
def test_the_script_of_a_violation_runs(layout: str) -> None:
    case = parse(f"conv x=2x3x5x4:float32 w=2x3x2x1:float32 stride=2,1 data=special seed=3 layout={layout}")
    text = script(
        Violation("conv.formula", "conv", "violates", case, Difference("1", "2", (0, 0, 0, 0))), "convspec.fast", None
    )
    names: dict[str, object] = {}
    exec(text.replace("from convspec import fast as backend", "from convspec import reference as backend"), names)
    assert isinstance(names["y"], np.ndarray)
    for name, a in data.build(case).items():
        assert np.array_equal(a, names[name], equal_nan=True)  # type: ignore[arg-type]
        assert a.strides == names[name].strides  # type: ignore[attr-defined]
    assert "stride=(2, 1)" in call_text(case)


SHARED = """
import numpy as np
from convspec.conformance import innocent
buffer = np.empty((200, 2, 4, 5), np.float32)
def conv(x, w, b=None, **rest):
    buffer[...] = x
    return innocent.conv(buffer, w, b, **rest)
"""


def test_the_script_of_calls_at_once_shows_what_they_do_to_each_other(tmp_path: Path) -> None:
    (tmp_path / "shared.py").write_text(SHARED)
    case = parse("conv x=200x2x4x5:float32 w=2x2x3x3:float32 data=real seed=3 place=together")
    violation = Violation("call.concurrent", "conv", "violates", case, Difference("the same bits", "other bits"))
    for backend, differs in (("shared", True), ("convspec.conformance.innocent", False)):
        command = [sys.executable, "-c", script(violation, backend, None)]
        done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=True)
        assert ("differs" in done.stdout) == differs


def test_cases_do_not_depend_on_what_else_is_imported(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Hypothesis reads numbers in the source of local modules; an installed convspec would draw others than a checkout."""
    monkeypatch.syspath_prepend(tmp_path)

    def drawn() -> list[str]:
        found: list[str] = []
        trial = Trial(Run(Here("innocent", innocent), profile="full"), "conv.formula", "conv", "test_drawn")
        trial.explore(of("conv", FULL), lambda case: found.append(case.text))
        return found

    first = drawn()
    (tmp_path / "numbers_to_draw.py").write_text(f"CHOSEN = {list(range(100, 990))}")
    importlib.import_module("numbers_to_draw")
    assert len(first) == 150 and drawn() == first
