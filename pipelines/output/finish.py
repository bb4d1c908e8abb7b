"""The end of the line: candidates decided, files written, and what the driver needs of it left in the work folder."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from functools import partial

import apache_beam as beam
from apache_beam.pvalue import PCollection

from pipelines.engine.store import PartRef, Store, read_batch, read_value, write_batch, write_value
from pipelines.engine.tags import from_verdicts
from pipelines.engine.workers import each_to_many, each_to_one
from pipelines.engine.workfiles import File, is_there, remove, remove_below
from pipelines.output.decide import DecideSettings, PartSummary, decide
from pipelines.output.write import UNWRITTEN, WriteSettings, Written, plan_files, write_file

_LEFT = "ended.json"


@dataclass
class Finish(beam.PTransform):
    """Tagged parts -> shards, ledger and rejected records in the staging folder.

    Attributes:
        shard_bytes: bytes of text in a shard, about.
    """

    store: Store
    deciding: DecideSettings
    writing: WriteSettings
    shard_bytes: int

    def expand(self, parts: PCollection[PartRef]) -> PCollection[None]:
        """Decides part by part, plans the files on all parts, writes a file a worker."""
        summaries = (
            parts
            | "decide" >> each_to_one(self.store, partial(decide, store=self.store, settings=self.deciding))
            | "all summaries" >> beam.combiners.ToList()
        )
        written = (
            summaries
            | "plan files" >> beam.FlatMap(plan_files, shard_bytes=self.shard_bytes)
            | "one worker per file" >> beam.Reshuffle()
            | "write" >> each_to_many(self.store, partial(write_file, store=self.store, settings=self.writing))
            | "all files" >> beam.combiners.ToList()
        )
        left = _path(self.store)
        return summaries | "leave for the driver" >> each_to_one(
            self.store, _leave, beam.pvalue.AsSingleton(written), left
        )


def forget_finished(store: Store) -> None:
    """Removes what an earlier run left, so that nobody takes it for this one's."""
    remove(_path(store))
    remove_below(store.root / "tags" / UNWRITTEN)


def unwritten(store: Store, parts: Sequence[PartRef]) -> int:
    """How many kept candidates could not be written; when there are any, every part has tags that say which."""
    if not any(is_there(store.tags_path(UNWRITTEN, part)) for part in parts):
        return 0
    for path in (store.tags_path(UNWRITTEN, part) for part in parts):
        if not is_there(path):
            write_batch(path, from_verdicts(()))
    return sum(len(read_batch(store.tags_path(UNWRITTEN, part), ["index"])) for part in parts)


def read_finished(store: Store) -> tuple[list[PartSummary], list[Written]]:
    """What a run decided, in the order of the parts, and what it wrote, by path."""
    left = read_value(_path(store))
    return list(map(PartSummary.from_json, left["summaries"])), [Written(**file) for file in left["written"]]


def _path(store: Store) -> File:
    return store.root / _LEFT


def _leave(summaries: list[PartSummary], written: list[Written], path: File) -> None:
    ordered = sorted(summaries, key=lambda summary: summary.part)
    files = sorted(written, key=lambda file: file.path)
    write_value(path, {"summaries": [summary.as_json() for summary in ordered], "written": list(map(asdict, files))})
