r"""Turns normalised text into a value of `values.py`; what cannot be read whole becomes `Unread`."""

import re
from fractions import Fraction
from functools import lru_cache

from validation.answers import algebra, notation
from validation.answers.algebra import TooLargeError, UnsupportedError
from validation.answers.brackets import closes_at_end, parts
from validation.answers.numerals import INDIAN, THOUSANDS, localise, scalar
from validation.answers.regions import NAME, RELATION, read_region, read_relation
from validation.answers.values import (
    Choice,
    Equation,
    Matrix,
    Moment,
    Ratio,
    Region,
    Scalar,
    Several,
    Unread,
    Value,
    Words,
)

_CHOICE = re.compile(r"(?:\(([A-Ja-j])\)|([A-J])[.):]?|[Oo]ption:? \(?([A-J])\)?|[Cc]hoice:? \(?([A-J])\)?)\Z")
_CHOICE_CONTENT = re.compile(r"(?:\(([A-J])\)|([A-J])[.):])\s*(\S.*)\Z", re.DOTALL)
_RATIO = re.compile(r"(\d+(?:\.\d+)?)(?:\s*(?::|\sto\s)\s*(\d+(?:\.\d+)?))(?:\s*:\s*(\d+(?:\.\d+)?))?\Z")
_CLOCK = re.compile(
    r"(\d{1,2})(?::|h|点)(\d{2})?(?::(\d{2}))?\s*(?:分)?\s*([aApP])?\.?\s*(?:[mM]\.?)?\s*(?:o'clock)?\Z"
)
_CLOCK_HOUR = re.compile(r"(\d{1,2})\s*([aApP])\.?\s*[mM]\.?\Z")
_MONTHS = [
    "january", "february", "march", "april", "may", "june", "july", "august", "september", "october", "november",
    "december",
]  # fmt: skip
_DATE = re.compile(
    rf"({'|'.join(m[:3] for m in _MONTHS)})[a-z]*\.?\s+(\d{{1,2}})(?:st|nd|rd|th)?(?:\s*,?\s+(\d{{4}}))?\Z",
    re.IGNORECASE,
)
_DATE_DAY_FIRST = re.compile(
    rf"(\d{{1,2}})(?:st|nd|rd|th)?\s+(?:of\s+)?({'|'.join(m[:3] for m in _MONTHS)})[a-z]*\.?(?:\s*,?\s+(\d{{4}}))?\Z",
    re.IGNORECASE,
)
_DATE_ISO = re.compile(r"(\d{4})-(\d{2})-(\d{2})\Z")
_WORDS = re.compile(r"[^\W\d_]+(?:[\s,'’.-]+[^\W\d_]+)*[.!]?\Z")
_LETTERS = re.compile(r"[A-Z](?:(?:,\s*(?:and\s+)?|\s+and\s+)[A-Z])+\Z")
_MATRIX = re.compile(
    r"\\begin\{([pb]?)matrix\}(.*)\\end\{\1matrix\}\Z|\\begin\{array\}\{[^}]*\}(.*)\\end\{array\}\Z", re.DOTALL
)
_SYMPY_MATRIX = re.compile(r"(?:Mutable(?:Dense)?|Immutable(?:Dense)?)?Matrix\((\[.*\])\)\Z", re.DOTALL)
_SMALL = (
    "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen"
    " eighteen nineteen twenty"
)
_TENS = {"thirty": 30, "forty": 40, "fifty": 50, "sixty": 60, "seventy": 70, "eighty": 80, "ninety": 90}
_NUMBER_WORDS = {word: value for value, word in enumerate(_SMALL.split())} | _TENS
_CJK_DIGITS = {
    "零": 0, "一": 1, "二": 2, "两": 2, "三": 3, "四": 4, "五": 5, "六": 6, "七": 7, "八": 8, "九": 9, "十": 10,
}  # fmt: skip
_AND = re.compile(r",?\s+(?:and|or|und|oder|et|和|或)\s+|(?<=\d) (?:y|e) (?=[-\d])")
_EMPTY = {
    "\\emptyset", "\\{\\}", "{}", "set()", "[]", "EmptySet", "empty set", "the empty set", "no solution",
    "no solutions", "no real solution", "no real solutions", "none", "无解",
}  # fmt: skip
_SYNONYMS = {
    "true": "yes",
    "false": "no",
    "是": "yes",
    "否": "no",
    "对": "yes",
    "错": "no",
    "undefined": "undefined",
    "dne": "does not exist",
}


@lru_cache(maxsize=8192)
def read_value(text: str, comma: bool = False) -> Value:
    """Reads normalised text.

    Args:
        text: as `normalise` returns it.
        comma: whether the language writes a decimal comma.
    """
    try:
        return _read(text, comma=comma)
    except TooLargeError:
        return Unread(text, too_large=True)
    except (UnsupportedError, RecursionError, ZeroDivisionError, OverflowError):
        return Unread(text)


def _read(text: str, *, comma: bool) -> Value:
    if not text:
        return Unread(text)
    if text in _EMPTY or text.lower() in _EMPTY:
        return Region(())
    for reader in (_choice, _moment, _ratio, _words, _matrix):
        value = reader(text)
        if value is not None:
            return value
    if "\\begin" in text:
        raise UnsupportedError("environment")
    if RELATION.search(text):
        return read_relation(text, comma=comma)
    if "=" in text:
        return _equation(text, comma=comma)
    region = read_region(text)
    if region is not None:
        return region
    several = _several(text, comma=comma)
    if several is not None:
        return several
    if "\\pm" in text:
        return _plus_minus(text, comma=comma)
    return scalar(localise(text, comma=comma), ambiguous=text)


def _choice(text: str) -> Value | None:
    match = _CHOICE.match(text)
    if match:
        return Choice(next(group for group in match.groups() if group).upper())
    match = _CHOICE_CONTENT.match(text)
    return Choice(match.group(1) or match.group(2), match.group(3).strip()) if match else None


def _moment(text: str) -> Value | None:
    match = _CLOCK_HOUR.match(text)
    if match and 1 <= int(match.group(1)) <= 12:
        return _clock(int(match.group(1)), 0, match.group(2).lower())
    match = _CLOCK.match(text)
    if (
        match
        and match.group(2)
        and (match.group(4) or match.group(3))
        and int(match.group(1)) < 25
        and int(match.group(2)) < 60
    ):
        return _clock(int(match.group(1)), int(match.group(2)), (match.group(4) or "").lower())
    match = _DATE_ISO.match(text)
    if match:
        return Moment("date", (int(match.group(2)), int(match.group(3)), int(match.group(1))))
    match = _DATE.match(text)
    if match:
        return _date(match.group(1), match.group(2), match.group(3))
    match = _DATE_DAY_FIRST.match(text)
    return _date(match.group(2), match.group(1), match.group(3)) if match else None


def _clock(hour: int, minute: int, half: str) -> Moment:
    if half:
        hour = hour % 12 + (12 if half == "p" else 0)
    return Moment("clock", (hour * 60 + minute,), half)


def _date(month: str, day: str, year: str | None) -> Moment:
    number = next(i for i, name in enumerate(_MONTHS, 1) if name.startswith(month.lower()[:3]))
    return Moment("date", (number, int(day), int(year or 0)))


def _ratio(text: str) -> Value | None:
    match = _RATIO.match(text)
    if match is None:
        return None
    return Ratio(tuple(Fraction(group) for group in match.groups() if group))


def _words(text: str) -> Value | None:
    if _LETTERS.match(text):
        return Several("bare", tuple(Choice(letter) for letter in re.findall("[A-Z]", text)))
    if not _WORDS.match(text) or (len(text) < 3 and text.isascii() and text.lower() != "no"):
        return None
    key = " ".join(text.lower().rstrip(".!").split())
    value = _number_word(key)
    if value is not None:
        return Scalar(algebra.number(value))
    if (
        text in ("pi", "oo", "xy", "abc", "sqrt")
        or ("," in text and len(text.replace(" ", "")) <= 5)
        or (text.islower() and len(text) == 3 and key not in ("odd", "yes", "red", "one", "two", "six", "ten"))
    ):
        return None
    return Words(_SYNONYMS.get(key, key))


def _number_word(key: str) -> int | None:
    if key in _NUMBER_WORDS:
        return _NUMBER_WORDS[key]
    if key in _CJK_DIGITS:
        return _CJK_DIGITS[key]
    tens, _, ones = key.replace("-", " ").partition(" ")
    if _NUMBER_WORDS.get(tens, 0) >= 20 and 0 < _NUMBER_WORDS.get(ones, 0) < 10:
        return _NUMBER_WORDS[tens] + _NUMBER_WORDS[ones]
    return None


def _matrix(text: str) -> Value | None:
    match = _MATRIX.match(text)
    if match:
        body = match.group(2) if match.group(2) is not None else match.group(3)
        rows = [row for row in re.split(r"\\\\(?:\[[^\]]*\])?|\\cr", body) if row.strip()]
        return Matrix(tuple(tuple(read_value(cell.strip()) for cell in row.split("&")) for row in rows))
    match = _SYMPY_MATRIX.match(text)
    body = match.group(1) if match else text
    if not body.startswith("[[") or not body.endswith("]]"):
        return None
    rows = parts(body[1:-1])
    if not all(row.startswith("[") and row.endswith("]") for row in rows):
        return None
    return Matrix(tuple(tuple(read_value(cell) for cell in parts(row[1:-1])) for row in rows))


def _several(text: str, *, comma: bool) -> Value | None:
    for left, right, kind in (
        ("\\{", "\\}", "set"),
        ("{", "}", "set"),
        ("(", ")", "tuple"),
        ("[", "]", "list"),
        ("\\langle", "\\rangle", "tuple"),
    ):
        if text.startswith(left) and text.endswith(right) and closes_at_end(text, left[-1], right[-1]):
            inner = text[len(left) : -len(right)].strip()
            pieces = parts(inner, ",;") if ";" not in inner else parts(inner, ";")
            if len(pieces) > 1 or kind in ("set", "list"):
                return Several(kind, tuple(_item(piece, comma=comma) for piece in pieces if piece))
            return None
    plain = _AND.sub(", ", text)
    pieces = parts(plain, ";" if ";" in plain else ",")
    if len(pieces) < 2 or not all(pieces):
        return None
    if THOUSANDS.fullmatch(text.lstrip("-+$€£ ").split(" ")[0]) or (INDIAN.search(text) and not _spaced(text)):
        return None
    if not _spaced(text) and len(parts(localise(plain, comma=comma))) == 1:
        return None
    return Several(
        "bare",
        tuple(
            _item(piece, comma=comma)
            for piece in (pieces if _spaced(text) is False else _spaced_pieces(plain, comma=comma))
        ),
    )


def _spaced(text: str) -> bool:
    return ", " in text or ";" in text or re.search(r"\s(?:and|or)\s", text) is not None


def _spaced_pieces(text: str, *, comma: bool) -> list[str]:
    """Splits `1,234, 5` into 1234 and 5: a thousands comma has no space after it."""
    if ";" in text:
        return [localise(piece, comma=comma) for piece in parts(text, ";")]
    pieces = parts(re.sub(r"(?<=\d),(?=\d{3}(?!\d))", "\x00", text))
    return [piece.replace("\x00", "") for piece in pieces]


def _item(text: str, *, comma: bool) -> Value:
    value = read_value(text if not comma else text.replace(",", "."))
    if isinstance(value, Unread):
        if value.too_large:
            raise TooLargeError
        raise UnsupportedError(text)
    return value


def _plus_minus(text: str, *, comma: bool) -> Value:
    if text.count("\\pm") != 1:
        raise UnsupportedError("several plus-minus signs")
    plus, minus = text.replace("\\pm", "+"), text.replace("\\pm", "-")
    return Several("bare", (scalar(localise(plus, comma=comma)), scalar(localise(minus, comma=comma))))


def _equation(text: str, *, comma: bool) -> Value:
    text = _AND.sub(", ", text)
    sides = parts(text, "=")
    pairs = parts(text)
    if len(sides) > 2 and len(pairs) == len(sides) - 1:
        values = [read_value(pair, comma) for pair in pairs]
        if all(isinstance(value, Equation) and value.name for value in values):
            return Several("bare", tuple(values))
    if len(sides) != 2 or not sides[0] or not sides[1]:
        raise UnsupportedError("not one equals sign")
    name = sides[0] if NAME.match(sides[0]) else ""
    right = read_value(sides[1], comma)
    if isinstance(right, Unread):
        raise UnsupportedError(sides[1])
    left = None
    try:
        left = notation.read(sides[0])
    except UnsupportedError:
        if not name:
            raise
    return Equation(name.replace(" ", ""), left, right)
