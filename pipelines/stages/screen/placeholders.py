"""Places that were to be filled in: `[Your Name]`, `{{name}}`, `${item}`, `$NAME`, `<PERSON_1>`, `%(count)s`.

Where code stands in a text, braces and dollar signs are its own; a formula of LaTeX has its own too.
"""

import re
from functools import partial

import numpy as np

from pipelines.stages.screen.flattened import Columns, Found, in_texts, matching
from schemas.config import Screen
from schemas.reason import Reason

_NAMED = (
    r"(?:user|first|last|full)?names?|person|people|character|numbers?|num|items?|objects?|animal|fruit|food|city|country"
    r"|place|location|company|product|teacher|student|friend|school|colou?r|price|amount|quantity|value|variable|unit"
)
# The same in other brackets: `<PERSON_1>`, `[NUMBER]`, `__NAME__`, `${name}`, `%(name)s`.
_BRACKETED = (
    rf"|<(?:{_NAMED})_?\d?>|\[(?:{_NAMED}|blank)_?\d?\]|(?:__|%|@@?|##?)(?:{_NAMED})_?\d?(?:__|%|@@?|##?)"
    rf"|\$\{{ ?(?:{_NAMED}|[a-z]+_[a-z0-9_]+) ?\}}|%\([a-z_]{{2,20}}\)[sd]|<%=? ?[a-z_.]{{2,30}} ?%>"
    r"|(?:^|\s)%d(?:$|[\s.,?!])"
)
_SHELL = rf"\$(?:{_NAMED}|[a-z]{{3,}}_[a-z]{{3,}}[a-z0-9_]*)_?\d?\b"  # behind a dollar sign that closes no formula
_PLACEHOLDER = (
    r"\[(?:Your|My|Company|Recipient|Sender|Customer)(?:'s)? ?[A-Za-z' ]{0,30}\]|\[Insert [^\[\]\n]{1,60}\]|\[Insert\]"
    r"|\[(?:Enter|Add|Fill in) (?:(?:your|the|an?) )?"  # and not `[Add 3 to both sides]`
    r"(?:name|text|answer|image|picture|figure|diagram|graph|date|title|details)\b[^\[\]\n]{0,30}\]"
    r"|\[(?:Answer|Solution|Explanation|Question|Text) here\]|(?:^|\s)%s(?:$|[\s.,?!])"
    r"|\[(?:Name|Date|Address)\]|\[[A-Za-z]{3,15}(?:'s)? (?:Name|Address|Title|Signature)\]"
    r"|(?:^|[^a-z{_^])\{\{ ?[a-z]{3,}(?:_[a-z0-9]+)* ?\}\}"  # behind a command it is LaTeX: `\text{{ days}}`
    r"|<(?:insert|your)[ _][a-z_ ]{2,30}>|\blorem ipsum\b|(?:^|[^a-z])TODO:|_{2,9} ?\(fill in[^()\n]{0,30}\)"
)
# A name in braces: behind a word, and not behind a command (`\text {name}`), an index or a letter of a formula.
_FIELD = (
    r"(?:^|(?:^|[^\\A-Za-z])[A-Za-z]+[ ,]|[^A-Za-z_^{}\\ ] ?)\{ ?(?:[a-z]{2,}_[a-z0-9_]{2,}|[a-z]_[a-z]{3,}"
    r"|question|answer|context|input"
    rf"|output|instruction|problem|solution|user|date|subject|topic|total|result|{_NAMED})_?\d? ?\}}"
)
_CODE = re.compile(r"```|\bf[\"']|\.format\(|\bprint\(")  # where braces are its own
_OPERATOR = re.compile(r"[=+*/<>^_\\-]")
_PLACEHOLDER_MARK = re.compile(_PLACEHOLDER + _BRACKETED, re.IGNORECASE | re.MULTILINE)
_FIELD_MARK = re.compile(_FIELD, re.IGNORECASE | re.MULTILINE)
_SHELL_MARK = re.compile(_SHELL, re.IGNORECASE)


def unfilled(text: str) -> str | None:
    """Shows the first place that was to be filled in, None when there is none."""
    mark = _PLACEHOLDER_MARK.search(text)
    if mark is None and not _CODE.search(text):
        mark = _FIELD_MARK.search(text)
        mark = mark or next((name for name in _SHELL_MARK.finditer(text) if not _in_formula(text, name)), None)
    return None if mark is None else repr(mark[0].strip())


def _in_formula(text: str, name: re.Match[str]) -> bool:
    """Whether the dollar sign of a name closes a formula, or opens one."""
    before, (rest, closed, _) = text[: name.start()], text[name.end() :].partition("\n")[0].partition("$")
    if before.endswith("\\") or before.count("$") % 2:
        return True
    if closed and not rest:
        return not name.group().isupper()
    return bool(closed) and bool(_OPERATOR.search(rest) or not rest.strip())


def has_placeholder(columns: Columns, _settings: Screen, alive: np.ndarray) -> Found:
    """The rule that nothing is left to be filled in."""
    suspect = partial(matching, pattern=f"(?im){_PLACEHOLDER}{_BRACKETED}|{_FIELD}|{_SHELL}")
    return in_texts(columns, alive, suspect, Reason.PLACEHOLDER, unfilled)
