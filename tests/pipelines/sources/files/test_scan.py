import bz2
import gzip
import hashlib
import io
import json
import lzma
from pathlib import Path

import orjson
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import zstandard
from hypothesis import given, settings
from hypothesis import strategies as st

from pipelines.sources.files.documents import read_document
from pipelines.sources.files.lines import LineCounter, read_lines
from pipelines.sources.files.records import MAX_LINE_BYTES
from pipelines.sources.files.scan import FileSplit, Kind, Record, read_records, row_id, scan
from schemas.exits import UserError
from schemas.reason import Reason

ROWS = [{"question": f"What is {n} + {n}?", "answer": str(2 * n)} for n in range(7)]
LINES = "".join(json.dumps(row) + "\n" for row in ROWS).encode()


def records(path: Path | str, **settings) -> list[Record]:
    return [record for file in scan(str(path), **settings) for split in file.splits for record in read_records(split)]


def written(folder: Path, name: str, content: bytes) -> Path:
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    return path


def test_json_lines_are_read_in_order(tmp_path):
    found = records(written(tmp_path, "a.jsonl", LINES))
    assert [record.row for record in found] == list(range(7))
    assert [record.value for record in found] == ROWS
    assert found[3].raw == '{"question": "What is 3 + 3?", "answer": "6"}'
    assert all(record.reason is None and record.detail == "" for record in found)


def test_a_scan_knows_size_hash_and_rows(tmp_path):
    (file,) = scan(str(written(tmp_path, "a.jsonl", LINES)))
    assert (file.bytes, file.rows, file.sha256) == (len(LINES), 7, hashlib.sha256(LINES).hexdigest())
    assert file.splits == (FileSplit(file.path, "jsonl", None, 0, len(LINES), 0, 7),)


@pytest.mark.parametrize("split_bytes", [1, 40, 41, 42, 43, 44, 100, 10_000])
@pytest.mark.parametrize("end", [b"", b"\n", b"\r\n", b"\n\n  \n", b"\n\t"])
def test_splits_change_nothing_about_the_rows(tmp_path, split_bytes, end):
    content = b'\n{"a": 1}\r\n   \n{"a": 2}\n \t{"a": 3}\n\n\n' + LINES.rstrip() + end
    path = written(tmp_path, "a.jsonl", content)
    splits = scan(str(path), split_bytes=split_bytes)[0].splits
    for split in splits:
        found = list(read_records(split))
        assert [record.row for record in found] == list(range(split.first_row, split.first_row + split.rows))
    assert [record.value for record in records(path, split_bytes=split_bytes)] == [{"a": 1}, {"a": 2}, {"a": 3}, *ROWS]
    assert [split.start for split in splits[1:]] == [split.end for split in splits[:-1]]
    assert (splits[0].start, splits[-1].end) == (0, len(content))


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


def test_lines_over_block_ends_are_counted_once(tmp_path, monkeypatch):
    monkeypatch.setattr("pipelines.sources.files.scan._BLOCK_BYTES", 7)
    content = b'  {"a": 1}\n            \n{"a": 2}\n' + LINES
    path = written(tmp_path, "a.jsonl", content)
    assert scan(str(path), split_bytes=30)[0].rows == 9
    assert [record.row for record in records(path, split_bytes=30)] == list(range(9))


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


def test_a_byte_order_mark_is_no_text(tmp_path):
    assert records(written(tmp_path, "a.jsonl", b"\xef\xbb\xbf" + LINES))[0].value == ROWS[0]
    assert records(written(tmp_path, "a.json", b"\xef\xbb\xbf" + json.dumps(ROWS).encode()))[0].value == ROWS[0]
    assert records(written(tmp_path, "a.csv", b"\xef\xbb\xbfquestion\nx\n"))[0].value == {"question": "x"}


COMPRESSED = {
    ".gz": gzip.compress,
    ".bz2": bz2.compress,
    ".xz": lzma.compress,
    ".zst": zstandard.ZstdCompressor().compress,
}


@pytest.mark.parametrize("suffix", COMPRESSED)
@pytest.mark.parametrize("name", ["a.jsonl", "a.json", "a.csv"])
def test_compressed_files_are_one_split_of_the_same_rows(tmp_path, suffix, name):
    content = {"a.jsonl": LINES, "a.json": json.dumps(ROWS).encode(), "a.csv": csv_of(ROWS)}[name]
    packed = COMPRESSED[suffix](content)
    (file,) = scan(str(written(tmp_path, name + suffix, packed)), split_bytes=10)
    assert (file.bytes, file.rows, file.sha256) == (len(packed), 7, hashlib.sha256(packed).hexdigest())
    assert len(file.splits) == 1
    assert [record.value for record in read_records(file.splits[0])] == ROWS


def csv_of(rows: list[dict[str, str]]) -> bytes:
    return "".join(f"{a},{b}\n" for a, b in [("question", "answer"), *(row.values() for row in rows)]).encode()


def test_zstandard_files_of_many_frames_are_read_whole(tmp_path):
    compress = zstandard.ZstdCompressor().compress
    assert len(records(written(tmp_path, "a.jsonl.zst", compress(LINES) + compress(LINES)))) == 14


@pytest.mark.parametrize("suffix", COMPRESSED)
def test_a_damaged_compressed_file_is_the_users_to_mend(tmp_path, suffix):
    packed = COMPRESSED[suffix](LINES * 50)
    path = written(tmp_path, "a.jsonl" + suffix, packed[: len(packed) // 2])
    with pytest.raises(UserError, match="cannot be read"):
        scan(str(path))


@pytest.mark.parametrize("indent", [None, 4])
def test_a_json_array_is_read_element_by_element(tmp_path, indent):
    found = records(written(tmp_path, "a.json", json.dumps(ROWS, indent=indent).encode()))
    assert [record.value for record in found] == ROWS
    assert [record.row for record in found] == list(range(7))


def test_objects_one_after_another_are_read(tmp_path):
    content = "\n".join(json.dumps(row, indent=4) for row in ROWS)
    assert [record.value for record in records(written(tmp_path, "a.json", content.encode()))] == ROWS


def test_json_lines_in_a_json_file_are_split_like_lines(tmp_path):
    (file,) = scan(str(written(tmp_path, "a.json", LINES)), split_bytes=40)
    assert {split.kind for split in file.splits} == {Kind.JSONL}
    assert len(file.splits) == 7


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


def test_csv_has_a_header_and_quotes(tmp_path):
    content = (
        b'question,answer\r\n"How many,\nin ""all""?",5\r\n\r\nplain,6\r\nthree,cells,here\r\nbad \xff byte,7\r\nlast,8'
    )
    found = records(written(tmp_path, "a.csv", content))
    assert found[0].value == {"question": 'How many,\nin "all"?', "answer": "5"}
    assert [record.row for record in found] == list(range(5))
    assert [record.reason for record in found] == [None, None, Reason.PARSE_ERROR, Reason.BAD_ENCODING, None]
    assert found[2].detail == "3 cells where the header names 2"
    assert found[3].raw == "bad \\xff byte\t7"
    assert orjson.loads(found[0].raw) == found[0].value


def test_a_quote_that_never_closes_says_where_it_opens(tmp_path):
    found = records(written(tmp_path, "a.csv", b'question,answer\nfine,1\n"open,2\nlost,3\n'))
    assert [record.reason for record in found] == [None, Reason.PARSE_ERROR]
    assert found[1].detail == "line 3: unexpected end of data"
    assert found[1].raw == "[lines 3 to 4]"


def test_an_endless_cell_is_too_long_and_the_others_survive(tmp_path):
    found = records(written(tmp_path, "a.csv", b"question\n" + b"x" * (MAX_LINE_BYTES + 1) + b"\nfine\n"))
    assert [record.reason for record in found] == [Reason.TOO_LONG, None]


def test_tsv_has_no_quoting_and_may_have_no_header(tmp_path):
    path = written(tmp_path, "a.tsv", b'"Hello," said Tom. How many?\t5\nNext?\t6\n')
    found = records(path, header=False)
    assert [record.value for record in found] == [
        {"0": '"Hello," said Tom. How many?', "1": "5"},
        {"0": "Next?", "1": "6"},
    ]
    assert [record.value for record in records(path)] == [{'"Hello," said Tom. How many?': "Next?", "5": "6"}]


def test_parquet_is_split_by_row_groups(tmp_path):
    path = tmp_path / "a.parquet"
    pq.write_table(pa.Table.from_pylist(ROWS), path, row_group_size=3)
    (file,) = scan(str(path), split_bytes=1)
    assert [(split.start, split.end, split.first_row, split.rows) for split in file.splits] == [
        (0, 1, 0, 3),
        (1, 2, 3, 3),
        (2, 3, 6, 1),
    ]
    assert file.sha256 == hashlib.sha256(path.read_bytes()).hexdigest()
    assert [record.value for record in records(path, split_bytes=1)] == ROWS
    assert [record.row for record in records(path, split_bytes=1)] == list(range(7))
    assert len(scan(str(path))[0].splits) == 1


@pytest.mark.parametrize("layout", [pa.ipc.new_file, pa.ipc.new_stream])
def test_arrow_files_and_streams_are_one_split(tmp_path, layout):
    table = pa.Table.from_pylist(ROWS)
    with layout(tmp_path / "a.arrow", table.schema) as writer:
        writer.write_table(table, max_chunksize=2)
    (file,) = scan(str(tmp_path / "a.arrow"))
    assert (file.rows, len(file.splits)) == (7, 1)
    assert [record.value for record in read_records(file.splits[0])] == ROWS


def test_text_that_is_not_utf_8_in_a_table_costs_its_record_only(tmp_path):
    bad = pa.Array.from_buffers(pa.string(), 2, pa.array([b"good", b"b\xffd"], pa.binary()).buffers())
    pq.write_table(pa.table({"question": bad}), tmp_path / "a.parquet")
    good, spoiled = records(tmp_path / "a.parquet")
    assert good.value == {"question": "good"}
    assert spoiled.reason is Reason.BAD_ENCODING


def test_a_folder_is_read_in_path_order_and_counts_on(tmp_path):
    for name in ("b/2.jsonl", "a/1.jsonl", "a/.hidden/3.jsonl", ".git/4.jsonl"):
        written(tmp_path, name, json.dumps({"file": name}).encode())
    written(tmp_path, "README.md", b"no data")
    written(tmp_path, "dataset_info.json", b"{}")
    assert [(record.row, record.value) for record in records(tmp_path)] == [
        (0, {"file": "a/1.jsonl"}),
        (1, {"file": "b/2.jsonl"}),
    ]
    assert [record.value for record in records(tmp_path / "*" / "*.jsonl")] == [
        {"file": "a/1.jsonl"},
        {"file": "b/2.jsonl"},
    ]
    assert len(records(str(tmp_path / "**" / "*.jsonl"))) == 2


def test_a_url_of_fsspec_is_read(tmp_path):
    written(tmp_path, "x/a.jsonl", LINES)
    written(tmp_path, "x/b.jsonl.gz", gzip.compress(LINES))
    for url in (f"file://{tmp_path}/x", f"file://{tmp_path}/x/*"):
        assert [record.row for record in records(url, split_bytes=100)] == list(range(14))
    with pytest.raises(UserError, match="does not exist"):
        scan(f"file://{tmp_path}/nothing.jsonl")
    with pytest.raises(UserError, match="cannot be reached"):
        scan("nonsense://x/a.jsonl")


def test_a_hub_data_set_is_written_once_and_named_by_its_address(tmp_path, monkeypatch):
    datasets = pytest.importorskip("datasets")
    monkeypatch.setattr(datasets.config, "HF_DATASETS_CACHE", tmp_path / "cache")
    (tmp_path / "org").mkdir()
    pq.write_table(pa.Table.from_pylist(ROWS), tmp_path / "org" / "train.parquet")
    address = f"hf://{tmp_path}/org?split=train[:5]"
    (file,) = scan(address)
    assert (file.name, file.rows) == (address, 5)
    assert [record.value for split in file.splits for record in read_records(split)] == ROWS[:5]
    with pytest.raises(UserError, match="unknown splt; known are split, revision, name"):
        scan(f"hf://{tmp_path}/org?splt=train")
    with pytest.raises(UserError, match="cannot be loaded"):
        scan(f"hf://{tmp_path}/nothing?split=train")


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("missing.jsonl", None, "missing.jsonl does not exist; did you mean .*/misling.jsonl?"),
        (
            "a.txt",
            b"x",
            "a.txt has an unknown extension; known are .jsonl, .ndjson, .json, .csv, .tsv, .parquet, .arrow",
        ),
        ("a.parquet.gz", b"x", "a.parquet.gz has an unknown extension"),
        ("empty.jsonl", b"", "empty.jsonl is empty"),
        ("blank.jsonl", b"\n \n", "blank.jsonl holds no rows"),
        ("header.csv", b"question,answer\n", "header.csv holds no rows"),
        ("a.parquet", b"PAR1 and nothing else", "a.parquet cannot be read"),
        ("a.arrow", b"nothing of the kind", "a.arrow cannot be read"),
        ("folder", None, "folder does not exist"),
    ],
)
def test_what_the_user_can_fix_is_one_line(tmp_path, name, content, message):
    written(tmp_path, "misling.jsonl", LINES)
    if content is not None:
        written(tmp_path, name, content)
    with pytest.raises(UserError, match=message):
        scan(str(tmp_path / name))


def test_a_folder_or_glob_without_data_is_an_error(tmp_path):
    written(tmp_path, "notes.md", b"x")
    for path in (tmp_path, tmp_path / "*.jsonl"):
        with pytest.raises(UserError, match=r"holds no data files; known extensions are \.jsonl"):
            scan(str(path))


def test_a_row_id_is_of_source_and_text():
    assert row_id("gsm8k", '{"a": 1}') == row_id("gsm8k", '{"a": 1}')
    assert len({row_id("gsm8k", "x"), row_id("gsm8", "kx"), row_id("gsm8k", "y"), row_id("other", "x")}) == 4
    assert len(row_id("a", "")) == 32


def test_every_real_file_is_counted_as_it_is_read(real_data):
    rows = {
        "cot/gsm8k_train.jsonl": 7473,
        "eval/math_test.jsonl": 5000,
        "misc/svamp.json": 1000,
        "misc/aqua_dev.jsonl": 254,
        "multiling/math23k_test.json": 1000,
        "multiling/mgsm_en.tsv": 250,
        "tir/mathcoder_L70b_gsm8k_test_wrong.jsonl": 200,
    }
    for name, count in rows.items():
        found = records(real_data / name, header=not name.endswith(".tsv"), split_bytes=300_000)
        assert [record.row for record in found] == list(range(count)), name
        assert not any(record.reason for record in found), name
