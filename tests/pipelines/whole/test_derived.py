"""Programs and dialogues from the calculator annotations of a table whose fields its owner named."""

from pathlib import Path
from typing import Any

from pipelines.curate import curate
from tests.tiny import config_of, read_streams, write_rows

ROWS = [
    {
        "task": "A bakery fills 7 trays with 12 rolls each and gives 4 rolls to the cook. How many rolls are left?",
        "worked": "The trays hold 12*7 = <<12*7=84>>84 rolls.\nThen 84-4 = <<84-4=80>>80 rolls are left.\n#### 80",
        "result": 80,
    },
    {
        "task": "Tim has 9 coins and finds 5 more under the sofa. How many coins does Tim have?",
        "worked": "He has 9+5 = <<9+5=15>>15 coins.\n#### 15",
        "result": 15,
    },
]
COLUMNS = {"question": "task", "solution": "worked", "answer": "result"}


def candidates(folder: Path, **settings: Any) -> dict[tuple[int, str], dict[str, Any]]:
    """The candidates that the ledger accounts for, by row and format; those that were kept have their example."""
    path = write_rows(folder / "rows.jsonl", ROWS)
    source = {"name": "mine", "path": str(path), "adapter": "columns", "format": "cot", "licence": "CC0-1.0"}
    made = config_of(source | {"columns": COLUMNS} | settings, wipeout={"limit": 1}, heldout=0.0)
    curate(made, folder / "data")
    ledger = {(row["row"], row["format"]): row for row in read_streams(folder / "data", "ledger/*.arrow")}
    shards = read_streams(folder / "data", "shards/*.arrow")
    examples = {(row["source_row"], row["format"]): row for row in shards}
    return {key: row | {"example": examples.get(key)} for key, row in ledger.items()}


def test_annotations_in_a_named_column_become_programs_that_run(tmp_path: Path) -> None:
    found = candidates(tmp_path, derive=["pot", "tir"])
    kept = [key for key, row in found.items() if row["outcome"] == "kept"]
    assert sorted(kept) == [(0, "cot"), (0, "pot"), (0, "tir")]
    examples = [found[0, format]["example"] for format in ("cot", "pot", "tir")]
    assert [example["derived"] for example in examples] == [False, True, True]
    assert [example["verification"]["programs"] for example in examples] == [0, 1, 1]
    assert not any("<<" in segment["text"] for example in examples for segment in example["segments"])
    assert examples[1]["segments"][0]["text"].endswith("rolls_2 = rolls - 4\nprint(rolls_2)")


def test_a_wrong_annotation_derives_nothing_and_is_seen_by_the_judge(tmp_path: Path) -> None:
    found = candidates(tmp_path, derive=["pot", "tir"])
    assert [format for row, format in found if row == 1] == ["cot"]
    assert (found[1, "cot"]["reason"], found[1, "cot"]["detail"]) == ("arithmetic_error", "'9+5=15'; '9+5 = 15'")


def test_without_derive_the_annotations_stay_where_they_stood(tmp_path: Path) -> None:
    found = candidates(tmp_path)
    assert sorted(found) == [(0, "cot"), (1, "cot")]
    assert found[0, "cot"]["example"]["segments"] == [{"kind": "text", "text": ROWS[0]["worked"]}]
