"""How the rows of a JSON document are wrapped: not at all, in a list under a name, or as the members of one object.

    [{...}, {...}]   {...} {...}        not at all
    {"version": 1, "data": [{...}]}     a list under a name that people give to rows
    {"a1": {...}, "a2": {...}}          members that have fields in common

Told from the beginning of the document alone, unless the config names the list (`Source.rows`). What else the wrapping
object holds is about the file, not about a row. Columns instead of rows, as pandas writes them unasked, are refused.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import orjson

from pipelines.sources.files.records import Kind
from schemas.exits import UserError

HEAD_BYTES = 4 << 20
"""how much of a document tells its layout"""

_LISTS = frozenset(
    {"data", "rows", "examples", "instances", "items", "problems", "questions", "records", "samples", "dataset"}
    | {"entries", "results", "train", "test", "validation", "dev"}
)
_MOST_NAMES = 10
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
        UserError: it holds several lists of rows, or columns.
    """
    members = _members(head)
    if members is None:
        return Layout(Kind.JSON, 0)
    lists = _lists_of_rows(head, members)
    if len(lists) > 1:
        names = ", ".join(member.key for member in lists)
        raise UserError(f"holds several lists of rows: {names}; say which with `rows: {lists[0].key}`")
    if lists:
        return Layout(Kind.JSON_LIST, lists[0].start)
    _refuse_columns(head, members)
    if len(members) > 1 and all(head[member.start : member.start + 1] == b"{" for member in members):
        fields = [_fields(head[member.start : member.end]) for member in members[:2] if member.end is not None]
        if len(fields) < 2 or fields[0] & fields[1]:
            return Layout(Kind.JSON_MEMBERS, head.index(b"{") + 1)
    return Layout(Kind.JSON, 0)


def named_layout(document: bytes, rows: str) -> Layout:
    """Tells where the list begins that `Source.rows` names: a member, or with dots a member of a member.

    Raises:
        UserError: there is no such list.
    """
    start, end = 0, len(document)
    for name in rows.split("."):
        members = _members(document[start:end]) or []
        member = next((member for member in members if member.key == name), None)
        if member is None:
            found = ", ".join(other.key for other in members[:_MOST_NAMES]) or "no members"
            raise UserError(f"has no `{name}` of `rows: {rows}`; it holds {found}")
        start, end = start + member.start, start + (member.end or end - start)
    if document[start : start + 1] != b"[":
        raise UserError(f"holds no list under `rows: {rows}`")
    return Layout(Kind.JSON_LIST, start)


def refuse_second_list(behind: bytes) -> None:
    """Refuses a document that holds another list of rows behind the one that its first bytes told of.

    Args:
        behind: what follows that list.

    Raises:
        UserError: naming the other.
    """
    more = behind.lstrip(b" \t\r\n,")
    for member in _lists_of_rows(b"{" + more, _members(b"{" + more) or []):
        raise UserError(f"holds several lists of rows; `rows: {member.key}` reads another than the first")


def _lists_of_rows(head: bytes, members: Sequence[_Member]) -> list[_Member]:
    return [
        member
        for member in members
        if member.key.lower() in _LISTS and _OPENS_A_LIST_OF_OBJECTS.match(head, member.start)
    ]


def _refuse_columns(head: bytes, members: Sequence[_Member]) -> None:
    """Refuses what pandas' `to_json` writes by columns: such a document is no row and holds no list of them."""
    values = [_value(head[member.start : member.end]) for member in members if member.end is not None]
    if len(values) < 2:
        return
    by_number = all(isinstance(value, dict) and value and all(map(str.isdecimal, value)) for value in values)
    by_place = all(isinstance(value, list) and not any(isinstance(cell, dict) for cell in value) for value in values)
    split = {member.key for member in members} in ({"columns", "index", "data"}, {"columns", "data"})
    if by_number or split or (by_place and len(values[0]) > 1):
        names = ", ".join(member.key for member in members[:_MOST_NAMES])
        raise UserError(f"holds columns and no rows ({names}); pandas writes rows with to_json(orient='records')")


def _value(text: bytes) -> Any:  # noqa: ANN401 - a JSON value
    try:
        return orjson.loads(text)
    except orjson.JSONDecodeError:
        return None


def _fields(text: bytes) -> set[str]:
    value = _value(text)
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
