from pathlib import Path

from pipelines.curate import curate
from pipelines.review.statements import statements_about
from tests.tiny import config_of, marbles, read_streams, source, write_rows


def test_what_people_said_about_a_row_is_told_with_their_words(tmp_path: Path) -> None:
    rows = write_rows(tmp_path / "rows.jsonl", [{**row, "nr": at} for at, row in enumerate(marbles(3))])
    said = [
        {"nr": 1, "annotator": "ana", "decision": "accepted", "time": 1},
        {"nr": 1, "annotator": "ana", "decision": "unsure", "comment": "which shelf?", "time": 2},
        {"nr": 1, "reviewer": "eva", "decision": "accepted", "corrected": {"answer": "9.0"}},
    ]
    reviews = {"path": str(write_rows(tmp_path / "said.jsonl", said)), "key": "nr", "columns": {"row": "nr"}}
    config = config_of(source(rows), reviews=[reviews], skip=["verify", "identify", "label"], people={"names": "keep"})
    curate(config, tmp_path / "data")
    ids = {row["row"]: row["row_id"] for row in read_streams(tmp_path / "data", "ledger/*.arrow")}
    assert statements_about(tmp_path / "data", ids[1]) == [
        "ana: accepted, taken back or taken again later",
        "ana: not decided: which shelf?",
        "eva: accepted, the reference is 9.0",
    ]
    assert statements_about(tmp_path / "data", ids[0]) == []
    assert statements_about(tmp_path, ids[0]) == []


def test_reviews_of_an_earlier_version_are_read() -> None:
    folder = Path(__file__).parents[2] / "fixtures/data-1.1.0"
    rows = {review["row"] for review in read_streams(folder, "reviews.arrow")}
    assert any(statements_about(folder, row) for row in rows)
