from typing import Any

import pytest

from pipelines.review.votes import Code, Votes, is_vote
from schemas.problem import Decision


def vote(person: str, decision: str, act: str, **more: Any) -> dict[str, Any]:
    return {"annotator": person, "decision": decision, "act": act, "reason": "arithmetic_error", **more}


def ruling(person: str, decision: str, act: str, **more: Any) -> dict[str, Any]:
    return {"reviewer": person, "decision": decision, "act": act, "reason": "arithmetic_error", **more}


def test_the_last_vote_of_a_person_stands() -> None:
    votes = Votes(3, overlap=1)
    votes.add(1, vote("ana", "accepted", "1"))
    votes.add(1, vote("ana", "rejected", "2"))
    assert votes.on(1) == {"ana": Code.REJECTED}
    assert list(votes.looks) == [0, 1, 0]


def test_a_skip_is_no_look_and_comes_again() -> None:
    votes = Votes(3, overlap=1)
    votes.add(2, vote("ana", "skip", "1"))
    assert (list(votes.looks), [*votes.skipped["ana"]]) == ([0, 0, 0], [2])
    votes.add(2, vote("ana", "unsure", "2"))
    assert (list(votes.looks), [*votes.skipped["ana"]]) == ([0, 0, 1], [])


def test_an_undone_act_leaves_nothing_of_itself() -> None:
    votes = Votes(3, overlap=1)
    votes.add(0, vote("ana", "accepted", "1", comment="looks right"))
    for row in (1, 2):
        votes.add(row, vote("ana", "rejected", "2"))
    act = votes.last_act("ana")
    assert act is not None
    assert act.rows == [(1, "arithmetic_error"), (2, "arithmetic_error")]
    for row, _ in act.rows:
        votes.add(row, vote("ana", "undone", "3", undoes="2"))
    assert list(votes.looks) == [1, 0, 0]
    votes.add(0, vote("ana", "undone", "4", undoes="1"))
    assert (list(votes.looks), votes.comments[0], votes.last_act("ana")) == ([0, 0, 0], [], None)


def test_what_people_do_not_agree_on_is_disputed_until_somebody_rules() -> None:
    votes = Votes(4, overlap=2)
    for row, others in enumerate(("rejected", "accepted", "unsure")):
        votes.add(row, vote("ana", "accepted", f"a{row}"))
        votes.add(row, vote("ben", others, f"b{row}"))
    votes.add(3, vote("ana", "unsure", "a3"))
    assert [*votes.disputed] == [0, 2]
    votes.add(0, ruling("eva", "accepted", "e0"))
    assert ([*votes.disputed], votes.ruled) == ([2], {0: "accepted"})
    votes.add(0, ruling("eva", "undone", "e1", undoes="e0"))
    assert ([*votes.disputed], votes.ruled) == ([2, 0], {})


def test_agreement_is_measured_over_rows_that_two_people_decided() -> None:
    votes = Votes(3, overlap=2)
    votes.add(0, vote("ana", "accepted", "1"))
    votes.add(0, vote("ben", "rejected", "2"))
    votes.add(1, vote("ana", "accepted", "3"))
    votes.add(1, vote("ben", "unsure", "4"))
    assert votes.units() == [{"ana": Decision.ACCEPTED, "ben": Decision.REJECTED}]


@pytest.mark.parametrize(
    ("line", "known"),
    [
        (vote("ana", "accepted", "1"), True),
        (vote("ana", "undone", "1"), True),
        (vote("ana", "perhaps", "1"), False),
        ({"annotator": "ana", "decision": "accepted"}, False),
        ({"decision": "accepted", "act": "1"}, False),
        ({"annotator": "ana", "decision": ["accepted"], "act": "1"}, False),
    ],
)
def test_lines_of_other_hands_are_told_from_the_pages_own(line: dict[str, Any], known: bool) -> None:
    assert is_vote(line) is known
