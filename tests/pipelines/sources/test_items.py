from pathlib import Path

import pytest

from pipelines.sources.items import load_items
from schemas.config import Benchmark
from schemas.exits import UserError
from tests.tiny import write_rows

ROWS = [
    {"problem": "What is 2+3?", "solution": r"It is \boxed{5}.", "type": "sums", "level": "Level 1"},
    {"problem": "What is 7*6?", "solution": r"It is \boxed{42}.", "type": "products", "level": 2},
]


def benchmark(path: Path, **changes: object) -> Benchmark:
    table = {"name": "mine", "path": str(path), "question": "problem", "answer": "solution", "topic": "type"}
    return Benchmark.model_validate({**table, "difficulty": "level", **changes})


def test_items_have_their_final_answer_topic_and_level(tmp_path: Path) -> None:
    path = write_rows(tmp_path / "items.jsonl", ROWS)
    table, (source,) = load_items([benchmark(path)])
    shared = {"benchmark": "mine", "language": "en"}
    assert table.to_pylist() == [
        {**shared, "position": 0, "question": "What is 2+3?", "answer": "5", "topic": "sums", "difficulty": "Level 1"},
        {**shared, "position": 1, "question": "What is 7*6?", "answer": "42", "topic": "products", "difficulty": "2"},
    ]  # fmt: skip
    assert (source.name, source.path) == ("mine", str(path))
    assert len(source.sha256) == 64


def test_a_field_that_an_item_lacks_is_no_topic(tmp_path: Path) -> None:
    path = write_rows(tmp_path / "items.jsonl", [{"problem": "What is 2+3?", "solution": "5"}])
    assert load_items([benchmark(path)])[0]["topic"].to_pylist() == [None]


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"answer": None}, "its `answer` is null"),
        ({"answer": "gold"}, "no item has one in the field `gold`"),
        ({"question": "q"}, "no text in the field `q`"),
    ],
)
def test_a_benchmark_that_cannot_be_asked_is_refused(tmp_path: Path, changes: dict[str, object], says: str) -> None:
    path = write_rows(tmp_path / "items.jsonl", ROWS)
    with pytest.raises(UserError, match=says):
        load_items([benchmark(path, **changes)])


def test_an_unknown_name_is_told_where_it_was_given() -> None:
    with pytest.raises(UserError, match=r"^evaluate.benchmarks: no benchmark is called 'gsm8'; did you mean gsm8k\?"):
        load_items(["gsm8"])
