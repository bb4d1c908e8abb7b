from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from pipelines.review.desk import RESERVED_S, Desk, Seat, StaleFormError, Ticket, replay
from pipelines.review.journal import Journal
from pipelines.review.opened import OpenedData
from pipelines.review.queues import audit, quarantined
from pipelines.review.votes import Vote, Votes
from schemas.problem import Decision
from tests.small_disk import small_disk
from tests.tiny import read_lines

ANA, BEN = Seat("ana"), Seat("ben")
EVA = Seat("eva", rules=True)


class Clock:
    """Time that stands still until somebody moves it."""

    def __init__(self) -> None:
        self.now = 1_800_000_000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def journal(tmp_path: Path) -> Iterator[Journal]:
    with Journal(tmp_path / "decisions.jsonl") as opened:
        yield opened


@pytest.fixture
def make(opened: OpenedData, journal: Journal, clock: Clock) -> Callable[..., Desk]:
    def made(*, overlap: int = 1, **more: Any) -> Desk:
        votes = Votes(len(opened.row_ids), overlap)
        replay(opened, journal, votes)
        return Desk(opened, quarantined(opened, **more), journal, votes, overlap=overlap, clock=clock)

    return made


def given(desk: Desk, seat: Seat) -> Ticket:
    ticket = desk.current(seat)
    assert ticket is not None
    return ticket


def decide(desk: Desk, seat: Seat, vote: Vote = Vote.ACCEPTED, **more: Any) -> int:
    ticket = given(desk, seat)
    desk.decide(seat, ticket.name, vote, **more)
    return ticket.position


def test_a_decision_names_row_person_time_and_what_was_looked_at(
    make: Callable[..., Desk], journal: Journal, clock: Clock, opened: OpenedData
) -> None:
    desk = make()
    ticket = given(desk, ANA)
    clock.now += 2.5
    desk.decide(ANA, ticket.name, Vote.REJECTED, comment="13-2 is 11")
    (line,) = read_lines(journal.path)
    row = opened.row(int(desk.queue.places[0]))
    assert line == {
        **{name: row[name] for name in ("row_id", "id", "source", "row", "format", "reason")},
        "group": "arithmetic_error",
        "decision": "rejected",
        "annotator": "ana",
        "time": "2027-01-15T08:00:02.500+00:00",
        "act": ticket.name,
        "queue": "quarantined",
        "data": opened.manifest.fingerprint[:16],
        "suite": None,
        "seconds": 2.5,
        "comment": "13-2 is 11",
    }


def test_everybody_gets_every_row_once_and_nobody_the_same(make: Callable[..., Desk]) -> None:
    desk = make()
    seen = [decide(desk, (ANA, BEN)[at % 2]) for at in range(24)]
    assert sorted(seen) == [*range(24)]
    assert desk.current(ANA) is None
    assert desk.left(BEN) == 0


def test_a_clock_that_is_set_back_makes_no_later_decision_an_earlier_one(
    make: Callable[..., Desk], journal: Journal, clock: Clock
) -> None:
    desk = make()
    given(desk, BEN)
    decide(desk, ANA)
    clock.now -= 3600
    desk.undo(ANA)
    decide(desk, ANA, Vote.REJECTED)
    again = make()
    clock.now -= 3600
    decide(again, ANA)
    decide(again, BEN)
    *of_ana, of_ben = read_lines(journal.path)
    assert [line["decision"] for line in of_ana] == ["accepted", "undone", "rejected", "accepted"]
    assert len({line["time"] for line in of_ana}) == 1
    assert of_ben["time"] < of_ana[0]["time"]
    assert min(line.get("seconds", 0) for line in [*of_ana, of_ben]) >= 0
    assert given(again, ANA).position == given(again, BEN).position - 1


def test_a_row_that_somebody_looks_at_is_kept_for_them_until_it_expires(
    make: Callable[..., Desk], clock: Clock
) -> None:
    desk = make()
    first = given(desk, ANA)
    assert given(desk, ANA) == first
    assert given(desk, BEN).position != first.position
    clock.now += RESERVED_S + 1
    desk.decide(BEN, given(desk, BEN).name, Vote.ACCEPTED)
    assert given(desk, BEN).position == first.position + 2
    desk.jump(BEN, 0)
    assert given(desk, BEN).position == first.position
    desk.decide(BEN, given(desk, BEN).name, Vote.ACCEPTED)
    with pytest.raises(StaleFormError, match="somebody else decided that row"):
        desk.decide(ANA, first.name, Vote.REJECTED)
    assert given(desk, ANA).position not in (first.position, first.position + 1)


def test_a_form_that_comes_twice_counts_once(make: Callable[..., Desk], journal: Journal) -> None:
    desk = make()
    ticket = given(desk, ANA)
    desk.decide(ANA, ticket.name, Vote.ACCEPTED)
    for _ in range(2):
        with pytest.raises(StaleFormError, match="answered already"):
            desk.decide(ANA, ticket.name, Vote.REJECTED)
    with pytest.raises(StaleFormError):
        make().decide(ANA, ticket.name, Vote.REJECTED)
    assert len(read_lines(journal.path)) == 1


def test_with_an_overlap_two_people_look_at_each_row_and_disagreement_is_ruled_on(make: Callable[..., Desk]) -> None:
    desk = make(overlap=2)
    assert [decide(desk, ANA, Vote.ACCEPTED) for _ in range(24)] == [*range(24)]
    assert [decide(desk, BEN, Vote.REJECTED if at < 2 else Vote.ACCEPTED) for at in range(24)] == [*range(24)]
    assert desk.current(Seat("cora")) is None
    assert desk.left(EVA) == 2
    assert [decide(desk, EVA, Vote.REJECTED) for _ in range(2)] == [0, 1]
    assert desk.current(EVA) is None


def test_a_skipped_row_comes_again_at_the_end(make: Callable[..., Desk]) -> None:
    desk = make()
    assert decide(desk, ANA, Vote.SKIPPED) == 0
    assert [decide(desk, ANA) for _ in range(24)] == [*range(1, 24), 0]
    assert desk.current(ANA) is None


def test_undo_takes_back_and_shows_the_row_again_also_after_a_restart(
    make: Callable[..., Desk], journal: Journal
) -> None:
    desk = make()
    for _ in range(3):
        decide(desk, ANA)
    again = make()
    assert given(again, ANA).position == 3
    assert again.undo(ANA) == 1
    assert given(again, ANA).position == 2
    assert again.undo(ANA) == 1
    assert given(again, ANA).position == 1
    assert make().left(ANA) == 23
    assert [line["decision"] for line in read_lines(journal.path)] == ["accepted"] * 3 + ["undone"] * 2
    assert read_lines(journal.path)[-1]["reason"] == "arithmetic_error"
    assert again.undo(BEN) == 0


def test_a_group_is_settled_after_a_sample_and_undone_as_one(make: Callable[..., Desk], journal: Journal) -> None:
    desk = make()
    for _ in range(4):
        decide(desk, ANA)
    with pytest.raises(StaleFormError, match="look at 5 rows of arithmetic error first"):
        desk.settle(ANA, 0, Vote.ACCEPTED)
    decide(desk, ANA)
    given(desk, BEN)
    assert desk.settle(ANA, 0, Vote.REJECTED) == 19
    assert desk.current(BEN) is not None
    assert desk.left(ANA) == 0
    lines = read_lines(journal.path)
    assert [line["decision"] for line in lines] == ["accepted"] * 5 + ["rejected"] * 19
    assert {line["together"] for line in lines[5:]} == {19}
    assert make().left(ANA) == 0
    assert desk.undo(ANA) == 19
    assert desk.left(ANA) == 19


def test_control_items_are_mixed_in_blindly_and_named_in_the_file(
    make: Callable[..., Desk], opened: OpenedData, journal: Journal
) -> None:
    hidden = [opened.row(int(place))["row_id"] for place in quarantined(opened).places[:2]]
    desk = make(controls=dict.fromkeys(hidden, Decision.REJECTED))
    seen = [decide(desk, ANA) for _ in range(24)]
    assert sorted(seen) == [*range(24)]
    lines = read_lines(journal.path)
    controls = [at for at, line in enumerate(lines) if line.get("control")]
    assert len(controls) == 2
    assert controls[1] - controls[0] == 10
    assert {lines[at]["row_id"] for at in controls} == set(hidden)
    assert {lines[at]["expected"] for at in controls} == {"rejected"}


def test_a_corrected_answer_is_a_reviewers_acceptance_and_a_corrected_text_a_new_row(
    make: Callable[..., Desk], journal: Journal
) -> None:
    desk = make()
    decide(desk, ANA, corrected={"answer": "24"})
    decide(desk, ANA, corrected={"question": "q", "solution": "s", "answer": "24"})
    first, second = read_lines(journal.path)
    assert (first["reviewer"], first["decision"], first["corrected"]) == ("ana", "accepted", {"answer": "24"})
    assert (second["reviewer"], second["decision"]) == ("ana", "rejected")
    assert "annotator" not in first
    assert given(desk, BEN).position == 2


def test_an_audit_says_what_is_right_about_a_rule_and_decides_nothing(
    opened: OpenedData, journal: Journal, clock: Clock
) -> None:
    votes = Votes(len(opened.row_ids), 1)
    desk = Desk(opened, audit(opened, 3), journal, votes, clock=clock)
    for vote in (Vote.ACCEPTED, Vote.REJECTED, Vote.UNSURE):
        decide(desk, ANA, vote)
    lines = read_lines(journal.path)
    assert [line["verdict"] for line in lines] == ["right", "wrong", "unsure"]
    assert not any("decision" in line for line in lines)
    again = Votes(len(opened.row_ids), 1)
    assert replay(opened, journal, again) == []
    assert again.looks == votes.looks


def test_decisions_about_rows_that_are_gone_are_told_and_not_counted(opened: OpenedData, journal: Journal) -> None:
    journal.append([{"row_id": "f" * 32, "decision": "accepted", "annotator": "ana", "act": "1"}])
    votes = Votes(len(opened.row_ids), 1)
    assert replay(opened, journal, votes) == ["f" * 32]
    assert not any(votes.looks)


def test_a_disk_that_is_full_leaves_the_row_undecided(make: Callable[..., Desk], journal: Journal) -> None:
    desk = make()
    ticket = given(desk, ANA)
    with small_disk(100), pytest.raises(OSError, match="File too large"):
        desk.decide(ANA, ticket.name, Vote.ACCEPTED)
    assert (given(desk, ANA), desk.left(ANA), journal.path.read_bytes()) == (ticket, 24, b"")
    desk.decide(ANA, ticket.name, Vote.ACCEPTED)
    assert desk.left(ANA) == 23
