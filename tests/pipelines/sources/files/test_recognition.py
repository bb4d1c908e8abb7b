import gzip
import io
import json

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from pipelines.sources.files.recognition import recognised
from pipelines.sources.files.records import Kind
from pipelines.sources.files.scan import scan
from schemas.exits import UserError
from schemas.reason import Reason
from tests.pipelines.sources.files.reading import COMPRESSED, LINES, ROWS, csv_of, records, written


@pytest.mark.parametrize("suffix", COMPRESSED)
def test_a_compressed_file_may_lack_either_ending(tmp_path, suffix):
    packed = COMPRESSED[suffix](LINES)
    for name in ("a.jsonl", "a.json", f"b{suffix}"):
        assert [record.value for record in records(written(tmp_path, name, packed))] == ROWS
    with pytest.raises(UserError, match="is no text of a known kind"):
        scan(str(written(tmp_path, f"c{suffix}", COMPRESSED[suffix](b"PAR1"))))


@pytest.mark.parametrize("codec", ["utf-16", "utf-16-le", "utf-16-be", "utf-32", "utf-32-le", "utf-32-be"])
@pytest.mark.parametrize("packed", [False, True])
def test_text_of_two_or_four_bytes_a_sign_is_recognised(tmp_path, codec, packed):
    rows = [*ROWS, {"question": "é 结 \U0001d465"}]
    lines = "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)
    for name, text in (("a.jsonl", lines), ("a.json", json.dumps(rows, ensure_ascii=False))):
        content = text.encode(codec)
        path = written(tmp_path, name, gzip.compress(content) if packed else content)
        assert [record.value for record in records(path, split_bytes=20)] == rows
    table = "\ufeffquestion,answer\né,5\n".encode(codec.removesuffix("-le"))
    assert records(written(tmp_path, "a.csv", table))[0].value == {"question": "é", "answer": "5"}


def test_half_a_sign_costs_its_row_only(tmp_path):
    found = records(written(tmp_path, "a.jsonl", "\ufeff{}\n{}".encode("utf-16-le") + b"x"))
    assert [record.reason for record in found] == [None, Reason.BAD_ENCODING]
    found = records(
        written(tmp_path, "b.jsonl", "{}\n".encode("utf-32-le") + b"\0\0\x12\0" + "\n{}".encode("utf-32-le"))
    )
    assert [record.reason for record in found] == [None, Reason.BAD_ENCODING, None]


PRETTY = json.dumps(ROWS, indent=2)
NOT_LINES = {
    "an array in a line": json.dumps(ROWS),
    "an array over lines": PRETTY,
    "an array of lines": "[\n" + ",\n".join(map(json.dumps, ROWS)) + "\n]\n",
    "objects over lines": "\n".join(json.dumps(row, indent=2) for row in ROWS),
    "objects with lists of lines": "\n".join(f'{{\n "a": [\n  {{"b": 1}}\n ],\n {json.dumps(row)[1:]}' for row in ROWS),
    "lines that end in CR": LINES.decode().replace("\n", "\r"),
}


@pytest.mark.parametrize("content", NOT_LINES)
@pytest.mark.parametrize("packed", [False, True])
def test_what_is_called_lines_and_is_a_document_is_read_as_one(tmp_path, content, packed):
    text = NOT_LINES[content].encode()
    name, text = ("a.jsonl.gz", gzip.compress(text)) if packed else ("a.jsonl", text)
    found = [record.value for record in records(written(tmp_path, name, text))]
    assert [{key: row[key] for key in ROWS[0]} for row in found] == ROWS


@pytest.mark.parametrize(
    "content",
    [
        LINES,
        b"\xef\xbb\xbf\n " + LINES,
        b"{broken\n" + LINES,
        b"// a note\n" + LINES,
        b"7\n[1, 2]\n" + LINES,
        b"[1, 2]\n[3]\n",
        b'{"a": "' + b"x" * (1 << 17) + b'"}\n' + LINES,
    ],
)
def test_lines_stay_lines(tmp_path, content):
    assert recognised(str(written(tmp_path, "a.jsonl", content))).kind is Kind.JSONL


def test_an_array_longer_than_what_is_probed_is_a_document(tmp_path):
    rows = [{"question": "x" * (1 << 17)}, *ROWS]
    assert [record.value for record in records(written(tmp_path, "a.jsonl", json.dumps(rows).encode()))] == rows


def parquet():
    sink = io.BytesIO()
    pq.write_table(pa.Table.from_pylist(ROWS), sink)
    return sink.getvalue()


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("rows", LINES),
        ("rows.txt", LINES),
        ("rows.data", PRETTY.encode()),
        ("rows.jl", LINES),
        ("rows.parquet", LINES),
        ("rows.jsonl", parquet()),
        ("rows.pq", parquet()),
        ("rows.bin", gzip.compress(LINES)),
        ("rows.txt", csv_of(ROWS).replace(b",", b"\t")),
    ],
)
def test_the_first_bytes_tell_what_a_name_does_not(tmp_path, name, content):
    assert [record.value for record in records(written(tmp_path, name, content))] == ROWS


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("a.jsonl", b"version https://git-lfs.github.com/spec/v1\noid sha256:12\n", "is a pointer of Git LFS"),
        ("a.parquet", b"version https://git-lfs.github.com/spec/v1\noid sha256:12\n", "is a pointer of Git LFS"),
        ("a.json", b"<!DOCTYPE html><html>404</html>", "is a web page or XML"),
        ("a.csv", b"PK\x03\x04\x14", "is a zip archive"),
        ("a.xlsx", b"PK\x03\x04\x14", "is a zip archive"),
        ("a.txt", b"What is 1 + 1?\n2\n", "is no text of a known kind"),
        ("a.txt", b"one\ttwo\nthree\n", "is no text of a known kind"),
    ],
)
def test_what_cannot_be_read_is_called_by_its_name(tmp_path, name, content, message):
    with pytest.raises(UserError, match=f"{name} {message}"):
        scan(str(written(tmp_path, name, content)))


def test_rows_is_for_documents(tmp_path):
    with pytest.raises(UserError, match=r"a\.csv is csv: `rows: data` names a list in a JSON document"):
        scan(str(written(tmp_path, "a.csv", csv_of(ROWS))), rows="data")
