"""A data set that rows are shown of: its ledger in memory, and everything else found where it lies.

Original records are read from `rejected/` by their offset, examples from the mapped shards: to show one row costs the
same in a data set of a thousand rows and in one of a million.
"""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from pipelines.output.reader import joined_reviews, read_ledger, rejected_record
from pipelines.sources.files.records import Record, json_text
from pipelines.sources.render import render_parts
from schemas.arrow_files import read_stream
from schemas.benchmark import BENCHMARKS
from schemas.config import Normalise, Source
from schemas.copies import LEDGER, REJECTED, SHARDS, copied
from schemas.evolution import read_as
from schemas.example import EXAMPLE_SCHEMA
from schemas.exits import UserError
from schemas.manifest import MANIFEST, Manifest, read_manifest, require_whole
from schemas.place import Location
from schemas.reason import Outcome
from schemas.reviews import REVIEWS

Row = Mapping[str, Any]

PARTS = (SHARDS, LEDGER, REJECTED, BENCHMARKS, REVIEWS)
"""what is read of a data set to show its rows, and held against its manifest before"""


@dataclass(frozen=True)
class OpenedData:
    """A data set, and how to find what is shown of a row.

    Attributes:
        name: as the user gave it.
        ledger: all of it; a row's place here is what queues hold.
        stamp: of the manifest's file when it was opened.
    """

    name: str
    folder: Path
    manifest: Manifest
    ledger: pa.Table
    stamp: tuple[int, int, int]

    def require_same(self) -> None:
        """Looks whether the data set of this place is still the one that was opened.

        Raises:
            UserError: other data was made here since, or is being made.
        """
        with suppress(OSError, UserError):
            if _stamp(self.folder) == self.stamp or read_manifest(self.folder).fingerprint == self.manifest.fingerprint:
                return
        raise self._made_anew()

    def _made_anew(self) -> UserError:
        return UserError(f"{self.name} was made anew while it is open here: end this page and open it again")

    def row(self, place: int) -> dict[str, Any]:
        """The ledger's row at a place."""
        found: dict[str, Any] = self.ledger.slice(place, 1).to_pylist()[0]
        return found

    def rows(self, places: np.ndarray, columns: Sequence[str]) -> list[dict[str, Any]]:
        """Some columns of the ledger's rows at some places."""
        found: list[dict[str, Any]] = self.ledger.select(list(columns)).take(pa.array(places, pa.int64())).to_pylist()
        return found

    def row_of(self, identity: str) -> dict[str, Any] | None:
        """The ledger's row of a candidate, by its id."""
        place = pc.index(self.ledger["id"], identity).as_py()
        return None if place < 0 else self.row(place)

    def siblings(self, row: Row) -> list[dict[str, Any]]:
        """What else there is of a candidate's problem: of the same record, of the same problem, lost to it."""
        same = pc.equal(self.ledger["row_id"], row["row_id"])
        lost = pc.fill_null(pc.equal(self.ledger["partner"], row["id"]), False)
        others = self.ledger.filter(pc.or_(same, lost)).slice(0, _MOST_SIBLINGS + 1).to_pylist()
        if row["outcome"] == Outcome.KEPT:
            others += filter(None, map(self.row_of, self._of_problem(row["id"])))
        distinct = {other["id"]: other for other in others if other["id"] != row["id"]}
        return [*distinct.values()][:_MOST_SIBLINGS]

    def _of_problem(self, identity: str) -> list[str]:
        """The ids of the examples that ask what an example asks."""
        example = self.example(identity)
        if example is None:
            return []
        found = [shard.filter(pc.equal(shard["problem_id"], example["problem_id"]))["id"] for shard in self._shards]
        return [identity for ids in found for identity in ids.slice(0, _MOST_SIBLINGS).to_pylist()]

    def record(self, row_id: str) -> dict[str, Any] | None:
        """The original record of a row of which something was rejected.

        Raises:
            UserError: other data was made in this place since it was opened.
        """
        found = pc.index(self._records["row_id"], row_id).as_py()
        if found < 0:
            return None
        place = self._records.slice(found, 1).to_pylist()[0]
        try:
            with (self.folder / place["file"]).open("rb") as file:
                file.seek(place["offset"])
                why, record = rejected_record(file.readline(), self.folder / place["file"])
            of_row = why["id"].split("-")[0]
        except (FileNotFoundError, UserError):
            of_row = None
        if of_row != row_id:
            raise self._made_anew()
        return record

    def example(self, identity: str) -> dict[str, Any] | None:
        """An example of the shards, by its id."""
        for shard in self._shards:
            place = pc.index(shard["id"], identity).as_py()
            if place >= 0:
                found: dict[str, Any] = shard.slice(place, 1).to_pylist()[0]
                return found
        return None

    def candidate(self, row: Row) -> dict[str, Any] | None:
        """A candidate as it is kept, or as its record reads again; None when nothing can be made of its record."""
        if row["outcome"] == Outcome.KEPT:
            return self.example(row["id"])
        record = self.record(row["row_id"])
        return None if record is None or row["format"] is None else candidate_of(self.manifest, row, record)

    def item(self, benchmark: str, position: int) -> dict[str, Any] | None:
        """A benchmark item that is stored with the data."""
        items = self._items
        if items is None:
            return None
        mask = pc.and_(pc.equal(items["benchmark"], benchmark), pc.equal(items["position"], position))
        found = items.filter(mask).to_pylist()
        return found[0] if found else None

    @cached_property
    def row_numbers(self) -> np.ndarray:
        """Of each place of the ledger the number of its row: int32[places]; candidates of one record share one."""
        return np.asarray(self._encoded.indices)

    @property
    def row_ids(self) -> pa.Array:
        """The ids of the rows, by number."""
        return self._encoded.dictionary

    def numbers_of(self, row_ids: Sequence[str]) -> np.ndarray:
        """The numbers of rows by their ids, -1 for those that are not here: int64[row_ids]."""
        return _found(pa.array(row_ids, pa.string()), self.row_ids)

    @cached_property
    def _encoded(self) -> pa.DictionaryArray:
        return pc.dictionary_encode(self.ledger["row_id"].combine_chunks())

    def comments(self, number: int) -> list[tuple[str, str]]:
        """What people wrote about a row in the files of reviews that the data set was made with: who, and what."""
        return self._comments.get(number, [])

    @cached_property
    def _comments(self) -> dict[int, list[tuple[str, str]]]:
        reviews = joined_reviews(self.folder)
        rows = [] if reviews is None else reviews.to_pylist()
        written = [row for row in rows if row.get("comment") and row["row_id"]]
        found: dict[int, list[tuple[str, str]]] = {}
        for number, row in zip(self.numbers_of([row["row_id"] for row in written]), written, strict=True):
            who = str(row["reviewer"] or row["annotator"] or "somebody")
            found.setdefault(int(number), []).append((who, row["comment"]))
        return found

    @property
    def examples(self) -> list[pa.Table]:
        """The shards, mapped."""
        return self._shards

    @cached_property
    def _records(self) -> pa.Table:
        rows = [*_record_places(self.folder)]
        columns = [pa.array(column) for column in zip(*rows, strict=True)] or [pa.array([], pa.string())] * 3
        return pa.table(columns, names=["row_id", "file", "offset"])

    @cached_property
    def _shards(self) -> list[pa.Table]:
        return [_mapped(self.folder / shard.path) for shard in self.manifest.shards]

    @cached_property
    def _items(self) -> pa.Table | None:
        path = self.folder / BENCHMARKS
        return read_stream(path) if path.is_file() else None


_MOST_SIBLINGS = 6


def _stamp(folder: Path) -> tuple[int, int, int]:
    """Tells a manifest's file from another one in its place: inode, nanoseconds, bytes."""
    about = (folder / MANIFEST).stat()
    return about.st_ino, about.st_mtime_ns, about.st_size


def _record_places(folder: Path) -> Iterator[tuple[str, str, int]]:
    for path in sorted((folder / REJECTED).glob("*.jsonl")):
        offset = 0
        with path.open("rb") as file:
            for line in file:
                yield rejected_record(line, path)[0]["id"].split("-")[0], f"{REJECTED}{path.name}", offset
                offset += len(line)


def _mapped(path: Path) -> pa.Table:
    return read_as(pa.ipc.open_stream(pa.memory_map(str(path))), EXAMPLE_SCHEMA).read_all()


@contextmanager
def opened_data(data: Location) -> Iterator[OpenedData]:
    """Opens a data set to show rows of it.

    Raises:
        UserError: no data set, or one without its ledger.
    """
    with copied(data, *PARTS) as folder:
        manifest, stamp = read_manifest(folder), _stamp(folder)
        missing = [file.path for file in manifest.ledger if not (folder / file.path).is_file()]
        if missing or not manifest.ledger:
            raise UserError(
                f"{data}: its ledger is missing ({', '.join(missing[:2]) or 'none is named'}), so nobody knows what "
                "became of its rows; run `mathmill curate` again"
            )
        require_whole(folder, manifest, *PARTS)
        ledger = read_ledger(folder, manifest).combine_chunks()
        yield OpenedData(str(data), folder, manifest, ledger, stamp)


def candidate_of(manifest: Manifest, row: Row, record: Mapping[str, Any]) -> dict[str, Any] | None:
    """A candidate of a row of the ledger, as its record reads again; None when the record makes none of its format."""
    table = next((table for table in manifest.source_tables if table.get("name") == row["source"]), None)
    if table is None:
        return None
    source = manifest.setting(Source, table)
    normalise = manifest.setting(Normalise, manifest.config.get("normalise", {}))
    batches = [batch for batch, _ in render_parts([Record(0, json_text(record), dict(record))], source, normalise)]
    made = [candidate for batch in batches for candidate in batch.to_pylist() if candidate["format"] == row["format"]]
    number = row["id"].split("-")[2:]
    return made[(int(number[0]) if number else 0) % len(made)] if made else None


def places_of_ids(data: OpenedData, ids: Sequence[str], column: str = "id") -> np.ndarray:
    """Where ids stand in the ledger, -1 for those that do not: int64[ids]."""
    return _found(pa.array(ids, pa.string()), data.ledger[column].combine_chunks())


def _found(values: pa.Array, known: pa.Array) -> np.ndarray:
    return np.asarray(pc.fill_null(pc.index_in(values, value_set=known), -1).cast(pa.int64()))
