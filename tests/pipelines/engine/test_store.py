import os
import pickle
import shutil

import pyarrow as pa
import pytest

from pipelines.engine.progress import Watch
from pipelines.engine.store import (
    SOURCE_SHIFT,
    DamagedError,
    PartRef,
    Store,
    damaged_files,
    digest,
    keep_batch,
    noted,
    read_batch,
    read_note,
    read_value,
    seal_of,
    write_batch,
    write_value,
)

BATCH = pa.RecordBatch.from_pydict(
    {"question": ["one?", None, "três?"], "row": pa.array([3, 4, 5], pa.int64()), "list": [[1], [], None]}
)


def part(number, key="k-0", rows=3):
    return PartRef(number, key, rows, 10)


@pytest.mark.parametrize("rows", [0, 1, 3])
def test_a_batch_is_read_back_as_it_was_written(tmp_path, rows):
    path = tmp_path / "deep" / "down" / "batch.arrow"
    write_batch(path, BATCH.slice(3 - rows))
    assert read_batch(path).equals(BATCH.slice(3 - rows))
    assert [file.name for file in path.parent.iterdir()] == ["batch.arrow"]


def test_columns_come_in_the_order_that_was_asked_for(tmp_path):
    write_batch(tmp_path / "batch.arrow", BATCH)
    found = read_batch(tmp_path / "batch.arrow", ["row", "question"])
    assert found.equals(BATCH.select(["row", "question"]))
    assert read_batch(tmp_path / "batch.arrow", ["question"]).schema.names == ["question"]


def test_a_column_that_is_not_there_is_an_error_and_no_other_column(tmp_path):
    write_batch(tmp_path / "batch.arrow", BATCH)
    with pytest.raises((KeyError, pa.ArrowInvalid)):
        read_batch(tmp_path / "batch.arrow", ["row", "no such"])


def test_a_batch_that_cannot_be_written_leaves_what_stood_there(tmp_path):
    path = tmp_path / "batch.arrow"
    write_batch(path, BATCH)

    with pytest.raises(AttributeError):
        write_batch(path, BATCH.schema)
    assert read_batch(path).equals(BATCH)
    assert [file.name for file in tmp_path.iterdir()] == ["batch.arrow"]


def flipped(content, place):
    return content[:place] + bytes([content[place] ^ 0x10]) + content[place + 1 :]


def test_a_batch_whose_bytes_changed_anywhere_is_refused(tmp_path):
    path = tmp_path / "batch.arrow"
    write_batch(path, BATCH)
    content = path.read_bytes()
    damaged = [content[:kept] for kept in (0, 10, len(content) // 2, len(content) - 1)]
    damaged += [flipped(content, place) for place in range(0, len(content), 7)]
    damaged += [flipped(content, len(content) - 1), content + b"x", b"x" + content]
    for spoiled in damaged:
        path.write_bytes(spoiled)
        with pytest.raises(DamagedError, match=r"batch\.arrow: damaged; run the same command again"):
            read_batch(path, ["row"])
    path.write_bytes(content)
    assert read_batch(path).equals(BATCH)


def test_bytes_that_change_after_a_look_are_refused(tmp_path, monkeypatch):
    monkeypatch.setattr("pipelines.engine.store._SETTLED_NS", 0)  # as if it had been written long ago
    path = tmp_path / "batch.arrow"
    write_batch(path, BATCH)
    assert read_batch(path).equals(BATCH)
    before = path.stat()
    path.write_bytes(flipped(path.read_bytes(), 100))
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns + 1))
    with pytest.raises(DamagedError):
        read_batch(path)


def test_a_batch_that_stands_already_is_not_written_again(tmp_path):
    path = tmp_path / "batch.arrow"
    keep_batch(path, BATCH)
    made, content = path.stat().st_ino, path.read_bytes()
    keep_batch(path, BATCH)
    assert path.stat().st_ino == made
    write_batch(path, BATCH)
    assert path.read_bytes() == content
    for other in (flipped(content, 100), content[:-1]):
        path.write_bytes(other)
        keep_batch(path, BATCH)
        assert path.read_bytes() == content
    keep_batch(path, BATCH.slice(1))
    assert len(read_batch(path)) == len(BATCH) - 1


def test_a_batch_in_the_place_of_another_is_damaged_and_has_its_seal(tmp_path):
    names = ("tags/screen-1/k-0.arrow", "tags/screen-1/k-1.arrow", "tags/collapse-1/k-0.arrow", "keys/k-0.arrow")
    first, *others = (tmp_path / name for name in names)
    write_batch(first, BATCH)
    for other in others:
        other.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(first, other)
        with pytest.raises(DamagedError):
            read_batch(other)
        write_batch(other, BATCH)
        assert (read_batch(other).equals(BATCH), seal_of(other)) == (True, seal_of(first))
    assert read_batch(first).equals(BATCH)


def test_a_value_in_the_place_of_another_is_damaged(tmp_path):
    write_value(tmp_path / "k.json", [1])
    shutil.copyfile(tmp_path / "k.json", tmp_path / "l.json")
    with pytest.raises(DamagedError):
        read_value(tmp_path / "l.json")
    assert read_value(tmp_path / "k.json") == [1]


def test_a_note_stands_beside_a_batch_and_goes_into_its_seal(tmp_path):
    path = tmp_path / "batch.arrow"
    write_batch(path, BATCH)
    assert read_note(path) is None
    bare = seal_of(path)
    write_batch(path, noted(BATCH, {"rows": [1, None]}))
    assert (read_note(path), seal_of(path) == bare) == ({"rows": [1, None]}, False)
    assert read_batch(path).equals(BATCH)
    write_batch(path, BATCH)
    assert seal_of(path) == bare
    path.write_bytes(path.read_bytes()[:-1])
    with pytest.raises(DamagedError):
        read_note(path)


def test_a_value_whose_text_changed_anywhere_is_refused(tmp_path):
    path, value = tmp_path / "value.json", [{"rows": 14, "name": "três", "share": 0.5}]
    write_value(path, value)
    assert read_value(path) == value
    content = path.read_bytes()
    assert b"14" in content
    for spoiled in (b"", b"{", b"[1]", b'{"value": 1}', content[:-1], content.replace(b"14", b"15")):
        path.write_bytes(spoiled)
        with pytest.raises(DamagedError):
            read_value(path)


def damage_told(store, act):
    """What `act` gives, and the files that are told to be damaged meanwhile."""
    shown = []
    with Watch(store.root, shown.append):
        result = act()
    return result, shown[-1].damaged


def test_a_damaged_batch_of_an_earlier_run_is_told_and_makes_room(tmp_path):
    store, path = Store(tmp_path), tmp_path / "tags/screen-1/k-0.arrow"
    assert damage_told(store, lambda: store.holds(path)) == (False, [])
    write_batch(path, BATCH)
    assert damage_told(store, lambda: store.holds(path)) == (True, [])
    path.write_bytes(flipped(path.read_bytes(), 100))
    assert damage_told(store, lambda: store.holds(path)) == (False, ["tags/screen-1/k-0.arrow"])
    assert not path.exists()


@pytest.mark.parametrize("name", ["parts/k-1.arrow", "keys/k-0.arrow", "parts/k.json"])
def test_a_split_with_a_damaged_file_is_read_again(tmp_path, name):
    store, parts = Store(tmp_path), [part(0, "k-0"), part(1, "k-1")]
    for each in parts:
        write_batch(store.part_path(each), BATCH)
        write_batch(store.keys_path(each), BATCH)
    store.mark_whole("k", parts)
    assert damage_told(store, lambda: store.parts_of("k")) == (parts, [])
    spoiled = tmp_path / name
    spoiled.write_bytes(spoiled.read_bytes()[:-5])
    assert damage_told(store, lambda: store.parts_of("k")) == (None, [name])


def test_damaged_batches_are_found_wherever_they_lie_and_no_staged_file_is_one(tmp_path):
    names = ["parts/a.arrow", "keys/a.arrow", "tags/s-1/a.arrow", "decisions/a.arrow", "benchmarks-1.arrow"]
    for name in names:
        write_batch(tmp_path / name, BATCH)
    (tmp_path / "staged/shards").mkdir(parents=True)
    (tmp_path / "staged/shards/train.arrow").write_bytes(b"a stream")
    assert damaged_files(tmp_path) == []
    for name in names:
        (tmp_path / name).write_bytes(b"")
    assert {str(path.relative_to(tmp_path)) for path in damaged_files(tmp_path)} == set(names)


def test_a_split_has_its_parts_when_it_is_marked_whole_and_not_before(tmp_path):
    store = Store(tmp_path)
    parts = [part(7, "k-0"), part(8, "k-1", rows=0)]
    for each in parts:
        write_batch(store.part_path(each), BATCH)
        write_batch(store.keys_path(each), BATCH)
    assert store.parts_of("k") is None
    store.mark_whole("k", parts)
    assert store.parts_of("k") == parts
    store.mark_whole("empty", [])
    assert store.parts_of("empty") == []
    store.forget_split("k")
    assert store.parts_of("k") is None


def test_what_belongs_to_a_part_stands_apart_by_folder_under_its_key(tmp_path):
    store, one, other = Store(tmp_path), part(0, "a-0"), part(1, "a-1")
    paths = [
        path(this)
        for this in (one, other)
        for path in (
            store.part_path,
            store.keys_path,
            store.decisions_path,
            lambda this: store.tags_path("screen-1", this),
            lambda this: store.tags_path("screen-2", this),
        )
    ]
    assert len(set(paths)) == 10
    assert {path.stem for path in paths} == {"a-0", "a-1"}
    assert all(path.is_relative_to(tmp_path) for path in paths)


def test_some_columns_of_a_part_can_be_read(tmp_path):
    store = Store(tmp_path)
    write_batch(store.part_path(part(0)), BATCH)
    assert store.read_part(part(0)).equals(BATCH)
    assert store.read_part(part(0), ["row"]).to_pydict() == {"row": [3, 4, 5]}


def test_questions_come_from_several_parts_in_the_order_they_are_asked_for(tmp_path):
    store = Store(tmp_path)
    for key in "ab":
        texts = [f"{key}{place}" for place in range(4)]
        write_batch(store.part_path(part(0, key)), pa.RecordBatch.from_pydict({"question": texts}))
    assert store.questions_at(["b", "a", "b", "a", "b"], [3, 0, 1, 2, 3]) == ["b3", "a0", "b1", "a2", "b3"]
    assert store.questions_at([], []) == []


@pytest.mark.parametrize(
    ("number", "rank", "earlier"),
    [
        (0, 0, False),
        ((1 << SOURCE_SHIFT) - 1, 0, False),
        (1 << SOURCE_SHIFT, 1, False),
        ((3 << SOURCE_SHIFT) + 5, 3, False),
        (-1, -1, True),
    ],
)
def test_the_number_of_a_part_tells_the_rank_of_its_source(number, rank, earlier):
    assert (part(number).source_rank, part(number).is_earlier) == (rank, earlier)


def test_parts_are_ordered_as_their_rows_stand_in_the_input():
    numbers = [1 << SOURCE_SHIFT, 5, 0, (1 << SOURCE_SHIFT) + 1]
    assert [one.number for one in sorted(part(number, key=f"{-number}") for number in numbers)] == sorted(numbers)


def test_a_store_travels_to_workers(tmp_path):
    store = Store(tmp_path, reviewed="select-1", labelled="label-2")
    assert pickle.loads(pickle.dumps(store)) == store


def test_a_digest_is_of_values_and_not_of_the_order_of_keys():
    # keys of parts and tags depend on it: another value makes every work folder start over
    assert digest("a", {"x": 1, "y": [None, 2.5]}) == "7125017347aa18996e37"
    assert digest({"x": 1, "y": 2}) == digest({"y": 2, "x": 1})
    several = [digest(), digest("ab"), digest("a", "b"), digest(["a", "b"]), digest("1"), digest(1), digest(None)]
    assert len({*several}) == len(several)
    assert {len(one) for one in several} == {20}
