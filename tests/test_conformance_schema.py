"""The published schema of the JSON report says what reports are, neither more nor less."""

from __future__ import annotations

import copy
import json
from importlib.resources import files
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import jsonschema
import numpy as np
import pytest

from convspec.conformance import innocent, kept
from convspec.conformance.deviations import parse
from convspec.conformance.host import Here
from convspec.conformance.run import Options, check

RESULTS = sorted((Path(__file__).resolve().parents[1] / "docs" / "results").glob("*.json"))
SCHEMA = json.loads(files("convspec.conformance").joinpath("report.schema.json").read_text("utf-8"))
VALIDATOR = jsonschema.Draft202012Validator(SCHEMA)


def report() -> Any:
    """A report with every verdict that a backend can give in this process."""

    def wrong(x: Any, size: Any, **rest: Any) -> Any:
        return innocent.max_pool(x, size, **rest) + 1

    def absent(x: Any, size: Any, **rest: Any) -> Any:
        raise NotImplementedError

    backend = SimpleNamespace(max_pool=wrong, lp_pool=absent, avg_pool=innocent.avg_pool, numerics={"*": "direct"})
    slugs = ("max_pool.value", "max_pool.nan", "lp_pool.value", "avg_pool.value", "number.bound")
    run = check("mine", Options(slugs=slugs), host=Here("mine", backend))
    run.deviations = parse("avg_pool.value * needless: https://example.org/1", "declared")
    nan = next(r for r in run.records if r.slug == "max_pool.nan")
    nan.verdict, nan.reason = "declared", "known"
    return kept.Report([run]).data()


def test_a_report_obeys_its_schema() -> None:
    VALIDATOR.check_schema(SCHEMA)
    data = json.loads(json.dumps(report(), allow_nan=False))
    VALIDATOR.validate(data)
    (backend,) = data["backends"]
    assert {t["verdict"] for t in backend["tests"]} == {"conforms", "violates", "declared", "not offered"}
    assert backend["stale"] == ["avg_pool.value *"] and backend["grades"]
    violation = next(t for t in backend["tests"] if t["verdict"] == "violates")
    assert set(SCHEMA["$defs"]["test"]["properties"]) - set(violation) <= {"reason", "grades"}
    assert set(violation["violation"]) == set(SCHEMA["$defs"]["violation"]["properties"])
    for change in (
        lambda b: b.pop("tests"),
        lambda b: b.update(seed=-1),
        lambda b: b["verdicts"][0].update(verdict="fine"),
    ):
        damaged = copy.deepcopy(data)
        change(damaged["backends"][0])
        assert not VALIDATOR.is_valid(damaged)


@pytest.mark.parametrize("value", [3e38, np.inf, np.nan])
def test_errors_beyond_all_numbers_are_reported(value: float) -> None:
    def wrong(x: Any, w: Any, b: Any = None, **rest: Any) -> Any:
        y = innocent.conv(x, w, b, **rest)
        if y.dtype.kind == "f":
            y.ravel()[y.size // 3 :: 97] = value
        return y

    run = check("mine", Options(slugs=("number.rms", "number.bound")), host=Here("mine", SimpleNamespace(conv=wrong)))
    assert "violates" in {r.verdict for r in run.records if r.slug == "number.rms"}
    VALIDATOR.validate(json.loads(json.dumps(kept.Report([run]).data(), allow_nan=False)))


def test_a_report_is_read_back() -> None:
    (data,) = json.loads(json.dumps(report()))["backends"]
    assert json.loads(json.dumps(kept.run_data(kept.run_of(data)))) == data


@pytest.mark.parametrize("path", RESULTS, ids=lambda path: path.stem)
def test_kept_reports_obey_it(path: Path) -> None:
    VALIDATOR.validate(json.loads(path.read_text("utf-8")))
