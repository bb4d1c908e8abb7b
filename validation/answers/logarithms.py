r"""`log` beside `ln`: the same function where a program wrote it, and one that differs by a factor in a book.

A quotient of two logarithms has no base: `\frac{\log 5}{\log 2}` is `\log_2 5`.
"""

import re
from fractions import Fraction

from validation.answers import algebra, notation
from validation.answers.algebra import Closed, Polynomial, UnsupportedError
from validation.answers.outcome import Comparison, equal, unknown
from validation.answers.values import Scalar

_LOG = re.compile(r"(?<![A-Za-z])(?:\\)?log(?![A-Za-z_])")
_CALLED = re.compile(r"(?<![\\A-Za-z])log\(")  # as in Python, where it is the natural one
_NAMED = re.compile(r"\??(ln|log)[\d(]")
_TEN: Polynomial = {(("ln2", 1),): 1, (("ln5", 1),): 1}  # ln 10


def compare_logarithms(gold: Scalar, answer: Scalar, target: Closed, value: Closed) -> Comparison | None:
    """Compares values of which one speaks of `ln` or of a base and the other of `log`; None where they differ."""
    if target.rational() is not None or value.rational() is not None:
        return None
    if not {"ln", "log"} <= _kinds(target) | _kinds(value):
        return None
    if algebra.same(_in_natural(target), _in_natural(value)):
        return equal("logarithm")
    for written, other in ((gold.written, value), (answer.written, target)):
        natural = _natural_reading(written)
        if natural is not None and algebra.same(natural, other):
            if _CALLED.search(written) and "\\log" not in written:
                return equal("logarithm", "as programs call the natural logarithm")
            return unknown("logarithm", "equal where log is the natural logarithm")
    return None


def _kinds(value: Closed) -> set[str]:
    names = (name for part in (value.numerator, value.denominator) for monomial in part for name, _ in monomial)
    return {match[1] for name in names if name[0] in "l?" and (match := _NAMED.match(name)) is not None}


def _natural_reading(written: str) -> Closed | None:
    try:
        return notation.read(_LOG.sub(r"\\ln", written)) if _LOG.search(written) else None
    except UnsupportedError:
        return None


def _in_natural(value: Closed) -> Closed:
    """Returns a form with each logarithm to base ten as a quotient of natural ones."""
    above, below = _replaced(value.numerator), _replaced(value.denominator)
    return algebra.divide(above, below)._replace(opaque=value.opaque)


def _replaced(polynomial: Polynomial) -> Closed:
    total = algebra.number(0)
    for monomial, scale in polynomial.items():
        kept = tuple(factor for factor in monomial if not _is_common(factor[0]))
        term = Closed({kept: scale}, algebra.UNIT)
        for name, exponent in monomial:
            if _is_common(name) and Fraction(exponent).denominator == 1:
                quotient = Closed({((f"ln{name[3:]}", 1),): 1}, dict(_TEN))
                for _ in range(abs(int(exponent))):
                    term = (algebra.multiply if exponent > 0 else algebra.divide)(term, quotient)
        total = algebra.add(total, term)
    return total


def _is_common(name: str) -> bool:
    return name[:3] == "log" and name[3:].isdigit()
