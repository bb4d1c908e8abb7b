"""The page in a real browser: keys decide, the file says the same, and nothing on the page comes from a row."""

import time
from pathlib import Path

import pytest

from pipelines.__main__ import main
from pipelines.curate import curate
from pipelines.review.opened import opened_data
from pipelines.review.queues import quarantined
from tests.pipelines.review.reviewing import decide, doubtful_rows, press, questionable_data, served
from tests.tiny import config_of, read_lines, source, write_rows
from tests.validation.dataset.report.browser import NEEDS_BROWSER, Page, browser
from tests.validation.dataset.report.test_browser import CONTRASTS

pytestmark = [pytest.mark.slow, NEEDS_BROWSER]
MANY = 320


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
    assert "no answer" in tab.value(
        "new Promise((d) => setTimeout(() => d(document.getElementById('told').textContent), 300))"
    )
    assert len(read_lines(tmp_path / "decisions.jsonl")) == 5
    with served(data, tmp_path, "--by", "ana") as page:
        tab.open(page.url)
        assert tab.value("document.getElementById('left').textContent") == f"{MANY - 5} left"
        decide(tab, "r")
    assert [line["decision"] for line in read_lines(tmp_path / "decisions.jsonl")] == ["accepted"] * 5 + ["rejected"]


def test_two_people_never_get_the_same_row_and_see_nothing_of_each_other(data: Path, tmp_path: Path) -> None:
    with (
        served(data, tmp_path / "reviews") as page,
        browser(tmp_path / "ana") as ana,
        browser(tmp_path / "ben") as ben,
    ):
        for tab, name in ((ana, "ana"), (ben, "ben")):
            tab.open(page.url)
            tab.value(f"document.getElementById('person').value = {name!r}")
            tab.value("document.querySelector('#who button').click()")
            until(tab, "document.body.dataset.ticket")
        for _ in range(20):
            for tab, key in ((ana, "a"), (ben, "r")):
                decide(tab, key)
    lines = read_lines(tmp_path / "reviews/decisions.jsonl")
    assert len({line["row_id"] for line in lines}) == len(lines) == 40
    assert {line["annotator"] for line in lines} == {"ana", "ben"}


def until(tab: Page, expression: str, limit_s: float = 10.0) -> None:
    """Waits until an expression holds, also across a page that is left."""
    deadline = time.monotonic() + limit_s
    while time.monotonic() < deadline:
        try:
            if tab.value(f"Boolean({expression})"):
                return
        except AssertionError:  # the page went away while it was asked
            continue
    raise AssertionError(expression)


UNTIL = "new Promise((done) => {{ const look = () => {{ const found = {what}; found ? done(found) : setTimeout(look, 5); }}; look(); }})"  # noqa: E501


def test_a_group_is_settled_a_note_kept_and_an_answer_corrected_by_keys(tab: Page, data: Path, tmp_path: Path) -> None:
    with served(data, tmp_path, "--by", "ana") as page:
        tab.size(1100, 820)
        tab.open(page.url)
        press(tab, "n")
        assert tab.value(
            UNTIL.format(what="document.querySelector('#note-dialog[open]')").replace("done(found)", "done(1)")
        )
        tab.send("Input.insertText", text="the unit is lost")
        press(tab, "Enter")
        decide(tab, "a")
        press(tab, "e")
        tab.value("document.getElementById('edit-answer').value = '23.0'")
        before = tab.value("document.body.dataset.ticket")
        tab.value("document.querySelector('#edit-dialog .done').click()")
        tab.value(UNTIL.format(what=f"document.body.dataset.ticket !== {before!r}"))
        for _ in range(4):
            decide(tab, "r")
        press(tab, "g")
        accept = "[...document.querySelectorAll('#group-list button')].find((made) => /^Accept/.test(made.textContent))"
        assert tab.value(UNTIL.format(what=f"{accept} && {accept}.textContent")) == f"Accept all {MANY - 6}"
        tab.value(f"{accept}.click()")
        assert tab.value(UNTIL.format(what="document.querySelector('.finished') && 1")) == 1
        decide(tab, "z")
        assert tab.value("document.getElementById('left').textContent") == f"{MANY - 6} left"
    lines = read_lines(tmp_path / "decisions.jsonl")
    assert lines[0]["comment"] == "the unit is lost"
    assert (lines[1]["reviewer"], lines[1]["corrected"]) == ("ana", {"answer": "23.0"})
    assert len(lines) == 6 + 2 * (MANY - 6)


def test_a_reload_shows_the_same_row_and_a_form_of_before_counts_once(tab: Page, data: Path, tmp_path: Path) -> None:
    with served(data, tmp_path, "--by", "ana") as page:
        tab.open(page.url)
        decide(tab, "a")
        ticket = tab.value("document.body.dataset.ticket")
        tab.open(page.url)
        assert tab.value("document.body.dataset.ticket") == ticket
        again = f"fetch('/decide', {{method: 'POST', headers: {{'content-type': 'application/json', 'x-mathmill-csrf': document.querySelector('meta[name=mathmill-csrf]').content}}, body: JSON.stringify({{queue: 'quarantined', ticket: {ticket!r}, vote: 'rejected'}})}}).then((answer) => answer.status)"  # noqa: E501
        assert [tab.value(again) for _ in range(3)] == [200, 409, 409]
    assert len(read_lines(tmp_path / "decisions.jsonl")) == 2


def test_a_hostile_row_runs_nothing_and_hides_nothing(tab: Page, tmp_path: Path) -> None:
    evil = (
        "<script>document.title='ran'</script><img src=x onerror=\"document.title='ran'\"></article></main>\u202egnirts"
    )
    rows = [{**row, "question": f"{evil} {row['question']}"} for row in doubtful_rows(3)]
    path = write_rows(tmp_path / "rows.jsonl", rows)
    curate(config_of(source(path), wipeout={"limit": 1.0}, skip=["label"]), tmp_path / "data")
    with served(tmp_path / "data", tmp_path / "reviews", "--by", "<b>ana</b>") as page:
        for width in (390, 1100):
            tab.size(width, 800)
            tab.open(page.url)
            assert tab.value("document.title").startswith("Review")
            assert "<script>" in tab.value("document.querySelector('.question').textContent")
            assert tab.value("document.querySelectorAll('#card script, #card img').length") == 0
            assert tab.value("document.documentElement.scrollWidth") <= width
        decide(tab, "a")
        assert tab.console == []
        assert tab.requests[0] == page.url


def test_a_phone_shows_all_of_a_row_and_every_key(tab: Page, data: Path, tmp_path: Path) -> None:
    with served(data, tmp_path, "--by", "ana") as page:
        for address in ("", "standing", "?queue=audit"):
            tab.size(390, 844)
            tab.open(page.url + address)
            assert tab.value("document.documentElement.scrollWidth") <= 390
            assert tab.value(CONTRASTS) == []
            tab.size(390, 844, dark=True)
            assert tab.value(CONTRASTS) == []
        tab.open(page.url)
        small = (
            "[...document.querySelectorAll('.keybar button')].filter((key) => key.getBoundingClientRect().height < 24)"
        )
        assert tab.value(f"{small}.length") == 0
        before = tab.value("document.body.dataset.ticket")
        tab.value("document.querySelector('[data-action=accept]').click()")
        tab.value(UNTIL.format(what=f"document.body.dataset.ticket !== {before!r}"))
    assert len(read_lines(tmp_path / "decisions.jsonl")) == 1


def test_a_screen_reader_finds_names_roles_and_what_was_done(tab: Page, data: Path, tmp_path: Path) -> None:
    with served(data, tmp_path, "--by", "ana") as page:
        tab.open(page.url)
        decide(tab, "a")
        nodes = tab.send("Accessibility.getFullAXTree")["nodes"]
        named = [
            (node["role"]["value"], node.get("name", {}).get("value", "")) for node in nodes if not node["ignored"]
        ]
        roles = {role for role, _ in named}
        assert {"main", "navigation", "article", "heading", "toolbar", "button", "status"} <= roles
        assert [name for role, name in named if role in ("button", "link", "textbox") and not name.strip()] == []
        assert ("article", "arithmetic error") in named
        assert tab.value("document.activeElement.id") == "row"
        assert tab.value("document.getElementById('told').textContent") == "accepted"
        assert tab.value("document.documentElement.lang") == "en"
        ids = tab.value("[...document.querySelectorAll('[id]')].map((made) => made.id)")
        assert len(ids) == len(set(ids))


def test_a_page_without_a_server_decides_by_the_same_keys_and_saves(tab: Page, data: Path, tmp_path: Path) -> None:
    path, saves = tmp_path / "page.html", tmp_path / "saves"
    assert main(["review", str(data), "--html", str(path), "--rows", "40", "--by", "ana"]) == 0
    saves.mkdir()
    tab.send("Browser.setDownloadBehavior", behavior="allow", downloadPath=str(saves))
    tab.open(path.as_uri())
    for key in "aarusza":
        decide(tab, key)
    assert tab.value("document.getElementById('left').textContent") == "35 left"
    press(tab, "d")
    deadline = time.monotonic() + 10
    while not (found := [*saves.glob("*.jsonl")]) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert tab.console == []
    assert tab.requests[0] == path.as_uri()
    lines = read_lines(found[0])
    assert [line["decision"] for line in lines] == ["accepted", "accepted", "rejected", "unsure", "accepted"]
    assert main(["review", str(data), "--import", str(found[0]), "--decisions", str(tmp_path / "mine")]) == 0
    assert len(read_lines(tmp_path / "mine/decisions.jsonl")) == 5
