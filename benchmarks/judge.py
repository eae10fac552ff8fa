"""How fast the judge is: cases per second, and where its time goes.

    python -m benchmarks.judge [--profile full] [BACKEND]...      # scipy and fast

One process judges, another holds the backend. The oracle works while the backend does, so "backend" is what is left of
waiting for it; the backend's own work is in "its CPU", with its import.
"""

from __future__ import annotations

import argparse
import resource
from collections.abc import Sequence

from rich.console import Console
from rich.table import Table

from convspec.conformance.clock import CLOCK
from convspec.conformance.run import Options, check

PARTS = ("oracle", "generation", "backend", "rest")


def children() -> float:
    """CPU seconds of the processes that have ended."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def row(name: str, profile: str) -> list[str]:
    """One backend's line of the table."""
    CLOCK.read()
    before = children()
    run = check(name, Options(profile=profile))
    spent, cases = CLOCK.read(), sum(r.cases for r in run.records)
    whole = sum(spent.values())
    shares = [f"{100 * spent.get(part, 0) / whole:.0f} %" for part in PARTS]
    return [name, str(cases), f"{whole:.1f} s", f"{cases / whole:.0f}", *shares, f"{children() - before:.1f} s"]


def main(arguments: Sequence[str] | None = None) -> None:
    """Prints the table."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.judge", description=__doc__.partition("\n")[0])
    parser.add_argument("--profile", choices=("quick", "full"), default="quick")
    parser.add_argument("backends", nargs="*", metavar="BACKEND")
    options = parser.parse_args(arguments)
    table = Table("backend", "cases", "time", "cases/s", *PARTS, "its CPU")
    for name in options.backends or ("scipy", "fast"):
        table.add_row(*row(name, options.profile))
    Console().print(table)


if __name__ == "__main__":
    main()
