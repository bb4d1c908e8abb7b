"""Values under names, `x: 3, y: 4` and `Tom = 5; Ann = 7`, and amounts of money for a unit, `$2.50 per pound`."""

import re
from collections.abc import Callable
from fractions import Fraction

from validation.answers.outcome import Comparison, Relation, equal, not_equal, unknown
from validation.answers.units import Unit, find_unit

_SEPARATOR = re.compile(r"\s{0,2}(?:[,;]|,?\sand)\s{1,4}(?=[A-Za-z][\w ]{0,24}\s?[:=])|[,;](?=[A-Za-z]\s?[:=])")
_ENTRY = re.compile(r"([A-Za-z][\w ]{0,24}?)\s?([:=])\s*([^:=]{1,80})\Z")
_FORMULA = re.compile(r"([a-z](?: ?[-+*^] ?\d*[a-z]{0,2}){1,4}) ?: (-?\d[\d./]*)\Z")  # m + n: 12
_RATE = re.compile(
    r"(USD |[$€£¥]|)(\d[\d,]*(?:\.\d+)?) ?(dollars?|euros?|pounds?|cents?|yen|rupees?|)"
    r" ?(?:per |an? |/ ?)((?:square |cubic )?[A-Za-z]+)\Z"
)
_CURRENCIES = {"USD ": "$", "dollar": "$", "euro": "€", "pound": "£", "yen": "¥"}
_AMOUNT = re.compile(r"(USD |[$€£¥])?(\d[\d,]*(?:\.\d+)?)\Z")
Compare = Callable[[str, str], Comparison]


def compare_records(left: str, right: str, compare: Compare) -> Comparison | None:
    """Compares two lists of two named values or more, in any order; None where one of them is none."""
    if not (_has_names(left) and _has_names(right)):
        return None
    first, second = _record(left), _record(right)
    if first is None or second is None or (first[1], second[1]) == ("=", "="):
        return None
    own, theirs = first[0], second[0]
    if own.keys() != theirs.keys():
        shared = own.keys() & theirs.keys()
        if shared and all(compare(own[name], theirs[name]).outcome is Relation.EQUAL for name in shared):
            return unknown("record", "some names in common")
        return not_equal("record") if shared else unknown("record", "other names")
    outcomes = {compare(own[name], theirs[name]).outcome for name in own}
    if outcomes == {Relation.EQUAL}:
        return equal("record")
    return not_equal("record") if Relation.NOT_EQUAL in outcomes else unknown("record", "a value that is not decided")


def as_equations(text: str) -> str:
    """Writes `x: 3, y: 4`, whose names are letters, and `m+n: 12` with equals signs; any other text as it is."""
    if (formula := _FORMULA.match(text)) is not None:
        return f"{formula.group(1)} = {formula.group(2)}"
    record = _record(text) if _has_names(text) else None
    if record is None or record[1] != ":" or not all(len(name) == 1 and name.islower() for name in record[0]):
        return text
    return ", ".join(f"{name} = {value}" for name, value in record[0].items())


def compare_rates(left: str, right: str) -> Comparison | None:
    """Compares amounts of money for a unit with one another, or with an amount that names none; else None."""
    rates = [_RATE.match(text) for text in (left, right)]
    if not any(rates):
        return None
    read = [_rate(rate) if rate else _amount(text) for rate, text in zip(rates, (left, right), strict=True)]
    if read[0] is None or read[1] is None:
        return None
    (amount, money, unit), (other, currency, measure) = read[0], read[1]
    if money and currency and money != currency:
        return not_equal("rate")
    if unit is not None and measure is not None and unit != measure:
        if unit.dimension != measure.dimension:
            return not_equal("rate")
        return equal("rate") if amount / unit.factor == other / measure.factor else not_equal("rate")
    return equal("rate") if amount == other else not_equal("rate")


def _has_names(text: str) -> bool:
    return text[:1].isalpha() and (":" in text or "=" in text)


def _record(text: str) -> tuple[dict[str, str], str] | None:
    pieces = _SEPARATOR.split(text) if len(text) < 400 else []
    entries = [_ENTRY.match(piece.strip()) for piece in pieces]
    found = [entry for entry in entries if entry is not None]
    names = {" ".join(entry.group(1).lower().split()): entry.group(3).strip() for entry in found}
    if len(found) < max(2, len(entries)) or len(names) < len(found):
        return None
    signs = {entry.group(2) for entry in found}
    return (names, signs.pop()) if len(signs) == 1 else None


def _rate(match: re.Match[str]) -> tuple[Fraction, str, Unit | None] | None:
    sign, number, word, below = match.groups()
    unit = find_unit(below)
    money = _CURRENCIES.get(sign) or sign or _CURRENCIES.get(word.rstrip("s"), "")
    if unit is None or not (money or word) or word.startswith(("cent", "rupee")):
        return None
    return Fraction(number.replace(",", "")), money, unit


def _amount(text: str) -> tuple[Fraction, str, Unit | None] | None:
    match = _AMOUNT.match(text)
    if match is None:
        return None
    sign = match.group(1) or ""
    return Fraction(match.group(2).replace(",", "")), _CURRENCIES.get(sign, sign), None
