r"""Reads LaTeX and Python notation into exact closed forms.

`\frac{3\sqrt{2}}{2}`, `2^{n-1}`, `3*sqrt(2)/2`, `x**2 - 1`.

A recursive-descent reader over one line. It reads everything or raises `UnsupportedError`: no character is ever
dropped.
"""

import re
from collections.abc import Callable
from fractions import Fraction
from functools import lru_cache, reduce

from validation.answers import algebra, functions, powers
from validation.answers.algebra import Closed, TooLargeError, UnsupportedError

# The last alternative takes what is no token, so that nothing is skipped.
_TOKEN = re.compile(
    r"((?:\d+\.\d*|\.\d+|\d+)(?:[eE][+-]?\d+)?(?![\d.])|\\[A-Za-z]+|\\[{}|]|[A-Za-z]+|\*\*|[-+*/^_!(){}\[\],|°'=])|(\S)"
)
_FUNCTIONS = frozenset([
    "sin", "cos", "tan", "cot", "sec", "csc", "sinh", "cosh", "tanh", "arcsin", "arccos", "arctan", "asin", "acos",
    "atan", "log", "ln", "lg", "exp", "sqrt", "cbrt",
])  # fmt: skip
_CONSTANTS = frozenset(["pi", "e", "i"])
_GREEK = frozenset([
    "alpha", "beta", "gamma", "delta", "epsilon", "zeta", "eta", "theta", "iota", "kappa", "lambda", "mu", "nu",
    "xi", "rho", "sigma", "tau", "phi", "varphi", "chi", "psi", "omega", "Gamma", "Delta", "Theta", "Lambda", "Xi",
    "Sigma", "Phi", "Psi", "Omega", "varepsilon", "vartheta", "varrho", "hbar", "ell",
    "aleph", "varpi", "upsilon",
])  # fmt: skip
_WHOLE = {"floor", "ceil", "ceiling"}
REPEATED = re.compile(r"\\(?:sum|prod)(?![A-Za-z])")
_NAMES = _FUNCTIONS | {"pi", "oo", "binomial", "factorial", "Rational", "Fraction", "abs", "Abs", "degrees"} | _WHOLE
_BEGINNING = (
    _FUNCTIONS | _GREEK | {"pi", "frac", "binom", "vec", "lfloor", "lceil", "sum", "prod"}
)  # commands that begin a factor
# Three letters that are a word, no product.
_WORDS = frozenset([
    "and", "mod", "the", "for", "not", "are", "any", "all", "but", "out", "per", "one", "two", "six", "ten", "gcd",
    "lcm", "min", "max", "det", "deg", "dim", "lim", "sum", "day", "way", "cis", "arg", "sup", "inf", "sgn", "cov",
])  # fmt: skip
_TWO_WORDS = re.compile(r"(?<![\\A-Za-z])([A-Za-z]{2,3}) ([A-Za-z]{2,3})(?![A-Za-z])")  # `It is`: a sentence
_SIGNS = frozenset("+-")
_POWERS = frozenset(["^", "**"])
_BEHIND = _POWERS | {"!", "°"}
_OPENING = {"(": ")", "[": "]", "{": "}"}
LONG_RUN = re.compile(r"(?:\^-?|\\sqrt)\d{2}")
_RUN_ON = re.compile(r"\^\d{2,}\^")  # factors without a sign between them, by a hand that writes as TeX reads
_TEN = algebra.number(10)
_ONE, _HALF, _THIRD = algebra.number(1), algebra.number(Fraction(1, 2)), algebra.number(Fraction(1, 3))
_MAX_DEPTH = 60
_MAX_REPEATED = 50_000  # tokens that sums and products read, each once for every value of its letter
_MAX_LENGTH = 4000
MAX_DIGITS = 4000  # int() refuses 4,301 digits


def _tokens(text: str) -> list[tuple[str, str]]:
    """Splits into kind and token: number, command, name, or the token itself for an operator; the end is empty."""
    found = []
    if (words := _TWO_WORDS.search(text)) and not _NAMES.intersection(words.groups()):
        raise UnsupportedError(words.group())
    for token, other in _TOKEN.findall(text):
        if other:
            raise UnsupportedError(other)
        first = token[0]
        if first.isalpha():
            found.extend(_split_word(token))
        elif first in "0123456789." or first.isdigit():
            found.append(("number", token))
        elif first == "\\" and token[1].isalpha():
            found.append(("command", token[1:]))
        else:
            found.append((token, token))
    found.append(("", ""))
    return found


def _split_word(word: str) -> list[tuple[str, str]]:
    """Splits a run of letters into functions, constants and one-letter variables: `xy`, `xsqrt`, `2pi`."""
    if len(word) == 1 or word in _NAMES or word in _GREEK:
        return [("name", word)]
    for name in ("sqrt", "pi"):
        if name in word and len(word) <= len(name) + 2:
            left, _, right = word.partition(name)
            return [*(("name", c) for c in left), ("name", name), *(("name", c) for c in right)]
    if len(word) > 3 or word in _WORDS:
        raise UnsupportedError(word)
    return [("name", letter) for letter in word]


class _Reader:
    """A recursive descent; `kind` and `value` are those of the token that stands next."""

    def __init__(self, text: str, *, strict: bool) -> None:
        self.strict = strict
        self.tokens = _tokens(text)
        self.position = 0
        self.kind, self.value = self.tokens[0]
        self.depth = 0
        self.repeated = 0
        self.bound: dict[str, Closed] = {}

    def advance(self) -> None:
        self.position += 1
        self.kind, self.value = self.tokens[self.position]

    def take(self, expected: str) -> None:
        if self.kind != expected:
            raise UnsupportedError(f"expected {expected}, found {self.value or 'the end'}")
        self.advance()

    def whole(self) -> Closed:
        value = self.sum()
        if self.kind:
            raise UnsupportedError(self.value)
        return value

    def sum(self) -> Closed:
        self.depth += 1
        if self.depth > _MAX_DEPTH:
            raise TooLargeError
        value = algebra.negate(self.product()) if self.sign() < 0 else self.product()
        while self.kind in _SIGNS:
            sign = -1 if self.kind == "-" else 1
            self.advance()
            value = algebra.add(value, self.product(), sign)
        self.depth -= 1
        return value

    def sign(self) -> int:
        sign = 1
        while self.kind in _SIGNS:
            sign = -sign if self.kind == "-" else sign
            self.advance()
        return sign

    def product(self) -> Closed:
        value = self.factor()
        while True:
            kind = self.kind
            if kind in _OPENING or kind == "name" or (kind == "command" and self.value in _BEGINNING):
                value = algebra.multiply(value, self.factor())
            elif kind == "number":
                if self.tokens[self.position - 1][0] == "number":
                    raise UnsupportedError("two numbers side by side")
                value = algebra.multiply(value, self.factor())
            elif kind == "*" or (kind == "command" and self.value in ("cdot", "times")):
                self.advance()
                value = algebra.multiply(value, self.signed())
            elif kind == "/" or (kind == "command" and self.value == "div"):
                self.advance()
                value = algebra.divide(value, self.signed())
            else:
                return value

    def signed(self) -> Closed:
        if self.kind == "-":
            self.advance()
            return algebra.negate(self.signed())
        if self.kind == "+":
            self.advance()
        return self.factor()

    def factor(self) -> Closed:
        base = self.atom()
        while self.kind in _BEHIND:
            sign = self.kind
            self.advance()
            if sign == "!" and self.kind == "!":
                self.advance()
                base = functions.double_factorial(base)
            elif sign == "!":
                base = functions.factorial(base)
            elif sign == "°":
                base = functions.degrees(base)
            else:
                base = functions.power(base, self.exponent(sign))
                if sign == self.kind == "^":
                    raise UnsupportedError("a tower of powers without brackets")
        return base

    def exponent(self, sign: str) -> Closed:
        if self.kind == "{":
            return self.group()
        if self.kind == "-" and (sign == "**" or not self.strict):
            self.advance()
            return algebra.negate(self.exponent(sign))
        if sign == "**" or self.kind == "(":
            return self.factor()
        return self.run(signed=True)

    def single(self, *, signed: bool = False) -> Closed:
        r"""Reads what LaTeX takes as one argument: a group, or one digit or letter (`\frac12`, `\sqrt2`)."""
        if self.kind == "{":
            return self.group()
        if signed and self.kind == "-":
            self.advance()
            return algebra.negate(self.single())
        if self.kind == "number" and len(self.value) > 1:
            first, rest = self.value[0], self.value[1:]
            if not self.value.isdigit():
                raise UnsupportedError(self.value)
            self.tokens[self.position] = (self.kind, rest)
            self.value = rest
            return algebra.number(int(first))
        return self.atom()

    def run(self, *, signed: bool = False) -> Closed:
        r"""Reads one argument, and all digits of a number although TeX would take the first: `2^10`, `\sqrt12`."""
        return self.atom() if self.kind == "number" and not self.strict else self.single(signed=signed)

    def group(self, left: str = "") -> Closed:
        left = left or self.kind
        self.take(left)
        right = _OPENING[left]
        value = self.sum()
        self.take(right)
        return value

    def atom(self) -> Closed:
        kind, value = self.kind, self.value
        if kind in _OPENING:
            return self.group()
        if kind == "number":
            self.advance()
            return algebra.number(_decimal(value))
        if kind == "command":
            self.advance()
            return self.command(value)
        if kind == "name":
            self.advance()
            return self.named(value)
        if kind == "|":
            self.advance()
            inside = self.sum()
            self.take("|")
            return functions.absolute(inside)
        raise UnsupportedError(value or "the end")

    def command(self, name: str) -> Closed:
        if name == "frac":
            above = self.single()
            return algebra.divide(above, self.single())
        if name == "sqrt":
            order = self.group() if self.kind == "[" else None
            radicand = self.run()
            return powers.power(radicand, _HALF if order is None else algebra.divide(_ONE, order))
        if name == "binom":
            above = self.single()
            return functions.binomial(above, self.single())
        if name in ("lfloor", "lceil"):
            inside = self.sum()
            if (self.kind, self.value) != ("command", f"r{name[1:]}"):
                raise UnsupportedError("\\" + name)
            self.advance()
            return functions.whole(inside, up=name == "lceil")
        if name == "vec":
            inside = self.single()
            return algebra.symbol(f"vec_{algebra.name_of(inside)}")
        if name in ("sum", "prod"):
            return self.repeat(algebra.add if name == "sum" else algebra.multiply)
        if name in _BEGINNING:
            return self.named(name)
        raise UnsupportedError("\\" + name)

    def repeat(self, join: Callable[[Closed, Closed], Closed]) -> Closed:
        r"""Reads what stands behind `\sum_{k=1}^{10}` up to the next plus or minus, once for every k."""
        letter, first, last = self.limits()
        outer, start, tokens = self.bound, self.position, self.tokens[self.position :]
        self.repeated += (last - first + 1) * len(tokens)
        if self.repeated > _MAX_REPEATED:
            raise TooLargeError
        values = []
        for value in range(first, last + 1):
            self.tokens[start:] = tokens  # a token may have been read in two
            self.position = start - 1
            self.advance()
            self.bound = {**outer, letter: algebra.number(value)}
            values.append(self.product())
        self.bound = outer
        if not values or self.kind in _SIGNS:
            raise UnsupportedError("a sum of nothing, or one whose end is not said")
        return reduce(join, values)

    def limits(self) -> tuple[str, int, int]:
        """Reads from where to where a sum or a product goes, and the letter that counts."""
        letter, ends = "", {}
        for sign in (self.kind, "^" if self.kind == "_" else "_"):
            self.take(sign)
            if sign == "_":
                self.take("{")
                letter = self.value
                self.take("name")
                self.take("=")
                ends[sign] = self.sum().rational()
                self.take("}")
            else:
                ends[sign] = self.single().rational()
        first, last = ends["_"], ends["^"]
        if first is None or last is None or first.denominator != 1 or last.denominator != 1:
            raise UnsupportedError("a sum without an end")
        return letter, int(first), int(last)

    def named(self, name: str) -> Closed:
        if name in self.bound and self.kind != "_":
            return self.bound[name]
        if name in _FUNCTIONS:
            return self.function(name)
        if name in ("factorial", "binomial", "Rational", "Fraction"):
            return self.call(name)
        if name in ("abs", "Abs"):
            return functions.absolute(self.group("("))
        if name in _WHOLE:
            return functions.whole(self.group("("), up=name != "floor")
        if name in ("oo", "degrees"):
            raise UnsupportedError(name)
        if self.kind == "_" and name not in _CONSTANTS:
            self.advance()
            below = self.subscript()
            if "=" in below or not self.bound.keys().isdisjoint(below):
                raise UnsupportedError(f"_{below}")
            name = f"{name}_{below}"
        while self.kind == "'":
            self.advance()
            name += "'"
        return algebra.symbol(name)

    def subscript(self) -> str:
        r"""Reads a group, or one digit, letter or command, as part of a name: `R_{\odot}`, `v_{1,x}`."""
        if self.kind == "command":
            name = self.value
            self.advance()
            return name
        if self.kind != "{":
            start = self.position
            self.single()
            return "".join(value for _, value in self.tokens[start : self.position])
        depth, inside = 0, ""
        while True:
            depth += (self.kind == "{") - (self.kind == "}")
            inside += "" if self.kind in ("{", "}") else self.value
            if not self.kind:
                raise UnsupportedError("a subscript without an end")
            self.advance()
            if not depth:
                return inside

    def call(self, name: str) -> Closed:
        self.take("(")
        first = self.sum()
        second = None
        if self.kind == ",":
            self.advance()
            second = self.sum()
        self.take(")")
        if name == "factorial" and second is None:
            return functions.factorial(first)
        if second is None:
            raise UnsupportedError(name)
        return functions.binomial(first, second) if name == "binomial" else algebra.divide(first, second)

    def function(self, name: str) -> Closed:
        if name in ("sqrt", "cbrt"):
            return powers.power(self.single(), _HALF if name == "sqrt" else _THIRD)
        base = None
        if self.kind == "_":
            self.advance()
            base = self.single()
        exponent = None
        if self.kind in _POWERS:
            self.advance()
            exponent = self.single(signed=True)
            if exponent.rational() == -1:
                raise UnsupportedError("inverse function")
        if name == "lg":
            name, base = "log", _TEN
        value = functions.apply(name, self.argument(), base)
        return value if exponent is None else powers.power(value, exponent)

    def argument(self) -> Closed:
        """Reads what a function is applied to: a bracket and no more, else all factors up to the next function."""
        if self.kind in _OPENING:
            return self.group()
        value = self.factor()
        while self.kind in ("number", "name") or (self.kind == "command" and self.value in ("pi", "theta")):
            if self.kind == "name" and self.value in _FUNCTIONS:
                break
            value = algebra.multiply(value, self.factor())
        return value


def _decimal(text: str) -> Fraction | int:
    if text.isdigit() and len(text) <= MAX_DIGITS:
        return int(text)
    exponent = text.lower().partition("e")[2]
    if len(text) > MAX_DIGITS or abs(int(exponent or 0)) > MAX_DIGITS:
        raise TooLargeError
    return Fraction(text)


@lru_cache(maxsize=4096)
def read(text: str, *, strict: bool = False) -> Closed:
    """Reads one normalised expression.

    Args:
        text: the expression.
        strict: whether `2^10` is what TeX makes of it, 2^1 * 0; always so in `2^33^25`, which is 2^3 * 3^2 * 5.

    Raises:
        UnsupportedError: the notation is not one that is read here; nothing is guessed.
        TooLargeError: the value or the expansion is out of bounds.
    """
    if not text or len(text) > _MAX_LENGTH:
        raise UnsupportedError("empty or too long")
    return _Reader(text, strict=strict or _RUN_ON.search(text) is not None).whole()
