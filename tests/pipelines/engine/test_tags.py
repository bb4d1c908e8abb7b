from dataclasses import replace
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pytest

from pipelines.engine.candidates import CANDIDATE_SCHEMA
from pipelines.engine.rejection import REMARKS, Note, Rejection
from pipelines.engine.store import SOURCE_SHIFT, PartRef, Store, write_batch
from pipelines.engine.tags import (
    PLACED_SCHEMA,
    TAG_SCHEMA,
    alive_after,
    candidate_ids,
    from_verdicts,
    kept_keys,
    overruled_reasons,
    parents_of,
    places_in_rows,
    places_of,
    read_tags,
    rejected,
    repeated,
    sharing,
    tag_batch,
    whereabouts,
)
from schemas.ledger import LedgerRule
from schemas.reason import Reason

PART = PartRef((2 << SOURCE_SHIFT) + 7, "k-0", 4, 10)
LOST = Rejection(Reason.NEAR_DUPLICATE, "words agree", partner="p-cot", partner_row=9, score=0.75)
NOTED = Note(LedgerRule.VARIANT_REPORTED, "bench/3", "bench", 3)


def test_tags_hold_what_a_rejection_or_a_note_says():
    tags = tag_batch([(3, LOST), (0, NOTED), (1, Rejection(Reason.TOO_LONG))])
    assert tags.schema.equals(TAG_SCHEMA)
    assert [list(row.values()) for row in tags.to_pylist()] == [
        [3, "near_duplicate", "words agree", "p-cot", 9, 0.75, None, None, None],
        [0, None, REMARKS[NOTED.rule], "bench/3", None, None, "variant_reported", "bench", 3],
        [1, "too_long", "", None, None, None, None, None, None],
    ]


def test_tags_of_nothing_are_an_empty_batch_of_their_schema():
    assert tag_batch([]).equals(pa.RecordBatch.from_pylist([], schema=TAG_SCHEMA))
    assert len(from_verdicts([None, None])) == 0


def test_verdicts_are_tagged_by_their_position():
    tags = from_verdicts([None, LOST, None, NOTED])
    assert tags.column("index").to_pylist() == [1, 3]
    assert tags.equals(tag_batch([(1, LOST), (3, NOTED)]))


def test_whereabouts_say_part_index_and_rank_of_the_source():
    found = {name: column.to_pylist() for name, column in whereabouts(PART).items()}
    assert found == {"part": [PART.number] * 4, "index": [0, 1, 2, 3], "source_rank": [2] * 4}
    assert {name: len(column) for name, column in whereabouts(PartRef(-1, "e", 0, 0)).items()} == dict.fromkeys(
        found, 0
    )


def keyed(keys):
    return pa.chunked_array([pa.array([key * 16 for key in keys], pa.binary(16))])


def test_a_key_is_repeated_when_another_row_has_it():
    assert repeated(keyed([b"a", b"b", b"a", b"c", b"c", b"c"])).to_pylist() == [True, False, True, True, True, True]
    assert repeated(keyed([])).to_pylist() == []


def test_rows_that_share_their_key_are_tagged_and_nobody_falls():
    rows = pa.table({"key": keyed([b"a", b"b", b"a"]), "part": [1, 1, 2], "index": pa.array([0, 1, 0], pa.int32())})
    tags = sharing(rows)
    assert tags.schema.equals(PLACED_SCHEMA)
    assert tags.select(["part", "index", "reason"]).to_pylist() == [
        {"part": 1, "index": 0, "reason": None},
        {"part": 2, "index": 0, "reason": None},
    ]


def test_keys_are_kept_and_made_for_candidates_that_had_none(tmp_path: Path):
    made = []

    def make(indices: pa.Array) -> pa.Array:
        made.append(indices.to_pylist())
        return pc.multiply(indices, 10)

    for some in ([0, 2], [2], [1, 2], [0, 1, 2]):
        keys = kept_keys(Store(tmp_path), "keys", PART, pa.array(some, pa.int32()), make)
        assert keys.to_pylist() == [10 * index for index in some]
    assert made == [[0, 2], [1]]


def test_keys_of_a_part_with_hidden_candidates_are_neither_kept_nor_believed(tmp_path: Path):
    store, one = Store(tmp_path), pa.array([0], pa.int32())
    hiding = replace(PART, hidden=frozenset({1}))
    assert kept_keys(store, "keys", hiding, one, lambda indices: pc.add(indices, 5)).to_pylist() == [5]
    assert kept_keys(store, "keys", PART, one, lambda indices: pc.add(indices, 6)).to_pylist() == [6]
    assert kept_keys(store, "keys", hiding, one, lambda indices: pc.add(indices, 7)).to_pylist() == [7]


def reviewed(folder: Path, overruled: dict[int, list[str]]) -> Store:
    """A store whose people overruled those reasons."""
    store = Store(folder, reviewed="select-1")
    columns = {"index": pa.array(list(overruled), pa.int32()), "overruled": list(overruled.values())}
    write_batch(store.tags_path("select-1", PART), pa.RecordBatch.from_pydict(columns))
    return store


@pytest.mark.parametrize("columns", [["index", "reason"], ["reason", "detail", "index"], TAG_SCHEMA.names])
def test_a_reason_that_a_person_overruled_is_a_note_and_other_reasons_stay(tmp_path, columns):
    store = reviewed(tmp_path, {0: ["too_long"], 1: ["too_short"], 2: [], 3: ["near_duplicate", "too_long"]})
    said = [(0, Rejection(Reason.TOO_LONG, "9 > 8")), (1, Rejection(Reason.TOO_LONG)), (3, LOST)]
    write_batch(store.tags_path("screen-1", PART), tag_batch(said))
    tags = read_tags(store, "screen-1", PART, columns)
    assert tags.schema.names == columns
    assert tags.column("index").to_pylist() == [0, 1, 3]
    assert tags.column("reason").to_pylist() == [None, "too_long", None]
    if "detail" in columns:
        assert tags.column("detail").to_pylist() == [
            "too_long, overruled by a person: 9 > 8",
            "",
            "near_duplicate, overruled by a person: words agree",
        ]
    assert rejected(tags, 4).tolist() == [False, True, False, False]


def test_without_reviews_tags_are_read_as_they_stand(tmp_path):
    store = Store(tmp_path)
    write_batch(store.tags_path("screen-1", PART), tag_batch([(3, LOST), (0, NOTED)]))
    assert read_tags(store, "screen-1", PART, TAG_SCHEMA.names).equals(tag_batch([(3, LOST), (0, NOTED)]))
    assert overruled_reasons(store, PART) == {}
    assert overruled_reasons(reviewed(tmp_path, {1: ["x"], 2: []}), PART) == {1: ["x"]}


def test_a_note_rejects_nobody():
    assert rejected(tag_batch([(3, LOST), (0, NOTED)]), 4).tolist() == [False, False, False, True]
    assert rejected(tag_batch([]), 2).tolist() == [False, False]


@pytest.mark.parametrize(
    ("derived", "parents"),
    [
        ([], []),
        ([False, True, True, False, True], [0, 0, 0, 3, 3]),
        ([False, False, None, True], [0, 1, 2, 2]),
    ],
)
def test_the_parent_of_a_derived_candidate_is_the_last_one_before_it_that_is_not(derived, parents):
    assert parents_of(pa.array(derived, pa.bool_())).tolist() == parents


def test_a_candidate_lives_while_no_stage_rejected_it_nor_its_parent(tmp_path):
    store = Store(tmp_path)
    derived = [False, True, False, True, True, False, False]
    rows = [dict.fromkeys(CANDIDATE_SCHEMA.names) | {"derived": one} for one in derived]
    rows[6]["reason"] = "parse_error"
    part = PartRef(0, "p", len(rows), 0)
    write_batch(store.part_path(part), pa.RecordBatch.from_pylist(rows, schema=CANDIDATE_SCHEMA))
    write_batch(store.tags_path("screen-1", part), tag_batch([(0, LOST), (5, NOTED)]))
    write_batch(store.tags_path("collapse", part), tag_batch([(3, LOST)]))
    assert alive_after(store, part, []).tolist() == [True] * 6 + [False]
    assert alive_after(store, part, ["screen-1"]).tolist() == [False, False, True, True, True, True, False]
    assert alive_after(store, part, ["screen-1", "collapse"]).tolist() == [False, False, True, False, True, True, False]


def test_places_are_the_inverse_of_indices():
    assert places_of(pa.array([4, 0, 2], pa.int32()), 6).tolist() == [1, -1, 2, -1, 0, -1]
    assert places_of(pa.array([], pa.int32()), 2).tolist() == [-1, -1]


def test_candidates_of_one_row_and_format_are_numbered_where_they_stand():
    formats = pa.array(["cot", "pot", "cot", "cot", None, "cot"])
    nth, of = places_in_rows(pa.array([7, 7, 7, 8, 9, 7]), formats)
    assert (nth.tolist(), of.tolist()) == ([0, 0, 1, 0, 0, 2], [3, 1, 3, 1, 1, 3])
    assert [len(found) for found in places_in_rows(pa.array([], pa.int64()), pa.array([], pa.string()))] == [0, 0]


def test_an_id_names_row_format_and_which_of_equal_rows():
    found = candidate_ids(
        pa.array(["a", "a", "b", "b"]), pa.array(["cot", "pot", None, None]), np.array([0, 2, 0, 1], np.int32)
    )
    assert found.to_pylist() == ["a-cot", "a-pot-2", "b", "b-1"]
