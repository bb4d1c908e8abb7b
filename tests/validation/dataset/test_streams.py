from pathlib import Path

import pyarrow as pa
import pytest

from validation.dataset import streams
from validation.dataset.streams import chunks, opened, read_table

SCHEMA = pa.schema([("number", pa.int64())])


def write(path: Path, *batches: list[int]) -> Path:
    with pa.OSFile(str(path), "wb") as sink, pa.ipc.new_stream(sink, SCHEMA) as writer:
        for numbers in batches:
            writer.write_batch(pa.record_batch([pa.array(numbers, pa.int64())], schema=SCHEMA))
    return path


def chunks_of(path: Path) -> list[list[int]]:
    with opened(path) as reader:
        return numbers([*chunks(reader)])


def numbers(tables: list[pa.Table]) -> list[list[int]]:
    return [table["number"].to_pylist() for table in tables]


def test_batches_are_joined_up_to_a_number_of_rows_and_the_rest_follows(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(streams, "CHUNK_ROWS", 3)
    path = write(tmp_path / "rows.arrow", [1, 2], [3, 4], [5], [])
    assert chunks_of(path) == [[1, 2, 3, 4], [5]]


def test_batches_of_long_rows_are_handed_out_by_their_bytes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(streams, "CHUNK_BYTES", 16)
    assert chunks_of(write(tmp_path / "rows.arrow", [1], [2], [3])) == [[1, 2], [3]]


def test_a_table_is_of_one_chunk(tmp_path: Path) -> None:
    with opened(write(tmp_path / "rows.arrow", [1], [2], [3])) as reader:
        (table,) = chunks(reader)
    assert table["number"].num_chunks == 1


def test_a_stream_without_rows_has_no_chunk_and_an_empty_table(tmp_path: Path) -> None:
    path = write(tmp_path / "rows.arrow", [])
    assert chunks_of(path) == []
    assert read_table(path).num_rows == 0


def test_what_is_no_stream_and_what_is_not_there_say_so(tmp_path: Path) -> None:
    (tmp_path / "text.arrow").write_text("no stream")
    with pytest.raises(pa.ArrowException):
        read_table(tmp_path / "text.arrow")
    with pytest.raises(OSError, match="gone"):
        read_table(tmp_path / "gone.arrow")
