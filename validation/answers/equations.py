"""Checks the equations that stand in a solution's text, exactly, with the reader of `arithmetic`.

Chains, percent, money, units, roundings to the digits shown: `3 boxes * 12 eggs/box = 36 eggs`. Equal sides are right
whatever stands around them; unequal ones are wrong only where the equation is read whole and nothing around it
(`half of`, `7:00`, other units, a variable) could mean something else. All other equations are counted `unparsed`.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from math import floor

from validation.answers.arithmetic import annotations_in, calculate, stated_value, strip_annotations
from validation.answers.units import find_unit

_Token = re.Match[str]


@dataclass(frozen=True, slots=True)
class Arithmetic:
    """What the calculations of a text amount to.

    Attributes:
        checked: calculations that were judged.
        wrong: those that do not hold, as they are written.
        unparsed: those that were not judged.
    """

    checked: int
    wrong: tuple[str, ...]
    unparsed: int


@dataclass(frozen=True, slots=True)
class _Side:
    """One side of an equation.

    Attributes:
        value: None when it was not read whole.
        sure: nothing around it could change its value.
        units: the words behind its numbers.
        simple: one number, as digits; empty for an expression.
        first: the number that it begins with.
    """

    text: str
    value: Fraction | None
    sure: bool
    units: frozenset[str]
    simple: str
    first: str


_CLAUSE = re.compile(r"\n|(?<![\s.])[.;:?!,](?=\s(?!\d{3}(?!\d))|\Z)|[，。；：！？]")  # not in `14, 400` or `. 84`
_EQUALS = re.compile(r"(?<![<>!:=])=(?![=>])")
_TOKEN = re.compile(
    r"(?P<number>(?:\d+ \d+/\d+(?![\d/])|(?:\d{1,3}(?:,\d{3})+(?!\d)|\d+)(?:\.\d+)?|\.\d+)%?)"
    r"|(?P<times>[x×](?![^\W\d_]))|(?P<operator>\*\*|[-+*/÷^])|(?P<left>\()|(?P<right>\))"
    r"|(?P<word>[^\W\d_]+(?:['’.-][^\W\d_]+)*)|(?P<other>[^\s$])"
)
_MIXED = re.compile(r"(?<!\d)(\d+) (\d+/\d+)")
_SPELLINGS = (
    (re.compile(r"\\(?:cdot|times|ast)(?![A-Za-z])"), "×"),
    (re.compile(r"\\div(?![A-Za-z])"), "÷"),
    (re.compile(r"\*"), "⋆"),  # whatever the text defines it to be
    (re.compile(r"(?<=\d)\\[dt]?frac\{(\d+)\}\{(\d+)\}"), r" \1/\2"),
    (re.compile(r"\\[dt]?frac\{(\d+)\}\{(\d+)\}"), r"(\1/\2)"),
    (re.compile(r"\^\{(\d+)\}"), r"^\1"),
    (re.compile(r"\\(?=[$%])|\\[,!]|\{(?=,\})|(?<=,)\}"), ""),
)
_GOES_ON = re.compile(r"([-+*/=×÷]|\\(?:cdot|times|div))\s*\n\s*")  # a line that ends in an operator
_RUPEES = re.compile(r"(?<=\d)/-(?!\d)")  # 25/- is an amount
_MINUS = str.maketrans("−–", "--")
# Words beside a number that change what it means.
_TELLING = frozenset(
    re.findall(
        r"\w+",
        "of times plus minus by twice half double triple thrice over per mod modulo root square squared cubed cube"
        " log sum third quarter hundred thousand million billion trillion dozen percent remainder r and or to from"
        " than less more point into between about am pm at st nd rd th tot",
    )
)
# Words that a number behind them gives a name: the 1 of `on day 1 * 2` is none to multiply.
_NUMBERED = frozenset(
    re.findall(
        r"\w+",
        "day days week weeks month months year years round rounds level step grade chapter game games lesson quarter"
        " stage phase case part section question problem equation figure table group team class number",
    )
)
_ONE_NUMBER = re.compile(r"\(*-?[\d.,]+%?\)*|\(\d+\+\d+/\d+\)")
_MAX_UNIT = 5  # words
_DIVIDED = re.compile(r"[/÷]\s*\d")
_QUOTIENT = re.compile(r"/([\d.]+(?:\*[\d.]+)+)")
_SHIFTS = frozenset(Fraction(10) ** power for power in (-6, -3, -2, 2, 3, 6))
_TWO_QUOTIENTS = re.compile(r"/[\d.,+]+/|[(/]0\d|\b0\d")  # `28 / 1/5` divides once; `0900` is a time of day
_RATE = re.compile(r"[*×] ?[\d.,]{1,12} [^\W\d_]+/\d+ [^\W\d_]")  # `* 2 degrees/10 minutes`, who takes it as 2 a step
# Words that end the words behind a number: what stands before them is another thought.
_SPEECH = frozenset(
    re.findall(
        r"\w+",
        "so because since therefore thus then is are was were be will would can could should has have had do does"
        " did she he they it we you i the this that which who when where while if as but costs cost makes make made"
        " gets get got",
    )
)
_BETWEEN = _SPEECH | {"and"}
_SHORT_WORDS = _SPEECH | _TELLING | {"an", "at", "in", "on"}


def check_arithmetic(text: str, annotations: Sequence[str] = ()) -> Arithmetic:
    """Checks the calculator annotations of a solution and the equations in its text.

    Args:
        text: the solution, with or without its annotations.
        annotations: those that have left the text already, as `48/2=24`.
    """
    judged = [_check_annotation(annotation) for annotation in (*annotations_in(text), *annotations)]
    checks = (_check(left, right) for left, right in _equations(strip_annotations(text)))
    judged += [check for check in checks if check is not None]
    wrong = tuple(dict.fromkeys(written for holds, written in judged if holds is False))
    unparsed = sum(holds is None for holds, _ in judged)
    return Arithmetic(len(judged) - unparsed, wrong, unparsed)


def _check_annotation(annotation: str) -> tuple[bool | None, str]:
    expression, _, stated = annotation.rpartition("=")
    value, claim = calculate(expression), stated_value(stated)
    if value is None or claim is None:
        return None, annotation
    return value == claim or _rounds_to(value, claim, stated) or _is_percent(value, stated), annotation


def _equations(text: str) -> Iterator[tuple[_Side, _Side]]:
    """Yields both sides of every equals sign."""
    if "=" not in text:
        return
    text = _GOES_ON.sub(r"\1 ", _RUPEES.sub(";", text.translate(_MINUS)))
    for clause in _CLAUSE.split(text):
        if "=" in clause:
            for pattern, plain in _SPELLINGS if "\\" in clause else ():
                clause = pattern.sub(plain, clause)
            sides = _EQUALS.split(clause)
            for left, right in _pairs(sides):
                yield (replace(left, sure=False), right) if "\\" in clause else (left, right)


def _pairs(sides: Sequence[str]) -> Iterator[tuple[_Side, _Side]]:
    """Reads what stands between equals signs; `12 and 3 * 4` ends one equation and begins another."""
    left = _side(sides[0], first=True)
    for text in sides[1:-1]:
        middle = _side(text)
        apart = middle.value is None and not _BETWEEN.isdisjoint(text.split())
        yield left, _side(text, last=True) if apart else middle
        left = _side(text, first=True) if apart else middle
    if len(sides) > 1:
        yield left, _side(sides[-1], last=True)


def _check(left: _Side, right: _Side) -> tuple[bool | None, str] | None:
    """Says whether an equation holds, None when it was not read whole; nothing where nothing is calculated."""
    written = f"{left.text} = {right.text}"
    if not left.text or (left.simple and right.simple and left.sure and right.sure):
        return None
    if left.value is None or right.value is None or (left.simple and right.simple):
        return None, written
    return _holds(left, right), written


def _holds(left: _Side, right: _Side) -> bool | None:
    assert left.value is not None
    assert right.value is not None
    if left.value == right.value:
        return True
    for value, other in ((left.value, right), (right.value, left)):
        if other.simple and (_rounds_to(value, other.value, other.simple) or _is_percent(value, other.simple)):
            return True
    if not right.simple and left.value == stated_value(right.first):
        return True  # `2 + 3 = 5 * 4 = 20` goes on from its result
    if "%" in left.text and right.simple and _rounds_to(left.value * 100, right.value, right.simple):
        return True
    if left.value and right.value and left.value / right.value in _SHIFTS:
        return None  # cents, thousands, or a percentage
    if _is_last_digit(left.value, right) or _runs_on(left.text, right.value):
        return None
    if _DIVIDED.search(left.text) and right.simple and right.value == floor(left.value) > 0:
        return None  # `50 / 3 = 16 each, with 2 remaining`
    strange = right.units - left.units if left.units else frozenset()
    return False if left.sure and right.sure and not strange and not left.simple else None


def _is_last_digit(value: Fraction, right: _Side) -> bool:
    """Says whether `7 * 3 = 1` speaks of the last digit alone."""
    return right.simple.isdigit() and len(right.simple) == 1 and value >= 10 and value % 10 == int(right.simple)


def _runs_on(expression: str, claim: Fraction) -> bool:
    """Says whether `100/9*5` holds for whoever means 100/(9*5)."""
    bare = expression.replace("×", "*").replace(" ", "")
    bracketed = _QUOTIENT.sub(r"/(\1)", bare)
    return bracketed != bare and calculate(bracketed) == claim


def _rounds_to(value: Fraction, claim: Fraction | None, stated: str) -> bool:
    """Says whether the stated number is the value, rounded or cut to the digits that it shows."""
    if claim is None:
        return False
    places = len(stated.partition(".")[2].rstrip("% ")) + (2 if "%" in stated else 0)
    apart = abs(value - claim) * 10**places
    return "/" not in stated and (apart * 2 <= 1 or (places > 0 and apart < 1 and abs(claim) < abs(value)))


def _is_percent(value: Fraction, stated: str) -> bool:
    """Says whether `5/20*100 = 25%`: the percentage was computed, and then called one."""
    return stated.endswith("%") and _rounds_to(value, stated_value(stated[:-1]), stated[:-1])


def _side(text: str, *, first: bool = False, last: bool = False) -> _Side:
    tokens = list(_TOKEN.finditer(text))
    kinds = {token.lastgroup for token in tokens}
    if first and not kinds & {"number", "operator"}:
        return _Side("", None, False, frozenset(), "", "")  # `total = 5 * 3`: a name
    start, harmless = _start(tokens) if first else (0, True)
    end, ends_well = _end(tokens, start) if last else (len(tokens), True)
    run = tokens[start:end]
    if not run:
        return _Side(text.strip(), None, False, frozenset(), "", "")
    expression, units = _without_units(run)
    if last and end < len(tokens) and tokens[end].lastgroup == "word":
        units |= {_stem(tokens[end].group())}
    numbers = [token.group() for token in run if token.lastgroup == "number"]
    whole = text[run[0].start() : run[-1].end()]
    return _Side(
        text=whole,
        value=calculate(expression) if expression else None,
        sure=harmless
        and ends_well
        and run[0].lastgroup != "operator"
        and _is_plain(expression, units)
        and not _RATE.search(whole),
        units=frozenset(units),
        simple=expression.strip("()") if len(numbers) == 1 and _ONE_NUMBER.fullmatch(expression) else "",
        first=numbers[0] if numbers else "",
    )


def _start(tokens: Sequence[_Token]) -> tuple[int, bool]:
    """Walks back from the equals sign to where the arithmetic begins.

    Returns:
        The first token of it, and whether what stands before it leaves its value alone.
    """
    at, depth = len(tokens), 0
    while at:
        kind = tokens[at - 1].lastgroup
        behind = tokens[at].lastgroup if at < len(tokens) else None
        if kind == "word":
            measured = None if behind in ("number", "left") else _measured(tokens, at - 1)
            if measured is None:
                break
            at = measured
            continue
        if kind == "other" or (kind == "number" and behind == "number"):
            return at, False
        depth += (kind == "right") - (kind == "left")
        if depth < 0:
            break
        at -= 1
    if at in (0, len(tokens)) or depth < 0:
        return at, True
    before = tokens[at - 1].group().lower()
    apart = before not in _TELLING and tokens[at - 1].end() < tokens[at].start()
    return at, apart and not (before in _NUMBERED and tokens[at].lastgroup == "number")


def _measured(tokens: Sequence[_Token], at: int) -> int | None:
    """Returns where the words that end at a token begin, when they are the unit of a number: `3 dollars / apple`."""
    start = at
    while start and (tokens[start].lastgroup == "word" or tokens[start].group() == "/") and at - start <= _MAX_UNIT:
        if tokens[start].group().lower() in _SPEECH:
            return None
        start -= 1
    return start + 1 if tokens[start].lastgroup in ("number", "right") else None


def _end(tokens: Sequence[_Token], start: int) -> tuple[int, bool]:
    """Walks on from the equals sign to where the arithmetic ends, as `_start` walks back."""
    at, depth = start, 0
    while at < len(tokens):
        kind = tokens[at].lastgroup
        if kind == "word":
            after = at
            while after < len(tokens) and (tokens[after].lastgroup == "word" or _is_per(tokens, after)):
                after += 1
            goes_on = after < len(tokens) and tokens[after].lastgroup in ("operator", "times")
            if at == start or not goes_on or after + 1 == len(tokens) or after - at > _MAX_UNIT:
                rate = at + 1 < len(tokens) and tokens[at + 1].group().lower() == "per"
                telling = rate or tokens[at].group().lower() in _TELLING
                return at, not telling and not _is_factor(tokens, at)
            at = after
            continue
        if kind == "other" or (kind in ("number", "left") and at > start and tokens[at - 1].lastgroup == "number"):
            return at, False
        if kind == "operator" and tokens[at].group() == "-" and not _is_number(tokens, at + 1):
            return at, True  # a dash
        depth += (kind == "left") - (kind == "right")
        if depth < 0:
            break
        at += 1
    return at, True


def _is_factor(tokens: Sequence[_Token], at: int) -> bool:
    """Says whether the letters behind a number are variables: `7 - 3 = 2 k`, `6 = 2ab`."""
    word, before = tokens[at].group(), tokens[at - 1] if at else None
    if before is None or before.lastgroup != "number" or len(word) > 2:
        return False
    if not word.isascii():
        return word in ("π", "θ", "α", "β")
    followed = at + 1 < len(tokens) and tokens[at + 1].lastgroup == "word"
    if len(word) == 1:
        return word.lower() != "a" or not followed
    return word.lower() not in _SHORT_WORDS and find_unit(word) is None


def _is_per(tokens: Sequence[_Token], at: int) -> bool:
    return tokens[at].group() == "/" and at + 1 < len(tokens) and tokens[at + 1].lastgroup == "word"


def _is_number(tokens: Sequence[_Token], at: int) -> bool:
    return at < len(tokens) and tokens[at].lastgroup in ("number", "left")


def _without_units(run: Sequence[_Token]) -> tuple[str, set[str]]:
    """Returns the expression without its units, empty when a word is none, and the units."""
    pieces: list[str] = []
    units: set[str] = set()
    for at, token in enumerate(run):
        kind, text = token.lastgroup, token.group()
        before = run[at - 1] if at else None
        if kind == "word":
            if before is None or not (before.lastgroup in ("number", "right", "word") or before.group() == "/"):
                return "", set()
            glued = before.lastgroup == "number" and before.end() == token.start()
            if text.lower() in _SPEECH:
                return "", set()
            followed = at + 1 < len(run) and run[at + 1].lastgroup == "word"
            if _is_name(text, glued=glued, followed=followed):
                return "", set()
            units.add(_stem(text))
        elif kind == "other" or (before is not None and before.lastgroup == "word" and kind in ("number", "left")):
            return "", set()
        elif kind == "times" and not _is_number(run, at + 1):
            return "", set()  # a variable
        elif not _is_per(run, at):
            pieces.append(_MIXED.sub(r"(\1+\2)", text) if " " in text else text)
    return "".join(pieces), units


def _is_name(word: str, *, glued: bool, followed: bool) -> bool:
    """Says whether a word behind a number is a variable (`2x`, `66/BC`, `4ac`) or an ordinal and no unit.

    An `a` in front of a word is an article: `2 a day`, not `2 a = 6`.
    """
    if not word.isascii():
        return False
    if len(word) == 1 or (len(word) < 4 and word.isupper()):
        return glued or word != "a" or not followed
    return glued and len(word) < 4 and find_unit(word) is None


def _is_plain(expression: str, units: set[str]) -> bool:
    """Says whether an expression has one meaning: no `28 / 1/5`, no `20% of 5`, no pounds less ounces."""
    if _TWO_QUOTIENTS.search(expression) or units & _TELLING:
        return False
    known = {unit for unit in map(find_unit, units) if unit is not None} if len(units) > 1 else ()
    return len(known) == len({unit.dimension for unit in known})


def _stem(word: str) -> str:
    return word.lower().rstrip("s")
