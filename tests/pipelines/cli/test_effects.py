"""What a run did otherwise than its user may think is told."""

from pathlib import Path
from typing import Any

import pytest

from pipelines.cli.effects import effects, reviews_of
from pipelines.curate import curate
from pipelines.output.reader import read_ledger
from tests.tiny import config_of, gsm8k_row, marbles, read_streams, source, write_rows

SHORT = gsm8k_row("Eh?", "2+2=<<2+2=4>>4", 4)
WRONG = gsm8k_row("How many pens are 3 pens and 4 pens?", "3+4=<<3+4=8>>8", 8)


def told(
    folder: Path, reviews: list[dict[str, Any]], *, before: tuple[str, ...] = (), min_heldout: int = 0, **curated: Any
) -> list[str]:
    """What is told of a run over marbles, a short row (6) and one with a wrong calculation (7)."""
    path = folder / "rows.jsonl"
    school = source(write_rows(path, [*marbles(6), SHORT, WRONG]))
    settings = {"screen": {"min_chars": 5}, "heldout": 0.0, "isolation": "weak"} | curated
    plain = curate(config_of(school, **settings), folder / "plain")
    ids = {row["row"]: row["row_id"] for row in read_streams(folder / "plain", "ledger/*.arrow")}
    named = [{**review, "row_id": ids[review["row_id"]]} for review in reviews]
    files = [str(write_rows(folder / "reviews.jsonl", named))] if named else []
    manifest = curate(config_of(school, reviews=files, **settings), folder / "data")
    ledger = read_ledger(folder / "data", manifest)
    assert plain.counts.candidates == manifest.counts.candidates
    return list(effects(manifest, ledger, folder / "data", before=before, min_heldout=min_heldout))


def accepted(row: int, reason: str | None = None, reviewer: str = "bo") -> dict[str, Any]:
    return {"row_id": row, "decision": "accepted", "reviewer": reviewer, "reason": reason}


def test_a_decision_without_effect_says_why(tmp_path: Path) -> None:
    assert told(tmp_path, [accepted(6, "too_short"), accepted(0)]) == [
        "1 decision had no effect: too_short cannot be accepted"
    ]


def test_an_acceptance_of_something_else_has_no_effect_and_one_of_the_reason_has(tmp_path: Path) -> None:
    assert told(tmp_path / "other", [accepted(7, "truncated")]) == [
        "1 decision had no effect: their rows fell to arithmetic_error"
    ]
    assert told(tmp_path / "same", [accepted(7, "arithmetic_error")]) == []
    rejected = {**accepted(6), "decision": "rejected"}
    assert told(tmp_path / "rejected", [rejected]) == []


def test_reviews_that_are_no_longer_named_are_told(tmp_path: Path) -> None:
    (line,) = told(tmp_path, [], before=("old.jsonl",))
    assert line.startswith("the data that stood here before had reviews that this run does not name: old.jsonl; ")
    same = str(tmp_path / "again/reviews.jsonl")
    assert told(tmp_path / "again", [accepted(0)], before=(same,)) == []
    assert reviews_of({"reviews": ["a.jsonl", {"path": "b.csv", "key": "id"}]}) == ["a.jsonl", "b.csv"]


@pytest.mark.parametrize(
    ("share", "least", "gate"), [(0.0001, 0, False), (0.0001, 2, True), (0.0, 1, True), (0.0, 0, None)]
)
def test_an_empty_heldout_split_is_told_with_its_key(
    tmp_path: Path, share: float, least: int, gate: bool | None
) -> None:
    lines = told(tmp_path, [], heldout=share, min_heldout=least)
    assert len(lines) == (gate is not None)
    for line in lines:
        assert "examples of 6 in the heldout split: curate.heldout is" in line
        assert ("validate.min_heldout" in line) is gate
