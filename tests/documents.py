"""Documents whose examples are run: their fenced blocks, the sessions in them, and a folder where they take place.

The first words after the fence say what a block is: its language, and maybe `file=NAME` or `status=N`. A block with
`file=` is that file, or, in the language diff, a change to it. A block of sh or console holds commands after `$ `, each
with what it prints, where `...` stands for anything: on a line of its own, for any number of lines. Without such lines
what is printed does not matter. `status` is that of the block's commands, 0 by default.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[1]

_FENCED = re.compile(r"^```(\w+)([^\n]*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_LINK = re.compile(r"\]\(([^)#:\s]+)(?:#[^)]*)?\)")


@dataclass(frozen=True)
class Block:
    """A fenced block."""

    language: str
    options: dict[str, str]
    text: str

    @property
    def session(self) -> bool:
        return self.language in ("sh", "console")

    def commands(self) -> Iterator[tuple[str, str]]:
        """The commands, each with the lines shown below it."""
        for part in re.split(r"^\$ ", self.text, flags=re.MULTILINE)[1:]:
            command, _, output = part.partition("\n")
            yield command, output


def blocks(document: str) -> list[Block]:
    """The fenced blocks of a document of the repository, in order."""
    found = _FENCED.findall((ROOT / document).read_text(encoding="utf-8"))
    return [Block(language, dict(re.findall(r"(\w+)=(\S+)", words)), text) for language, words, text in found]


def links(document: str) -> set[str]:
    """The files that a document of the repository points to."""
    return set(_LINK.findall((ROOT / document).read_text(encoding="utf-8")))


def write(block: Block, folder: Path) -> None:
    """Writes a block's file into `folder`, or changes the one that is there."""
    file = folder / block.options["file"]
    if block.language != "diff":
        file.write_text(block.text, encoding="utf-8")
        return
    lines = block.text.splitlines(keepends=True)
    before = "".join(line[1:] for line in lines if line[0] != "+")
    after = "".join(line[1:] for line in lines if line[0] != "-")
    text = file.read_text(encoding="utf-8")
    assert text.count(before) == 1, f"{file.name} does not hold once:\n{before}"
    file.write_text(text.replace(before, after), encoding="utf-8")


def play(block: Block, folder: Path) -> None:
    """Runs a block's commands in `folder`: status and output must be as shown."""
    for command, shown in block.commands():
        status, output = run(command, folder)
        assert status == int(block.options.get("status", 0)), f"$ {command}\nended with status {status}:\n{output}"
        assert not shown.strip() or matches(shown, output), f"$ {command}\nprinted:\n{output}\nand not:\n{shown}"


def run(command: str, folder: Path) -> tuple[int, str]:
    """Status and output of a command; the programs beside this Python come first."""
    path = os.pathsep.join((str(Path(sys.executable).parent), os.environ.get("PATH", "")))
    done = subprocess.run(
        ["bash", "-c", command], cwd=folder, env=os.environ | {"PATH": path}, stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT, text=True, encoding="utf-8", timeout=300,
    )  # fmt: skip
    return done.returncode, done.stdout


def matches(shown: str, output: str) -> bool:
    """Whether output is what is shown, blank lines at the end and spaces at the ends of lines aside."""
    pattern = ""
    for line in _lines(shown):
        some = ".*".join(re.escape(part) for part in line.split("..."))
        pattern += r"(?:.*\n)*?" if line == "..." else some + r"\n"
    return re.fullmatch(pattern, "".join(f"{line}\n" for line in _lines(output))) is not None


def _lines(text: str) -> list[str]:
    return [line.rstrip() for line in text.rstrip().splitlines()]
