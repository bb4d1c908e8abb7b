"""Reading fields of a record: what every adapter needs, and the one error it may raise."""

import ast
import re
import warnings
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from decimal import Decimal
from math import floor, isfinite
from typing import Any, Final

import orjson

from pipelines.sources.adapters.language_names import code_of
from pipelines.sources.normalise import trimmed
from schemas.reason import Reason
from schemas.wording import shortened, visible

_MOST_DETAIL = 500  # characters of it that the ledger keeps: fields and their names are as long as a row likes


class Unreadable(Exception):  # noqa: N818 - what the row is, as the ledger says it
    """The adapter cannot make a problem of this record; the record goes to the ledger with this reason."""

    def __init__(self, reason: Reason, detail: str) -> None:
        super().__init__(detail)
        self.reason = reason
        self.detail = shortened(visible(detail), _MOST_DETAIL)


def find(record: dict[str, Any], name: str) -> Any:  # noqa: ANN401 - a JSON value
    """Returns a field, None when absent. A dotted name reaches into objects, a number in it into arrays.

    meta.level              of an object, also of one that a table holds as JSON in a text
    votes.users.0           of a field that is called `votes.users`
    steps.text              of each object of an array: a list of what is there
    """
    if name in record:
        return record[name]
    found = _reached(record, name) if "." in name else _ABSENT
    return None if found is _ABSENT else found


def has_field(record: dict[str, Any], name: str) -> bool:
    """Whether a record has a field, whatever it holds; where nothing is at the beginning of a name, it may have it."""
    return name in record or _reached(record, name, emptied=None) is not _ABSENT


_ABSENT: Final = object()


def _reached(value: object, path: str, *, emptied: object = _ABSENT) -> object:
    """What a dotted name leads to; `emptied` where the way ends at a null or an empty array."""
    value = loaded(value)
    if isinstance(value, dict):
        return _member(value, path, emptied)
    if value is None or value == []:
        return emptied
    if not isinstance(value, list):
        return _ABSENT
    first, _, rest = path.partition(".")
    if first.isdecimal():
        item = value[int(first)] if int(first) < len(value) else _ABSENT
        return _reached(item, rest, emptied=emptied) if rest and item is not _ABSENT else item
    items = [item for each in value if (item := _reached(each, path, emptied=emptied)) is not _ABSENT]
    return [part for item in items for part in (item if isinstance(item, list) else [item])] if items else _ABSENT


def _member(value: dict[str, Any], path: str, emptied: object) -> object:
    """A member of an object; the longest of its names that leads somewhere is taken."""
    if path in value:
        return value[path]
    head, dot, _ = path.rpartition(".")
    while dot:
        if head in value and (found := _reached(value[head], path[len(head) + 1 :], emptied=emptied)) is not _ABSENT:
            return found
        head, dot, _ = head.rpartition(".")
    return _ABSENT


def loaded(value: object) -> object:
    """Reads a list or an object that a table holds as text, in JSON or as Python writes it; the rest stays as it is."""
    if not isinstance(value, str) or not value.lstrip().startswith(("[", "{")):
        return value
    try:
        return orjson.loads(value)
    except orjson.JSONDecodeError:
        return _python_literal(value.strip())


_LONGEST_LITERAL = 1 << 18


def _python_literal(text: str) -> object:
    """Reads a list or an object that Python wrote, as pandas does into a cell; any other text stays as it is.

    What Python would write otherwise it did not write: `['a' 'b']`, as numpy writes two texts, would be read as one.
    """
    if len(text) > _LONGEST_LITERAL or not text.endswith(("]", "}")):
        return text
    try:
        with warnings.catch_warnings(action="ignore"):
            value = ast.literal_eval(text)
        return value if isinstance(value, list | dict) and repr(value) == text else text
    except (ValueError, SyntaxError, RecursionError, MemoryError, TypeError):
        return text


_MOST_NAMES = 10


def named(record: Iterable[object]) -> str:
    """Names the fields of a record for an error: the first ten, and how many more there are."""
    names = list(map(str, record))
    more = f" and {len(names) - _MOST_NAMES:,} more" if len(names) > _MOST_NAMES else ""
    return f"{', '.join(names[:_MOST_NAMES]) or 'no field'}{more}"


def text_of(record: dict[str, Any], name: str) -> str:
    """Returns a text that must be there.

    Raises:
        Unreadable: the field is absent or empty (missing_field), or no text (unsupported).
    """
    value = find(record, name)
    if isinstance(value, str):
        if not value.strip():
            raise Unreadable(Reason.MISSING_FIELD, f"{name} is empty")
        return value
    if value is None:
        raise Unreadable(Reason.MISSING_FIELD, f"no {name}; the record has {named(record)}")
    raise _no_text(name, value)


def _no_text(name: str, value: object) -> Unreadable:
    """The refusal of a value that is no text; it says what may be named in its place."""
    first = next(iter(value), None) if isinstance(value, list) else value
    hint = ""
    if isinstance(first, dict) and first:
        holds = "its items hold" if isinstance(value, list) else "it holds"
        hint = f"; {holds} {named(first)}: name one as {name}.{_spoken(first)}"
    elif isinstance(first, list):
        hint = f" of lists: name one as {name}.0"
    return Unreadable(Reason.UNSUPPORTED, f"{name} is no text but {type(value).__name__}{hint}")


def _spoken(members: dict[str, object]) -> str:
    """The first member that is a text, else the first of all."""
    return next((name for name, value in members.items() if isinstance(value, str)), next(iter(members)))


_PLACE = re.compile(r"\{([^{}]+)\}")


def names_in(field: str | Sequence[str] | None) -> list[str]:
    """The fields of a record that a field of the config is made of: itself, its parts, those of its template."""
    if field is None:
        return []
    if not isinstance(field, str):
        return list(field)
    return _PLACE.findall(field) or [field]


def texts_of(record: dict[str, Any], field: str | Sequence[str]) -> list[str]:
    r"""Returns the texts of a field of the config, at least one: several where the record holds a list of them.

        passage                      the field's text, or each text of its list
        [passage, question]          the parts on a line each; the last must be there, the others may be empty
        "{passage}\n\n{question}"    a template; every part must be there

    Raises:
        Unreadable: a part that must be there is absent or empty, or no text.
    """
    if not isinstance(field, str):
        parts = [_part(record, name) for name in field]
        if not parts[-1]:
            raise Unreadable(Reason.MISSING_FIELD, f"no {field[-1]}; the record has {named(record)}")
        return ["\n".join(part for part in parts if part)]
    if _PLACE.search(field):
        return [_PLACE.sub(lambda place: _part(record, place[1]) or text_of(record, place[1]), field)]
    value = find(record, field)
    if not isinstance(value, list) or not all(isinstance(text, str) for text in value):
        return [text_of(record, field)]
    texts = [text for text in value if text.strip()]
    if not texts:
        raise Unreadable(Reason.MISSING_FIELD, f"{field} is empty")
    return texts


def _part(record: dict[str, Any], name: str) -> str:
    """A part of a joined text: a text, a number, lines of a list; nothing where it is absent or empty."""
    value = find(record, name)
    items = [
        trimmed(item) if isinstance(item, str) else item for item in (value if isinstance(value, list) else [value])
    ]
    if not all(isinstance(item, str | int | float | None) and not isinstance(item, bool) for item in items):
        raise Unreadable(Reason.UNSUPPORTED, f"{name} is no text but {type(value).__name__}")
    return "\n".join(item if isinstance(item, str) else number_text(item) for item in items if item not in (None, ""))


def optional_text(record: dict[str, Any], name: str | None) -> str | None:
    """Returns a text or a number as text, also the only one of a list; None when absent or empty.

    Raises:
        Unreadable: it is neither.
    """
    return None if name is None else _plain(only(find(record, name), name), name)


def only(value: object, name: str) -> object:
    """The one item of a list, also where it stands there several times; what is no list stays as it is.

    Raises:
        Unreadable: there are others in it.
    """
    if not isinstance(value, list) or not value:
        return None if value == [] else value
    if any(item != value[0] for item in value):
        raise Unreadable(Reason.UNSUPPORTED, f"{name} is a list of {len(value)}: name one as {name}.0")
    return value[0]


def _plain(value: object, name: str) -> str | None:
    if isinstance(value, str):
        return trimmed(value) or None
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int | float | Decimal):
        raise _no_text(name, value)
    return number_text(value)


def listed_text(record: dict[str, Any], name: str | None) -> str | None:
    """Returns a text or a number as text, those of a list with commas between them; None when absent or empty.

    A list of texts may stand in a text: `["51"]`. One of numbers stays: `[-2, 5]` is an interval.
    """
    if name is None:
        return None
    value = find(record, name)
    if isinstance(value, str) and _LIST_OF_TEXTS.match(value):
        value = loaded(value)
    if not isinstance(value, list):
        return _plain(value, name)
    return ", ".join(text for item in value if (text := _plain(item, name))) or None


_LIST_OF_TEXTS = re.compile(r"""\s*+\[\s*+["']""")


def number_text(value: object) -> str:
    """Writes a number as people do: 18.0 -> 18, 1e-05 -> 0.00001. JSON has one type for both.

    Raises:
        Unreadable: it is no number.
    """
    if isinstance(value, bool) or not isinstance(value, int | float | Decimal):
        raise Unreadable(Reason.UNSUPPORTED, f"a number or text is needed, not {type(value).__name__}")
    if isinstance(value, float):
        if value != value or value in (float("inf"), float("-inf")):
            raise Unreadable(Reason.UNSUPPORTED, f"{value} is no number")
        if value.is_integer():
            return str(int(value))
    return format(Decimal(str(value)), "f")


def language_of(record: dict[str, Any], name: str | None) -> str | None:
    """Returns the code of a language, also of its name (`pt-BR` -> `pt`, `English` -> `en`); None when absent or empty.

    Raises:
        Unreadable: it names none.
    """
    text = optional_text(record, name)
    if text is None:
        return None
    code = code_of(text)
    if code is None:
        raise Unreadable(Reason.UNSUPPORTED, f"{name} is a code of ISO 639 such as en, not {text[:40]!r}")
    return code


def share_of(record: dict[str, Any], name: str | None) -> float | None:
    """Returns a number from 0 to 1, None when absent or empty.

    Raises:
        Unreadable: it is none.
    """
    number = number_of(record, name)
    if number is not None and not 0 <= number <= 1:
        raise Unreadable(Reason.UNSUPPORTED, f"{name} is {number:g}, expected 0 to 1")
    return number


def number_of(record: dict[str, Any], name: str | None) -> float | None:
    """Returns a number, None when absent or empty.

    Raises:
        Unreadable: it is no number.
    """
    text = optional_text(record, name)
    if text is None:
        return None
    number = _finite(text)
    if number is None:
        raise Unreadable(Reason.UNSUPPORTED, f"{name} is no number: {text[:40]!r}")
    return number


def _finite(text: str) -> float | None:
    """Reads a number; `nan`, as tables without a value write it, is none."""
    try:
        number = float(text)
    except ValueError:
        return None
    return number if isfinite(number) else None


def moment_of(record: dict[str, Any], name: str | None) -> float | None:
    """Returns a time as seconds since 1970, None when absent or empty; without a zone it is UTC.

    Raises:
        Unreadable: it is neither ISO 8601 nor a number of seconds.
    """
    text = optional_text(record, name)
    if text is None:
        return None
    seconds = _finite(text)
    if seconds is not None:
        return seconds
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        detail = f"{name} is no time: {text[:40]!r}; expected ISO 8601 or seconds"
        raise Unreadable(Reason.UNSUPPORTED, detail) from None
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()


_MARKS = dict.fromkeys(("true", "yes", "1", "1.0"), True) | dict.fromkeys(("", "false", "no", "0", "0.0"), False)


def is_marked(record: dict[str, Any], name: str | None) -> bool:
    """Says whether a field is true, in any of the words that people use for it; absent is false.

    Raises:
        Unreadable: it is another word.
    """
    value = None if name is None else find(record, name)
    word = "" if value is None else str(value).strip().lower()
    if word not in _MARKS:
        raise Unreadable(Reason.UNSUPPORTED, f"{name} is true, false or empty, not {word[:40]!r}")
    return _MARKS[word]


_LEVEL = re.compile(r"(?:^|[^\d.,/:\u2013-]|(?<=[A-Za-z])[-:])\s*(\d{1,5}(?:\.\d+)?)\s*$")


def level_of(text: str | None) -> int | None:
    """Reads a difficulty: a number, or text that ends in one (`Level 5`), to the nearest whole one.

    Level 5 -> 5    4.25 -> 4    5.5 -> 6    Level ?, 3/5 -> None
    """
    level = None if text is None else ending_of(text, _LEVEL)
    return None if level is None else floor(float(level[1]) + 0.5)


ENDING = 1000
"""characters of a text, white space behind it aside, in which its ending is looked for"""


def ending_of(text: str, pattern: re.Pattern[str]) -> re.Match[str] | None:
    r"""Finds how a text ends, by a pattern that ends in `\s*$`: what stands far before costs nothing."""
    text = text.rstrip()
    return pattern.search(text, max(0, len(text) - ENDING))


def without_ending(text: str, pattern: re.Pattern[str]) -> str:
    """The text in front of its ending, or all of it where it does not end so."""
    found = ending_of(text, pattern)
    return text if found is None else text[: found.start()]
