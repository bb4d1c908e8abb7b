"""What is decided on the page, and what curation makes of it."""

from pathlib import Path
from typing import Any

from pipelines.curate import curate
from pipelines.review.journal import journals
from pipelines.review.office import Office, Terms
from pipelines.review.opened import opened_data
from pipelines.review.serve import Asked, queues_of
from pipelines.stages.select.stage import review_notes
from tests.pipelines.review.reviewing import doubtful_rows
from tests.tiny import config_of, marbles, read_lines, read_streams, source, write_rows


def curated(folder: Path, name: str, *more: dict[str, Any], reviews: list[str]) -> dict[str, dict[str, Any]]:
    """How each row of the rows and of other sources ended, by source and position."""
    rows = source(write_rows(folder / "rows.jsonl", [*doubtful_rows(6), *marbles(3)]))
    settings: dict[str, Any] = {"reviews": reviews, "people": {"names": "keep"}, "skip": ["label"], "heldout": 0.0}
    curate(config_of(rows, *more, wipeout={"limit": 1.0}, **settings), folder / name)
    return {f"{row['source']}:{row['row']}": row for row in read_streams(folder / name, "ledger/*.arrow")}


def test_decisions_undone_ones_and_corrections_come_back_as_they_were_made(tmp_path: Path) -> None:
    before = curated(tmp_path, "data", reviews=[])
    assert [before[f"school:{at}"]["reason"] for at in range(6)] == ["arithmetic_error"] * 6
    with opened_data(tmp_path / "data") as data, journals(tmp_path / "said") as (decided, audits):
        office = Office(data, queues_of(data, Asked(sample=2)), decided, audits, Terms())

        def press(vote: str, **more: Any) -> dict[str, Any]:
            card = office.card("ana", "quarantined")
            office.act("ana", "quarantined", "decide", {"ticket": card["ticket"], "vote": vote, **more})
            return dict(card["texts"])

        press("accepted", comment="the pallets are right")
        press("rejected")
        press("accepted")
        office.act("ana", "quarantined", "undo", {})
        press("unsure")
        texts = office.card("ana", "quarantined")["texts"]
        press("accepted", corrected={**texts, "answer": f"{texts['answer']}.0"})
        texts = office.card("ana", "quarantined")["texts"]
        press("accepted", corrected={**texts, "solution": "We add 16+19=35. The answer is \\boxed{35}."})
        audit = office.card("ana", "audit")
        office.act("ana", "audit", "decide", {"ticket": audit["ticket"], "vote": "rejected"})
    new = {"name": "mended", "path": str(tmp_path / "said/corrected-cot.jsonl"), "adapter": "columns"}
    new |= {
        "format": "cot",
        "licence": "MIT",
        "columns": {n: n for n in ("question", "solution", "answer", "reviewer")},
    }
    after = curated(tmp_path, "again", new, reviews=[str(tmp_path / "said/decisions.jsonl")])
    ends = {place: (row["outcome"], row["reason"]) for place, row in after.items()}
    assert ends["school:0"] == ("kept", None)
    assert ends["school:1"] == ("removed", "not_selected")
    assert ends["school:2"] == ("quarantined", "arithmetic_error")
    assert ends["school:3"] == ("kept", None)
    assert ends["school:4"] == ("removed", "not_selected")
    assert ends["school:5"] == ("quarantined", "arithmetic_error")
    assert ends["mended:0"] == ("kept", None)
    shards = read_streams(tmp_path / "again", "shards/*.arrow")
    kept = {f"{row['source']}:{row['source_row']}": row for row in shards}
    assert (kept["school:0"]["selection"]["annotator"], kept["school:0"]["verification"]["path"]) == ("ana", "human")
    assert (kept["school:3"]["answer"], kept["school:3"]["selection"]["reviewer"]) == ("31.0", "ana")
    (mended,) = read_lines(tmp_path / "said/corrected-cot.jsonl")
    assert mended["corrected_from"] == before["school:4"]["row_id"]
    assert review_notes(tmp_path / "again") == [
        "5 decisions of reviews were joined",
        "2 more say that nothing was decided: unsure, skipped or undone",
        "1 of them the same person took again, later",
    ]
    with opened_data(tmp_path / "again") as data:
        number = data.numbers_of([before["school:0"]["row_id"]])[0]
        assert data.comments(int(number)) == [("ana", "the pallets are right")]
