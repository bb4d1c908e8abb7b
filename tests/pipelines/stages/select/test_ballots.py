"""Decisions of people as a table, beside the same rules said row by row."""

import random
from collections.abc import Sequence
from typing import Any

import pytest

from pipelines.stages.select.ballots import REVIEW_SCHEMA, gathered, moment, person_of

_NOBODY = dict.fromkeys(field.name for field in REVIEW_SCHEMA)


def decision(**fields: Any) -> dict[str, Any]:
    return _NOBODY | {"file": "f", "row": "a", "control": False} | fields


def crowd(count: int) -> list[dict[str, Any]]:
    choice = random.Random(3)
    return [
        decision(
            file=choice.choice(("f", "g")),
            key=choice.choice((None, "nr")),
            row=str(choice.randrange(count // 4)),
            annotator=choice.choice((None, "", "ada", "ben", "cem")),
            reviewer=choice.choice((None, None, None, "ada", "dot")),
            decision=choice.choice((None, "accepted", "rejected")),
            answer=choice.choice((None, "1/2", "3")),
            reason=choice.choice((None, "answer_mismatch")),
            time=choice.choice((None, 1.0, 2.0, 3.0)),
            control=choice.random() < 0.1,
            expected=choice.choice((None, "accepted", "0.5")),
        )
        for _ in range(count)
    ]


def taken_again(rows: Sequence[dict[str, Any]], *about: str) -> list[bool]:
    marks, latest = [False] * len(rows), dict[tuple[Any, ...], int]()
    for at, row in sorted(enumerate(rows), key=lambda placed: (moment(placed[1]), placed[0])):
        seat = (*(row[name] for name in about), person_of(row), row["reviewer"] is None)
        if seat in latest:
            marks[latest[seat]] = True
        latest[seat] = at
    return marks


@pytest.mark.parametrize("count", [1, 40, 10_003])
def test_what_stands_is_what_looking_at_one_decision_after_the_other_says(count: int) -> None:
    rows = crowd(max(count, 4))[:count]
    table = gathered(rows)
    assert table.schema == REVIEW_SCHEMA
    assert table.column("superseded").to_pylist() == taken_again(rows, "key", "row")
    assert table.column("withdrawn").to_pylist() == taken_again(rows, "key", "row", "reason")
    given = [name for name in _NOBODY if name not in ("superseded", "withdrawn", "weight")]
    assert table.select(given).to_pylist() == [{name: row[name] for name in given} for row in rows]
    assert count < 40 or {True, False} == set(table.column("superseded").to_pylist())


def weights(*rows: dict[str, Any]) -> list[float]:
    found: list[float] = gathered(rows).column("weight").to_pylist()
    return found


def test_people_weigh_what_control_items_show_of_them_wherever_these_stand() -> None:
    control = [decision(row=str(n), annotator="ada", decision="accepted", control=True) for n in range(3)]
    rules = [decision(row=str(n), reviewer="dot", decision=kind) for n, kind in enumerate(("accepted", "rejected"))]
    others = [decision(row=f"x{n}", annotator="ben", decision="accepted") for n in range(9_999)]
    found = weights(*control, *others, *rules)
    assert found[:3] == [(1 + 1) / (2 + 2)] * 3  # of three controls two were ruled on, and she was right once
    assert set(found[3:]) == {0.5}


def test_an_answer_is_right_by_its_value() -> None:
    rows = [decision(annotator=name, answer=answer, expected="1/2", control=True) for name, answer in ANSWERS]
    assert weights(*rows) == [2 / 3, 1 / 3, 2 / 3]


ANSWERS = (("ada", "0.5"), ("ben", "2"), ("cem", "50/100"))


def test_no_decisions_are_a_table_without_rows() -> None:
    assert gathered([]).equals(REVIEW_SCHEMA.empty_table())
