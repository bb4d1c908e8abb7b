"""Letters of options as answers, alone or with what the option says."""

import re

from validation.answers.spelling import CIRCLED
from validation.answers.values import Choice, Several, Value

_CHOICE = re.compile(
    r"(?:\(\s?([A-Ja-j])\s?\)|([A-J])[.):]?|([a-j])\)|[Oo]ption:? \(?([A-Ja-j])\)?|[Cc]hoice:? \(?([A-Ja-j])\)?)\Z"
)
_BRACKETED_LETTERS = re.compile(r"(?:\(\s?[A-J]\s?\)[\s,]{0,3}(?:and\s|和)?){2,10}\Z")
_CONTENT_CHOICE = re.compile(r"([-+$\d\\][^=]{0,100}?)\s\(([A-J])\)\Z")
_CHOICE_CONTENT = re.compile(r"(?:\(\s?([A-J])\s?\)|([A-J])(?:[.):]|\s[-–—](?=\s)))\s*(\S.*)\Z", re.DOTALL)
_SMALL_CHOICE = re.compile(  # and no sum, product or list of letters
    r"(?:\( ?([a-h]) ?\) |([a-h]) ?\) ?|([a-h])\. )"
    r"((?!\((?![^()]*,)|[+*/^=<>]|[-=] |[a-z]\Z)(?:(?![a-h] ?\)).)+)\Z",
    re.DOTALL,
)


def read_choice(text: str) -> Value | None:
    """Reads `B`, `(b)`, `(A) and (C)`, `option C`, and with what an option says `(B) 12` and `12 (B)`."""
    if len(text) == 3 and text[0] == "(" and CIRCLED.match(text[1]):
        return Several("bare", (Choice(text[1]),))
    match = _CHOICE.match(text)
    if match:
        return Choice(next(group for group in match.groups() if group).upper())
    if text[0] == "(" and _BRACKETED_LETTERS.match(text):
        return Several("bare", tuple(Choice(letter) for letter in re.findall("[A-J]", text)))
    if text[-1] == ")" and (match := _CONTENT_CHOICE.match(text)):
        return Choice(match.group(2), match.group(1).strip())
    match = _CHOICE_CONTENT.match(text)
    return Choice(match.group(1) or match.group(2), match.group(3).strip()) if match else None


def read_small_choice(text: str) -> Value | None:
    """Reads `(b) 12`, `b) 12` and `b. 12`, an option with what it says."""
    match = _SMALL_CHOICE.match(text)
    if match is None:
        return None
    *letters, content = match.groups()
    return Choice(next(filter(None, letters)).upper(), content.strip())
