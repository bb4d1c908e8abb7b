"""Every page that a person reads, held against axe-core: on a phone and on a desk, light and dark.

axe-core (MPL-2.0) is no dependency of this project: `npm install axe-core`, and name its file in MATHMILL_AXE.
"""

import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from pipelines.__main__ import main
from schemas.requirements import Recheck, Validate
from tests.pipelines.review.reviewing import press, questionable_data, served
from tests.training.test_answers_page import row
from tests.training.test_curves_page import LINES
from tests.validation.dataset.handmade import write_data
from tests.validation.dataset.report.browser import NEEDS_BROWSER, Page, browser
from training.answers_page import write_page
from training.curves_page import page_of
from training.generations import Other, apart, result_of
from training.results import EvalResult
from validation.dataset.gate import judge
from validation.dataset.report.page import write_report

_AXE = Path(os.environ.get("MATHMILL_AXE", "axe.min.js"))
pytestmark = [
    pytest.mark.slow,
    NEEDS_BROWSER,
    pytest.mark.skipif(not _AXE.is_file(), reason="no axe-core: MATHMILL_AXE names no axe.min.js"),
]
_RUN = "axe.run(document).then((found) => JSON.stringify(found.violations.map((rule) => [rule.id, rule.nodes.length])))"


@pytest.fixture(scope="module")
def tab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Page]:
    with browser(tmp_path_factory.mktemp("browser")) as page:
        yield page


def violations(tab: Page) -> list[Any]:
    """What axe finds on the page as it stands."""
    tab.value(f"{_AXE.read_text('utf-8')};0")
    return list(json.loads(tab.value(_RUN)))


def found_on(tab: Page, url: str, *, key: str = "") -> dict[tuple[int, bool], list[Any]]:
    """What axe finds by width and by whether dark, in a dialog where a key opens one."""
    found = {}
    for width in (390, 1280):
        for dark in (False, True):
            tab.size(width, 844, dark=dark)
            tab.open(url)
            if key:
                press(tab, key)
                tab.value("new Promise((done) => setTimeout(done, 200))")
                assert tab.value("document.querySelectorAll('dialog[open]').length") == 1
            found[width, dark] = violations(tab)
    return {place: rules for place, rules in found.items() if rules}


def test_the_review_page_and_its_dialogs_and_its_file_have_no_violation(tab: Page, tmp_path: Path) -> None:
    data = questionable_data(tmp_path, 12)
    with served(data, tmp_path / "reviews", "--by", "ana") as page:
        for address in ("", "?queue=audit", "standing"):
            assert found_on(tab, page.url + address) == {}
        for key in "gne?":
            assert found_on(tab, page.url, key=key) == {}
    assert main(["review", str(data), "--html", str(tmp_path / "page.html"), "--by", "ana"]) == 0
    assert found_on(tab, (tmp_path / "page.html").as_uri()) == {}


def test_the_quality_report_has_no_violation(tab: Page, tmp_path: Path) -> None:
    write_report(judge(write_data(tmp_path), Validate(recheck=Recheck(sample=24))), tmp_path / "report")
    assert found_on(tab, (tmp_path / "report/index.html").as_uri()) == {}


def test_the_pages_of_a_training_run_have_no_violation(tab: Page, tmp_path: Path) -> None:
    rows = [row(0), row(1, passed=True), row(2, answer=None, outcome="no_answer")]
    others = [row(0, passed=True), row(1), row(2)]
    figures = {"mine": {"tir": result_of(rows, seed=0, contamination="unknown")}}
    result = EvalResult("RUN", tmp_path, {}, 1.0, figures, apart(rows, others, seed=0))
    write_page(tmp_path / "index.html", result, rows, Other(Path("OLD"), "an older model", tuple(others)))
    (tmp_path / "curves.html").write_text(page_of("RUN", LINES), encoding="utf-8")
    for name in ("index.html", "curves.html"):
        assert found_on(tab, (tmp_path / name).as_uri()) == {}


def test_a_page_with_faults_is_caught(tab: Page, tmp_path: Path) -> None:
    path = tmp_path / "faulty.html"
    path.write_text("<!doctype html><title>x</title><p style='color:#bbb'>faint</p><button></button>")
    assert {"html-has-lang", "button-name", "color-contrast"} <= {
        rule for rule, _ in found_on(tab, path.as_uri())[390, False]
    }
