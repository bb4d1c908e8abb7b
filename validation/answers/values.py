r"""What an answer *is*: a number with its unit, a list, a set, an interval, a matrix, a choice, a date, a word.

`read_value` turns normalised text into one of the frozen types below, never through float. What it cannot read
whole becomes `Unread`.
"""

import re
from dataclasses import dataclass
from fractions import Fraction
from functools import lru_cache

from validation.answers import algebra, notation
from validation.answers.algebra import Closed, TooLargeError, UnsupportedError
from validation.answers.units import CURRENCY_SIGNS, Unit, split_unit


@dataclass(frozen=True, slots=True)
class Scalar:
    """One value. `decimals` is how many digits a decimal shows after its point; `percent` is applied already."""

    closed: Closed
    decimals: int | None = None
    percent: bool = False
    unit: Unit | None = None
    label: str = ""
    base: str = ""
    unevaluated: bool = False
    alternative: Closed | None = None

    @property
    def rational(self) -> Fraction | None:
        """The value when it is a rational number."""
        return self.closed.rational()


@dataclass(frozen=True, slots=True)
class Several:
    """Values side by side: `bare` and `set` have no order, `tuple` and `list` have one."""

    kind: str
    items: tuple["Value", ...]


@dataclass(frozen=True, slots=True)
class Interval:
    """A stretch of the real line; an end of None is infinite."""

    low: Closed | None
    high: Closed | None
    low_closed: bool
    high_closed: bool


@dataclass(frozen=True, slots=True)
class Region:
    """A union of intervals; `variable` when it was written as an inequality."""

    intervals: tuple[Interval, ...]
    variable: str = ""


@dataclass(frozen=True, slots=True)
class Matrix:
    """Rows of values."""

    rows: tuple[tuple["Value", ...], ...]


@dataclass(frozen=True, slots=True)
class Equation:
    """Left and right side of one equals sign; `name` when the left side is a bare name such as `x` or `f(x)`."""

    name: str
    left: Closed | None
    right: "Value"


@dataclass(frozen=True, slots=True)
class Choice:
    """A letter of a multiple-choice question, with the option's text where it was repeated."""

    letter: str
    content: str = ""


@dataclass(frozen=True, slots=True)
class Ratio:
    """`3:4` or `3:4:5`."""

    parts: tuple[Fraction, ...]


@dataclass(frozen=True, slots=True)
class Moment:
    """A clock time in minutes (`half` is am, pm or empty) or a date."""

    kind: str
    value: tuple[int, ...]
    half: str = ""


@dataclass(frozen=True, slots=True)
class Words:
    """Text without a value."""

    text: str


@dataclass(frozen=True, slots=True)
class Unread:
    """Text that is not read here; the symbolic child may know it. `too_large` where it must not even try."""

    text: str
    too_large: bool = False


Value = Scalar | Several | Region | Matrix | Equation | Choice | Ratio | Moment | Words | Unread

_THOUSANDS = re.compile(r"(?<![\d.,])(\d{1,3}(?:,\d{3})+)(?![\d,])")
_SPACED_THOUSANDS = re.compile(r"(?<![\d.,])(\d{1,3}(?: \d{3})+)(?![\d ])")
_INDIAN = re.compile(r"(?<![\d.,])(\d{1,2}(?:,\d{2})+,\d{3})(?![\d,])")
_COMMA_DECIMAL = re.compile(r"(?<![\d.,])(\d{1,3}(?:[. ]\d{3})+|\d+),(\d+)(?![\d,])")
_POINT_THOUSANDS = re.compile(r"(?<![\d.,])(\d{1,3}(?:\.\d{3})+)(?![\d.,])")
_INTEGER = re.compile(r"[-+]?\d+\Z")
_DECIMAL = re.compile(r"[-+]?\d*\.(\d+)\Z")
_MIXED = re.compile(
    r"([-+]?)\s*(\d+)\s*(?:\s|\+|\s+and\s+|(?=\\frac))\s*(?:(\d+)\s*/\s*(\d+)|\\frac\s*(?:\{(\d+)\}|(\d))\s*(?:\{(\d+)\}|(\d)))\Z"
)
_MIXED_BRACKET = re.compile(r"([-+]?)(\d+)\(\(?(\d+)\)?/\(?(\d+)\)?\)\Z")
_REPEATING = re.compile(
    r"([-+]?)(\d*)\.(\d*)(?:\\(?:overline|bar|overbar)\s*\{?(\d+)\}?|\((\d+)\)|((?:\\dot\s*\{?\d\}?\d*)+)|(\.\.\.|\\ldots|\\dots|\\cdots))\s*\Z"
)
_BASED = re.compile(
    r"([-+]?)([0-9A-Za-z]+)_\s*\{?\s*(\d+|two|three|four|five|six|seven|eight|nine|ten|twelve|sixteen)\s*\}?\Z"
)
_BASE_WORDS = {
    "two": 2,
    "three": 3,
    "four": 4,
    "five": 5,
    "six": 6,
    "seven": 7,
    "eight": 8,
    "nine": 9,
    "ten": 10,
    "twelve": 12,
    "sixteen": 16,
}
_ARITHMETIC = re.compile(r"[\d\s.+*/()-]|\\cdot|\\times|\\div")
_SCIENTIFIC = re.compile(r"[-+]?\d+(?:\.(\d+))?\s*(?:\\times|\\cdot|\*)\s*10\s*(?:\^|\*\*)\s*\{?\(?-?\d+\)?\}?\Z")
_FRACTION = re.compile(r"[-+]?\(*[-+]?\d+\)*\s*/\s*\(*[-+]?\d+\)*\Z")
_CHOICE = re.compile(r"(?:\(([A-Ja-j])\)|([A-J])[.):]?|[Oo]ption:? \(?([A-J])\)?|[Cc]hoice:? \(?([A-J])\)?)\Z")
_CHOICE_CONTENT = re.compile(r"(?:\(([A-J])\)|([A-J])[.):])\s*(\S.*)\Z", re.DOTALL)
_RATIO = re.compile(r"(\d+(?:\.\d+)?)(?:\s*(?::|\sto\s)\s*(\d+(?:\.\d+)?))(?:\s*:\s*(\d+(?:\.\d+)?))?\Z")
_CLOCK = re.compile(
    r"(\d{1,2})(?::|h|点)(\d{2})?(?::(\d{2}))?\s*(?:分)?\s*([aApP])?\.?\s*(?:[mM]\.?)?\s*(?:o'clock)?\Z"
)
_CLOCK_HOUR = re.compile(r"(\d{1,2})\s*([aApP])\.?\s*[mM]\.?\Z")
_MONTHS = ("january february march april may june july august september october november december").split()
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
_MATRIX = re.compile(
    r"\\begin\{([pb]?)matrix\}(.*)\\end\{\1matrix\}\Z|\\begin\{array\}\{[^}]*\}(.*)\\end\{array\}\Z", re.DOTALL
)
_SYMPY_MATRIX = re.compile(r"(?:Mutable(?:Dense)?|Immutable(?:Dense)?)?Matrix\((\[.*\])\)\Z", re.DOTALL)
_NAME = re.compile(
    r"(?:[A-Za-z]|\\[a-z]+)(?:_\{?\w+\}?)?(?:'|\s*\([a-zA-Z](?:,\s*[a-zA-Z])*\)|\^\{-1\}\s*\([a-z]\))?\Z|[A-Z]{2,4}\Z|(?:ans|answer|result|area|total)\Z"
)
_RELATION = re.compile(r"(<=|>=|<|>|\\le(?![a-zA-Z])|\\ge(?![a-zA-Z])|\\ne(?![a-zA-Z])|\\in(?![a-zA-Z]))")
_NUMBER_WORDS = {
    word: value
    for value, word in enumerate(
        "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen eighteen nineteen twenty".split()
    )
} | {"thirty": 30, "forty": 40, "fifty": 50, "sixty": 60, "seventy": 70, "eighty": 80, "ninety": 90}  # fmt: skip
_CJK_DIGITS = {
    "零": 0,
    "一": 1,
    "二": 2,
    "两": 2,
    "三": 3,
    "四": 4,
    "五": 5,
    "六": 6,
    "七": 7,
    "八": 8,
    "九": 9,
    "十": 10,
}
_EMPTY = {"\\emptyset", "\\{\\}", "{}", "set()", "[]", "EmptySet", "empty set", "the empty set", "no solution", "no solutions", "no real solution", "no real solutions", "none", "无解"}  # fmt: skip
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


def parts(text: str, separators: str = ",") -> list[str]:
    """Splits at separators that stand outside every bracket."""
    found, depth, start = [], 0, 0
    for position, character in enumerate(text):
        if character in "([{":
            depth += 1
        elif character in ")]}":
            depth -= 1
        elif depth == 0 and character in separators:
            found.append(text[start:position].strip())
            start = position + 1
    found.append(text[start:].strip())
    return found


def localise(text: str, *, comma: bool, inside: bool = False) -> str:
    """Rewrites thousands separators and decimal commas into the plain form `1234.5`.

    `comma`: the language writes 1.234,5. `inside` a bracket or list a comma between digits separates values.
    """
    if comma and not inside:
        text = _COMMA_DECIMAL.sub(lambda m: re.sub(r"[. ]", "", m.group(1)) + "." + m.group(2), text)
        text = _POINT_THOUSANDS.sub(lambda m: m.group(1).replace(".", ""), text)
    if not inside:
        text = _THOUSANDS.sub(lambda m: m.group(1).replace(",", ""), text)
        text = _INDIAN.sub(lambda m: m.group(1).replace(",", ""), text)
    return _SPACED_THOUSANDS.sub(lambda m: m.group(1).replace(" ", ""), text)


@lru_cache(maxsize=8192)
def read_value(text: str, comma: bool = False) -> Value:  # noqa: FBT001, FBT002 - a cache key
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
    if _RELATION.search(text):
        return _relation(text, comma=comma)
    if "=" in text:
        return _equation(text, comma=comma)
    region = _region(text)
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
    if not _WORDS.match(text) or (len(text) < 3 and text.isascii() and text.lower() != "no"):
        return None
    key = " ".join(text.lower().rstrip(".!").split())
    value = _number_word(key)
    if value is not None:
        return Scalar(algebra.number(value))
    if (
        text in ("pi", "oo", "xy", "abc", "sqrt")
        or ("," in text and len(text.replace(" ", "")) <= 5)
        or text.islower()
        and len(text) == 3
        and key not in ("odd", "yes", "red", "one", "two", "six", "ten")
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
        if text.startswith(left) and text.endswith(right) and _closes_at_end(text, left[-1], right[-1]):
            inner = text[len(left) : -len(right)].strip()
            pieces = parts(inner, ",;") if ";" not in inner else parts(inner, ";")
            if len(pieces) > 1 or kind in ("set", "list"):
                return Several(kind, tuple(_item(piece, comma=comma) for piece in pieces if piece))
            return None
    plain = re.sub(r",?\s+(?:and|or|und|oder|y|et|和|或)\s+", ", ", text)
    pieces = parts(plain if ";" not in plain else plain, ";" if ";" in plain else ",")
    if len(pieces) < 2 or not all(pieces):
        return None
    if _THOUSANDS.fullmatch(text.lstrip("-+$€£ ").split(" ")[0]) or (_INDIAN.search(text) and not _spaced(text)):
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


def _closes_at_end(text: str, left: str, right: str) -> bool:
    depth = 0
    for position, character in enumerate(text):
        if character == left:
            depth += 1
        elif character == right:
            depth -= 1
            if depth == 0:
                return position == len(text) - 1
    return False


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
    sides = parts(text, "=")
    pairs = parts(text)
    if len(sides) > 2 and len(pairs) == len(sides) - 1:
        values = [read_value(pair, comma) for pair in pairs]
        if all(isinstance(value, Equation) and value.name for value in values):
            return Several("bare", tuple(values))
    if len(sides) != 2 or not sides[0] or not sides[1]:
        raise UnsupportedError("not one equals sign")
    name = sides[0] if _NAME.match(sides[0]) else ""
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


def _relation(text: str, *, comma: bool) -> Value:
    pieces = [piece.strip() for piece in _RELATION.split(localise(text, comma=comma))]
    sides, signs = pieces[::2], [_SIGNS.get(sign, sign) for sign in pieces[1::2]]
    if signs == ["in"]:
        region = _region(sides[1])
        if region is None or not _NAME.match(sides[0]):
            raise UnsupportedError(text)
        return Region(region.intervals, sides[0])
    if len(signs) == 1 and _NAME.match(sides[1]) and not _NAME.match(sides[0]):
        sides, signs = sides[::-1], [_FLIPPED[signs[0]]]
    if len(signs) == 1 and _NAME.match(sides[0]):
        return Region(_half_line(signs[0], _real(sides[1])), sides[0])
    if len(signs) == 2 and _NAME.match(sides[1]) and signs[0][0] == signs[1][0] and signs[0][0] in "<>":
        if signs[0][0] == ">":
            sides, signs = sides[::-1], [_FLIPPED[signs[1]], _FLIPPED[signs[0]]]
        low, high = _real(sides[0]), _real(sides[2])
        return Region((Interval(low, high, "=" in signs[0], "=" in signs[1]),), sides[1])
    raise UnsupportedError(text)


_SIGNS = {"\\le": "<=", "\\ge": ">=", "\\ne": "!=", "\\in": "in"}
_FLIPPED = {"<": ">", ">": "<", "<=": ">=", ">=": "<=", "!=": "!="}


def _half_line(sign: str, end: Closed) -> tuple[Interval, ...]:
    if sign == "!=":
        return (Interval(None, end, False, False), Interval(end, None, False, False))
    if sign[0] == "<":
        return (Interval(None, end, False, "=" in sign),)
    return (Interval(end, None, "=" in sign, False),)


def _real(text: str) -> Closed:
    value = notation.read(text)
    if algebra.magnitude(value) is None:
        raise UnsupportedError("not a number")
    return value


_REALS = {"\\mathbb{R}", "\\mathbb R", "\\Bbb{R}", "all real numbers", "\\R", "R"}
_INFINITE = re.compile(r"\s*([-+]?)\s*(?:\\infty|oo|inf|infinity)\s*\Z")


def _region(text: str) -> Region | None:
    r"""Reads a union of intervals; a lone `(a,b)` is left to be a tuple unless an end is infinite or half open."""
    if text in _REALS:
        return Region((Interval(None, None, False, False),))
    removed = re.match(r"(\\mathbb\{?\s*R\s*\}?)\s*(?:\\setminus|\\backslash|-|\\)\s*\\\{(.*)\\\}\Z", text)
    if removed:
        points = sorted((_real(part) for part in parts(removed.group(2))), key=_position)
        ends = [None, *points, None]
        return Region(tuple(Interval(a, b, False, False) for a, b in zip(ends, ends[1:], strict=False)))
    pieces = re.split(r"\\cup|\bU\b|(?<=[)\]])\s*∪\s*", text)
    intervals = [_interval(piece.strip()) for piece in pieces]
    if len(intervals) == 1:
        only = intervals[0]
        if only is None or (only.low is not None and only.high is not None and only.low_closed == only.high_closed):
            return None
    if any(interval is None for interval in intervals):
        if len(pieces) > 1:
            raise UnsupportedError(text)
        return None
    return Region(tuple(interval for interval in intervals if interval is not None))


def _interval(text: str) -> Interval | None:
    point = re.match(r"\\\{(.*)\\\}\Z", text)
    if point and len(parts(point.group(1))) == 1:
        value = _real(point.group(1))
        return Interval(value, value, True, True)
    if len(text) < 5 or text[0] not in "([" or text[-1] not in ")]" or not _closes_either(text):
        return None
    ends = parts(text[1:-1], ",;")
    if len(ends) != 2 or not ends[0] or not ends[1]:
        return None
    try:
        low = None if _INFINITE.match(ends[0]) else _real(ends[0])
        high = None if _INFINITE.match(ends[1]) else _real(ends[1])
    except UnsupportedError:
        return None
    return Interval(low, high, text[0] == "[", text[-1] == "]")


def _closes_either(text: str) -> bool:
    depth = 0
    for position, character in enumerate(text):
        depth += (character in "([") - (character in ")]")
        if depth == 0:
            return position == len(text) - 1
    return False


def interval_of(value: Several) -> Region | None:
    """Returns the interval that a pair `(a,b)` or `[a,b]` may stand for."""
    if value.kind not in ("tuple", "list") or len(value.items) != 2:
        return None
    first, second = value.items
    if not (isinstance(first, Scalar) and isinstance(second, Scalar)):
        return None
    closed = value.kind == "list"
    return Region((Interval(first.closed, second.closed, closed, closed),))


def _position(value: Closed) -> float:
    size = algebra.magnitude(value)
    return size.real if size is not None else 0.0


def simplified(region: Region) -> tuple[Interval, ...]:
    """Sorts the intervals and joins those that touch, by exact comparison of the ends."""
    ordered = sorted(region.intervals, key=lambda i: -float("inf") if i.low is None else _position(i.low))
    joined: list[Interval] = []
    for interval in ordered:
        last = joined[-1] if joined else None
        if last is not None and last.high is not None and interval.low is not None:
            touches = algebra.same(last.high, interval.low) is True and (last.high_closed or interval.low_closed)
            if touches:
                joined[-1] = Interval(last.low, interval.high, last.low_closed, interval.high_closed)
                continue
        joined.append(interval)
    return tuple(joined)


def scalar(text: str, *, ambiguous: str = "") -> Scalar:
    """Reads one value with its sign of currency, percent and unit.

    Raises:
        UnsupportedError: it is not one value.
        TooLargeError: its value is out of bounds.
    """
    unit = None
    sign = re.match(r"([-+]?)\s*(?:US|CA|AU|HK|S|Rs\.?)?\s*([$€£¥₹])\s*", text)
    if sign:
        unit, text = CURRENCY_SIGNS[sign.group(2)], sign.group(1) + text[sign.end() :]
    elif text[-1:] in CURRENCY_SIGNS:
        unit, text = CURRENCY_SIGNS[text[-1]], text[:-1].rstrip()
    percent = re.search(r"\s*(?:%|percent|per cent|Prozent|pour cent|por ciento)\Z", text)
    if percent or text.startswith("百分之"):
        text = text[: percent.start()] if percent else text.removeprefix("百分之")
    text = text.rstrip()
    label, scale = "", 1
    degrees = re.fullmatch(r"([-+]?[\d.,/ ]+)°\s*(C|F)?", text)
    if degrees:
        text, unit = degrees.group(1).strip(), Unit("degrees", Fraction(1))
    elif not re.fullmatch(r"[-+\d./]+", text):
        text, found, label, scale = split_unit(text)
        if found is not None and unit is not None and found != unit:
            raise UnsupportedError("two units")
        unit = found or unit
    value = _number(text)
    if percent or scale != 1 or text is None:
        factor = algebra.number(Fraction(scale, 100 if percent else 1))
        value = Scalar(
            algebra.multiply(value.closed, factor),
            value.decimals,
            alternative=value.alternative,
            unevaluated=value.unevaluated,
        )
    alternative = value.alternative
    if alternative is None and ambiguous and ambiguous != text and _POINT_THOUSANDS.search(ambiguous):
        alternative = notation.read(_POINT_THOUSANDS.search(ambiguous).group(1)) if _DECIMAL.match(ambiguous) else None  # type: ignore[union-attr]  # searched in the condition above
    return Scalar(value.closed, value.decimals, bool(percent), unit, label, value.base, value.unevaluated, alternative)


def _number(text: str) -> Scalar:
    if _INTEGER.match(text) and len(text) < 4000:
        return Scalar(algebra.number(int(text)))
    match = _DECIMAL.match(text)
    if match and len(text) < 4000:
        return Scalar(algebra.number(Fraction(text)), decimals=len(match.group(1)))
    for reader in (_mixed, _repeating, _based):
        value = reader(text)
        if value is not None:
            return value
    match = _SCIENTIFIC.match(text)
    if match:
        return Scalar(notation.read(text), decimals=None)
    arithmetic = (
        not _ARITHMETIC.sub("", text)
        and not _FRACTION.match(text)
        and re.search(r"\d\D*[-+*/]|\\cdot|\\times|\\div", text)
    )
    return Scalar(notation.read(text), unevaluated=bool(arithmetic))


def _mixed(text: str) -> Scalar | None:
    match = _MIXED.match(text)
    bracketed = None
    if match is None:
        match = bracketed = _MIXED_BRACKET.match(text)
        if match is None:
            return None
        sign, whole, above, below = match.groups()
    else:
        sign, whole = match.group(1), match.group(2)
        above, below = [group for group in match.groups()[2:] if group]
        if "+" in text[1:]:
            return None
    top, bottom = int(above), int(below)
    if not bottom:
        raise UnsupportedError("division by zero")
    value = int(whole) + Fraction(top, bottom)
    product = algebra.number((-1 if sign == "-" else 1) * int(whole) * Fraction(top, bottom))
    if top >= bottom and not bracketed:
        raise UnsupportedError("an improper fraction behind a whole number")
    return Scalar(
        algebra.number(-value if sign == "-" else value), alternative=product if bracketed or "frac" in text else None
    )


def _repeating(text: str) -> Scalar | None:
    match = _REPEATING.match(text)
    if match is None:
        return None
    sign, whole, fixed, bar, bracket, dots, ellipsis = match.groups()
    period = bar or bracket or ""
    if dots:
        period = re.sub(r"\\dot|[{}\s]", "", dots)
    if ellipsis:
        tail = re.search(r"(\d+?)\1{2,}\Z", fixed) or re.search(r"(\d{2,}?)\1\Z", fixed)
        if tail is None:
            raise UnsupportedError("a decimal that is cut off")
        period, fixed = tail.group(1), fixed[: tail.start()]
    digits = int((whole or "0") + fixed + period) - int((whole or "0") + fixed)
    value = Fraction(digits, (10 ** len(period) - 1) * 10 ** len(fixed))
    return Scalar(algebra.number(-value if sign == "-" else value))


def _based(text: str) -> Scalar | None:
    match = _BASED.match(text.replace(" ", ""))
    if match is None:
        return None
    sign, digits, written = match.groups()
    base = _BASE_WORDS.get(written) or int(written)
    if not digits[0].isdigit() and (base != 16 or not digits.isupper()):
        return None
    if not 2 <= base <= 36 or len(digits) > 1000:
        raise UnsupportedError("base")
    try:
        value = int(digits, base)
    except ValueError:
        raise UnsupportedError("a digit outside the base") from None
    return Scalar(algebra.number(-value if sign == "-" else value), base=f"{base}")
