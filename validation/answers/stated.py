r"""Whether the last sentences of a solution state a reference, where no marker says which value is the answer.

A reference that came in a field of its own is evidence; a value that the solution arrives at near its end, and that
equals it, is the answer. What only enters a calculation (the 3 of `16 - 3 = 13`) is none.
"""

import re
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from itertools import pairwise

from validation.answers import algebra
from validation.answers.compare import compare_exactly
from validation.answers.listed import Candidate, Listed, Span, items_of, literally
from validation.answers.outcome import Comparison, Relation, Rounding
from validation.answers.questions import read_question
from validation.answers.reading import read_value
from validation.answers.restated import Wanted, asked_names, assembled, find_named, find_restated
from validation.answers.spelling import UNSPACED, normalise
from validation.answers.values import Choice, Scalar, Several, Value, Words

Formula = tuple[int, int, str]
_TAIL = 400  # characters; OlympiadBench and carp_en state 97 % of their answers in the last 250
_MAX_FORMULA = 600
_MAX_REFERENCE = 300
_DELIMITER = re.compile(r"\\[$\\]|\$\$|\$|\\[\[\]()]")
_CLOSING = {"$": "$", "$$": "$$", r"\[": r"\]", r"\(": r"\)"}
_MONEY = re.compile(
    r"\d[\d,.]*\s?(?:\)|[-+*/=,;.(][\s*]*\Z|[,.;]?\s*(?:[a-z]{4,}|is|are|was|for|per|and|or|of|in|to|on|at)\s)"
)
_ENVIRONMENT = re.compile(r"\\(?:begin|end)\s?\{[a-z]+\*?\}|\\tag\s?\{[^{}]*\}")
_SIDE = re.compile(
    r"=|\\(?:approx|equiv|doteq|Rightarrow|implies|to|rightarrow|quad|qquad|text\s*\{[^{}]*\}|\\)(?![a-zA-Z])|&|≈|⇒|→|,\s"
)
_MODULUS = re.compile(r"(?<=[\d)}])[\s,]*+\(?\s*(?:\\p?mod|\\bmod|mod)(?![A-Za-z])[^=]{1,20}\Z")  # of `9 \pmod{13}`
_NUMBER = re.compile(
    rf"(?<![^\W{UNSPACED}])(?<![.,\\^{{/*+×÷-])(?!(?<=\n)\d{{1,2}}\.\s)(?<![*/+×÷]\s)(?<!\d\s[-−]\s)"
    r"-?[$€£]?\d[\d,]*(?:\.\d+)?(?:/\d+|(?::\d+)+)?\s?(?:\\?%|π)?(?!\d|\s?[*/+×÷^=]|\s?[-−]\s?[$€£]?\d|\.\d)"
)
_NOTHING = re.compile(r"\bno (?:real |integer )?solutions?\b")
_SPOKEN = re.compile(r"\b(?:t(?:wo|hree|en|welve)|f(?:our|ive)|s(?:ix|even)|eight|nine|eleven|\w+teen|twenty)\b")
_RIGHT = re.compile(r"=\s*([^=\n$]{1,120}?)(?=[.,;]?\s*(?:\Z|\n)|\.\s|=|[或，和]|\s(?:or|and|und|oder|y|o|et|ou|e)\s)")
_COUNTED = re.compile(r"-?[$€£]?-?\d[\d,]*(?:\.\d+)?%?(?=\s+[A-Za-z])")  # 13 in front of `apples are left`
_SET_BOLD = re.compile(r"\\mathbf\s?\{\s?-?\d[\d ,.]*\}(?=\s?\$)")
_BOLD = re.compile(r"\*\*([^*\n]{1,120})\*\*")
_SENTENCE = re.compile(
    r"[.!?](?=\s)(?<!\d\.)|(?<=\d)\s?[.](?=\s|$)|[。！？।]|\n\s*\n|\\because|\\therefore|\\\\(?=\s*\n)"
    r"|,(?=\s(?:e\.g\.|for (?:example|instance)))"
    r"|\s\(?(?=(?:since|because)\s(?:[^,.\n]|\.(?=\d)){1,100}\)?\.?\s*(?:\n|\Z))"  # a reason, up to the end
)
_CLAUSE = re.compile(
    r"[,;]\s(?:and )?(?:so|thus|hence|therefore|which (?:means|gives|leaves))\s|[,，；;](?:所以|因此|于是)"
)
_REMARK = re.compile(
    r"\s*\(|\s*[\[*]{0,2}(?:note|remark|equality|indeed|here|for (?:example|instance)|this|in fact|one can"
    r"|we (?:can )?(?:check|verify)|e\.g\.)(?!\w)"
    r"|\s*(?:both|all|these|the)\s(?:[a-z]+\s)?[^.]{0,40}\b(?:satisfy|work|check)\b",
    re.IGNORECASE,
)
_PROOF = re.compile(
    r"\n[ \t]{0,8}\*{0,2}(?:Check(?:ing)?|Verif(?:y|ying|ication)|Proof|Probe|Prueba|Vérification|检验)\b\*{0,2}[:.\s]"
)
_REASON = re.compile(r"\s*(?:since|because)\s[^\n]*")  # in the middle of a sentence, up to its line's end
_THAT_IS = re.compile(r"\s*(?:That is|In other words|I\.e\.)\b")  # the same again
_DENIED = re.compile(
    r"(?<![A-Za-z])(?:not(?: be)?(?: equal(?: to)?)?|(?:cannot|can't|never) (?:be|equal)|isn't|rather than|instead of"
    r"|other than|different from) \$?\Z"
)
_REFUSED = re.compile(
    r"[$\s]*(?:(?:does not|doesn't) ?(?:work|satisfy|hold|fit|check)?(?=[\s,.])(?! \w+ed\b)"
    r"|is not (?:a |an )?(?:solution|valid|allowed|possible|in the domain|admissible)|fails?\b"
    r"|must be (?:rejected|discarded|ruled out)\b|is (?:impossible|extraneous|invalid|rejected|discarded|spurious)\b)"
)
_EQUALS = re.compile(r"\b(?:equals|is equal to) \Z")
_EXTREME = re.compile(r"\s(?:is|are) (?:the )?(?:minim|least|small|maxim|larg|great|low|high|close|near)")
_ARGUMENT = re.compile(r"\s*[A-Za-z]\s?\(([^()=]{1,40})\)\s*=")
_MINUS = re.compile(r"(?<![\d)\]}$]) (?:negative|minus) \Z")  # and not behind a number: `10 minus 3`
_WORKED = re.compile(r"\d (?:plus|minus|times|multiplied by|divided by) \Z")
_TO_WORK = re.compile(r"\s?(?:plus|minus|times|multiplied by|divided by) [$\d]")
_EDGE = re.compile(r"[\w\\^_]")
_NEGATION = re.compile(r"\b(?:not|no|never|neither|nor|isn't|aren't|cannot)\s+(?:\w+\s+){0,2}\Z", re.IGNORECASE)


def find_stated(
    text: str, reference: str, question: str | None, language: str, *, rounding: Rounding = "places"
) -> Span | None:
    """Finds a reference in the last sentences of a solution, by value.

    Args:
        text: the solution.
        reference: the answer that came with it.
        question: which may ask for a unit, a rounding or one of its options.
        language: decides between decimal point and decimal comma.
        rounding: whether a rounding of the reference is the reference, as in `compare`.

    Returns:
        What states it, and where in the text; None when nothing does.
    """
    if len(reference) > _MAX_REFERENCE:
        return None
    find = partial(_in_last_sentences, reference=reference, question=question, language=language, rounding=rounding)
    found = find(text) or find(_without_table(text))
    heading = None if found else max((match.start() for match in _PROOF.finditer(text)), default=None)
    return found if heading is None or len(text) - heading > _TAIL else find(text[:heading])


def _without_table(text: str) -> str:
    """The text up to a table that ends it."""
    lines = text.rstrip().split("\n")
    while len(lines) > 1 and lines[-1].lstrip().startswith("|"):
        lines.pop()
    return "\n".join(lines)


def _in_last_sentences(
    text: str, *, reference: str, question: str | None, language: str, rounding: Rounding
) -> Span | None:
    formulas = [*_formulas(text)]
    begin = _tail(text, formulas)
    tail = text[begin:]
    inside = [(start - begin, end - begin, content) for start, end, content in formulas if start >= begin]
    plain = normalise(reference)
    value = read_value(plain)
    if isinstance(value, Words | Choice):
        found = _word(tail, reference, value)
        option = read_question(question).options.get(value.letter) if isinstance(value, Choice) and not found else None
        if option is not None and not isinstance(read_value(normalise(option)), Choice):
            return find_stated(text, option, None, language, rounding=rounding)
    else:
        compare = partial(compare_exactly, reference, question=question, language=language, rounding=rounding)
        items = items_of(plain, value)
        alike = partial(compare_exactly, language=language, rounding=rounding)
        wanted = Wanted(plain, value, question, alike)
        found, named = find_named(tail, inside, wanted)
        if items and not named:
            found, named = _list(tail, inside, items, alike, _names_of(value, question))
        if found is None and not named:
            found = _value(tail, inside, value, compare) or _set_bold(tail, compare)
        found = found or literally(tail, reference)
        if found is None:
            return find_restated(text, begin, formulas, _sentences(tail, inside), wanted)
    return None if found is None else (found[0], begin + found[1], begin + found[2])


def _names_of(value: Value, question: str | None) -> list[str]:
    """What the question calls the places of the tuples of a reference; nothing where it is none of tuples."""
    items = value.items if isinstance(value, Several) else ()
    sizes = {len(item.items) if isinstance(item, Several) else 0 for item in items}
    return asked_names(question, sizes.pop()) if len(sizes) == 1 else []


def _list(
    tail: str,
    formulas: Sequence[Formula],
    items: Sequence[str],
    compare: Callable[[str, str], Comparison],
    names: Sequence[str],
) -> tuple[Span | None, bool]:
    """Looks through the sentences from the last one back for all values of a list, remarks aside.

    Beside it stands whether a sentence names one of them: the last that does decides.
    """
    listed, candidates = Listed(items, compare), [*_candidates(tail, formulas)]
    told, named = [], False
    for begin, end in _sentences(tail, formulas):
        concluded = max((clause.end() for clause in _CLAUSE.finditer(tail, begin, end)), default=begin)
        within = [candidate for candidate in candidates if begin < candidate[2] <= end]
        within += assembled(tail, formulas, begin, end, names)
        if _THAT_IS.match(tail, begin) or _REMARK.match(tail, begin):
            continue
        found = None if named else listed.find(tail, within, begin, concluded)
        if found is not None:
            return found, True
        named = named or listed.names_one(within)
        told.append((begin, within))
    return listed.find_in_turn(tail, told), named


def is_open(answer: str, reference: str) -> bool:
    """Says whether an answer is words or a formula in variables where the reference is a number: not yet worked out."""
    first, second = (read_value(normalise(text)) for text in (answer, reference))
    if isinstance(first, Words) and isinstance(second, Scalar):
        return first.text.count(" ") > 1
    if not (isinstance(first, Scalar) and isinstance(second, Scalar)):
        return False
    return bool(algebra.symbols_of(first.closed)) and not algebra.symbols_of(second.closed)


def _formulas(text: str) -> Iterator[Formula]:
    """Yields where each formula begins and ends, and what stands in it, in one pass; an amount of money is none."""
    opened: re.Match[str] | None = None
    for mark in _DELIMITER.finditer(text):
        if opened is None:
            opened = mark if mark.group() in _CLOSING else None
        elif mark.group() == _CLOSING[opened.group()]:
            content = text[opened.end() : mark.start()]
            if opened.group() == "$" and (len(content) > _MAX_FORMULA or _MONEY.match(content)):
                opened = mark
                continue
            yield opened.start(), mark.end(), content
            opened = None


def _tail(text: str, formulas: Sequence[Formula]) -> int:
    """Returns where the last sentences begin: at a word, and in front of a formula that would be cut in two."""
    begin = max(0, len(text.rstrip()) - _TAIL)
    for start, end, _ in reversed(formulas):
        if end <= begin:
            break
        begin = min(begin, start)
    space = text.find(" ", begin, begin + 40)
    return space if begin and text[begin] not in "$\\" and space >= 0 else begin


def _value(tail: str, formulas: Sequence[Formula], value: Value, compare: Callable[[str], Comparison]) -> Span | None:
    """Looks through the sentences from the last one back, up to the first that arrives at a value of the same kind.

    Of a sentence that arrives at several, the last decides.
    """
    candidates = sorted(_candidates(tail, formulas), key=lambda candidate: -candidate[2])
    denied: set[str] = set()
    for begin, end in _sentences(tail, formulas):
        if reason := _REASON.match(tail, begin, end):
            begin = reason.end()
        alike = seen = False
        arrival = -1
        concluded = max((clause.start() for clause in _CLAUSE.finditer(tail, begin, end)), default=begin)
        within = [candidate for candidate in candidates if begin <= candidate[1] < end and candidate[2] <= end + 1]
        for answer, start, stop, arrived in within:
            alike = alike or (seen and start < concluded)
            if _is_denied(tail, start, stop):
                denied.add(answer)
            if (alike and not arrived) or (arrival >= 0 and start != arrival) or answer in denied:
                continue
            if compare(answer).outcome is Relation.EQUAL:
                return answer, start, stop
            if arrived and _is_like(value, answer):
                arrival = start
            seen = seen or (start >= concluded and _is_like(value, answer))
            alike = alike or (arrived and _is_like(value, answer))
        if not _REMARK.match(tail[begin:end]) and any(_is_like(value, answer) for answer, _, _, _ in within):
            return None
    return None


def _is_denied(tail: str, start: int, stop: int) -> bool:
    """Whether words before a value or behind it say that it is none: `not 3`, `x=-4 does not`."""
    return bool(_DENIED.search(tail, max(0, start - 28), start) or _REFUSED.match(tail, stop))


def _set_bold(tail: str, compare: Callable[[str], Comparison]) -> Span | None:
    r"""Looks at numbers in bold, as answers of competitions are set, wherever they stand: `K=\mathbf{1 2 5}`."""
    bold = [(match.group(), match.start(), match.end()) for match in _SET_BOLD.finditer(tail)]
    return next((span for span in reversed(bold) if compare(span[0]).outcome is Relation.EQUAL), None)


def _sentences(tail: str, formulas: Sequence[Formula]) -> list[tuple[int, int]]:
    """Returns where the sentences lie, the last one first; formulas are not cut, nor what a colon announces."""
    ends: list[int] = []
    announced = False
    for match in _SENTENCE.finditer(tail):
        if any(start < match.start() < stop for start, stop, _ in formulas):
            continue
        colon = tail.rfind(":", max(0, match.start() - 3), match.start())
        paragraph = match.group().isspace() and "\n" in match.group()
        announced = paragraph and tail.startswith(("$", "("), match.end()) and (announced or colon >= 0)
        if not announced:
            ends.append(match.end())
    cuts = [0, *ends, len(tail)]
    return [(begin, end) for begin, end in reversed([*pairwise(cuts)]) if tail[begin:end].strip()]


def _is_like(value: Value, candidate: str) -> bool:
    other = read_value(normalise(candidate))
    if isinstance(value, Scalar) and isinstance(other, Scalar):
        return bool(algebra.symbols_of(value.closed)) == bool(algebra.symbols_of(other.closed))
    return type(value) is type(other)


def _candidates(tail: str, formulas: Sequence[Formula]) -> Iterator[Candidate]:
    """Yields formulas, their right sides, what is bold, and numbers outside of calculations.

    True stands beside what a calculation arrives at: a number that only stands before it has no say.
    """
    prose = list(tail)
    for start, end, content in formulas:
        if (argument := _ARGUMENT.match(content)) and _EXTREME.match(tail, end):
            yield argument.group(1), start, end, True
        arrived = "=" in content or bool(_EQUALS.search(tail, max(0, start - 14), start))
        for piece in _arrived(content):
            yield piece, start, end, arrived
        prose[start:end] = " " * (end - start)
    plain = "".join(prose)
    for pattern in (_RIGHT, _BOLD):
        for match in pattern.finditer(plain):
            yield match.group(1), match.start(1), match.end(1), True
            if counted := _COUNTED.match(match.group(1)):
                yield counted.group(), match.start(1), match.start(1) + counted.end(), True
    for match in (*_NUMBER.finditer(plain), *_NOTHING.finditer(plain)):
        before = max(0, match.start() - 18)
        if _WORKED.search(plain, before, match.start()) or _TO_WORK.match(plain, match.end()):
            continue
        negative = _MINUS.search(plain, before, match.start())
        yield "-" * bool(negative) + match.group(), match.start(), match.end(), False
    for match in () if any(map(str.isdigit, tail)) else _SPOKEN.finditer(plain):
        yield match.group(), match.start(), match.end(), False


def _arrived(content: str) -> Iterator[str]:
    """Yields a formula, and its sides behind the first equals sign."""
    content = _ENVIRONMENT.sub("", content).strip().rstrip(".,; ")
    yield content
    first, *sides = _SIDE.split(content)
    if sides and "=" not in content[: len(first) + 1]:
        sides.insert(0, first)
    for side in sides:
        side = side.strip().rstrip(".,; ")
        if side and len(side) <= _MAX_REFERENCE:
            yield side
            if "mod" in side:
                yield _MODULUS.sub("", side)


def _word(tail: str, reference: str, value: Words | Choice) -> Span | None:
    """Finds a word that is not denied, or the letter of an option in brackets or behind `option`."""
    if isinstance(value, Choice):
        pattern = (
            rf"\({value.letter}\)|(?:[Oo]ption|[Cc]hoice|选项?)\s*\(?{value.letter}\b"
            rf"|\b{value.letter} is (?:the )?(?:only )?(?:correct|right|answer)\b|= ?{value.letter}\b(?=[.\s]*\Z)"
        )
    else:
        pattern = rf"(?<!\w){re.escape(reference.strip())}(?!\w)"
    for match in reversed([*re.finditer(pattern, tail, re.IGNORECASE if isinstance(value, Words) else 0)]):
        if not _NEGATION.search(tail[max(0, match.start() - 40) : match.start()]):
            return match.group(), match.start(), match.end()
    return None
