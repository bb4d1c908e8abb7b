"""The page in a real browser: keys decide, the file says the same, and nothing on the page comes from a row."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from pipelines.review.opened import opened_data
from pipelines.review.queues import quarantined
from tests.pipelines.review.reviewing import decide, press, questionable_data, served
from tests.tiny import read_lines
from tests.validation.dataset.report.browser import CHROMIUM, Page, browser

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(CHROMIUM is None, reason="no Chromium here: the page was not driven in a browser"),
]
MANY = 320


@pytest.fixture(scope="module")
def tab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Page]:
    with browser(tmp_path_factory.mktemp("profile")) as page:
        yield page


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return questionable_data(tmp_path_factory.mktemp("questionable"), MANY)


def test_three_hundred_decisions_by_keyboard_stand_in_the_file(tab: Page, data: Path, tmp_path: Path) -> None:
    with opened_data(data) as opened:
        queue = quarantined(opened)
        asked = [opened.row(int(place))["row_id"] for place in queue.places]
    assert len(asked) == MANY
    keys = ["aru"[(at * 7 + at // 5) % 3] for at in range(300)]
    words = {"a": "accepted", "r": "rejected", "u": "unsure"}
    with served(data, tmp_path / "reviews", "--by", "ana") as page:
        tab.open(page.url)
        for key in keys:
            decide(tab, key)
        assert tab.console == []
        assert all(url.startswith(page.url) for url in tab.requests)
    lines = read_lines(tmp_path / "reviews/decisions.jsonl")
    assert [(line["row_id"], line["decision"]) for line in lines] == [
        (row, words[key]) for row, key in zip(asked[:300], keys, strict=True)
    ]
    assert {line["annotator"] for line in lines} == {"ana"}
    assert len({line["act"] for line in lines}) == 300


def test_a_kill_in_the_middle_loses_nothing_that_was_answered(tab: Page, data: Path, tmp_path: Path) -> None:
    with served(data, tmp_path, "--by", "ana") as page:
        tab.open(page.url)
        for _ in range(5):
            decide(tab, "a")
        page.kill()
    press(tab, "a")
    assert "not written" in tab.value(
        "new Promise((d) => setTimeout(() => d(document.getElementById('told').textContent), 300))"
    )
    assert len(read_lines(tmp_path / "decisions.jsonl")) == 5
    with served(data, tmp_path, "--by", "ana") as page:
        tab.open(page.url)
        assert tab.value("document.getElementById('left').textContent") == f"{MANY - 5} left"
        decide(tab, "r")
    assert [line["decision"] for line in read_lines(tmp_path / "decisions.jsonl")] == ["accepted"] * 5 + ["rejected"]
