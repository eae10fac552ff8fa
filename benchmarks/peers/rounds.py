"""Rounds: every contestant in turn, layer by layer, so that all meet the same machine."""

from __future__ import annotations

import argparse
import json
import os
import signal
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from benchmarks.peers.layers import LAYERS

ROOT = Path(__file__).parents[2]


class Contestant:
    """A process that answers with the seconds of a call, or has failed.

    It is stopped but while it is asked: threads of a framework that wait for work by spinning would take a core from the
    others.
    """

    def __init__(self, name: str, python: str, threads: int) -> None:
        self.name = name
        command = [python, "-m", "benchmarks.peers.contestant", name, str(threads)]
        environment = {**os.environ, "OMP_NUM_THREADS": str(threads)}
        self.process = subprocess.Popen(
            command, cwd=ROOT, env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )

    def seconds(self, layer: str, budget: float) -> float | None:
        """One measurement; None from a process that has ended."""
        assert self.process.stdin and self.process.stdout
        self.process.send_signal(signal.SIGCONT)
        try:
            print(layer, budget, file=self.process.stdin, flush=True)
            return float(self.process.stdout.readline())
        except (BrokenPipeError, ValueError):
            return None
        finally:
            self.process.send_signal(signal.SIGSTOP)

    def end(self) -> None:
        """Closes its input, after which it ends by itself."""
        assert self.process.stdin
        self.process.send_signal(signal.SIGCONT)
        with suppress(BrokenPipeError):
            self.process.stdin.close()
        self.process.wait()


MODULES = {
    "auto": "convspec", "auto-last": "convspec", "direct": "convspec", "fast": "convspec",
    "fast-last": "convspec", "torch-last": "torch", "torch-compile": "torch",
    "copy": "torch", "opencv": "cv2", "call": "convspec", "plan": "convspec", "signed": "convspec", "float": "convspec",
}  # fmt: skip
"""What a contestant's interpreter must have, where that is not its own name."""


def available(pythons: dict[str, str], names: list[str]) -> dict[str, str]:
    """The interpreter of each contestant whose framework it has."""
    found = {}
    for name in names:
        python = pythons.get(name, sys.executable)
        code = f"import importlib.util as u, sys; sys.exit(u.find_spec({MODULES.get(name, name)!r}) is None)"
        if subprocess.run([python, "-c", code], check=False).returncode == 0:
            found[name] = python
        else:
            print(f"{name} is not there", file=sys.stderr)
    return found


def limits(threads: int) -> tuple[float, float]:
    """Peak GF/s of multiply-adds and GB/s of a copy, as the machine is at this moment."""
    with tempfile.TemporaryDirectory() as folder:
        program = str(Path(folder, "limits"))
        source = str(Path(__file__).with_name("limits.c"))
        subprocess.run(["cc", "-O3", "-march=native", "-fopenmp", source, "-o", program], check=True)
        printed = subprocess.run([program, str(threads)], capture_output=True, text=True, check=True).stdout.split()
    return float(printed[0]), float(printed[1])


def measure(
    pythons: dict[str, str], layers: list[str], rounds: int, threads: int, budget: float, work: Mapping[str, Any] = LAYERS
) -> dict[str, Any]:  # fmt: skip
    """Seconds by layer and contestant, one for each round, and the machine's limits before and after each."""
    contestants = [Contestant(name, python, threads) for name, python in pythons.items()]
    found: dict[str, dict[str, list[float]]] = {layer: {c.name: [] for c in contestants} for layer in layers}
    machine = [limits(threads)]
    for number in range(rounds):
        for layer in layers:
            for c in contestants:
                time = c.seconds(layer, budget)
                if time is not None and time == time:
                    found[layer][c.name].append(time)
        machine.append(limits(threads))
        print(f"round {number + 1} of {rounds}, peak {machine[-1][0]:.0f} GF/s", file=sys.stderr)
    for c in contestants:
        c.end()
    return {
        "threads": threads, "rounds": rounds, "load": os.getloadavg()[0], "limits": machine, "seconds": found,
        "flops": {layer: work[layer].flops for layer in layers}, "bytes": {layer: work[layer].bytes for layer in layers},
    }  # fmt: skip


def kept(measured: dict[str, Any], file: Path, work: Mapping[str, Any]) -> dict[str, Any]:
    """Puts what was measured into the file, among the rows that are there already, and returns all of them.

    The limits that were measured with old rows stay as long as there are any.
    """
    if file.exists():
        old = json.loads(file.read_text(encoding="utf-8"))
        rows = {key: {**old[key], **measured[key]} for key in ("seconds", "flops", "bytes")}
        if any(row in work and row not in measured["seconds"] for row in old["seconds"]):
            measured = {**measured, "limits": old["limits"] + measured["limits"]}
        measured |= {key: {row: found[row] for row in work if row in found} for key, found in rows.items()}
    file.write_text(json.dumps(measured, indent=1) + "\n", encoding="utf-8")
    return measured


def options(text: str | None, rows: Iterable[str], rounds: int = 5, budget: float = 0.1) -> argparse.ArgumentParser:
    """The command line of a benchmark: threads, rounds, seconds, and some of the rows."""
    parser = argparse.ArgumentParser(description=text, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--rounds", type=int, default=rounds)
    parser.add_argument("--seconds", type=float, default=budget)
    parser.add_argument("--row", action="append", choices=rows)
    return parser


def compare(
    text: str | None, contestants: Iterable[str], rows: Mapping[str, Any], table: Callable[[dict[str, Any]], str], head: str,
    *, page: str, file: str, keep: bool = False, **usual: Any,
) -> None:  # fmt: skip
    """A benchmark from the command line: prints the table, and writes the measurements and the page.

    Some of the rows are printed only. With `keep` that is so of all unless --keep is given, which adds to rows measured before.
    """
    parser = options(text, rows, **usual)
    if keep:
        parser.add_argument(
            "--keep", action="store_true", help="write the result and the page; rows measured before stay"
        )
    given = parser.parse_args()
    pythons = available({}, list(contestants))
    measured = measure(pythons, given.row or list(rows), given.rounds, given.threads, given.seconds, rows)
    print(table(measured))
    if not given.keep if keep else given.row:
        return
    results = ROOT / "benchmarks/results" / file
    if keep:
        measured = kept(measured, results, rows)
    else:
        results.write_text(json.dumps(measured, indent=1) + "\n", encoding="utf-8")
    write_page(page, head, table, measured)


def middle_limits(measured: dict[str, Any]) -> tuple[float, float]:
    """The medians of the machine's limits."""
    peaks, copies = zip(*measured["limits"], strict=True)
    return statistics.median(peaks), statistics.median(copies)


def write_page(name: str, head: str, table: Callable[[dict[str, Any]], str], measured: dict[str, Any]) -> None:
    """The page docs/benchmarks-`name`.md: what `head` says of the run, and the table."""
    peak, copy = middle_limits(measured)
    said = {"threads": measured["threads"], "rounds": most_rounds(measured), "load": measured["load"]}
    text = head.format(**said, peak=peak, copy=copy) + table(measured)
    (ROOT / f"docs/benchmarks-{name}.md").write_text(text, encoding="utf-8")


def most_rounds(measured: dict[str, Any]) -> int:
    """Rows that were measured again may have had fewer."""
    return max(len(times) for row in measured["seconds"].values() for times in row.values())
