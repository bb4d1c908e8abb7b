r"""Whether a sentence states all values of a list: `so k = 8 or k = 4`, `Ann is 7, Ben 14`, `$27,54$, and 81`.

A sentence is looked at by what it may state (`Candidate`); that it is one of the last, others see to.
"""

import re
from collections.abc import Callable, Iterator, Sequence
from functools import cache, lru_cache, partial
from itertools import islice, pairwise

from validation.answers import algebra
from validation.answers.brackets import parts
from validation.answers.chains import AND
from validation.answers.outcome import Comparison, Relation
from validation.answers.reading import read_value
from validation.answers.spelling import normalise
from validation.answers.values import Equation, Scalar, Several, Value

Span = tuple[str, int, int]
"""What states a reference, and where it begins and ends in its text."""
Candidate = tuple[str, int, int, bool]
"""What a text may state, where it begins and ends, and whether a calculation arrives at it."""
Compare = Callable[[str, str], Comparison]
_MOST_VALUES = 12
_MOST_PIECES = 120  # of a sentence; one that holds more is no conclusion
_JOINT = re.compile(
    r"[\s,;$&]*+(?:(?:and|or|und|oder|et|ou|y|o|e|или|и|和|或)[\s,;$&]*+)?(?:[a-z](?:_\d)?\s?=\s?)?"
)  # between two values
_CONCLUSION = re.compile(
    r"\W*(?:therefore|thus|so|hence|consequently|in (?:summary|conclusion|all|total)|finally|altogether)\b",
    re.IGNORECASE,
)
_CASE = re.compile(r"\W*(?:if|when)\b[^.\n]{1,80}\bthen\b", re.IGNORECASE)
_DENIED = re.compile(r"\b(?:not|no|never|except|but|instead)\b", re.IGNORECASE)
_SIGN = re.compile(r"\\pm(?![a-zA-Z])|±")
_LAYOUT = re.compile(r"\\left(?![a-z])|\\right(?![a-z])|(?:,[\s$]*)?(?<![a-z\\])and(?![a-z])|[\s$]")
_ELIDED = re.compile(r"dots|\.\.\.|…")
_BRACKETS = re.compile(r"[()]")
_LISTS = re.compile(r"[\s$]*+(?:\([-\d,\s]{3,60}\)[\s,$]*+){2,12}")
_EDGE = re.compile(r"[\w\\^_]")
_OPERATORS = frozenset("+-*/^_")


def items_of(plain: str, value: Value) -> list[str]:
    """The values of a reference that is a few of them without an order, as they are written; none of any other."""
    if not isinstance(value, Several) or value.kind not in ("bare", "set") or len(value.items) > _MOST_VALUES:
        return []
    if not all(isinstance(item, Scalar | Equation | Several) for item in value.items):
        return []
    inside = plain.removeprefix("\\{").removesuffix("\\}")
    items = [item.strip() for item in parts(AND.sub(", ", inside), ",;")]
    return items if len(items) == len(value.items) > 1 else []


class Listed:
    """The values of a list, looked for in one sentence after another; what was compared once is not compared again."""

    def __init__(self, items: Sequence[str], compare: Compare) -> None:
        self._items = items
        self._kind = _kind(items[0])
        self._equal = cache(partial(_equal, compare))

    def names_one(self, within: Sequence[Candidate]) -> bool:
        """Whether what a sentence may state is one of the values."""
        return any(self._is_item(piece[0]) for piece in _pieces(within))

    def find(self, tail: str, within: Sequence[Candidate], begin: int, concluded: int) -> Span | None:
        """Finds all values in what a sentence may state, and no other of their kind behind the first.

        They are joined by commas and conjunctions, or stand in their order, behind `therefore`, as all that it says:
        the sentence begins at `begin` with that word, or has it in front of `concluded`.
        """
        pieces = sorted(_pieces(within), key=lambda piece: -piece[1])
        found = [next((piece for piece in pieces if self._equal(item, piece[0])), None) for item in self._items]
        places = [place for place in found if place is not None]
        if len(places) < len(self._items):
            return None
        start, stop = min(place[1] for place in places), max(place[2] for place in places)
        if any(piece[1] >= start and self._is_like(piece[0]) and not self._is_item(piece[0]) for piece in pieces):
            return None
        spans = sorted({(place[1], place[2]) for place in places})
        joined = all(_JOINT.fullmatch(tail, left[1], right[0]) for left, right in pairwise(spans))
        told = {piece[1] for piece in pieces if piece[1] >= concluded and self._is_like(piece[0])}
        ordered = len(spans) == len(self._items) and [place[1] for place in places] == [span[0] for span in spans]
        worded = ordered and not _DENIED.search(tail, start, stop) and told == {span[0] for span in spans}
        concludes = concluded > begin or _CONCLUSION.match(tail, begin)
        return (tail[start:stop], start, stop) if joined or (worded and concludes) else None

    def find_in_turn(self, tail: str, sentences: Sequence[tuple[int, Sequence[Candidate]]]) -> Span | None:
        """Finds each value at the end of a concluding sentence of its own: `Thus the least is 1`, `Thus the most is 5`.

        Sentences come with their beginning, the last one first. None of them may arrive at anything else.
        """
        places: dict[str, Candidate] = {}
        for begin, within in sentences:
            told = [piece for piece in _pieces(within) if self._is_like(piece[0])]
            if not told or not (_CONCLUSION.match(tail, begin) or _CASE.match(tail, begin)):
                continue
            last = max(told, key=lambda piece: piece[2])
            item = next((item for item in self._items if self._equal(item, last[0])), None)
            if item is None or item in places:
                return None
            places[item] = last
            if len(places) == len(self._items):
                start, stop = min(place[1] for place in places.values()), max(place[2] for place in places.values())
                return tail[start:stop], start, stop
        return None

    def _is_item(self, answer: str) -> bool:
        return any(self._equal(item, answer) for item in self._items)

    def _is_like(self, answer: str) -> bool:
        return self._kind != "" and _kind(answer) == self._kind


def literally(tail: str, reference: str) -> Span | None:
    """Finds a formula as it is written, layout, dollar signs and `and` aside, at the end of a calculation.

    Lists of lists may stand there without their brackets.
    """
    bare = _BRACKETS.sub("", reference) if _LISTS.fullmatch(reference) else ""
    return _literally(tail, reference) or (_literally(tail, bare) if bare else None)


def _literally(tail: str, reference: str) -> Span | None:
    wanted = _plain(reference)[0]
    squeezed, places = _plain(tail)
    around = _OPERATORS | {","} if len(parts(wanted)) > 1 else _OPERATORS
    at = squeezed.rfind(wanted) if len(wanted) > 3 else -1
    while at >= 0:
        before, after = squeezed[at - 1 : at], squeezed[at + len(wanted) : at + len(wanted) + 1]
        alone = before not in around and after not in around
        if (
            alone
            and not (_EDGE.match(after) and _EDGE.match(wanted[-1]))
            and not (before.isdigit() and wanted[0].isdigit())
        ):
            return reference.strip(), places[at], places[at + len(wanted) - 1] + 1
        at = squeezed.rfind(wanted, 0, at + len(wanted) - 1)
    return None


def _plain(text: str) -> tuple[str, list[int]]:
    """A text without layout, its conjunctions as commas, and where each character stood."""
    kept: list[tuple[str, int]] = []
    end = 0
    for match in _LAYOUT.finditer(text):
        kept.extend((text[at], at) for at in range(end, match.start()))
        if match.group().endswith("and"):
            kept.append((",", match.start()))
        end = match.end()
    kept.extend((text[at], at) for at in range(end, len(text)))
    return "".join(character for character, _ in kept), [at for _, at in kept]


def _pieces(within: Sequence[Candidate]) -> list[Candidate]:
    """What a sentence may state and what that is made of; nothing of a sentence that may state too much."""
    pieces = [*islice(_cut(within), _MOST_PIECES + 1)]
    return pieces if len(pieces) <= _MOST_PIECES else []


def _cut(within: Sequence[Candidate]) -> Iterator[Candidate]:
    """What a sentence may state, what stands between its commas, and both signs of what has two."""
    for answer, start, stop, arrived in within:
        yield answer, start, stop, arrived
        between = [] if _ELIDED.search(answer) else parts(answer)
        for piece in between if len(between) > 1 else ():
            yield piece, start, stop, arrived
        for sign in "+-" if _SIGN.search(answer) else "":
            yield _SIGN.sub(sign, answer), start, stop, arrived


def _equal(compare: Compare, item: str, answer: str) -> bool:
    kind = _kind(item)
    return (kind == "" or _kind(answer) in ("", kind)) and compare(item, answer).outcome is Relation.EQUAL


@lru_cache(maxsize=4096)
def _kind(text: str) -> str:
    """Whether a text is a number or several values in brackets; empty where it is neither."""
    value = read_value(normalise(text))
    if isinstance(value, Scalar):
        return "" if algebra.symbols_of(value.closed) or value.unevaluated else "number"
    return "tuple" if isinstance(value, Several) and value.kind == "tuple" else ""
