"""Rows that make a stage raise, in whole runs: each is quarantined with its place, and the others end as without it."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from pipelines import curate as line
from pipelines.cli.findings import remarks
from pipelines.curate import curate
from pipelines.engine.line import Line, Step, row_by_row
from pipelines.output import write
from pipelines.output.reader import read_ledger
from pipelines.sources import render
from pipelines.text.quality import quality_facts
from schemas.config import Config
from schemas.exits import RunFailedError
from schemas.reason import Stage
from tests.tiny import config_of, data_bytes, read_lines, read_streams, source, write_rows

COLUMNS = {"question": "q", "solution": "s", "answer": "a", "votes": "v"}
GOOD = [
    {"q": f"A shelf holds {n} maps, and {n + 3} more.", "s": f"It is \\boxed{{{2 * n + 3}}}.", "a": 2 * n + 3, "v": 3}
    for n in range(2, 12)
]
BROKEN = {"q": "How many are there of these?", "s": "It is \\boxed{5}.", "a": 5, "v": 3}


def config(folder: Path, rows: list[dict[str, Any]], **curate_table: Any) -> Config:
    path = write_rows(folder / "rows.jsonl", rows)
    return config_of(source(path, adapter="columns", format="cot", columns=COLUMNS), heldout=0.3, **curate_table)


def ended(data: Path) -> dict[int, tuple[str, str | None]]:
    return {row["row"]: (row["outcome"], row["reason"]) for row in read_streams(data, "ledger/*.arrow")}


@pytest.fixture
def no_part_holds_it(monkeypatch: pytest.MonkeyPatch) -> None:
    """Lays out no part that holds the broken row."""

    def mended(texts: Any) -> Any:
        if BROKEN["q"] in texts.to_pylist():
            raise OverflowError("too large")
        return whole(texts)

    whole = render.mended
    monkeypatch.setattr(render, "mended", mended)


@pytest.mark.usefixtures("no_part_holds_it")
def test_a_row_that_no_part_can_hold_costs_itself_only(tmp_path: Path) -> None:
    manifest = curate(config(tmp_path, [*GOOD[:5], BROKEN, *GOOD[5:]]), tmp_path / "data")
    assert ended(tmp_path / "data") == {
        row: ("quarantined", "stage_crash") if row == 5 else ("kept", None) for row in range(11)
    }
    (rejected,) = read_lines(tmp_path / "data/rejected/rejected-00000-of-00001.jsonl")
    assert rejected["_mathmill"]["detail"].startswith("render: OverflowError: ")
    told = remarks(manifest, read_ledger(tmp_path / "data", manifest))
    assert told[0].startswith("1 candidate made a stage or the judge itself fail; quarantined")
    assert not any("fail" in remark for remark in told[1:])


def test_a_run_without_such_rows_has_nothing_to_tell_of_them(tmp_path: Path) -> None:
    manifest = curate(config(tmp_path, GOOD), tmp_path / "data", strict=True)
    assert not any("fail" in remark for remark in remarks(manifest, read_ledger(tmp_path / "data", manifest)))


@pytest.mark.usefixtures("no_part_holds_it")
def test_a_strict_run_stops_there_also_when_another_run_has_read_the_row(tmp_path: Path) -> None:
    rows = config(tmp_path, [*GOOD[:5], BROKEN, *GOOD[5:]])
    with pytest.raises(RunFailedError, match=r"render: OverflowError.*: row 5 of school"):
        curate(rows, tmp_path / "data", strict=True)
    curate(rows, tmp_path / "data")
    with pytest.raises(RunFailedError, match=r"render: OverflowError.*: row 5 of school"):
        curate(rows, tmp_path / "data", strict=True)


def test_a_stage_that_raises_for_some_rows_costs_these_and_the_bytes_do_not_tell_who_ran_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def moody(batch: Any) -> list[None]:
        for question in batch.column("question").to_pylist():
            if question is not None and ("holds 4 maps" in question or "holds 9 maps" in question):
                raise LookupError(f"lost at {object()}")
        return [None] * len(batch)

    def stages(line_: Line, *rest: Any) -> Iterator[Step]:
        yield row_by_row(line_, Stage.SCREEN, moody)
        yield from (step for step in every_stage(line_, *rest) if step.stage is not Stage.SCREEN)

    every_stage = line.stages
    monkeypatch.setattr(line, "stages", stages)
    data = [tmp_path / name for name in ("first", "second")]
    for folder in data:
        curate(config(tmp_path, GOOD), folder)
    crashed = {2, 7}
    assert ended(data[0]) == {
        row: ("quarantined", "stage_crash") if row in crashed else ("kept", None) for row in range(10)
    }
    assert data_bytes(data[0]) == data_bytes(data[1])


def test_an_example_that_cannot_be_written_is_quarantined_and_the_others_stand_in_the_shards(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def facts(batch: Any, judged: Any) -> Any:
        for question in batch.column("question").to_pylist():
            if question is not None and ("holds 4 maps" in question or "holds 9 maps" in question):
                raise LookupError(question)
        return quality_facts(batch, judged)

    monkeypatch.setattr(write, "quality_facts", facts)
    manifest = curate(config(tmp_path, GOOD), tmp_path / "data")
    assert ended(tmp_path / "data") == {
        row: ("quarantined", "stage_crash") if row in {2, 7} else ("kept", None) for row in range(10)
    }
    kept = {row["source_row"] for row in read_streams(tmp_path / "data", "shards/*.arrow")}
    assert kept == set(range(10)) - {2, 7}
    assert manifest.quarantined_by_reason == {"stage_crash": 2}
    monkeypatch.undo()
    assert curate(config(tmp_path, GOOD), tmp_path / "data").counts.kept == 10  # nothing of it stays behind
