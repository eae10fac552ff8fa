"""The clauses of the law, read from the chapters beside this file.

A chapter is a Markdown file whose name starts with two digits, its place in the book. A clause is a second-level
heading, a slug in backquotes and a title, and the text below it. The slug is the clause's identity and never changes;
its number is computed from its place, for display only.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

_CHAPTER = re.compile(r"\d\d-.*\.md$")
_HEADING = re.compile(r"^## `([a-z0-9_]+(?:[.-][a-z0-9_]+)+)` (.+)$", re.MULTILINE)
_SENTENCE = re.compile(r"(?:[^.]|\.(?=\S))*\*\*(?:MUST|MAY)(?: NOT)?\*\*(?:[^.]|\.(?=\S))*\.?", re.DOTALL)
_FENCE = re.compile(r"^```python\n(.*?)^```$", re.MULTILINE | re.DOTALL)


@dataclass(frozen=True)
class Clause:
    """One clause: its identity, its place in the book, and its text below the heading."""

    slug: str
    number: str
    title: str
    text: str

    @property
    def sentence(self) -> str:
        """The sentence of the text that says MUST, in one line and without marks."""
        found = _SENTENCE.search(_FENCE.sub("", self.text))
        if found is None:
            raise ValueError(f"clause {self.slug} does not say what MUST be")
        return " ".join(found.group().replace("**", "").replace("\\*", "*").split())

    @property
    def examples(self) -> list[str]:
        """The fenced Python examples of the text, in the form of interactive sessions."""
        return _FENCE.findall(self.text)

    @property
    def checksum(self) -> str:
        """Ten hexadecimal digits that change when the words or the examples do, but not with line breaks."""
        return hashlib.sha256(" ".join(f"{self.title} {self.text}".split()).encode()).hexdigest()[:10]


@cache
def load() -> dict[str, Clause]:
    """All clauses by slug, in the order of the book."""
    clauses: dict[str, Clause] = {}
    for clause in _read():
        if clause.slug in clauses:
            raise ValueError(f"two clauses have the slug {clause.slug}")
        clauses[clause.slug] = clause
    return clauses


def lock() -> str:
    """The text of clauses.lock: slug, number and checksum of every clause, a line each."""
    return "".join(f"{c.slug} {c.number} {c.checksum}\n" for c in load().values())


def _read() -> Iterator[Clause]:
    chapters = sorted(
        (f for f in files("convspec").iterdir() if re.match(r"\d\d-.*\.md$", f.name)), key=lambda f: f.name
    )
    for i, chapter in enumerate(chapters, 1):
        _, *parts = _HEADING.split(chapter.read_text(encoding="utf-8"))
        for j, (slug, title, text) in enumerate(zip(parts[::3], parts[1::3], parts[2::3], strict=True), 1):
            yield Clause(slug, f"{i}.{j}", title.strip(), text.strip())
