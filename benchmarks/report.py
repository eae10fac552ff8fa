"""From pytest-benchmark's JSON to the table, the claims and the file in results."""

from __future__ import annotations

import json
import os
import platform
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import scipy
from rich import box
from rich.console import Console
from rich.table import Table

import convspec
from benchmarks.row import THREADS
from convspec import fast

RESULTS = Path(__file__).parent / "results"

CLAIMS = (
    ("All-CNN 3x3, 96", "reference", 10_000),
    ("1080p 5x5, float32", "scipy", 10),
)
"""Layer, whom fast must be ahead of there, and by which factor."""

CAPTION = (
    f"The best of the runs on either side; fast on {THREADS} threads. The reference's time is that of a small call of "
    "the same kind, per term, times the terms of the layer. A planned layer has its weights ready and an array for its "
    "result. G/s: operations a second, two for a multiply-add and one for a tap of a pool, of the planned layer where "
    "there is one. scipy is scipy.signal.convolve2d, on one thread. Rows that a claim rests on are measured for longer."
)

BUSY = 0.3
"""Load average above which other work is mentioned."""

Rows = dict[str, dict[str, Any]]


def rows(measured: dict[str, Any]) -> Rows:
    """Seconds of each layer by each implementation, scaled to the whole layer, in the order of the measurements."""
    found: Rows = {}
    for one in measured["benchmarks"]:
        info = one["extra_info"]
        row = found.setdefault(one["group"], {"op": info["op"], "x": info["x"], "terms": info["of"]})
        row[info["who"]] = one["stats"]["min"] * info["of"] / info["terms"]  # other work on the machine only adds
    for row in found.values():
        row["ratio"] = row["reference"] / row["fast"]
        per_term = 1 if row["op"].endswith("pool") else 2
        row["rate"] = per_term * row["terms"] / row.get("planned", row["fast"]) / 1e9
    return found


def table(found: Rows) -> Table:
    """The rows for reading."""
    made = Table(title="convspec.fast and convspec.reference", caption=CAPTION, box=box.SIMPLE_HEAD)
    for heading in ("layer", "input"):
        made.add_column(heading, no_wrap=True)
    for heading in ("reference s", "fast ms", "planned ms", "ratio", "G/s", "scipy ms"):
        made.add_column(heading, justify="right", no_wrap=True)
    for name, row in found.items():
        made.add_row(
            name, "x".join(map(str, row["x"])), f"{row['reference']:.4g}", *_ms(row, "fast", "planned"),
            f"{row['ratio']:,.0f}", f"{row['rate']:.1f}", *_ms(row, "scipy"),
        )  # fmt: skip
    return made


def _ms(row: dict[str, Any], *who: str) -> Iterator[str]:
    yield from (f"{1000 * row[one]:.3g}" if one in row else "" for one in who)


def claims(found: Rows) -> Iterator[tuple[bool, str]]:
    """Whether each claim is met, and the line that says so."""
    for name, who, factor in CLAIMS:
        reached = found[name][who] / found[name]["fast"]
        met = reached >= factor
        yield met, f"{'PASS' if met else 'FAIL'} {name}: {reached:,.1f} times as fast as {who}, {factor:,} required"


def write(found: Rows, name: str, load: float) -> Path:
    """Writes results/NAME.json, whole or not at all."""
    machine = {
        "cpu": _cpu(), "cores": os.cpu_count(), "isa": fast.isa(), "threads": THREADS if fast.openmp() else 1,
        "system": platform.platform(), "load before": round(load, 2),
        "versions": {"convspec": convspec.__version__, "python": platform.python_version(), "numpy": np.__version__,
                     "scipy": scipy.__version__},
    }  # fmt: skip
    RESULTS.mkdir(exist_ok=True)
    with tempfile.NamedTemporaryFile("w", dir=RESULTS, suffix=".part", delete=False, encoding="utf-8") as part:
        json.dump({"machine": machine, "method": CAPTION, "rows": found}, part, indent=1)
    target = RESULTS / f"{name}.json"
    os.replace(part.name, target)
    return target


def _cpu() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        lines = []
    models = [line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")]
    return models[0] if models else platform.processor() or platform.machine()


def report(measured: dict[str, Any], name: str, load: float) -> bool:
    """Prints everything, writes the file, and says whether all claims are met; `load` is what else was running."""
    found = rows(measured)
    Console(width=112).print(table(found))
    verdicts = list(claims(found))
    for _, line in verdicts:
        print(line)
    if load > BUSY:
        print(f"Before the start the load average was {load:.1f} on {os.cpu_count()} cores: a quiet machine is faster.")
    print(f"written: {write(found, name, load).relative_to(RESULTS.parent.parent)}")
    return all(met for met, _ in verdicts)
