r"""References that the end of a solution states in another form than their own.

    so $m=22$ and $n=8$               for 22,8 where the question asks for m and n
    those with $-5<x<-2$ and $4<x<9$  for (-5,-2)\cup(4,9)
    x must be greater than 3          for x>3
    hence $N \geq 3 n$, as desired    for 3n where the question asks for the least N
    the area is 15, its length 8      for `area 15, length 8`
    $E(9,5)=3$. Notice that ...       at the beginning, where the question asks for E(9,5)

What decides is the last of each kind, as in `stated.py`; what is found must equal the reference by value.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from validation.answers.brackets import parts
from validation.answers.listed import Candidate, Compare, Span
from validation.answers.outcome import Relation
from validation.answers.values import Equation, Region, Scalar, Several, Unread, Value

Formula = tuple[int, int, str]
Places = dict[str, Span]
"""the last value that a text gives to each name, and where"""
_FEWEST, _MOST = 2, 6  # names or stretches that are put together
_NAMES = re.compile(
    r"\b(?:find|determine|compute|values? of|integers?|numbers?|for|constants?|pairs?|triples?|form|and|are|all)"
    r"[ (]{1,2}"
    r"((?:[A-Za-z], ?){0,5}[A-Za-z](?:,? ?and |, ?)[A-Za-z])(?![A-Za-z'])",
    re.IGNORECASE,
)
_LETTER = re.compile(r"(?<![A-Za-z])[A-Za-z](?![A-Za-z])")
_LAYOUT = re.compile(r"\\(?:begin|end)\s?\{[a-z]+\*?\}(?:\{[a-z]{1,9}\})?|&|\\(?:left|right|,|;|!)(?![a-z])")
_CUT = re.compile(r"[,;]|\\(?:q?quad|Rightarrow|implies|\\|text\s?\{[^{}]*\})(?![a-zA-Z])|⇒")
_PROSE = re.compile(r"(?<![\w\\^_{(/*+-])([A-Za-z])\s?=\s?(-?\d[\d,]*(?:\.\d+)?(?:/\d+)?)(?![\w/]|[.,]\d|\s?[-+*/^=])")
_ORDERED = re.compile(r"[<>]|\\(?:le|ge)(?:q|qslant)?(?![a-zA-Z])")
_WORDS = (
    (r"(?:greater|larger|bigger|more) than or equal to|at least|no(?:t)? (?:less|smaller) than", ">="),
    (r"(?:less|smaller|lower) than or equal to|at most|no(?:t)? (?:more|greater|larger|bigger) than", "<="),
    (r"(?:strictly )?(?:greater|larger|bigger|more) than", ">"),
    (r"(?:strictly )?(?:less|smaller|lower) than", "<"),
    (r"not equal to|different from", r"\ne"),
)
_SAID = tuple((re.compile(words), sign) for words, sign in _WORDS)
_RELATION = "|".join(words for words, _ in _WORDS)
_AMOUNT = r"(?:(?:negative|minus|-) ?)?(?:\d[\d,]*(?:\.\d+)?(?:/\d+)?(?!\w|[.,]\d)|[$][^$\n]{1,40}[$])"
_WORDED = re.compile(
    rf"(?<![\w\\])\$? ?([A-Za-z]) ?\$? (?:is|are|must be|has to be|should be|can be|may be) ({_RELATION}) ({_AMOUNT})"
    rf"(?: (?:and|but) (?:is |must be )?({_RELATION}) ({_AMOUNT}))?"
)
_NEGATIVE = re.compile(r"(?:negative|minus) ?")
_LABELLED = re.compile(r"([A-Za-z][A-Za-z ]{1,24}?)\s?[:=]?\s?(-?[$€£]?\d[\d,]*(?:\.\d+)?(?:/\d+)?%?)(?: [a-z]{1,12})?")
_BEHIND_LABEL = re.compile(r"(?![A-Za-z])[^.\d\n;,]{0,30}?(-?[$€£]?\d[\d,]*(?:\.\d+)?(?:/\d+)?%?)(?![\d/]|\.\d)")
_JOINT = re.compile(r"(?:,|;|,?\sand)\s(?=[A-Za-z])")
_ABOVE = re.compile(r"\\ge(?:q|qslant)?(?![a-zA-Z])|≥|>=")
_BELOW = re.compile(r"\\le(?:q|qslant)?(?![a-zA-Z])|≤|<=")
_LEAST = re.compile(r"\b(?:least|smallest|minimum|minimal|fewest|lowest)\b", re.IGNORECASE)
_GREATEST = re.compile(r"\b(?:greatest|largest|maximum|maximal|most|highest)\b", re.IGNORECASE)
_AS_DESIRED = re.compile(
    r"[\s.,]*+(?:as (?:desired|claimed|required|wanted|needed|was to be shown)"
    r"|which (?:completes|finishes) the proof)?[\s.]*+\Z"
)
_ASKED = 160  # characters at the end of a question, which ask


@dataclass(frozen=True, slots=True)
class Wanted:
    """A reference that is looked for.

    Attributes:
        plain: as it is normalised.
        value: as it is read.
        question: which may name what is asked for.
        compare: a reference and an answer, exactly.
    """

    plain: str
    value: Value
    question: str | None
    compare: Compare

    def equals(self, answer: str) -> bool:
        """Whether an answer is the reference."""
        return self.compare(self.plain, answer).outcome is Relation.EQUAL


def find_restated(
    text: str, begin: int, formulas: Sequence[Formula], sentences: Sequence[tuple[int, int]], wanted: Wanted
) -> Span | None:
    """Finds a reference in another form than its own.

    Args:
        text: the solution.
        begin: where its last sentences begin.
        formulas: of the whole solution.
        sentences: where the last sentences lie, the last one first, counted from `begin`.
        wanted: the reference.
    """
    inside = [formula for formula in formulas if formula[0] >= begin]
    last = begin + (sentences[0][0] if sentences else 0)
    if isinstance(wanted.value, Region):
        ended = [formula for formula in inside if formula[0] >= last]
        return _joined(ended, wanted) or _worded(text, last, wanted)
    if isinstance(wanted.value, Several | Unread):
        return _labelled(text, begin + sentences[min(1, len(sentences) - 1)][0] if sentences else begin, wanted)
    if isinstance(wanted.value, Scalar):
        return _bound(text, inside, wanted) or _opening(text, formulas, wanted)
    return None


def asked_names(question: str | None, count: int) -> list[str]:
    """The names that a question asks for, `x, y and z`; none where it does not ask for that many."""
    plain = (question or "").replace("$", "")
    lists = [_LETTER.findall(match.group(1).replace("and", "")) for match in _NAMES.finditer(plain)]
    return next((names for names in reversed(lists) if len(names) == count == len(set(names))), [])


def assembled(text: str, formulas: Sequence[Formula], begin: int, end: int, names: Sequence[str]) -> list[Candidate]:
    """The tuple of the values that a sentence gives to all names, `(27, 20, 13)` of `a=27, b=20 and c=13`."""
    places = _assigned(text, [formula for formula in formulas if begin <= formula[0] < end], begin, end)
    spans = [places[name] for name in names if name in places]
    if not names or len(spans) < len(names):
        return []
    tuple_ = ", ".join(answer for answer, _, _ in spans)
    return [(f"({tuple_})", min(span[1] for span in spans), max(span[2] for span in spans), True)]


def _assigned(text: str, formulas: Sequence[Formula], begin: int, end: int) -> Places:
    places: Places = {}
    for start, stop, content in formulas:
        for piece in _CUT.split(_LAYOUT.sub(" ", content)):
            *names, answer = piece.split("=")
            for name in names:
                places["".join(name.split())] = answer.strip(" ."), start, stop
    for match in _PROSE.finditer(text, begin, end):
        name = match.group(1)
        if name not in places or places[name][1] < match.start():
            places[name] = match.group(2), match.start(), match.end()
    return places


def find_named(tail: str, formulas: Sequence[Formula], wanted: Wanted) -> tuple[Span | None, bool]:
    """Finds a list or a tuple whose values stand under the names that the reference has, or the question asks for.

    Returns:
        What states it, and where; beside it whether the text gives a value to each name.
    """
    value = wanted.value
    if not isinstance(value, Several) or not _FEWEST <= len(value.items) <= _MOST:
        return None, False
    if not all(isinstance(item, Scalar | Equation) for item in value.items):
        return None, False
    plain = wanted.plain[1:-1] if value.kind == "tuple" else wanted.plain
    names, items = _names_and_values(plain, wanted.question)
    places = _assigned(tail, formulas, 0, len(tail))
    if not names or len(items) != len(value.items) or not all(name in places for name in names):
        return None, False
    spans = [places[name] for name in names]
    pairs = zip(items, spans, strict=True)
    if not all(wanted.compare(item, span[0]).outcome is Relation.EQUAL for item, span in pairs):
        return None, True
    start, stop = min(span[1] for span in spans), max(span[2] for span in spans)
    return (tail[start:stop], start, stop), True


def _names_and_values(plain: str, question: str | None) -> tuple[list[str], list[str]]:
    """Takes a list apart: the names that stand in it, else those that the question asks for, and the values."""
    items = parts(plain)
    sides = [item.split("=") for item in items]
    if any(len(side) != 2 for side in sides):
        return asked_names(question, len(items)), items
    names = ["".join(name.split()) for name, _ in sides]
    return (names if len(set(names)) == len(names) else []), [answer for _, answer in sides]


def _joined(formulas: Sequence[Formula], wanted: Wanted) -> Span | None:
    """Finds a union in the inequalities of one sentence, which words join."""
    ordered = [(start, stop, content.strip(" .,;")) for start, stop, content in formulas if _ORDERED.search(content)]
    for count in range(_FEWEST, min(_MOST, len(ordered)) + 1):
        stretches = ordered[-count:]
        answer = " or ".join(content for _, _, content in stretches)
        if wanted.equals(answer):
            return answer, stretches[0][0], stretches[-1][1]
    return None


def _worded(text: str, begin: int, wanted: Wanted) -> Span | None:
    """Finds an inequality that is said in words."""
    for match in _WORDED.finditer(text, begin):
        name, *bounds = match.groups()
        answer = " and ".join(_written(name, bounds))
        if wanted.equals(answer):
            return answer, match.start(), match.end()
    return None


def _written(name: str, bounds: Sequence[str | None]) -> Iterator[str]:
    for words, amount in zip(bounds[::2], bounds[1::2], strict=True):
        if words and amount:
            sign = next(sign for said, sign in _SAID if said.fullmatch(words))
            yield f"{name} {sign} {_NEGATIVE.sub('-', amount.replace('$', ''))}"


def _labelled(text: str, begin: int, wanted: Wanted) -> Span | None:
    """Finds values that stand behind the words which the reference has for them; the last one behind each decides."""
    pairs = [_LABELLED.fullmatch(item.strip()) for item in _JOINT.split(wanted.plain)]
    if not _FEWEST <= len(pairs) <= _MOST:
        return None
    spans = []
    for pair in pairs:
        said = _last_behind(text, begin, pair.group(1)) if pair else None
        if pair is None or said is None or wanted.compare(pair.group(2), said.group(1)).outcome is not Relation.EQUAL:
            return None
        spans.append(said.span(1))
    start, stop = min(spans)[0], max(spans)[1]
    return text[start:stop], start, stop


def _last_behind(text: str, begin: int, label: str) -> re.Match[str] | None:
    """Finds the last value behind a label, in capitals or small letters."""
    lowered, label = text.lower(), label.lower()
    found = None
    at = lowered.find(label, begin) if len(lowered) == len(text) else -1
    while at >= 0:
        alone = not text[at - 1 : at].isalpha()
        found = (_BEHIND_LABEL.match(text, at + len(label)) if alone else None) or found
        at = lowered.find(label, at + 1)
    return found


def _bound(text: str, formulas: Sequence[Formula], wanted: Wanted) -> Span | None:
    """Finds what the last formula bounds from the side that the question asks for."""
    least, greatest = (bool(asks.search(wanted.question or "")) for asks in (_LEAST, _GREATEST))
    if not formulas or least == greatest or not _AS_DESIRED.match(text, formulas[-1][1]):
        return None
    start, stop, content = formulas[-1]
    side = (_ABOVE if least else _BELOW).split(content)[-1].strip(" .,")
    return (side, start, stop) if side != content.strip(" .,") and wanted.equals(side) else None


def _opening(text: str, formulas: Sequence[Formula], wanted: Wanted) -> Span | None:
    """Finds the value that a solution begins with under what is asked for, and takes back nowhere."""
    if not formulas or text[: formulas[0][0]].strip():
        return None
    asked = "".join((wanted.question or "")[-_ASKED:].split()).rstrip("$.?_=:")
    start, stop, content = formulas[0]
    left, sign, right = content.partition("=")
    name = "".join(left.split())
    if not sign or len(name) < _FEWEST or not asked.endswith(name) or not wanted.equals(right.strip(" .,")):
        return None
    later = (content.partition("=") for _, _, content in formulas[1:])
    other = any(
        "".join(left.split()) == name and sign and not wanted.equals(right.strip(" .,")) for left, sign, right in later
    )
    return None if other else (right.strip(" .,"), start, stop)
