"""Measures everything, prints the table and the claims, and exits with status 1 where a claim is not met.

    python -m benchmarks [NAME]

The numbers are left in results/NAME.json, by default latest.json.
"""

from __future__ import annotations

import json
import os
import sys
import tempfile
from pathlib import Path

import pytest

from benchmarks.report import report

FAMILIES = ("layers", "images", "pools")
OPTIONS = (
    "-q", "-c", os.devnull, "-p", "no:cacheprovider", "-o", "python_functions=bench_*", "--benchmark-quiet",
    "--assert=plain", "--benchmark-disable-gc", "--benchmark-min-rounds=3", "--benchmark-max-time=0.8",
)  # fmt: skip


def main(name: str = "latest") -> int:
    """The exit status: 0, 1 for a claim not met, or pytest's where a measurement failed."""
    load = os.getloadavg()[0]
    folder = Path(__file__).parent
    files = [str(folder / f"bench_{family}.py") for family in FAMILIES]
    with tempfile.TemporaryDirectory() as scratch:
        file = Path(scratch, "measured.json")
        failed = pytest.main([*files, f"--rootdir={folder.parent}", f"--benchmark-json={file}", *OPTIONS])
        if failed:
            return int(failed)
        return 0 if report(json.loads(file.read_text(encoding="utf-8")), name, load) else 1


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:2]))
