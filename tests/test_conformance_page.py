"""The page of a report in a real browser: without a network, by the keyboard, with its pictures."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from convspec.conformance import innocent
from convspec.conformance.deviations import parse
from convspec.conformance.host import Here
from convspec.conformance.kept import Report, read
from convspec.conformance.merge import merge
from convspec.conformance.page import page
from convspec.conformance.run import Options, check

CLAUSES = ("call.dtype", "conv.bias", "number.bound", "call.inputs-unchanged")


def flipped(x: Any, w: Any, b: Any = None, **rest: Any) -> Any:
    return innocent.conv(x, np.flip(w, -1), b, **rest)


def eager(x: Any, size: Any, **rest: Any) -> Any:
    """Doubles come out as single precision."""
    y = innocent.max_pool(x, size, **rest)
    return y.astype(np.float32) if x.dtype == np.float64 else y


@pytest.fixture(scope="module")
def report() -> Report:
    """Two backends, one of them wrong in two ways."""
    wrong = SimpleNamespace(conv=flipped, max_pool=eager)
    right = SimpleNamespace(conv=innocent.conv, max_pool=innocent.max_pool, policies={"max_nan": "any"})
    options = Options(ops=("conv", "max_pool"), slugs=CLAUSES)
    runs = [check(name, options, host=Here(name, b)) for name, b in (("wrong </script>", wrong), ("right", right))]
    runs[0].deviations = parse("call.inputs-unchanged * known: https://example.org/1", "declared")
    return merge([json.loads(json.dumps(Report(runs).data()))])


@pytest.fixture(scope="module")
def browser(report: Report, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    """Chromium without a network, showing the page."""
    webdriver = pytest.importorskip("selenium.webdriver", reason="selenium drives the browser")
    chromium, driver = shutil.which("chromium"), shutil.which("chromedriver")
    if not chromium or not driver:
        pytest.skip("there is no chromium with its chromedriver")
    path = tmp_path_factory.mktemp("page") / "report.html"
    path.write_text(page(report), encoding="utf-8")
    options = webdriver.ChromeOptions()
    options.binary_location = chromium
    for argument in (
        "headless",
        "no-sandbox",
        "disable-gpu",
        "window-size=1200,900",
        "host-resolver-rules=MAP * ~NOTFOUND",
    ):
        options.add_argument(f"--{argument}")
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    with webdriver.Chrome(options, webdriver.ChromeService(driver)) as found:
        found.get(path.as_uri())
        yield found


def all_of(browser: Any, selector: str) -> list[Any]:
    found: list[Any] = browser.find_elements("css selector", selector)
    return found


def choose(browser: Any, name: str, value: str) -> None:
    browser.execute_script(
        "const e = document.getElementById(arguments[0]); e.value = arguments[1];"
        "e.dispatchEvent(new Event('input', {bubbles: true}))", name, value)  # fmt: skip


def press(browser: Any, *keys: str) -> Any:
    """Presses keys, one after the other, and gives the element that has the focus then."""
    for key in keys:
        browser.switch_to.active_element.send_keys(key)
    return browser.switch_to.active_element


@pytest.fixture(autouse=True)
def afresh(request: pytest.FixtureRequest) -> None:
    if "browser" in request.fixturenames:
        request.getfixturevalue("browser").refresh()


def test_the_page_is_whole(browser: Any) -> None:
    assert [e for e in browser.get_log("browser") if e["level"] == "SEVERE"] == []
    assert browser.execute_script("return performance.getEntriesByType('resource').length") == 0
    assert [e.text for e in all_of(browser, "#matrix thead th")] == ["clause", "wrong </script>", "right"]
    rows = {e.text.split()[1]: e for e in all_of(browser, "#matrix tbody tr")}
    assert set(rows) == set(CLAUSES)
    marks = [e.text for e in rows["conv.bias"].find_elements("css selector", "td")]
    assert marks == ["✗", "✓"]
    assert "max_nan = any" in browser.find_element("id", "runs").text


def test_filters(browser: Any) -> None:
    def shown() -> list[str]:
        return [e.text.split()[1] for e in all_of(browser, "#matrix tbody tr")]

    choose(browser, "find", "the bias")
    assert shown() == ["conv.bias"] and len(all_of(browser, "article")) == 1
    choose(browser, "find", "")
    choose(browser, "verdict", "failures")
    assert {"call.dtype", "conv.bias"} <= set(shown()) and "call.inputs-unchanged" not in shown()
    choose(browser, "operator", "max_pool")
    assert set(shown()) <= {"call.dtype"}
    choose(browser, "verdict", "")
    choose(browser, "operator", "")
    choose(browser, "backend", "1")
    assert [e.text for e in all_of(browser, "#matrix thead th")] == ["clause", "conv", "max_pool"]
    assert all_of(browser, "article") == []


def test_the_keyboard_is_enough(browser: Any) -> None:
    assert press(browser, "/").get_attribute("id") == "find"
    assert [
        e.text.split()[1] for e in (press(browser, "b", "i", "a", "s"), *all_of(browser, "#matrix tbody tr"))[1:]
    ] == ["conv.bias"]
    press(browser, "\ue003" * 4, "\ue00c")  # backspaces, escape
    first, second = press(browser, "j").get_attribute("id"), press(browser, "j").get_attribute("id")
    assert [e.get_attribute("id") for e in all_of(browser, "article")][:2] == [first, second]
    assert press(browser, "k").get_attribute("id") == first
    browser.execute_script("document.querySelector('td[tabindex=\"0\"]').focus()")
    cell = press(browser, "\ue015", "\ue014")  # down, right
    assert "right" in all_of(browser, "#matrix thead th")[2].text and cell.get_attribute("cellIndex") == "2"
    cell = press(browser, "\ue012")  # left
    while "conv.bias" not in cell.get_attribute("title"):
        cell = press(browser, "\ue015")
    target = press(browser, "\ue007")  # enter
    assert target.get_attribute("id") == "v-0-conv.bias-conv" and target.is_displayed()


def test_pictures(browser: Any, report: Report) -> None:
    told = next(r for r in report.runs[0].records if r.slug == "conv.bias" and r.violation)
    titles = [section["title"] for section in told.picture]
    assert titles[:2] == ["x[0, 0]", "w[0, 0]"] and titles[-1] == "difference" and told.violation
    assert told.violation.difference.index is not None
    figures = all_of(browser, "article[id$='-conv'] figure")
    captions = [f.find_element("css selector", "figcaption").text for f in figures]
    assert {"x[0, 0]", "w[0, 0]", "difference"} <= set(captions)
    assert {"expected[0, 0]", "got[0, 0]"} <= set(captions)
    drawn = figures[captions.index("got[0, 0]")]
    assert len(drawn.find_elements("css selector", "rect.wrong")) == 1
    colours = {e.get_attribute("fill") for e in figures[0].find_elements("css selector", "rect")}
    assert all(colour.startswith("rgb(") for colour in colours)


def test_the_difference_is_that_of_the_two(report: Report) -> None:
    for r in report.runs[0].records:
        sections = {s["title"].partition("[")[0]: s for s in r.picture}
        if r.violation and "difference" in sections:
            expected, got, apart = (
                np.array(sections[name]["rows"], float) for name in ("expected", "got", "difference")
            )
            at = tuple(sections["difference"]["at"] or (0, 0))
            assert np.array_equal(np.where(np.isnan(got) & np.isnan(expected), 0, got - expected), apart) and (
                apart[at] != 0 or r.violation.difference.kind == "dtype"
            )


def test_accuracy_is_plotted_against_the_root_of_n(browser: Any, report: Report) -> None:
    from convspec.conformance.report import grades

    rows = [row for row in grades(report.runs[1]) if row["worst"] > 0]
    assert len(rows) > 1
    figure = all_of(browser, "#accuracy figure")[-1]
    assert len(figure.find_elements("css selector", "circle")) == 2 * len(rows)
    at = [float(e.get_attribute("cx")) for e in figure.find_elements("css selector", "circle[fill=none]")]
    n = [row["terms"] for row in rows]
    assert np.allclose(np.corrcoef(np.log(np.sqrt(n)), at)[0, 1], 1)
    assert len(figure.find_elements("css selector", "path.axis")) == 2


def test_the_page_of_merged_reports(report: Report, tmp_path: Path) -> None:
    path = tmp_path / "report.json"
    path.write_text(json.dumps(report.data()))
    assert page(merge([read(str(path))])) == page(report)
