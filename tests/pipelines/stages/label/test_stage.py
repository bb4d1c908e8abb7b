"""Predicted topics: measured where the truth is known, and null where the model is not good enough."""

import json
from hashlib import blake2b
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from pipelines.curate import curate
from pipelines.engine.store import PartRef, Store
from pipelines.stages.label import stage
from pipelines.stages.label.stage import _SAMPLE_SCHEMA, Sample, _Smallest, predict_part
from pipelines.validate import validate
from tests.tiny import config_of, data_bytes, read_streams, write_rows

SKIP = ["screen", "verify", "identify", "decontaminate"]
WORDS = {
    "Geometry": ("circle of radius {n}", "triangle with side {n}", "square of area {n}"),
    "Algebra": ("equation x + {n} = 9", "polynomial x^2 - {n}", "expression {n}x - 4"),
}


def school(rows: int) -> list[dict[str, Any]]:
    made = []
    for n in range(rows):
        topic = ("Geometry", "Algebra")[n % 2]
        thing = WORDS[topic][n // 2 % 3].format(n=n)
        name = "".join(chr(ord("a") + int(digit)) for digit in f"{n:03d}")  # a template of its own
        problem = f"What can {name} say about the {thing}?"
        made.append({"problem": problem, "solution": rf"It is \boxed{{{n}}}.", "type": topic, "level": "Level ?"})
    return made


def config(folder: Path, rows: list[dict[str, Any]], **settings: Any) -> Any:
    path = write_rows(folder / "rows.jsonl", rows)
    source = {"name": "school", "path": str(path), "adapter": "math", "licence": "MIT"}
    return config_of(source, skip=SKIP, heldout=0, **settings)


def unlabelled(rows: list[dict[str, Any]], start: int) -> list[dict[str, Any]]:
    return [row if at < start else {**row, "type": None} for at, row in enumerate(rows)]


def test_missing_topics_are_predicted_and_given_ones_kept(tmp_path: Path) -> None:
    rows = school(600)
    rows[0]["type"] = "Knots"
    manifest = curate(config(tmp_path, unlabelled(rows, 500)), tmp_path / "data")
    found = {one["source_row"]: one["topic"] for one in read_streams(tmp_path / "data", "shards/*.arrow")}
    assert {at: found[at] for at in range(500)} == {at: rows[at]["type"] for at in range(500)}
    assert [found[at] == rows[at]["type"] for at in range(500, 600)] == [True] * 100
    methods = {one["source_row"]: one["topic_method"] for one in read_streams(tmp_path / "data", "shards/*.arrow")}
    assert methods == {at: "given" if at < 500 else "predicted" for at in range(600)}
    topic = next(one for one in manifest.labels if one["column"] == "topic")
    assert topic["macro_f1"] == 1.0
    assert topic["baseline"] < 0.5
    assert (topic["rows"] + topic["held_out"], topic["predicted"]) == (499, 100)
    ledger = {one["row"]: one for one in read_streams(tmp_path / "data", "ledger/*.arrow")}
    assert (ledger[510]["rule"], ledger[510]["detail"]) == ("predicted", "predicted: topic Geometry")
    assert (ledger[10]["rule"], ledger[10]["detail"]) == (None, None)
    assert "macro-F1 1.00" in (tmp_path / "data" / "README.md").read_text(encoding="utf-8")


def test_labels_that_no_word_tells_stay_null(tmp_path: Path) -> None:
    rows = [{**row, "type": ("Geometry", "Algebra")[int(blake2b(row["problem"].encode()).hexdigest(), 16) % 2]}
            for row in school(600)]  # fmt: skip
    manifest = curate(config(tmp_path, unlabelled(rows, 500)), tmp_path / "data")
    topic = next(one for one in manifest.labels if one["column"] == "topic")
    assert topic["macro_f1"] < 0.75
    assert topic["predicted"] == 0
    found = {one["source_row"]: one["topic"] for one in read_streams(tmp_path / "data", "shards/*.arrow")}
    assert {found[at] for at in range(500, 600)} == {None}
    rows = read_streams(tmp_path / "data", "shards/*.arrow")
    assert {(one["source_row"] < 500, one["topic_method"], one["difficulty_method"]) for one in rows} == {
        (True, "given", None), (False, None, None),
    }  # fmt: skip


def test_predictions_do_not_depend_on_a_second_run(tmp_path: Path) -> None:
    settings = config(tmp_path, unlabelled(school(600), 500))
    curate(settings, tmp_path / "data")
    before = data_bytes(tmp_path / "data")
    curate(settings, tmp_path / "data")
    assert data_bytes(tmp_path / "data") == before


def test_of_equal_problems_the_earlier_one_teaches_whatever_its_file_is_called() -> None:
    """Files are named by a hash that changes with the code."""

    def sample(number: int, key: str, topic: str) -> Sample:
        row = {"taxonomy": "t", "language": "en", "order": bytes(16), "number": number, "part": key, "index": 0}
        return Sample(pa.Table.from_pylist([{**row, "topic": topic}], schema=_SAMPLE_SCHEMA), frozenset())

    for keys in (("a", "b"), ("b", "a")):
        pair = [sample(0, keys[0], "algebra"), sample(1, keys[1], "geometry")]
        for some in (pair, pair[::-1]):
            assert _Smallest(10).merge_accumulators(some).rows["topic"].to_pylist() == ["algebra"]


def test_quotas_see_predicted_topics(tmp_path: Path) -> None:
    quotas = {"quotas": [{"where": {"topic": "Geometry"}, "max": 280}]}
    curate(config(tmp_path, unlabelled(school(600), 500), balance=quotas, wipeout={"limit": 1}), tmp_path / "data")
    topics = [one["topic"] for one in read_streams(tmp_path / "data", "shards/*.arrow")]
    assert (topics.count("Geometry"), topics.count("Algebra")) == (280, 300)


def test_the_report_says_how_topics_were_predicted(tmp_path: Path) -> None:
    curate(config(tmp_path, unlabelled(school(600), 500)), tmp_path / "data")
    validate(tmp_path / "data")
    report = tmp_path / "data" / "quality" / "report"
    labels = json.loads((report / "report.json").read_text(encoding="utf-8"))["labels"]
    assert [(one["column"], one["predicted"]) for one in labels] == [("topic", 100)]
    page = (report / "index.html").read_text(encoding="utf-8")
    assert "topic, math (en): 100 predicted where the source gives none" in page


def test_a_question_that_makes_the_prediction_fail_is_quarantined_and_the_others_are_predicted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def predicted(part: PartRef, *, store: Store, **settings: Any) -> pa.RecordBatch:
        questions = store.read_part(part, ["question"]).column(0).to_pylist()
        assert not any(question and "radius 510" in question for question in questions)
        return predict_part(part, store=store, **settings)

    rows = school(600)
    assert "radius 510" in rows[510]["problem"]
    monkeypatch.setattr(stage, "predict_part", predicted)
    curate(config(tmp_path, unlabelled(rows, 500)), tmp_path / "data")
    ledger = {row["row"]: row for row in read_streams(tmp_path / "data", "ledger/*.arrow")}
    assert (ledger[510]["stage"], ledger[510]["reason"]) == ("label", "stage_crash")
    assert [ledger[row]["rule"] for row in range(500, 600) if row != 510] == ["predicted"] * 99
