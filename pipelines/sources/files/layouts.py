"""How the rows of a JSON document are wrapped: not at all, in a list under a name, or as the members of one object.

    [{...}, {...}]   {...} {...}        not at all
    {"version": 1, "data": [{...}]}     a list under a name that people give to rows
    {"a1": {...}, "a2": {...}}          members that have fields in common

Told from the beginning of the document alone. What else the wrapping object holds is about the file, not about a row.
"""

import re
from dataclasses import dataclass

import orjson

from pipelines.sources.files.records import Kind
from schemas.exits import UserError

HEAD_BYTES = 4 << 20
"""how much of a document tells its layout"""

_LISTS = frozenset(
    {"data", "rows", "examples", "instances", "items", "problems", "questions", "records", "samples", "dataset"}
    | {"entries", "results", "train", "test", "validation", "dev"}
)
_START = re.compile(rb"(?:\xef\xbb\xbf)?\s*\{")
_KEY = re.compile(rb'\s*("(?:[^"\\]|\\.)*+")\s*:\s*')
_STRING = re.compile(rb'"(?:[^"\\]|\\.)*+"')
_SCALAR = re.compile(rb"[-+\w.]+")
_BRACKETS = re.compile(rb'(?:[^"{}\[\]]++|"(?:[^"\\]|\\.)*+")*+([{}\[\]])')
_NEXT = re.compile(rb"\s*([,}])")
_OPENS_A_LIST_OF_OBJECTS = re.compile(rb"\[\s*\{")


@dataclass(frozen=True, slots=True)
class Layout:
    """Where the rows of a document begin: the byte at which they are read, and as which kind."""

    kind: Kind
    start: int


@dataclass(frozen=True, slots=True)
class _Member:
    key: str
    start: int
    end: int | None


def layout_of(head: bytes) -> Layout:
    """Tells the layout of a JSON document from its first `HEAD_BYTES` bytes.

    Raises:
        UserError: it holds several lists of rows.
    """
    members = _members(head)
    if members is None:
        return Layout(Kind.JSON, 0)
    lists = [
        member
        for member in members
        if member.key.lower() in _LISTS and _OPENS_A_LIST_OF_OBJECTS.match(head, member.start)
    ]
    if len(lists) > 1:
        names = ", ".join(member.key for member in lists)
        raise UserError(f"holds several lists of rows: {names}; put the one that is meant into a file of its own")
    if lists:
        return Layout(Kind.JSON_LIST, lists[0].start)
    if len(members) > 1 and all(head[member.start : member.start + 1] == b"{" for member in members):
        fields = [_fields(head[member.start : member.end]) for member in members[:2] if member.end is not None]
        if len(fields) < 2 or fields[0] & fields[1]:
            return Layout(Kind.JSON_MEMBERS, head.index(b"{") + 1)
    return Layout(Kind.JSON, 0)


def _fields(text: bytes) -> set[str]:
    try:
        value = orjson.loads(text)
    except orjson.JSONDecodeError:
        return set()
    return set(value) if isinstance(value, dict) else set()


def _members(head: bytes) -> list[_Member] | None:
    """The members of the one object that a document is, else None; the last has no end where the head cuts it off."""
    start = _START.match(head)
    if start is None:
        return None
    members, place = [], start.end()
    while key := _KEY.match(head, place):
        end = _value_end(head, key.end())
        members.append(_Member(str(key[1][1:-1], "utf-8", "replace"), key.end(), end))
        after = None if end is None else _NEXT.match(head, end)
        if after is None:
            return members if end is None or not head[end:].strip() else None
        if after[1] == b"}":
            return None if head[after.end() :].strip() else members
        place = after.end()
    return None if members == [] or head[place:].strip() else members


def _value_end(head: bytes, start: int) -> int | None:
    """Where the value at `start` ends; None where the head ends first."""
    if head[start : start + 1] in (b"{", b"["):
        depth, place = 0, start
        while mark := _BRACKETS.match(head, place):
            depth += 1 if mark[1] in b"{[" else -1
            place = mark.end()
            if depth == 0:
                return place
        return None
    value = (_STRING if head[start : start + 1] == b'"' else _SCALAR).match(head, start)
    return value.end() if value and value.end() < len(head) else None
