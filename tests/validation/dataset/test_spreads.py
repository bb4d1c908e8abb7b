"""Quality facts of a whole data set: sums, and the rows that stand out."""

import json
import re
from pathlib import Path
from typing import Any

import pyarrow as pa

from schemas.requirements import Recheck, Validate
from tests.validation.dataset.handmade import examples, write_data
from validation.dataset.gate import judge
from validation.dataset.report.page import write_report
from validation.dataset.report.readability import quality
from validation.dataset.spreads import FACTS, WORST, Spread, merge_spreads, spreads, worst_ids

SCHEMA = pa.schema([("id", pa.string()), *((f"quality_{name}", pa.float64()) for name in FACTS)])


def flat(*rows: dict[str, Any]) -> pa.Table:
    nothing = dict.fromkeys(SCHEMA.names)
    return pa.Table.from_pylist([nothing | {"id": row["id"]} | {f"quality_{k}": v for k, v in row.items() if k != "id"}
                                 for row in rows], schema=SCHEMA)  # fmt: skip


ROWS = [
    {"id": "a", "words_per_step": 9.0, "repetition": 0.0, "trailing_chars": 0},
    {"id": "b", "words_per_step": 1.5, "repetition": 0.25, "trailing_chars": 40},
    {"id": "c", "words_per_step": 4.5, "repetition": 0.75, "trailing_chars": None},
    {"id": "d", "words_per_step": None, "repetition": None, "trailing_chars": 7},
    {"id": "e", "words_per_step": 5.0, "repetition": 0.25, "trailing_chars": 7},
]


def test_facts_are_summed_and_the_rows_that_stand_out_are_named() -> None:
    found = spreads(flat(*ROWS))
    assert found["repetition"] == Spread(4, 1.25, 3, [(0.75, "c"), (0.25, "b"), (0.25, "e")])
    assert found["words_per_step"] == Spread(4, 20.0, 4, [(1.5, "b"), (4.5, "c"), (5.0, "e")])
    assert found["trailing_chars"] == Spread(4, 54.0, 3, [(40, "b"), (7, "d"), (7, "e")])
    assert found["branching"] == Spread()
    assert worst_ids(found)[:3] == ["b", "c", "b"]


def test_shards_add_up_to_the_whole_in_any_order() -> None:
    whole = spreads(flat(*ROWS))
    for cut in range(len(ROWS) + 1):
        parts = [spreads(flat(*ROWS[:cut])), spreads(flat(*ROWS[cut:]))]
        for first, second in (parts, parts[::-1]):
            merged: dict[str, Spread] = {}
            merge_spreads(merged, first)
            merge_spreads(merged, second)
            assert merged == whole
    assert max(len(one.worst) for one in whole.values()) == WORST


def test_the_report_shows_what_stands_out_first(tmp_path: Path) -> None:
    rows = examples(problems=40)
    for at, row in enumerate(rows):
        row["quality"] |= {"repetition": 0.5 if at == 77 else 0.0, "trailing_chars": 9 if at == 78 else 0}
    write_report(judge(write_data(tmp_path / "data", rows), Validate(recheck=Recheck(sample=0))), tmp_path / "report")
    page = (tmp_path / "report" / "index.html").read_text(encoding="utf-8")
    numbers = json.loads((tmp_path / "report" / "report.json").read_text(encoding="utf-8"))["quality"]
    assert numbers["repetition"]["worst"] == [{"value": 0.5, "id": rows[77]["id"]}]
    assert numbers["words_per_step"]["rows"] == 0
    shown = re.findall(r'id="example-([^"]+)"', page)
    assert shown[:2] == [rows[77]["id"], rows[78]["id"]]
    assert f'href="#example-{rows[77]["id"]}"' in page


def test_the_section_leads_to_the_rows_and_says_what_was_not_measured() -> None:
    measured = {
        "repetition": {"rows": 4, "total": 1.25, "positive": 3, "worst": [{"value": 0.75, "id": "c<"}]},
        "words_per_step": {"rows": 4, "total": 20.0, "positive": 4, "worst": [{"value": 1.5, "id": "b"}]},
    }
    shown = quality({"quality": measured})
    assert "#example-c&lt;" in shown
    assert "c<" not in shown
    assert "least: " in shown
    assert "not measured" in shown
