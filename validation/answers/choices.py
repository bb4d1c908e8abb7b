"""The options of a multiple-choice question, as they stand in its text: a letter, and what it says."""

import re
import unicodedata
from collections.abc import Sequence

_WRAPPED = re.compile(r"\\(?:text|textbf|mathrm|mathbf|textrm|rm|bf)\s?\{\s*(\(?\s?[A-Ja-j]\s?[).:]?)\s*\}")
# A letter with its mark: (A), A., A) B: A． A、 a ); or alone in front of a dash.
_MARK = re.compile(
    r"(?:(?<=[\s,;:?，。；：？()（）\[\"'$~\\}\u3000])|\A)(?:[(（\[]\s?([A-Ja-j])\s?[)）\]]|([A-Ja-j])\s?[).:．、：）](?!\w\.)|([A-J])(?=\s[-–—]\s))"
)
# Without a space between what one option says and the next letter: A.12B.15C.18.
_GLUED_MARK = re.compile(r"(?<![A-Za-z\\])([A-J])\s?[.．、：:]")
_JUNK = re.compile(r"\\(?:qquad|quad|hspace\s?\{[^{}]*\}|\\|,|;|!| )|~")
_DASH = re.compile(r"\A\s*[-–—]\s")
_EDGES = " \t\n\u3000,;，；。'\"[]$"
_NUMBERED = re.compile(r"(?<![\w)])[(（]\s?([1-9])\s?[)）]|([①-⑨])")
_FEWEST = 2  # numbers that may be those of steps or parts
_LONGEST = 400  # characters of what one option says


def read_options(question: str) -> dict[str, str]:
    """Returns what each option of a question says, by its letter; empty where there are fewer than two.

    The last run of letters from A on counts, so that `vitamin A.` in the text before them does not.
    """
    text = _WRAPPED.sub(r" \1 ", question)
    marks = [(_letter(match), match.start(), match.end()) for match in _MARK.finditer(text)]
    run = _last_run([mark for mark in marks if mark[0].isupper()], 2)
    run = run or _last_run([mark for mark in marks if mark[0].islower()], 3)
    run = run or _last_run([(match.group(1), match.start(), match.end()) for match in _GLUED_MARK.finditer(text)], 3)
    found: dict[str, str] = {}
    for at, (letter, _, end) in enumerate(run):
        stop = run[at + 1][1] if at + 1 < len(run) else len(text)
        content = text[end : min(stop, end + _LONGEST)]
        if at + 1 == len(run):
            content = content.split("\n")[0]
        found[letter.upper()] = _JUNK.sub(" ", _DASH.sub("", content)).strip(_EDGES)
    return found


def read_numbered(question: str) -> dict[int, str]:
    """Returns what each numbered option of a question says, `(1) 12 (2) 14`; empty where there are fewer than three."""
    marks = [*_NUMBERED.finditer(question)]
    found: dict[int, str] = {}
    for at, mark in enumerate(marks):
        number = int(unicodedata.digit(mark.group(1) or mark.group(2)))
        if number != len(found) + 1:
            found = {}
        if number == len(found) + 1:
            stop = marks[at + 1].start() if at + 1 < len(marks) else len(question)
            found[number] = question[mark.end() : min(stop, mark.end() + _LONGEST)].split("\n")[0].strip(_EDGES)
    return found if len(found) > _FEWEST else {}


def _letter(match: re.Match[str]) -> str:
    return next(group for group in match.groups() if group)


def _last_run(marks: Sequence[tuple[str, int, int]], least: int) -> list[tuple[str, int, int]]:
    """Returns the last marks whose letters go on from A, at least so many."""
    best: list[tuple[str, int, int]] = []
    run: list[tuple[str, int, int]] = []
    for mark in marks:
        if mark[0] in "Aa":
            run = [mark]
        elif run and mark[0] == chr(ord(run[-1][0]) + 1):
            run.append(mark)
        else:
            continue
        if len(run) >= least:
            best = list(run)
    return best
