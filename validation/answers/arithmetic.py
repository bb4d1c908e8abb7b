"""Checks the calculations written in a solution, `<<48/2=24>>`, exactly with fractions.

By a small reader of its own (no eval).
"""

import operator
import re
from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction
from functools import lru_cache

_ANNOTATION = re.compile(r"<<([^<>]*)>>")
_TOKEN = re.compile(r"\s*(?:(\d[\d,]*(?:\.\d+)?|\.\d+)|(\*\*|//|[-+*/()%^x×÷]))")
_NUMBER = re.compile(r"\s*+([-+]?)\s*+[$€£]?\s*+(\d[\d,]*+\.?\d*+|\.\d++)(?:/(\d++))?\s*+(%?)\s*+\Z")
_MAX_DIGITS = 300
_OPERATIONS: dict[str, Callable[[Fraction, Fraction], Fraction]] = {
    "*": operator.mul, "x": operator.mul, "×": operator.mul, "(": operator.mul, "/": operator.truediv,
    "÷": operator.truediv, "//": lambda left, right: Fraction(left // right),
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Calculation:
    """One annotation: what it computes, what it states, the exact value (None: not read) and whether they agree."""

    expression: str
    stated: str
    value: Fraction | None
    exact: bool


class _Reader:
    """expression := term (+|- term)*; term := factor (*|/ factor)*; factor := sign factor | atom (^ factor)? %?."""

    def __init__(self, text: str) -> None:
        self.tokens: list[str] = []
        position = 0
        while position < len(text):
            match = _TOKEN.match(text, position)
            if match is None:
                if text[position:].strip():
                    raise ValueError(text)
                break
            self.tokens.append(match.group(1) or match.group(2))
            position = match.end()
        self.position = 0

    def peek(self) -> str:
        return self.tokens[self.position] if self.position < len(self.tokens) else ""

    def take(self) -> str:
        token = self.peek()
        self.position += 1
        return token

    def sum(self) -> Fraction:
        value = self.term()
        while self.peek() in ("+", "-"):
            value = value + self.term() if self.take() == "+" else value - self.term()
        return value

    def term(self) -> Fraction:
        value = self.factor()
        while self.peek() in ("*", "/", "//", "x", "×", "÷") or self.peek() == "(":
            sign = self.peek()
            if sign != "(":
                self.take()
            other = self.factor()
            value = _OPERATIONS[sign](value, other)
        return value

    def factor(self) -> Fraction:
        if self.peek() in ("+", "-"):
            return -self.factor() if self.take() == "-" else self.factor()
        value = self.atom()
        if self.peek() in ("^", "**"):
            self.take()
            exponent = self.factor()
            if exponent.denominator != 1 or abs(exponent) > 100:
                raise ValueError("exponent")
            value = value ** int(exponent)
        if self.peek() == "%":
            self.take()
            value /= 100
        return value

    def atom(self) -> Fraction:
        token = self.take()
        if token == "(":
            value = self.sum()
            if self.take() != ")":
                raise ValueError("an open parenthesis")
            return value
        if not token or not (token[0].isdigit() or token[0] == ".") or len(token) > _MAX_DIGITS:
            raise ValueError(token)
        return Fraction(int(token)) if token.isdigit() else Fraction(token.replace(",", ""))


@lru_cache(maxsize=1024)
def calculate(expression: str) -> Fraction | None:
    """Returns the exact value of `+ - * / ^ %` and parentheses over decimals.

    None when anything else stands there.
    """
    if len(expression) > 2000:
        return None
    try:
        reader = _Reader(expression.replace("$", ""))
        value = reader.sum()
    except (ValueError, ZeroDivisionError, RecursionError):
        return None
    return value if not reader.peek() else None


def stated_value(text: str) -> Fraction | None:
    """Returns the number that an annotation states: `1,200`, `.5`, `-3`, `1/3`, `25%`."""
    match = _NUMBER.match(text) if len(text) <= _MAX_DIGITS else None
    if match is None:
        return None
    sign, digits, below, percent = match.groups()
    if below is not None and not int(below):
        return None
    value = Fraction(digits.replace(",", "").rstrip(".") or "0")
    if below is not None or percent:
        value /= int(below or 1) * (100 if percent else 1)
    return -value if sign == "-" else value


def annotations_in(text: str) -> tuple[str, ...]:
    """Returns what stands inside every `<<expression=value>>`, in order."""
    return tuple(_ANNOTATION.findall(text))


def check_annotations(text: str) -> list[Calculation]:
    """Checks every `<<expression=value>>` of a solution, in order.

    Returns:
        One Calculation each; `exact` is False both for a wrong value and for one that could not be read (value
        None).
    """
    found = []
    for annotation in annotations_in(text):
        expression, _, stated = annotation.rpartition("=")
        value, claim = calculate(expression), stated_value(stated)
        found.append(Calculation(expression, stated, value, value is not None and value == claim))
    return found


def strip_annotations(text: str) -> str:
    """Removes the annotations and leaves the text around them."""
    return _ANNOTATION.sub("", text)
