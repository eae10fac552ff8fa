"""Backends in other languages: the examples conform, every planted change to them is caught, and bad answers are told apart."""

from __future__ import annotations

import os
import shutil
import stat
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

import convspec.conformance
from convspec.conformance.backend import Unusable, load
from convspec.conformance.case import parse
from convspec.conformance.foreign import spelled_out
from convspec.conformance.host import Elsewhere, Here
from convspec.conformance.judge import Run
from convspec.conformance.run import Options, check
from convspec.conformance.script import importing
from convspec.conformance.verdict import CRASH, FAILURES, VIOLATES

EXAMPLES = Path(__file__).resolve().parents[1] / "examples" / "backends"
HEADERS = convspec.conformance.__path__[0]
needs_cc = pytest.mark.skipif(shutil.which("cc") is None, reason="there is no C compiler")
needs_perl = pytest.mark.skipif(
    shutil.which("perl") is None or subprocess.run(["perl", "-MJSON::PP", "-e", "1"], check=False).returncode != 0,
    reason="there is no Perl with JSON::PP",
)
PROGRAM = """#!{python}
import json, os, signal, sys, time
for line in sys.stdin.buffer:
    call = json.loads(line)
    if call["op"] == "about":
        print(json.dumps({{"operators": ["max_pool"], "version": "7"}}), flush=True)
        continue
    x = call["arrays"][0]
    sys.stdin.buffer.read(4 * x["shape"][0] * x["shape"][1] * x["shape"][2])
    shape = x["shape"][2]
    if shape == 3: os.kill(os.getpid(), signal.SIGSEGV)
    if shape == 5: sys.exit(3)
    if shape == 6: time.sleep(60)
    text = {{7: "what?", 8: "[]", 9: '{{"status": "fine"}}', 10: '{{"status": "ok", "dtype": "float32", "shape": [-1]}}',
            11: '{{"status": "not offered"}}', 12: '{{"status": "invalid", "message": "no"}}',
            13: '{{"status": "ok", "dtype": "float8", "shape": [1]}}'}}.get(shape)
    print(text or json.dumps({{"status": "ok", "dtype": "float32", "shape": [1, 1, 1]}}), flush=True)
    if not text:
        sys.stdout.buffer.write(bytes(4 if shape == 4 else 2))
        sys.stdout.buffer.flush()
        if shape != 4: sys.exit()
"""


def compiled(folder: Path, *changes: tuple[str, str]) -> str:
    """The example in C, with pieces of its text changed, as a library."""
    text = (EXAMPLES / "mine.c").read_text()
    for old, new in changes:
        assert old in text
        text = text.replace(old, new)
    (folder / "mine.c").write_text(text)
    library = folder / "libmine.so"
    command = ["cc", "-O1", "-Wall", "-shared", "-fPIC", "-I", HEADERS, str(folder / "mine.c"), "-o", str(library)]
    subprocess.run(command, check=True)
    return str(library)


def scripted(folder: Path, *changes: tuple[str, str]) -> str:
    """The example in Perl, with pieces of its text changed."""
    text = (EXAMPLES / "mine.pl").read_text()
    for old, new in changes:
        assert old in text
        text = text.replace(old, new)
    return executable(folder / "mine.pl", text)


def executable(path: Path, text: str) -> str:
    path.write_text(text)
    path.chmod(path.stat().st_mode | stat.S_IXUSR)
    return str(path)


def verdicts(run: Run) -> dict[tuple[str, str], str]:
    assert not run.errors
    return {(r.slug, r.op): r.verdict for r in run.records if r.verdict in FAILURES}


@needs_cc
def test_the_library_conforms(tmp_path: Path) -> None:
    run = check(compiled(tmp_path), Options())
    assert verdicts(run) == {}
    gradients = ("conv_grad_input", "conv_grad_weight", "conv_grad_bias")
    assert run.host.profile.operators == ("conv", "max_pool", *gradients) and run.host.profile.version == "1.0"
    assert sum(r.cases - r.not_offered for r in run.records) > 1000


@needs_perl
def test_the_program_conforms(tmp_path: Path) -> None:
    run = check(scripted(tmp_path), Options())
    assert verdicts(run) == {}
    assert run.host.profile.operators == ("max_pool", "max_pool_grad")
    assert sum(r.cases - r.not_offered for r in run.records) > 500


BUGS_IN_C = [
    ("one element past the plane", "call.in-bounds", "conv", CRASH, ("at >= a[i].n) return", "at > a[i].n) return")),
    ("a result too long", "call.in-bounds", "max_pool", "", ("put(y, i++, most);", "put(y, i++, most), put(y, i, most);")),
    ("the last element is left out", "call.initialised", "max_pool", VIOLATES,
     ("put(y, i++, most);", "if (i++ < 2) put(y, i - 1, most);")),
    ("the input is written to", "call.inputs-unchanged", "conv", CRASH,
     ("int64_t K = w->shape[0], Kg", "if (x->shape[0]) ((char *)x->data)[0] = 0;\n    int64_t K = w->shape[0], Kg")),
    ("threads share a variable", "call.concurrent", "max_pool", VIOLATES,
     ("double most = -INFINITY", "static volatile double most; most = -INFINITY")),
    ("the kernel is reversed", "conv.formula", "conv", VIOLATES, ("* taps + tap)", "* taps + taps - 1 - tap)")),
    ("NaN is not seen", "max_pool.nan", "max_pool", VIOLATES, (" || isnan(value)", "")),
    ("float32 is float64", "call.dtype", "max_pool", VIOLATES, ("y->dtype = x->dtype", "y->dtype = CONVSPEC_FLOAT64")),
    ("no such dtype", "call.completes", "max_pool", VIOLATES, ("y->dtype = x->dtype", "y->dtype = 77")),
    ("an unknown status", "call.completes", "max_pool", VIOLATES, ("y->dtype = x->dtype", "return 9")),
    ("the last write wins", "conv.grad-input", "conv_grad_input", VIOLATES,
     ("put(d, i, get(d, i) + get(w, j) * dy)", "put(d, i, get(w, j) * dy)")),
    ("dx is not zeroed", "call.initialised", "conv_grad_input", VIOLATES,
     ("j < elements(d); j++) put(d, j, 0)", "j < elements(d); j++) put(d, j, by_input ? get(d, j) : 0)")),
    ("the image before", "conv.grad-weight", "conv_grad_weight", VIOLATES, ("get(x, i) * dy", "get(x, i - n) * dy")),
    ("dw beyond its end", "call.in-bounds", "conv_grad_weight", CRASH, ("put(d, j, get(d, j) + get(x", "put(d, j + 1, get(d, j) + get(x")),
    ("dy is not looked at", "error.gradient", "conv_grad_weight", "", ("if (!same_shape(dy, &y))", "if (dy->axes != y.axes)")),
    ("the wrong axes", "conv.grad-bias", "conv_grad_bias", VIOLATES, ("(n * K + k) * O + o)", "(k * N + n) * O + o)")),
]  # fmt: skip


@needs_cc
@pytest.mark.parametrize(("name", "slug", "op", "verdict", "change"), BUGS_IN_C, ids=[bug[0] for bug in BUGS_IN_C])
def test_bugs_in_the_library_are_caught(
    name: str, slug: str, op: str, verdict: str, change: tuple[str, str], tmp_path: Path
) -> None:
    run = check(compiled(tmp_path, change), Options(ops=(op,), slugs=(slug,), fail_fast=True))
    found = verdicts(run)
    assert (slug, op) in found, name
    assert not verdict or found[slug, op] == verdict


BUGS_IN_PERL = [
    ("the least", "max_pool.value", "max_pool", VIOLATES, ("$x->[$at] > $x->[$best]", "$x->[$at] < $x->[$best]")),
    ("dies of NaN", "max_pool.nan", "max_pool", CRASH, ("return $at if", "exit 3 if")),
    ("a byte too many", "call.completes", "max_pool", VIOLATES, ("$data // '';", "$data // '', 'x';")),
    ("prints", "call.completes", "max_pool", VIOLATES, ("    my $values = unpacked", '    print "hello\\n"; my $values = unpacked')),
    ("keeps its first answer", "max_pool.value", "max_pool", VIOLATES,
     ("    my @y;", "    our @y; @y = () if @y != @$planes * @$windows;")),
    ("the last write wins", "max_pool.grad", "max_pool_grad", VIOLATES, ("$dx[$at] += $slope", "$dx[$at] = $slope")),
    ("the last of equal ones", "max_pool.grad", "max_pool_grad", VIOLATES, ("$x->[$at] > $x->[$best]", "$x->[$at] >= $x->[$best]")),
    ("dx is kept", "call.repeatable", "max_pool_grad", VIOLATES,
     ("my @dx = (0) x @$values;", "our @dx; $#dx = $#$values; $_ //= 0 for @dx;")),
]  # fmt: skip


@needs_perl
@pytest.mark.parametrize(
    ("name", "slug", "op", "verdict", "change"), BUGS_IN_PERL, ids=[f"{b[0]}-{b[2]}" for b in BUGS_IN_PERL]
)
def test_bugs_in_the_program_are_caught(
    name: str, slug: str, op: str, verdict: str, change: tuple[str, str], tmp_path: Path
) -> None:
    path = scripted(tmp_path, change)
    run = check(f"exec:{path}", Options(ops=(op,), slugs=(slug,), fail_fast=True))
    assert verdicts(run) == {(slug, op): verdict}, name


def test_answers_of_programs(tmp_path: Path) -> None:
    path = executable(tmp_path / "mine", PROGRAM.format(python=sys.executable))
    host = Elsewhere(path, patience=3)
    assert host.profile.version == "7"
    for n, kind, words in (
        (4, "result", ""), (3, "crash", "SIGSEGV"), (4, "result", ""), (5, "crash", "status 3"), (6, "hang", "3 s"),
        (4, "result", ""), (7, "raised", "no JSON object"), (8, "raised", "no JSON object"), (9, "raised", "status"),
        (10, "raised", "[-1]"), (11, "raised", "NotImplementedError"), (12, "raised", "ValueError: no"),
        (13, "raised", "float8"), (14, "crash", "ended"), (4, "result", ""),
    ):  # fmt: skip
        host.send(parse(f"max_pool x=1x1x{n}:float32 size=2"))
        seen = host.receive()
        assert seen.kind == kind and words in seen.message, (n, seen)
    host.close()


def test_a_hanging_program_ends_with_its_worker(tmp_path: Path) -> None:
    source = PROGRAM.format(python=sys.executable).replace(
        "time.sleep(60)", f"open({str(tmp_path / 'pid')!r}, 'w').write(str(os.getpid())), time.sleep(60)"
    )
    host = Elsewhere(executable(tmp_path / "mine", source), patience=2)
    host.send(parse("max_pool x=1x1x6:float32 size=2"))
    assert host.receive().kind == "hang"
    status = Path(f"/proc/{(tmp_path / 'pid').read_text()}/status")
    until = time.monotonic() + 10
    while status.exists() and "Z (zombie)" not in status.read_text():
        assert time.monotonic() < until, "the program outlives the judge's worker"
        time.sleep(0.05)


def test_in_this_process_a_crash_of_a_program_is_no_more_than_that(tmp_path: Path) -> None:
    host = Here(executable(tmp_path / "mine", PROGRAM.format(python=sys.executable)))
    host.send(parse("max_pool x=1x1x3:float32 size=2"))
    assert host.receive().kind == "crash"


@pytest.mark.parametrize(
    ("text", "words"),
    [("#!/bin/sh\nexit 3\n", "exit status 3"), ("#!/bin/sh\necho hello; cat\n", "no JSON"), ("nothing", "cannot be loaded"),
     ("#!/bin/sh\necho '{\"operators\": [\"conv9\"]}'; cat\n", "conv9"), ("#!/bin/sh\necho '{}'; cat\n", "offers none")],
)  # fmt: skip
def test_programs_that_are_no_backends(text: str, words: str, tmp_path: Path) -> None:
    with pytest.raises(Unusable, match=words):
        Here(executable(tmp_path / "mine", text))


@needs_cc
@pytest.mark.parametrize(
    ("text", "words"),
    [("int nothing;", "offers none"), ("const char *convspec_about(void) { return \"{\"; } int convspec_conv(void) { return 0; }",
                                       "JSON")],
)  # fmt: skip
def test_libraries_that_are_no_backends(text: str, words: str, tmp_path: Path) -> None:
    (tmp_path / "bad.c").write_text(text)
    subprocess.run(["cc", "-shared", "-fPIC", str(tmp_path / "bad.c"), "-o", str(tmp_path / "bad.so")], check=True)
    with pytest.raises(Unusable, match=words):
        Here(str(tmp_path / "bad.so"))


def test_calls_are_spelled_out() -> None:
    x, w = np.zeros((1, 2, 7, 8), ">f4"), np.zeros((3, 2, 3, 2), np.float64)
    operands, numbers = spelled_out("conv", (x[..., ::-1], w), {"padding": "same", "stride": (2, 1)})
    first, second, bias = operands
    assert first is not None and second is not None and bias is None
    assert first.dtype.isnative and first.flags.c_contiguous and first.dtype == np.float32
    assert numbers == {
        "stride": [2, 1], "dilation": [1, 1], "before": [1, 0], "after": [1, 1], "groups": 1,
    }  # fmt: skip
    _, numbers = spelled_out("lp_pool", (x, 2), {})
    assert (numbers["size"], numbers["stride"], numbers["p"], numbers["ceil_mode"]) == ([2, 2], [2, 2], 2.0, False)
    _, numbers = spelled_out("channel_pool", (x, 2), {"kind": "avg"})
    assert numbers == {"size": [2], "stride": [2], "kind": "avg", "p": 2.0}
    _, numbers = spelled_out("correlate", (x[0, 0], w[0, 0]), {"mode": "same"})
    assert numbers == {"mode": "same", "boundary": "fill", "fillvalue": 0.0}


def test_gradients_are_spelled_out() -> None:
    """Operands in the law's order, shapes as lists, and padding's names by the shapes that are operands or given."""
    dy, w = np.zeros((1, 3, 4, 8)), np.zeros((3, 2, 3, 2))
    windows = {"stride": [2, 1], "dilation": [1, 1], "before": [1, 0], "after": [1, 1]}
    operands, numbers = spelled_out("conv_grad_input", (dy, w, (1, 2, 7, 8)), {"padding": "same", "stride": (2, 1)})
    assert [a.shape for a in operands if a is not None] == [dy.shape, w.shape]
    assert numbers == {"x_shape": [1, 2, 7, 8], "groups": 1, **windows}
    _, numbers = spelled_out(
        "conv_grad_weight", (dy, np.zeros((1, 2, 7, 8)), [3, 2, 3, 2]), {"padding": "same", "stride": (2, 1)}
    )
    assert numbers == {"w_shape": [3, 2, 3, 2], "groups": 1, **windows}
    assert spelled_out("conv_grad_bias", (dy,), {})[1] == {}
    assert spelled_out("tiled_conv_grad_bias", (dy, (3, 2, 1)), {})[1] == {"b_shape": [3, 2, 1]}
    _, numbers = spelled_out("avg_pool_grad", (dy, (1, 3, 8, 16), 2), {"count_include_pad": True})
    assert numbers["x_shape"] == [1, 3, 8, 16] and numbers["stride"] == [2, 2] and numbers["count_include_pad"] is True
    operands, numbers = spelled_out("channel_pool_grad", (dy, np.zeros((1, 6, 4, 8)), 2), {})
    assert len(operands) == 2 and numbers == {"size": [2], "stride": [2], "kind": "max", "p": 2.0}


@pytest.mark.parametrize(
    ("shape", "error"), [((1, 2, 7.0, 8), TypeError), (7, TypeError), (None, TypeError), ((1,) * 9, ValueError)]
)
def test_shapes_that_cannot_be_spelled_are_refused(shape: object, error: type[Exception]) -> None:
    with pytest.raises(error):
        spelled_out("conv_grad_input", (np.zeros((1, 3, 5, 7)), np.zeros((3, 2, 3, 2)), shape), {})


@pytest.mark.parametrize(
    ("op", "keywords", "error"),
    [("conv", {"stride": 1.5}, TypeError), ("conv", {"stride": True}, TypeError), ("conv", {"stride": (1, 1, 1)}, ValueError),
     ("conv", {"padding": "half"}, ValueError), ("conv", {"padding": "same", "stride": 0}, ValueError),
     ("conv_transpose", {"padding": "same"}, ValueError), ("conv", {"strides": 1}, TypeError)],
)  # fmt: skip
def test_what_cannot_be_spelled_is_refused(op: str, keywords: dict[str, object], error: type[Exception]) -> None:
    with pytest.raises(error):
        spelled_out(op, (np.zeros((1, 2, 7, 8)), np.zeros((3, 2, 3, 2))), dict(keywords))


@needs_cc
def test_the_header_is_shipped_and_scripts_load_the_library(tmp_path: Path) -> None:
    assert os.path.isfile(os.path.join(HEADERS, "convspec_backend.h"))
    library = compiled(tmp_path)
    names: dict[str, object] = {}
    exec("\n".join(importing(library)), names)
    assert type(names["backend"]) is type(load(library))
