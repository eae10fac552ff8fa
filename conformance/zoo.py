"""The kill matrix: every planted bug before the whole quick judge, and which clauses accuse it.

    python -m convspec.conformance.zoo           # exit status 1 if a bug survives, or docs/zoo.md is out of date
    python -m convspec.conformance.zoo --write   # writes docs/zoo.md

Operators named after that are tried alone, and with --new only bugs that the page has not; the rest of the page is taken
as it stands. Run in the root of a checkout. Each test runs on all bugs of its operator in turn, so that the oracle
answers once for all of them, and nothing is shrunk. Two processes share the tests.
"""

from __future__ import annotations

import re
import sys
import warnings
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from functools import lru_cache
from itertools import repeat
from multiprocessing import get_context
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from convspec import GRADIENTS, OPERATORS, clauses
from convspec.conformance import innocent, innocent_gradients, planted
from convspec.conformance.corpus import issues
from convspec.conformance.host import Here
from convspec.conformance.judge import Found, Run, Trial
from convspec.conformance.planted import Bug
from convspec.conformance.plugin import clause_of, op_of
from convspec.conformance.remote import NotOffered, Remote
from convspec.conformance.run import Options, arguments
from convspec.conformance.trace import reasons

MATRIX = "docs/zoo.md"
HEAD = """# The zoo of planted bugs

Made by `python -m convspec.conformance.zoo --write`. Each planted bug is a wrong backend that offers one operator. The
clause in bold is the one that names its class; the others accuse it as well, in the quick profile with seed 0.
"""


KNOWN = """
## Known bugs of the world

Public issues, each as the smallest case that would show a bug of its class; `convspec check` tries them before all else.
The planted bug in the last column is of that class, and the case alone accuses it.
"""
Kills = dict[str, list[str]]
"""For each bug, by its key, the clauses that accuse it."""


@dataclass(frozen=True)
class Test:
    """One conformance test: its clause, operator and name, the function and its parameters."""

    __test__ = False
    slug: str
    op: str
    name: str
    function: Any
    fixtures: tuple[str, ...]
    parameters: Mapping[str, Any]

    def accuses(self, bug: Bug) -> bool:
        """Whether the test finds a violation in the bug, made anew."""
        trial = Trial(Run(Here("planted", bug.backend())), self.slug, self.op, self.name)
        trial.declared = True  # one violation is as good as the smallest: nothing is shrunk
        own = {"judge": trial, "backend": Remote(trial)}
        values = {name: own[name] if name in own else self.parameters[name] for name in self.fixtures}
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                self.function(**values)
        except (Found, AssertionError):
            return True
        except (NotOffered, pytest.skip.Exception):
            pass
        return False


class _Collector:
    """The pytest plug-in that hands over a run and keeps what was collected."""

    def __init__(self) -> None:
        self.items: list[Any] = []

    def pytest_configure(self, config: Any) -> None:
        rooms = {op: innocent_gradients if op in GRADIENTS else innocent for op in OPERATORS}
        everything = SimpleNamespace(**{op: getattr(room, op) for op, room in rooms.items()})
        config.convspec_run = Run(Here("innocent", everything))

    def pytest_collection_finish(self, session: Any) -> None:
        self.items = list(session.items)


@lru_cache
def tests() -> tuple[Test, ...]:
    """All tests of the judge."""
    collector = _Collector()
    pytest.main([*arguments(Options()), "--collect-only"], plugins=[collector])
    return tuple(_test(item) for item in collector.items)


def _test(item: Any) -> Test:
    parameters = getattr(item, "callspec", None)
    fixtures = tuple(item._fixtureinfo.argnames)
    found = parameters.params if parameters else {}
    return Test(clause_of(item), op_of(item), item.name, item.function, fixtures, found)


def key(bug: Bug) -> str:
    """The operator and the name of a bug."""
    return f"{bug.op} {bug.name}"


def _one(index: int, wanted: frozenset[str]) -> list[str]:
    """The wanted bugs that one test accuses."""
    test = tests()[index]
    some = (bug for bug in planted.bugs() if bug.op == test.op and key(bug) in wanted)
    return [key(bug) for bug in some if test.accuses(bug)]


def kills(bugs: Sequence[Bug], workers: int = 2) -> Kills:
    """The kill matrix of these bugs."""
    found: Kills = {key(bug): [] for bug in bugs}
    ops = {bug.op for bug in bugs}
    chosen = [i for i, test in enumerate(tests()) if test.op in ops]
    with ProcessPoolExecutor(workers, get_context("spawn")) as pool:
        for i, names in zip(chosen, pool.map(_one, chosen, repeat(frozenset(found))), strict=True):
            for name in names:
                found[name].append(tests()[i].slug)
    order = list(clauses.load())
    return {name: sorted(set(slugs), key=order.index) for name, slugs in found.items()}


def page(found: Kills) -> str:
    """The matrix as a page: a table for each operator, and what each clause catches."""
    lines, op = [HEAD.rstrip()], ""
    for bug in planted.bugs():
        if bug.op != op:
            op = bug.op
            lines += [f"\n## {op}\n", "| bug | clauses that accuse it |", "|---|---|"]
        slugs = [f"**{slug}**" if slug == bug.slug else slug for slug in found.get(key(bug), [])]
        lines.append(f"| {bug.name} | {', '.join(slugs)} |")
    lines += ["\n## Clauses\n", "| clause | bugs that it accuses |", "|---|---|"]
    count = {slug: sum(slug in slugs for slugs in found.values()) for slug in clauses.load()}
    lines += [f"| {slug} | {count[slug]} |" for slug in _tried()]
    lines += [KNOWN.rstrip(), "\n| issue | class | clause | case | planted bug |", "|---|---|---|---|---|"]
    for i in issues():
        text = i.case.text.replace(" data=small", "").removesuffix(" seed=0")
        lines.append(f"| [{i.name}]({i.link}) | {i.kind} | {i.slug} | `{text}` | {i.bug} |")
    return "\n".join(lines) + "\n"


def read(text: str) -> Kills:
    """The kill matrix of a page."""
    found: Kills = {}
    for section in re.split(r"^## ", text, flags=re.MULTILINE)[1:]:
        op = section.partition("\n")[0]
        for name, slugs in (
            re.findall(r"^\| (?!bug )(.+?) \| (.*?) \|$", section, re.MULTILINE) if op in OPERATORS else []
        ):
            found[f"{op} {name}"] = slugs.replace("*", "").split(", ")
    return found


def outline(text: str) -> list[tuple[str, ...]]:
    """Of a matrix the bugs, each with the clause of its class: the others may change with the machine's memory."""
    return re.findall(r"^\| (.+?) \| .*?\*\*(.+?)\*\*", text, re.MULTILINE)


def _tried() -> list[str]:
    """The clauses that have a test, in the order of the law."""
    tried = {test.slug for test in tests()}
    return [slug for slug in clauses.load() if slug in tried]


def problems(found: Kills, root: Path) -> Iterator[str]:
    """Bugs that survive or escape the clause of their class, and clauses that catch nothing."""
    for bug in planted.bugs():
        if bug.slug not in found.get(key(bug), []):
            others = ", ".join(found.get(key(bug), [])) or "nothing"
            yield f"{key(bug)} escapes {bug.slug}; {others} accuses it"
    known = reasons(root)
    for slug in _tried():
        idle = not any(slug in slugs for slugs in found.values())
        if idle and not any(reason.explains(slug, "bugs") for reason in known):
            yield f"{slug} catches no planted bug"


def main(given: list[str]) -> int:
    """Makes the matrix, and writes it or compares it."""
    write, new = "--write" in given, "--new" in given
    ops = [word for word in given if word not in ("--write", "--new")]
    if not set(ops) <= set(OPERATORS):
        print(__doc__)
        return 2
    root = Path.cwd()
    committed = (root / MATRIX).read_text(encoding="utf-8") if (root / MATRIX).exists() else ""
    known = read(committed) if ops or new else {}
    wanted = [b for b in planted.bugs() if b.op in (ops or OPERATORS) and not (new and key(b) in known)]
    found = known | kills(wanted)
    if write:
        committed = page(found)
        (root / MATRIX).write_text(committed, encoding="utf-8")
    wrong = list(problems(found, root))
    if outline(committed) != outline(page(found)):
        wrong.append(f"{MATRIX} is out of date: python -m convspec.conformance.zoo --write")
    print("\n".join(wrong) or f"{len(found)} planted bugs, all of them caught")
    return bool(wrong)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
