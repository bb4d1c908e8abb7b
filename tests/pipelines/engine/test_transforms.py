"""The three shapes on parts that stand on disk, through Beam's own runner, against plain Python."""

import gc
import hashlib
import itertools
import json
import random
from collections import Counter, defaultdict
from dataclasses import replace

import apache_beam as beam
import pyarrow as pa
import pytest

from pipelines.engine.beam import beam_options, open_pipeline
from pipelines.engine.rejection import Rejection
from pipelines.engine.store import PartRef, Store, read_batch, write_batch
from pipelines.engine.tags import PLACED_SCHEMA, TAG_SCHEMA, tag_batch
from pipelines.engine.transforms import (
    PARTITION_ROWS,
    ReadParts,
    ReadSplit,
    TagAcrossParts,
    TagParts,
    partitions_for,
    read_split,
    tag_part,
)
from schemas.exits import RunFailedError
from schemas.reason import Reason


def passed_on(folder, start, transform):
    """The parts that a transform passes on, as a run leaves them."""
    with open_pipeline(beam_options(1, [])) as pipeline:
        parts = pipeline | "start" >> beam.Create(start) | transform
        _ = parts | beam.Map(lambda part: _note(folder, part))
    found = [json.loads(path.read_text()) for path in (folder / "passed").glob("*")]
    return sorted(PartRef(*fields) for fields in found)


def _note(folder, part):
    (folder / "passed").mkdir(exist_ok=True)
    path = folder / "passed" / f"{part.number}"
    assert not path.exists(), "passed on twice"
    path.write_text(json.dumps([part.number, part.key, part.rows, part.bytes]))


def reported(folder):
    """Rows and reasons by stage, as workers reported them."""
    rows, reasons = Counter(), Counter()
    for path in (folder / "progress").glob("*.jsonl"):
        for line in path.read_text().splitlines():
            stage, number, rejections = json.loads(line)
            rows[stage] += number
            reasons.update(rejections)
    return rows, reasons


def written(folder, numbers, texts):
    """Parts of those texts, one batch each."""
    parts = []
    for number, own in zip(numbers, texts, strict=True):
        parts.append(PartRef(number, f"part{number}", len(own), sum(map(len, own))))
        batch = pa.RecordBatch.from_pydict({"text": pa.array(own, pa.string())})
        write_batch(Store(folder).part_path(parts[-1]), batch)
    return parts


def render(split, begun=()):
    """A split's texts, two a part, behind those that were begun; a text `bad` cannot be read."""
    for start in range(sum(map(len, begun)), len(split.split), 2):
        texts = pa.array(split.split[start : start + 2])
        reasons = pa.array(["parse_error" if text == "bad" else None for text in texts.to_pylist()], pa.string())
        columns = {"text": texts, "reason": reasons, "row": pa.array(range(len(texts))), "row_id": texts}
        yield pa.RecordBatch.from_pydict(columns), 10 + start


def keys_of(batch):
    return pa.RecordBatch.from_arrays([batch.column("text")], names=["key"])


SPLITS = [
    ReadSplit(0, "aaa", None, ["x", "bad", "y"]),
    ReadSplit(100, "bbb", None, []),
    ReadSplit(200, "ccc", None, ["z"]),
]


def test_splits_become_parts_with_their_keys_numbered_as_rows_stand_in_the_input(tmp_path):
    store = Store(tmp_path)
    found = passed_on(tmp_path, SPLITS, ReadParts(store, render, keys_of))
    assert found == [PartRef(0, "aaa-0", 2, 10), PartRef(1, "aaa-1", 1, 12), PartRef(200, "ccc-0", 1, 10)]
    assert [store.read_part(part, ["text"]).column(0).to_pylist() for part in found] == [["x", "bad"], ["y"], ["z"]]
    assert [read_batch(store.keys_path(part)).to_pydict() for part in found] == [
        {"key": ["x", "bad"]},
        {"key": ["y"]},
        {"key": ["z"]},
    ]
    assert store.parts_of("bbb") == []
    assert reported(tmp_path) == ({"read": 4}, {"parse_error": 1})


def never(*_):
    raise AssertionError("read again")


def test_what_was_read_is_not_read_again_and_follows_its_splits_new_number(tmp_path):
    store = Store(tmp_path)
    first = read_split(SPLITS[0], store, render, keys_of)
    moved = ReadSplit(500, "aaa", None, None)
    assert read_split(moved, store, never, never) == [
        PartRef(500 + place, part.key, part.rows, part.bytes) for place, part in enumerate(first)
    ]
    assert reported(tmp_path) == ({"read": 6}, {"parse_error": 2})


def read_until(error, store):
    """Reads the first part of a split and then fails."""

    def failing(split, _begun):
        yield next(render(split))
        raise error

    with pytest.raises(type(error)):
        read_split(SPLITS[0], store, failing, keys_of)
    assert gc.isenabled()
    assert store.parts_of("aaa") is None


def test_a_split_that_was_not_read_to_its_end_is_read_behind_its_whole_parts(tmp_path):
    store = Store(tmp_path)
    read_until(MemoryError(), store)
    begun = []

    def watched(split, known):
        begun.extend(row["row_id"] for part in known for row in part.to_pylist())
        return render(split, known)

    assert read_split(SPLITS[0], store, watched, keys_of) == [PartRef(0, "aaa-0", 2, 10), PartRef(1, "aaa-1", 1, 12)]
    assert begun == ["x", "bad"]
    assert reported(tmp_path) == ({"read": 5}, {"parse_error": 2})
    assert store.parts_begun("aaa") == []
    assert gc.isenabled()


def test_a_split_is_read_from_its_beginning_where_a_row_stopped_the_run_or_its_first_part_is_damaged(tmp_path):
    for folder, error, damage in (("stopped", RunFailedError("changed"), 0), ("damaged", MemoryError(), 1)):
        store = Store(tmp_path / folder)
        read_until(error, store)
        path = store.keys_path(PartRef(0, "aaa-0", 0, 0))
        path.write_bytes(path.read_bytes()[damage:])
        seen = []
        read_split(SPLITS[0], store, lambda split, begun, seen=seen: seen.extend(begun) or render(split), keys_of)
        assert seen == []
        assert len(store.parts_of("aaa")) == 2


def long_ones(store):
    def tag(part):
        texts = store.read_part(part, ["text"]).column(0).to_pylist()
        return tag_batch((at, Rejection(Reason.TOO_LONG, text)) for at, text in enumerate(texts) if len(text) > 2)

    return tag


def details(store, name, part):
    tags = read_batch(store.tags_path(name, part))
    return dict(zip(tags.column("index").to_pylist(), tags.column("detail").to_pylist(), strict=True))


def test_every_part_is_tagged_by_itself_and_passed_on(tmp_path):
    store = Store(tmp_path)
    parts = written(tmp_path, [0, 1, 2], [["a", "abc"], [], ["abcd", "ab", "abc"]])
    assert passed_on(tmp_path, parts, TagParts(store, "screen-0f", long_ones(store))) == parts
    assert [details(store, "screen-0f", part) for part in parts] == [{1: "abc"}, {}, {0: "abcd", 2: "abc"}]
    assert reported(tmp_path) == ({"screen": 5}, {"too_long": 3})


def test_tags_that_stand_under_the_same_hash_are_right_as_they_are(tmp_path):
    store = Store(tmp_path)
    (part,) = written(tmp_path, [0], [["abc", "abcd"]])
    tag_part(part, store, "screen-0f", long_ones(store))
    assert tag_part(part, store, "screen-0f", never) == part
    assert reported(tmp_path) == ({"screen": 4}, {"too_long": 4})
    with pytest.raises(AssertionError, match="read again"):
        tag_part(part, store, "screen-10", never)
    assert not store.tags_path("screen-10", part).exists()


def index_of(store):
    """Texts by their first letter; those that begin with a dot take no part."""

    def index(part):
        texts = store.read_part(part, ["text"]).column(0).to_pylist()
        rows = [(text, at) for at, text in enumerate(texts) if not text.startswith(".")]
        rows.insert(0, ("cut off again", -1))
        batch = pa.RecordBatch.from_pydict(
            {
                "key": pa.array([hashlib.md5(text[:1].encode()).digest() for text, _ in rows], pa.binary(16)),
                "text": [text for text, _ in rows],
                "part": pa.array([part.number] * len(rows), pa.int64()),
                "index": pa.array([at for _, at in rows], pa.int32()),
            }
        )
        return batch.slice(1)  # a stage may hand on a slice

    return index


def resolve(rows):
    """All but the least text of each key lose to it; the score is how many there are."""
    groups = defaultdict(list)
    for row in rows.to_pylist():
        groups[row["key"]].append(row)
    empty = dict.fromkeys(PLACED_SCHEMA.names)
    tags = []
    for group in groups.values():
        best = min(row["text"] for row in group)
        for row in group:
            if row["text"] != best:
                said = {"reason": "exact_duplicate", "detail": row["text"], "partner": best, "score": len(group)}
                tags.append(empty | said | {name: row[name] for name in ("part", "index")})
    whole = pa.Table.from_pylist(tags, schema=PLACED_SCHEMA)
    return pa.concat_tables([whole.slice(0, 1), whole.slice(1)])  # in several chunks


def expected(texts):
    """What `resolve` says of every text, by place among all."""
    groups = defaultdict(list)
    for text in texts:
        groups[text[:1]].append(text)
    return {
        place: ("exact_duplicate", text, min(groups[text[:1]]), float(len(groups[text[:1]])))
        for place, text in enumerate(texts)
        if not text.startswith(".") and text != min(groups[text[:1]])
    }


CHANCE = random.Random(5)
TEXTS = ["".join(CHANCE.choices(".abcdefgh", k=1) + CHANCE.choices("xyz", k=3)) for _ in range(60)]


def tags_of(folder, cuts, **settings):
    """Tags of TEXTS by place among all, the texts cut into parts at those places."""
    store = Store(folder)
    borders = [0, *cuts, len(TEXTS)]
    texts = [TEXTS[start:end] for start, end in itertools.pairwise(borders)]
    parts = written(folder, range(len(texts)), texts)
    stage = TagAcrossParts(store, "collapse", index_of(store), resolve, **settings)
    assert passed_on(folder, parts, stage) == parts
    found = {}
    for part, start in zip(parts, borders, strict=False):
        tags = read_batch(store.tags_path("collapse", part))
        assert tags.schema.equals(TAG_SCHEMA)
        assert tags.column("index").to_pylist() == sorted(tags.column("index").to_pylist())
        for row in tags.to_pylist():
            found[start + row["index"]] = (row["reason"], row["detail"], row["partner"], row["score"])
    return found


def test_partitions_grow_with_the_candidates_within_bounds():
    candidates = (0, 16 * PARTITION_ROWS, 16 * PARTITION_ROWS + 1, 50_000_000, 10**12)
    assert [partitions_for(number) for number in candidates] == [16, 16, 17, 200, 4096]


@pytest.mark.parametrize("partitions", [1, 3, 97, 1000])
@pytest.mark.parametrize("cuts", [[], [1, 1, 20, 59]])
def test_rows_of_all_parts_meet_by_key_whatever_the_cuts_and_partitions(tmp_path, partitions, cuts):
    assert tags_of(tmp_path, cuts, partitions=partitions) == expected(TEXTS)
    lost = len(expected(TEXTS))
    assert lost > 30
    assert reported(tmp_path) == ({"collapse": 60}, {"exact_duplicate": lost})


def test_a_stage_that_revises_its_tags_reports_nothing_twice(tmp_path):
    assert tags_of(tmp_path, [30], again=True) == expected(TEXTS)
    assert reported(tmp_path) == ({}, {})


def test_earlier_data_is_compared_and_not_passed_on(tmp_path):
    store = Store(tmp_path)
    new, earlier = written(tmp_path, [0, -1], [["ab", "b"], ["aa", "ac"]])
    stage = TagAcrossParts(store, "collapse", index_of(store), resolve, beside=(earlier,))
    assert passed_on(tmp_path, [new], stage) == [new]
    assert details(store, "collapse", new) == {0: "ab"}
    assert details(store, "collapse", earlier) == {1: "ac"}
    assert reported(tmp_path) == ({"collapse": 2}, {"exact_duplicate": 1})


def test_parts_of_which_nothing_is_compared_get_empty_tags(tmp_path):
    store = Store(tmp_path)
    parts = written(tmp_path, [0, 1], [[".a"], []])
    assert passed_on(tmp_path, parts, TagAcrossParts(store, "collapse", index_of(store), resolve)) == parts
    assert [details(store, "collapse", part) for part in parts] == [{}, {}]


def test_a_row_that_makes_an_index_raise_is_quarantined_and_its_equals_live(tmp_path):
    store = Store(tmp_path)
    parts = written(tmp_path, [0, 1], [["ab", "a!", "aa"], ["b!", "ac", "b"]])

    def index(part):
        texts = store.read_part(part, ["text"]).column(0).to_pylist()
        if any(text and "!" in text for text in texts):
            raise ValueError("a shout")
        seen = pa.array([text is not None for text in texts])
        return index_of(store)(replace(part, hidden=frozenset())).filter(seen)

    assert passed_on(tmp_path, parts, TagAcrossParts(store, "collapse", index, resolve)) == parts
    found = [details(store, "collapse", part) for part in parts]
    assert found[0] == {0: "ab", 1: found[0][1]}
    assert found[1] == {0: found[1][0], 1: "ac"}
    assert all(crash.startswith("collapse: ValueError: a shout") for crash in (found[0][1], found[1][0]))
    assert reported(tmp_path) == ({"collapse": 6}, {"stage_crash": 2, "exact_duplicate": 2})


def test_a_row_that_makes_a_comparison_raise_is_quarantined_and_its_equals_live(tmp_path):
    store = Store(tmp_path)
    parts = written(tmp_path, [0, 1], [["ab", "a!", "aa"], ["b", "bb"]])

    def compared(rows):
        if "a!" in rows.column("text").to_pylist():
            raise RecursionError
        return resolve(rows)

    assert passed_on(tmp_path, parts, TagAcrossParts(store, "collapse", index_of(store), compared)) == parts
    assert [details(store, "collapse", part) for part in parts] == [
        {0: "ab", 1: "collapse: RecursionError"},
        {1: "bb"},
    ]


def test_a_row_that_makes_a_row_wise_stage_raise_is_quarantined_whatever_the_number_of_parts(tmp_path):
    store = Store(tmp_path)
    parts = written(tmp_path, [0, 1], [["abc", "?", "abcd"], ["?", "ab"]])

    def tag(part):
        texts = store.read_part(part, ["text"]).column(0).to_pylist()
        numbers = [len(text) // (text != "?") for text in texts if text is not None]
        assert len(numbers) == part.rows - len(part.hidden)
        return tag_batch((at, Rejection(Reason.TOO_LONG, text)) for at, text in enumerate(texts) if text and text[2:])

    assert passed_on(tmp_path, parts, TagParts(store, "screen-0f", tag)) == parts
    reasons = [read_batch(store.tags_path("screen-0f", part), ["reason"]).column(0).to_pylist() for part in parts]
    assert reasons == [["too_long", "stage_crash", "too_long"], ["stage_crash"]]
    assert tag_part(parts[0], store, "screen-0f", never) == parts[0]
    with pytest.raises(AssertionError, match="read again"):  # a strict run looks once more, to stop there
        tag_part(parts[0], Store(tmp_path, strict=True), "screen-0f", never)


def test_a_row_whose_keys_raise_is_quarantined_as_it_is_read(tmp_path):
    store = Store(tmp_path)

    def texts(_split, _begun):
        columns = {"text": ["x", "bad", "y"], **dict.fromkeys(("stage", "reason", "detail"), [None] * 3)}
        yield pa.RecordBatch.from_pydict({name: pa.array(values, pa.string()) for name, values in columns.items()}), 9

    def keys(batch):
        assert "bad" not in batch.column("text").to_pylist()
        return keys_of(batch)

    (part,) = read_split(SPLITS[0], store, texts, keys)
    assert store.read_part(part).column("reason").to_pylist() == [None, "stage_crash", None]
    assert read_batch(store.keys_path(part)).column("key").to_pylist() == ["x", None, "y"]
    assert reported(tmp_path) == ({"read": 3}, {"stage_crash": 1})
    assert read_split(SPLITS[0], store, never, never) == [part]
    with pytest.raises(AssertionError, match="read again"):
        read_split(SPLITS[0], Store(tmp_path, strict=True), never, never)
