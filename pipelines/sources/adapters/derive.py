r"""Calculator annotations -> the program and the dialogue that the human implied.

    Natalia sold 48/2 = <<48/2=24>>24 clips in May.          # Natalia sold 48/2 = 24 clips in May.
    Altogether that is 48+24 = <<48+24=72>>72 clips.    ->   clips_in_may = 48 // 2
    #### 72                                                  # Altogether that is 48+24 = 72 clips.
                                                             clips = 48 + clips_in_may
                                                             print(clips)

Only what the human wrote is used: each annotation is an assignment, a number that an earlier step arrived at (and the
question does not name) is that step's variable, the words are the comments. Nothing is derived unless every annotation
is exact and the last one is the final answer by value, so a derived program cannot end in another answer than its row.
Values carry no units and no money; the words keep them.
"""

import builtins
import keyword
import re
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from itertools import count

from pipelines.sources.adapters.expressions import NUMBER, NotPythonError, plain_number, translate
from schemas.problem import Format, Segment, SegmentKind, Solution
from validation.answers.arithmetic import check_annotations, stated_value, strip_annotations

_ANNOTATION = re.compile(r"<<([^<>]*)>>")
_THOUSANDS = re.compile(r"(?<=\d),(?=\d{3})")
_MONEY = r"[-+]?[$€£]?\s*+"
_VALUE = r"(?:\d[\d,]*(?:\.\d+)?|\.\d+)"
_RESULT = re.compile(rf"\s*+{_MONEY}{_VALUE}%?")
_CALCULATED = re.compile(rf"([\d)%])\s*+=\s*+{_MONEY}<<[^<>]*+>>\s*+{_MONEY}{_VALUE}")
_WORD = re.compile(r"[A-Za-z]+(?:['\u2019][a-z]+)?")
_TOKEN = re.compile(r"[A-Za-z]+(?:['\u2019][a-z]+)?|[^\sA-Za-z-]")
_CLAUSE = re.compile(r"[.!?;:,](?=\s)|>>[\d.,]*")
_DIGIT = re.compile(r"\d")
_MAX_WORDS = 5
_MOST_STEPS, _NEAR = 200, 1000  # annotations of a solution, and characters beside one that may name it; people write 40

# words that end a noun phrase ("24 clips | because ...") and words that say nothing in a name
_BREAKS = frozenset(
    re.findall(
        r"\w+",
        "but so because since which that who where when while if then is are was were will would can could has have had"
        " do does did she he they it we you i than as from to with by at due after before into",
    )
)
_ARTICLES = frozenset(("the", "a", "an", "his", "her", "their", "its", "my", "our", "your", "this", "that", "these"))
_LINKS = frozenset(("per", "each", "every", "for", "in", "on", "of"))
_EMPTY = frozenset(
    re.findall(
        r"\w+",
        "a an the of for per in on this that these those his her their its our my your there here so then thus"
        " therefore hence now also just only he she they it we you i is are was were be been will would can could has"
        " have had do does did to and or but because since which means mean equals equal x times plus minus if after by"
        " with from at as than when who where first next finally s t makes make gets get",
    )
)
_RESERVED = frozenset(keyword.kwlist) | frozenset(keyword.softkwlist) | frozenset(dir(builtins))


@dataclass(frozen=True, slots=True)
class _Step:
    """One annotation as an assignment, the line of the text that it stands in, and what Python makes of it."""

    name: str
    expression: str
    line: int
    value: int | float


def derive(question: str, steps: str, answer: str, formats: Iterable[Format]) -> list[Solution]:
    """Builds the named formats from an annotated solution.

    Args:
        question: the problem; numbers that stand in it stay numbers in the program.
        steps: the human's solution with its annotations, without the line of the final answer.
        answer: the final answer.
        formats: pot, tir.

    Returns:
        One solution per format, in the order asked; none when the annotations do not carry the answer.
    """
    try:
        program = _steps(question, steps, answer)
    except NotPythonError:
        return []
    if not program:
        return []
    solutions = []
    for format in formats:
        if format is Format.POT:
            code = _commented(program, strip_annotations(steps).split("\n"))
            solutions.append(Solution(format, (Segment(SegmentKind.CODE, code),), derived=True))
        elif format is Format.TIR:
            solutions.append(Solution(format, _dialogue(program, steps, answer), derived=True))
    return solutions


def _steps(question: str, text: str, answer: str) -> list[_Step]:
    calculations = check_annotations(text)
    final = stated_value(answer)
    if not 0 < len(calculations) <= _MOST_STEPS or final is None or calculations[-1].value != final:
        return []
    asked = {plain_number(number) for number in NUMBER.findall(question.replace(",", ""))}
    linked: dict[str, str] = {}
    values: dict[str, int | float] = {}
    found: list[_Step] = []
    for mark, calculation in zip(_ANNOTATION.finditer(text), calculations, strict=True):
        if not calculation.exact or calculation.value is None:
            raise NotPythonError
        expression, value = translate(calculation.expression, calculation.value, linked, values)
        name = _name(text, mark, values)
        found.append(_Step(name, expression, text.count("\n", 0, mark.start()), value))
        values[name] = value
        stated = plain_number(calculation.stated.strip().replace(",", ""))
        if stated not in asked:
            linked[stated] = name
    return found


def _commented(program: Sequence[_Step], lines: Sequence[str]) -> str:
    """Writes the program with the human's words above the lines that they explain."""
    written: list[str] = []
    for position, words in enumerate(lines):
        if words.strip():
            written.append(f"# {words.strip()}")
        written += [f"{step.name} = {step.expression}" for step in program if step.line == position]
    return "\n".join([*written, f"print({program[-1].name})"])


def _dialogue(program: Sequence[_Step], steps: str, answer: str) -> tuple[Segment, ...]:
    """Words without the results where a calculation leads to them, the program, what it prints, the answer."""
    plan = strip_annotations(_CALCULATED.sub(r"\1", steps)).strip()
    code = "\n".join([*(f"{step.name} = {step.expression}" for step in program), f"print({program[-1].name})"])
    return (
        Segment(SegmentKind.TEXT, plan),
        Segment(SegmentKind.CODE, code),
        Segment(SegmentKind.OUTPUT, str(program[-1].value)),
        Segment(SegmentKind.TEXT, answer_sentence(answer)),
    )


def answer_sentence(answer: str) -> str:
    r"""Returns the sentence that ends a solution; a thousands comma would make a pair inside \boxed."""
    return f"The answer is \\boxed{{{_THOUSANDS.sub('', answer)}}}."


def _name(text: str, mark: re.Match[str], taken: Collection[str]) -> str:
    """Names a result by the words behind it (`24 clips in May`), else by those before it, else by its step."""
    behind = _words_behind(text[mark.end() : mark.end() + _NEAR].partition("\n")[0])
    before = _words_before(text[max(0, mark.start() - _NEAR) : mark.start()].rpartition("\n")[2])
    whole = list(dict.fromkeys((*before[-2:], *behind)))
    if not whole:
        return f"step_{len(taken) + 1}"
    choices = (behind, whole, before) if behind and behind[0] not in _LINKS else (whole if behind else before, before)
    names = ["_".join(words) for words in choices if words]
    names = [f"{name}_value" if name in _RESERVED else name for name in names]
    free = next((name for name in names if name not in taken), None)
    return free or next(name for number in count(2) if (name := f"{names[0]}_{number}") not in taken)


def _words_behind(rest: str) -> list[str]:
    """The phrase after a result: up to a break, a number or a mark; articles go, little words at its end too."""
    result = _RESULT.match(rest)
    words: list[str] = []
    for token in _TOKEN.findall(rest[result.end() if result else 0 :][:120]):
        word = _plain(token)
        if not word.isascii() or not word.isalpha() or word in _BREAKS or len(words) == _MAX_WORDS:
            break
        if not words and word in ("a", "an"):
            words.append("per")
        elif word not in _ARTICLES:
            words.append(word)
    while words and (words[-1] in _EMPTY or words[-1] in _LINKS - {"each"}):
        words.pop()
    while words and words[0] in _EMPTY - _LINKS:
        words.pop(0)
    return words


def _words_before(line: str) -> list[str]:
    """The last telling words of the clause before the calculation: its own words up to the first number, if any."""
    clause = _CLAUSE.split(line)[-1]
    for part in (_DIGIT.split(clause, maxsplit=1)[0], clause, _DIGIT.split(line, maxsplit=1)[0]):
        words = [_plain(word) for word in _WORD.findall(part)]
        telling = [word for word in words if word not in _EMPTY and len(word) > 1]
        if telling:
            return list(dict.fromkeys(telling[-_MAX_WORDS:]))
    return []


def _plain(word: str) -> str:
    """Drops the ending of `Mary's` and the case."""
    return word.partition("'")[0].partition("\u2019")[0].lower()
