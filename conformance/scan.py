"""Where clauses are named: in the code by comments and strings, and on tests by markers. Read from the source."""

from __future__ import annotations

import ast
import importlib
import importlib.util
import io
import re
import sys
import tokenize
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

from convspec import clauses

Found = dict[str, list[str]]
"""Slug to places, each "path name", in the order of the source."""

_SLUG = re.compile(r"(?<=\s)\[([a-z0-9_]+(?:[.-][a-z0-9_]+)+)\]")


def code(root: Path, rooms: tuple[str, ...] = ("spec", "reference", "fast")) -> Found:
    """The functions that implement a clause: they name it in a comment `# [slug]` or, for an error, in a string."""
    found: Found = defaultdict(list)
    for path in (p for room in rooms for p in sorted((root / room).glob("*.py"))):
        source = path.read_text(encoding="utf-8")
        tree = ast.parse(source)
        for line, slug in sorted([*_comments(source, path), *_strings(tree)]):
            place = f"{path.relative_to(root)} {_enclosing(tree, line)}"
            if place not in found[slug]:
                found[slug].append(place)
    return found


def _comments(source: str, path: Path) -> Iterator[tuple[int, str]]:
    for token in tokenize.generate_tokens(io.StringIO(source).readline):
        if token.type == tokenize.COMMENT:
            for slug in _SLUG.findall(token.string):
                if slug not in clauses.load():
                    raise ValueError(f"{path}:{token.start[0]} names a clause that the law does not have: {slug}")
                yield token.start[0], slug


def _strings(tree: ast.Module) -> Iterator[tuple[int, str]]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and node.value in clauses.load():
            yield node.lineno, node.value


def _enclosing(tree: ast.Module, line: int) -> str:
    """The name of the outermost function, class or constant that the line is part of."""
    for node in tree.body:
        if node.lineno <= line <= (node.end_lineno or node.lineno):
            if isinstance(node, (ast.FunctionDef, ast.ClassDef)):
                return node.name
            target = getattr(node, "target", None) or next(iter(getattr(node, "targets", [])), None)
            if isinstance(target, ast.Name):
                return target.id
    return "(module)"


def tests(root: Path, folder: str) -> Found:
    """The tests in `folder` that carry a clause, by its marker."""
    found: Found = defaultdict(list)
    for path in sorted((root / folder).glob("test_*.py")):
        for name, slugs in _marked(path, root).items():
            for slug in dict.fromkeys(slugs):
                found[slug].append(f"{path.relative_to(root)} {name}")
    return found


def _marked(path: Path, root: Path) -> dict[str, list[str]]:
    """The clauses of each test function; where a marker's argument is computed, the module is imported to learn it."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    functions = [node for node in tree.body if isinstance(node, ast.FunctionDef) and node.name.startswith("test")]
    marks = {node.name: [slug for decorator in node.decorator_list for slug in _slugs(decorator)] for node in functions}
    if any(slug is None for slug in _slugs(tree)):
        module = _imported(path, root)
        return {name: [*_carried(getattr(getattr(module, name), "pytestmark", []))] for name in marks}
    return {name: [slug for slug in slugs if slug is not None] for name, slugs in marks.items()}


def _slugs(node: ast.AST) -> Iterator[str | None]:
    """The arguments of the markers `mark.clause(...)` below `node`: None for one that is not written out."""
    for call in ast.walk(node):
        if isinstance(call, ast.Call) and isinstance(call.func, ast.Attribute) and call.func.attr == "clause":
            for argument in call.args:
                literal = argument.value if isinstance(argument, ast.Constant) else None
                yield literal if isinstance(literal, str) else None


def _carried(marks: Any) -> Iterator[str]:
    """The clauses among the marks of a test, and among those of its parameters."""
    for mark in marks:
        if mark.name == "clause":
            yield from mark.args
        elif mark.name == "parametrize":
            for parameter in mark.args[1]:
                yield from _carried(getattr(parameter, "marks", ()))


def _imported(path: Path, root: Path) -> ModuleType:
    if path.parent.name == "conformance":
        return importlib.import_module(f"convspec.conformance.{path.stem}")
    sys.path.insert(0, str(path.parent))
    try:
        return importlib.import_module(path.stem)
    finally:
        sys.path.remove(str(path.parent))
