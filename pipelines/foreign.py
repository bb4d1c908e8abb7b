"""Data that mathmill did not make, laid out as a data set so that the gate can look at it.

An adapter reads the rows, as it reads a source's; nothing is selected, removed or verified. Rows that the adapter
cannot read stand in the ledger with their reason.
"""

from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc

from pipelines.engine.overlays import with_methods
from pipelines.output.decide import hex_of
from pipelines.sources.inputs import Inputs, load_benchmarks, plan_inputs, render_split
from pipelines.stages.duplicates.identity import identity_keys
from pipelines.text.quality import quality_facts
from schemas.benchmark import BENCHMARKS
from schemas.config import Benchmark, Curate, Source
from schemas.example import EXAMPLE_SCHEMA, SCHEMA_VERSION
from schemas.exits import UserError
from schemas.files import write_text
from schemas.ledger import LEDGER_SCHEMA
from schemas.manifest import (
    CODE_VERSION,
    MANIFEST,
    BenchmarkRecord,
    Counts,
    FileRecord,
    FormatCounts,
    Manifest,
    ShardRecord,
    sha256_of,
)
from schemas.place import public_name
from schemas.reason import Outcome, Stage
from schemas.split import Split
from schemas.wording import UNKNOWN

SHARD_BYTES = 128 << 20
_LEDGER = "ledger/ledger-00000-of-00001.arrow"
_LEFT_OUT = [stage.value for stage in Stage if stage not in (Stage.READ, Stage.NORMALISE, Stage.RENDER, Stage.WRITE)]

Ended = Counter[tuple[str, str, str]]
"""(format, outcome, reason) -> candidates; null is the empty text"""


def lay_out(source: Source, benchmarks: Sequence[str | Benchmark], folder: Path) -> Manifest:
    """Writes the rows of a source as a data set below `folder`, with the items that they are to be compared with.

    Raises:
        UserError: a path, adapter, field or benchmark that cannot be used.
    """
    try:
        inputs = plan_inputs(Curate(sources=[source]), "")
    except UserError as error:
        raise UserError(error.message) from error
    items, known = load_benchmarks(benchmarks)
    for name in ("shards", "ledger"):
        (folder / name).mkdir(parents=True)
    with _stream(folder / BENCHMARKS, items.schema) as writer:
        writer.write_table(items)
    ended: Ended = Counter()
    with _stream(folder / _LEDGER, LEDGER_SCHEMA) as ledger:
        shards = [_write_shard(folder, number, some) for number, some in enumerate(_read(inputs, ledger, ended))]
    manifest = _manifest(folder, source, inputs, known, shards, ended)
    write_text(folder / MANIFEST, manifest.to_json())
    return manifest


def _stream(path: Path, schema: pa.Schema) -> pa.RecordBatchStreamWriter:
    return pa.ipc.new_stream(str(path), schema)


def _read(inputs: Inputs, ledger: pa.RecordBatchStreamWriter, ended: Ended) -> Iterator[list[pa.RecordBatch]]:
    """Reads all candidates, notes how each ended, and yields the examples of about a shard at a time; once at least."""
    waiting, size = list[pa.RecordBatch](), 0
    for split in inputs.splits:
        for batch, _ in render_split(split):
            ids = _ids(batch)
            ledger.write_batch(_ledger_rows(batch, ids, ended))
            read = batch.column("reason").is_null()
            waiting.append(_examples(batch.filter(read), ids.filter(read)))
            size += waiting[-1].nbytes
            if size >= SHARD_BYTES:
                yield waiting
                waiting, size = [], 0
    yield waiting


def _ids(batch: pa.RecordBatch) -> pa.Array:
    """Row and format, so that a person finds the row again; a row's further solutions in a format are numbered."""
    seen: Counter[tuple[int, str | None]] = Counter()
    ids = []
    for row, form in zip(batch.column("row").to_pylist(), batch.column("format").to_pylist(), strict=True):
        number = seen[row, form]
        seen[row, form] += 1
        ids.append(f"row{row:08d}" + (f"-{form}" if form else "") + (f"-{number}" if number else ""))
    return pa.array(ids, pa.string())


def _ledger_rows(batch: pa.RecordBatch, ids: pa.Array, ended: Ended) -> pa.RecordBatch:
    kept = batch.column("reason").is_null()
    columns = {name: batch.column(name) for name in ("row_id", "source", "row", "format", "stage", "reason", "detail")}
    columns |= {"id": ids, "outcome": pc.if_else(kept, Outcome.KEPT.value, Outcome.REMOVED.value)}
    for form, outcome, reason in zip(
        *(columns[name].to_pylist() for name in ("format", "outcome", "reason")), strict=True
    ):
        ended[form or "", outcome, reason or ""] += 1
    nothing = {field.name: pa.nulls(len(batch), field.type) for field in LEDGER_SCHEMA}
    arrays = [(nothing | columns)[field.name] for field in LEDGER_SCHEMA]
    return pa.RecordBatch.from_arrays(arrays, schema=LEDGER_SCHEMA)


def _examples(batch: pa.RecordBatch, ids: pa.Array) -> pa.RecordBatch:
    keys = identity_keys(batch)
    unverified = [
        {"verdict": "unverified", "path": None, "reference": "independent" if independent else "self", "programs": 0}
        for independent in batch.column("independent").to_pylist()
    ]
    labelled = with_methods(batch, given=batch)
    columns = {name: labelled.column(name) for name in labelled.schema.names} | {
        "id": ids,
        "problem_id": hex_of(keys.column("problem")),
        "template_id": hex_of(keys.column("template")),
        "split": pa.repeat(Split.TRAIN.value, len(batch)),
        "source_row": batch.column("row"),
        "author": pa.repeat(UNKNOWN, len(batch)),
        "verification": pa.array(unverified, EXAMPLE_SCHEMA.field("verification").type),
        "quality": quality_facts(batch),
        "instruction": pa.nulls(len(batch), pa.string()),
    }
    arrays = [columns[field.name].cast(field.type) for field in EXAMPLE_SCHEMA]
    return pa.RecordBatch.from_arrays(arrays, schema=EXAMPLE_SCHEMA)


def _write_shard(folder: Path, number: int, batches: Sequence[pa.RecordBatch]) -> ShardRecord:
    path = f"shards/{Split.TRAIN}-{number:05d}.arrow"
    with _stream(folder / path, EXAMPLE_SCHEMA) as writer:
        for batch in batches:
            writer.write_batch(batch)
    file = folder / path
    return ShardRecord(
        path=path, split=Split.TRAIN, rows=sum(map(len, batches)), bytes=file.stat().st_size, sha256=sha256_of(file)
    )


def _manifest(
    folder: Path,
    source: Source,
    inputs: Inputs,
    benchmarks: list[BenchmarkRecord],
    shards: list[ShardRecord],
    ended: Ended,
) -> Manifest:
    formats: dict[str, FormatCounts] = {}
    whole = empty = FormatCounts(candidates=0, kept=0, removed=0, quarantined=0)
    for (form, outcome, _), number in sorted(ended.items()):
        formats[form or "none"] = formats.get(form or "none", empty).plus(outcome, number)
        whole = whole.plus(outcome, number)
    removed: Counter[str] = Counter()
    for (_, outcome, reason), number in ended.items():
        if outcome == Outcome.REMOVED:
            removed[reason] += number
    return Manifest(
        schema_version=SCHEMA_VERSION,
        code_version=CODE_VERSION,
        draft=False,
        config={"sources": [source.model_dump(mode="json") | {"path": public_name(source.path)}]},
        skipped=_LEFT_OUT,
        isolation=None,
        inputs=list(inputs.files),
        benchmarks=benchmarks,
        counts=Counts(rows=inputs.rows, **whole.model_dump()),
        removed_by_reason=dict(sorted(removed.items())),
        quarantined_by_reason={},
        formats=formats,
        sources={source.name: whole},
        splits={Split.TRAIN.value: whole.kept, Split.HELDOUT.value: 0},
        licence=source.licence,
        quotas=[],
        shards=shards,
        ledger=[_record_of(folder, _LEDGER, whole.candidates)],
        others=[_record_of(folder, BENCHMARKS, sum(benchmark.items for benchmark in benchmarks))],
        lineage=[],
        fingerprint="",
    ).sealed()


def _record_of(folder: Path, name: str, rows: int) -> FileRecord:
    path = folder / name
    return FileRecord(path=name, rows=rows, bytes=path.stat().st_size, sha256=sha256_of(path))
