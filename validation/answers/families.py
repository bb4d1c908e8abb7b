r"""Values that repeat with a whole number: `\frac{\pi}{3} + k\pi, k \in \mathbb{Z}`, and residues `1 \pmod 4`."""

import re
from collections.abc import Callable, Iterator, Sequence

from validation.answers import algebra
from validation.answers.algebra import Closed, UnsupportedError
from validation.answers.outcome import Comparison, Relation, equal, not_equal, unknown
from validation.answers.values import Equation, Family, Scalar, Several, Value

Read = Callable[[str, bool], Value]
_QUALIFIER = re.compile(
    r"\s*[,;(]?\s*(?:where|for|with|其中)?\s*(?:any|all|every|some)?\s*(?<![A-Za-z\\])([a-z])\s*"
    r"(?:\\in\s*(?:\\(?:mathbb|Bbb|bf)\s*\{?\s*Z\s*\}?|\\Z|Z)|(?:is|be|being) an(?:y)? integer|(?:为|是)整数)\s*\)?\Z"
)
_RESIDUE = re.compile(
    r"(?:(.+?)\s*\\equiv\s*)?(.+?)\s*(?:\\pmod\s*\{?\s*|\(?\s*(?:\\bmod|\\mod|mod)\s*\{?\s*)(\w+)\s*\}?\s*\)?\Z"
)
_NUMBERS = frozenset("kmnlt")  # what people call any whole number
_MOST = 60  # members of one family between two steps of another


def read_family(text: str, read: Read, *, comma: bool) -> Value | None:
    """Reads a value that ends in what its whole number is, or in a modulus; None for any other text.

    Raises:
        UnsupportedError: the whole number is not a factor of one term.
    """
    if "\\equiv" in text or "mod" in text:
        return _read_residue(text, read, comma=comma)
    qualifier = _QUALIFIER.search(text) if text[-1] in "Z})r数" else None
    if qualifier is None or not qualifier.start():
        return None
    return _family(read(text[: qualifier.start()], comma), qualifier.group(1))


def _read_residue(text: str, read: Read, *, comma: bool) -> Value | None:
    match = _RESIDUE.match(text)
    if match is None or (match.group(1) is None and "pmod" not in text and "(" not in text):
        return None  # 17 mod 5 may be a number
    named, residues, modulus = match.groups()
    step = read(modulus, comma)
    starts = tuple(value.closed for value in _scalars(read(residues, comma)))
    if not isinstance(step, Scalar) or not step.closed.numerator:
        raise UnsupportedError(text)
    family = Family(starts, step.closed)
    return Equation(named.replace(" ", ""), None, family) if named else family


def _scalars(value: Value) -> Iterator[Scalar]:
    for item in value.items if isinstance(value, Several) else (value,):
        if not isinstance(item, Scalar):
            raise UnsupportedError("a family of other things than numbers")
        yield item


def _family(value: Value, name: str) -> Value:
    """What a value is for every whole number of that name."""
    if isinstance(value, Equation):
        return Equation(value.name, value.left, _family(value.right, name))
    items = value.items if isinstance(value, Several) else (value,)
    if items and all(isinstance(item, Equation) for item in items):
        names = {item.name for item in items if isinstance(item, Equation)}
        rights = tuple(item.right for item in items if isinstance(item, Equation))
        if len(names) == 1:
            return Equation(names.pop(), None, _family(Several("bare", rights), name))
    terms = [_split(item.closed, name) for item in _scalars(value)]
    steps = {step.numerator == terms[0][1].numerator for _, step in terms}
    if steps != {True}:
        raise UnsupportedError("families of several steps")
    return Family(tuple(start for start, _ in terms), terms[0][1])


def _split(value: Closed, name: str) -> tuple[Closed, Closed]:
    """Returns start and step of `start + name * step`."""
    powers = algebra.by_power(value, name)
    if not powers.keys() <= {0, 1}:
        raise UnsupportedError("a power of the whole number")
    start, step = (Closed(powers.get(exponent, {}), value.denominator, value.opaque) for exponent in (0, 1))
    if not step.numerator or any(name in algebra.symbols_of(part) for part in (start, step)):
        raise UnsupportedError("the whole number is no factor of a term")
    return start, step


def compare_families(gold: Value, answer: Value) -> Comparison:
    """Compares the numbers that two families hold; beside one, a formula in k, l, m, n or t is another."""
    first, second = _family_of(gold), _family_of(answer)
    if first is None or second is None:
        return unknown("family", "a family of values beside another kind")
    if any(algebra.symbols_of(part) for family in (first, second) for part in (*family.starts, family.step)):
        return equal("family") if first == second else unknown("family", "families with variables")
    apart = algebra.divide(first.step, second.step)
    ratio = apart.rational()
    if ratio is None:
        return unknown("family", "steps that share no measure") if apart.opaque else not_equal("family")
    times, parts = abs(ratio).denominator, abs(ratio).numerator
    if max(times * len(first.starts), parts * len(second.starts)) > _MOST:
        return unknown("family", "steps too far apart")
    step = algebra.multiply(first.step, algebra.number(times))
    left, right = _members(first, times), _members(second, parts)
    if all(_among(member, others, step) for own, others in ((left, right), (right, left)) for member in own):
        return equal("family")
    if any(member.opaque for member in (*left, *right)):
        return unknown("family", "members that are not told apart")
    return not_equal("family")


def same_turns(gold: Several, answer: Several) -> bool:
    r"""Whether two lists of angles, `\frac{\pi}{6} + k\pi, \frac{\pi}{3} + k\pi`, hold the same for every whole k."""
    first, second = _gathered(gold), _gathered(answer)
    return first is not None and second is not None and compare_families(first, second).outcome is Relation.EQUAL


def _gathered(value: Several) -> Family | None:
    """The family of formulas in one whole number whose steps are the same, and no rational number."""
    rights = [item.right if isinstance(item, Equation) else item for item in value.items]
    names = {name for item in rights if isinstance(item, Scalar) for name in algebra.symbols_of(item.closed)}
    if len(names) != 1 or not names <= _NUMBERS:
        return None
    try:
        family = _family(Several("bare", tuple(rights)), names.pop())
    except UnsupportedError:
        return None
    return family if isinstance(family, Family) and family.step.rational() is None else None


def _members(family: Family, turns: int) -> list[Closed]:
    """The first members of a family, as many for each start."""
    ways = [algebra.multiply(family.step, algebra.number(turn)) for turn in range(turns)]
    return [algebra.add(start, way) for start in family.starts for way in ways]


def _among(member: Closed, others: Sequence[Closed], step: Closed) -> bool:
    """Says whether whole steps lead from a member to one of the others."""
    shares = (algebra.divide(algebra.add(member, other, -1), step).rational() for other in others)
    return any(share is not None and share.denominator == 1 for share in shares)


def _family_of(value: Value) -> Family | None:
    if isinstance(value, Family):
        return value
    if isinstance(value, Scalar) and len(names := algebra.symbols_of(value.closed)) == 1 and names <= _NUMBERS:
        try:
            start, step = _split(value.closed, min(names))
        except UnsupportedError:
            return None
        return Family((start,), step)
    return None
