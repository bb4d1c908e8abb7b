"""What a run did otherwise than its user may think is told."""

from pathlib import Path
from typing import Any

import pytest

from pipelines.cli.effects import effects, reviews_of
from pipelines.curate import curate
from tests.tiny import config_of, gsm8k_row, marbles, read_streams, source, write_rows

SHORT = gsm8k_row("Eh?", "2+2=<<2+2=4>>4", 4)
WRONG = gsm8k_row("How many pens are 3 pens and 4 pens?", "3+4=<<3+4=8>>8", 8)


Source = dict[str, Any]


@pytest.fixture(scope="module")
def school(tmp_path_factory: pytest.TempPathFactory) -> Source:
    """Marbles, a short row (6) and one with a wrong calculation (7)."""
    folder = tmp_path_factory.mktemp("school")
    return source(write_rows(folder / "rows.jsonl", [*marbles(6), SHORT, WRONG]))


@pytest.fixture(scope="module")
def row_ids(school: Source, tmp_path_factory: pytest.TempPathFactory) -> dict[int, str]:
    data = tmp_path_factory.mktemp("plain") / "data"
    curate(config_of(school, skip=["verify"], wipeout={"limit": 1}), data)
    return {row["row"]: row["row_id"] for row in read_streams(data, "ledger/*.arrow")}


def told(
    school: Source,
    folder: Path,
    reviews: list[dict[str, Any]],
    *,
    before: tuple[str, ...] = (),
    min_heldout: int = 0,
    **curated: Any,
) -> list[str]:
    """What is told of a run over the school's rows."""
    folder.mkdir(exist_ok=True)
    files = [str(write_rows(folder / "reviews.jsonl", reviews))] if reviews else []
    settings = {"screen": {"min_chars": 5}, "heldout": 0.0, "isolation": "weak"} | curated
    manifest = curate(config_of(school, reviews=files, **settings), folder / "data")
    return list(effects(manifest, folder / "data", before=before, min_heldout=min_heldout))


def accepted(row_id: str, reason: str | None = None) -> dict[str, Any]:
    return {"row_id": row_id, "decision": "accepted", "reviewer": "bo", "reason": reason}


def test_a_decision_without_effect_says_why(school: Source, row_ids: dict[int, str], tmp_path: Path) -> None:
    assert told(school, tmp_path, [accepted(row_ids[6], "too_short"), accepted(row_ids[0])]) == [
        "1 decision had no effect: too_short cannot be accepted"
    ]


def test_an_acceptance_of_something_else_has_no_effect_and_one_of_the_reason_has(
    school: Source, row_ids: dict[int, str], tmp_path: Path
) -> None:
    assert told(school, tmp_path / "other", [accepted(row_ids[7], "truncated")]) == [
        "1 decision had no effect: their rows fell to arithmetic_error"
    ]
    assert told(school, tmp_path / "same", [accepted(row_ids[7], "arithmetic_error")]) == []
    rejected = {**accepted(row_ids[6]), "decision": "rejected"}
    assert told(school, tmp_path / "rejected", [rejected]) == []


def test_reviews_that_are_no_longer_named_are_told(school: Source, row_ids: dict[int, str], tmp_path: Path) -> None:
    (line,) = told(school, tmp_path, [], before=("old.jsonl",))
    assert line.startswith("the data that stood here before had reviews that this run does not name: old.jsonl; ")
    same = str(tmp_path / "again/reviews.jsonl")
    assert told(school, tmp_path / "again", [accepted(row_ids[0])], before=(same,)) == []
    assert reviews_of({"reviews": ["a.jsonl", {"path": "b.csv", "key": "id"}]}) == ["a.jsonl", "b.csv"]


@pytest.mark.parametrize(
    ("share", "least", "gate"), [(0.0001, 0, False), (0.0001, 2, True), (0.0, 1, True), (0.0, 0, None)]
)
def test_an_empty_heldout_split_is_told_with_its_key(
    school: Source, tmp_path: Path, share: float, least: int, gate: bool | None
) -> None:
    lines = told(school, tmp_path, [], heldout=share, min_heldout=least)
    assert len(lines) == (gate is not None)
    for line in lines:
        assert "examples of 6 in the heldout split: curate.heldout is" in line
        assert ("validate.min_heldout" in line) is gate
