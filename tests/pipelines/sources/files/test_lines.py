import io
import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipelines.sources.files import lines
from pipelines.sources.files.lines import LineCounter, parse_json, read_lines
from pipelines.sources.files.records import MAX_LINE_BYTES
from schemas.reason import Reason
from tests.pipelines.sources.files.reading import LINES, ROWS, records, written


def test_json_lines_are_read_in_order(tmp_path):
    found = records(written(tmp_path, "a.jsonl", LINES))
    assert [record.row for record in found] == list(range(7))
    assert [record.value for record in found] == ROWS
    assert found[3].raw == '{"question": "What is 3 + 3?", "answer": "6"}'
    assert all(record.reason is None and record.detail == "" for record in found)


PIECES = [b"{}", b" {} ", b" ", b"\t", b"x", b"\r", b"[1]", b"\xff", b"\xc3\xa9", b"\n", b"\n", b"\r\n", b"\n\n"]


@settings(max_examples=60, deadline=None)
@given(st.lists(st.sampled_from(PIECES), max_size=14), st.integers(1, 12), st.integers(1, 12))
def test_any_bytes_in_any_blocks_give_the_lines_that_are_not_blank(pieces, block, split_bytes):
    content = b"".join(pieces)
    counter = LineCounter(split_bytes)
    for start in range(0, len(content), block):
        counter.feed(content[start : start + block])
    counter.finish()
    expected = [line for line in content.split(b"\n") if line.strip()]
    found = [
        [record.row for record in read_lines(opened(content, start), end=end, first_row=first_row)]
        for start, end, first_row, _ in counter.cuts
    ]
    assert counter.rows == len(expected)
    assert [len(rows) for rows in found] == [rows for _, _, _, rows in counter.cuts]
    assert [row for rows in found for row in rows] == list(range(len(expected)))


def opened(content: bytes, start: int) -> io.BytesIO:
    stream = io.BytesIO(content)
    stream.seek(start)
    return stream


def test_a_broken_line_costs_itself_only(tmp_path):
    lines = [json.dumps({"n": n}) for n in range(1000)]
    lines[500] = '{"n": 500'
    found = records(written(tmp_path, "a.jsonl", "\n".join(lines).encode()))
    assert [record.row for record in found if record.reason] == [500]
    assert found[500].reason is Reason.PARSE_ERROR
    assert found[500].raw == '{"n": 500'
    assert "line 1 column 10" in found[500].detail
    assert found[501].value == {"n": 501}


def test_one_bad_byte_costs_its_record_only(tmp_path):
    lines = [json.dumps({"n": n}).encode() for n in range(1000)]
    lines[3] = b'{"n": "caf\xe9"}'
    found = records(written(tmp_path, "a.jsonl", b"\n".join(lines)))
    assert [record.row for record in found if record.reason] == [3]
    assert found[3].reason is Reason.BAD_ENCODING
    assert found[3].raw == '{"n": "caf\\xe9"}'
    assert found[3].detail == "byte 0xe9 at byte 10: invalid continuation byte"


def test_an_endless_line_is_cut_and_the_others_survive(tmp_path):
    long = b'{"text": "' + b"x" * (MAX_LINE_BYTES + 5) + b'"}'
    path = written(tmp_path, "a.jsonl", b'{"a": 1}\n' + long + b'\n{"a": 2}\n' + long[:-1] + b"\n")
    first, cut, second, other = records(path)
    assert (first.value, second.value) == ({"a": 1}, {"a": 2})
    assert cut.reason is other.reason is Reason.TOO_LONG
    assert len(cut.raw) < 1200
    assert f"a line of {len(long) + 1} bytes" in cut.raw
    assert cut.raw != other.raw


def test_a_line_of_the_greatest_length_is_read(tmp_path):
    content = b'{"text": "' + b"x" * (MAX_LINE_BYTES - 12) + b'"}'
    assert len(content) == MAX_LINE_BYTES
    (record,) = records(written(tmp_path, "a.jsonl", content + b"\n"))
    assert record.reason is None


def test_nul_bytes_are_not_fatal(tmp_path):
    found = records(written(tmp_path, "a.jsonl", b'{"a": "x\\u0000y"}\n{"a": "\x00"}\n\x00\x00\n{"a": 2}\n'))
    assert [record.reason for record in found] == [None, Reason.PARSE_ERROR, Reason.PARSE_ERROR, None]
    assert found[0].value == {"a": "x\x00y"}


@pytest.mark.parametrize(
    ("line", "what"),
    [("[1, 2]", "an array"), ('"text"', "a string"), ("3", "a number"), ("null", "null"), ("true", "a b")],
)
def test_a_record_is_an_object(tmp_path, line, what):
    record, after = records(written(tmp_path, "a.jsonl", f'{line}\n{{"a": 1}}\n'.encode()))
    assert record.reason is Reason.UNSUPPORTED
    assert what in record.detail
    assert after.value == {"a": 1}


def test_what_python_writes_and_json_forbids_is_read(tmp_path):
    found = records(written(tmp_path, "a.jsonl", b'{"a": NaN, "b": "\\u00e9"}\n{"a": NaN, "b": "\\ud800"}\n{"a": nan}'))
    assert [record.reason for record in found] == [None, Reason.PARSE_ERROR, Reason.PARSE_ERROR]
    assert found[0].value is not None
    assert found[0].value["b"] == "é"


def test_integers_keep_every_digit(tmp_path):
    (record,) = records(written(tmp_path, "a.jsonl", b'{"answer": 123456789012345678901234567890}'))
    assert record.value == {"answer": 123456789012345678901234567890}


def test_a_number_that_nobody_could_mean_is_a_parse_error(tmp_path):
    lines = [b'{"a": ' + b"1" * 5000 + b"}", b'{"a": 1e400}', b"[" * 5000, b'{"a": 1}']
    found = records(written(tmp_path, "a.jsonl", b"\n".join(lines)))
    assert found[0].reason is found[2].reason is Reason.PARSE_ERROR
    assert found[3].value == {"a": 1}


def cuts_of(content, split_bytes, block=1000):
    counter = LineCounter(split_bytes)
    for start in range(0, len(content), block):
        counter.feed(content[start : start + block])
    counter.finish()
    return counter.cuts


@pytest.mark.parametrize("block", [1, 5, 1000])
def test_a_file_is_cut_at_the_first_line_end_from_so_many_bytes_on(block):
    content = b"1234\n1234\n\n1234\n1234"  # lines end at 5, 10, 11, 16, 20
    assert cuts_of(content, 5, block) == [(0, 5, 0, 1), (5, 10, 1, 1), (10, 16, 2, 1), (16, 20, 3, 1)]
    assert cuts_of(content, 6, block) == [(0, 10, 0, 2), (10, 16, 2, 1), (16, 20, 3, 1)]
    assert cuts_of(content, 16, block) == [(0, 16, 0, 3), (16, 20, 3, 1)]
    assert cuts_of(content, 100, block) == [(0, 20, 0, 4)]


def test_nothing_is_cut_into_nothing_and_a_last_line_end_begins_no_stretch():
    assert cuts_of(b"", 5) == []
    assert cuts_of(b"12\n", 1) == [(0, 3, 0, 1)]
    assert cuts_of(b"\n\n", 1) == [(0, 1, 0, 0), (1, 2, 0, 0)]


def test_a_byte_order_mark_is_no_row_and_belongs_to_none():
    mark = b"\xef\xbb\xbf"
    assert cuts_of(mark + b"\n{}\n", 100) == [(0, 7, 0, 1)]
    assert cuts_of(mark + b"{}\n", 100) == [(0, 6, 0, 1)]
    assert [record.value for record in read_lines(io.BytesIO(mark + b"{}\n" + mark), end=None, first_row=0)] == [
        {},
        None,
    ]


def test_a_stretch_is_read_to_its_end_with_rows_counted_on():
    stream = opened(b'{"a": 1}\n{"a": 2}\n{"a": 3}\n', 9)
    (record,) = read_lines(stream, end=18, first_row=7)
    assert (record.row, record.value) == (7, {"a": 2})


def test_raw_is_the_line_without_its_end():
    found = list(read_lines(io.BytesIO(b' {"a": 1} \r\n{"b": 2}\n{"c": 3}'), end=None, first_row=0))
    assert [record.raw for record in found] == [' {"a": 1} ', '{"b": 2}', '{"c": 3}']


@pytest.mark.parametrize(("length", "reason"), [(20, None), (21, Reason.TOO_LONG)])
@pytest.mark.parametrize("end", [b"\n", b""])
def test_too_long_begins_above_the_bound(monkeypatch, length, reason, end):
    monkeypatch.setattr(lines, "MAX_LINE_BYTES", 20)
    line = b'{"a": "' + b"x" * (length - 9) + b'"}'
    first, second = read_lines(io.BytesIO(line + b"\n" + line + end), end=None, first_row=0)
    assert [first.reason, second.reason] == [reason, reason]
    assert second.row == 1


@pytest.mark.parametrize(
    ("text", "value", "reason"),
    [
        (b'{"a": 9007199254740993}', {"a": 9007199254740993}, None),
        (b'{"a": 18446744073709551616}', {"a": 18446744073709551616}, None),
        (b'{"a": 1e3, "b": [-0.5, true, null]}', {"a": 1000.0, "b": [-0.5, True, None]}, None),
        (b'{"a": Infinity}', {"a": float("inf")}, None),
        (b'{"a": 1, "a": 2}', {"a": 2}, None),
        (b"{'a': 1}", None, Reason.PARSE_ERROR),
        (b'{"a": 1}}', None, Reason.PARSE_ERROR),
        (b'{"a": "\t"}', None, Reason.PARSE_ERROR),
        (b"", None, Reason.PARSE_ERROR),
        (b"\xff", None, Reason.BAD_ENCODING),
        (b'{"a": "\xed\xa0\x80"}', None, Reason.BAD_ENCODING),
    ],
)
def test_a_text_is_a_value_or_says_why_not(text, value, reason):
    record = parse_json(text, 3)
    assert (record.row, record.value, record.reason) == (3, value, reason)
    assert bool(record.detail) == (reason is not None)


@pytest.mark.parametrize("tail", [b"", b"\n", b'\n{"a": 2}\n'])
def test_an_endless_blank_line_is_a_row_to_nobody(tmp_path, monkeypatch, tail):
    for name in ("pipelines.sources.files.lines", "pipelines.sources.files.records"):
        monkeypatch.setattr(f"{name}.MAX_LINE_BYTES", 50)
    found = records(written(tmp_path, "a.jsonl", b'{"a": 1}\n' + b" " * 120 + tail))
    assert [record.value for record in found] == [{"a": 1}, {"a": 2}][: 1 + (len(tail) > 1)]
    spoiled = records(written(tmp_path, "b.jsonl", b" " * 120 + b"x\n"))
    assert [record.reason for record in spoiled] == [Reason.TOO_LONG]
