"""All decisions of people as one table: which of them stand, and how much each person weighs.

Decisions are taken in a few at a time and looked at by columns: a million of them are a table of 170 MB, and as Python
objects eight times that.

Index spaces: a target is what decisions are about (key and row), a seat is a person who votes or rules about it.

    decision  key   row  annotator  time    target  seat  superseded
           0  null  a    ada        2            0     0  false
           1  null  a    ada        1            0     0  true
           2  null  a    ben        null         0     1  false
           3  null  b    ada        2            1     2  false
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import groupby, islice

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from pipelines.sources.adapters.decisions import DECISIONS
from validation.answers import Relation, compare_exactly

_AT_A_TIME = 10_000
_NULL = pa.scalar(None, pa.string())
_UNKNOWN_ACCURACY = 0.5  # (right + 1) / (seen + 2), Laplace's rule, of somebody who saw no control item

Record = dict[str, object]
_Codes = npt.NDArray[np.int64]

REVIEW_SCHEMA = pa.schema(
    [
        pa.field("file", pa.string(), nullable=False, metadata={"doc": "as the config names it"}),
        pa.field("key", pa.string(), metadata={"doc": "the records' field that `row` is a value of; null: row_id"}),
        pa.field("row", pa.string(), nullable=False),
        pa.field("annotator", pa.string()),
        pa.field("reviewer", pa.string()),
        pa.field("decision", pa.string()),
        pa.field("answer", pa.string()),
        pa.field("confidence", pa.float64()),
        pa.field("time", pa.float64(), metadata={"doc": "seconds since 1970"}),
        pa.field("control", pa.bool_(), nullable=False),
        pa.field("expected", pa.string()),
        pa.field("reason", pa.string()),
        pa.field("comment", pa.string(), metadata={"doc": "what the person wrote beside the decision"}),
        pa.field("corrected", pa.string(), metadata={"doc": "the reference that a reviewer gives instead"}),
        pa.field("seen", pa.string(), metadata={"doc": "row_id of the row that was looked at"}),
        pa.field("source", pa.string(), metadata={"doc": "that it stood in"}),
        pa.field("position", pa.int64(), metadata={"doc": "where it stood there"}),
        pa.field("superseded", pa.bool_(), nullable=False, metadata={"doc": "the person decided again, later"}),
        pa.field("withdrawn", pa.bool_(), nullable=False, metadata={"doc": "so for the same reason"}),
        pa.field("weight", pa.float64(), nullable=False, metadata={"doc": "of the annotator: accuracy on controls"}),
    ]
)
_GIVEN = pa.schema([field for field in REVIEW_SCHEMA if field.name not in ("superseded", "withdrawn", "weight")])


def gathered(rows: Iterable[Record]) -> pa.Table:
    """Decisions as a table (`REVIEW_SCHEMA`) in their order, with what stands and the weight of each person."""
    rows = iter(rows)
    batches = [
        pa.RecordBatch.from_pylist(some, schema=_GIVEN) for some in iter(lambda: list(islice(rows, _AT_A_TIME)), [])
    ]
    table = pa.Table.from_batches(batches, _GIVEN)
    target, person = _codes(table["key"], table["row"]), _persons(table)
    seat = _together(target, _codes(person, table["reviewer"].is_null()))
    superseded = _earlier(seat, table["time"])
    withdrawn = _earlier(_together(seat, _codes(table["reason"])), table["time"])
    accuracy = _accuracy(table, target, superseded)
    people = person.dictionary_encode().combine_chunks()
    weights = pa.array([accuracy.get(name, _UNKNOWN_ACCURACY) for name in people.dictionary.to_pylist()], pa.float64())
    columns = (pa.array(superseded), pa.array(withdrawn), weights.take(people.indices))
    return pa.Table.from_arrays([*table.columns, *columns], schema=REVIEW_SCHEMA)


def _persons(table: pa.Table) -> pa.ChunkedArray:
    """Who decided, as `person_of` says it."""
    named = (pc.if_else(pc.equal(names, ""), _NULL, names) for names in (table["reviewer"], table["annotator"]))
    nobody = pc.binary_join_element_wise("somebody (", table["file"], ")", "")
    return pc.coalesce(*named, nobody)


def _codes(*columns: pa.ChunkedArray) -> _Codes:
    """A number for each row, equal where the columns are; null equals null."""
    encoded = (column.dictionary_encode(null_encoding="encode").combine_chunks() for column in columns)
    first, *others = (np.asarray(codes.indices).astype(np.int64) for codes in encoded)
    for codes in others:
        first = _together(first, codes)
    return first


def _together(first: _Codes, second: _Codes) -> _Codes:
    """Numbers that are equal where both are."""
    return np.unique(first * (second.max(initial=0) + 1) + second, return_inverse=True)[1]


def _earlier(seat: _Codes, times: pa.ChunkedArray) -> npt.NDArray[np.bool_]:
    """Which decisions were taken again from the same seat: the later by time stays, else the later line."""
    moments = pc.fill_null(times, -np.inf).to_numpy()
    order = np.lexsort((moments, seat))
    earlier = np.zeros(len(order), np.bool_)
    earlier[order[:-1]] = seat[order[:-1]] == seat[order[1:]]
    return earlier


def _accuracy(table: pa.Table, target: _Codes, superseded: npt.NDArray[np.bool_]) -> dict[str, float]:
    """The accuracy of each annotator on control items."""
    right, seen = Counter[str](), Counter[str]()
    for group in _control_groups(table, target, superseded):
        expected = _expected(group)
        if expected is None:
            continue
        for row in filter(is_decided, group):
            if row["reviewer"] is None:
                seen[person_of(row)] += 1
                right[person_of(row)] += _is_right(row, expected)
    return {person: (right[person] + 1) / (number + 2) for person, number in seen.items()}


def _control_groups(table: pa.Table, target: _Codes, superseded: npt.NDArray[np.bool_]) -> Iterator[list[Record]]:
    """The decisions that stand about each target that any of them calls a control item."""
    control = table["control"].to_numpy() & ~superseded
    standing = np.flatnonzero(np.isin(target, target[control]) & ~superseded)
    standing = standing[np.argsort(target[standing], kind="stable")]
    rows = (
        (target[place], row)
        for begin in range(0, len(standing), _AT_A_TIME)
        for some in [standing[begin : begin + _AT_A_TIME]]
        for place, row in zip(some.tolist(), table.take(pa.array(some)).to_pylist(), strict=True)
    )
    for _, group in groupby(rows, key=lambda placed: placed[0]):
        yield [row for _, row in group]


def is_decided(row: Record) -> bool:
    """Whether a review says anything that counts: a decision, or an answer."""
    return bool(row["decision"] or row["answer"])


def person_of(row: Mapping[str, object]) -> str:
    """Who decided. People without a name are one person a file."""
    return str(row["reviewer"] or row["annotator"] or f"somebody ({row['file']})")


def moment(row: Record) -> float:
    """When a decision was taken; before all others where that is unknown."""
    return float("-inf") if row["time"] is None else float(str(row["time"]))


def _expected(group: Sequence[Record]) -> str | None:
    """What is right about a control item: stated, or as a reviewer decided."""
    if not any(row["control"] for row in group):
        return None
    stated = [row["expected"] for row in group if row["expected"]]
    stated += [row["decision"] for row in group if row["reviewer"] and row["decision"]]
    return str(stated[0]) if stated else None


def _is_right(row: Record, expected: str) -> bool:
    if row["decision"] is not None:
        return row["decision"] == DECISIONS.get(expected.lower())
    return row["answer"] is not None and compare_exactly(expected, str(row["answer"])).outcome is Relation.EQUAL
