"""The numbers of report.json from a small judgement: they add up, and each has one source."""

from pathlib import Path

import pytest

from schemas.requirements import Recheck, Validate
from tests.validation.dataset.handmade import BENCHMARK_ITEMS, edit_manifest, examples, removals, write_data
from validation.dataset.gate import Judgement, judge
from validation.dataset.report.measurements import contamination, funnel, measurements, reasons, shares


def judged(folder: Path) -> Judgement:
    return judge(folder, Validate(recheck=Recheck(sample=0)))


@pytest.fixture(scope="module")
def judgement(tmp_path_factory: pytest.TempPathFactory) -> Judgement:
    return judged(write_data(tmp_path_factory.mktemp("data"), lost=[*removals(), {**removals()[0], "id": "x9-pot"}]))


def test_the_funnel_ends_at_what_was_kept(judgement: Judgement) -> None:
    steps = {step["stage"]: (step["removed"], step["quarantined"], step["left"]) for step in funnel(judgement)}
    assert steps == {
        "read": (1, 0, 76),
        "decontaminate": (1, 0, 75),
        "verify": (2, 0, 73),
        "identify": (0, 1, 72),
    }


def test_a_stage_that_was_left_out_stands_in_the_funnel(tmp_path: Path) -> None:
    edit_manifest(write_data(tmp_path), reseal=True, skipped=["label"])
    steps = {step["stage"]: step for step in funnel(judged(tmp_path))}
    assert (steps["label"]["skipped"], steps["label"]["removed"], steps["read"]["skipped"]) == (True, 0, False)


def test_reasons_are_counted_by_source_the_most_frequent_first(judgement: Judgement) -> None:
    first, *others = reasons(judgement)
    assert (first["reason"], first["outcome"], first["candidates"]) == ("answer_mismatch", "removed", 2)
    assert first["sources"] == {"shop": 2}
    assert [one["reason"] for one in others] == ["answer_conflict", "benchmark_exact", "parse_error"]
    assert {row["id"] for row in first["examples"]} == {"x0001-cot", "x9-pot"}


def test_a_reason_that_nobody_knows_is_told_as_such(tmp_path: Path) -> None:
    folder = write_data(tmp_path, lost=[{**removals()[0], "reason": "moonlight"}])
    (only,) = reasons(judged(folder))
    assert (only["reason"], only["meaning"]) == ("moonlight", "not a known reason")


def test_leaks_are_told_by_tier_apart_from_those_that_are_still_found(tmp_path: Path, judgement: Judgement) -> None:
    taken = contamination(judgement)
    assert taken["items"] == {"farm": 2}
    assert (taken["by_benchmark"]["farm"]["benchmark_exact"], taken["leaks_found"]) == (1, [])
    rows = examples()
    rows[0] = rows[0] | {"question": BENCHMARK_ITEMS[1][0].lower()}
    found = contamination(judged(write_data(tmp_path, rows)))
    assert found["by_benchmark"]["farm"]["still_exact"] == 1
    assert [leak["id"] for leak in found["leaks_found"]] == ["r0000-cot"]


def test_every_number_is_plain_json_and_the_rows_are_counted_once(judgement: Judgement) -> None:
    numbers = measurements(judgement)
    assert (numbers["rows"], numbers["counts"]["kept"], sum(numbers["splits"].values())) == (72, 72, 72)
    assert sum(numbers["categories"]["format"].values()) == 72
    assert sum(entry["candidates"] for entry in numbers["ledger"]) == numbers["counts"]["candidates"] == 77
    assert numbers["concentration"]["problems"] == {"distinct": 24, "largest": 3, "share": 3 / 72}


def test_shares_are_of_all_groups_and_of_nothing_they_are_nothing() -> None:
    measured = shares({"pot": [1, 30, 0.5], "cot": [3, 10, 1.5]})
    assert [*measured] == ["cot", "pot"]
    assert measured["pot"] == {"rows": 1, "share_of_rows": 0.25, "share_of_characters": 0.75, "share_of_j": 0.25}
    assert shares({"cot": [0, 0, 0.0]})["cot"]["share_of_rows"] == 0
