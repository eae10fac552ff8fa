"""The README: its Python is run in order in one namespace, its files are written, its commands run.

Commands that make environments or take minutes, those with tox, pip or venv, are not run: the environments and extras
that they name must exist.
"""

from __future__ import annotations

import configparser
import re
import tomllib
from pathlib import Path
from typing import Any

import documents
import pytest

README = "README.md"
LONG = re.compile(r"\b(tox|pip|venv|git clone)\b")


def test_examples(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    namespace: dict[str, Any] = {"__name__": "readme"}
    blocks = documents.blocks(README)
    assert any(block.session for block in blocks) and any(block.language == "python" for block in blocks)
    for block in blocks:
        if "file" in block.options:
            documents.write(block, tmp_path)
        elif block.language == "python":
            exec(compile(block.text, README, "exec"), namespace)
        elif block.session and not LONG.search(block.text):
            documents.play(block, tmp_path)


def long_commands() -> list[str]:
    """The commands that are not run."""
    commands = [command for block in documents.blocks(README) if block.session for command, _ in block.commands()]
    return [command for command in commands if LONG.search(command)]


def environments() -> set[str]:
    """The names that tox takes after -e."""
    config = configparser.ConfigParser(interpolation=None)
    config.read(documents.ROOT / "tox.ini", encoding="utf-8")
    listed = re.split(r"[\s,]+", config["tox"]["env_list"].strip())
    return {*listed, *(section.removeprefix("testenv:") for section in config.sections())}


@pytest.mark.parametrize("command", long_commands())
def test_long_command(command: str) -> None:
    project = tomllib.loads((documents.ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    extras = {extra for names in re.findall(r"\.\[([\w,-]+)\]", command) for extra in names.split(",")}
    assert extras <= set(project["optional-dependencies"])
    named = {name for names in re.findall(r"\btox (?:run )?-e\s*([\w.,-]+)", command) for name in names.split(",")}
    assert named <= environments()
    if re.search(r"\bconvspec\b", command):
        assert "convspec" in project["scripts"]


def test_links() -> None:
    assert [link for link in documents.links(README) if not (documents.ROOT / link).exists()] == []
