r"""Whether LaTeX in a text balances. Dollar signs are not judged: in word problems they are money."""

import re

NEEDS_PARSING = r"\\(?:begin|end|[\[\]{}\\])"
"""A text with none of these, and as many { as }, needs no parsing; a reversed pair is the one fault that passes so."""

_TOKEN = re.compile(r"\\begin\{(\w+\*?)\}|\\end\{(\w+\*?)\}|\\\\|\\[{}\[\]]|[{}]")
_CLOSES = {"\\]": "\\[", "}": "{"}


def is_balanced_latex(text: str) -> bool:
    r"""Whether braces, environments and \[ \] balance. Dollar signs are not judged: in prose they are money."""
    open_: list[str] = []
    for match in _TOKEN.finditer(text):
        token = match[0]
        if match[1]:
            open_.append(f"env:{match[1]}")
        elif match[2]:
            if not open_ or open_.pop() != f"env:{match[2]}":
                return False
        elif token in ("\\[", "{"):
            open_.append(token)
        elif token in _CLOSES and (not open_ or open_.pop() != _CLOSES[token]):
            return False
    return not open_
