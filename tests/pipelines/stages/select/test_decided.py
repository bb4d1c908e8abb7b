"""What people say about a row, on literal reviews."""

import json
from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from pipelines.sources.files.scan import scan
from pipelines.stages.select.decided import Settled, read_reviews, settle
from schemas.exits import UserError
from schemas.problem import Decision
from schemas.reviews import Reviews
from tests.tiny import write_rows


def said(row: str = "r1", **fields: Any) -> dict[str, Any]:
    return {"row_id": row, **fields}


def vote(annotator: str, decision: str = "accepted", row: str = "r1", **fields: Any) -> dict[str, Any]:
    return said(row, annotator=annotator, decision=decision, **fields)


def read(folder: Path, *rows: Mapping[str, Any]) -> list[dict[str, Any]]:
    path = write_rows(folder / "reviews.jsonl", [dict(row) for row in rows])
    found: list[dict[str, Any]] = read_reviews([str(path)])[0].to_pylist()
    return found


def settled(folder: Path, *rows: Mapping[str, Any], reference: str | None = "1/2") -> Settled:
    about = [row for row in read(folder, *rows) if row["row"] == "r1"]
    return settle(about, reference, "How much is half of one?", "en", {})


def test_votes_are_counted_by_the_value_of_the_answer(tmp_path: Path) -> None:
    answers = [
        said(annotator=name, answer=answer) for name, answer in zip("abcd", ("1/2", "0.5", "50/100", "2"), strict=True)
    ]
    human = settled(tmp_path, *answers)
    assert (human.selection.votes, human.selection.agreement) == (4, 0.75)
    assert human.selection.decision is Decision.ACCEPTED
    assert human.decisions == (*[Decision.ACCEPTED] * 3, Decision.REJECTED)


def test_an_answer_that_nothing_can_be_compared_with_is_no_decision(tmp_path: Path) -> None:
    human = settled(tmp_path, said(annotator="a", answer="1/2"), reference=None)
    assert (human.selection.decision, human.selection.votes, human.decisions) == (None, 1, (None,))


def test_one_person_has_one_vote_the_later_by_time(tmp_path: Path) -> None:
    late = vote("ada", "rejected", time="2026-03-02T10:00:00")
    early = vote("ada", "accepted", time="2026-03-01T10:00:00+00:00")
    human = settled(tmp_path, late, early)
    assert (human.selection.decision, human.selection.votes) == (Decision.REJECTED, 1)
    assert [row["superseded"] for row in read(tmp_path, late, early)] == [False, True]


def test_a_person_who_names_a_row_in_two_ways_still_has_one_vote(tmp_path: Path) -> None:
    by_key = Reviews.model_validate({"path": str(tmp_path / "k.jsonl"), "key": "nr", "columns": {"row": "nr"}})
    write_rows(tmp_path / "k.jsonl", [{"nr": 7, "annotator": "ada", "decision": "rejected", "time": 2}])
    write_rows(tmp_path / "i.jsonl", [vote("ada", "accepted", time=1)])
    rows = read_reviews([by_key, str(tmp_path / "i.jsonl")])[0].to_pylist()
    human = settle(rows, None, "", "en", {})
    assert (human.selection.votes, human.selection.decision) == (1, Decision.REJECTED)


def test_without_times_the_later_line_stands(tmp_path: Path) -> None:
    human = settled(tmp_path, vote("ada", "rejected"), vote("ada", "accepted"))
    assert (human.selection.decision, human.selection.votes) == (Decision.ACCEPTED, 1)


def test_two_people_have_two_votes_and_equal_votes_settle_nothing(tmp_path: Path) -> None:
    human = settled(tmp_path, vote("ada", "rejected"), vote("bo", "accepted"))
    assert (human.selection.decision, human.selection.votes, human.tied) == (None, 2, True)
    assert human.selection.agreement == 0.5


def test_a_reviewer_stands_over_the_votes_and_the_row_is_marked(tmp_path: Path) -> None:
    votes = [vote("ada", "rejected"), vote("bo", "rejected")]
    human = settled(tmp_path, *votes, said(reviewer="cleo", decision="accepted", confidence=0.9))
    assert human.selection.decision is Decision.ACCEPTED
    assert (human.selection.reviewer, human.selection.confidence, human.selection.votes) == ("cleo", 0.9, 2)
    assert (human.selection.adjudicated, human.remark) == (True, "adjudicated by cleo over 2 votes")
    assert (settled(tmp_path, *votes).selection.adjudicated, settled(tmp_path, *votes).remark) == (False, None)


def test_control_items_weigh_annotators(tmp_path: Path) -> None:
    controls = [vote("careful", "rejected", row=f"c{i}", expected="rejected") for i in range(8)]
    controls += [vote(name, "accepted", row=f"c{i}", expected="rejected") for name in ("yes", "ja") for i in range(8)]
    judged = [vote("careful", "rejected"), vote("yes"), vote("ja")]
    assert settled(tmp_path, *controls, *judged).selection.decision is Decision.REJECTED
    assert settled(tmp_path, *judged).selection.decision is Decision.ACCEPTED
    weights = {row["annotator"]: row["weight"] for row in read(tmp_path, *controls, *judged)}
    assert weights == {"careful": 0.9, "yes": 0.1, "ja": 0.1}


def test_a_control_item_may_be_answered_and_is_known_as_one(tmp_path: Path) -> None:
    rows = read(tmp_path, said(annotator="a", answer="0.50", expected="1/2"))
    assert [(row["control"], row["weight"]) for row in rows] == [(True, pytest.approx(2 / 3))]
    assert settled(tmp_path, said(annotator="a", answer="0.50", expected="1/2")).control
    assert settled(tmp_path, vote("a", control="true")).control
    assert not settled(tmp_path, vote("a", control="false")).control


def test_an_acceptance_overrules_the_quarantine_that_it_names_and_no_other(tmp_path: Path) -> None:
    accepted = settled(tmp_path, said(decision="accepted", reason="arithmetic_error"))
    assert accepted.overruled == ("arithmetic_error",)
    assert settled(tmp_path, said(decision="accepted")).overruled == ()
    assert settled(tmp_path, said(decision="rejected", reason="arithmetic_error")).overruled == ()


@pytest.mark.parametrize("reason", ["benchmark_exact", "program_error", "judge_crash", "no_such_reason"])
def test_what_is_wrong_by_itself_cannot_be_overruled(tmp_path: Path, reason: str) -> None:
    assert settled(tmp_path, said(decision="accepted", reason=reason)).overruled == ()


def test_a_second_round_adds_to_the_first_and_a_change_of_mind_takes_back(tmp_path: Path) -> None:
    first, second = (said(decision="accepted", reason=why) for why in ("arithmetic_error", "answer_conflict"))
    assert settled(tmp_path, first, second).overruled == ("answer_conflict", "arithmetic_error")
    back = {**first, "decision": "rejected"}
    assert settled(tmp_path, first, second, back, second).overruled == ("answer_conflict",)


def test_lines_that_are_not_decided_say_nothing(tmp_path: Path) -> None:
    assert read(tmp_path, said(decision=None), said(decision=""), said(annotator="ada")) == []


@pytest.mark.parametrize("word", ["unsure", "skip", "ignore", "undone", "Unsure ", "SKIPPED"])
def test_who_does_not_decide_says_so_in_any_word_and_has_no_vote(tmp_path: Path, word: str) -> None:
    human = settled(tmp_path, vote("ada", word), vote("bo", "rejected"))
    assert (human.selection.votes, human.selection.decision) == (1, Decision.REJECTED)
    human = settled(tmp_path, vote("ada", word))
    assert (human.selection.votes, human.selection.decision, human.tied, human.decisions) == (
        None,
        None,
        False,
        (None,),
    )


def test_a_later_undecided_word_takes_back_what_the_person_decided(tmp_path: Path) -> None:
    why = {"reason": "arithmetic_error"}
    taken_back = settled(tmp_path, vote("ada", time=1, **why), vote("ada", "undone", time=2, **why))
    assert (taken_back.selection.decision, taken_back.overruled) == (None, ())
    again = settled(tmp_path, vote("ada", "unsure", time=1, **why), vote("ada", time=2, **why))
    assert (again.selection.decision, again.overruled) == (Decision.ACCEPTED, ("arithmetic_error",))
    untouched = settled(tmp_path, vote("ada", time=1, **why), vote("ada", "", time=2, **why))
    assert untouched.selection.decision is Decision.ACCEPTED


def test_an_undecided_word_weighs_nobody(tmp_path: Path) -> None:
    rows = read(tmp_path, *(vote("ada", word, row=f"c{word}", expected="rejected") for word in ("unsure", "rejected")))
    assert [row["weight"] for row in rows] == [pytest.approx(2 / 3)] * 2


def test_comments_are_kept_also_of_who_did_not_decide(tmp_path: Path) -> None:
    rows = read(tmp_path, vote("ada", comment=" the unit is lost "), vote("bo", "unsure", comment="which year?"))
    assert [row["comment"] for row in rows] == ["the unit is lost", "which year?"]


def test_a_corrected_answer_is_a_reviewers_acceptance(tmp_path: Path) -> None:
    line = said(annotator="ada", corrected={"answer": "3/4"}, reason="suspect_gold")
    human = settled(tmp_path, vote("bo", "rejected"), vote("cy", "rejected"), line)
    assert (human.selection.decision, human.selection.reviewer) == (Decision.ACCEPTED, "ada")
    assert (human.corrected, human.overruled) == ("3/4", ("suspect_gold",))
    mended = settled(tmp_path, said(reviewer="ada", decision="rejected", corrected={"answer": "3/4", "solution": "s"}))
    assert (mended.selection.decision, mended.corrected) == (Decision.REJECTED, None)
    assert settled(tmp_path, {**line, "decision": "undone"}).selection.decision is None


def test_fields_may_have_other_names(tmp_path: Path) -> None:
    path = tmp_path / "campaign.csv"
    path.write_text("problem,who,ok,when\n7,ada,yes,1700000000\n", encoding="utf-8")
    names = {"row": "problem", "annotator": "who", "decision": "ok", "time": "when"}
    table, files = read_reviews([Reviews.model_validate({"path": str(path), "key": "nr", "columns": names})])
    (row,) = table.to_pylist()
    assert {name: row[name] for name in ("key", "row", "annotator", "decision", "time")} == {
        "key": "nr", "row": "7", "annotator": "ada", "decision": "accepted", "time": 1.7e9,
    }  # fmt: skip
    assert [file.path for file in files] == [str(path)]


@pytest.mark.parametrize(
    ("line", "telling"),
    [
        (vote("ada", "maybe"), ("record 1", "'maybe'", "accepted, rejected, unsure or empty")),
        (vote("ada", time="yesterday"), ("record 1", "'yesterday'", "ISO 8601")),
        (vote("ada", confidence=90), ("record 1", "confidence is 90", "0 to 1")),
        (said("", decision="accepted"), ("record 1", "row_id")),
    ],
)
def test_a_line_that_cannot_be_understood_is_named(tmp_path: Path, line: dict[str, Any], telling: tuple[str]) -> None:
    with pytest.raises(UserError) as told:
        read(tmp_path, line)
    assert all(word in str(told.value) for word in telling), told.value


@pytest.mark.parametrize(("place", "position"), [(7, 7), (2**63, None), (-1, None), (True, None), ("7", None)])
def test_a_place_that_no_row_has_says_nothing(tmp_path: Path, place: object, position: int | None) -> None:
    assert [row["position"] for row in read(tmp_path, vote("ada", row="r1") | {"row": place})] == [position]


def passed_over(path: Path) -> tuple[list[str], list[str]]:
    """The rows that a file of reviews decides, and what is told of it."""
    notes: list[str] = []
    table, _ = read_reviews([str(path)], on_note=notes.append)
    return table["row"].to_pylist(), notes


def test_a_last_line_that_a_kill_cut_anywhere_is_told_and_passed_over(tmp_path: Path) -> None:
    path = write_rows(tmp_path / "decisions.jsonl", [vote("ada"), vote("bén π", row="r2")])
    whole = path.read_bytes()
    first = whole.index(b"\n") + 1
    for cut in range(first + 1, len(whole) - 1):
        path.write_bytes(whole[:cut])
        rows, notes = passed_over(path)
        assert rows == ["r1"]
        assert len(notes) == 1
        assert f"{path}: the last {cut - first} byte" in notes[0]
    for there in (whole, whole[:-1]):  # a whole line without its end counts: people's files end so
        path.write_bytes(there)
        assert passed_over(path) == (["r1", "r2"], [])
    path.write_bytes(whole[:first] + b"\0" * 50)  # what a power cut leaves
    assert passed_over(path)[0] == ["r1"]
    for cut in range(1, first - 1):
        path.write_bytes(whole[:cut])
        rows, notes = passed_over(path)
        assert (rows, len(notes)) == ([], 1)
    path.write_bytes(b"")
    assert passed_over(path) == ([], [f"{path}: holds no decision"])


@pytest.mark.parametrize("broken", ['{"row_id": "r2", "deci\n', '{"row_id": "r2", "decision": "\xff"}\n'])
def test_a_broken_line_with_others_behind_it_or_with_its_end_is_an_error(tmp_path: Path, broken: str) -> None:
    path = write_rows(tmp_path / "reviews.jsonl", [vote("ada"), vote("ben")])
    first, second = path.read_text("utf-8").splitlines(keepends=True)
    torn = '{"row_id": "r4", "dec'
    for text in (f"{first}{broken}{second}", f"{first}{broken}{torn}", f"{first}{broken}"):
        path.write_text(text, "latin-1")
        with pytest.raises(UserError, match=r"record 2: (parse_error|bad_encoding)"):
            passed_over(path)


def test_a_group_counts_whole_or_not_at_all_wherever_its_writer_is(tmp_path: Path) -> None:
    path = tmp_path / "decisions.jsonl"
    group = [vote("ada", row=f"r{at}", act="2", together=3) for at in (2, 3, 4)]
    whole = write_rows(path, [vote("ada", act="1"), *group]).read_bytes()
    first = whole.index(b"\n") + 1
    for cut in range(first + 1, len(whole)):
        path.write_bytes(whole[:cut])
        rows, notes = passed_over(path)
        assert (rows, len(notes)) == ((["r1", "r2", "r3", "r4"], 0) if cut == len(whole) - 1 else (["r1"], 1))
    write_rows(path, [vote("ada", act="1"), *group, vote("ada", "rejected", act="3")])
    assert passed_over(path) == (["r1", "r2", "r3", "r4", "r1"], [])


def test_a_file_over_several_stretches_is_read_up_to_its_last_whole_act(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("pipelines.stages.select.decided.scan", partial(scan, split_bytes=100))
    path = write_rows(tmp_path / "decisions.jsonl", [vote("ada", row=f"r{at}") for at in range(9)])
    group = [vote("ada", row=f"g{at}", act="2", together=9) for at in range(8)]
    with path.open("a") as file:
        file.writelines(json.dumps(line) + "\n" for line in group)
    rows, notes = passed_over(path)
    assert (rows, len(notes)) == ([f"r{at}" for at in range(9)], 1)
