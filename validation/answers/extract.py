r"""Finds the final answer of a solution.

The last `\boxed{}` by brace matching, `#### x`, "The answer is x", and their kin in other languages.

Says how many final answers stand there and whether they disagree by value. What stands inside `<think>` does
not count.
"""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from validation.answers.compare import compare_exactly
from validation.answers.outcome import Relation
from validation.answers.reading import read_value
from validation.answers.spelling import normalise
from validation.answers.values import Choice, Matrix, Scalar, Several


@dataclass(frozen=True, slots=True)
class Extraction:
    """A final answer.

    `path` says which marker it stood behind, `start` and `end` where in the solution (0, 0 for none).
    """

    answer: str | None
    count: int
    disagree: bool
    path: str
    start: int = 0
    end: int = 0


NO_ANSWER = Extraction(None, 0, False, "none")

_BOX = re.compile(r"\\(?:boxed|fbox|framebox)\s*")
_MARKED = re.compile(r"\\(?:boxed|fbox)\b|^[ \t]*####", re.MULTILINE)
_ONE_TOKEN = re.compile(r"\\[A-Za-z]+|[^\s$\\,.;]+")
_MAX_SENTENCE = 1000
_MAX_PHRASES = 64
_THINK = re.compile(r"<think(?:ing)?>.*?(?:</think(?:ing)?>|\Z)", re.DOTALL)
_THINK_END = re.compile(r"</think(?:ing)?>")
_HASHES = re.compile(r"^[ \t]*####[ \t]*(\S.*?)[ \t]*$", re.MULTILINE)
_PHRASES = re.compile(
    r"(?:(?:the|our|so|therefore|hence|thus)[, ]+(?:the )?)?(?:(?:correct|final|right) )?answer"
    r"(?:\s+(?:is|are|equals|would be|must be)\b\s*:?|\s*[:=])\s*"
    r"|(?:final answer)\s*[:=]\s*"
    r"|(?:所以|因此|故|最终)?[，,]?\s*(?:最终)?(?:答案|答(?!え|案))\s*(?:应该|应|就)?(?:是|为|選|选)?\s*[:：]?\s*"
    r"|(?:a\s+)?respost[ao](?:\s+final)?\s*(?:é|eh|:|=)+\s*:?\s*|(?:la\s+)?respuesta(?:\s+(?:final|correcta))?\s*(?:es|:)+\s*:?\s*"
    r"|(?:la\s+)?réponse(?:\s+finale)?\s*(?:est|:)+\s*:?\s*|(?:die\s+)?antwort(?:\s+(?:ist|lautet)|\s*:)\s*:?\s*"
    r"|(?:ответ)\s*[:—-]\s*|答え(?:は|[:：])\s*|(?:la\s+)?risposta(?:\s+finale)?\s*(?:è|:)+\s*:?\s*",
    re.IGNORECASE,
)
_CHOICE = re.compile(r"\\text(?:bf)?\{\s*\(?([A-J])\)?\s*\}|\(([A-J])\)|^([A-J])(?=[).:]|\s*$)")
_OUTPUT = re.compile(r"```output[ \t]*\n(.*?)\n?```", re.DOTALL)
_BARE_LINE = re.compile(r"(?:ans(?:wer)?|result|x|y|n)\s*=\s*(\S.*)\Z", re.IGNORECASE)


_BRACE = re.compile(r"\\.|[{}]", re.DOTALL)


def matching_braces(text: str) -> dict[int, int]:
    """Returns where each brace is closed, by where it opens, in one pass; escaped braces do not count."""
    closed: dict[int, int] = {}
    opened: list[int] = []
    for match in _BRACE.finditer(text):
        if match.group() == "{":
            opened.append(match.start())
        elif match.group() == "}" and opened:
            closed[opened.pop()] = match.start()
    return closed


def boxes(text: str) -> Iterator[tuple[str, int, int]]:
    r"""Yields the content and span of every box; a box inside another is part of it; `\boxed 5` takes one token."""
    position = 0
    closed = matching_braces(text) if _BOX.search(text) else {}
    while match := _BOX.search(text, position):
        start = match.end()
        if text[start : start + 1] == "{":
            close = closed.get(start, -1)
            if close < 0:
                position = start
                continue
            yield text[start + 1 : close].strip(), match.start(), close + 1
            position = close + 1
            continue
        token = _ONE_TOKEN.match(text, start)
        position = start
        if token and match.group().endswith(" "):
            yield token.group(), match.start(), token.end()
            position = token.end()


def _hashes(text: str) -> Iterator[tuple[str, int, int]]:
    for match in _HASHES.finditer(text):
        yield match.group(1), match.start(), match.end(1)


def _phrases(text: str) -> Iterator[tuple[str, int, int]]:
    for match in [*_PHRASES.finditer(text)][-_MAX_PHRASES:]:
        end = text.find("\n", match.end(), match.end() + _MAX_SENTENCE)
        rest = text[match.end() : end if end >= 0 else match.end() + _MAX_SENTENCE]
        answer = _first_value(rest)
        if answer:
            yield answer, match.start(), match.end() + len(rest.rstrip())


def _first_value(rest: str) -> str:
    """Returns what the phrase introduces: up to the end of the sentence, a formula whole, a choice letter alone."""
    rest = rest.strip().strip("*").strip()
    choice = _CHOICE.match(rest)
    if choice:
        return next(group for group in choice.groups() if group)
    for left, right in (("$", "$"), (r"\(", r"\)"), (r"\[", r"\]")):
        if rest.startswith(left):
            close = rest.find(right, len(left))
            tail = rest[close + len(right) :].strip(" .。*") if close > 0 else "more"
            if close > 0 and (not tail or tail[0] in ",;" or len(tail.split()) > 3):
                return rest[len(left) : close].strip()
    sentence = re.split(
        r"(?<=\D)[.](?:\s|$)|(?<=\d)\.(?:\s|$)|[。！!?]|, (?:because|since|which|so|as)\b", rest, maxsplit=1
    )[0]
    return sentence.strip().rstrip(".。,;*").strip()


def _last_line(text: str) -> Iterator[tuple[str, int, int]]:
    stripped = text.rstrip()
    start = stripped.rfind("\n") + 1
    line = stripped[start:].strip()
    named = _BARE_LINE.match(line)
    value = read_value(normalise(named.group(1) if named else line))
    if isinstance(value, Scalar | Several | Matrix | Choice) and not (
        isinstance(value, Several) and value.kind == "bare" and not named
    ):
        yield (named.group(1) if named else line).strip("$ ").rstrip("."), start, len(stripped)


def _confirmed(text: str) -> Iterator[tuple[str, int, int]]:
    """Yields the last tool output when the sentence after it repeats its value: `Four containers ...`."""
    *_, last = [None, *_OUTPUT.finditer(text)]
    if last is None or not last.group(1).strip():
        return
    answer = last.group(1).strip().splitlines()[-1].strip()
    words = re.findall(r"-?\d[\d,]*(?:\.\d+)?|[A-Za-z]+", text[last.end() :])
    if len(words) < 60 and any(compare_exactly(answer, word).outcome is Relation.EQUAL for word in words):
        yield answer, last.start(1), last.end(1)


_FINDERS: tuple[tuple[str, Callable[[str], Iterator[tuple[str, int, int]]]], ...] = (
    ("boxed", boxes),
    ("hashes", _hashes),
    ("phrase", _phrases),
    ("bare", _last_line),
    ("confirmed", _confirmed),
)


def extract(solution: str, language: str = "en") -> Extraction:
    """Finds the final answer of a solution.

    Args:
        solution: the whole text, of any format.
        language: decides between decimal point and comma when several answers are compared.

    Returns:
        The last answer behind the strongest marker (boxed, hashes, phrase, bare last line, or an output that the last
        sentence confirms), with the number of
        answers behind that marker and whether any two of them differ or could not be compared.
    """
    text = _without_thoughts(solution)
    for path, finder in _FINDERS:
        found = [(answer, start, end) for answer, start, end in finder(text) if answer]
        if found:
            answer, start, end = found[-1]
            return Extraction(answer, len(found), _disagree([a for a, _, _ in found], language), path, start, end)
    return NO_ANSWER


def extract_reference(reference: str, language: str = "en") -> str:
    """Returns the answer that a reference states: the final answer where it is a whole solution, else all of it."""
    if not _MARKED.search(reference):
        return reference
    return extract(reference, language).answer or reference


def _without_thoughts(text: str) -> str:
    """Blanks what stands inside `<think>`, keeping every position."""
    if "think" not in text:
        return text
    text = _THINK.sub(lambda m: re.sub(r"[^\n]", " ", m.group()), text)
    ends = [match.end() for match in _THINK_END.finditer(text)]
    return re.sub(r"[^\n]", " ", text[: ends[-1]]) + text[ends[-1] :] if ends else text


def _disagree(answers: list[str], language: str) -> bool:
    final = answers[-1]
    return any(
        compare_exactly(final, other, None, language).outcome is not Relation.EQUAL for other in set(answers[:-1])
    )
