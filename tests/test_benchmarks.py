"""What benchmarks keep of earlier runs."""

import importlib
from pathlib import Path

import pytest


@pytest.fixture
def rounds(monkeypatch):
    monkeypatch.syspath_prepend(Path(__file__).parents[1])
    return importlib.import_module("benchmarks.peers.rounds")


def measured(peak, *rows):
    return {
        "rounds": 1,
        "limits": [[peak, 1.0], [peak, 1.0]],
        "seconds": {row: {"auto": [peak]} for row in rows},
        "flops": dict.fromkeys(rows, 1),
        "bytes": dict.fromkeys(rows, 1),
    }


def test_limits_are_those_of_the_machines_that_measured_the_rows(rounds, tmp_path):
    file, work = tmp_path / "rows.json", dict.fromkeys("abc")
    rounds.kept(measured(100.0, "a", "b", "gone"), file, work)
    some = rounds.kept(measured(200.0, "b", "c"), file, work)
    assert {row: times["auto"] for row, times in some["seconds"].items()} == {"a": [100], "b": [200], "c": [200]}
    assert rounds.middle_limits(some)[0] == 150
    assert rounds.middle_limits(rounds.kept(measured(400.0, "a", "b", "c"), file, work))[0] == 400
