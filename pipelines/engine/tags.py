"""Tags: what a stage said about the candidates of one part, as a small table beside it.

A tag with a reason rejects its candidate; one with a detail alone is a note, which the ledger shows of what is kept;
`verify` also tags what it found right. The first stage's reason wins, so a stage looks only at candidates that no
earlier stage rejected.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from pipelines.engine.rejection import REMARKS, Note, Rejection
from pipelines.engine.store import PartRef, Store, read_batch, write_batch

TAG_SCHEMA = pa.schema(
    [
        pa.field("index", pa.int32(), nullable=False, metadata={"doc": "position in the part"}),
        pa.field("reason", pa.string()),
        pa.field("detail", pa.string()),
        pa.field("partner", pa.string()),
        pa.field("partner_row", pa.int64()),
        pa.field("score", pa.float64()),
        pa.field("rule", pa.string()),
        pa.field("benchmark", pa.string()),
        pa.field("item", pa.int64()),
    ]
)

COLLAPSED = "collapse"
"""The tag folder whose column `occurrence` numbers identical rows, which is part of their ids; later rounds keep it."""

# What a stage across parts says: the same, with the part that a row stands in.
PLACED_SCHEMA = pa.schema([pa.field("part", pa.int64(), nullable=False), *TAG_SCHEMA])


NOBODY = pa.RecordBatch.from_pydict({"key": pa.array([], pa.binary(16))})
"""an index across parts that no candidate takes part in"""


def whereabouts(part: PartRef) -> dict[str, pa.Array]:
    """Where the candidates of a part stand: the columns part, index and source_rank of an index across parts."""
    return {
        "part": pa.array(np.full(part.rows, part.number, np.int64)),
        "index": pa.array(np.arange(part.rows, dtype=np.int32)),
        "source_rank": pa.array(np.full(part.rows, part.source_rank, np.int32)),
    }


def repeated(keys: pa.ChunkedArray) -> pa.Array:
    """Which rows share their key of 16 bytes with another: bool[rows]."""
    _, places, counts = np.unique(key_items(keys), return_inverse=True, return_counts=True)
    return pa.array(counts[places] > 1)


def key_items(keys: pa.ChunkedArray) -> npt.NDArray[np.void]:
    """Keys of 16 bytes as items of one numpy array: they sort and compare by their bytes."""
    whole = pa.concat_arrays(keys.chunks) if keys.num_chunks else pa.array([], keys.type)
    data = whole.buffers()[1]
    return np.zeros(0, "V16") if data is None else np.frombuffer(data, "V16", len(whole), whole.offset * 16)


def sharing(rows: pa.Table) -> pa.Table:
    """Tags for the rows of an index that share their key; without a reason, so nobody falls."""
    shared = rows.filter(repeated(rows.column("key")))
    nothing = {field.name: pa.nulls(len(shared), field.type) for field in TAG_SCHEMA}
    columns = {**nothing, "part": shared.column("part"), "index": shared.column("index")}
    return pa.table({name: columns[name] for name in PLACED_SCHEMA.names}, schema=PLACED_SCHEMA)


def kept_keys(
    store: Store, folder: str, part: PartRef, indices: pa.Array, make: Callable[[pa.Array], pa.Array]
) -> pa.Array:
    """Keys that only some candidates of a part need: `kept_columns` of one column."""

    def columns(indices: pa.Array) -> dict[str, pa.Array]:
        return {"key": make(indices)}

    return kept_columns(store, folder, part, indices, columns)["key"]


def kept_columns(
    store: Store, folder: str, part: PartRef, indices: pa.Array, make: Callable[[pa.Array], dict[str, pa.Array]]
) -> dict[str, pa.Array]:
    """Columns that only some candidates of a part need, as earlier runs left them; what is missing is made.

    Args:
        store: the work folder.
        folder: of the columns, kept beside the part like tags; its name holds all that a row of them depends on but its
            candidate.
        part: the part. Where candidates are hidden nothing is read or kept: their texts are not theirs.
        indices: of the candidates that need them.
        make: makes the columns of some of them, each row from its candidate alone.
    """
    if part.hidden:
        return make(indices)
    path = store.tags_path(folder, part)
    known = read_batch(path) if store.holds(path) else None
    missing = indices if known is None else indices.filter(pc.invert(pc.is_in(indices, known.column("index"))))
    if known is None or len(missing):
        fresh = pa.RecordBatch.from_pydict({"index": missing, **make(missing)})
        known = fresh if known is None else pa.concat_batches([known, fresh])
        write_batch(path, known)
    found = known.drop_columns(["index"]).take(pc.index_in(indices, known.column("index")))
    return dict(zip(found.schema.names, found.columns, strict=True))


def tag_batch(endings: Iterable[tuple[int, Rejection | Note]]) -> pa.RecordBatch:
    """Builds tags from (position in the part, rejection or note) pairs."""
    rows = [{"index": index, "detail": _remark(ending), **asdict(ending)} for index, ending in endings]
    return pa.RecordBatch.from_pylist(rows, schema=TAG_SCHEMA)


def _remark(ending: Rejection | Note) -> str | None:
    """What a note says; a rejection has its own words."""
    return REMARKS[ending.rule] if isinstance(ending, Note) else None


def from_verdicts(verdicts: Sequence[Rejection | Note | None]) -> pa.RecordBatch:
    """Builds tags from one verdict per candidate."""
    return tag_batch((index, verdict) for index, verdict in enumerate(verdicts) if verdict is not None)


def read_tags(store: Store, stage: str, part: PartRef, columns: Sequence[str]) -> pa.RecordBatch:
    """Reads tags of a part. A reason that a person overruled has become a note: null, with the reason in the detail.

    Args:
        store: the work folder.
        stage: the stage's tag folder.
        part: the part.
        columns: of the tags; `index` and `reason` among them.
    """
    tags = read_batch(store.tags_path(stage, part), columns)
    overruled = overruled_reasons(store, part)
    if not overruled:
        return tags
    rows = tags.to_pylist()
    for row in rows:
        if row["reason"] in overruled.get(row["index"], ()):
            row["detail"] = f"{row['reason']}, overruled by a person: {row.get('detail')}"
            row["reason"] = None
    return pa.RecordBatch.from_pylist(rows, schema=tags.schema)


def overruled_reasons(store: Store, part: PartRef) -> dict[int, list[str]]:
    """The reasons that people overruled, by position in the part."""
    if store.reviewed is None:
        return {}
    reviews = read_batch(store.tags_path(store.reviewed, part), ["index", "overruled"])
    rows = zip(reviews.column("index").to_pylist(), reviews.column("overruled").to_pylist(), strict=True)
    return {index: reasons for index, reasons in rows if reasons}


def rejected(tags: pa.RecordBatch, rows: int) -> np.ndarray:
    """Which candidates of a part tags reject: bool[rows]."""
    mask = np.zeros(rows, bool)
    mask[np.asarray(tags.column("index").filter(tags.column("reason").is_valid()))] = True
    return mask


def alive_after(store: Store, part: PartRef, stages: Sequence[str]) -> np.ndarray:
    """Which candidates of a part no stage has rejected, nor their parents: bool[part.rows].

    What was derived from a rejected solution falls with it (`output.decide`), so it must not outlive an
    equal one.

    Args:
        store: the work folder.
        part: the part.
        stages: tag folders of the stages before, `name` or `name-hash`.
    """
    made = store.read_part(part, ["reason", "derived"])
    alive = np.asarray(made.column("reason").is_null())
    for stage in stages:
        alive &= ~rejected(read_tags(store, stage, part, ["index", "reason"]), part.rows)
    return alive & alive[parents_of(made.column("derived"))]


def parents_of(derived: pa.Array) -> np.ndarray:
    """Where the solution stands that each candidate was built from: itself, or the one before its derived row."""
    built = np.asarray(pc.fill_null(derived, False))
    return np.maximum.accumulate(np.where(built, 0, np.arange(len(built))))  # a parent stands before its children


def places_of(indices: pa.Array, rows: int) -> np.ndarray:
    """Where each row of a part stands among `indices`; -1 for those that do not."""
    places = np.full(rows, -1)
    places[np.asarray(indices)] = np.arange(len(indices))
    return places


def places_in_rows(rows: pa.Array, formats: pa.Array) -> tuple[np.ndarray, np.ndarray]:
    """Which of the candidates of its row and format each of a part is, 0 first, and how many there are: int32[n] each.

    A row's candidates stand in one part:

        row     7    7    7    8        nth     0    0    1    0
        format  cot  pot  cot  cot      of      2    1    2    1
    """
    numbers = np.asarray(rows)
    codes = np.asarray(pc.fill_null(formats.dictionary_encode().indices, -1))
    order = np.lexsort((codes, numbers))
    first = np.ones(len(numbers), bool)
    first[1:] = (np.diff(numbers[order]) != 0) | (np.diff(codes[order]) != 0)
    starts = np.flatnonzero(first)
    sizes = np.diff(np.append(starts, len(numbers)))
    nth, of = np.empty((2, len(numbers)), np.int32)
    nth[order] = np.arange(len(numbers)) - np.repeat(starts, sizes)
    of[order] = np.repeat(sizes, sizes)
    return nth, of


def candidate_ids(row_ids: pa.Array, formats: pa.Array, numbers: np.ndarray) -> pa.Array:
    """Returns `row_id-format`, or `row_id` without a format, with `-n` for the n-th later one of its row's text.

    Args:
        row_ids: of the rows.
        formats: of the candidates.
        numbers: by place in the row, then by identical row: of a row with two solutions that stands twice, 0 to 3.
    """
    suffix = pc.if_else(pa.array(numbers > 0), pa.array(numbers).cast(pa.string()), None)
    return pc.binary_join_element_wise(row_ids, formats, suffix, "-", null_handling="skip")
