"""Comparison of what is no single number: intervals, times, ratios, words."""

import re

from validation.answers import algebra
from validation.answers.algebra import Closed, UnsupportedError
from validation.answers.outcome import Comparison, equal, not_equal, unknown
from validation.answers.questions import Asked
from validation.answers.regions import interval_of, simplified
from validation.answers.scalars import is_range
from validation.answers.values import Interval, Moment, Order, Ratio, Region, Scalar, Several, Value, Words

_ARTICLES = re.compile(r"\b(?:the|a|an|is|are|it|will|be|on|at|le|la|el|der|die|das)\b|[^\w\s]")
_ALL = re.compile(r"\Aall (?:the )?(?=\w)")
_RELATED = ({"does not exist", "diverges"}, {"does not exist", "无"})
_NEGATION = re.compile(r"(?:in|im|ir|un|non|dis|a)-?|[不没无非未]有?|不是")


def compare_regions(gold: Value, answer: Value) -> Comparison:
    """Compares sets of real numbers, however they are written."""
    first, second = _region_of(gold), _region_of(answer)
    if first is None or second is None:
        kinds = [v for v in (gold, answer) if not isinstance(v, Region)]
        if all(isinstance(v, Scalar) for v in kinds):
            if _is_bound(first or second, [v.closed for v in kinds if isinstance(v, Scalar)]):
                return unknown("region", "a bound beside its number")
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


def _is_bound(region: Region | None, numbers: list[Closed]) -> bool:
    """Says whether a region is `at least 5`, and one of the numbers is 5."""
    if region is None or region.variable or len(region.intervals) != 1:
        return False
    ends = [end for end in (region.intervals[0].low, region.intervals[0].high) if end is not None]
    return len(ends) == 1 and ends[0] in numbers


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


def compare_orders(gold: Order, answer: Order) -> Comparison:
    """Compares orders; two that are written otherwise may follow from each other, unless they say the opposite."""
    if gold.differences == answer.differences:
        return equal("order")
    left, right = ({terms for terms, _ in order.differences} for order in (gold, answer))
    opposite = {tuple((monomial, -scale) for monomial, scale in terms) for terms in left}
    single = len(gold.differences) == 1
    if single and opposite == right:
        return not_equal("order", "the opposite")
    if opposite & right:
        return not_equal("order", "two of them the other way round")
    if single and left == right:
        return not_equal("order", "one of them is strict")
    return unknown("order", "orders that are written otherwise")


def compare_moments(gold: Value, answer: Value) -> Comparison:
    """Compares dates and times of day."""
    if isinstance(gold, Ratio) or isinstance(answer, Ratio):
        ratio, moment = (gold, answer) if isinstance(gold, Ratio) else (answer, gold)
        assert isinstance(ratio, Ratio)
        assert isinstance(moment, Moment)
        minutes = ratio.parts[0] * 60 + ratio.parts[1]
        if moment.kind != "clock" or len(ratio.parts) != 2 or moment.value[1] or minutes % 720 != moment.value[0] % 720:
            return not_equal("moment")
        return equal("moment") if minutes == moment.value[0] else unknown("moment", "morning or afternoon")
    if not (isinstance(gold, Moment) and isinstance(answer, Moment)) or gold.kind != answer.kind:
        return unknown("moment", "a time beside another kind")
    if gold.kind == "clock":
        return equal("moment") if gold.value == answer.value else not_equal("moment")
    if gold.value[:2] == answer.value[:2] and 0 in (gold.value[2], answer.value[2]):
        return equal("moment")
    return equal("moment") if gold.value == answer.value else not_equal("moment")


def compare_ratios(gold: Value, answer: Value, asked: Asked) -> Comparison:
    """Compares ratios; a multiple or a quotient is equal only where the question asks for a ratio."""
    if isinstance(gold, Ratio) and isinstance(answer, Ratio):
        if gold.parts == answer.parts:
            return equal("ratio")
        if len(gold.parts) != len(answer.parts) or 0 in answer.parts or 0 in gold.parts:
            return not_equal("ratio")
        scale = gold.parts[0] / answer.parts[0]
        if any(a != scale * b for a, b in zip(gold.parts, answer.parts, strict=True)):
            return not_equal("ratio")
        if asked.ratio or not (gold.clock and answer.clock):
            return equal("ratio")
        return unknown("ratio", "equal as ratios, and perhaps times of day")
    ratio, other = (gold, answer) if isinstance(gold, Ratio) else (answer, gold)
    assert isinstance(ratio, Ratio)
    if not isinstance(other, Scalar) or len(ratio.parts) != 2 or not ratio.parts[1]:
        return unknown("ratio", "a ratio beside another kind")
    if other.unevaluated and is_range(other):
        return unknown("ratio", "a range beside a ratio")
    if ratio.clock and other.unit is not None and other.unit.dimension == "time":
        return unknown("ratio", "a duration, or a time of day")
    if other.rational != ratio.parts[0] / ratio.parts[1]:
        return not_equal("ratio")
    return equal("ratio") if asked.ratio else unknown("ratio", "a ratio beside its quotient")


def compare_words(gold: Words, answer: Words) -> Comparison:
    """Compares words apart from case, articles and punctuation."""
    left, right = (_ARTICLES.sub(" ", _ALL.sub("", v.text)).split() for v in (gold, answer))
    if left == right:
        return equal("words")
    if set(left) ^ set(right) in ({"not"}, {"never"}, {"no"}):
        return not_equal("words", "the opposite")
    short, long = sorted((" ".join(left), " ".join(right)), key=len)
    if long.endswith(short) and _NEGATION.fullmatch(long.removesuffix(short)):
        return not_equal("words", "the opposite")
    if {gold.text, answer.text} in _RELATED:
        return unknown("words", "words that may say the same")
    if sorted(short) == sorted(long):
        return unknown("words", "the same in another order")
    if set(left) & set(right) or any(a in b or b in a for a in left for b in right):
        return unknown("words", "some words in common")
    return not_equal("words")
