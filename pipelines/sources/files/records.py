"""What readers hand on: a stretch of a file, a scanned file, one record with its text or the reason why it has none."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Any

import orjson
import xxhash

from schemas.reason import Reason

MAX_LINE_BYTES = 16 << 20
KEPT_OF_LONG_LINE = 1000


class Kind(StrEnum):
    """How the rows of a file are laid out."""

    JSONL = "jsonl"
    JSON = "json"
    JSON_LIST = "json_list"
    JSON_MEMBERS = "json_members"
    CSV = "csv"
    TSV = "tsv"
    CSV_HEADLESS = "csv_headless"
    TSV_HEADLESS = "tsv_headless"
    PARQUET = "parquet"
    ARROW = "arrow"


@dataclass(frozen=True, slots=True)
class FileSplit:
    """A stretch of one file that one worker reads.

    Attributes:
        kind: a `Kind`.
        compression: gz | bz2 | xz | zst, a codec of text (utf-16), both (`gz+utf-16`), or None: the bytes are UTF-8.
        start: first byte, of the content; for Parquet the first row group.
        end: byte behind the last one; for Parquet the row group behind the last one.
        first_row: 0-based position of its first row in the whole source.
        rows: how many records it yields.
        stamp: of the file when it was scanned (`places.stamp_of`).
    """

    path: str
    kind: str
    compression: str | None
    start: int
    end: int
    first_row: int
    rows: int
    stamp: str = ""


@dataclass(frozen=True, slots=True)
class FileScan:
    """One file of a source, read once.

    Attributes:
        path: where the bytes are.
        name: what the manifest calls it: the path, but for `hf://` sources the address without the cache folder.
        bytes: size on disk, compressed.
        sha256: of the bytes on disk.
        stamp: of the file before it was read (`places.stamp_of`).
    """

    path: str
    name: str
    bytes: int
    sha256: str
    rows: int
    splits: tuple[FileSplit, ...]
    stamp: str = ""


@dataclass(frozen=True, slots=True)
class Record:
    r"""One record of a source: its value, or the reason why it has none.

    Attributes:
        row: 0-based position in the source.
        raw: the record as text: the line of a JSONL file, the element of a JSON file, JSON for tables. Bytes that are
            not UTF-8 are written as `\xNN`.
    """

    row: int
    raw: str
    value: dict[str, Any] | None
    reason: Reason | None = None
    detail: str = ""


def row_id(source_name: str, raw: str) -> str:
    """Returns the identity of a row, 32 hex characters: the same text in the same source is the same row."""
    return xxhash.xxh3_128_hexdigest(f"{source_name}\0{raw}".encode())


def json_text(value: object) -> str:
    """Writes a table's row as JSON: what `raw` is for files that are not text."""
    return orjson.dumps(value, default=str, option=orjson.OPT_NON_STR_KEYS).decode()
