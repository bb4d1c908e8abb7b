r"""Finds `\boxed{}` by matching braces, in one pass over the text.

Boxes that are joined by `and`, `or` or a comma are one answer.
"""

import re
from collections.abc import Iterator

from validation.answers.brackets import parts
from validation.answers.compare import compare_exactly
from validation.answers.outcome import Relation

_BOX = re.compile(r"\\(?:boxed|fbox|framebox)(?![A-Za-z])")
_SPACE = re.compile(r"\s*")
_ONE_TOKEN = re.compile(r"\\[A-Za-z]+|[^\s$\\,.;]+")
_BRACE = re.compile(r"\\.|[{}]", re.DOTALL)
_PERCENT = re.compile(r"[$ ]{0,2}\\?%")
_PHANTOM = re.compile(r"\\[hv]?phantom\s*\{[^{}]*\}|\\(?:quad|qquad|hspace\*?\{[^{}]*\}|[,;:! ])")
# What may stand between boxes that are one list: `$, $`, `\text{ and }`, (b), `$ or $x = `.
_JOINT = re.compile(
    r"(?:[\s$&]|\\[,;:! ]|\\[()\[\]]|\\q?quad|[,;、，和或及]|\([a-h]\)"
    r"|[a-z](?:_\{?\w\}?)?\s*=|(?:\\text\{)?\s*\b(?:and|or|und|oder|et|ou|y|e)\b\s*\}?)*+",
    re.IGNORECASE,
)
_JOINING = re.compile(r"[,;、，和或及]|\b(?:and|or|und|oder|et|ou|y|e)\b|\([a-h]\)", re.IGNORECASE)
_SEVERAL = re.compile(
    r"\bseparated by commas\b|\b(?:find|enter) all (?:of the |the )?(?:(?:possible|real|complex) )?"
    r"(?:values|solutions|roots)\b",
    re.IGNORECASE,
)
_LONGEST_JOINT = 60
_MOST_JOINED = 50
Box = tuple[str, int, int]


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


def boxes(text: str) -> Iterator[Box]:
    r"""Yields the content and span of every box.

    A box inside another is part of it, `\boxed 5` takes one token, a percent sign behind a box belongs to it, and one
    that is left empty, as a blank to be filled in, is none.
    """
    position = 0
    closed = matching_braces(text) if _BOX.search(text) else {}
    while match := _BOX.search(text, position):
        space = _SPACE.match(text, match.end())
        assert space is not None
        position = start = space.end()
        if text[start : start + 1] == "{":
            close = closed.get(start, -1)
            if close < 0:
                continue
            content, position = text[start + 1 : close].strip(), close + 1
        else:
            token = _ONE_TOKEN.match(text, start)
            if token is None or not (space.group() or text[start].isdigit()):
                continue
            content, position = token.group(), token.end()
        if percent := _PERCENT.match(text, position):
            content, position = f"{content}\\%", percent.end()
        if _PHANTOM.sub("", content):
            yield content, match.start(), position


def grouped_boxes(text: str) -> Iterator[Box]:
    """Yields boxes, those that are joined as one: `1, 2` for a box with 1, `and`, and a box with 2."""
    group: list[Box] = []
    for box in boxes(text):
        if group and not _is_joined(text[group[-1][2] : min(box[1], group[-1][2] + _LONGEST_JOINT + 1)]):
            yield _joined(group)
            group = []
        group.append(box)
    if group:
        yield _joined(group)


def listed_boxes(text: str, question: str) -> str | None:
    """All boxes as one list, where a question asks for several values and no box holds what another says."""
    contents = [content for content, _, _ in grouped_boxes(text)] if _SEVERAL.search(question) else []
    if not 1 < len(contents) <= _MOST_JOINED:
        return None
    pieces = [piece for content in contents for piece in {*parts(content)}]
    return ", ".join(contents) if len({*pieces}) == len(pieces) else None


def _is_joined(gap: str) -> bool:
    return len(gap) <= _LONGEST_JOINT and _JOINT.fullmatch(gap) is not None and _JOINING.search(gap) is not None


def _joined(group: list[Box]) -> Box:
    contents: list[str] = []
    for content, _, _ in group[-_MOST_JOINED:]:
        if not any(compare_exactly(content, other).outcome is Relation.EQUAL for other in contents):
            contents.append(content)
    return ", ".join(contents), group[0][1], group[-1][2]


def broken_box(text: str) -> Box | None:
    """Returns the last box when its brace is never closed: the text breaks off in it."""
    start = max(text.rfind("\\boxed{"), text.rfind("\\fbox{"))
    if start < 0:
        return None
    brace = text.index("{", start)
    return None if 0 in matching_braces(text[brace:]) else (text[brace + 1 :].strip(), start, len(text))
