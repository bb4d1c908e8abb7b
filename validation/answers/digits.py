"""How one number is written in digits: separators, mixed and repeating numbers, bases, percent, currency, units."""

import re
from dataclasses import replace
from fractions import Fraction

from validation.answers import algebra, notation
from validation.answers.algebra import Closed, UnsupportedError
from validation.answers.compound import split_product
from validation.answers.number_words import number_words
from validation.answers.units import CURRENCY_SIGNS, UNIT_LETTERS, UNITS, Unit, find_unit, split_unit
from validation.answers.values import Scalar

# Groups of three behind a first one that does not begin with 0: 0,125 is no 125.
THOUSANDS = re.compile(r"(?<![\d.,])([1-9]\d{0,2}(?:,\d{3})+)(?![\d,])")
_SPACED_THOUSANDS = re.compile(r"(?<![\d.,])([1-9]\d{0,2}(?: \d{3})+)(?! ?\d)")
_MARKED_THOUSANDS = re.compile(r"(?<![\w.,'])([1-9]\d{0,2}(?:'\d{3})+|[1-9]\d{0,2}(?:_\d{3})+)(?![\w'])")
INDIAN = re.compile(r"(?<![\d.,])([1-9]\d?(?:,\d{2})+,\d{3})(?![\d,])")
_POINT_THOUSANDS = r"[1-9]\d{0,2}(?:\.\d{3})+"
_DECIMAL_COMMA = re.compile(
    rf"(?<![\d.,])(?:({_POINT_THOUSANDS}|[1-9]\d{{0,2}}(?: \d{{3}})+|\d+),(\d+)(?![\d,])"
    rf"|({_POINT_THOUSANDS})(?![\d.]|,\d))"
)
_DOTTED_THOUSANDS = re.compile(r"(?<![\w.,])([1-9]\d{0,2}(?:\.\d{3}){2,})(?![\w.]|,\d)")
_OTHER_MARKS = re.compile(r"[-+]?[1-9]\d{0,2}([.,])\d{3}\Z")  # one mark, which another hand means the other way
_ORDINAL = re.compile(r"\d(?:st|nd|rd|th)\b")
_ONE = algebra.number(1)
_CURRENCY = re.compile(
    r"([-+]?)\s*(?:(?:US|CA|AU|HK|S|R|Rs\.?)?\s*([$€£¥₹])\s*|(USD|EUR|GBP|RMB|INR|CHF|CAD|AUD|JPY|CNY|Rs\.?)\s*(?=\d))"
)
_DEGREES = re.compile(r"([-+]?[\d.,/ ]+)°\s*(C|F)?")
_THERMOMETERS = {"C": "celsius", "F": "fahrenheit"}
_BARE = re.compile(r"[-+\d./]+")
_UNIT_LETTER = re.compile(r"([-+]?\d+(?:\.\d+)?)( ?)([mgshLl])(\^\{?[23]\}?)?")
_LETTER_BEHIND = re.compile(r"([^=]{1,200}(?:\}|\\pi)) ([mgshLN])(?:\^\{?[23]\}?)?")  # meters, or a factor
_BELOW = re.compile(
    r"/ ?(\d+(?:[a-z]{1,3}(?![a-z])|\\pi(?![A-Za-z])|\\sqrt\s?(?:\{[^{}]*\}|\d))|[a-z]{2,3}(?![a-z]))(?![(^_])"
)
_SCALED = re.compile(r"([-+]?\d+(?:\.\d+)?)([kKM])\Z")
_INTEGER = re.compile(r"[-+]?\d+\Z")
_DECIMAL = re.compile(r"[-+]?\d*\.(\d+)\Z")
_EXPONENT = re.compile(r"[-+]?\d+(?:\.(\d{1,40}))?[eE]([-+]?\d{1,3})\Z")
# As Python and sympy print a complex number: (0.5+0.8660254037844386j), 0.5 + 0.866025403784439*I.
_PYTHON_COMPLEX = re.compile(
    r"\(?(?:([-+]?(?:\d+(?:\.\d*)?|\.\d+)(?:e[-+]?\d{1,3})?)(?= ?[-+]))? ?([-+]? ?\d+(?:\.\d*)?(?:e[-+]?\d{1,3})?)"
    r"(?:j|\*i)\)?\Z"
)
_MIXED = re.compile(
    r"([-+]?)\s*(\d+)\s*(?:\s|\+|\s+and\s+|(?=\\frac))\s*(?:(\d+)\s*/\s*(\d+)|\\frac\s*(?:\{(\d+)\}|(\d))\s*(?:\{(\d+)\}|(\d)))\Z"
)
_MIXED_BRACKET = re.compile(r"([-+]?)(\d+)\(\(?(\d+)\)?/\(?(\d+)\)?\)\Z")
_REPEATING = re.compile(
    r"([-+]?)(\d*)\.(\d*)(?:\\(?:overline|bar|overbar)\s*\{?(\d+)\}?|\((\d+)\)|((?:\\dot\s*\{?\d\}?\d*)+)|(\.\.\.|\\ldots|\\dots|\\cdots))\s*\Z"
)
_BASED = re.compile(
    r"([-+]?)\(?([0-9A-Za-z]+)\)?(?:_\{?\(?|\(?(?:in)?base-?)(\d+|two|three|four|five|six|seven|eight|nine|ten|twelve|sixteen)\)?\}?\Z"
)
_LITERAL = re.compile(r"0([box])([0-9a-fA-F]+)\Z")
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
_ARITHMETIC = re.compile(r"(?:[\d\s.+*/()-]|\\cdot|\\times)*\Z")
_SCIENTIFIC = re.compile(r"[-+]?\d+(?:\.(\d+))?\s*(?:\\times|\\cdot|\*)\s*10\s*(?:\^|\*\*)\s*\{?\(?-?\d+\)?\}?\Z")
_PLAIN_FRACTION = re.compile(r"([-+]?)\\frac\{(-?\d{1,300})\}\{(-?\d{1,300})\}\Z")
_FRACTION = re.compile(r"[-+]?\(*[-+]?\d+\)*\s*/\s*\(*[-+]?\d+\)*\Z")


class NumeralError(UnsupportedError):
    """A numeral that no base can have, such as 14_95 or 19_8: it is no number at all."""


def localise(text: str, *, comma: bool) -> str:
    """Rewrites thousands separators and decimal commas into the plain form `1234.5`.

    `comma`: the language writes 1.234,5.
    """
    if comma:
        text = _DECIMAL_COMMA.sub(_with_point, text)
    elif text.count(".") > 1:
        text = _DOTTED_THOUSANDS.sub(lambda m: m.group(1).replace(".", ""), text)
    if "'" in text or "_" in text:
        text = _MARKED_THOUSANDS.sub(lambda m: re.sub(r"\D", "", m.group(1)), text)
    text = THOUSANDS.sub(lambda m: m.group(1).replace(",", ""), text)
    text = INDIAN.sub(lambda m: m.group(1).replace(",", ""), text)
    return _SPACED_THOUSANDS.sub(lambda m: m.group(1).replace(" ", ""), text)


def scalar(text: str, *, ambiguous: str = "") -> Scalar:
    """Reads one value with its sign of currency, percent and unit.

    Args:
        text: one value, localised.
        ambiguous: the text before it was localised, where that differs.

    Raises:
        UnsupportedError: it is not one value.
        TooLargeError: its value is out of bounds.
    """
    if _ORDINAL.search(text):
        raise UnsupportedError("an ordinal number")
    text, unit = _currency(text)
    text, percent = _percent(text)
    label, scale = "", 1
    text = text.rstrip()
    degrees, lettered = _DEGREES.fullmatch(text), _UNIT_LETTER.fullmatch(text)
    if degrees:
        text, unit = degrees.group(1).strip(), UNITS[_THERMOMETERS.get(degrees.group(2), "degrees")]
    elif lettered and unit is None:
        digits, space, letter, exponent = lettered.groups()
        value, product = plain_number(digits), notation.read(text)
        if not space:
            return Scalar(product, written=text, alternative=None if exponent else value.closed)
        unit = find_unit(UNIT_LETTERS[letter] + (exponent or ""))
        return Scalar(value.closed, value.decimals, unit=unit, alternative=product)
    elif unit is None and (behind := _LETTER_BEHIND.fullmatch(text)):
        return Scalar(notation.read(text), written=text, alternative=plain_number(behind.group(1)).closed)
    elif unit is None and not _BARE.fullmatch(text) and (measured := split_product(text)) is not None:
        value = plain_number(measured[0])
        try:
            product = notation.read(text)
        except UnsupportedError:
            product = None
        return replace(value, unit=measured[1], alternative=product)
    elif not _BARE.fullmatch(text):
        text, found, label, scale = split_unit(text)
        if found is not None and unit is not None and found != unit:
            raise UnsupportedError("two units")
        unit = found or unit
    value = plain_number(text)
    alternative = value.alternative or _other_reading(ambiguous, text)
    if unit is None and not (percent or label) and scale == 1 and alternative is None:
        return value
    factor = algebra.number(Fraction(scale, 100 if percent else 1))
    closed = value.closed if factor == _ONE else algebra.multiply(value.closed, factor)
    return replace(value, closed=closed, percent=percent, unit=unit, label=label, alternative=alternative)


def _percent(text: str) -> tuple[str, bool]:
    sign = number_words().percent.search(text)
    if sign:
        return text[: sign.start()], True
    sign = None if text[:1].isdigit() else number_words().percent_before.match(text)
    return (text, False) if sign is None else (sign.group(1) + text[sign.end() :], True)


def _currency(text: str) -> tuple[str, Unit | None]:
    sign = _CURRENCY.match(text)
    if sign:
        code = sign.group(3)
        unit = UNITS[code.lower().rstrip(".")] if code else CURRENCY_SIGNS[sign.group(2)]
        return sign.group(1) + text[sign.end() :], unit
    if text[-1:] in CURRENCY_SIGNS:
        return text[:-1].rstrip(), CURRENCY_SIGNS[text[-1]]
    return text, None


def _with_point(match: re.Match[str]) -> str:
    """Rewrites 1.234,5 as 1234.5, and 1.234 as 1234."""
    whole, places, grouped = match.groups()
    return re.sub("[. ]", "", grouped or whole) + (f".{places}" if places else "")


def _other_reading(written: str, text: str) -> Closed | None:
    """Returns 1.234 for a German 1.234, which was read as 1234: programs and LaTeX write a point in every language.

    And 1234 for a German 1,234.
    """
    match = _OTHER_MARKS.match(written)
    if match is None or written == text or (match.group(1) == "," and "." not in text):
        return None
    return notation.read(written.replace(",", ""))


def plain_number(text: str) -> Scalar:
    """Reads one number or expression without units."""
    if _INTEGER.match(text) and len(text) < 4000:
        return Scalar(algebra.number(int(text)))
    match = _DECIMAL.match(text)
    if match and len(text) < 4000:
        return Scalar(algebra.number(Fraction(text)), decimals=len(match.group(1)))
    if text[-1:] in "ij)" or "e" in text or "E" in text:
        printed = _floating(text)
        if printed is not None:
            return printed
    match = _PLAIN_FRACTION.match(text)
    if match and int(match.group(3)):
        quotient = Fraction(int(match.group(2)), int(match.group(3)))
        return Scalar(algebra.number(-quotient if match.group(1) == "-" else quotient))
    for reader in (_based,) if "_" in text else (_mixed, _repeating, _based):
        value = reader(text)
        if value is not None:
            return value
    match = _SCIENTIFIC.match(text)
    if match:
        return Scalar(notation.read(text), decimals=None)
    if (scaled := _SCALED.match(text)) is not None:  # 2.5k may be 2500
        thousands = 1000 if scaled.group(2) in "kK" else 10**6
        return Scalar(notation.read(text), alternative=algebra.number(Fraction(scaled.group(1)) * thousands))
    plain = text.replace("**", "^").replace("\\div", "/")
    arithmetic = (
        _ARITHMETIC.match(plain) and not _FRACTION.match(plain) and re.search(r"\d\D*[-+*/]|\\cdot|\\times", plain)
    ) or notation.REPEATED.search(plain)
    other = notation.read(text, strict=True) if notation.LONG_RUN.search(text) else _under_slash(text)
    return Scalar(notation.read(text), unevaluated=bool(arithmetic), written=text, alternative=other)


def _under_slash(text: str) -> Closed | None:
    """What `1/2x` is where all that touches the slash stands below it."""
    below = _BELOW.sub(r"/(\1)", text) if "/" in text else text
    return None if below == text else notation.read(below)


def _floating(text: str) -> Scalar | None:
    """Reads what programs print of large, small and complex numbers: 3.3e-08, (1+2j)."""
    match = _EXPONENT.match(text)
    if match:
        decimals = len(match.group(1) or "") - int(match.group(2))
        return Scalar(notation.read(text), decimals=decimals if decimals > 0 else None, written=text)
    match = _PYTHON_COMPLEX.match(text)
    if match is None or (text[0] == "(") != (text[-1] == ")"):
        return None
    real, imaginary = (Fraction((part or "0").replace(" ", "")) for part in match.groups())
    closed = algebra.add(algebra.number(real), algebra.multiply(algebra.number(imaginary), algebra.symbol("i")))
    places = max(len((part or "").partition("e")[0].partition(".")[2]) for part in match.groups())
    return Scalar(closed, decimals=places or None)


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
    return Scalar(algebra.number(-value if sign == "-" else value), alternative=product if bracketed else None)


def _repeating(text: str) -> Scalar | None:
    match = _REPEATING.match(text)
    if match is None:
        return None
    sign, whole, fixed, bar, bracket, dots, ellipsis = match.groups()
    period = bar or bracket or ""
    if dots:
        period = re.sub(r"\\dot|[{}\s]", "", dots)
    if ellipsis and len(fixed) > 200:
        raise UnsupportedError("a long decimal that is cut off")
    if ellipsis:
        tail = re.search(r"(\d+?)\1{2,}\Z", fixed) or re.search(r"(\d{2,}?)\1\Z", fixed)
        if tail is None:
            raise UnsupportedError("a decimal that is cut off")
        period, fixed = tail.group(1), fixed[: tail.start()]
    digits = int((whole or "0") + fixed + period) - int((whole or "0") + fixed)
    value = Fraction(digits, (10 ** len(period) - 1) * 10 ** len(fixed))
    return Scalar(algebra.number(-value if sign == "-" else value))


def _based(text: str) -> Scalar | None:
    match, literal = _BASED.match(text.replace(" ", "")), _LITERAL.match(text)
    if literal:
        sign, digits, base = "", literal.group(2), {"b": 2, "o": 8, "x": 16}[literal.group(1)]
    elif match:
        sign, digits, written = match.groups()
        base = _BASE_WORDS.get(written) or int(written)
    else:
        return None
    letters = digits.isupper() or (digits.islower() and len(digits) > 1)
    if not digits[0].isdigit() and not (letters and (base == 16 or (base > 10 and not digits.isalpha()))):
        return None
    if not 2 <= base <= 36 or len(digits) > 1000:
        raise NumeralError("base")
    try:
        value = int(digits, base)
    except ValueError:
        raise NumeralError("a digit outside the base") from None
    return Scalar(algebra.number(-value if sign == "-" else value), base=f"{base}")
