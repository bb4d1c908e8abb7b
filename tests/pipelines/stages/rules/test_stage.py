"""The step: what its folder depends on, and what a strict run does."""

from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from pipelines.engine.candidates import CANDIDATE_SCHEMA
from pipelines.engine.line import Done, Line, Step
from pipelines.engine.store import PartRef, Store, write_batch
from pipelines.stages.rules.own_functions import rules_of
from pipelines.stages.rules.stage import digests, steps
from schemas.config import Curate
from schemas.exits import RunFailedError
from schemas.reason import Stage

RULES = "def easy(c): return ('easy', 'two words') if c.question == '2+2?' else None\ndef bad(c): return c.answer[0]\n"


@pytest.fixture(autouse=True)
def rules(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    path = tmp_path / "taste.py"
    path.write_text(RULES, encoding="utf-8")
    return path


def line_of(folder: Path, *, strict: bool = False, **curate: Any) -> Line:
    source = {"name": "s", "path": "x", "adapter": "gsm8k", "licence": "MIT"}
    return Line(Store(folder / "work", strict=strict), Curate.model_validate({"sources": [source], **curate}), "code")


def tags_of(line: Line, step: Step) -> list[dict[str, Any]]:
    plain = dict.fromkeys(CANDIDATE_SCHEMA.names) | {"row_id": "id", "source": "s", "format": "cot"}
    rows = [plain | {"row": row, "question": question} for row, question in enumerate(("2+2?", "How many?"))]
    part = PartRef(0, "p", 2, 0)
    write_batch(line.store.part_path(part), pa.RecordBatch.from_pylist(rows, schema=CANDIDATE_SCHEMA))
    return step.transform(Done()).tag(part).select(["index", "reason", "detail"]).to_pylist()


def test_the_step_tags_what_the_rules_stop(tmp_path: Path) -> None:
    line = line_of(tmp_path, rules=["taste:easy"])
    (step,) = steps(line)
    assert step.stage is Stage.RULES
    assert tags_of(line, step) == [{"index": 0, "reason": "rule:easy", "detail": "two words"}]


def test_a_strict_run_stops_at_a_rule_that_raises(tmp_path: Path) -> None:
    (step,) = steps(line := line_of(tmp_path, rules=["taste:bad"]))
    assert [tag["reason"] for tag in tags_of(line, step)] == ["stage_crash", "stage_crash"]
    (step,) = steps(line := line_of(tmp_path, strict=True, rules=["taste:bad"]))
    with pytest.raises(RunFailedError, match=r"^rules: taste:bad: TypeError: .* at taste\.py:2: row 0 of s; without"):
        tags_of(line, step)


def test_its_folder_is_named_by_rules_source_and_what_is_kept(tmp_path: Path, rules: Path) -> None:
    def folder(*names: str, **curate: Any) -> str:
        return next(steps(line_of(tmp_path, rules=list(names), **curate))).folder

    first = folder("taste:easy")
    assert folder("taste:easy", seed=7, screen={"max_chars": 9}, policy={"truncated": "keep"}) == first
    assert folder("taste:easy", policy={"rule:easy": "quarantine"}) == first  # it is decided at the end
    assert folder("taste:easy", "taste:bad") != first
    assert folder("taste:easy", policy={"rule:easy": "keep"}) != first
    rules.write_text(RULES.replace("two words", "a few words"), encoding="utf-8")
    assert folder("taste:easy") != first
    rules.write_text(RULES, encoding="utf-8")
    assert folder("taste:easy") == first


def test_without_rules_and_where_it_is_skipped_there_is_no_step(tmp_path: Path) -> None:
    assert list(steps(line_of(tmp_path))) == []
    assert list(steps(line_of(tmp_path, rules=["taste:easy"], skip=["rules"]))) == []
    assert digests(line_of(tmp_path, rules=["taste:easy"], skip=["rules"])) == digests(line_of(tmp_path)) == {}


def test_the_manifest_is_given_the_hash_of_each_source(tmp_path: Path) -> None:
    rules = rules_of((line := line_of(tmp_path, rules=["taste:easy", "taste:bad"])).settings)
    assert digests(line) == {rule.name: rule.digest for rule in rules}
    assert set(digests(line)) == {"taste:easy", "taste:bad"}
