import numpy as np
import pytest

from schemas.exits import UserError
from schemas.problem import Format, Segment, SegmentKind
from schemas.split import Split
from training import shards


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


def test_labels_name_every_example(data):
    labels = shards.open(data).labels("format")
    assert [labels.names[code] for code in labels.codes[:4]] == ["cot", "pot", "tir", "cot"]
    topics = shards.open(data).labels("topic")
    assert topics.names == ("none", "sums", "counting")
    assert len(topics.codes) == len(labels.codes)


def test_a_folder_that_is_no_data_set_is_refused(tmp_path):
    with pytest.raises(UserError, match="not a data set"):
        shards.open(tmp_path)
