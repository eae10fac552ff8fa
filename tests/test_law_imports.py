"""Dependencies point one way: spec <- reference <- conformance, spec <- fast; imports are absolute."""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from convspec import clauses

ROOT = Path(__file__).parents[1]
ROOMS = {
    "spec": {"convspec"},
    "reference": {"convspec", "convspec.reference"},
    "fast": {"convspec", "convspec.fast"},
    "conformance": {"convspec", "convspec.reference", "convspec.conformance"},
}
"""What the modules of a room may import of the project: the law itself, and whole rooms."""

OUTSIDE = {"spec": {"numpy"}, "reference": {"numpy"}, "fast": {"numpy"}}
"""What else they may import, besides the standard library; the judge may import anything."""

BRIDGES = {"fast/for_torch.py": {"torch"}, "fast/for_jax.py": {"jax"}}
"""Modules that nobody needs, and what they bring convspec.fast to."""

ADAPTERS = ROOT / "conformance" / "backends"
FILES = [
    pytest.param(room, path, id=str(path.relative_to(ROOT))) for room in ROOMS for path in (ROOT / room).rglob("*.py")
]


def imports(path: Path) -> Iterator[tuple[str, int]]:
    """The modules that a file imports, and the level of a relative import."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from ((alias.name, 0) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            module = node.module or ""
            yield module, node.level
            if module == "convspec":
                yield from ((f"convspec.{alias.name}", 0) for alias in node.names)


def room_of(module: str) -> str:
    """The room that a module of the project lives in."""
    parts = module.split(".")
    return ".".join(parts[:2]) if len(parts) > 1 and parts[1] in ROOMS else "convspec"


@pytest.mark.clause("oracle.independent")
@pytest.mark.parametrize(("room", "path"), FILES)
def test_imports(room: str, path: Path) -> None:
    for module, level in imports(path):
        assert level == 0, f"relative import of {module}"
        top = module.partition(".")[0]
        if top == "convspec":
            adapter = path.is_relative_to(ADAPTERS) and room_of(module) == "convspec.fast"
            assert adapter or room_of(module) in ROOMS[room], module
        elif room in OUTSIDE:
            allowed = OUTSIDE[room] | BRIDGES.get(path.relative_to(ROOT).as_posix(), set())
            assert top in allowed | sys.stdlib_module_names, module


@pytest.mark.parametrize("room", ["reference", "fast"])
def test_a_room_loads_no_other(room: str) -> None:
    """The law alone loads no room, and neither the oracle nor the fast backend loads the other or the judge."""
    program = "import sys, convspec; assert not ROOMS & set(sys.modules); import convspec.%s; %s"
    others = {f"convspec.{name}" for name in ROOMS if name != room} | {"scipy"}
    rooms = {f"convspec.{name}" for name in ROOMS}
    program = program.replace("ROOMS", repr(rooms)) % (room, f"assert not {others!r} & set(sys.modules)")
    subprocess.run([sys.executable, "-c", program], check=True)


PREFIXES = {slug.partition(".")[0] for slug in clauses.load()}


def named_clauses(path: Path) -> Iterator[str]:
    """The strings in a file that look like clauses: errors are raised with them, and tests marked."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            prefix, dot, rest = node.value.partition(".")
            if prefix in PREFIXES and dot and rest.replace("-", "a").isidentifier():
                yield node.value


@pytest.mark.parametrize("room", ROOMS)
def test_clauses_in_the_code_exist(room: str) -> None:
    used = {slug for path in (ROOT / room).rglob("*.py") for slug in named_clauses(path)}
    assert used
    assert used <= set(clauses.load())
