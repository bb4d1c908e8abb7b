r"""Finds the final answer of a solution.

The last `\boxed{}` by brace matching, `#### x`, "The answer is x", and their kin in other languages.

Says how many final answers stand there and whether they disagree by value. What stands inside `<think>` does
not count.
"""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

from validation.answers.boxes import boxes, broken_box, grouped_boxes
from validation.answers.compare import compare_exactly
from validation.answers.concluded import only_value
from validation.answers.endings import announcements, endings
from validation.answers.outcome import Relation
from validation.answers.reading import read_value
from validation.answers.spelling import UNSPACED, normalise
from validation.answers.values import Choice, Matrix, Scalar, Several, Unread, Words


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

Found = tuple[str, int, int]  # an answer, and where it stands with its marker
Finder = Callable[[str], Iterator[Found]]

_MARKED = re.compile(r"\\(?:boxed|fbox)\b|^[ \t]*####", re.MULTILINE)
_MAX_SENTENCE = 1000
_MAX_PHRASES = 64
_TAG = re.compile(r"<(?:final_)?answer>", re.IGNORECASE)
_THINK = re.compile(r"<think(?:ing)?>.*?(?:</think(?:ing)?>|\Z)", re.DOTALL)
_THINK_END = re.compile(r"</think(?:ing)?>")
_CHOICE = re.compile(
    r"\\(?:text|mathrm|mathbf)(?:bf|rm)?\{\s*\(?([A-J])\)?\s*\}|\(([A-J])\)"
    r"|^([A-J])(?=[).:]|\s*+(?:[。．]\s*+)?$|\sis\s(?:the\s)?(?:correct|right|answer))"
)
_SENTENCE_END = re.compile(
    r"(?<=\D)(?<!\bMr)(?<!\bMrs)(?<!\bMs)(?<!\bDr)(?<!\bsq)(?<!\bcu)[.](?:\s|$)(?!(?<= (?:ft|lb|hr)\.\s)\d)"
    r"|(?<=\d)\s?\.(?:\s|$)|[。！?।؟]|\n|(?<![\d)}\]a-z])!|(?<=[a-z]{2})!|(?<=\d)!(?=!*\s*(?:[A-Z][a-z]|\Z))"
    r"|, (?:because|since|which|so|as|not|rather than|instead of)\b|(?<=[\d)}$%]) (?:because|since)\b"
    r"|[;:]\s(?=[a-z]{2,} [a-z]{2,} )|\s\((?=(?:not|rather than|instead of)\s)"
)
_HASHES = re.compile(r"(^[ \t]{0,20})?####(?!#)((?:[^#\n]|#(?!###))*)", re.MULTILINE)
_QUOTED = re.compile(r"\A[\"“]([^\"“”]*)[\"”]\Z")
# A sentence of Chinese or Japanese that ends in its only number and what it counts: 小明还剩8元
_COUNTED = re.compile(
    r"[\u3040-\u30ff\u4e00-\u9fff，、]{2,40}? ?(-?\d[\d,]*(?:\.\d+)?(?:/\d+)?%? ?[\u3040-\u30ff\u4e00-\u9fff]{0,4})"
)
_SPOKEN = re.compile(r"(.{1,40}?)\s\((?!mod)[a-z]+(?:[ -][a-z]+){0,5}\)")  # 6 (six)
_IS_ANSWER = re.compile(r"(-?[$\d][^\s]{0,30}) is (?:the|our) (?:final |correct |right )?answer\b")  # 12 is the answer
_OPENING = {")": "(", "]": "[", "}": "{"}
_AGREED = re.compile(r"(yes|no)\s?[,:]\s", re.IGNORECASE)  # No, it is not possible
_DIGITS = re.compile(r"\d")
_BOLD = re.compile(rf"(?<=\S)\*\*(?=\s|[^\w\s]|[{UNSPACED}]|\Z)|(?<!\w)\*\*(?=\S)")  # and not the sign of a power
_JOINED = re.compile(r"(?:or|and)\s\$|[,;]\s?(?:(?:or|and|и|или|und|oder|et|ou|y|o|e)\s)?\$")
_ASIDE = re.compile(r"\((?:or|i\.e\.|that is|about|approximately|or about|=|≈|\$?\\approx)[ $\d][^()]*\)\Z")
_REFUSED = re.compile(
    r"\b(?:wrong|incorrect|false|tempting|naive|if|whether)\s(?:the\s)?\Z", re.IGNORECASE
)  # the answer that is none
_LONGEST_REFUSAL = 12
_SIGNS = " \t\n✅✓✔☑🎉👉➡"
_DISPLAYS = {"$$": "$$", r"\[": r"\]"}
_FEW_BEHIND = 3  # words behind a formula that may belong to it
_COPULA = re.compile(r"\s(?:is|are|was|equals|is equal to)\s")
_PROSE_WORD = re.compile(r"(?<![\\A-Za-z{])[A-Za-z]{3,}")
_FEW_WORDS = 4  # on a last line that is nothing but its answer
_STEP = re.compile(
    r"(?:[-*•]\s)?(?:Thus|Hence|Therefore|Then|So|If|When|For|Since|And|But|We|This)\b"
)  # no bare answer
_BARE_LINE = re.compile(r"(?:ans(?:wer)?|result|x|y|n)\s*=\s*(\S.*)\Z", re.IGNORECASE)


def _tags(text: str) -> Iterator[Found]:
    """Yields what stands in `<answer>`, up to the end where the tag is not closed."""
    for opened in _TAG.finditer(text):
        close = text.find(f"</{opened.group()[1:]}", opened.end())
        end = close if close >= 0 else len(text)
        answer = text[opened.end() : end].strip()
        if len(answer) <= _MAX_SENTENCE:
            yield next((content for content, _, _ in boxes(answer)), answer), opened.start(), end


def _hashes(text: str) -> Iterator[Found]:
    """Yields what stands behind `####`: at the start of a line, and anywhere in the last one; no headings."""
    last = text.rfind("\n", 0, len(text.rstrip())) + 1
    for match in _HASHES.finditer(text):
        answer = match.group(2).strip()
        leading = match.group(1) is not None
        if answer and (match.start() >= last or (leading and _says_a_value(answer))):
            yield answer, match.start(), match.start(2) + len(match.group(2).rstrip())


def _phrases(text: str) -> Iterator[Found]:
    """Yields what is announced; prose behind an announcement is none where a value is announced later."""
    found = [*_announced(text)]
    if len(found) < 2:
        yield from found
        return
    values = [_says_a_value(answer) for answer, _, _ in found]
    last = max((at for at, value in enumerate(values) if value), default=0)
    yield from (entry for at, entry in enumerate(found) if at >= last or values[at])


def _announced(text: str) -> Iterator[Found]:
    for match in announcements(text)[-_MAX_PHRASES:]:
        rest = _announcement(text, match.end())
        answer = _first_value(rest)
        if re.search("[:：]", match.group()) and not (_says_a_value(answer) or _AGREED.match(answer)):
            answer = only_value(answer) or answer
        if _REFUSED.search(text, max(0, match.start() - _LONGEST_REFUSAL), match.start()):
            continue
        if answer and not endings().prose.match(answer) and not endings().denied.search(answer):
            yield answer, match.start(), match.end() + len(rest.rstrip())


def _announcement(text: str, start: int) -> str:
    """Returns the rest of a line, and all of a formula that begins there and goes over several."""
    longest = start + _MAX_SENTENCE
    end = text.find("\n", start, longest)
    rest = text[start : end if end >= 0 else longest]
    close = _DISPLAYS.get(rest.strip())
    if close is not None and (close_at := text.find(close, end, longest)) >= 0:
        return text[start : close_at + len(close)]
    return rest


def _first_value(rest: str) -> str:
    """Returns what the phrase introduces: up to the end of the sentence, a formula whole, a choice letter alone."""
    rest = _BOLD.sub("", rest).strip(_SIGNS).lstrip("}").strip(_SIGNS).strip("*_").strip()
    if rest.endswith("$") and rest.count("$") == 1:  # of a formula that began in front: `$\\text{Answer: } 12$`
        rest = rest[:-1].rstrip()
    if rest.endswith((' "', '."')) and rest.count('"') == 1:  # of a quotation that began in front; `5"` are inches
        rest = rest[:-1].rstrip()
    choice = _CHOICE.match(rest)
    if choice:
        return next(group for group in choice.groups() if group)
    for left, right in (("$$", "$$"), ("$", "$"), (r"\(", r"\)"), (r"\[", r"\]")):
        if rest.startswith(left):
            close = rest.find(right, len(left))
            tail = rest[close + len(right) :].strip(" .。*।") if close > 0 else "more"
            ends = not tail or _ASIDE.match(tail) or tail[0] in ",;" or len(tail.split()) > _FEW_BEHIND
            if close > 0 and ends and not _JOINED.match(tail):
                return rest[len(left) : close].strip()
            break
    if (named := _IS_ANSWER.match(rest)) is not None:
        return named.group(1)
    sentence = _SENTENCE_END.split(rest, maxsplit=1)[0]
    answer = endings().behind.sub("", sentence.strip().rstrip(".。,;*_").strip())
    answer = _QUOTED.sub(r"\1", answer)
    if (opening := _OPENING.get(answer[-1:])) and answer.count(answer[-1]) > answer.count(opening):
        answer = answer[:-1].rstrip()
    if (agreed := _AGREED.match(answer)) is not None:
        return answer if _DIGITS.search(answer) else agreed.group(1)
    if (counted := _COUNTED.fullmatch(answer)) is not None:
        return counted.group(1)
    if (spoken := _SPOKEN.fullmatch(answer)) is not None and _says_a_value(spoken.group(1)):
        return spoken.group(1)
    subject, *predicates = _COPULA.split(answer)
    if predicates and not _says_a_value(answer) and (len(subject.split()) > 1 or subject == "There"):
        return _first_value(predicates[-1])
    return answer


def _says_a_value(answer: str) -> bool:
    """Says whether a text is read as a value, or is a word or two."""
    value = read_value(normalise(answer)) if len(answer) <= _MAX_SENTENCE else None
    return not (value is None or isinstance(value, Unread) or (isinstance(value, Words) and answer.count(" ") > 1))


def _last_line(text: str) -> Iterator[Found]:
    stripped = text.rstrip()
    start = stripped.rfind("\n") + 1
    line = stripped[start:].strip().strip("$ ")
    if len(line) > _MAX_SENTENCE or (_STEP.match(line) and "=" in line) or len(_PROSE_WORD.findall(line)) > _FEW_WORDS:
        return
    named = _BARE_LINE.match(line)
    value = read_value(normalise(named.group(1) if named else line))
    if isinstance(value, Scalar | Several | Matrix | Choice) and not (
        isinstance(value, Several) and value.kind == "bare" and not named
    ):
        yield (named.group(1) if named else line).strip("$ ").rstrip("."), start, len(stripped)


def _confirmed(text: str) -> Iterator[Found]:
    """Yields the last tool output when the sentence after it repeats its value: `Four containers ...`."""
    start = text.rfind("```output")
    begin = text.find("\n", start) + 1 if start >= 0 else 0
    end = text.find("\n```", begin - 1) if begin else -1
    output = text[begin:end].strip() if end >= 0 else ""
    if not output:
        return
    answer = output.splitlines()[-1].strip()
    words = re.findall(r"-?\d[\d,]*(?:\.\d+)?|[A-Za-z]+", text[end + len("\n```") :])
    if len(words) < 60 and any(compare_exactly(answer, word).outcome is Relation.EQUAL for word in words):
        yield answer, begin, end


_EXPLICIT: tuple[tuple[str, Finder], ...] = (
    ("boxed", grouped_boxes),
    ("tag", _tags),
    ("hashes", _hashes),
    ("phrase", _phrases),
)
_IMPLICIT = (("bare", _last_line), ("confirmed", _confirmed))


def extract(solution: str, language: str = "en") -> Extraction:
    """Finds the final answer of a solution.

    Args:
        solution: the whole text, of any format.
        language: decides between decimal point and comma when several answers are compared.

    Returns:
        The last answer behind the strongest marker (boxed, tag, hashes, phrase, bare last line, or an output that the
        last sentence confirms), with the number of answers behind that marker and whether any two of them differ or
        could not be compared. A weaker marker further on that says something else has the last word. A last box that
        breaks off has the path `broken`, and always disagrees.
    """
    text = _without_thoughts(solution)
    broken = broken_box(text)
    for at, (path, finder) in enumerate((*_EXPLICIT, *_IMPLICIT)):
        found = [(answer, start, end) for answer, start, end in finder(text) if answer]
        if found and broken is not None and broken[1] > found[-1][1]:
            return Extraction(broken[0] or None, len(found) + 1, True, "broken", broken[1], broken[2])
        if found:
            answer, start, end = found[-1]
            extraction = Extraction(answer, len(found), _disagree([a for a, _, _ in found], language), path, start, end)
            return _with_later(extraction, text, _EXPLICIT[at + 1 :], language)
    return NO_ANSWER


def _with_later(found: Extraction, text: str, weaker: tuple[tuple[str, Finder], ...], language: str) -> Extraction:
    """Returns what a weaker marker behind an answer says in its stead, where it says something else."""
    rest = text[found.end :]
    if not rest.strip(_CLOSING):
        return found
    for path, finder in weaker:
        later = [entry for entry in finder(rest) if entry[0] and _says_a_value(entry[0])]
        if not later:
            continue
        answer, start, end = later[-1]
        assert found.answer is not None
        if compare_exactly(found.answer, answer, None, language).outcome is Relation.EQUAL:
            return found
        start, end = found.end + start, found.end + end
        if (named := _letter_with_value(found.answer, answer)) is not None:
            return replace(found, answer=named, count=found.count + 1, start=start, end=end)
        return Extraction(answer, found.count + 1, True, path, start, end)
    return found


_CLOSING = "$\\[](){}*.,;!?。 \t\n"
_LETTER = re.compile(r"\(?([A-J])\)?")


def _letter_with_value(first: str, second: str) -> str | None:
    """Joins the letter of an option and what it says, in whichever order they stand: `(C) 12`."""
    letters = [_LETTER.fullmatch(answer) for answer in (first, second)]
    if (letters[0] is None) == (letters[1] is None):
        return None
    letter, content = (first, second) if letters[0] else (second, first)
    return f"({letter.strip('()')}) {content}"


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
