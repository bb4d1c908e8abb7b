"""Quantities of running text as numbers: `twice` is 2, two dozen 24, three dollars fifty $3.5, `$40.00` is $40.

Only how a quantity is spelled is looked at. `twice` and `2` are then one number, as is what may be meant by either.
"""

import re

import pyarrow as pa

from pipelines.text.arrays import changed_where, rewritten

_PARTS = ("third", "fourth", "fifth", "sixth", "seventh", "eighth", "ninth", "tenth")
_WORDED = (
    (r"(\d) +and (?:a|one) half\b", r"\1.5"),
    (r"\b(?:(?:one|an? [a-z]+) and a half|une? [a-z]+ et demie?)\b", " 1.5 "),
    (r"\bhalf a dozen\b", " 6 "),
    (r"\b(?:half|halves|halved|twice|doubles?|doubled)\b", " 2 "),
    (r"\bdozens?\b", " 12 "),
    (r"(\d) +dollars?(?: +and)? +(\d\d) *(?:cents?\b|([.,;?!]|$))", r"\1.\2\3 "),
    (r"\b(\d\d) *cents?\b", r"0.\1 "),
    (r"\b(\d) *cents?\b", r"0.0\1 "),
    (r"\b(?:thrice|triples?|tripled)\b", " 3 "),
    (r"\b(?:quarters?|quadruples?|quadrupled)\b", " 4 "),
    *((rf"((?:^|\D)1|\bone|\ban?)[ -]+{part}\b", rf"\1 {value} ") for value, part in enumerate(_PARTS, start=3)),
    *((rf"(\d)[ -]+{part}s\b", rf"\1 {value} ") for value, part in enumerate(_PARTS, start=3)),
)
_DOZENS = re.compile(r"(?<![\d.])(\d{1,6}) +dozens?\b")
_ANY_WORDED = (
    rf"\b(?:half|halve|twice|double|thrice|triple|quarter|quadruple|dozen|cent|demie?\b|{'|'.join(_PARTS)})"
    r"|\d +dollars?(?: +and)? +\d"
)
_WRITTEN = (
    ("[€£¥₹]", "$"),
    (r"(^|[^\d.])\.(\d)", r"\10.\2"),
    (r"(\d)\.0+(\.?(?:\D|$))", r"\1\2"),
    (r"(\.\d*[1-9])0+(\.?(?:\D|$))", r"\1\2"),
)
_ANY_WRITTEN = r"[€£¥₹]|\d\.\d*0\.?(?:\D|$)|(?:^|[^\d.])\.\d"


def by_value(texts: pa.Array) -> pa.Array:
    """Writes multiples and parts as their numbers, and decimals without the zeros at their end. Texts are folded."""
    texts = changed_where(texts, r"\d +dozen", _counted_dozens)
    return rewritten(rewritten(texts, _ANY_WORDED, _WORDED), _ANY_WRITTEN, _WRITTEN)


def _counted_dozens(text: str) -> str:
    return _DOZENS.sub(lambda dozens: f" {12 * int(dozens[1])} ", text)
