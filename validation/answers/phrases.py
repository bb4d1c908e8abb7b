"""Values said in words that are no number word: `from 3 to 5 inclusive`, `half past 3`, `4 tens and 3 ones`."""

import re

_LONGEST = 120  # characters of what words say
_END = r"(-?(?:\d[\d.,]*|\\frac\{\d+\}\{\d+\}|\d+/\d+))"
_VARIABLE = r"(?:\\?[a-z] (?:is|lies|must be) )?"
_CLOSED = re.compile(
    rf"{_VARIABLE}(?:from {_END} (?:to|through)|between {_END} and) {_END},? \(?(?:inclusive|both inclusive)\)?\Z"
)
_OPEN = re.compile(
    rf"{_VARIABLE}(?:strictly between {_END} and {_END}|between {_END} and {_END},? \(?(?:exclusive|not inclusive)"
    r"\)?)\Z"
)
_FROM = re.compile(r"from (\d[\d.,:]*) to (\d[\d.,:]*)\Z")
_BOUND = re.compile(
    r"\\?[a-z] (?:is|must be) (?=(?:at (?:least|most)|more than|greater than|less than|no (?:more|less)))"
)
_SIGNED = {
    "positive": "(0, \\infty)",
    "negative": "(-\\infty, 0)",
    "nonnegative": "[0, \\infty)",
    "nonpositive": "(-\\infty, 0]",
}
_REALS = re.compile(
    r"(?:all |the |any |the set of (?:all )?)?(positive|negative|non-?negative|non-?positive)"
    r" (?:real )?(?:reals?|numbers)\Z"
)
_NUMBERS = re.compile(
    r"(?:all |the |the set of (?:all )?)?(integers|natural numbers|rational numbers|complex numbers)\Z"
)
_SIGNED_NUMBERS = re.compile(
    r"(?:all |the |the set of (?:all )?)?(positive|negative|non-?negative|non-?positive) (integers|rational numbers)\Z"
)
_SIGNS = {"positive": ">", "negative": "<", "nonnegative": "\\ge", "nonpositive": "\\le"}
_SETS = {"integers": "Z", "natural numbers": "N", "rational numbers": "Q", "complex numbers": "C"}
_CLOCK = re.compile(r"(half|(?:a )?quarter) (past|to) (\d{1,2})\Z")
_NOON = re.compile(r"(?:12(?::00)? )?(noon|midnight)\Z")
_SHARP = re.compile(r"(\d{1,2}) o'? ?clock\Z")
_PLACES = {"thousand": 1000, "hundred": 100, "ten": 10, "one": 1, "unit": 1}
_PLACED = re.compile(
    r"\d{1,3} (?:thousand|hundred|ten|one|unit)s?(?:(?:,| and|, and)? \d{1,3} (?:hundred|ten|one|unit)s?)+\Z"
)
_PLACE = re.compile(r"(\d{1,3}) ([a-z]+?)s?(?![a-z])")
_STATEMENT = re.compile(r"(?:only )?((?:I|II|III|IV|V|VI)(?:(?:,| and|, and| &) (?:I|II|III|IV|V|VI))*)(?: only)?\Z")
_STATEMENTS = ("I", "II", "III", "IV", "V", "VI")
_NUMERAL = re.compile(r"[IV]+")
_TRIANGLE = re.compile(r"(?:an? )?(isosceles|equilateral|scalene|right|obtuse|acute)(?:-angled)?(?: triangle)\Z")
_ROMAN = re.compile(r"(?=[MDCLXVI]{2})M{0,3}(?:CM|CD|D?C{0,3})(?:XC|XL|L?X{0,3})(?:IX|IV|V?I{0,3})\Z")
_ROMAN_VALUES = {"I": 1, "V": 5, "X": 10, "L": 50, "C": 100, "D": 500, "M": 1000}


_HOURS = {"noon": "12:00 PM", "midnight": "12:00 AM"}
_BEGINS = re.compile(
    r"from |between |strictly "
    r"|\\?[a-z] (?:is|lies|must) |(?:all |the |any )?(?:pos|neg|non|set|int|nat|rat|com)"
    r"|half |(?:a )?quarter |(?:12(?::00)? )?(?:noon|mid)|\d{1,2} o|\d{1,3} (?:th|hu|te|on|un)|only |[IV]+[ ,]"
    r"|(?:an? )?(?:iso|equi|sca|rig|obt|acu)"
)


def rephrased(text: str) -> str:
    """Writes what a normalised answer says in words as a value is written; any other text as it is."""
    if len(text) > _LONGEST:
        return text
    if " " not in text:
        return _HOURS.get(text, text)
    if not _BEGINS.match(text):
        return text
    for pattern, write in _RULES:
        match = pattern.match(text)
        if match is not None:
            return write(match)
    return text


def roman(text: str) -> int | None:
    """The value of a Roman numeral of two letters or more; None for any other text."""
    if not _ROMAN.match(text):
        return None
    values = [_ROMAN_VALUES[letter] for letter in text]
    return sum(-value if value < after else value for value, after in zip(values, [*values[1:], 0], strict=True))


def _interval(brackets: str, match: re.Match[str]) -> str:
    low, high = (end.rstrip(".,") for end in match.groups() if end is not None)
    return f"{brackets[0]}{low}, {high}{brackets[1]}"


def _clock(match: re.Match[str]) -> str:
    minutes, side, hour = match.groups()
    past = 30 if minutes == "half" else 15
    return f"{hour}:{past}" if side == "past" else f"{(int(hour) - 2) % 12 + 1}:{60 - past}"


def _placed(match: re.Match[str]) -> str:
    return str(sum(int(count) * _PLACES.get(place, 0) for count, place in _PLACE.findall(match.group())))


def _signed(match: re.Match[str]) -> str:
    sign, numbers = match.groups()
    return f"\\mathbb{{{_SETS[numbers]}}}_{{{_SIGNS[sign.replace('-', '')]} 0}}"


def _statements(match: re.Match[str]) -> str:
    named = {_STATEMENTS.index(name) for name in _NUMERAL.findall(match.group(1))}
    return "".join(chr(ord("①") + place) for place in sorted(named))


_RULES = (
    (_CLOSED, lambda match: _interval("[]", match)),
    (_OPEN, lambda match: _interval("()", match)),
    (_FROM, lambda match: f"{match.group(1)}-{match.group(2)}"),
    (_BOUND, lambda match: match.string[match.end() :]),
    (_REALS, lambda match: _SIGNED[match.group(1).replace("-", "")]),
    (_NUMBERS, lambda match: f"\\mathbb{{{_SETS[match.group(1)]}}}"),
    (_SIGNED_NUMBERS, _signed),
    (_CLOCK, _clock),
    (_NOON, lambda match: "12:00 PM" if match.group(1) == "noon" else "12:00 AM"),
    (_SHARP, lambda match: f"{match.group(1)}:00"),
    (_PLACED, _placed),
    (_STATEMENT, _statements),
    (_TRIANGLE, lambda match: f"{match.group(1)} triangle"),
)
