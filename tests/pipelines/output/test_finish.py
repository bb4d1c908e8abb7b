"""The end of the line through Beam's own runner."""

import random
from pathlib import Path

import apache_beam as beam
import pytest

from pipelines.engine.beam import beam_options, open_pipeline
from pipelines.engine.rejection import Rejection
from pipelines.engine.store import PartRef, Store
from pipelines.output.finish import Finish, forget_finished, read_finished
from pipelines.output.growing import STAGED
from pipelines.output.write import WriteSettings
from schemas.reason import Reason
from schemas.split import Split
from tests.pipelines.output.parts import SCREEN, candidate, settings, write_part

WRITING = WriteSettings(prompts={}, regenerate=False, trim=False)


def finish(store: Store, parts: list[PartRef]) -> None:
    with open_pipeline(beam_options(1, [])) as pipeline:
        _ = pipeline | beam.Create(parts) | Finish(store, settings(heldout=0.5), WRITING, shard_bytes=500)


def parts_of(store: Store) -> list[PartRef]:
    said = {SCREEN: [(1, Rejection(Reason.TOO_LONG))]}
    return [write_part(store, at, [candidate(10 * at + row) for row in range(4)], said) for at in range(3)]


def test_everything_that_was_decided_and_written_is_left_in_order(tmp_path: Path) -> None:
    store = Store(tmp_path)
    parts = parts_of(store)
    finish(store, random.Random(1).sample(parts, len(parts)))
    summaries, written = read_finished(store)
    assert [summary.part for summary in summaries] == parts
    assert [file.path for file in written] == sorted(file.path for file in written)
    assert sum(summary.ended.total() for summary in summaries) == 12
    kept = {split: sum(summary.kept[split] for summary in summaries) for split in Split}
    rows = {split: sum(file.rows for file in written if file.split == split) for split in Split}
    assert kept == rows
    assert sum(kept.values()) == 9
    staged = {str(path.relative_to(tmp_path / STAGED)) for path in (tmp_path / STAGED).rglob("*") if path.is_file()}
    assert staged == {file.path for file in written}


def test_the_order_in_which_parts_arrive_does_not_show(tmp_path: Path) -> None:
    left = []
    for seed in range(2):
        store = Store(tmp_path / str(seed))
        parts = parts_of(store)
        finish(store, random.Random(seed).sample(parts, len(parts)))
        left.append(read_finished(store))
    assert left[0] == left[1]


def test_what_an_earlier_run_left_can_be_forgotten(tmp_path: Path) -> None:
    store = Store(tmp_path)
    forget_finished(store)
    finish(store, parts_of(store))
    forget_finished(store)
    with pytest.raises(FileNotFoundError):
        read_finished(store)
