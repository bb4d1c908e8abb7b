"""Words that ask something else when another of their class stands for them: opposites, units, kinds, ordinals, days.

Names, things and adjectives are free to differ between near-duplicates; those of `guard` must be the same. The words
here stand between: a copy may have lost one, but where each of two texts has one that the other lacks, of one class
(`kilograms` for `grams`, `inside` for `outside`), one was exchanged for the other, and they are two problems. So are
two texts whose names are the same and stand in another order: Tom's age is asked in one and Ann's in the other.
"""

from collections import Counter
from collections.abc import Iterable, Sequence

import numpy as np
import pyarrow as pa

from pipelines.text.postings import Postings
from pipelines.text.tokens import letter_runs
from pipelines.text.words import words_of

_CLASSES = """
    larger smaller bigger greater lesser
    older younger
    taller longer shorter
    faster slower quicker
    higher lower upper
    heavier lighter
    inside outside
    inner outer
    interior exterior
    internal external
    above below
    top bottom
    up down upward downward upwards downwards
    uphill downhill
    upstream downstream
    forward backward forwards backwards
    clockwise counterclockwise anticlockwise
    north south east west
    horizontal vertical diagonal
    horizontally vertically diagonally
    parallel perpendicular
    ascending descending
    increasing decreasing nonincreasing nondecreasing
    increases decreases
    concave convex
    inclusive exclusive
    inscribed circumscribed
    open closed
    finite infinite
    possible impossible
    equal unequal
    true false
    always sometimes never
    heads tails
    win lose
    wins loses
    won lost
    row column
    rows columns
    buys sells
    bought sold
    gives gets receives
    gave got received
    deposits withdraws
    deposited withdrew
    gains loses
    gained lost
    starts begins ends stops finishes
    early late
    profit loss
    simple compound
    acute obtuse reflex
    isosceles equilateral scalene right
    arithmetic geometric harmonic
    real imaginary
    numerator denominator
    derivative antiderivative integral
    floor ceiling
    lcm gcd gcf
    determinant trace transpose inverse
    adjacent opposite hypotenuse
    sin cos tan cot sec csc arcsin arccos arctan
    celsius fahrenheit kelvin
    zero one
    million billion trillion
    first second third fourth fifth sixth seventh eighth ninth tenth eleventh twelfth
    halves thirds fourths fifths sixths sevenths eighths ninths tenths hundredths thousandths
    monday tuesday wednesday thursday friday saturday sunday
    january february march april june july august september october november december
    penny nickel dime quarter
    pennies nickels dimes quarters
    milligram gram kilogram ton ounce pound
    milligrams grams kilograms tons ounces pounds
    milliliter liter millilitre litre gallon quart pint cup teaspoon tablespoon
    milliliters liters millilitres litres gallons quarts pints cups teaspoons tablespoons
    millimeter centimeter meter kilometer millimetre centimetre metre kilometre inch foot yard mile
    millimeters centimeters meters kilometers millimetres centimetres metres kilometres inches feet yards miles
    second minute hour day week month year
    seconds minutes hours days weeks months years
    cent euro dollar
    cents euros dollars
"""
_WORDS = [(kind, word) for kind, line in enumerate(_CLASSES.strip().splitlines()) for word in line.split()]
_CLASS = 16  # bits that the number of a word takes
_NAME = 1 << 31  # from here on a term is the hash of a word that begins with a capital
_TERMS = Postings.of(
    words_of(pa.array([word for _, word in _WORDS])).hashes,
    np.array([(kind << _CLASS) | place for place, (kind, _) in enumerate(_WORDS)]),
)


def terms_of(texts: pa.Array) -> pa.ListArray:
    """The words of each text that belong to a class, as numbers that hold it, and its names, in the text's order."""
    words, capital = letter_runs(texts)
    places, terms = _TERMS.hits(words.hashes)
    named = np.setdiff1d(np.flatnonzero(capital), places)
    names = _NAME | (words.hashes[named] >> np.uint64(33)).astype(np.int64)
    where = np.concatenate((places, named))
    order = np.argsort(where, kind="stable")
    values = np.concatenate((terms, names))[order]
    offsets = np.searchsorted(words.rows[where[order]], np.arange(len(texts) + 1))
    return pa.ListArray.from_arrays(pa.array(offsets, pa.int32()), pa.array(values, pa.uint32()))


def exchanged(left: Sequence[int], right: Sequence[int]) -> bool:
    """Whether a word was exchanged for another of its class, or names and such words have changed places."""
    if left == right:
        return False
    swapped = len(left) == len(right) and set(left) == set(right)
    only_left, only_right = Counter(left) - Counter(right), Counter(right) - Counter(left)
    return swapped or not _classes(only_left).isdisjoint(_classes(only_right))


def _classes(terms: Iterable[int]) -> set[int]:
    return {term >> _CLASS for term in terms if term < _NAME}
