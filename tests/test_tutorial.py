"""The tutorial: its files are written, its commands run in order, and they print what it shows."""

from __future__ import annotations

from pathlib import Path

import documents

TUTORIAL = "docs/tutorial.md"


def test_tutorial(tmp_path: Path) -> None:
    played = 0
    for block in documents.blocks(TUTORIAL):
        if "file" in block.options:
            documents.write(block, tmp_path)
        else:
            assert block.session, f"a block that nobody runs:\n{block.text}"
            documents.play(block, tmp_path)
            played += 1
    assert played


def test_links() -> None:
    here = (documents.ROOT / TUTORIAL).parent
    assert [link for link in documents.links(TUTORIAL) if not (here / link).exists()] == []


def test_shown_output_is_compared() -> None:
    assert documents.matches("a\n...\nd ... e\n", "a\nb\nc\nd 1 2 e\n")
    assert documents.matches("a\n...\nb\n", "a\nb\n")
    assert not documents.matches("a\n...\nd\n", "a\nb\nc\n")
    assert not documents.matches("a\n", "a\nb\n")
    assert not documents.matches("a ... c\n", "a b\nc\n")
