from pathlib import Path

import pyarrow as pa

from pipelines.engine.overlays import read_keys, selections, with_labels, with_methods
from pipelines.engine.store import PartRef, Store, write_batch
from schemas.example import SELECTION

PART = PartRef(0, "k-0", 4, 10)


def decided(*decisions):
    """What people decided; None where nobody said anything."""
    rows = [None if one is None else {"decision": one, "adjudicated": False} for one in decisions]
    return pa.array(rows, SELECTION)


def decisions_of(column):
    return [None if row is None else row["decision"] for row in column.to_pylist()]


GIVEN = decided("accepted", "rejected", None, "accepted")


def store_of(folder: Path, reviews: dict[int, str | None] | None) -> Store:
    store = Store(folder, reviewed=None if reviews is None else "select-1")
    write_batch(store.part_path(PART), pa.RecordBatch.from_arrays([GIVEN], names=["selection"]))
    if reviews is not None:
        columns = [pa.array(list(reviews), pa.int32()), decided(*reviews.values())]
        tags = pa.RecordBatch.from_arrays(columns, names=["index", "selection"])
        write_batch(store.tags_path("select-1", PART), tags)
    return store


def test_without_reviews_a_source_is_taken_at_its_word(tmp_path):
    assert selections(store_of(tmp_path, None), PART, GIVEN) is GIVEN


def test_a_review_stands_over_what_the_source_says_and_silence_leaves_it(tmp_path):
    store = store_of(tmp_path, {3: "rejected", 1: None, 2: "accepted"})
    assert decisions_of(selections(store, PART, GIVEN)) == ["accepted", "rejected", "accepted", "rejected"]
    assert decisions_of(selections(store_of(tmp_path, {}), PART, GIVEN)) == decisions_of(GIVEN)


def keys_of(folder: Path, reviews: dict[int, str | None] | None, columns=None):
    store = store_of(folder, reviews)
    accepted = [True, False, False, True]
    write_batch(store.keys_path(PART), pa.RecordBatch.from_pydict({"accepted": accepted, "row_id": list("abcd")}))
    return read_keys(store, PART, columns)


def test_keys_say_accepted_as_people_decided_last(tmp_path):
    assert keys_of(tmp_path, None).column("accepted").to_pylist() == [True, False, False, True]
    found = keys_of(tmp_path, {3: "rejected", 2: "accepted"})
    assert found.to_pydict() == {"accepted": [True, False, True, False], "row_id": list("abcd")}


def test_keys_without_that_column_need_no_review(tmp_path):
    assert keys_of(tmp_path, {3: "rejected"}, ["row_id"]).to_pydict() == {"row_id": list("abcd")}


def labels(topics, difficulties):
    return pa.RecordBatch.from_arrays(
        [pa.array(topics, pa.string()), pa.array(difficulties, pa.int32()), pa.array(range(len(topics)))],
        names=["topic", "difficulty", "row"],
    )


BATCH = labels(["algebra", None, None, None], [None, 3, None, None])


def test_a_prediction_fills_what_is_missing_and_never_what_is_given(tmp_path):
    store = Store(tmp_path, labelled="label-1")
    tags = {"index": pa.array([3, 0, 1], pa.int32())}
    tags |= {"topic": ["geometry", "number theory", None], "difficulty": pa.array([None, 5, 1], pa.int32())}
    write_batch(store.tags_path("label-1", PART), pa.RecordBatch.from_pydict(tags))
    assert with_labels(store, PART, BATCH).to_pydict() == {
        "topic": ["algebra", None, None, "geometry"],
        "difficulty": [5, 3, None, None],
        "row": [0, 1, 2, 3],
        "topic_method": ["given", None, None, "predicted"],
        "difficulty_method": ["predicted", "given", None, None],
    }


def test_without_predictions_only_what_is_given_has_a_method(tmp_path):
    found = with_labels(Store(tmp_path), PART, BATCH)
    assert found.select(BATCH.schema.names).equals(BATCH)
    assert found.column("topic_method").to_pylist() == ["given", None, None, None]
    assert found.equals(with_methods(BATCH, given=BATCH))


def test_methods_of_no_rows_are_no_rows():
    assert with_methods(BATCH.slice(0, 0), given=BATCH.slice(0, 0)).column("topic_method").to_pylist() == []
