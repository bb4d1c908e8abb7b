r"""Contacts behind an answer: e-mail and web addresses, signatures, notes on copyright and on who wrote or edited.

    ... = \boxed{60}.
     ~solver (solver@example.org)      <- cut
    Copyright 2011 by the contest.     <- cut

Only whole lines at the end are cut, and a signature behind the last sentence; what stands before them never is.
"""

import re

_LINE = re.compile(
    r"\s*(?:"
    r"[~\u223c\u2014]\s?[A-Za-z][^\n=$\\]{0,80}"  # a signature: ~name
    r"|--\s?[A-Za-z][\w .-]{1,40}"
    r"|.{0,80}\b[\w.+-]+@[\w-]+(?:\.[\w-]+)+.{0,40}"
    r"|.{0,60}(?:https?://|\bwww\.)\S+.{0,20}"
    r"|.{0,80}(?:\u00a9|\(c\) ?\d{4}|\bcopyright|\ball rights reserved).{0,120}"
    r"|\(?(?:solution|edited|minor edits?|written|posted|proposed|typeset|credit)s? (?:by|to):? .{1,60}"
    r")\s*",
    re.IGNORECASE,
)
_LONGEST = 400  # characters of a line: a longer one is no contact
_ADDRESS = re.compile(r"\S+@\S+|(?:https?://|\bwww\.)\S+", re.IGNORECASE)
_SAYS_SOMETHING = re.compile(r"\\boxed|####|\banswer\b|[=$]", re.IGNORECASE)
_SIGNED = re.compile(r"(?<=[.!?$)}])[ \t]+~ ?[A-Za-z][\w.@() -]{1,60}$")


def without_contacts(text: str) -> str:
    """Returns a text without the contacts at its end; the text itself where nothing else would be left."""
    lines = text.rstrip().split("\n")
    while lines and (not lines[-1].strip() or _is_contact(lines[-1])):
        lines.pop()
    if not lines:
        return text
    lines[-1] = _SIGNED.sub("", lines[-1])
    kept = "\n".join(lines)
    return kept if kept != text.rstrip() else text


def _is_contact(line: str) -> bool:
    return (
        len(line) <= _LONGEST
        and _LINE.fullmatch(line) is not None
        and not _SAYS_SOMETHING.search(_ADDRESS.sub("", line))
    )
