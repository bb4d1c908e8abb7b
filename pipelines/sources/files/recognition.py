"""What a file holds, told from its name and its first bytes: where the two differ, the bytes are right.

    rows.jsonl  {"question": ...}                lines
                [{"question": ...}, ...          a document, as `layouts` reads it
                { LF  "question": ...            objects over several lines: a document
                PAR1                             Parquet
                version https://git-lfs...       a UserError that says what it is

Text may be compressed, and of two or four bytes a sign. What a document wraps its rows in is told by `layouts`.
"""

import io
import re
from collections.abc import Mapping
from dataclasses import dataclass

import orjson

from pipelines.sources.files.documents import read_document
from pipelines.sources.files.layouts import HEAD_BYTES, Layout, layout_of, named_layout
from pipelines.sources.files.lines import parse_json
from pipelines.sources.files.places import ALLOWED, kind_of, open_bytes, open_content
from pipelines.sources.files.records import MAX_LINE_BYTES, Kind, Record
from pipelines.sources.files.tables import has_tabs
from schemas.exits import UserError

_FIRST_BYTES = 4096
_PROBED_BYTES = 64 << 10
_COMPRESSED = {b"\x1f\x8b": "gz", b"BZh": "bz2", b"\xfd7zXZ": "xz", b"\x28\xb5\x2f\xfd": "zst"}
_COLUMNAR = {b"PAR1": Kind.PARQUET, b"ARROW1": Kind.ARROW}
_FOREIGN = {
    b"version https://git-lfs": "is a pointer of Git LFS and not the file; `git lfs pull` fetches that",
    b"PK\x03\x04": "is a zip archive (.xlsx is one too); unpack it, or save the table as .csv",
    b"SQLite format 3": "is a SQLite database; export the table as .csv",
    b"\x80\x04": "is a pickle, which can run code when it is read; write it as .jsonl or .parquet",
    b"%PDF": "is a PDF; its text is needed as .jsonl",
}
_BOMS = {b"\xff\xfe\0\0": "utf-32", b"\0\0\xfe\xff": "utf-32", b"\xff\xfe": "utf-16", b"\xfe\xff": "utf-16"}
_ZEROS = {"t000": "utf-32-le", "000t": "utf-32-be", "t0t0": "utf-16-le", "0t0t": "utf-16-be"}
"""codecs by which of four bytes are zero in text that begins with two letters, digits or marks of ASCII"""
_WEB_PAGE = re.compile(rb"\s*<(?:!doctype|html|\?xml)", re.IGNORECASE)
_AROUND = b" \t\r\n\v\f\xef\xbb\xbf"
_OPEN = (b"{", b"[")


@dataclass(frozen=True, slots=True)
class Content:
    """What a file holds: its kind, `FileSplit.compression`, and the byte of the content at which its rows begin."""

    kind: Kind
    compression: str | None
    start: int = 0


def recognised(path: str, rows: str | None = None) -> Content:
    """Tells what a file holds.

    Args:
        path: a file, by any name.
        rows: the member of a JSON document that holds its rows (`Source.rows`).

    Raises:
        UserError: it is of no known kind, or `layout_of` says so.
    """
    kind, compression = kind_of(path) or (None, None)
    with open_bytes(path) as stream:
        first = stream.read(_FIRST_BYTES)
    if columnar := _by_magic(first, _COLUMNAR):
        return Content(Kind(columnar), None)
    _refuse_foreign(first)
    if kind in (Kind.PARQUET, Kind.ARROW) and not first.lstrip(_AROUND).startswith(_OPEN):
        return Content(kind, None)
    compression = compression or _by_magic(first, _COMPRESSED)
    if compression:
        with open_content(path, compression) as content:
            first = content.read(_FIRST_BYTES)
        _refuse_foreign(first)
    packing = "+".join(filter(None, (compression, _codec_of(first)))) or None
    with open_content(path, packing) as content:
        kind = _kind_of_text(content.read(_FIRST_BYTES), kind)
    if kind not in (Kind.JSON, Kind.JSONL):
        if rows is not None:
            raise UserError(f"is {kind}: `rows: {rows}` names a list in a JSON document")
        return Content(kind, packing)
    layout = _layout(path, packing, kind, rows)
    return Content(layout.kind, packing, layout.start)


def _by_magic(first: bytes, names: Mapping[bytes, str]) -> str | None:
    return next((name for magic, name in names.items() if first.startswith(magic)), None)


def _refuse_foreign(first: bytes) -> None:
    if words := _by_magic(first, _FOREIGN):
        raise UserError(words)
    if _WEB_PAGE.match(first):
        raise UserError("is a web page or XML and no data; did a download fail?")


def _codec_of(first: bytes) -> str | None:
    if codec := _by_magic(first, _BOMS):
        return codec
    text = first.lstrip()[:4]
    return _ZEROS.get("".join("t" if byte else "0" for byte in text))


def _kind_of_text(first: bytes, named: Kind | None) -> Kind:
    """The kind of text: what its name says, else what it begins like: JSON, or a table with tabs."""
    if named is not None and named not in (Kind.PARQUET, Kind.ARROW):
        return named
    if first.lstrip(_AROUND).startswith(_OPEN):
        return Kind.JSON
    lines = first.decode("utf-8", "replace").splitlines(keepends=True)
    if has_tabs(lines if len(first) < _FIRST_BYTES else lines[:-1]):
        return Kind.TSV
    raise UserError(f"is no text of a known kind; known are {ALLOWED}")


def _layout(path: str, packing: str | None, kind: Kind, rows: str | None) -> Layout:
    """How a file of JSON holds its rows, whichever of the two its name says."""
    with open_content(path, packing) as content:
        if rows is not None:
            return named_layout(content.read(), rows)
        head = content.read(_PROBED_BYTES)
        if kind is Kind.JSONL and _are_lines(head):
            return Layout(Kind.JSONL, 0)
        head += content.read(HEAD_BYTES - len(head))
        layout = layout_of(head)
        if layout.kind is not Kind.JSON:
            return layout
        line, end, _ = head.partition(b"\n")
        if not end:
            line += content.readline(MAX_LINE_BYTES - HEAD_BYTES)
    try:
        return Layout(Kind.JSONL if type(orjson.loads(line)) is dict else Kind.JSON, 0)
    except orjson.JSONDecodeError:
        return layout


def _are_lines(head: bytes) -> bool:
    """Whether a file that is called JSON lines is that: a line of its first holds an object, or it is no JSON at all.

    A first line that is a list of other things than objects is one of many such lines; each will be told.
    """
    content = head.lstrip(_AROUND)
    if not content.startswith(_OPEN):
        return True
    first, *others = [line for line in content.split(b"\n") if not line.isspace()]
    if len(head) == _PROBED_BYTES:  # the last line is cut off
        if not others:
            return content.startswith(b"{")
        others.pop()
    if content.startswith(b"{"):
        rows = (parse_json(line, 0) for line in (first, *others) if line.startswith(b"{"))
        return any(map(_is_read, rows)) or not any(map(_is_read, read_document(io.BytesIO(content), first_row=0)))
    try:
        value = orjson.loads(first)
    except orjson.JSONDecodeError:
        return False
    return not all(isinstance(item, dict) for item in value)


def _is_read(record: Record) -> bool:
    return record.reason is None
