"""JSON files that are not lines: an array of objects, objects one after another, or one of the wrappings of `layouts`.

The file is cut into elements by brackets and strings alone, so it streams, and an element that is not JSON costs
itself only. A string ends at a line end at the latest (JSON allows none inside), and after such an accident the next
brace with the element's own indent begins the next element: a lost quote does not eat the file. An element that never
closes takes the rest with it, for nothing says where the next one begins.
"""

import re
from collections.abc import Iterator
from typing import IO

import xxhash

from pipelines.sources.files.layouts import HEAD_BYTES, refuse_second_list
from pipelines.sources.files.lines import parse_json
from pipelines.sources.files.records import KEPT_OF_LONG_LINE, MAX_LINE_BYTES, Kind, Record
from schemas.reason import Reason

_BLOCK_BYTES = 1 << 20
_BETWEEN = re.compile(rb'(["{}\[\],])')
_WITHIN = re.compile(rb'(?:[^"{}\[\]]++|"(?:[^"\\\n]++|\\.)*+")*+(["{}\[\]])')  # passes whole strings at once
_NAME = re.compile(rb'\A"(?:[^"\\]|\\.)*+"\s*:\s*')
_INSIDE = re.compile(rb'["\\\n]')
_LONGEST_INDENT = 64
_AROUND = b" \t\r\n,\xef\xbb\xbf"


def read_document(stream: IO[bytes], kind: str = Kind.JSON, *, first_row: int) -> Iterator[Record]:
    """Reads the elements of a JSON file as records.

    Args:
        stream: it stands where `layout_of` says that the rows begin.
        kind: json, json_list or json_members.
        first_row: the first element's position in the source.
    """
    for row, element in enumerate(_elements(stream, kind, _Cutter()), first_row):
        if element.size > MAX_LINE_BYTES:
            start = bytes(element.text[:KEPT_OF_LONG_LINE]).decode("utf-8", "backslashreplace")
            raw = f"{start}... [cut: an element of {element.size} bytes, xxh3 {element.digest.hexdigest()}]"
            detail = f"an element of {element.size} bytes; at most {MAX_LINE_BYTES} are read"
            yield Record(row, raw, None, Reason.TOO_LONG, detail)
        else:
            yield parse_json(element.content(), row)


def count_elements(stream: IO[bytes], kind: str = Kind.JSON, *, only_list: bool = False) -> int:
    """Counts the records of a JSON file from where the stream stands.

    Args:
        stream: as in `read_document`.
        kind: as there.
        only_list: for json_list, that no other list of rows may follow.

    Raises:
        UserError: one follows.
    """
    cutter = _Cutter()
    count = sum(1 for _ in _elements(stream, kind, cutter))
    if only_list and kind == Kind.JSON_LIST:
        refuse_second_list(cutter.behind + stream.read(HEAD_BYTES))
    return count


class _Element:
    """The bytes of one element while it grows; beyond the limit only its size and digest."""

    def __init__(self) -> None:
        self.text = bytearray()
        self.size = 0
        self.digest = xxhash.xxh3_64()

    def grow(self, part: bytes) -> None:
        if self.size <= MAX_LINE_BYTES:
            self.text += part
        self.size += len(part)
        self.digest.update(part)

    def is_blank(self) -> bool:
        return not self.text.strip(_AROUND)

    def content(self) -> bytes:
        """The element without what stands around it, the name of a member included."""
        return _NAME.sub(b"", bytes(self.text).strip(_AROUND), count=1)


def _elements(stream: IO[bytes], kind: str, cutter: "_Cutter") -> Iterator[_Element]:
    while block := stream.read(_BLOCK_BYTES):
        for element in cutter.cut(block):
            if kind != Kind.JSON_MEMBERS or element.text.strip(_AROUND) != b"}":  # the end of the object of members
                yield element
            if kind == Kind.JSON_LIST and cutter.arrays:
                return
        if kind == Kind.JSON_LIST and cutter.arrays:
            return
    if not cutter.element.is_blank():
        yield cutter.element


class _Cutter:
    """Where one element ends and the next begins, over blocks."""

    def __init__(self) -> None:
        self.element = _Element()
        self.arrays = 0
        """how many arrays have ended"""
        self.behind = b""
        """what follows the first array in its block"""
        self._depth = 0
        self._in_string = False
        self._escaped = False
        self._array = False
        self._broken = False
        self._indent = b""

    def cut(self, block: bytes) -> Iterator[_Element]:
        begin = position = 0
        while True:
            if self._in_string:
                position = self._pass_string(block, position)
            if self._in_string:
                break
            mark = _WITHIN.match(block, position) if self._depth else _BETWEEN.search(block, position)
            if mark is None:
                break
            place, position = mark.start(1), mark.end()
            ends_before, ends_after = self._step(block, begin, place)
            if self.arrays and not self.behind:
                self.behind = block[position:]
            if ends_before or ends_after:
                self.element.grow(block[begin : position if ends_after else place])
                begin = position if ends_after or mark[1] != b"{" else place
                if not self.element.is_blank():
                    yield self.element
                self.element, self._broken = _Element(), False
        self.element.grow(block[begin:])

    def _pass_string(self, block: bytes, position: int) -> int:
        """Moves behind the string's end, or to the end of the block."""
        if self._escaped:
            position, self._escaped = position + 1, False
        while mark := _INSIDE.search(block, position):
            position = mark.end()
            if mark[0] != b"\\":
                self._in_string = False
                self._broken |= mark[0] == b"\n"
                return position
            if position == len(block):
                self._escaped = True
                return position
            position += 1
        return len(block)

    def _step(self, block: bytes, begin: int, place: int) -> tuple[bool, bool]:
        """Takes the mark at `place`; tells whether an element ends before it, or with it."""
        match block[place : place + 1]:
            case b'"':
                self._in_string = True
            case b"," if self._depth == 0:
                return True, False
            case b"[" if not self._array and self._depth == 0 and self._nothing_before(block, begin, place):
                self._array = True
                return True, False
            case b"]" if self._array and self._depth == 0:
                self._array = False
                self.arrays += 1
                return True, False
            case b"{" if self._depth == 0:
                self._depth, self._indent = 1, self._line_before(block, begin, place)
            case b"{" if self._broken and self._line_before(block, begin, place) == self._indent:
                self._depth = 1
                return True, False
            case b"{" | b"[":
                self._depth += 1
            case b"}" | b"]":
                self._depth = max(0, self._depth - 1)
                return False, self._depth == 0 and not self._array
        return False, False

    def _nothing_before(self, block: bytes, begin: int, place: int) -> bool:
        return self.element.is_blank() and not block[begin:place].strip(_AROUND)

    def _line_before(self, block: bytes, begin: int, place: int) -> bytes:
        """The text between the last line end and a mark."""
        line = block[max(begin, block.rfind(b"\n", begin, place) + 1, place - _LONGEST_INDENT) : place]
        if len(line) == place - begin:
            line = bytes(self.element.text[-_LONGEST_INDENT:]).rpartition(b"\n")[2] + line
        return line[-_LONGEST_INDENT:]
