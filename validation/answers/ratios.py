r"""Reads ratios: `3:4:5`, `3 to 4`, `\sqrt{2}:1`."""

import re
from fractions import Fraction

from validation.answers import algebra, notation
from validation.answers.algebra import UnsupportedError
from validation.answers.brackets import parts
from validation.answers.moments import is_clock
from validation.answers.values import Ratio, Scalar, Several

_RATIO = re.compile(r"(\d+(?:\.\d+)?)(?:\s*(?::|\sto\s)\s*(\d+(?:\.\d+)?))(?:\s*:\s*(\d+(?:\.\d+)?))?\Z")
_MOST_TERMS = 4  # of a ratio


def read_ratio(text: str) -> Ratio | None:
    """Reads a ratio of two or three numbers; None for any other text."""
    match = _RATIO.match(text)
    if match is None:
        return None
    return Ratio(tuple(Fraction(group) for group in match.groups() if group), is_clock(text))


def read_ratio_of_roots(text: str) -> Scalar | Several | None:
    r"""Reads `\sqrt{2}:1` as its quotient, and a ratio of three as what each is beside the last."""
    terms = parts(text, ":") if ":" in text and ("\\sqrt" in text or "\\pi" in text) else []
    if not 2 <= len(terms) <= _MOST_TERMS:
        return None
    try:
        *first, last = map(notation.read, terms)
    except UnsupportedError:
        return None
    if algebra.symbols_of(algebra.total([*first, last])):
        return None
    beside = tuple(Scalar(algebra.divide(term, last)) for term in first)
    return beside[0] if len(beside) == 1 else Several("tuple", (*beside, Scalar(algebra.number(1))))
