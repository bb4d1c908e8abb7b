r"""Turns normalised text into a value of `values.py`; what cannot be read whole becomes `Unread`."""

import re
from collections.abc import Sequence
from fractions import Fraction
from functools import lru_cache
from itertools import pairwise

from validation.answers import algebra, notation
from validation.answers.algebra import TooLargeError, UnsupportedError
from validation.answers.brackets import closes_at_end, parts
from validation.answers.builders import read_builder
from validation.answers.chains import AND, read_approximation, read_equation
from validation.answers.counts import with_counts
from validation.answers.digits import (
    INDIAN,
    NumeralError,
    localise,
    plain_number,
    scalar,
)
from validation.answers.families import read_family
from validation.answers.lettered import read_choice, read_small_choice
from validation.answers.moments import read_moment
from validation.answers.notation import MAX_DIGITS, REPEATED
from validation.answers.points import read_point, read_points
from validation.answers.ratios import read_ratio, read_ratio_of_roots
from validation.answers.regions import RELATION, read_bound, read_region, read_relation
from validation.answers.spelling import CIRCLED
from validation.answers.spoken import FOREIGN, LONGEST_NUMERAL, read_chinese, read_english, read_ordinal
from validation.answers.units import UNITS, find_unit
from validation.answers.values import (
    ELLIPSIS,
    Choice,
    Interval,
    Matrix,
    Region,
    Scalar,
    Several,
    Unread,
    Value,
    Words,
)

# Answers to the parts of a question: (1) 3; (2) 5.
_PART = re.compile(r"(?:\A|(?<=[\s;,]))\(\s?([1-9]|[a-h]|i{1,3})\s?\)\s*")
_PART_NAMES = (tuple("123456789"), tuple("abcdefgh"), ("i", "ii", "iii"))
_DAYS = {day[:3]: day for day in ["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"]} | {
    "tues": "tuesday", "thur": "thursday", "thurs": "thursday"
}  # fmt: skip
_WORDS = re.compile(r"[^\W\d_]+(?:[\s,'’.-]+[^\W\d_]+)*[.!]?\Z")
_FUNCTION = re.compile(r"(?:sin|cos|tan|cot|sec|csc|log|ln|lg|exp) [a-z]\Z")
_DIFFERENCE = re.compile(r"[A-Za-z]{1,2}(?:\s*-\s*[A-Za-z]{1,2})+\Z")
_FEET = re.compile(r"(\d+)'(?: ?(\d+)(?:\"|''))?\Z")
_SPACED = re.compile(r"-?\d+(?:\.\d+)?(?: -?\d+(?:\.\d+)?)+\Z")
_LETTERS = re.compile(r"[A-Z](?:(?:,\s*(?:and\s+)?|\s+and\s+|\s*和\s*)[A-Z])+\Z")
# What numpy prints of a vector or a matrix; commas stand in the programmer's form alone.
_PRINTED_ARRAY = re.compile(r"\[(?:[-+]?\d[\d.e+-]*+j?|[\[\], ])+\]\Z")
_PRINTED_NAMES = re.compile(r"\{[a-zA-Z]\w{0,10}: [^{}:]+(?:, [a-zA-Z]\w{0,10}: [^{}:]+)*\}\Z")  # sympy's {x: 2, y: 1}
_ARRAY_SPACE = re.compile(r"(?<=[\d.j\]]),? +(?=[-+\d\[])")
_MATRIX = re.compile(
    r"\\begin\{([pbv]?)matrix\}(.*)\\end\{\1matrix\}\Z|\\begin\{array\}\{[^}]*\}(.*)\\end\{array\}\Z", re.DOTALL
)
_SYSTEM = re.compile(
    r"(?:\\\{ ?)?\\begin\{(?:cases|array|aligned)\}(?:\{[^}]*\})?([^&]*=[^&]*)\\end\{(?:cases|array|aligned)\}\Z",
    re.DOTALL,
)
_SIMPLE = re.compile(r"\d+(?:!|_(?:\d|\{?\d\d?\}?))?\Z", re.ASCII)
# Numerals that no other reader can claim: 1.25, 3/4, 12.5%, 0.\overline{42}.
_NUMERAL = re.compile(r"-?(?:\d+(?:\.\d+%?|/\d+|%)|\d*\.\d*\\overline\{\d+\})\Z", re.ASCII)
# Closed forms that no other reader can claim: no comma, no decimal point, no word, no unit, and letters stand alone.
_FORMULA = re.compile(
    r"(?=.{4})(?=.*[\\^a-z])(?!\{)(?:[-+*/^(){}0-9]|\\(?:frac|sqrt|pi|cdot|times)(?![A-Za-z])|(?<![A-Za-z])[eikntxyz](?![A-Za-z])"
    r"| (?=[-+*/^(){}\\])|(?<=[-+*/^(){}]) )+\Z"
)
_ALONE = re.compile(r"[^\s,;\\{(\[][^\s,;]*\Z")
_ROW_END = re.compile(r"\\\\(?:\[[^\]]*\])?|\\cr|\\(?=[-\d])")  # the last: a backslash was lost on the way
_SHORT = {"h": "hour", "d": "day"}
_SHARE = re.compile(r"(\d{1,9}) (?:out of|in) (\d{1,9})")
_SPELLED = re.compile(r"(\d{1,9}) \(([a-z -]{3,60})\)")  # 7 (seven)
_TWICE = re.compile(r"([^ ()]{1,60}) \((?:(?:=|or|\\approx) ?)?(\d*\.\d{1,16}%?|\d{1,3}%)\)")  # 1/4 (0.25)
_QUANTITY = re.compile(r"(\d+(?:\.\d+)?) ?([A-Za-z]+)")
_COMPOUND = re.compile(r"\d+(?:\.\d+)? ?[A-Za-z]+\.?(?:(?:,| and|, and)? \d+(?:\.\d+)? ?[A-Za-z]+)+\.?")
# 三 alone and with a unit or a measure word; 三角形 is no number.
_CHINESE = re.compile(
    r"([负零〇一二两三四五六七八九十百千万亿又分之点\d.]*[零〇一二两三四五六七八九十百千万亿负][零〇一二两三四五六七八九十百千万亿又分之点\d.]*)"
    r"(个|只|本|人|名|条|张|支|棵|辆|台|件|箱|袋|瓶|杯|次|倍|岁|元|天|米|千米|厘米|千克|吨|小时|分钟)?"
)
_LONG_NUMBER = re.compile(rf"\d[\d,. ]{{{MAX_DIGITS}}}")
_REMAINDER = re.compile(
    r"(?:quotient |商)?(\d{1,300})\s*(?:[Rr](?:est[eo]?|eszta)?\.?"
    r"|,?\s*(?:(?:with|and) )?(?:a )?\b(?:[Rr]emainder|rem\.?)(?: of)?\b"
    r"|остаток|ост\.|余|あまり|余り|나머지|\.{6}|(?:\\[lc]?dots\s?){2})\s*(\d{1,300})\Z"
)
_STATEMENTS = re.compile("[\u2460-\u2473](?:(?:,|和|and|\\s)*[\u2460-\u2473])*\\Z")
_RUN = re.compile(r"(?!.*([A-Z]).*\1)[A-H]{2,6}\Z")  # ACD: several options
_ARC = re.compile(
    r"([-+]?)(\d{1,4}) ?(?:°|degrees?|deg\.?|度) ?(?=\d)(?:(\d{1,2}(?:\.\d{1,20})?) ?(?:'(?!')|minutes?|min\.?|分))?"
    r" ?(?:(\d{1,2}(?:\.\d{1,20})?) ?(?:''|\"|seconds?|sec\.?|秒))?\Z"
)
_PLUS_MINUS = re.compile(r"\\pm(?![A-Za-z])")  # not \pmod
_EMPTY = {
    "\\emptyset", "\\{\\}", "{}", "set()", "[]", "EmptySet", "empty set", "the empty set", "no solution",
    "no solutions", "no real solution", "no real solutions", "none", "无解", "没有解", "无实数解", "sin solución",
    "no tiene solución", "no hay solución", "keine lösung", "es gibt keine lösung", "aucune solution",
    "pas de solution", "il n'y a pas de solution", "нет решений", "решений нет", "解なし", "解はない", "解がない",
    "해가 없다", "해 없음", "해가 없음", "sem solução", "não tem solução", "nessuna soluzione", "brak rozwiązań",
    "vô nghiệm", "không có nghiệm", "çözüm yok", "geen oplossing", "geen oplossingen", "has no solution",
}  # fmt: skip
_ELLIPSES = {"\\ldots", "\\cdots", "\\dots", "\\dotsc", "..."}
_NOTHING = re.compile(r"[Nn]o (?:real )?solutions?\s*[:,;(]\s*\(?(?:\\emptyset|\\\{\\\})\s*\)?\Z")
_REALS = {"all real numbers", "all reals", "any real number", "real numbers", "全体实数", "一切实数"}
_SYNONYMS = {
    "true": "yes",
    "false": "no",
    "是": "yes",
    "否": "no",
    "对": "yes",
    "错": "no",
    "正确": "yes",
    "错误": "no",
    "不正确": "no",
    **dict.fromkeys(["是的", "对的"], "yes"),
    **dict.fromkeys(["不是", "不对", "错的", "错误的"], "no"),
    **dict.fromkeys(["可以", "能够"], "能"),
    "没有": "无",
    **dict.fromkeys(["不可以", "不能够"], "不能"),
    **dict.fromkeys(["да", "ja", "oui", "sí", "sì", "sim", "tak", "evet", "はい", "네", "예"], "yes"),
    **dict.fromkeys(["нет", "nein", "non", "nee", "não", "nie", "hayır", "いいえ", "아니요", "아니오"], "no"),
    **dict.fromkeys(["verdadero", "cierto", "vero", "vrai", "wahr", "verdadeiro", "prawda", "верно", "doğru"], "yes"),
    **dict.fromkeys(["falso", "faux", "falsch", "fałsz", "неверно", "yanlış"], "no"),
    **dict.fromkeys(
        (
            *("dne", "undefined", "not defined", "is undefined", "the limit does not exist", "limit does not exist"),
            *("no existe", "não existe", "inexistente", "existiert nicht", "n'existe pas", "不存在"),
            *("не существует", "存在しない", "존재하지 않는다", "non esiste", "nie istnieje", "không tồn tại"),
        ),
        "does not exist",
    ),
    **dict.fromkeys(["divergent", "diverges", "it diverges"], "diverges"),
    **dict.fromkeys(["convergent", "converges", "it converges"], "converges"),
    "converges conditionally": "conditionally convergent",
    "converges absolutely": "absolutely convergent",
    "n/a": "not applicable",
    "infinite": "infinitely many",
    "infinite solutions": "infinitely many",
    "infinitely many solutions": "infinitely many",
    "无数": "infinitely many",
    "无数个": "infinitely many",
}


@lru_cache(maxsize=8192)
def read_value(text: str, comma: bool = False) -> Value:
    """Reads normalised text.

    Args:
        text: as `normalise` returns it.
        comma: whether the language writes a decimal comma.
    """
    if len(text) > MAX_DIGITS and _LONG_NUMBER.search(text):
        return Unread(text, too_large=True)
    try:
        return _read(text, comma=comma)
    except TooLargeError:
        return Unread(text, too_large=True)
    except NumeralError:
        return Words(text)
    except (UnsupportedError, RecursionError, ZeroDivisionError, OverflowError):
        return Unread(text)


def _read(text: str, *, comma: bool) -> Value:
    if not text:
        return Unread(text)
    if _SIMPLE.match(text):
        return plain_number(text)
    if text[0] in "(abcdefgh" and (option := read_small_choice(text)) is not None:
        return option
    if _FORMULA.match(text):
        return plain_number(text)
    if not comma and _NUMERAL.match(text):
        return scalar(text)
    if text in _EMPTY or text.lower() in _EMPTY or (text[0] in "nN" and _NOTHING.match(text)):
        return Region(())
    if text[-1].isalpha() and (ordinal := read_ordinal(text)) is not None:
        return Words(f"{ordinal}th")
    if text in _ELLIPSES:
        return ELLIPSIS
    if text[0] == "[" and _PRINTED_ARRAY.match(text):
        text = _ARRAY_SPACE.sub(", ", text)
    if text.startswith("\\langle") and text.endswith("\\rangle"):
        text = f"({text[7:-7].strip()})"
    if text[0] + text[-1] in ("][", "]]", "[[") and len(parts(text[1:-1], ",;")) == 2:  # ]1,2[ is French for (1,2)
        left, right = "(" if text[0] == "]" else "[", ")" if text[-1] == "[" else "]"
        region = read_region(f"{left}{text[1:-1]}{right}", alone=False)
        if region is not None:
            return region
    for reader in _BRACKETED if text[0] in "([{\\" else _READERS:
        value = reader(text)
        if value is not None:
            return value
    if "\\begin" in text:
        system = _SYSTEM.match(text)
        if system is None:
            raise UnsupportedError("environment")
        lines = (line.strip(" ,;.") for line in _ROW_END.split(system.group(1)))
        return read_value(", ".join(line for line in lines if line), comma)
    if "\\{" in text and (built := read_builder(text, read_value, comma=comma)) is not None:
        return built
    if "\\approx" in text:
        return read_approximation(text, read_value, comma=comma)
    if "\\in" in text or "mod" in text or "integer" in text or "整数" in text:
        family = read_family(text, read_value, comma=comma)
        if family is not None:
            return family
    if text.startswith(("\\mathbb", "\\Bbb", "\\R")) and (region := read_region(text)) is not None:
        return region
    if text[0] in "<>\\anmglf" and (bound := read_bound(text)) is not None:
        return bound
    if RELATION.search(text):
        return read_relation(text, comma=comma)
    if text[0].isupper() and text[-1] == ")":
        points = read_points(parts(text), read_value, comma=comma) or read_point(text, read_value, comma=comma)
        if points is not None:
            return points
    if text[0] == "{" and _PRINTED_NAMES.match(text):
        return read_value(text.strip("{}").replace(": ", " = "), comma)
    if "=" in text and not (REPEATED.search(text) and len(parts(text, "=")) == 1):
        return read_equation(text, read_value, comma=comma)
    region = read_region(text)
    if region is not None:
        return region
    several = _several(text, comma=comma)
    if several is not None:
        return several
    if _PLUS_MINUS.search(text):
        return _plus_minus(text, comma=comma)
    return scalar(localise(text, comma=comma), ambiguous=text)


def _remainder(text: str) -> Value | None:
    """Reads `6 R 2`, a quotient with its remainder."""
    match = _REMAINDER.match(text)
    if match is None:
        return None
    return Several("remainder", tuple(Scalar(algebra.number(int(part))) for part in match.groups()))


def _chosen(text: str) -> Value | None:
    """Reads numbers of combinations and arrangements, and formulas of them."""
    counted = with_counts(text)
    return None if counted is None else Scalar(notation.read(counted))


def _parts(text: str) -> Value | None:
    """Reads the answers to the parts of a question, in their order: `(1) 3; (2) 5`."""
    pieces = _PART.split(text) if text[0] == "(" else []
    names, values = tuple(pieces[1::2]), [piece.strip(" ;,.") for piece in pieces[2::2]]
    if len(names) < 2 or pieces[0] or not all(values) or not any(names == run[: len(names)] for run in _PART_NAMES):
        return None
    return Several("tuple", tuple(_item(value) for value in values))


def _words(text: str) -> Value | None:
    if _LETTERS.match(text) or _RUN.match(text):
        return Several("bare", tuple(Choice(letter) for letter in re.findall("[A-Z]", text)))
    if (key := text.lower().rstrip(".!")) in _SYNONYMS:
        return Words(_SYNONYMS[key])
    if (
        not _WORDS.match(text)
        or _FUNCTION.match(text)
        or _DIFFERENCE.match(text)
        or (len(text) < 3 and text.isascii() and text.lower() != "no")
    ):
        return None
    key = " ".join(text.lower().rstrip(".!").split())
    if key in _REALS:
        return Region((Interval(None, None, False, False),))
    spoken = read_english(key)
    if spoken is not None and spoken[1].count(" ") < 2:
        return scalar(f"{spoken[0]} {spoken[1]}".rstrip())
    if key in FOREIGN:
        return Scalar(algebra.number(FOREIGN[key]))
    if (
        text in ("pi", "oo", "xy", "abc", "sqrt")
        or ("," in text and len(text.replace(" ", "")) <= 5)
        or (text.islower() and len(text) == 3 and key not in ("odd", "yes", "red", "one", "two", "six", "ten"))
    ):
        return None
    return Words(_SYNONYMS.get(key) or _DAYS.get(key, key))


def _counted(text: str) -> Value | None:
    """Reads what is said with digits: `2 and a half`, `3 out of 4`, `1 hour 30 minutes`."""
    feet = _FEET.match(text)
    if feet:
        inches = algebra.number(Fraction(int(feet.group(2) or 0), 12) + int(feet.group(1)))
        return Scalar(inches, unit=UNITS["feet"])
    if arc := _ARC.match(text):
        sign, *parts_of_sixty = arc.groups()
        size = sum(Fraction(part or 0) / 60**power for power, part in enumerate(parts_of_sixty))
        return Scalar(algebra.number(-size if sign == "-" else size), unit=UNITS["degrees"])
    if " " not in text:
        return None
    spoken = read_english(text) if " and " in text else None
    if spoken is not None:
        return Scalar(algebra.number(spoken[0]))
    spelled = _SPELLED.fullmatch(text)
    if spelled and read_english(spelled.group(2)) == (Fraction(spelled.group(1)), ""):
        return Scalar(algebra.number(int(spelled.group(1))))
    if (twice := _TWICE.fullmatch(text)) and (value := _same_again(*twice.groups())) is not None:
        return value
    share = _SHARE.fullmatch(text)
    if share and int(share.group(2)):
        part = Fraction(int(share.group(1)), int(share.group(2)))
        return Scalar(algebra.number(part), alternative=algebra.number(int(share.group(1))))
    return _compound(text) if _COMPOUND.fullmatch(text) else None


def _same_again(first: str, second: str) -> Scalar | None:
    """Reads `1/4 (0.25)` and `0.25 (25%)` as the first of both where the second is a rounding of it."""
    value, again = scalar(first), scalar(second)
    size = algebra.magnitude(value.closed)
    if again.rational is None or (again.places is None and not again.percent) or size is None:
        return None
    return value if abs(size - float(again.rational)) * 10 ** (again.places or 2) <= 0.5 else None


def _compound(text: str) -> Value | None:
    """Adds quantities of one dimension that grow smaller: `5 feet 10 inches`."""
    named = [(Fraction(number), _SHORT.get(name, name)) for number, name in _QUANTITY.findall(text)]
    found = [(number, find_unit(name) or find_unit(f"{name}.")) for number, name in named]
    units = [unit for _, unit in found if unit is not None]
    if len(units) < len(found) or len({unit.dimension for unit in units}) > 1:
        return None
    if any(large.factor <= small.factor for large, small in pairwise(units)):
        return None
    total = sum((number * unit.factor for (number, _), unit in zip(found, units, strict=True)), Fraction(0))
    return Scalar(algebra.number(total / units[0].factor), unit=units[0])


def _chinese(text: str) -> Value | None:
    if text.isascii():
        return None
    if _STATEMENTS.match(text):
        return Several("bare", tuple(Choice(sign) for sign in CIRCLED.findall(text)))
    percent = text.startswith("百分之") and not text[3:].isascii()
    match = _CHINESE.fullmatch(text[3:] if percent else text) if len(text) <= LONGEST_NUMERAL else None
    value = read_chinese(match.group(1)) if match else None
    if match is None or value is None:
        return None
    if percent:
        return Scalar(algebra.number(value / 100), percent=True) if not match.group(2) else None
    return Scalar(algebra.number(value), unit=UNITS.get(match.group(2)))


def _matrix(text: str) -> Value | None:
    match = _MATRIX.match(text[1:-1].strip() if text[:1] in "([" and "\\begin{" in text[:10] else text)
    if match:
        body = match.group(2) if match.group(2) is not None else match.group(3)
        rows = [row for row in _ROW_END.split(body) if row.strip()]
        matrix = Matrix(tuple(tuple(read_value(cell.strip()) for cell in row.split("&")) for row in rows))
        return Scalar(_determinant([[*row] for row in matrix.rows])) if match.group(1) == "v" else matrix
    if not text.startswith("[[") or not text.endswith("]]"):
        return None
    rows = parts(text[1:-1])
    if not all(row.startswith("[") and row.endswith("]") for row in rows):
        return None
    return Matrix(tuple(tuple(read_value(cell) for cell in parts(row[1:-1])) for row in rows))


def _determinant(rows: list[list[Value]]) -> algebra.Closed:
    """Expands by the first row; at most four rows of single values."""
    if len(rows) > 4 or any(len(row) != len(rows) for row in rows):
        raise UnsupportedError("a determinant that is not square or too large")
    if not rows:
        return algebra.number(1)
    total = algebra.number(0)
    for column, cell in enumerate(rows[0]):
        if not isinstance(cell, Scalar):
            raise UnsupportedError("a determinant of other things than numbers")
        minor = _determinant([row[:column] + row[column + 1 :] for row in rows[1:]])
        total = algebra.add(total, algebra.multiply(cell.closed, minor), -1 if column % 2 else 1)
    return total


def _several(text: str, *, comma: bool) -> Value | None:
    if _ALONE.match(text) and (text.isascii() or not AND.search(text)):
        return None
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
            if left == "{" and any(": " in piece for piece in pieces):
                raise UnsupportedError("a table")
            if kind == "tuple" and _PLUS_MINUS.search(inner):
                return Several("bare", tuple(_item(sign, comma) for sign in _both_signs(text)))
            if len(pieces) > 1 or kind in ("set", "list"):
                return Several(kind, _items([piece for piece in pieces if piece], comma))
            return None
    if comma:
        text = localise(text, comma=True)
    if _SPACED.match(text) and " " in localise(text, comma=False):
        return Several("bare", tuple(_item(piece) for piece in text.split(" ")))
    plain = AND.sub(", ", text)
    spaced = ", " in plain or ";" in text
    pieces = _spaced_pieces(plain) if spaced else parts(plain)
    if len(pieces) < 2 or not all(pieces):
        return None
    if not spaced and (INDIAN.search(text) or len(parts(localise(plain, comma=False))) == 1):
        return None
    return Several("bare", _items(pieces))


def _items(pieces: Sequence[str], comma: bool = False) -> tuple[Value, ...]:
    """Reads the members of a list; one with a plus-minus sign is two."""
    values: list[Value] = []
    for piece in pieces:
        value = _item(piece, comma)
        if isinstance(value, Several) and value.kind == "bare" and _PLUS_MINUS.search(piece):
            values.extend(value.items)
        else:
            values.append(value)
    return tuple(values)


def _spaced_pieces(text: str) -> list[str]:
    """Splits `1,234, 5` into 1234 and 5: a thousands comma has no space after it."""
    if len(parts(text, ";")) > 1:
        return parts(text, ";")
    pieces = parts(re.sub(r"(?<=\d),(?=\d{3}(?!\d))", "\x00", text))
    return [piece.replace("\x00", "") for piece in pieces]


def _item(text: str, comma: bool = False) -> Value:
    value = read_value(text, comma)
    if isinstance(value, Unread):
        if value.too_large:
            raise TooLargeError
        raise UnsupportedError(text)
    return value


def _plus_minus(text: str, *, comma: bool) -> Value:
    return Several("bare", tuple(scalar(localise(reading, comma=comma)) for reading in _both_signs(text)))


def _both_signs(text: str) -> list[str]:
    if len(_PLUS_MINUS.findall(text)) != 1:
        raise UnsupportedError("several plus-minus signs")
    return [_PLUS_MINUS.sub(sign, text) for sign in "+-"]


_BRACKETED = (read_choice, _parts, _matrix, _chosen, read_ratio_of_roots)  # what may open with a bracket or a command
_READERS = (
    read_choice,
    _remainder,
    _chosen,
    read_moment,
    read_ratio,
    read_ratio_of_roots,
    _chinese,
    _words,
    _matrix,
    _counted,
)
