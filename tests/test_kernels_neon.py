"""The kernels compiled for AArch64, run by an emulator where this machine is another: x86's bits, and plain C's there."""

import shutil

import kernel_calls
import numpy as np
import pytest
from test_fast_chain import LAYERS, draw_layer

COMPILER, EMULATOR = "aarch64-linux-gnu-gcc", "qemu-aarch64"
SEEDS = range(12)


@pytest.fixture(scope="module")
def driver(tmp_path_factory):
    for program in (COMPILER, EMULATOR):
        if shutil.which(program) is None:
            pytest.skip(f"there is no {program}")
    return kernel_calls.build(COMPILER, tmp_path_factory.mktemp("aarch64"), "-static")


@pytest.fixture(scope="module")
def recorder():
    return kernel_calls.drawn(SEEDS, (draw_layer(name, "float32") for name in LAYERS if "wide" not in name), dots=False)


def same_bits(a, b):
    """NaN payloads and the sign of zero aside."""
    return a.dtype == b.dtype and np.array_equal(a, b, equal_nan=a.dtype.kind == "f")


@pytest.mark.clause("fast.isa", "number.chain")
@pytest.mark.parametrize("isa", ["neon", "scalar"])
def test_aarch64_gives_the_same_bits(isa, driver, recorder, tmp_path):
    assert set(recorder.kinds) == {*kernel_calls.KINDS} - {"run_dots", "join"}
    results = kernel_calls.repeated(recorder, [EMULATOR, driver], isa, 2, tmp_path)
    pairs = zip(recorder.kinds, recorder.results, results, strict=True)
    different = [(n, kind) for n, (kind, expected, found) in enumerate(pairs) if not same_bits(expected, found)]
    assert not different
