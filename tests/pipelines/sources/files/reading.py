"""Rows, files that hold them, and how a test reads a file whole."""

import bz2
import gzip
import json
import lzma
from pathlib import Path

import zstandard

from pipelines.sources.files.records import Record
from pipelines.sources.files.scan import read_records, scan

ROWS = [{"question": f"What is {n} + {n}?", "answer": str(2 * n)} for n in range(7)]


LINES = "".join(json.dumps(row) + "\n" for row in ROWS).encode()


def records(path: Path | str, **settings) -> list[Record]:
    return [record for file in scan(str(path), **settings) for split in file.splits for record in read_records(split)]


def written(folder: Path, name: str, content: bytes) -> Path:
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    return path


def csv_of(rows: list[dict[str, str]]) -> bytes:
    return "".join(f"{a},{b}\n" for a, b in [("question", "answer"), *(row.values() for row in rows)]).encode()


COMPRESSED = {
    ".gz": gzip.compress,
    ".bz2": bz2.compress,
    ".xz": lzma.compress,
    ".zst": zstandard.ZstdCompressor().compress,
}
