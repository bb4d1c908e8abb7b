import numpy as np
import pyarrow as pa
import pytest

from schemas.exits import RunFailedError, UserError
from schemas.problem import Format, Segment, SegmentKind
from schemas.split import Split
from schemas.verdict import VERDICT
from tests.store_server import put
from training import shard_rows, shards


def test_rows_are_read_by_one_index_over_batches_and_folders(data, make_data, make_row, tmp_path):
    more = make_data(tmp_path / "MORE", [make_row(7, "tir", id="last-one")])
    examples = shards.open(data, more)
    assert len(examples) == 49
    assert len(examples.fingerprints) == 2
    last, first = examples.take(np.array([48, 0]))
    assert (last.id, first.id) == ("last-one", "0000000000000000-cot")
    assert last.format is Format.TIR
    assert last.segments[2] == Segment(SegmentKind.OUTPUT, "31")
    assert examples.rows(47, 49)[1] == last


def test_splits_are_apart(data):
    both = shards.open_splits(data)
    assert (len(both[Split.TRAIN]), len(both[Split.HELDOUT])) == (48, 12)
    assert not set(both[Split.TRAIN].ids()) & set(both[Split.HELDOUT].ids())


def test_labels_name_the_examples_asked_for(data):
    labels = shards.open(data).labels_of(np.array([3, 0, 0]))
    assert labels.formats == ("cot", "cot", "cot")
    assert labels.topics == ("sums", "none", "none")
    assert labels.ids[0] == "0000000000000001-cot"


def test_the_first_of_each_value_is_found_over_folders(data, make_data, make_row, tmp_path):
    more = make_data(tmp_path / "MORE", [make_row(7, "tir", source="more")])
    examples = shards.open(data, more)
    assert examples.first_of_each("format").tolist() == [0, 1, 2]
    assert [example.source for example in examples.take(examples.first_of_each("source"))] == ["other", "hand", "more"]


def test_pages_that_were_let_go_come_back(data, monkeypatch):
    whole = shards.open(data).rows(0, 48)
    monkeypatch.setattr(shard_rows, "_RESIDENT", 1)
    monkeypatch.setattr(shard_rows, "_OPEN", 2)
    examples = shards.open(data)
    order = np.random.default_rng(0).permutation(48)
    for _ in range(2):
        assert examples.take(order) == [whole[index] for index in order]
        assert examples.labels_of(order).ids == tuple(whole[index].id for index in order)


def test_ids_are_found_where_they_lie_first(data):
    examples = shards.open(data, data)
    ids = pa.array([examples.ids()[20], "nobody", examples.ids()[0]])
    assert examples.indices_of(ids).tolist() == [20, -1, 0]


def test_a_shard_that_changes_while_it_is_read_is_refused(make_data, make_row, tmp_path):
    folder = make_data(tmp_path / "DATA", [make_row(n, "cot") for n in range(40)])
    examples = shards.open(folder)
    assert len(examples.rows(0, 40)) == 40
    shard = folder / "shards" / "train-00000-of-00001.arrow"
    shard.write_bytes(shard.read_bytes()[:-200])
    with pytest.raises(RunFailedError, match="changed while it was read; judge the data again"):
        examples.rows(0, 40)


def test_a_folder_that_is_no_data_set_is_refused(tmp_path):
    with pytest.raises(UserError, match="not a data set"):
        shards.open(tmp_path)


def test_data_in_a_store_is_the_same_data(data, bucket):
    place = put(data, f"{bucket}/DATA")
    here, there = shards.open_splits(data), shards.open_splits(place.url)
    for split in Split:
        assert there[split].rows(0, len(there[split])) == here[split].rows(0, len(here[split]))
        assert there[split].fingerprints == here[split].fingerprints
    assert shards.open(data, place.url).ids() == here[Split.TRAIN].ids() * 2


def test_data_in_a_store_that_nobody_judged_is_refused_by_its_url(data, bucket):
    place = put(data, f"{bucket}/DATA")
    (place / VERDICT).remove()
    with pytest.raises(UserError, match=f"^{place}: never judged: .*run `mathmill validate {place}`"):
        shards.open(place.url)
    assert len(shards.open(place.url, draft=True)) == 48


def test_sizes_are_those_of_the_texts_over_many_batches(make_data, make_row, tmp_path, monkeypatch):
    monkeypatch.setattr("training.mapped._TOGETHER", 2)
    rows = [
        make_row(number, form, system="Zähle." if number % 5 == 0 else None, instruction=None if number % 3 else "Go.")
        for number, form in enumerate(("cot", "pot", "tir") * 7)
    ]
    plain = make_data(tmp_path / "PLAIN", [make_row(number, "cot") for number in range(3)])
    examples = shards.open(make_data(tmp_path / "DATA", rows), plain)
    for _ in range(2):  # pages that were let go come back
        found = list(examples.sizes())
        texts = np.concatenate([sizes.texts for _, sizes in found]).tolist()
        segments = np.concatenate([sizes.segments for _, sizes in found]).tolist()
        whole = examples.rows(0, len(examples))
        assert segments == [len(example.segments) for example in whole]
        assert texts == [
            sum(len((text or "").encode()) for text in (example.question, example.instruction, example.system))
            + sum(len(segment.text.encode()) for segment in example.segments)
            for example in whole
        ]
        assert [start for start, _ in found] == np.cumsum([0, *(len(sizes.texts) for _, sizes in found[:-1])]).tolist()
