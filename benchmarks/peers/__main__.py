"""Measures convspec.fast and the frameworks side by side, and writes results/peers.json, docs/benchmarks.md and its plot.

    python -m benchmarks.peers [--threads 2] [--rounds 5] [--seconds 0.3] [--layer NAME]... [NAME=PYTHON]...

NAME=PYTHON is an interpreter for one contestant; the others run in this one. A framework that is not there is left out.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path

from benchmarks.peers.contestants import CONTESTANTS
from benchmarks.peers.layers import LAYERS
from benchmarks.peers.page import page, plot, table
from benchmarks.peers.rounds import ROOT, available, measure


def main() -> None:
    """Everything from the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=0.3)
    parser.add_argument("--layer", action="append", choices=LAYERS)
    parser.add_argument("pythons", nargs="*")
    given = parser.parse_args()
    pythons = available(dict(one.split("=", 1) for one in given.pythons), list(CONTESTANTS))
    measured = measure(pythons, given.layer or list(LAYERS), given.rounds, given.threads, given.seconds)
    print(table(measured))
    if given.layer:
        return
    (ROOT / "benchmarks/results/peers.json").write_text(json.dumps(measured, indent=1) + "\n", encoding="utf-8")
    Path(ROOT / "docs/benchmarks.md").write_text(page(measured), encoding="utf-8")
    plot(measured, ROOT / "docs/benchmarks.png")


if __name__ == "__main__":
    main()
