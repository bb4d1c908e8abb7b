"""Options of a multiple choice, in every layout that fields have, written under their question a line each: `(A) 5`."""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from string import ascii_uppercase
from typing import Any

from pipelines.sources.adapters.fields import Unreadable, find, loaded, named, number_text
from schemas.reason import Reason

_MARKED = re.compile(r"\s*\(?([A-Za-z])\s*[).:\uff0e\u3001\uff1a\uff09]\s*(.*)", re.DOTALL)
_FILLING = re.compile(r"[}*$\s]*+")
_BEHIND_LETTER = r"[}*\s]*+[).:\uff0e\u3001\uff1a\uff09]?+(?P<filling>[}*$\s]*+)"
_MOST_OPTIONS, _MOST_COMPARED = 52, 1000  # options, and characters of one, that are looked for in a question
_LETTERS = ("label", "letter", "key", "option", "id", "aoVal")
_TEXTS = ("text", "value", "content", "option_text", "answer", "option")
_TABLES = (("text", "label"), ("texts", "labels"), ("choices", "labels"), ("options", "labels"))


def with_options(question: str, record: dict[str, Any], field: str | Sequence[str] | None = "options") -> str:
    """Writes the options of a record under its question; options that stand in the question already are not repeated.

    Args:
        question: the question.
        record: the row.
        field: a field that holds them all (a list of texts or of objects, an object of letters, ARC's table of texts
            and labels, a text), or several fields that hold one each.

    Raises:
        Unreadable: they are of another shape.
    """
    if field is None:
        return question
    if not isinstance(field, str):
        options = list(_lettered(text for name in field if (text := _plain(find(record, name), name))))
    else:
        value = loaded(find(record, field))
        if isinstance(value, str):
            return question if value.strip() in question else f"{question}\n{value.strip()}"
        options = list(_options(value, field))
    if not options or _stand_in(question, options):
        return question
    return "\n".join([question, *(f"({letter}) {text}" for letter, text in options)])


def _options(value: object, field: str) -> Iterator[tuple[str, str]]:
    if value is None:
        return iter(())
    if isinstance(value, list):
        return _listed(value, field)
    if isinstance(value, dict):
        for texts, letters in _TABLES:
            if isinstance(value.get(texts), list) and isinstance(value.get(letters), list):
                pairs = zip(value[letters], value[texts], strict=False)
                return ((str(letter), _plain(text, field)) for letter, text in pairs)
        return ((str(letter), _plain(text, field)) for letter, text in value.items() if text is not None)
    raise Unreadable(Reason.UNSUPPORTED, f"{field} is a list or an object of options, not {type(value).__name__}")


def _listed(items: Sequence[object], field: str) -> Iterator[tuple[str, str]]:
    """Options of a list: objects with a letter and a text, or texts, whose own letters are read where all have one.

    Each may stand in a list of its own, as in TAL-SCQ5K.
    """
    items = [item[0] if isinstance(item, list) and len(item) == 1 else item for item in items]
    if items and all(isinstance(item, dict) for item in items):
        return _labelled([item for item in items if isinstance(item, dict)], field)
    texts = [_plain(item, field) for item in items]
    marked = [mark for text in texts if (mark := _MARKED.match(text)) and mark[2].strip()]
    if len(marked) == len(texts):
        return ((mark[1].upper(), mark[2].strip()) for mark in marked)
    return _lettered(texts)


def _labelled(items: Iterable[Mapping[str, object]], field: str) -> Iterator[tuple[str, str]]:
    for place, item in enumerate(items):
        letter = next(
            (name for name in _LETTERS if isinstance(item.get(name), str) and len(str(item[name])) == 1), None
        )
        text = next((name for name in _TEXTS if name != letter and item.get(name) is not None), None)
        if text is None:
            raise Unreadable(Reason.UNSUPPORTED, f"an option of {field} has no text; it holds {named(item)}")
        yield str(item[letter]) if letter else ascii_uppercase[place % 26], _plain(item[text], field)


def _lettered(texts: Iterable[str]) -> Iterator[tuple[str, str]]:
    return ((ascii_uppercase[place % 26], text) for place, text in enumerate(texts))


def _plain(value: object, field: str) -> str:
    if isinstance(value, str):
        return value.strip()
    if value is None:
        return ""
    if isinstance(value, list | dict):
        raise Unreadable(Reason.UNSUPPORTED, f"an option of {field} is text or a number, not {type(value).__name__}")
    return number_text(value)


def _stand_in(question: str, options: Sequence[tuple[str, str]]) -> bool:
    return len(options) <= _MOST_OPTIONS and all(_stands_in(question, letter, text) for letter, text in options)


def _stands_in(question: str, letter: str, text: str) -> bool:
    """Whether an option's text stands behind its letter; a long one by its first words."""
    text = text[:_MOST_COMPARED]
    begins = _FILLING.match(text)
    assert begins is not None, text
    for mark in re.finditer(re.escape(letter) + _BEHIND_LETTER, question):
        if mark["filling"].endswith(begins[0]) and question.startswith(text[begins.end() :], mark.end()):
            return True
    return False
