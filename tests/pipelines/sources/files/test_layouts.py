import gzip
import json

import pytest

from pipelines.sources.files.layouts import HEAD_BYTES, Layout, layout_of
from pipelines.sources.files.records import Kind
from pipelines.sources.files.scan import scan
from schemas.exits import UserError
from tests.pipelines.sources.files.reading import ROWS, records, written

WRAPPED = {
    "a list": ROWS,
    "a list under a name": {"version": "1.0", "meta": {"n": [1, {"a": 2}]}, "data": ROWS, "end": None},
    "members": {f"item {place}": row for place, row in enumerate(ROWS)},
}


@pytest.mark.parametrize("wrapped", WRAPPED)
@pytest.mark.parametrize("indent", [None, 2])
@pytest.mark.parametrize("packed", [False, True])
def test_rows_are_found_in_every_wrapping(tmp_path, wrapped, indent, packed):
    content = b"\xef\xbb\xbf " + json.dumps(WRAPPED[wrapped], indent=indent).encode()
    name, content = ("a.json.gz", gzip.compress(content)) if packed else ("a.json", content)
    (file,) = scan(str(written(tmp_path, name, content)))
    assert (file.rows, len(file.splits)) == (7, 1)
    assert [record.value for record in records(tmp_path / name)] == ROWS


@pytest.mark.parametrize("block", [1, 7, 64])
@pytest.mark.parametrize("wrapped", WRAPPED)
def test_wrappings_over_block_ends_are_the_same(tmp_path, monkeypatch, block, wrapped):
    monkeypatch.setattr("pipelines.sources.files.documents._BLOCK_BYTES", block)
    path = written(tmp_path, "a.json", json.dumps(WRAPPED[wrapped]).encode())
    assert [record.value for record in records(path)] == ROWS


@pytest.mark.parametrize(
    "row",
    [
        {"messages": [{"role": "user"}, {"role": "assistant"}], "answer": "43"},
        {"question": {"problem": "1 + 1?"}, "label": {"steps": []}},
        {"only": {"question": "1 + 1?"}},
        {"data": ["a", "b"], "question": "1 + 1?"},
        {"question": 'a } and { in "text"', "more": {"question": 1}},
    ],
)
def test_a_row_is_no_wrapping(tmp_path, row):
    assert layout_of(json.dumps(row, indent=1).encode()) == Layout(Kind.JSON, 0)
    assert [record.value for record in records(written(tmp_path, "a.json", json.dumps(row).encode()))] == [row]


def test_lines_are_no_wrapping(tmp_path):
    lines = "\n".join(json.dumps({"a": {"x": 1}, "b": {"x": 2}}) for _ in range(3))
    assert len(records(written(tmp_path, "a.json", lines.encode()))) == 3


def test_several_lists_of_rows_are_named(tmp_path):
    path = written(tmp_path, "a.json", json.dumps({"train": ROWS, "test": ROWS}).encode())
    with pytest.raises(UserError, match=r"a\.json holds several lists of rows: train, test; say which with `rows: t"):
        scan(str(path))
    for name in ("train", "test"):
        assert [record.value for record in records(path, rows=name)] == ROWS


def test_a_second_list_far_behind_the_first_is_not_lost_in_silence(tmp_path):
    long = [{"question": "x" * HEAD_BYTES}]
    path = written(tmp_path, "a.json", json.dumps({"train": long, "n": 1, "test": ROWS}).encode())
    with pytest.raises(UserError, match=r"holds several lists of rows; `rows: test` reads another than the first"):
        scan(str(path))
    assert [record.value for record in records(path, rows="test")] == ROWS
    assert len(records(path, rows="train")) == 1
    path = written(tmp_path, "b.json", json.dumps({"train": long, "made": {"test": ROWS}}).encode())
    assert len(records(path)) == 1


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        ("result.rows", r"has no `rows` of `rows: result\.rows`; it holds mine, n"),
        ("other", r"has no `other` of `rows: other`; it holds result"),
        ("result.n", r"holds no list under `rows: result\.n`"),
    ],
)
def test_rows_names_a_list_wherever_it_stands(tmp_path, rows, message):
    path = written(tmp_path, "a.json", json.dumps({"result": {"mine": ROWS, "n": 7}}).encode())
    assert [record.value for record in records(path, rows="result.mine")] == ROWS
    with pytest.raises(UserError, match=message):
        scan(str(path), rows=rows)


COLUMNS = {
    "lists": {"question": ["a", "b"], "answer": ["1", "2"]},
    "by number": {"question": {"0": "a", "1": "b"}, "answer": {"0": 1, "1": 2}},
    "split": {"columns": ["question"], "index": [0], "data": [["a"]]},
}


@pytest.mark.parametrize("columns", COLUMNS)
def test_columns_are_told_from_rows(tmp_path, columns):
    path = written(tmp_path, "a.json", json.dumps(COLUMNS[columns]).encode())
    with pytest.raises(UserError, match=r"holds columns and no rows \(.*\); pandas writes rows with to_json"):
        scan(str(path))


@pytest.mark.parametrize(
    "row",
    [
        {"question": ["a"], "answer": ["1"]},
        {"question": ["a", "b"], "answer": "1"},
        {"steps": ["a", "b"], "messages": [{"role": "user"}, {"role": "assistant"}]},
        {"messages": [{"role": "user"}, {"role": "assistant"}], "images": [{}, {}]},
    ],
)
def test_lists_in_a_row_are_no_columns(tmp_path, row):
    assert [record.value for record in records(written(tmp_path, "a.json", json.dumps(row).encode()))] == [row]


def test_a_document_longer_than_its_head_is_told_from_its_beginning():
    long = {"question": "x" * HEAD_BYTES}
    assert layout_of(json.dumps({"a": ROWS[0], "b": long}).encode()[:HEAD_BYTES]).kind is Kind.JSON_MEMBERS
    assert layout_of(json.dumps({"data": [long]}).encode()[:HEAD_BYTES]) == Layout(Kind.JSON_LIST, 9)
    assert layout_of(json.dumps(long).encode()[:HEAD_BYTES]).kind is Kind.JSON


def test_a_broken_member_costs_itself(tmp_path):
    content = b'{"a": {"n": 1}, "b": {"n": 2}, "c": {"n" 3}, "d": {"n": 4}}'
    found = records(written(tmp_path, "a.json", content))
    assert [record.value for record in found] == [{"n": 1}, {"n": 2}, None, {"n": 4}]


@pytest.mark.parametrize("text", [b"", b"{", b"{}", b"[", b'{"a"', b'{"a": ', b'{"a": 1', b"{,}", b'{"a": {"b": 1}, }'])
def test_what_is_no_json_is_no_wrapping(text):
    assert layout_of(text).kind is Kind.JSON
