"""JSON lines: counted and split at line ends in one pass, read a line at a time.

A line is what ends in LF (a CR before it is dropped). Blank lines are not rows. Each line stands alone: one that is
broken, not UTF-8 or endless costs itself and no other.
"""

import json
import re
from collections.abc import Iterator
from typing import IO, Any

import numpy as np
import orjson
import xxhash

from pipelines.sources.files.records import KEPT_OF_LONG_LINE, MAX_LINE_BYTES, Record
from schemas.reason import Reason

_WHITESPACE = np.zeros(256, dtype=bool)
_WHITESPACE[list(b" \t\n\r\v\f")] = True
_TRAILING = re.compile(r'("(?:[^"\\]|\\.)*+")|,(?=\s*[}\]])')
"""a string, to be passed over, or a comma in front of a bracket that closes"""
_BETWEEN_RECORDS = " \t\r\n,\x1e"  # the last as RFC 7464 has it
_BOM = b"\xef\xbb\xbf"


class LineCounter:
    """Counts rows of a stream of blocks and cuts it at line ends, every `split_bytes`.

    After `finish`, `cuts` holds (start, end, first row within the file, rows) of each stretch.
    """

    def __init__(self, split_bytes: int) -> None:
        self.rows = 0
        self.cuts: list[tuple[int, int, int, int]] = []
        self._split_bytes = split_bytes
        self._offset = 0
        self._start, self._first_row = 0, 0
        self._blank_so_far = True

    def feed(self, block: bytes) -> None:
        """Takes the next block of the file."""
        if self._offset == 0 and block.startswith(_BOM):
            block = b"   " + block[3:]
        line_ends = np.flatnonzero(np.frombuffer(block, dtype=np.uint8) == 10)
        if not len(line_ends):
            self._continue_line(block)
        else:
            self._continue_line(block[: line_ends[0]])
            is_row = self._rows_of(block, line_ends)
            self._cut(line_ends, is_row)
            self.rows += int(np.count_nonzero(is_row))
            self._blank_so_far = True
            self._continue_line(block[line_ends[-1] + 1 :])
        self._offset += len(block)

    def finish(self) -> None:
        """Ends the last stretch."""
        if self._offset > self._start:
            self.cuts.append((self._start, self._offset, self._first_row, self.rows - self._first_row))

    def _continue_line(self, part: bytes) -> None:
        if self._blank_so_far and part.strip():
            self._blank_so_far = False
            self.rows += 1

    def _rows_of(self, block: bytes, line_ends: np.ndarray) -> np.ndarray:
        """Tells which lines between the line ends are rows; only those that begin with space are looked at closely."""
        starts, ends = line_ends[:-1] + 1, line_ends[1:]
        is_row: np.ndarray = ~_WHITESPACE[np.frombuffer(block, dtype=np.uint8)[starts]]
        for line in np.flatnonzero(~is_row):
            is_row[line] = bool(block[starts[line] : ends[line]].strip())
        return is_row

    def _cut(self, line_ends: np.ndarray, is_row: np.ndarray) -> None:
        while True:
            place = int(np.searchsorted(line_ends, self._start + self._split_bytes - 1 - self._offset))
            if place >= len(line_ends):
                return
            end = self._offset + int(line_ends[place]) + 1
            rows = self.rows + int(np.count_nonzero(is_row[:place]))
            self.cuts.append((self._start, end, self._first_row, rows - self._first_row))
            self._start, self._first_row = end, rows


def read_lines(stream: IO[bytes], *, end: int | None, first_row: int) -> Iterator[Record]:
    """Reads records from the stream's position up to byte `end` (None: the end of the stream)."""
    row = first_row
    position = stream.tell() if end is not None else 0
    at_file_start = first_row == 0 and position == 0
    while end is None or position < end:
        line = stream.readline(MAX_LINE_BYTES + 1)
        if not line:
            return
        position += len(line)
        if at_file_start:
            line, at_file_start = line.removeprefix(_BOM), False
        if len(line) > MAX_LINE_BYTES and not line.endswith(b"\n"):
            record, skipped = _skip_long_line(stream, line, row)
            position += skipped
            if record is not None:
                yield record
                row += 1
        elif not line.isspace() and line:
            yield parse_json(line.rstrip(b"\r\n"), row)
            row += 1


def parse_json(text: bytes, row: int) -> Record:
    """Parses one JSON record; what cannot be read comes back with its reason and the position of the fault."""
    try:
        raw = str(text, "utf-8")
    except UnicodeDecodeError as error:
        detail = f"byte 0x{text[error.start]:02x} at byte {error.start}: {error.reason}"
        return Record(row, text.decode("utf-8", "backslashreplace"), None, Reason.BAD_ENCODING, detail)
    try:
        value = orjson.loads(text)
    except orjson.JSONDecodeError as error:
        try:
            value = _loads_lenient(raw)
        except (ValueError, RecursionError):
            return Record(row, raw, None, Reason.PARSE_ERROR, str(error))
    if type(value) is not dict:
        return Record(row, raw, None, Reason.UNSUPPORTED, f"a record is a JSON object, this is {_json_type(value)}")
    for field in value.values():
        if type(field) is float and abs(field) >= 2.0**53:
            return _parse_big_numbers(raw, row)
    return Record(row, raw, value)


def _parse_big_numbers(raw: str, row: int) -> Record:
    """Reads integers above 64 bits, which orjson rounds, with every digit; the standard library stops at 4,300."""
    try:
        return Record(row, raw, json.loads(raw))
    except (ValueError, RecursionError) as error:
        return Record(row, raw, None, Reason.PARSE_ERROR, str(error))


def _loads_lenient(raw: str) -> Any:  # noqa: ANN401 - JSON is Any
    """Reads what programs write and JSON forbids: NaN, Infinity, a comma behind the last item or behind the record."""
    text = _TRAILING.sub(lambda found: found[1] or "", raw.strip(_BETWEEN_RECORDS))
    if text == raw and "NaN" not in raw and "Infinity" not in raw:
        raise ValueError(raw[:20])
    value = json.loads(text)
    json.dumps(value, ensure_ascii=False).encode()  # a lone surrogate is no text: UnicodeEncodeError is a ValueError
    return value


def _json_type(value: object) -> str:
    if value is None:
        return "null"
    return {list: "an array", str: "a string", bool: "a boolean"}.get(type(value), "a number")


def _skip_long_line(stream: IO[bytes], head: bytes, row: int) -> tuple[Record | None, int]:
    """Skips the rest of an endless line; a blank one is no record. Digests keep such lines apart."""
    digest, skipped, blank = xxhash.xxh3_64(head), 0, head.isspace()
    while part := stream.readline(1 << 20):
        digest.update(part)
        skipped += len(part)
        blank = blank and part.isspace()
        if part.endswith(b"\n"):
            break
    if blank:
        return None, skipped
    size = len(head) + skipped
    start = head[:KEPT_OF_LONG_LINE].decode("utf-8", "backslashreplace")
    raw = f"{start}... [cut: a line of {size} bytes, xxh3 {digest.hexdigest()}]"
    detail = f"a line of {size} bytes; at most {MAX_LINE_BYTES} are read"
    return Record(row, raw, None, Reason.TOO_LONG, detail), skipped
