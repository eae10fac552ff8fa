"""The tasks of a parallel region do not touch what another writes: ThreadSanitizer watches a driver whose threads do them."""

import os
import shutil
import subprocess
from functools import cache

import kernel_calls
import pytest
from test_fast_chain import draw_layer
from test_kernels_neon import same_bits

from convspec import fast

COMPILER = os.environ.get("CC", "cc").split()[-1]
THREADS = (2, 3, 7)
SEEDS = range(4)
RACE = "ThreadSanitizer: data race"


def unmoved():
    """Addresses are not to be random, of which ThreadSanitizer does not like all."""
    return ["setarch", "-R"] if shutil.which("setarch") else []


@pytest.fixture(scope="module")
def driver(tmp_path_factory):
    folder = tmp_path_factory.mktemp("threads")
    (folder / "probe.c").write_text("int main(void) { return 0; }\n")
    probe = [COMPILER, "-fsanitize=thread", str(folder / "probe.c"), "-o", str(folder / "probe")]
    for command in (probe, [*unmoved(), str(folder / "probe")]):
        if subprocess.run(command, capture_output=True).returncode:
            pytest.skip(f"{COMPILER} has no ThreadSanitizer that works here")
    flags = ("-fsanitize=thread", "-O1", "-g1")
    return [*unmoved(), kernel_calls.build(COMPILER, folder, *flags, link=flags[:1])]


@cache
def recorded(dots):
    layers = ("outputs", "grouped", "depthwise", "pointwise", "small maps")
    return kernel_calls.drawn(SEEDS, [draw_layer(name, "float32") for name in layers], dots)


@pytest.fixture(scope="module")
def recorder():
    return recorded(dots=True)


@pytest.mark.clause("fast.threads")
@pytest.mark.parametrize("isa", [isa for isa in fast.available_isas() if isa != "avx2"])
@pytest.mark.parametrize("threads", THREADS)
def test_no_race(isa, threads, driver, recorder, tmp_path):
    recorder = recorded(dots=False) if isa == "scalar" else recorder  # plain C has none
    results = kernel_calls.repeated(recorder, driver, isa, threads, tmp_path)
    pairs = zip(recorder.kinds, recorder.results, results, strict=True)
    assert not [(n, kind) for n, (kind, expected, found) in enumerate(pairs) if not same_bits(expected, found)]


@pytest.mark.parametrize("kind", kernel_calls.KINDS)
def test_a_race_is_seen(kind, driver, recorder, tmp_path):
    assert kind in recorder.kinds
    with pytest.raises(RuntimeError, match=RACE):
        kernel_calls.repeated(recorder.only(kind), driver, fast.isa(), -2, tmp_path)
