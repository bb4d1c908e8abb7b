r"""Sets of numbers that have a letter: `\mathbb{Z}`, `R_+`, `\mathbb{Q}_{>0}`, `\mathbb{N}^*`, `\mathbb{R}^3`.

Whether `R_+` and `N` hold zero differs from country to country: beside a set that says so they are unknown, unless the
question says what it means by them.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass, replace

from validation.answers.outcome import Comparison, Relation, equal, not_equal, unknown

Compare = Callable[[str, str], Comparison]
_BLACKBOARD = r"\\(?:mathbb|mathbf|mathrm|Bbb|bf)\s?"
_SIGN = r"(?:>=|<=|[<>]|\\(?:ge|le|geq|leq|geqslant|leqslant|ne|neq)(?![a-z]))\s?0"
_MARK = rf"[_^]\s?(?:\{{\s?(?:[-+*]{{1,2}}|\\(?:times|ast)|[2-9n]|0|{_SIGN})\s?\}}|[-+*0]|[2-9n]|\\(?:times|ast))"
_SET = re.compile(
    rf"(?:{_BLACKBOARD}\{{?\s?([NZQRC])\s?\}}?|\\([NZQRC])(?![a-z])|([NZQR])(?=\s?[_^]\s?\{{?\s?[-+]))"
    rf"((?:\s?{_MARK}){{0,2}})\s?(?:\\(cup|setminus|backslash)\s?\\\{{\s?0\s?\\\}})?\Z"
)
_DECORATED = re.compile(rf"(?:{_BLACKBOARD}\{{?\s?[NZQR]\s?\}}?|\\[NZQR](?![a-z])|[ℕℤℚℝ])\s?[_^₊⁺]")
_MARKS = re.compile(_MARK)
_SPACE = re.compile(r"[\s{}]")
_POSITIVE = re.compile(r"(?<!-)\bpositive\b", re.IGNORECASE)
_NOT_NEGATIVE = re.compile(r"\bnon-?\s?negative\b", re.IGNORECASE)
_NEAR = 80  # characters around a set in a question that may say what it is
_LINE = {"": r"(-\infty,\infty)", "+": r"(0,\infty)", "-": r"(-\infty,0)", "!": r"(-\infty,0)\cup(0,\infty)"}
_WITH_ZERO = {"+": r"[0,\infty)", "-": r"(-\infty,0]"}


@dataclass(frozen=True, slots=True)
class NumberSet:
    """A set of numbers.

    Attributes:
        letter: Z, Q, R or C; N is Z with the sign +, and `natural`.
        sign: `+`, `-`, `!` (other than zero) or nothing.
        zero: whether zero is in it; None where that is not said.
        power: of tuples of such numbers; `1` of numbers.
        lone: whether a lone + or - says the sign: at the top it means without zero, at the foot it may mean either.
    """

    letter: str
    sign: str
    zero: bool | None
    power: str = "1"
    natural: bool = False
    lone: bool = False


def read_set(text: str) -> NumberSet | None:
    """Reads a set that has a letter; None for any other text."""
    match = _SET.match(text)
    if match is None:
        return None
    letter = next(name for name in match.groups()[:3] if name)
    natural = letter == "N"
    sign, zero, power = ("+", None, "1") if natural else ("", True, "1")
    lone = False
    for mark in _MARKS.findall(match.group(4)):
        inside = _SPACE.sub("", mark[1:])
        if inside == "0":
            sign, zero = ("+", True) if natural else (sign, zero)
        elif inside == "n" or inside.isdigit():
            power = inside
        else:
            lone = inside in ("+", "-") and not sign
            sign, zero = _marked(inside, sign)
            zero = False if inside in ("+", "-") and (natural or mark[0] == "^") else zero
    if changed := match.group(5):
        zero, lone = changed == "cup", False
        sign = "!" if changed != "cup" and not sign else sign
    if power != "1" and sign:
        return None
    return NumberSet("Z" if natural else letter, sign, zero, power, natural=natural, lone=lone)


def _marked(inside: str, sign: str) -> tuple[str, bool | None]:
    """What a mark at a letter says: the sign of the numbers, and whether zero is among them."""
    if inside in ("*", "\\times", "\\ast") or inside.startswith(("\\ne", "!")):
        return sign or "!", False
    if inside in ("++", "--"):
        return inside[0], False
    if inside in ("+", "-"):
        return inside, False if sign == "!" else None
    above = inside.startswith((">", "\\g"))
    return ("+" if above else "-"), "=" in inside or inside.startswith(("\\ge", "\\le"))


def compare_sets(left: str, right: str, question: str | None, compare: Compare) -> Comparison | None:
    """Compares two sets of which one at least has a letter; None where neither has, or the letter adds nothing.

    Args:
        left: a normalised answer.
        right: a normalised answer.
        question: which may say whether zero is positive there.
        compare: two answers, where one is a region.
    """
    first, second = read_set(left), read_set(right)
    if first is not None and second is not None:
        return _compare(_resolved(first, question), _resolved(second, question))
    known, other = (first, right) if first is not None else (second, left)
    if known is None or known.letter != "R" or known.power != "1" or not known.sign:
        return None
    known = _resolved(known, question)
    if known.zero is not None:
        return compare((_WITH_ZERO if known.zero else _LINE)[known.sign], other)
    halves = {compare(half, other).outcome for half in (_LINE[known.sign], _WITH_ZERO[known.sign])}
    return not_equal("set") if halves == {Relation.NOT_EQUAL} else unknown("set", "with zero, or without")


def _compare(first: NumberSet, second: NumberSet) -> Comparison:
    if first == second or (first.lone and second.lone and (first.letter, first.sign) == (second.letter, second.sign)):
        return equal("set")
    if (first.letter, first.sign) != (second.letter, second.sign):
        return not_equal("set")
    if first.power != second.power:
        return unknown("set", "another power") if "n" in (first.power, second.power) else not_equal("set")
    if first.zero is None or second.zero is None:
        return unknown("set", "with zero, or without")
    return equal("set") if first.zero == second.zero else not_equal("set")


def _resolved(known: NumberSet, question: str | None) -> NumberSet:
    """A set with what the question says of zero, near a set of its own."""
    if known.zero is not None or not question:
        return known
    near = [question[max(0, match.start() - _NEAR) : match.end() + _NEAR] for match in _DECORATED.finditer(question)]
    positive = any(_POSITIVE.search(words) for words in near)
    not_negative = any(_NOT_NEGATIVE.search(words) for words in near)
    if positive == not_negative:
        return known
    return replace(known, zero=not_negative)
