import hashlib
import json

import pytest
import zstandard

from pipelines.sources.files.scan import FileSplit, Kind, read_records, scan
from schemas.exits import UserError
from tests.pipelines.sources.files.reading import COMPRESSED, LINES, ROWS, csv_of, records, written


def test_a_scan_knows_size_hash_and_rows(tmp_path):
    (file,) = scan(str(written(tmp_path, "a.jsonl", LINES)))
    assert (file.bytes, file.rows, file.sha256) == (len(LINES), 7, hashlib.sha256(LINES).hexdigest())
    assert file.splits == (FileSplit(file.path, "jsonl", None, 0, len(LINES), 0, 7, file.stamp),)


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


def test_lines_over_block_ends_are_counted_once(tmp_path, monkeypatch):
    monkeypatch.setattr("pipelines.sources.files.scan._BLOCK_BYTES", 7)
    content = b'  {"a": 1}\n            \n{"a": 2}\n' + LINES
    path = written(tmp_path, "a.jsonl", content)
    assert scan(str(path), split_bytes=30)[0].rows == 9
    assert [record.row for record in records(path, split_bytes=30)] == list(range(9))


def test_a_byte_order_mark_is_no_text(tmp_path):
    assert records(written(tmp_path, "a.jsonl", b"\xef\xbb\xbf" + LINES))[0].value == ROWS[0]
    assert records(written(tmp_path, "a.json", b"\xef\xbb\xbf" + json.dumps(ROWS).encode()))[0].value == ROWS[0]
    assert records(written(tmp_path, "a.csv", b"\xef\xbb\xbfquestion\nx\n"))[0].value == {"question": "x"}


@pytest.mark.parametrize("suffix", COMPRESSED)
@pytest.mark.parametrize("name", ["a.jsonl", "a.json", "a.csv"])
def test_compressed_files_are_one_split_of_the_same_rows(tmp_path, suffix, name):
    content = {"a.jsonl": LINES, "a.json": json.dumps(ROWS).encode(), "a.csv": csv_of(ROWS)}[name]
    packed = COMPRESSED[suffix](content)
    (file,) = scan(str(written(tmp_path, name + suffix, packed)), split_bytes=10)
    assert (file.bytes, file.rows, file.sha256) == (len(packed), 7, hashlib.sha256(packed).hexdigest())
    assert len(file.splits) == 1
    assert [record.value for record in read_records(file.splits[0])] == ROWS


def test_zstandard_files_of_many_frames_are_read_whole(tmp_path):
    compress = zstandard.ZstdCompressor().compress
    assert len(records(written(tmp_path, "a.jsonl.zst", compress(LINES) + compress(LINES)))) == 14


@pytest.mark.parametrize("suffix", COMPRESSED)
def test_a_damaged_compressed_file_is_the_users_to_mend(tmp_path, suffix):
    packed = COMPRESSED[suffix](LINES * 50)
    path = written(tmp_path, "a.jsonl" + suffix, packed[: len(packed) // 2])
    with pytest.raises(UserError, match="cannot be read"):
        scan(str(path))


def test_json_lines_in_a_json_file_are_split_like_lines(tmp_path):
    (file,) = scan(str(written(tmp_path, "a.json", LINES)), split_bytes=40)
    assert {split.kind for split in file.splits} == {Kind.JSONL}
    assert len(file.splits) == 7


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("missing.jsonl", None, "missing.jsonl does not exist; did you mean .*/misling.jsonl?"),
        (
            "a.txt",
            b"x",
            "a.txt is no text of a known kind; known are .jsonl, .ndjson, .jsonlines, .jl, .json, .csv, .tsv, .parquet",
        ),
        ("a.parquet.gz", b"x", "a.parquet.gz is no text of a known kind"),
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
