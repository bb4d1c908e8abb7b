from collections.abc import Iterator
from html import unescape
from pathlib import Path

import pytest

from pipelines.review.journal import journals
from pipelines.review.office import Office, Terms
from pipelines.review.opened import OpenedData, opened_data
from pipelines.review.serve import Asked, queues_of
from schemas.exits import UserError


def office_of(data: OpenedData, folder: Path, terms: Terms | None = None) -> Iterator[Office]:
    with journals(folder) as (decided, audits):
        yield Office(data, queues_of(data, Asked(sample=3)), decided, audits, terms or Terms())


@pytest.fixture
def office(opened: OpenedData, tmp_path: Path) -> Iterator[Office]:
    yield from office_of(opened, tmp_path)


def test_the_queues_that_hold_rows_are_offered_and_adjudication_to_those_who_rule(
    opened: OpenedData, tmp_path: Path
) -> None:
    for office in office_of(opened, tmp_path, Terms(2, frozenset({"eva"}))):
        assert office.queues("ana") == ["quarantined", "audit"]
        assert office.queues("eva") == ["quarantined", "audit", "adjudicate"]


def test_decisions_about_another_data_set_are_refused(opened: OpenedData, tiny_data: Path, tmp_path: Path) -> None:
    for office in office_of(opened, tmp_path):
        form = {"ticket": office.card("ana", "quarantined")["ticket"], "vote": "accepted"}
        office.act("ana", "quarantined", "decide", form)
    with opened_data(tiny_data) as other, pytest.raises(UserError, match="about another data set"):
        next(office_of(other, tmp_path))
    for office in office_of(opened, tmp_path):
        assert office.card("ana", "quarantined")["left"] == 23


def test_the_row_behind_is_made_ready_while_one_is_read(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    first = office.card("ana", "quarantined")
    office.ahead("ana", "quarantined")

    def refuse(*_: object) -> None:
        raise AssertionError("a row was read again")

    monkeypatch.setattr(OpenedData, "candidate", refuse)
    office.act("ana", "quarantined", "decide", {"ticket": first["ticket"], "vote": "accepted"})
    second = office.card("ana", "quarantined")
    assert second["html"] != first["html"]
    with pytest.raises(AssertionError, match="read again"):
        office.card("ben", "quarantined")


def test_programs_run_again_beside_what_is_recorded(tiny_data: Path, tmp_path: Path) -> None:
    with opened_data(tiny_data) as data:
        for office in office_of(data, tmp_path):
            shown = found_program(office)
            assert "recorded" in shown
            assert "run here" in shown


def found_program(office: Office) -> str:
    """Goes through an audit up to the first row that holds a program."""
    while "holds no program" in (shown := office.rerun("ana", "audit")):
        ticket = office.card("ana", "audit")["ticket"]
        office.act("ana", "audit", "decide", {"ticket": ticket, "vote": "unsure"})
    return shown


def test_where_nothing_is_left_the_page_says_how_to_apply(office: Office, tmp_path: Path) -> None:
    for queue in ("audit", "quarantined"):
        while (card := office.card("ana", queue))["ticket"]:
            office.act("ana", queue, "decide", {"ticket": card["ticket"], "vote": "accepted"})
        assert ("Standing shows how often each rule was right" in card["html"]) is (queue == "audit")
    assert f'curate.reviews=["{tmp_path}/decisions.jsonl"]' in office.command
    assert office.command in unescape(card["html"])


def test_a_dispute_about_a_doubtful_row_is_ruled_on_too(opened: OpenedData, tmp_path: Path) -> None:
    kept = next(row for row in opened.ledger.to_pylist() if row["outcome"] == "kept")
    (tmp_path / "look.jsonl").write_text(f'{{"id": "{kept["id"]}"}}\n')
    with journals(tmp_path / "said") as (decided, audits):
        asked = Asked(look_at=tmp_path / "look.jsonl")
        office = Office(opened, queues_of(opened, asked), decided, audits, Terms(2, frozenset({"eva"})))
        for person, vote in (("ana", "accepted"), ("ben", "rejected")):
            ticket = office.card(person, "doubtful")["ticket"]
            office.act(person, "doubtful", "decide", {"ticket": ticket, "vote": vote})
        card = office.card("eva", "adjudicate")
        assert kept["id"] in card["html"]
        office.act("eva", "adjudicate", "decide", {"ticket": card["ticket"], "vote": "rejected"})
        assert office.card("eva", "adjudicate")["ticket"] is None
