"""The traceability matrix: from every clause to its code, its tests and the planted bugs it catches.

    python -m convspec.conformance.trace           # what is stale or unexplained; exit status 1 if anything is
    python -m convspec.conformance.trace --write   # writes spec/clauses.lock and docs/traceability.md

Run in the root of a checkout. An empty cell under "code" or "judge" needs a reason, a line of docs/untraced.txt: the
slug or a pattern of slugs, the column, and the reason. So does one under "bugs", or
under "tests" where the judge has no test, and a clause without an example. A reason that explains nothing is stale.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from dataclasses import dataclass
from fnmatch import fnmatch
from pathlib import Path

from convspec import clauses
from convspec.conformance import planted, scan

LOCK, MATRIX, REASONS = "spec/clauses.lock", "docs/traceability.md", "docs/untraced.txt"
COLUMNS = ("code", "judge", "tests", "bugs")
REQUIRED = ("code", "judge")
EXAMPLES = "tests/test_law_examples.py"
"""The examples in the text have a test of their own, which says nothing about a clause beyond its example."""

HEAD = """# Traceability

Made by `python -m convspec.conformance.trace --write`. Code and tests are named by file and function; the judge's tests
are those that run on every backend, and its planted bugs, by operator, are wrong backends that the clause's test must
catch. The reasons in brackets, why a cell is empty, are kept in `docs/untraced.txt`.
"""


@dataclass(frozen=True)
class Reason:
    """Why cells are empty: a line of the file of reasons."""

    pattern: str
    column: str
    text: str

    def explains(self, slug: str, column: str) -> bool:
        """Whether the reason is about this cell."""
        return column == self.column and fnmatch(slug, self.pattern)


def reasons(root: Path) -> list[Reason]:
    """The reasons on file."""
    lines = (root / REASONS).read_text(encoding="utf-8").splitlines()
    return [Reason(*line.split(maxsplit=2)) for line in lines if line.strip() and not line.startswith("#")]


def cells(root: Path) -> dict[str, scan.Found]:
    """Every column of the matrix."""
    tests = scan.tests(root, "tests")
    for slug in tests:
        tests[slug] = [place for place in tests[slug] if not place.startswith(EXAMPLES)]
    return {"code": scan.code(root), "judge": scan.tests(root, "conformance"), "tests": tests, "bugs": planted_bugs()}


def planted_bugs() -> scan.Found:
    """The planted bugs that each clause must catch, each "operator name"."""
    found: scan.Found = {}
    for bug in planted.bugs():
        found.setdefault(bug.slug, []).append(f"{bug.op} {bug.name}")
    return found


def problems(root: Path) -> Iterator[str]:
    """What is wrong with the lock, the matrix and the reasons, a line each."""
    columns, known = cells(root), reasons(root)
    for column, found in columns.items():
        for slug in sorted(set(found) - set(clauses.load())):
            yield f"{found[slug][0]} ({column}) names a clause that the law does not have: {slug}"
    empty = [(slug, column) for slug in clauses.load() for column in REQUIRED if not columns[column].get(slug)]
    for slug in clauses.load():
        column = "bugs" if columns["judge"].get(slug) else "tests"
        empty += [] if columns[column].get(slug) else [(slug, column)]
        empty += [] if clauses.load()[slug].examples else [(slug, "example")]
    for slug, column in empty:
        if not any(reason.explains(slug, column) for reason in known):
            yield f"{slug} has nothing under {column!r} and no reason in {REASONS}"
    for reason in known:
        if not any(reason.explains(*cell) for cell in empty):
            yield f"{REASONS}: {reason.pattern} {reason.column} explains nothing"
    for name, text in ((LOCK, clauses.lock()), (MATRIX, matrix(root, columns, known))):
        path = root / name
        if not path.exists() or path.read_text(encoding="utf-8") != text:
            yield f"{name} is stale: python -m convspec.conformance.trace --write"


def matrix(root: Path, columns: dict[str, scan.Found], known: list[Reason]) -> str:
    """The matrix as a page, a table for each chapter."""
    lines, chapter = [HEAD.rstrip()], 0
    titles = [
        path.read_text(encoding="utf-8").partition("\n")[0]
        for path in sorted(Path(clauses.__file__).parent.glob("[0-9]*.md"))
    ]
    for slug, clause in clauses.load().items():
        if int(clause.number.partition(".")[0]) != chapter:
            chapter = int(clause.number.partition(".")[0])
            lines += [
                f"\n#{titles[chapter - 1]}\n",
                f"| clause | {' | '.join(COLUMNS)} |",
                "|---" * (len(COLUMNS) + 1) + "|",
            ]
        row = [f"{clause.number} `{slug}` {clause.title}".replace("|", "\\|")]
        for column in COLUMNS:
            why = next((f"({r.text})" for r in known if r.explains(slug, column)), "")
            row.append(_cell(columns[column].get(slug, [])) or why)
        lines.append(f"| {' | '.join(row)} |")
    return "\n".join(lines) + "\n"


def _cell(places: list[str]) -> str:
    """Places by file: the file once, then the names."""
    files: dict[str, list[str]] = {}
    for place in places:
        file, _, name = place.partition(" ")
        files.setdefault(file, []).append(name)
    return "; ".join(
        f"{file} {', '.join(f'`{n}`' for n in dict.fromkeys(names) if n)}" for file, names in files.items()
    )


def main(arguments: list[str]) -> int:
    """Writes, or says what is wrong."""
    root = Path.cwd()
    if arguments == ["--write"]:
        (root / LOCK).write_text(clauses.lock(), encoding="utf-8")
        (root / MATRIX).write_text(matrix(root, cells(root), reasons(root)), encoding="utf-8")
    elif arguments:
        print(__doc__)
        return 2
    found = list(problems(root))
    print("\n".join(found) or "every clause is traced")
    return bool(found)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
