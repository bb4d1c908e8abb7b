"""Is this answer that answer? Exact typed comparison first, math-verify in a child process for the remainder.

Nothing is accepted through float, and nothing when in doubt: `unknown` is an outcome of its own. The path says who
decided: text, number, scalar, rounded, list, set, region, matrix, choice, words, ... or symbolic (the child).
"""

import re
from contextlib import suppress
from dataclasses import replace
from functools import partial

from schemas.work import spend
from validation.answers import algebra, notation
from validation.answers.algebra import TooLargeError, UnsupportedError
from validation.answers.brackets import parts
from validation.answers.curves import compare_curves
from validation.answers.families import compare_families, same_turns
from validation.answers.groups import compare_matrices, compare_several
from validation.answers.kinds import compare_moments, compare_orders, compare_ratios, compare_regions, compare_words
from validation.answers.named_values import as_equations, compare_rates, compare_records
from validation.answers.number_sets import compare_sets
from validation.answers.outcome import Comparison, Relation, Rounding, equal, not_equal, unknown
from validation.answers.phrases import rephrased, roman
from validation.answers.points import components, counted
from validation.answers.questions import Asked, read_question
from validation.answers.reading import read_value
from validation.answers.scalars import compare_scalars
from validation.answers.spelling import DECIMAL_COMMA, normalise, without_label, without_sentence
from validation.answers.spoken import may_count
from validation.answers.symbolic import compare_symbolic
from validation.answers.values import (
    Choice,
    Equation,
    Family,
    Matrix,
    Moment,
    Order,
    Ratio,
    Region,
    Scalar,
    Several,
    Unread,
    Value,
    Words,
)

_PLAIN = re.compile(
    r"\s*([-+]?)([1-9]\d{0,2}(?:,\d{3})+(?!,)|\d{1,4000})(?:\.(\d{1,300})|/(\d{1,300}))?\s*\Z|\s*(-?)\\[dt]?frac\{(-?\d{1,300})\}\{(\d{1,300})\}\s*\Z",
    re.ASCII,
)
_FRACTION = re.compile(
    r"\s*\$?([-+]?)(?:(?:(\d{1,15})\s*(?:\s|(?=\\)))?(?:\(?(-?\d{1,30})\)?/\(?(-?\d{1,30})\)?"
    r"|\\[dt]?frac\{(-?\d{1,30})\}\{(-?\d{1,30})\}|\\[dt]?frac\s?(\d)(\d))|(\d{1,30}))\$?\s*\Z",
    re.ASCII,
)
_FUNCTION_OF = re.compile(
    r"\\(?:zeta|Gamma|varphi|phi|psi|sigma|tau|mu)\s?\(\s?\d"
    r"|(?<![A-Za-z])(?:zeta|gamma|erfc?|Ei|li|LambertW|polygamma|harmonic|besselj)\("
)
_CONSTANT = re.compile(r"(?<![A-Za-z\\])[CKck](?![A-Za-z(])|(?<=[=+])\s?[CK](?=e)")
_WHOLE_LETTER = re.compile(r"(?<![A-Za-z\\])[kmn](?![A-Za-z])")
_SET_APART = re.compile(r"-?\d(?: \d){2,}\Z")  # as scans of bold numbers have them
_BARE = 3  # characters of an answer that may be a letter of an option
_SPECIAL = re.compile(
    r":|\\(?:mathb[bf]\s?\{?\s?[NZQRC]|Bbb|[NZQR](?![a-z]))|^[NZQR]\s?[_^]"
    r"|[CP]\(|^n[CP]r|[$€£¥0-9a-z] (?:per|an?) |/ ?[a-z]{2}"
)
_EULER = re.compile(r"(?<![A-Za-z0-9])E(?![A-Za-z0-9])")
_OF_EULER = re.compile(  # and not the option `E) 14`
    r"(?=.*(?:[-+*/] ?E|E ?[-+*/]))(?!\(?E\s?[).:])(?:[-+*/^()\[\], .0-9Ei]|sqrt|exp|log|pi)+\Z"
)
_CALLED, _OF_X = frozenset(["y"]), re.compile(r"[fgh]\(x\)\Z")  # names of one curve
_COUNT = re.compile(r"\d[\d,]*\Z|\\binom(?=\{)|\{?\}?[_^]")  # what a number of choices is written as
_TEXT, _NUMBER = equal("text"), equal("number")
_OTHER_NUMBER = not_equal("number")
_CONTRADICTED = unknown("choice", "a letter beside what another option says")
_EMPTY = unknown("empty", "an answer is empty")
_MAX_LENGTH = 10_000
_IN_FULL = 14  # decimals, which a machine printed


def compare(
    gold: str, answer: str, question: str | None = None, language: str = "en", *, rounding: Rounding = "places"
) -> Comparison:
    """Decides whether an answer is the gold answer.

    Args:
        gold: the reference answer.
        answer: the answer to check.
        question: the question, which may ask for a unit, a percentage, a rounding, a base or an order.
        language: decides between decimal point and decimal comma (two-letter code).
        rounding: `places` accepts a rounding to the digits that the gold shows or the question asks for, `never` none;
            what a machine prints of a double is no rounding.

    Returns:
        `equal`, `not_equal` or `unknown`. Safe to call from any thread.

    Raises:
        OverBudgetError: within a row's budget (`schemas.work`), where nothing is left of it.
    """
    comparison = compare_exactly(gold, answer, question, language, rounding=rounding)
    if comparison.path != "remainder":
        return comparison
    return compare_symbolic(normalise(gold), normalise(answer))


def compare_exactly(
    gold: str, answer: str, question: str | None = None, language: str = "en", *, rounding: Rounding = "places"
) -> Comparison:
    """Decides as `compare` does, without the child: the path `remainder` marks what is left to it."""
    spend(len(gold) + len(answer))
    fast = _compare_plain(gold, answer, question, language)
    if fast is not None:
        return fast
    if len(gold) > _MAX_LENGTH or len(answer) > _MAX_LENGTH:
        return unknown("length", "an answer is longer than 10,000 characters")
    left, right = (rephrased(without_sentence(normalise(text))) for text in (gold, answer))
    if not left or not right:
        return _EMPTY
    special = _SPECIAL.search(left) or _SPECIAL.search(right) or "E" in left or "E" in right
    if special:
        left, right = _written_alike(left, right), _written_alike(right, left)
    unnamed = without_label(left), without_label(right)
    if left in unnamed or right in unnamed:  # two names may be those of two things
        left, right = unnamed
    if left == right or (left.lower() == right.lower() and len(left) > 2 and left.isalpha()):
        return _TEXT
    comma = language[:2] in DECIMAL_COMMA
    if special:
        exactly = partial(compare_exactly, question=question, language=language, rounding=rounding)
        apart = compare_sets(left, right, question, exactly) or compare_records(left, right, exactly)
        if (apart := apart or compare_rates(left, right)) is not None:
            return apart
    try:
        asked = read_question(question)
        asked = asked if rounding == "places" else replace(asked, exact=True)
        values = read_value(left, comma), read_value(right, comma)
        comparison = _compare(*values, asked)
        if comparison.outcome is not Relation.NOT_EQUAL:
            return comparison
        if asked.options and _may_be_place(*values, asked):
            return unknown("choice", "the reference may be the place of an option")
        if asked.numbered and (_names_place(*values, asked) or _names_place(*values[::-1], asked)):
            return unknown("choice", "the number of an option beside what it says")
        return _doubted(left, right) or comparison
    except TooLargeError:
        return unknown("too_large", "a value or an expansion is out of bounds")
    except UnsupportedError as error:
        return Comparison(Relation.UNKNOWN, "remainder", str(error))


def _doubted(left: str, right: str) -> Comparison | None:
    """What two texts may be all the same though they differ by value; None where they differ for certain."""
    if any(map(_SET_APART.match, (left, right))) and left.replace(" ", "") == right.replace(" ", ""):
        return unknown("ambiguous", "digits that are set apart")
    if "," in left and "," in right and _equal_as_lists(left, right):
        return unknown("ambiguous", "a comma may separate thousands or values")
    if any(map(_FUNCTION_OF.search, (left, right))):
        return unknown("function", "a function that is not evaluated")
    if "pi" in left and left != right and _WHOLE_LETTER.sub("k", left) == _WHOLE_LETTER.sub("k", right):
        return unknown("family", "letters that may stand for any whole number")
    named = len(left) > _BARE and _CONSTANT.search(left) and _CONSTANT.search(right)
    if named and _CONSTANT.sub("C", left) == _CONSTANT.sub("C", right):
        return unknown("constant", "constants of other names")
    return None


def _written_alike(text: str, other: str) -> str:
    """A text as its counterpart is written: `C(8, 3)` as a number beside one, `x: 3, y: 4` with equals signs.

    And sympy's E, which is e where the other side has none.
    """
    if "E" in text and "E" not in other and len(text) > 1 and _OF_EULER.match(text):
        return _EULER.sub("e", text)
    if text[:1] in "CPn" and (count := counted(text)) is not None and _COUNT.match(other):
        return str(count)
    return as_equations(text) if ":" in text and ":" not in other else text


def is_readable(gold: str, language: str = "en") -> bool:
    """Says whether `compare` reads a gold answer as a value: where it does not, only the same text is equal to it."""
    text = without_sentence(normalise(gold)) if len(gold) <= _MAX_LENGTH else ""
    try:
        return bool(text) and not isinstance(read_value(text, language[:2] in DECIMAL_COMMA), Unread)
    except TooLargeError:
        return False
    except UnsupportedError:
        return True  # the child's


def _equal_as_lists(left: str, right: str) -> bool:
    """Says whether `100,101` and `101,100`, read as numbers, are the same list."""
    if left[0] in "([{\\":
        return False
    items = parts(left)
    return "" not in items and sorted(items) == sorted(parts(right))


def _compare_plain(gold: str, answer: str, question: str | None, language: str) -> Comparison | None:
    """Decides integers, decimals and fractions without reading anything else; None when it cannot."""
    if gold == answer:
        return _TEXT if gold.strip() else _EMPTY
    first, second = _PLAIN.match(gold), _PLAIN.match(answer)
    if first is None or second is None:
        return _compare_written(gold, answer, question, language)
    if language[:2] in DECIMAL_COMMA and any(mark in gold or mark in answer for mark in ".,"):
        return None
    above, below, decimals = _quotient(first)
    top, bottom, shown = _quotient(second)
    if not below or not bottom:
        return unknown("number", "division by zero")
    if above * bottom == top * below:
        return _NUMBER
    if question is not None or ("," in gold and "," in answer):
        return None
    places = decimals if decimals is not None else shown
    if decimals is not None and shown is not None and decimals >= _IN_FULL:
        return None
    if places is None:
        return _OTHER_NUMBER
    apart = abs(above * bottom - top * below) * 10 ** min(places, 8)
    return _OTHER_NUMBER if apart > below * bottom else None  # near enough for a rounding, or for a printed float


def _compare_written(gold: str, answer: str, question: str | None, language: str) -> Comparison | None:
    r"""Decides as `_compare_plain` does, for fractions in every spelling: `-3/(4)`, `2 1/3`, `$\\frac34$`."""
    if question is not None or len(gold) > 100 or len(answer) > 100:
        return None
    first, second = _FRACTION.match(gold), _FRACTION.match(answer)
    if first is None or second is None or (language[:2] in DECIMAL_COMMA and ("." in gold or "." in answer)):
        return None
    (above, below), (top, bottom) = _fraction(first), _fraction(second)
    if not below or not bottom:
        return None
    return _NUMBER if above * bottom == top * below else _OTHER_NUMBER


def _fraction(match: re.Match[str]) -> tuple[int, int]:
    """Returns numerator and denominator; a zero denominator marks what the slow path should read."""
    sign, whole, slashed, below, braced, under, first, last, alone = match.groups()
    if alone is not None:
        return int(f"{sign}{alone}"), 1
    top, bottom = int(slashed or braced or first), int(below or under or last)
    if whole is not None:
        if not 0 < top < bottom:
            return 0, 0
        top += int(whole) * bottom
    return (-top if sign == "-" else top), bottom


def _quotient(match: re.Match[str]) -> tuple[int, int, int | None]:
    sign, whole, places, divisor, minus, numerator, denominator = match.groups()
    if numerator is not None:
        return (-int(numerator) if minus else int(numerator)), int(denominator), None
    if "," in whole:
        whole = whole.replace(",", "")
    if places is not None:
        value, below, decimals = int(whole + places), 10 ** len(places), len(places)
        return (-value if sign == "-" else value), below, decimals
    value = int(whole)
    return (-value if sign == "-" else value), int(divisor) if divisor else 1, None


def _compare(gold: Value, answer: Value, asked: Asked) -> Comparison:
    """Compares two values; raises UnsupportedError where the pair is left to the symbolic child."""
    gold, answer = _unpacked(gold, answer), _unpacked(answer, gold)
    if isinstance(gold, Scalar) and isinstance(answer, Scalar):
        for value in (answer, gold) if asked.options and gold.closed != answer.closed else ():
            if letter := _lettered(value, asked):
                return _compare_choice(gold if value is answer else answer, Choice(letter), asked)
        return compare_scalars(gold, answer, asked)
    if isinstance(gold, Several) and gold.kind == "tuple":
        answer = components(answer, len(gold.items)) or answer
    elif isinstance(answer, Several) and answer.kind == "tuple":
        gold = components(gold, len(answer.items)) or gold
    if isinstance(gold, Several) and isinstance(answer, Several):
        if len(gold.items) != len(answer.items) and same_turns(gold, answer):
            return equal("family")
        return compare_several(gold, answer, asked, _compare)
    if isinstance(gold, Words) and isinstance(answer, Words):
        return compare_words(gold, answer)
    if isinstance(gold, Choice) or isinstance(answer, Choice):
        return _compare_choice(gold, answer, asked)
    if isinstance(gold, Unread) or isinstance(answer, Unread):
        return _compare_unread(gold, answer)
    if isinstance(gold, Equation) or isinstance(answer, Equation):
        return _compare_equations(gold, answer, asked)
    if isinstance(gold, Family) or isinstance(answer, Family):
        return compare_families(gold, answer)
    if isinstance(gold, Order) and isinstance(answer, Order):
        return compare_orders(gold, answer)
    if isinstance(gold, Order) or isinstance(answer, Order):
        raise UnsupportedError("an order beside another kind")
    if isinstance(gold, Region) or isinstance(answer, Region):
        return compare_regions(gold, answer)
    if isinstance(gold, Several) or isinstance(answer, Several):
        return compare_several(gold, answer, asked, _compare)
    if isinstance(gold, Matrix) and isinstance(answer, Matrix):
        return compare_matrices(gold, answer, asked, _compare)
    if isinstance(gold, Moment) or isinstance(answer, Moment):
        return compare_moments(gold, answer)
    if isinstance(gold, Ratio) or isinstance(answer, Ratio):
        return compare_ratios(gold, answer, asked)
    if isinstance(gold, Matrix) or isinstance(answer, Matrix):
        return (
            not_equal("kind")
            if isinstance(gold, Scalar | Words) or isinstance(answer, Scalar | Words)
            else unknown("kind")
        )
    words = [value.text for value in (gold, answer) if isinstance(value, Words)]
    numbers = [value.closed for value in (gold, answer) if isinstance(value, Scalar)]
    if numbers and (count := roman(words[0].upper())) is not None:
        return equal("roman") if numbers[0] == algebra.number(count) else unknown("roman")
    if any(map(may_count, words)):
        return unknown("kind", "words that speak of a number")
    if words[0] in ("yes", "no") and any(_is_letter(value) for value in (gold, answer)):
        return unknown("kind", "a letter that may stand for yes or no")
    return not_equal("kind", f"{type(gold).__name__} and {type(answer).__name__}")


def _is_letter(value: Value) -> bool:
    """Says whether a value is a letter as in T for true; F for false is a choice already."""
    return isinstance(value, Scalar) and value.closed in (algebra.symbol("T"), algebra.symbol("Y"), algebra.symbol("N"))


def _unpacked(value: Value, other: Value) -> Value:
    """The one value of a list, a set or a matrix of one; not of a set beside a region, nor one sign beside others."""
    while isinstance(value, Several) and len(value.items) == 1:
        item = value.items[0]
        statement = isinstance(item, Choice) and not item.letter.isascii() and isinstance(other, Several | Choice)
        if statement or (value.kind == "set" and isinstance(other, Region)):
            return value
        value = item
    if isinstance(value, Matrix) and isinstance(other, Scalar) and [len(row) for row in value.rows] == [1]:
        return value.rows[0][0]
    return value


def _compare_unread(gold: Value, answer: Value) -> Comparison:
    if any(isinstance(value, Unread) and value.too_large for value in (gold, answer)):
        raise TooLargeError
    if any(isinstance(value, Words | Moment) for value in (gold, answer)):
        return unknown("unread", "one side is words, the other is not read")
    raise UnsupportedError("not read by the exact path")


def _compare_choice(gold: Value, answer: Value, asked: Asked) -> Comparison:
    if isinstance(gold, Choice) and isinstance(answer, Choice):
        if gold.letter == answer.letter and any(_contradicts(value, asked) for value in (gold, answer)):
            return _CONTRADICTED
        return equal("choice") if gold.letter == answer.letter else not_equal("choice")
    choice, other = (gold, answer) if isinstance(gold, Choice) else (answer, gold)
    assert isinstance(choice, Choice)
    named = _lettered(other, asked)
    if named == choice.letter and _contradicts(choice, asked):
        return _CONTRADICTED
    if named:
        return equal("choice") if named == choice.letter else not_equal("choice")
    content = choice.content or asked.options.get(choice.letter, "")
    if content:
        option = read_value(normalise(content))
        if isinstance(option, Choice) and option.content and isinstance(read_value(normalise(option.content)), Choice):
            return unknown("choice", "letters that say letters")
        comparison = _compare(option, other, replace(asked, options={}))
        return Comparison(comparison.outcome, "choice", comparison.detail)
    if isinstance(other, Unread | Equation):
        return unknown("choice", "a letter and something unread")
    if isinstance(other, Several) and len(other.items) > 1 and all(isinstance(item, Choice) for item in other.items):
        return not_equal("choice", "several letters")
    if choice is gold and isinstance(other, Scalar) and not asked.options:
        return not_equal("choice")
    return unknown("choice", "a letter beside a value, and no options to look it up in")


def _contradicts(choice: Choice, asked: Asked) -> bool:
    """Says whether a letter stands beside what is not its option's text, but that of another."""
    own = asked.options.get(choice.letter)
    if own is None or not choice.content or own == choice.content:
        return False
    stated = read_value(normalise(choice.content))
    others = [option for letter, option in asked.options.items() if letter != choice.letter]
    return not _says(own, stated) and any(_says(option, stated) for option in others)


def _may_be_place(gold: Value, answer: Value, asked: Asked) -> bool:
    """Says whether a number that no option says is the place of what is answered, counted from 0 or from 1."""
    if not isinstance(gold, Scalar) or any(_says(option, gold) for option in asked.options.values()):
        return False
    said = (letter for letter, option in asked.options.items() if _says(option, answer))
    letter = answer.letter if isinstance(answer, Choice) else next(said, None)
    return letter is not None and gold.closed in [algebra.number(ord(letter) - first) for first in (ord("A"), ord("@"))]


def _names_place(number: Value, value: Value, asked: Asked) -> bool:
    """Says whether a number is that of a numbered option which says the other value."""
    place = number.rational if isinstance(number, Scalar) and number.bare else None
    return place is not None and _says(asked.numbered.get(int(place), ""), value)


def _says(option: str, stated: Value) -> bool:
    value = read_value(normalise(option))
    return (
        isinstance(value, Scalar)
        and isinstance(stated, Scalar)
        and compare_scalars(value, stated).outcome is Relation.EQUAL
    )


def _lettered(value: Value, asked: Asked) -> str:
    """Returns the option that a bare `c` names, unless c is what one of the options says."""
    for letter in "abcdefghij" if isinstance(value, Scalar) and value.bare else "":
        if isinstance(value, Scalar) and value.closed == algebra.symbol(letter):
            return "" if letter in asked.options.values() else letter.upper()
    return ""


def _compare_equations(gold: Value, answer: Value, asked: Asked) -> Comparison:
    if isinstance(gold, Equation) and isinstance(answer, Equation):
        if gold.name and (gold.name == answer.name or _plain_name(gold.name) == _plain_name(answer.name)):
            return _compare(gold.right, answer.right, asked)
        if {gold.name, answer.name} & _CALLED == {"y"} and any(map(_OF_X.match, (gold.name, answer.name))):
            return _compare(gold.right, answer.right, asked)
        return compare_curves(gold, answer)
    equation, other = (gold, answer) if isinstance(gold, Equation) else (answer, gold)
    assert isinstance(equation, Equation)
    if not equation.name and not _is_sought(equation, asked):
        if isinstance(other, Scalar) and equation.left is not None and isinstance(equation.right, Scalar):
            holds = algebra.same(equation.left, equation.right.closed)
            if holds is False and not algebra.symbols_of(equation.left):
                return not_equal("equation", "an equation that does not hold")
            if holds and not algebra.symbols_of(equation.right.closed):
                return compare_scalars(equation.right, other, asked)  # 12 + 8 = 20 says 20
            return unknown("equation", "an equation beside a value")
        raise UnsupportedError("an equation beside another kind")
    if isinstance(equation.right, Equation):
        return unknown("equation", "several equals signs")
    return _compare(other, equation.right, asked) if equation is answer else _compare(equation.right, other, asked)


def _is_sought(equation: Equation, asked: Asked) -> bool:
    """Says whether an equation gives a number to a formula whose value the question asks for: `m + n = 12`."""
    if equation.left is None or not isinstance(equation.right, Scalar) or algebra.symbols_of(equation.right.closed):
        return False
    for formula in asked.sought:
        with suppress(UnsupportedError):
            if algebra.same(equation.left, notation.read(normalise(formula))):
                return True
    return False


def _plain_name(name: str) -> str:
    """Returns x for x_1: one of several values of x."""
    return re.sub(r"_\{?\d\}?\Z", "", name)
