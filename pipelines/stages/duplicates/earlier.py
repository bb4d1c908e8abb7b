"""Earlier data sets that new data must not repeat (`--against`): their examples as hashes, beside the candidates.

Each of their shards takes part in the stages that compare, as a part with a number below zero: its examples lose to
nobody and win over every equal or nearly equal candidate. Hashes are made once per shard and stay in the work folder.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa

from pipelines.engine.overlays import read_keys
from pipelines.engine.store import SOURCE_SHIFT, WORK, PartRef, Store, digest, read_batch, write_batch
from pipelines.engine.workfiles import File
from pipelines.stages.duplicates.identity import content_keys, identity_keys
from pipelines.stages.duplicates.near import NEAR_SCHEMA, near_keys
from schemas.copies import SHARDS
from schemas.evolution import open_as
from schemas.example import EXAMPLE_SCHEMA
from schemas.exits import RunFailedError
from schemas.manifest import ShardRecord, read_manifest, require_whole, sha256_of

SIGNED_SCHEMA = pa.schema(
    [
        pa.field("content", pa.binary(16), nullable=False),
        pa.field("problem", pa.binary(16), nullable=False),
        *NEAR_SCHEMA,
        pa.field("id", pa.string(), nullable=False),
        pa.field("source_row", pa.int64(), nullable=False),
        pa.field("answer", pa.string()),
    ]
)


@dataclass(frozen=True, slots=True)
class Earlier:
    """The earlier data sets of a run, often none.

    Attributes:
        store: of the new data: the hashes stay there.
        code: hash of the code; what other code made is made again.
        shards: of all earlier data sets in the order in which they were named, each with its folder.
        lineage: the fingerprints of the data sets.
        data: for each shard the position of its data set in `lineage`.
    """

    store: Store
    code: str
    shards: tuple[tuple[Path, ShardRecord], ...]
    lineage: tuple[str, ...]
    data: tuple[int, ...]

    @property
    def parts(self) -> tuple[PartRef, ...]:
        """The shards as parts, the first the lowest."""
        first = -len(self.shards) << SOURCE_SHIFT
        return tuple(
            PartRef(first + (place << SOURCE_SHIFT), f"earlier-{digest(self.code, shard.sha256)}", shard.rows, 0)
            for place, (_, shard) in enumerate(self.shards)
        )

    def where(self, number: int) -> str:
        """Says which data set a part with that number is of."""
        fingerprint = self.lineage[self.data[(number >> SOURCE_SHIFT) + len(self.shards)]]
        return f"in the earlier data with fingerprint {fingerprint[:12]}"

    def read(self, part: PartRef, columns: Sequence[str]) -> pa.RecordBatch:
        """Columns of a shard's hashes (`SIGNED_SCHEMA`), made when they are not there yet."""
        path = self.store.keys_path(part)
        if not self.store.holds(path):
            folder, shard = self.shards[part.source_rank + len(self.shards)]
            write_batch(path, _signed(folder, shard))
        return read_batch(path, columns)

    def lay_out(self) -> None:
        """Makes all hashes here: the earlier data may lie where no worker of an engine reads it."""
        for part in self.parts:
            self.read(part, ["id"])


def find_earlier(folders: Sequence[Path], output: File, code: str) -> Earlier:
    """Finds the shards of earlier data sets for a run that writes to `output`; none when no folder is named.

    Raises:
        UserError: a folder is no data set, or one whose manifest or shards are not as they were written.
    """
    manifests = list(map(read_manifest, folders))
    for folder, manifest in zip(folders, manifests, strict=True):
        require_whole(folder, manifest, SHARDS)
    shards = [
        (place, folder.resolve(), shard)
        for place, (folder, manifest) in enumerate(zip(folders, manifests, strict=True))
        for shard in manifest.shards
    ]
    return Earlier(
        store=Store(output / WORK),
        code=code,
        shards=tuple((folder, shard) for _, folder, shard in shards),
        lineage=tuple(manifest.fingerprint for manifest in manifests),
        data=tuple(place for place, _, _ in shards),
    )


def _signed(folder: Path, shard: ShardRecord) -> pa.RecordBatch:
    path = folder / shard.path
    if not path.is_file() or sha256_of(path) != shard.sha256:
        raise RunFailedError(f"{path}: missing, or its bytes are not those that the manifest names; curate it again")
    with open_as(path, EXAMPLE_SCHEMA) as reader:
        batches = list(map(_hashes, reader))
    whole = pa.Table.from_batches(batches, SIGNED_SCHEMA)  # of no rows it has no batch
    return pa.RecordBatch.from_arrays([column.combine_chunks() for column in whole.columns], schema=SIGNED_SCHEMA)


def _hashes(examples: pa.RecordBatch) -> pa.RecordBatch:
    near = near_keys(examples)
    columns = {name: near.column(name) for name in near.schema.names}
    columns |= {name: examples.column(name) for name in ("id", "source_row", "answer")}
    columns["content"] = content_keys(examples)
    columns["problem"] = identity_keys(examples, templates=False).column("problem")
    return pa.RecordBatch.from_arrays([columns[field.name] for field in SIGNED_SCHEMA], schema=SIGNED_SCHEMA)


def key_column(store: Store, earlier: Earlier, part: PartRef, name: str) -> pa.Array:
    """A column that the keys of candidates and those of earlier data both have."""
    if part.is_earlier:
        return earlier.read(part, [name]).column(0)
    return read_keys(store, part, [name]).column(0)
