r"""Reads LaTeX and Python notation into exact closed forms.

`\frac{3\sqrt{2}}{2}`, `2^{n-1}`, `3*sqrt(2)/2`, `x**2 - 1`.

A recursive-descent reader over one line. It reads everything or raises `UnsupportedError`: no character is ever
dropped.
"""

import math
import re
from fractions import Fraction
from functools import lru_cache

from validation.answers import algebra
from validation.answers.algebra import Closed, TooLargeError, UnsupportedError

_TOKEN = re.compile(
    r"\s*(?:(?P<number>(?:\d+\.\d*|\.\d+|\d+)(?:[eE][+-]?\d+)?(?![\d.]))|(?P<command>\\[A-Za-z]+|\\[{}|])|(?P<word>[A-Za-z]+)"
    r"|(?P<operator>\*\*|[-+*/^_!(){}\[\],|°]))"
)
_FUNCTIONS = frozenset([
    "sin", "cos", "tan", "cot", "sec", "csc", "sinh", "cosh", "tanh", "arcsin", "arccos", "arctan", "asin", "acos",
    "atan", "log", "ln", "exp", "sqrt", "cbrt",
])  # fmt: skip
_CONSTANTS = {"pi": "pi", "e": "e", "i": "i"}
_GREEK = frozenset([
    "alpha", "beta", "gamma", "delta", "epsilon", "zeta", "eta", "theta", "iota", "kappa", "lambda", "mu", "nu",
    "xi", "rho", "sigma", "tau", "phi", "varphi", "chi", "psi", "omega", "Gamma", "Delta",
])  # fmt: skip
_NAMES = _FUNCTIONS | {"pi", "oo", "binomial", "factorial", "Rational", "Fraction", "abs", "Abs", "degrees"}
_MAX_FACTORIAL = 1000
_MAX_DEPTH = 60
_MAX_LENGTH = 4000
_MAX_DIGITS = 4000  # int() refuses 4,301 digits

# sin(k * pi / 12) for the k whose value needs one square root, as (multiple of 1/2, radicand); after that by
# symmetry.
_SINES = {0: (0, 1), 2: (1, 1), 3: (1, 2), 4: (1, 3), 6: (2, 1)}


def _tokens(text: str) -> list[tuple[str, str]]:
    found, position = [], 0
    while position < len(text):
        match = _TOKEN.match(text, position)
        if match is None:
            if text[position:].strip():
                raise UnsupportedError(text[position : position + 20])
            break
        kind = match.lastgroup or ""
        value = match.group(kind)
        position = match.end()
        if kind == "word":
            found.extend(_split_word(value))
        else:
            found.append((kind, value))
    return found


def _split_word(word: str) -> list[tuple[str, str]]:
    """Splits a run of letters into functions, constants and one-letter variables: `xy`, `xsqrt`, `2pi`."""
    if word in _NAMES or word in _GREEK:
        return [("name", word)]
    for name in ("sqrt", "pi"):
        if name in word and len(word) <= len(name) + 2:
            left, _, right = word.partition(name)
            return [*(("name", c) for c in left), ("name", name), *(("name", c) for c in right)]
    if len(word) > 3:
        raise UnsupportedError(word)
    return [("name", letter) for letter in word]


class _Reader:
    def __init__(self, text: str) -> None:
        self.tokens = [*_tokens(text), ("", "")]
        self.position = 0
        self.depth = 0

    def peek(self) -> str:
        return self.tokens[self.position][1]

    def kind(self) -> str:
        return self.tokens[self.position][0]

    def take(self, expected: str | None = None) -> str:
        value = self.peek()
        if not value or (expected is not None and value != expected):
            raise UnsupportedError(f"expected {expected}, found {value or 'the end'}")
        self.position += 1
        return value

    def whole(self) -> Closed:
        value = self.sum()
        if self.peek():
            raise UnsupportedError(self.peek())
        return value

    def sum(self) -> Closed:
        self.depth += 1
        if self.depth > _MAX_DEPTH:
            raise TooLargeError
        sign = 1
        while self.peek() in ("+", "-"):
            sign *= -1 if self.take() == "-" else 1
        value = self.product()
        if sign < 0:
            value = algebra.negate(value)
        while self.peek() in ("+", "-"):
            sign = -1 if self.take() == "-" else 1
            value = algebra.add(value, self.product(), sign)
        self.depth -= 1
        return value

    def product(self) -> Closed:
        value = self.factor()
        while True:
            sign = self.peek()
            if sign in ("*", r"\cdot", r"\times"):
                self.take()
                value = algebra.multiply(value, self.signed())
            elif sign in ("/", r"\div"):
                self.take()
                value = algebra.divide(value, self.signed())
            elif self._starts_factor():
                value = algebra.multiply(value, self.factor())
            else:
                return value

    def signed(self) -> Closed:
        if self.peek() == "-":
            self.take()
            return algebra.negate(self.signed())
        if self.peek() == "+":
            self.take()
        return self.factor()

    def _starts_factor(self) -> bool:
        kind, value = self.kind(), self.peek()
        if kind == "number":
            before = self.tokens[self.position - 1]
            if before[0] == "number":
                raise UnsupportedError("two numbers side by side")
            return True
        if kind == "command":
            return value[1:] in _FUNCTIONS | _GREEK | {"pi", "frac", "sqrt", "binom"}
        return kind == "name" or value in ("(", "{", "[")

    def factor(self) -> Closed:
        base = self.atom()
        while True:
            sign = self.peek()
            if sign in ("^", "**"):
                self.take()
                base = algebra.power(base, self.exponent(sign))
            elif sign == "!":
                self.take()
                base = _factorial(base)
            elif sign == "°":
                self.take()
                base = _degrees(base)
            else:
                return base

    def exponent(self, sign: str) -> Closed:
        if self.peek() == "{":
            return self.group("{", "}")
        if sign == "**" or self.peek() == "(":
            if self.peek() == "-":
                self.take()
                return algebra.negate(self.exponent(sign))
            return self.factor()
        return self.single(signed=True)

    def single(self, *, signed: bool = False) -> Closed:
        r"""Reads what LaTeX takes as one argument: a group, or one digit or letter (`\frac12`, `\sqrt2`)."""
        if self.peek() == "{":
            return self.group("{", "}")
        if signed and self.peek() == "-":
            self.take()
            return algebra.negate(self.single())
        kind, value = self.tokens[self.position] if self.peek() else ("", "")
        if kind == "number" and len(value) > 1:
            if not value.isdigit():
                raise UnsupportedError(value)
            self.tokens[self.position] = (kind, value[1:])
            return algebra.number(int(value[0]))
        return self.atom()

    def group(self, left: str, right: str) -> Closed:
        self.take(left)
        value = self.sum()
        self.take(right)
        return value

    def atom(self) -> Closed:
        kind, value = self.kind(), self.peek()
        if kind == "number":
            self.take()
            return algebra.number(_decimal(value))
        if value in ("(", "[", "{"):
            return self.group(value, {"(": ")", "[": "]", "{": "}"}[value])
        if kind == "command":
            self.take()
            return self.command(value[1:])
        if kind == "name":
            self.take()
            return self.named(value)
        raise UnsupportedError(value or "the end")

    def command(self, name: str) -> Closed:
        if name == "frac":
            above = self.single()
            return algebra.divide(above, self.single())
        if name == "sqrt":
            order = self.group("[", "]") if self.peek() == "[" else algebra.number(2)
            radicand = self.single()
            return algebra.power(radicand, algebra.divide(algebra.number(1), order))
        if name == "binom":
            above = self.single()
            return _binomial(above, self.single())
        if name in _FUNCTIONS | _GREEK or name == "pi":
            return self.named(name)
        raise UnsupportedError("\\" + name)

    def named(self, name: str) -> Closed:
        if name in ("factorial", "binomial", "Rational", "Fraction"):
            return self.call(name)
        if name in ("oo", "abs", "Abs", "degrees"):
            raise UnsupportedError(name)
        if name in _FUNCTIONS:
            return self.function(name)
        if name in _CONSTANTS:
            return algebra.symbol(_CONSTANTS[name])
        if self.peek() == "_":
            self.take()
            start = self.position
            self.single()
            inside = "".join(v for _, v in self.tokens[start : self.position] if v not in "{}")
            return algebra.symbol(f"{name}_{inside}")
        return algebra.symbol(name)

    def call(self, name: str) -> Closed:
        self.take("(")
        first = self.sum()
        second = None
        if self.peek() == ",":
            self.take()
            second = self.sum()
        self.take(")")
        if name == "factorial" and second is None:
            return _factorial(first)
        if second is None:
            raise UnsupportedError(name)
        return _binomial(first, second) if name == "binomial" else algebra.divide(first, second)

    def function(self, name: str) -> Closed:
        if name in ("sqrt", "cbrt"):
            argument = self.single()
            return algebra.power(argument, algebra.number(Fraction(1, 2 if name == "sqrt" else 3)))
        base = None
        if self.peek() == "_":
            self.take()
            base = self.single()
        exponent = None
        if self.peek() in ("^", "**"):
            self.take()
            exponent = self.single(signed=True)
            if exponent.rational() == -1:
                raise UnsupportedError("inverse function")
        value = _apply(name, self.argument(), base)
        return value if exponent is None else algebra.power(value, exponent)

    def argument(self) -> Closed:
        if self.peek() in ("(", "{", "["):
            return self.factor()
        value = self.factor()
        while self.kind() in ("number", "name") or self.peek() in (r"\pi", r"\theta"):
            if self.kind() == "name" and self.peek() in _FUNCTIONS:
                break
            value = algebra.multiply(value, self.factor())
        return value


def _decimal(text: str) -> Fraction | int:
    if text.isdigit() and len(text) <= _MAX_DIGITS:
        return int(text)
    exponent = text.lower().partition("e")[2]
    if len(text) > _MAX_DIGITS or abs(int(exponent or 0)) > _MAX_DIGITS:
        raise TooLargeError
    return Fraction(text)


def _integer(value: Closed) -> int:
    rational = value.rational()
    if rational is None or rational.denominator != 1 or rational < 0:
        raise UnsupportedError("not a natural number")
    return int(rational)


def _factorial(value: Closed) -> Closed:
    count = _integer(value)
    if count > _MAX_FACTORIAL:
        raise TooLargeError
    return algebra.number(math.factorial(count))


def _binomial(above: Closed, below: Closed) -> Closed:
    n, k = _integer(above), _integer(below)
    if n > _MAX_FACTORIAL:
        raise TooLargeError
    result = Fraction(1)
    for step in range(min(k, n - k) if k <= n else 0):
        result = result * (n - step) / (step + 1)
    return algebra.number(result if k <= n else 0)


def _degrees(value: Closed) -> Closed:
    return algebra.multiply(value, algebra.divide(algebra.symbol("pi"), algebra.number(180)))


def _apply(name: str, argument: Closed, base: Closed | None) -> Closed:
    if name == "exp":
        return algebra.power(algebra.symbol("e"), argument)
    if name in ("log", "ln"):
        value = algebra.logarithm(argument, "ln" if base is not None else name)
        if base is None:
            return value
        quotient = algebra.divide(value, algebra.logarithm(base))
        exact = _exact_quotient(quotient)
        return exact if exact is not None else Closed(quotient.numerator, quotient.denominator, opaque=True)
    if name in ("sin", "cos", "tan"):
        exact = _trigonometric(name, argument)
        if exact is not None:
            return exact
    return algebra.opaque(f"{name}({algebra.name_of(argument)})")


def _exact_quotient(value: Closed) -> Closed | None:
    """Returns log_4 8 = 3/2 where numerator and denominator are rational multiples of each other."""
    if algebra.proportional(value, Closed(value.denominator, value.denominator)):
        first = min(value.numerator)
        return algebra.number(Fraction(value.numerator[first]) / value.denominator[first])
    return algebra.number(0) if not value.numerator else None


def _trigonometric(name: str, argument: Closed) -> Closed | None:
    turns = algebra.divide(argument, algebra.symbol("pi"))
    ratio = turns.rational() if argument.numerator else Fraction(0)
    if ratio is None:
        ratio = _cancelled(turns)
    if ratio is None or (ratio * 12).denominator != 1:
        return None
    step = int(ratio * 12) % 24
    sine = _sine(step)
    cosine = _sine((step + 6) % 24)
    if name == "sin":
        return sine
    if name == "cos" or sine is None or cosine is None:
        return cosine if name == "cos" else None
    return algebra.divide(sine, cosine)


def _cancelled(value: Closed) -> Fraction | None:
    """Returns c for c*pi / pi, which the quotient of polynomials does not cancel by itself."""
    pi = algebra.symbol("pi")
    if set(value.numerator) == set(pi.numerator) == set(value.denominator):
        key = next(iter(pi.numerator))
        return Fraction(value.numerator[key]) / value.denominator[key]
    return None


def _sine(step: int) -> Closed | None:
    sign = 1
    if step >= 12:
        step, sign = step - 12, -1
    step = 12 - step if step > 6 else step
    if step not in _SINES:
        return None
    halves, radicand = _SINES[step]
    root = algebra.power(algebra.number(radicand), algebra.number(Fraction(1, 2)))
    return algebra.multiply(algebra.number(Fraction(sign * halves, 2)), root)


@lru_cache(maxsize=4096)
def read(text: str) -> Closed:
    """Reads one normalised expression.

    Raises:
        UnsupportedError: the notation is not one that is read here; nothing is guessed.
        TooLargeError: the value or the expansion is out of bounds.
    """
    if not text or len(text) > _MAX_LENGTH:
        raise UnsupportedError("empty or too long")
    return _Reader(text).whole()
