import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipelines.text.arrays import _SLICE, bytes_of, changed_where, foreign_runs, rewritten, sliced, texts_of

TEXTS = st.lists(st.none() | st.text(alphabet="aB1 é三\U0001d465\n", max_size=6), max_size=8)
KINDS = st.sampled_from([pa.string(), pa.large_string()])


@given(TEXTS, KINDS, st.integers(0, 3))
def test_the_bytes_of_texts_are_theirs_one_after_another(texts, kind, start):
    data, offsets = bytes_of(pa.array(texts, kind).slice(start))
    encoded = [(text or "").encode() for text in texts[start:]]
    assert data.tobytes() == b"".join(encoded)
    assert offsets.tolist() == [sum(map(len, encoded[:place])) for place in range(len(encoded) + 1)]


@given(TEXTS, st.integers(0, 3))
def test_texts_come_back_from_their_bytes(texts, start):
    data, offsets = bytes_of(pa.array(texts, pa.string()).slice(start))
    assert texts_of(data, offsets).to_pylist() == [text or "" for text in texts[start:]]


def test_the_bytes_of_valid_large_strings_are_views_not_copies():
    texts = pa.array(["ab", "c"], pa.large_string())
    data, _ = bytes_of(texts)
    assert data.ctypes.data == texts.buffers()[2].address


@pytest.mark.parametrize("length", [1, 1000, _SLICE // 2, _SLICE, 2 * _SLICE])
def test_slices_hold_every_text_once_in_order_and_about_so_many_bytes(length):
    texts = pa.array([f"{place:04d}".ljust(length, "x") for place in range(min(9, 4 * _SLICE // length + 1))])
    cut = list(sliced(texts))
    assert pa.concat_arrays(cut).equals(texts)
    assert max(one.nbytes for one in cut) <= max(_SLICE, length) + 16


def test_a_batch_is_cut_like_a_column_and_an_empty_one_into_nothing():
    batch = pa.RecordBatch.from_pydict({"text": ["x" * _SLICE] * 3, "number": [1, 2, 3]})
    assert [one.column("number").to_pylist() for one in sliced(batch)] == [[1], [2], [3]]
    assert list(sliced(batch.slice(0, 0))) == []


def test_rules_apply_in_their_order_and_only_to_texts_that_match():
    texts = pa.array(["a-b", None, "b", "a", ""])
    rules = [("a", "b"), ("b", "c")]
    assert rewritten(texts, "a", rules).to_pylist() == ["c-c", None, "b", "c", ""]
    assert rewritten(texts, "z", rules) is texts


def test_a_change_is_asked_for_matching_texts_only():
    asked = []

    def change(text):
        asked.append(text)
        return text.upper()

    assert changed_where(pa.array(["ab", None, "cd", "b"]), "b", change).to_pylist() == ["AB", None, "cd", "B"]
    assert asked == ["ab", "b"]
    assert changed_where(pa.array(["x", None]), "b", change).to_pylist() == ["x", None]
    assert asked == ["ab", "b"]


def test_a_run_is_cut_where_its_text_ends():
    found = foreign_runs(pa.array(["aé", "é", None, "", "éa\né"]), lambda run: f"<{run}>")
    assert found.to_pylist() == ["<aé>", "<é>", None, "", "<é>a<\né>"]


def test_a_run_may_grow_shrink_or_vanish():
    given_out = {"é": "", "aé": "a", "b三三": "b12345"}
    found = foreign_runs(pa.array(["é", "xaéy", "b三三", "b三三é"]), lambda run: given_out.get(run, "?"))
    assert found.to_pylist() == ["", "xay", "b12345", "?"]


def test_every_run_of_the_same_characters_is_changed_once():
    asked = []

    def change(run):
        asked.append(run)
        return run

    foreign_runs(pa.array(["aé", "aé aé", "bé"]), change)
    assert asked == ["aé", "bé"]


@given(TEXTS, KINDS, st.integers(0, 3))
def test_foreign_runs_keep_type_and_nulls_and_change_what_is_beyond_ascii(texts, kind, start):
    found = foreign_runs(pa.array(texts, kind).slice(start), lambda run: run.replace("é", "ee").replace("三", ""))
    assert found.type == kind
    assert found.to_pylist() == [
        None if text is None else text.replace("é", "ee").replace("三", "") for text in texts[start:]
    ]
