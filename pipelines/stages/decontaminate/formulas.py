r"""Formulas and drawings as another hand may write them: $\frac{1}{7}\cdot\theta$ is $1/7*x$, a drawing its numbers.

Only for comparing texts in other words: what a formula is made of is kept, which letters it uses is not.
"""

import re

import pyarrow as pa

from pipelines.text.arrays import changed_where, rewritten

DRAWING = "[asy]"
_DRAWING = re.compile(r"\[asy\].*?(?:\[/asy\]|$)", re.DOTALL)
_LABEL = re.compile(r'"([^"\d]*+\d[^"]*+)"')
_GREEK = (
    "alpha|beta|gamma|delta|(?:var)?epsilon|zeta|eta|(?:var)?theta|lambda|mu|nu|xi|rho|sigma|tau|(?:var)?phi|chi|psi"
    "|omega"
)
_SIDE = r"\{([a-z0-9.\\ ]+)\}"
_RULES = (
    (rf"\\(?:{_GREEK})\b", " x "),
    (rf"\\frac\s*{_SIDE}\s*{_SIDE}", r" \1/\2 "),
    (r"\\(?:cdot|times)\b", "*"),
    (r"\\div\b", "/"),
)


def in_plain_signs(texts: pa.Array) -> pa.Array:
    """Writes Greek letters, fractions and products plainly, and drawings as their labels with numbers.

    Texts are folded. Where the lines of a drawing run is left out: a rewording draws anew, or says it in words.
    """
    return rewritten(changed_where(texts, re.escape(DRAWING), _labels_of_drawings), r"\\", _RULES)


def _labels_of_drawings(text: str) -> str:
    return _DRAWING.sub(lambda drawing: f" {' '.join(_LABEL.findall(drawing[0]))} ", text)
