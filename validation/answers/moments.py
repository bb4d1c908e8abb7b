"""Dates and times of day: `3:30 pm`, 下午3点半, `May 5th`, `2020-03-05`, `12/25/2023`."""

import re

from validation.answers.algebra import UnsupportedError
from validation.answers.values import Moment

_CLOCK = re.compile(
    r"(\d{1,2}) ?(:|h|点) ?(\d{2})?(?::(\d{2}))?\s*(?:分)?\s*([aApP])?\.?\s*(?:[mM]\.?)?\s*(?:o'clock)?\Z"
)
_CLOCK_HOUR = re.compile(r"(\d{1,2})\s*([aApP])\.?\s*[mM]\.?\Z")
_MONTHS = [
    "january", "february", "march", "april", "may", "june", "july", "august", "september", "october", "november",
    "december",
]  # fmt: skip
_MONTH = "|".join(["sept", *(f"{month[:3]}(?:{month[3:]})?" for month in _MONTHS)])  # never marbles, marks or decks
_DATE = re.compile(
    rf"({_MONTH})\.?\s+(\d{{1,2}})(?:st|nd|rd|th)?(?:\s*,?\s+(\d{{4}}))?\Z",
    re.IGNORECASE,
)
_DATE_DAY_FIRST = re.compile(
    rf"(\d{{1,2}})(?:st|nd|rd|th)?\s+(?:of\s+)?({_MONTH})\.?(?:\s*,?\s+(\d{{4}}))?\Z",
    re.IGNORECASE,
)
_DATE_ISO = re.compile(r"(\d{4})[-/](\d{1,2})[-/](\d{1,2})\Z|(?:(\d{4})年)?(\d{1,2})月(\d{1,2})[日号]\Z")
_DATE_SLASHED = re.compile(r"(\d{1,2})/(\d{1,2})/(\d{4})\Z")
_CLOCK_CJK = re.compile(r"(上午|早上|下午|晚上)?\s*(\d{1,2})[时点](?:(\d{1,2})分?|(半))?\Z")
_HALF_CJK = re.compile(r"(上午|早上|下午|晚上)\s*(\d{1,2}):(\d{2})\Z")
_HALVES = {"上午": "a", "早上": "a", "下午": "p", "晚上": "p"}
_NAMED_HOURS = {"noon": 720, "midnight": 0, "中午": 720}


def is_clock(text: str) -> bool:
    """Says whether a text such as 3:30 could be a time of day."""
    return _CLOCK.match(text) is not None


def read_moment(text: str) -> Moment | None:
    """Reads a date or a time of day that says that it is one.

    Raises:
        UnsupportedError: a date whose day could be its month, or that no calendar has.
    """
    return _read_clock(text) or _read_date(text)


def _read_clock(text: str) -> Moment | None:
    if text.lower() in _NAMED_HOURS:
        return Moment("clock", (_NAMED_HOURS[text.lower()], 0), "p")
    match = _CLOCK_HOUR.match(text)
    if match and 1 <= int(match.group(1)) <= 12:
        return _clock(match.group(1), "0", match.group(2).lower())
    match = _CLOCK.match(text)
    if match and match.group(3):
        hour, sign, minute, second, half = match.groups()
        if (half or second or sign != ":") and int(hour) < 25 and int(minute) < 60:
            return _clock(hour, minute, (half or "").lower(), second or "0")
    match = _HALF_CJK.match(text)
    if match and int(match.group(2)) < 25:
        return _clock(match.group(2), match.group(3), _HALVES[match.group(1)])
    match = _CLOCK_CJK.match(text)
    if match and int(match.group(2)) < 25:
        minute = "30" if match.group(4) else match.group(3) or "0"
        return _clock(match.group(2), minute, _HALVES.get(match.group(1), ""))
    return None


def _read_date(text: str) -> Moment | None:
    match = _DATE_ISO.match(text)
    if match:
        return _date(*(match.groups()[:3] if match.group(2) else match.groups()[3:]))
    match = _DATE_SLASHED.match(text)
    if match:
        first, second = sorted(map(int, match.groups()[:2]))
        if first != second and second <= 12:
            raise UnsupportedError("a date whose day could be its month")
        return _date(match.group(3), first, second)
    match = _DATE.match(text)
    if match:
        return _date(match.group(3), _month(match.group(1)), match.group(2))
    match = _DATE_DAY_FIRST.match(text)
    return _date(match.group(3), _month(match.group(2)), match.group(1)) if match else None


def _clock(hour: str, minute: str, half: str, second: str = "0") -> Moment:
    hours = int(hour)
    if half:
        hours = hours % 12 + (12 if half == "p" else 0)
    return Moment("clock", (hours * 60 + int(minute), int(second)), half)


def _month(name: str) -> int:
    return next(i for i, month in enumerate(_MONTHS, 1) if month.startswith(name.lower()[:3]))


def _date(year: str | None, month: str | int, day: str | int) -> Moment:
    if not (1 <= int(month) <= 12 and 1 <= int(day) <= 31):
        raise UnsupportedError("a date that no calendar has")
    return Moment("date", (int(month), int(day), int(year or 0)))
