"""Dates and times of day: `3:30 pm`, 下午3点半, `May 5th`, `2020-03-05`, `12/25/2023`."""

import re

from validation.answers.algebra import UnsupportedError
from validation.answers.values import Moment

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
_DATE_ISO = re.compile(r"(\d{4})[-/](\d{1,2})[-/](\d{1,2})\Z|(?:(\d{4})年)?(\d{1,2})月(\d{1,2})[日号]\Z")
_DATE_SLASHED = re.compile(r"(\d{1,2})/(\d{1,2})/(\d{4})\Z")
_CLOCK_CJK = re.compile(r"(上午|早上|下午|晚上)?\s*(\d{1,2})[时点](?:(\d{1,2})分?|(半))?\Z")
_NAMED_HOURS = {"noon": 720, "midnight": 0, "中午": 720}


def is_clock(text: str) -> bool:
    """Says whether a text such as 3:30 could be a time of day."""
    return _CLOCK.match(text) is not None


def read_moment(text: str) -> Moment | None:
    """Reads a date or a time of day that says that it is one.

    Raises:
        UnsupportedError: a date whose day could be its month.
    """
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
        year, month, day = match.groups()[:3] if match.group(2) else match.groups()[3:]
        return Moment("date", (int(month), int(day), int(year or 0)))
    match = _DATE_SLASHED.match(text)
    if match:
        first, second = int(match.group(1)), int(match.group(2))
        if not 1 <= min(first, second) <= 12 < max(first, second) <= 31:
            raise UnsupportedError("a date whose day could be its month")
        return Moment("date", (min(first, second), max(first, second), int(match.group(3))))
    if text.lower() in _NAMED_HOURS:
        return Moment("clock", (_NAMED_HOURS[text.lower()],), "p")
    match = _CLOCK_CJK.match(text)
    if match and int(match.group(2)) < 25:
        half = {"上午": "a", "早上": "a", "下午": "p", "晚上": "p"}.get(match.group(1) or "", "")
        return _clock(int(match.group(2)), 30 if match.group(4) else int(match.group(3) or 0), half)
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
