"""The scoreboard: what each backend makes of each operator, from the JSON reports that are kept in docs/results.

    python -m convspec.conformance.scoreboard --keep docs/results REPORT.json...   # keeps reports, a file for each backend
    python -m convspec.conformance.scoreboard docs/results/*.json                  # writes docs/scoreboard.md

A kept report lacks the tests that found nothing, and operators that the backend does not have. Run in the root of a checkout.
"""

from __future__ import annotations

import json
import sys
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from convspec import FORWARD, GRADIENTS
from convspec.conformance.backend import Unusable
from convspec.conformance.export import save
from convspec.conformance.kept import Data as Report
from convspec.conformance.kept import read
from convspec.conformance.verdict import CONFORMS, DECLARED, FAILURES, NOT_OFFERED

PAGE = "docs/scoreboard.md"
HEAD = """# Scoreboard

Made by `python -m convspec.conformance.scoreboard docs/results/*.json`, from reports of `convspec check NAME --json FILE`.

A cell counts the clauses that were tried on an operator: those that the backend **conforms** to / **violates**, crashes and
hangs counted / violates as **declared** in its file of deviations, with a reason / does **not offer**, because it declines
every case. An operator that it does not have is —. Behind many declarations stands a page in [findings](findings/README.md).
"""


def kept(report: Report) -> Iterator[tuple[str, Report]]:
    """For each backend of a report, its name and a report of it alone, without what found nothing."""
    for backend in report["backends"]:
        told = [t for t in backend["tests"] if t["verdict"] not in (CONFORMS, NOT_OFFERED)]
        offered = [v for v in backend["verdicts"] if v["operator"] in backend["operators"]]
        cases = sum(t["cases"] for t in backend["tests"])
        alone = {**backend, "cases": cases, "verdicts": offered, "tests": told}
        yield backend["name"], {**report, "backends": [alone]}


def page(reports: Sequence[Report]) -> str:
    """The scoreboard as Markdown."""
    rows = sorted(((b, r) for r in reports for b in r["backends"]), key=lambda row: row[0]["name"])
    columns: dict[str, tuple[str, ...]] = {f"`{op}`": (op,) for op in FORWARD}
    if any(set(GRADIENTS) & set(backend["operators"]) for backend, _ in rows):
        columns["gradients"] = GRADIENTS
    lines = [HEAD, f"| backend | {' | '.join(columns)} |", "|---" * (len(columns) + 1) + "|"]
    for backend, _ in rows:
        lines.append(f"| {backend['name']} | {' | '.join(cell(backend, ops) for ops in columns.values())} |")
    lines += [
        "",
        "## Runs",
        "",
        "| backend | version | profile, seed | cases | numpy | date | machine |",
        "|---" * 7 + "|",
    ]
    for b, r in rows:
        numpy = r["versions"].get("numpy", "")
        how = f"{b['profile']}, {b['seed']}" + (f", effort {b['effort']:g}" if b.get("effort", 1) < 1 else "")
        facts = (b["name"], b["version"], how, b.get("cases", ""), numpy, r["date"])
        lines.append(f"| {' | '.join(map(str, facts))} | {r['machine']} |")
    lines += ["", "## Violations that are not declared", ""]
    found = [line for backend, _ in rows for line in violations(backend)]
    return "\n".join(lines + (found or ["None."])) + "\n"


def cell(backend: dict[str, Any], ops: Sequence[str]) -> str:
    """The counts for one backend and an operator, or all gradients that it has."""
    offered = set(ops) & set(backend["operators"])
    if not offered:
        return "—"
    counts = Counter(v["verdict"] for v in backend["verdicts"] if v["operator"] in offered)
    wrong = sum(counts[verdict] for verdict in FAILURES)
    return f"{counts[CONFORMS]} / {f'**{wrong}**' if wrong else 0} / {counts[DECLARED]} / {counts[NOT_OFFERED]}"


def violations(backend: dict[str, Any]) -> Iterator[str]:
    """The violations of one backend, one for each clause and operator."""
    seen = set()
    for test in backend["tests"]:
        key = test["clause"], test["operator"]
        if test["verdict"] not in FAILURES or key in seen:
            continue
        seen.add(key)
        found = test.get("violation", {})
        case = f": `{found['case']}`" if found.get("case") else ""
        told = f"Expected {_brief(found, 'expected')}, got {_brief(found, 'got')}."
        yield f"* {backend['name']}, `{key[0]}` on `{key[1]}`, {test['verdict']}{case}. {told}"
    yield from (f"* {backend['name']}, stale declaration: {line}." for line in backend["stale"])


def _brief(found: dict[str, Any], key: str) -> str:
    """A value in a line of Markdown."""
    text = " ".join(str(found.get(key, "")).replace("`", "'").split())
    return f"`{text[:117]}...`" if len(text) > 120 else f"`{text}`"


def main(arguments: list[str]) -> int:
    """Keeps reports, or writes the page."""
    try:
        if arguments[:1] == ["--keep"] and len(arguments) > 2:
            for path in arguments[2:]:
                for name, report in kept(read(path)):
                    file = Path(arguments[1]) / f"{name.replace(':', '_').replace('/', '_')}.json"
                    save(str(file), json.dumps(report, indent=0, allow_nan=False) + "\n")
        elif arguments and not arguments[0].startswith("-"):
            save(PAGE, page([read(path) for path in arguments]))
        else:
            print(__doc__)
            return 2
    except (Unusable, OSError) as error:
        print(f"convspec: {error}", file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
