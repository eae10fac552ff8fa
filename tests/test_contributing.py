"""The contributors' table leads to files that exist."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
TABLE = [line for line in (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8").splitlines() if line.startswith("| ")]
PATHS = sorted({path for line in TABLE for path in re.findall(r"`([\w.*/-]+/[\w.*-]*)`", line)})


def test_the_table_is_there():
    assert len(PATHS) > 20


@pytest.mark.parametrize("path", PATHS)
def test_file_exists(path):
    pattern = path.replace("NN", "[0-9][0-9]")
    assert list(ROOT.glob(pattern.rstrip("/")))
