r"""What stands around an item's text or over it, and is taken off before the item is looked up.

A label, a source, an instruction before it; options behind it; the entities of a web page, the escapes of JSON; and in
a solution the marks of comments, quotations, docstrings and strings that go on over several lines.
"""

import html
import re

import pyarrow as pa
import pyarrow.compute as pc

from pipelines.text.arrays import changed_where

_TAG = r"(?:\([a-z0-9,.:;#/&|-]{1,80}\)|\[[a-z0-9,.:;#/&|-]{1,80}\])"
_LABELS = r"(?:question|problem|exercise|example|task|q|prompt|input|instruction)"
LABEL = rf"^{_TAG}?(?:(?:#|\*)*{_LABELS}\d*{_TAG}?(?:\*)*[:.)]+(?:\*)*)?"
"""of a question's skeleton: `Question 5:`, `(AMC 2010, Question 5, 6 points)`, `Problem 3 (5 points).`"""
OPTIONS = r"(?s)\s+\(?A[).:] ?\S.*?\s\(?B[).:] ?\S.*$"
"""a multiple choice behind a question, line by line or in one"""
INSTRUCTIONS = (r"^[^0-9$\\]{1,400}[.:!?)\]]\s+", r"^[^0-9$\\]{1,400}\n\s*")
"""a sentence or line before a question, without numbers and formulas"""

_ESCAPE = r"\\u(?:[0-9a-cA-CefEF][0-9a-fA-F]|[dD][0-7])[0-9a-fA-F]{2}"
_ESCAPED = rf"&(?:#\d{{1,6}}|#[xX][0-9a-fA-F]{{1,5}}|[A-Za-z]{{2,8}});|{_ESCAPE}"
_MARKS = r"(?m)^[ \t]*(?:#+|//+|/?\*+[ \t]|>+[ \t])|\"\"\"|'''"
_CONTINUED = r"[\"'][ \t]*\+?[ \t]*\\?\n[ \t]*\+?[ \t]*[fFrRbB]?[\"']"


def unescaped(texts: pa.Array) -> pa.Array:
    r"""Texts with `&nbsp;`, `&#39;` and `\u2019` as the characters that they mean."""
    return changed_where(texts, _ESCAPED, _unescaped)


def _unescaped(text: str) -> str:
    return html.unescape(re.sub(_ESCAPE, lambda escape: chr(int(escape[0][2:], 16)), text))


def unmarked(solutions: pa.Array) -> pa.Array:
    """Solutions as running text: what marks comments, quotations and strings does not part a question."""
    return pc.replace_substring_regex(pc.replace_substring_regex(unescaped(solutions), _MARKS, " "), _CONTINUED, " ")
