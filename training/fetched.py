"""Shards behind a URL, read by the blocks that are needed: the gate first, then ranges of bytes, each checked.

What may be trusted comes from the verdict alone: it binds the manifest and the tables of blocks, and those bind every
block by its hash. A plan needs no block: the columns that it is made of stand in a table of their own.
"""

import time
from collections.abc import Iterator, Sequence
from hashlib import sha256
from itertools import groupby
from pathlib import Path

import pyarrow as pa

from schemas.block_table import BLOCKS, ROW_COLUMNS, ROW_SCHEMA, ROWS, SEGMENTS, TEXT_BYTES, Block, read_blocks
from schemas.evolution import read_as
from schemas.example import EXAMPLE_SCHEMA
from schemas.exits import RunFailedError
from schemas.manifest import MANIFEST, Manifest, sha256_of
from schemas.place import Place, reached, sending
from schemas.verdict import Verdict
from training.block_cache import BlockCache
from training.mapped import MappedShard
from training.shard_rows import Columns, Sizes, part_of

_PAUSES_S = (0.1, 1.0)  # before a range is asked for again; clients of stores have asked several times by then
_RESUME = "continue with --resume when it answers"


class FetchedShard:
    """One shard of a data set in a store.

    Args:
        place: the data set.
        blocks: those of the shard in order, its schema first.
        table: the table of rows of the whole data set.
        first: the place of its first batch in that table.
        cache: where blocks are kept.
    """

    def __init__(
        self, place: Place, blocks: Sequence[Block], table: MappedShard, first: int, cache: BlockCache
    ) -> None:
        self._place, self._table, self._first, self._cache = place, table, first, cache
        self._header = blocks[0]
        self._blocks = [block for block in blocks if block.rows]
        self._schema: pa.Schema | None = None
        self._parts: dict[Columns, tuple[pa.Schema, bool]] = {}
        self.rows: Sequence[int] = [block.rows for block in self._blocks]

    @property
    def size(self) -> int:
        """Bytes of its batches."""
        return sum(block.bytes for block in self._blocks)

    def read(self, batch: int, columns: Columns) -> pa.RecordBatch:
        """Reads some columns of a batch: those of a plan from the table, all others from its block."""
        if self.is_light(columns):
            return self._table.read(self._first + batch, columns)
        if self._schema is None:
            self._schema = pa.ipc.read_schema(pa.py_buffer(self._cache.get(self._header, self._fetch)))
        content = pa.py_buffer(self._cache.get(self._blocks[batch], self._fetch))
        rows = pa.ipc.read_record_batch(content, self._schema)
        if columns not in self._parts:
            wanted = part_of(EXAMPLE_SCHEMA, columns)
            self._parts[columns] = wanted, part_of(self._schema, columns).equals(wanted)
        wanted, same = self._parts[columns]
        known = rows.select([name for name in wanted.names if name in rows.schema.names])
        if same:
            return known
        return read_as(pa.RecordBatchReader.from_batches(known.schema, [known]), wanted).read_next_batch()

    def is_light(self, columns: Columns) -> bool:
        """Of the columns of a plan alone: any other holds a whole block."""
        return set(columns) <= set(ROW_COLUMNS)

    def scan(self, columns: Columns) -> Iterator[pa.RecordBatch]:
        """Yields every batch; the next ones are fetched meanwhile."""
        for batch in range(len(self._blocks)):
            self.expect(range(batch, min(batch + 8, len(self._blocks))), columns)
            yield self.read(batch, columns)

    def sizes(self) -> Iterator[Sizes]:
        """Yields how long the texts of every batch are, from the table."""
        for batch in range(len(self._blocks)):
            rows = self._table.read(self._first + batch, (TEXT_BYTES, SEGMENTS))
            yield Sizes(rows.column(TEXT_BYTES).to_numpy(), rows.column(SEGMENTS).to_numpy())

    def expect(self, batches: Sequence[int], columns: Columns) -> None:
        """Begins to fetch blocks."""
        if not self.is_light(columns):
            for batch in batches:
                self._cache.expect(self._blocks[batch], self._fetch)

    def let_go(self) -> None:
        """Nothing is to be done: the cache of batches bounds itself."""

    def require_same(self) -> None:
        """Nothing is to be done: every block is checked when it comes."""

    def _fetch(self, block: Block) -> bytes:
        """Brings the bytes of a block that the tables name.

        Raises:
            RunFailedError: the store failed several times, or holds other bytes.
        """
        place = self._place / block.shard
        for pause in (*_PAUSES_S, None):
            try:
                content = place.read(block.offset, block.offset + block.bytes)
            except FileNotFoundError as error:
                raise RunFailedError(f"{place}: is missing, and the manifest names it; make the data again") from error
            except OSError:
                if pause is None:
                    with sending(place, advice=_RESUME):
                        raise
            else:
                if sha256(content).hexdigest() == block.sha256:
                    return content
                if pause is None:
                    raise RunFailedError(f"{place}: {_wrong(content, block)}, {self._again()}")
            time.sleep(pause)
        raise AssertionError(block)

    def _again(self) -> str:
        return (
            f"asked {len(_PAUSES_S) + 1} times; if the data changed, run `mathmill validate {self._place}`; {_RESUME}"
        )


def _wrong(content: bytes, block: Block) -> str:
    end = block.offset + block.bytes
    if len(content) != block.bytes:
        return f"{len(content):,} bytes arrived of the {block.bytes:,} in [{block.offset:,}, {end:,})"
    return f"the bytes [{block.offset:,}, {end:,}) are not those that were judged"


def fetched_shards(
    place: Place, folder: Path, manifest: Manifest, verdict: Verdict, cache: BlockCache
) -> dict[str, FetchedShard]:
    """Opens the shards of a data set in a store, without reading one.

    Args:
        place: the data set.
        folder: where its manifest and its verdict lie on this machine; the tables come there too.
        manifest: what it holds.
        verdict: a verdict with tables.
        cache: where blocks are kept.

    Returns:
        Shards by their path in the data set.

    Raises:
        UserError: the store says no.
        RunFailedError: manifest or tables are not those that were judged.
    """
    again = f"run `mathmill validate {place}` again"
    if sha256_of(folder / MANIFEST) != verdict.manifest_sha256:
        raise RunFailedError(f"{place / MANIFEST}: changed since it was judged; {again}")
    for name, promised in verdict.tables.items():
        if not (folder / name).is_file() or sha256_of(folder / name) != promised:
            with reached(place / name):
                found = (place / name).fetch(folder / name)
            if found != promised:
                raise RunFailedError(f"{place / name}: changed since the data was judged; {again}")
    table, first, shards = MappedShard(folder / ROWS, ROW_SCHEMA), 0, {}
    for name, blocks in groupby(read_blocks(folder / BLOCKS), key=lambda block: block.shard):
        shards[name] = FetchedShard(place, list(blocks), table, first, cache)
        first += len(shards[name].rows)
    rows = {name: sum(shard.rows) for name, shard in shards.items()}
    if rows != {shard.path: shard.rows for shard in manifest.shards}:
        raise RunFailedError(f"{place / BLOCKS}: its shards are not those of the manifest; {again}")
    return shards
