"""Is this answer that answer? Exact typed comparison first, math-verify in a child process for the remainder.

Nothing is accepted through float, and nothing when in doubt: `unknown` is a verdict of its own. The path says
who decided: text, number, scalar, rounded, list, set, region, matrix, choice, words, ... or symbolic (the
child).
"""

import re
from collections.abc import Sequence
from fractions import Fraction

from validation.answers import algebra
from validation.answers.algebra import TooLargeError, UnsupportedError
from validation.answers.normalise import DECIMAL_COMMA, normalise
from validation.answers.questions import NOTHING, Asked, read_question
from validation.answers.symbolic import compare_symbolic
from validation.answers.values import (
    Choice,
    Equation,
    Interval,
    Matrix,
    Moment,
    Ratio,
    Region,
    Scalar,
    Several,
    Unread,
    Value,
    Words,
    interval_of,
    parts,
    read_value,
    simplified,
)
from validation.answers.verdict import Outcome, Verdict, equal, not_equal, unknown

_PLAIN = re.compile(
    r"\s*([-+]?)(\d{1,3}(?:,\d{3})+(?!,)|\d{1,4000})(?:\.(\d{1,300})|/(\d{1,300}))?\s*\Z|\s*(-?)\\[dt]?frac\{(-?\d{1,300})\}\{(\d{1,300})\}\s*\Z",
    re.ASCII,
)
_TEXT, _NUMBER = equal("text"), equal("number")
_OTHER_NUMBER = not_equal("number")
_EMPTY = unknown("empty", "an answer is empty")
_MAX_LENGTH = 10_000


def compare(gold: str, answer: str, question: str | None = None, language: str = "en") -> Verdict:
    """Decides whether an answer is the gold answer.

    Args:
        gold: the reference answer; rounding is accepted only towards a gold that is a decimal.
        answer: the answer to check.
        question: the question, which may ask for a unit, a percentage, a rounding, a base or an order.
        language: decides between decimal point and decimal comma (two-letter code).

    Returns:
        `equal`, `not_equal` or `unknown`. Safe to call from any thread.
    """
    verdict = compare_exactly(gold, answer, question, language)
    if verdict.path != "remainder":
        return verdict
    return compare_symbolic(normalise(gold), normalise(answer))


def compare_exactly(gold: str, answer: str, question: str | None = None, language: str = "en") -> Verdict:
    """Decides as `compare` does, without the child: the path `remainder` marks what is left to it."""
    fast = _compare_plain(gold, answer, question, language)
    if fast is not None:
        return fast
    if len(gold) > _MAX_LENGTH or len(answer) > _MAX_LENGTH:
        return unknown("length", "an answer is longer than 10,000 characters")
    left, right = normalise(gold), normalise(answer)
    if not left or not right:
        return _EMPTY
    if left == right:
        return _TEXT
    comma = language[:2] in DECIMAL_COMMA
    try:
        return _compare(read_value(left, comma), read_value(right, comma), read_question(question))
    except TooLargeError:
        return unknown("too_large", "a value or an expansion is out of bounds")
    except UnsupportedError as error:
        return Verdict(Outcome.UNKNOWN, "remainder", str(error))


def _compare_plain(gold: str, answer: str, question: str | None, language: str) -> Verdict | None:
    """Decides integers, decimals and fractions without reading anything else; None when it cannot."""
    if gold == answer:
        return _TEXT if gold.strip() else _EMPTY
    first, second = _PLAIN.match(gold), _PLAIN.match(answer)
    if first is None or second is None:
        return None
    if language[:2] in DECIMAL_COMMA and any(mark in gold or mark in answer for mark in ".,"):
        return None
    above, below, decimals = _quotient(first)
    top, bottom, shown = _quotient(second)
    if not below or not bottom:
        return unknown("number", "division by zero")
    if above * bottom == top * below:
        return _NUMBER
    if question is not None or decimals is not None or (shown or 0) > 8 or "," in gold or "," in answer:
        return None
    return _OTHER_NUMBER


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


def _compare(gold: Value, answer: Value, asked: Asked) -> Verdict:
    """Compares two values; raises UnsupportedError where the pair is left to the symbolic child."""
    if isinstance(gold, Choice) or isinstance(answer, Choice):
        return _compare_choice(gold, answer, asked)
    if isinstance(gold, Unread) or isinstance(answer, Unread):
        return _compare_unread(gold, answer)
    if isinstance(gold, Equation) or isinstance(answer, Equation):
        return _compare_equations(gold, answer, asked)
    if isinstance(gold, Scalar) and isinstance(answer, Scalar):
        return compare_scalars(gold, answer, asked)
    if isinstance(gold, Region) or isinstance(answer, Region):
        return _compare_regions(gold, answer)
    if isinstance(gold, Several) or isinstance(answer, Several):
        return _compare_several(gold, answer, asked)
    if isinstance(gold, Matrix) and isinstance(answer, Matrix):
        return _compare_matrices(gold, answer, asked)
    if isinstance(gold, Moment) or isinstance(answer, Moment):
        return _compare_moments(gold, answer)
    if isinstance(gold, Ratio) or isinstance(answer, Ratio):
        return _compare_ratios(gold, answer, asked)
    if isinstance(gold, Words) and isinstance(answer, Words):
        return _compare_words(gold, answer)
    if isinstance(gold, Matrix) or isinstance(answer, Matrix):
        return (
            not_equal("kind")
            if isinstance(gold, Scalar | Words) or isinstance(answer, Scalar | Words)
            else unknown("kind")
        )
    return not_equal("kind", f"{type(gold).__name__} and {type(answer).__name__}")


def _compare_unread(gold: Value, answer: Value) -> Verdict:
    if any(isinstance(value, Unread) and value.too_large for value in (gold, answer)):
        raise TooLargeError
    if any(isinstance(value, Words | Moment) for value in (gold, answer)):
        return unknown("unread", "one side is words, the other is not read")
    raise UnsupportedError("not read by the exact path")


def compare_scalars(gold: Scalar, answer: Scalar, asked: Asked = NOTHING) -> Verdict:
    """Compares two single values with their units, percent signs, bases and shown digits."""
    if gold.base != answer.base and asked.base:
        return _compare_digits_in_base(gold, answer)
    factor = _conversion(gold, answer, asked)
    if factor is None:
        return not_equal("unit", "units that do not convert into each other")
    if gold.label and answer.label and gold.label != answer.label and not _alike(gold.label, answer.label):
        return unknown("unit", f"{gold.label!r} and {answer.label!r}")
    target, value = gold.closed, algebra.multiply(answer.closed, algebra.number(factor))
    decided = algebra.same(target, value)
    if decided:
        return _accepted(gold, answer, asked)
    if gold.percent != answer.percent:
        return _compare_percent(gold, answer, asked)
    for one, other in ((gold.alternative, value), (target, answer.alternative)):
        if one is not None and other is not None and algebra.same(one, other):
            return unknown("ambiguous", "equal under another reading of the notation")
    if _as_list_equal(gold, answer):
        return unknown("ambiguous", "a comma may separate thousands or values")
    rounded = _compare_rounded(gold, target.rational(), value, answer, asked)
    if rounded is not None:
        return rounded
    if decided is None or _mixed_logarithms(target, value):
        return _refuted(target, value)
    return not_equal("scalar")


def _accepted(gold: Scalar, answer: Scalar, asked: Asked) -> Verdict:
    if answer.unevaluated and not gold.unevaluated:
        return unknown("unevaluated", "the value is right, the expression is not worked out")
    if asked.factored and gold.closed != answer.closed or (asked.factored and gold.unevaluated != answer.unevaluated):
        return unknown("form", "equal in value, but the question asks for factors")
    return equal("scalar")


def _compare_digits_in_base(gold: Scalar, answer: Scalar) -> Verdict:
    """The question names a base: a bare number may be digits in that base, or a plain number."""
    if algebra.same(gold.closed, answer.closed):
        return (
            equal("base") if not (gold.base and answer.base) else not_equal("base", "the same number in another base")
        )
    based, bare = (gold, answer) if gold.base else (answer, gold)
    if bare.base or not based.base:
        return not_equal("base")
    written = bare.rational
    try:
        value = int(str(written), int(based.base))
    except ValueError:
        return not_equal("base")
    if based.rational != value:
        return not_equal("base")
    return unknown("base", "equal when the bare digits are in that base")


def _conversion(gold: Scalar, answer: Scalar, asked: Asked) -> Fraction | None:
    """Returns what the answer's number is multiplied by to stand in the gold's unit.

    None when the units exclude each other.
    """
    first, second = gold.unit, answer.unit
    if first is None and second is not None:
        first = asked.unit if asked.unit is not None and asked.unit.dimension == second.dimension else second
    if second is None:
        second = (
            asked.unit
            if asked.unit is not None and first is not None and asked.unit.dimension == first.dimension
            else first
        )
    if first is None or second is None or first == second:
        return Fraction(1)
    if "plain" in (first.dimension, second.dimension):
        return Fraction(1)
    return second.factor / first.factor if first.dimension == second.dimension else None


def _alike(left: str, right: str) -> bool:
    return left in right or right in left or left.rstrip("s") == right.rstrip("s")


def _compare_percent(gold: Scalar, answer: Scalar, asked: Asked) -> Verdict:
    """One side has a percent sign: bare 50 is 50 % only where the question asks for a percentage."""
    percent, bare = (gold, answer) if gold.percent else (answer, gold)
    same_digits = algebra.same(percent.closed, algebra.divide(bare.closed, algebra.number(100)))
    if not same_digits:
        return not_equal("percent")
    return equal("percent") if asked.percent else not_equal("percent", "5% is not 5")


def _as_list_equal(gold: Scalar, answer: Scalar) -> bool:
    return False


def _compare_rounded(
    gold: Scalar, target: Fraction | None, value: algebra.Closed, answer: Scalar, asked: Asked
) -> Verdict | None:
    """Accepts a rounding where the gold is a decimal or the question asks for one.

    None when there is nothing to round.
    """
    exact = value.rational()
    if target is None:
        if asked.rounding and answer.decimals is not None and exact is not None:
            return _rounds_to(gold.closed, exact, asked.places if asked.places is not None else answer.decimals)
        return None
    if exact is not None and _is_float_noise(exact, answer.decimals, target):
        return equal("float_noise", "a binary fraction printed in full")
    places = gold.decimals
    if gold.percent and places is not None:
        places += 2
    if places is None and asked.rounding:
        places = asked.places if asked.places is not None else (0 if target.denominator == 1 else None)
    if places is None:
        if asked.rounding and answer.decimals is not None and exact is not None:
            return _rounds_to(gold.closed, exact, answer.decimals)
        return None
    verdict = _rounds_to(value, target, places)
    if verdict is None or asked.rounding:
        return verdict
    shown = answer.decimals
    if places >= 2 and (shown is None or shown >= places + 2) and abs(target) >= Fraction(1, 10 ** (places - 2)):
        return verdict
    return unknown("rounded", "equal after rounding, which nothing asks for")


def _rounds_to(exact: algebra.Closed, rounded: Fraction, places: int) -> Verdict | None:
    """Returns `equal` when the exact value rounds to the other one at that many decimals, exactly decided."""
    value = exact.rational()
    step = Fraction(1, 10**places) if places >= 0 else Fraction(10**-places)
    if (rounded / step).denominator != 1:
        return None
    if value is None:
        size = algebra.magnitude(exact)
        if size is None or abs(size.imag) > 1e-9:
            return None
        value = Fraction(size.real).limit_denominator(10**15)
        margin = abs(abs(value - rounded) - step / 2)
        if margin < step / 1000:
            return unknown("rounded", "too near the middle between two roundings")
    return equal("rounded", f"to {places} decimals") if abs(value - rounded) * 2 <= step else None


def _is_float_noise(value: Fraction, decimals: int | None, target: Fraction) -> bool:
    """Says whether 0.30000000000000004 stands for 0.3: a run of zeros or nines behind at most ten digits."""
    if decimals is None or decimals < 9 or value == 0 or abs(target) >= 10**10:
        return False
    scaled = target * 10**8
    return scaled.denominator == 1 and abs(value - target) <= abs(target) * Fraction(1, 10**13)


def _mixed_logarithms(left: algebra.Closed, right: algebra.Closed) -> bool:
    def names(value: algebra.Closed) -> set[str]:
        return {
            name.rstrip("0123456789") for part in (value.numerator, value.denominator) for m in part for name, _ in m
        }

    return {"ln", "log"} <= names(left) | names(right)


def _refuted(left: algebra.Closed, right: algebra.Closed) -> Verdict:
    first, second = algebra.magnitude(left), algebra.magnitude(right)
    if first is None or second is None:
        raise UnsupportedError("an opaque part")
    if abs(first - second) > 1e-6 * max(1.0, abs(first), abs(second)):
        return not_equal("scalar", "their values differ")
    raise UnsupportedError("near, but not proven")


def _compare_choice(gold: Value, answer: Value, asked: Asked) -> Verdict:
    if isinstance(gold, Choice) and isinstance(answer, Choice):
        return equal("choice") if gold.letter == answer.letter else not_equal("choice")
    choice, other = (gold, answer) if isinstance(gold, Choice) else (answer, gold)
    assert isinstance(choice, Choice)
    content = choice.content or asked.options.get(choice.letter, "")
    if content:
        verdict = _compare(read_value(normalise(content)), other, asked)
        return Verdict(verdict.outcome, "choice", verdict.detail)
    if isinstance(other, Unread | Equation):
        return unknown("choice", "a letter and something unread")
    if isinstance(other, Scalar) and other.closed == algebra.symbol(choice.letter):
        return equal("choice")
    return (
        unknown("choice", "a letter beside a value, and no options to look it up in")
        if asked.options or not isinstance(other, Scalar)
        else not_equal("choice")
    )


def _compare_equations(gold: Value, answer: Value, asked: Asked) -> Verdict:
    if isinstance(gold, Equation) and isinstance(answer, Equation):
        if gold.name and gold.name == answer.name:
            return _compare(gold.right, answer.right, asked)
        return _compare_curves(gold, answer, asked)
    equation, other = (gold, answer) if isinstance(gold, Equation) else (answer, gold)
    assert isinstance(equation, Equation)
    if not equation.name:
        if isinstance(other, Scalar) and equation.left is not None and isinstance(equation.right, Scalar):
            return unknown("equation", "an equation beside a value")
        raise UnsupportedError("an equation beside another kind")
    if isinstance(equation.right, Equation):
        return unknown("equation", "several equals signs")
    return _compare(other, equation.right, asked) if equation is answer else _compare(equation.right, other, asked)


def _compare_curves(gold: Equation, answer: Equation, asked: Asked) -> Verdict:
    sides = []
    for equation in (gold, answer):
        if equation.left is None or not isinstance(equation.right, Scalar):
            raise UnsupportedError("an equation of other kinds")
        sides.append(algebra.add(equation.left, equation.right.closed, -1))
    if algebra.proportional(sides[0], sides[1]):
        return equal("equation")
    if algebra.symbols_of(sides[0]) != algebra.symbols_of(sides[1]) and gold.name and answer.name:
        return unknown("equation", "other names on the left")
    if all(algebra.degree(side) <= 1 and not side.opaque for side in sides):
        return not_equal("equation")
    raise UnsupportedError("equations that are not multiples of each other")


def _compare_regions(gold: Value, answer: Value) -> Verdict:
    first, second = _region_of(gold), _region_of(answer)
    if first is None or second is None:
        kinds = [v for v in (gold, answer) if not isinstance(v, Region)]
        if all(isinstance(v, Scalar) for v in kinds):
            return not_equal("region")
        return unknown("region", "an interval beside another kind")
    if first.variable and second.variable and first.variable != second.variable:
        return unknown("region", "other variables")
    left, right = simplified(first), simplified(second)
    if len(left) != len(right):
        return not_equal("region")
    for one, other in zip(left, right, strict=True):
        if not _same_interval(one, other):
            return not_equal("region")
    return equal("region")


def _region_of(value: Value) -> Region | None:
    if isinstance(value, Region):
        return value
    if isinstance(value, Several):
        if value.kind == "set" and all(isinstance(item, Scalar) for item in value.items):
            points = [item.closed for item in value.items if isinstance(item, Scalar)]
            return Region(tuple(Interval(point, point, True, True) for point in points))
        return interval_of(value)
    return None


def _same_interval(left: Interval, right: Interval) -> bool:
    if (left.low_closed, left.high_closed) != (right.low_closed, right.high_closed):
        return False
    for one, other in ((left.low, right.low), (left.high, right.high)):
        if (one is None) != (other is None):
            return False
        if one is not None and other is not None:
            decided = algebra.same(one, other)
            if decided is None:
                raise UnsupportedError("an end that is not proven")
            if not decided:
                return False
    return True


def _compare_several(gold: Value, answer: Value, asked: Asked) -> Verdict:
    if not (isinstance(gold, Several) and isinstance(answer, Several)):
        several, other = (gold, answer) if isinstance(gold, Several) else (answer, gold)
        assert isinstance(several, Several)
        if len(several.items) == 1:
            return (
                _compare(gold.items[0], answer, asked)
                if isinstance(gold, Several)
                else _compare(gold, several.items[0], asked)
            )
        if isinstance(other, Words):
            return _compare_words(Words(_spelled(gold)), Words(_spelled(answer)))
        return (
            unknown("list", "a list and a matrix")
            if isinstance(other, Matrix)
            else not_equal("list", "a list and one value")
        )
    kinds = {gold.kind, answer.kind}
    if kinds == {"tuple", "list"} or kinds == {"set", "tuple"}:
        if len(gold.items) != len(answer.items):
            return not_equal("list")
        verdict = _in_order(gold.items, answer.items, asked)
        if verdict.outcome is Outcome.NOT_EQUAL:
            return verdict
        return unknown("list", "equal values in other brackets")
    if "set" in kinds or (kinds <= {"bare", "list"} and "bare" in kinds and not asked.ordered):
        return _as_sets(gold, answer, asked)
    verdict = _in_order(gold.items, answer.items, asked)
    if verdict.outcome is Outcome.NOT_EQUAL and "bare" in kinds and _unordered(gold.items, answer.items, asked):
        return unknown("list", "the same values in another order")
    return verdict


def _spelled(value: Value) -> str:
    if isinstance(value, Words):
        return value.text
    if isinstance(value, Several):
        return " ".join(_spelled(item) for item in value.items)
    raise UnsupportedError("no words")


def _as_sets(gold: Several, answer: Several, asked: Asked) -> Verdict:
    left, right = gold.items, answer.items
    if gold.kind == "set" and answer.kind == "set":
        left, right = _distinct(left, asked), _distinct(right, asked)
    if len(left) != len(right):
        return not_equal("set", "another number of values")
    return equal("set") if _unordered(left, right, asked) else _not_paired(left, right, asked)


def _not_paired(left: Sequence[Value], right: Sequence[Value], asked: Asked) -> Verdict:
    """Says `not_equal` only when some value is refuted against every value of the other side."""
    for one in left:
        if all(_compare(one, other, asked).outcome is Outcome.NOT_EQUAL for other in right):
            return not_equal("set")
    return unknown("set", "values that could not be paired")


def _distinct(items: Sequence[Value], asked: Asked) -> tuple[Value, ...]:
    kept: list[Value] = []
    for item in items:
        if not any(_compare(other, item, asked).outcome is Outcome.EQUAL for other in kept):
            kept.append(item)
    return tuple(kept)


def _unordered(left: Sequence[Value], right: Sequence[Value], asked: Asked) -> bool:
    if len(left) != len(right):
        return False
    rest = list(right)
    for one in left:
        for position, other in enumerate(rest):
            if _compare(one, other, asked).outcome is Outcome.EQUAL:
                del rest[position]
                break
        else:
            return False
    return True


def _in_order(left: Sequence[Value], right: Sequence[Value], asked: Asked) -> Verdict:
    if len(left) != len(right):
        return not_equal("list", "another number of values")
    verdicts = [_compare(one, other, asked) for one, other in zip(left, right, strict=True)]
    for outcome in (Outcome.NOT_EQUAL, Outcome.UNKNOWN):
        for verdict in verdicts:
            if verdict.outcome is outcome:
                return Verdict(outcome, "list", verdict.detail)
    return equal("list")


def _compare_matrices(gold: Matrix, answer: Matrix, asked: Asked) -> Verdict:
    if [len(row) for row in gold.rows] != [len(row) for row in answer.rows]:
        return not_equal("matrix", "another shape")
    left = [cell for row in gold.rows for cell in row]
    verdict = _in_order(left, [cell for row in answer.rows for cell in row], asked)
    return Verdict(verdict.outcome, "matrix", verdict.detail)


def _compare_moments(gold: Value, answer: Value) -> Verdict:
    if isinstance(gold, Ratio) or isinstance(answer, Ratio):
        ratio, moment = (gold, answer) if isinstance(gold, Ratio) else (answer, gold)
        assert isinstance(ratio, Ratio) and isinstance(moment, Moment)
        minutes = ratio.parts[0] * 60 + ratio.parts[1]
        if moment.kind != "clock" or len(ratio.parts) != 2 or minutes % 720 != moment.value[0] % 720:
            return not_equal("moment")
        return equal("moment") if minutes == moment.value[0] else unknown("moment", "morning or afternoon")
    if not (isinstance(gold, Moment) and isinstance(answer, Moment)) or gold.kind != answer.kind:
        return unknown("moment", "a time beside another kind")
    if gold.kind == "clock":
        return equal("moment") if gold.value == answer.value else not_equal("moment")
    if gold.value[:2] == answer.value[:2] and 0 in (gold.value[2], answer.value[2]):
        return equal("moment")
    return equal("moment") if gold.value == answer.value else not_equal("moment")


def _compare_ratios(gold: Value, answer: Value, asked: Asked) -> Verdict:
    if isinstance(gold, Ratio) and isinstance(answer, Ratio):
        if gold.parts == answer.parts:
            return equal("ratio")
        if len(gold.parts) != len(answer.parts) or 0 in answer.parts or 0 in gold.parts:
            return not_equal("ratio")
        scale = gold.parts[0] / answer.parts[0]
        if any(a != scale * b for a, b in zip(gold.parts, answer.parts, strict=True)):
            return not_equal("ratio")
        return equal("ratio") if asked.ratio else unknown("ratio", "equal as ratios, which nothing asks for")
    ratio, other = (gold, answer) if isinstance(gold, Ratio) else (answer, gold)
    assert isinstance(ratio, Ratio)
    if not isinstance(other, Scalar) or len(ratio.parts) != 2 or not ratio.parts[1]:
        return unknown("ratio", "a ratio beside another kind")
    if other.rational != ratio.parts[0] / ratio.parts[1]:
        return not_equal("ratio")
    return equal("ratio") if asked.ratio else unknown("ratio", "a ratio beside its quotient")


_ARTICLES = re.compile(r"\b(?:the|a|an|is|are|it|will|be|le|la|el|der|die|das)\b|[^\w\s]")


def _compare_words(gold: Words, answer: Words) -> Verdict:
    left, right = (_ARTICLES.sub(" ", v.text).split() for v in (gold, answer))
    if left == right:
        return equal("words")
    if set(left) & set(right) or any(a in b or b in a for a in left for b in right):
        return unknown("words", "some words in common")
    return not_equal("words")


__all__ = ["compare", "compare_exactly", "compare_scalars", "parts"]
