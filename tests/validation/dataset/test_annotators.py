"""Agreement of people, on literal votes."""

from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from schemas.problem import Decision
from validation.dataset.annotators import REVIEWS, alpha, annotators, wilson
from validation.dataset.report.people import people

YES, NO = Decision.ACCEPTED, Decision.REJECTED


def vote(row: str, annotator: str | None, decided: str | None, **fields: Any) -> dict[str, Any]:
    empty = {"file": "r.jsonl", "key": None, "reviewer": None, "superseded": False, "known": True, "weight": 0.5}
    return {**empty, "row": row, "annotator": annotator, "decided": decided, **fields}


def measured(folder: Path, *rows: dict[str, Any]) -> dict[str, Any]:
    table = pa.Table.from_pylist(list(rows))
    with pa.OSFile(str(folder / REVIEWS), "wb") as sink, pa.ipc.new_stream(sink, table.schema) as writer:
        writer.write_table(table)
    found = annotators(folder)
    assert found is not None
    return found


def test_alpha_is_that_of_a_calculation_by_hand() -> None:
    """Two annotators, ten rows: both yes in 6, both no in 2, apart in 2: 1 - (20-1) * 2*2 / (14*6 * 2)."""
    units = [{"a": YES, "b": YES}] * 6 + [{"a": NO, "b": NO}] * 2 + [{"a": YES, "b": NO}, {"a": NO, "b": YES}]
    found = alpha(units)
    assert found is not None
    assert found[0] == pytest.approx(1 - 19 * 2 / (14 * 6))
    assert found[1] <= found[0] <= found[2]


def test_rows_with_one_vote_say_nothing_about_agreement() -> None:
    units = [{"a": YES, "b": YES}, {"a": NO, "b": NO}]
    assert alpha([*units, {"a": NO}])[:1] == alpha(units)[:1] == [1.0]
    assert alpha([{"a": YES}, {"a": NO}]) is None
    assert alpha([{"a": YES, "b": YES}]) is None


def test_who_always_says_yes_is_named_and_who_looks_is_not(tmp_path: Path) -> None:
    rows = [vote(f"r{i}", "yes", "accepted") for i in range(20)]
    rows += [vote(f"r{i}", "ada", "rejected" if i % 3 == 0 else "accepted") for i in range(20)]
    rows += [vote(f"r{i}", "bo", "rejected" if i % 3 == 0 else "accepted") for i in range(20)]
    found = measured(tmp_path, *rows)["annotators"]
    assert {name: one["always"] for name, one in found.items()} == {"ada": None, "bo": None, "yes": "accepted"}
    assert found["yes"]["agreement"] == pytest.approx([13 / 20, 0.433, 0.819, 20], abs=1e-3)


def test_where_all_accept_nearly_everything_always_yes_is_no_habit(tmp_path: Path) -> None:
    rows = [vote(f"r{i}", "yes", "accepted") for i in range(20)]
    rows += [vote(f"r{i}", "ada", "rejected" if i == 7 else "accepted") for i in range(20)]
    assert measured(tmp_path, *rows)["annotators"]["yes"]["always"] is None


def test_superseded_unknown_and_adjudicated_decisions_are_counted_apart(tmp_path: Path) -> None:
    found = measured(
        tmp_path,
        vote("r1", "ada", "accepted"),
        vote("r1", "ada", "rejected", superseded=True),
        vote("r9", "ada", "rejected", known=False),
        vote("r1", None, "accepted", reviewer="cleo"),
        vote("r1", None, "accepted"),
    )
    counts = {name: found[name] for name in ("decisions", "superseded", "unknown", "adjudications", "rows", "alpha")}
    assert counts == {
        "decisions": 5, "superseded": 1, "unknown": 1, "adjudications": 1, "rows": 1, "alpha": None,
    }  # fmt: skip
    assert set(found["annotators"]) == {"ada", "somebody (r.jsonl)"}


def test_data_that_nobody_reviewed_says_so(tmp_path: Path) -> None:
    assert annotators(tmp_path) is None
    assert "No file of reviews" in people({"annotators": None, "categories": {}})


def test_votes_that_examples_carry_are_shown_without_a_file_of_reviews() -> None:
    counts = {"votes": {"(none)": 90, "3": 6, "12": 4}, "agreement": {"(none)": 92, "0.7": 2, "1": 6}}
    shown = people({"annotators": None, "categories": counts})
    assert "10 examples say how many people voted on them, 8 how far these agreed." in shown
    assert shown.index(">3<") < shown.index(">12<")
    assert "from 0.7" in shown
    assert "all alike" in shown
    assert "90" not in shown


def test_the_section_names_people_and_escapes_their_names(tmp_path: Path) -> None:
    rows = [vote(f"r{i}", who, "accepted") for i in range(3) for who in ("<b>ada</b>", "bo")]
    shown = people({"annotators": measured(tmp_path, *rows), "categories": {}})
    assert "&lt;b&gt;ada" in shown
    assert "<b>ada" not in shown


def test_wilson_has_the_textbook_bounds() -> None:
    assert wilson(9, 10) == pytest.approx([0.9, 0.5958, 0.9821, 10], abs=1e-4)
    assert wilson(0, 0) is None


def test_what_people_wrote_is_shown_and_escaped(tmp_path: Path) -> None:
    rows = [vote("r1", "ada", "accepted", comment="<b>which year?</b>"), vote("r1", "bo", "rejected", comment=None)]
    found = measured(tmp_path, *rows)
    assert found["comments"] == [{"who": "ada", "row": "r1", "decided": "accepted", "comment": "<b>which year?</b>"}]
    shown = people({"annotators": found, "categories": {}})
    assert "&lt;b&gt;which year?" in shown
    assert "What people wrote" in shown
    assert measured(tmp_path, rows[1])["comments"] == []
