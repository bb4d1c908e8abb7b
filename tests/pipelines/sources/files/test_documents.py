import io
import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipelines.sources.files import documents
from pipelines.sources.files.documents import count_elements, read_document
from pipelines.sources.files.scan import scan
from schemas.reason import Reason
from tests.pipelines.sources.files.reading import ROWS, records, written

JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-9, 9) | st.text('ab"\\{}[],:\n é', max_size=6),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text('k"\\}', max_size=3), inner, max_size=3),
    max_leaves=6,
)


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.dictionaries(st.text("ab", max_size=2), JSON, max_size=3), max_size=4), st.integers(1, 9), st.booleans()
)
def test_any_json_in_any_blocks_gives_its_elements(rows, block, array):
    indent = None if block % 2 else 2
    text = json.dumps(rows, indent=indent) if array else "\n".join(json.dumps(row, indent=indent) for row in rows)

    class Blocks(io.BytesIO):
        def read(self, _size=-1, /):
            return super().read(block)

    assert [record.value for record in read_document(Blocks(text.encode()), first_row=0)] == rows


@pytest.mark.parametrize("indent", [None, 4])
def test_a_json_array_is_read_element_by_element(tmp_path, indent):
    found = records(written(tmp_path, "a.json", json.dumps(ROWS, indent=indent).encode()))
    assert [record.value for record in found] == ROWS
    assert [record.row for record in found] == list(range(7))


def test_objects_one_after_another_are_read(tmp_path):
    content = "\n".join(json.dumps(row, indent=4) for row in ROWS)
    assert [record.value for record in records(written(tmp_path, "a.json", content.encode()))] == ROWS


@pytest.mark.parametrize("block", [1, 2, 3, 7, 64])
def test_elements_over_block_ends_are_whole(tmp_path, monkeypatch, block):
    monkeypatch.setattr("pipelines.sources.files.documents._BLOCK_BYTES", block)
    rows = [{"a": 'quote " and \\ and [ and } in text', "b": [{"c": []}, "\\"]}, {"é": "结"}]
    found = records(written(tmp_path, "a.json", json.dumps(rows, indent=1, ensure_ascii=False).encode()))
    assert [record.value for record in found] == rows


def test_a_broken_element_costs_itself_only(tmp_path):
    content = b'[\n{"a": 1},\n{"a": "lost quote},\n{"a": 3},\n{"a" 4},\n7,\n{"a": "\xff"},\n{"a": 8}\n]'
    found = records(written(tmp_path, "a.json", content))
    assert [record.value for record in found if record.value] == [{"a": 1}, {"a": 3}, {"a": 8}]
    assert [record.reason for record in found].count(Reason.BAD_ENCODING) == 1
    assert Reason.PARSE_ERROR in [record.reason for record in found]
    assert len(found) == scan(str(tmp_path / "a.json"))[0].rows


def test_a_lost_quote_costs_its_element_only_when_pretty_printed(tmp_path):
    content = json.dumps([{"a": n, "b": {"c": "text"}} for n in range(5)], indent=2).replace('"text"', '"text', 1)
    found = records(written(tmp_path, "a.json", content.encode()))
    assert [record.reason for record in found] == [Reason.PARSE_ERROR, None, None, None, None]


def test_an_array_that_is_cut_off_ends_in_a_parse_error(tmp_path):
    found = records(written(tmp_path, "a.json", json.dumps(ROWS).encode()[:-20]))
    assert [record.value for record in found[:6]] == ROWS[:6]
    assert found[6].reason is Reason.PARSE_ERROR


def read(content, first_row=0):
    found = list(read_document(io.BytesIO(content), first_row=first_row))
    assert count_elements(io.BytesIO(content)) == len(found)
    return found


@pytest.mark.parametrize(
    "content",
    [
        b'[{"a": 1},{"a": 2}]',
        b'[\n{"a": 1}\n,\n{"a": 2},\n]\n',
        b'{"a": 1}{"a": 2}',
        b'{"a": 1}, {"a": 2}',
        b'\xef\xbb\xbf[{"a": 1}\r\n,{"a": 2}]',
        b'[{"a": 1}]\n[{"a": 2}]',
    ],
)
def test_elements_are_found_however_they_are_parted(content):
    assert [record.value for record in read(content)] == [{"a": 1}, {"a": 2}]


def test_nothing_and_an_empty_array_hold_no_records():
    for content in (b"", b"  \n", b"[]", b"[\n]\n"):
        assert read(content) == []


def test_rows_count_on_and_raw_is_the_element():
    found = read(b'[\n  {"a": 1},\n  {"b": [2]}\n]', first_row=5)
    assert [(record.row, record.raw) for record in found] == [(5, '{"a": 1}'), (6, '{"b": [2]}')]


def test_what_is_no_object_is_told_and_the_others_survive():
    found = read(b'[{"a": 1}, 7, "x, {y}", [1, {"b": 2}], null, {"a": 2}]')
    assert [record.reason for record in found] == [None, *[Reason.UNSUPPORTED] * 4, None]
    assert [record.raw for record in found[1:5]] == ["7", '"x, {y}"', '[1, {"b": 2}]', "null"]


@pytest.mark.parametrize(("length", "reason"), [(20, None), (21, Reason.TOO_LONG)])
def test_too_long_begins_above_the_bound(monkeypatch, length, reason):
    monkeypatch.setattr(documents, "MAX_LINE_BYTES", 20)
    element = b'{"a": "' + b"x" * (length - 9) + b'"}'
    found = read(b"[" + element + b"," + element.replace(b"x", b"y") + b',{"a": 1}]')
    assert [record.reason for record in found] == [reason, reason, None]
    assert len({record.raw for record in found}) == 3


def test_two_endless_elements_that_begin_alike_are_told_apart(monkeypatch):
    monkeypatch.setattr(documents, "KEPT_OF_LONG_LINE", 15)
    monkeypatch.setattr(documents, "MAX_LINE_BYTES", 20)
    one, other = read(b'[{"a": "' + b"x" * 30 + b'1"},{"a": "' + b"x" * 30 + b'2"}]')
    assert one.raw.startswith('{"a": "xxxxxxxx... [cut: an element of 40 bytes')
    assert one.raw[:40] == other.raw[:40]
    assert one.raw != other.raw


def test_an_element_that_never_closes_takes_the_rest_with_it():
    first, rest = read(b'[{"a": 1}, {"a": [2, {"a": 3}, {"a": 4}]')
    assert first.value == {"a": 1}
    assert rest.reason is Reason.PARSE_ERROR
