r"""One canonical text: NFC, LF, no space at line ends, plain spaces, no LaTeX spacing that nobody sees.

Never NFKC, which turns x² into x2. Operators, digits and figures stay as they are. What a lost backslash leaves behind
(`\frac` -> FORM FEED + `rac`) is no formatting: `control_characters` finds it, and the row goes.
"""

import re
import unicodedata

from pipelines.textbytes import foreign_lines

_LINE_END = re.compile("\r\n|[\u0085\u2028\u2029]|\r(?![a-z])")  # a CR before a letter was `\right`, `\rho`, ...
_OTHER_LINE_END = re.compile("[\u0085\u2028\u2029]")
_NEGATIVE_SPACE = re.compile(r"(?<!\\)((?:\\\\)*)\\!")
_SPACES = {
    ord(space): " " for space in "\u00a0\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a\u202f\u205f"
}
_INVISIBLE = dict.fromkeys(map(ord, "\u00ad\u200b\u200e\u200f\u2060\ufeff"))
_CHARACTERS = _SPACES | _INVISIBLE
_ODD_SPACE = re.compile(f"[{''.join(map(chr, _CHARACTERS))}]")

_LOST_TAB = (  # `\times`, `\theta`, `\text{`, `\tan x`, `\tau = `, ...; but "a cell<TAB>an apple" is a table
    r"\t(?=imes\b|heta\b|ext[a-z]*\{|frac|anh?(?:[\\({^_\d]|\s+[a-z\d]\b)|riangle|ilde|au(?:[\\^_)}$]|\s*[-=+<>])|op\b"
    r"|o(?:\\|\s*(?:\\infty|[-+]?\d)))"
)
_CONTROL = re.compile(f"[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\ud800-\udfff\ufffe\uffff]|{_LOST_TAB}")
MAY_CHANGE = r"[^\n -~]|\\!|[ \t]\n|^\s|\s$"
"""a regular expression (RE2's) for whatever `normalise` may change or `control_characters` may name"""
_CONTROL_BYTES = bytes([*range(9), *range(11, 32), 127])
_NAMES = {
    "\x00": "NUL",
    "\x07": "BELL (a lost \\a...?)",
    "\x08": "BACKSPACE (a lost \\b...?)",
    "\t": "TAB (a lost \\t...?)",
    "\x0b": "VERTICAL TAB (a lost \\v...?)",
    "\x0c": "FORM FEED (a lost \\f...?)",
    "\r": "CARRIAGE RETURN (a lost \\r...?)",
    "\x1b": "ESCAPE",
}


def normalise(text: str, *, code: bool = False) -> str:
    """Returns the canonical text; idempotent.

    Args:
        text: any text.
        code: the text is a program or an output: its line ends become LF and it becomes NFC, nothing else changes
            inside it.
    """
    if not text.isascii():
        text = foreign_lines(_composed, text)
        if not code:
            text = foreign_lines(_plain_spaces, text)
        if "\r" not in text:
            text = foreign_lines(_plain_ends, text)
    if "\r" in text:
        text = _LINE_END.sub("\n", text)
    if code:
        return text.strip("\n").rstrip()
    if "\\!" in text:
        text = _NEGATIVE_SPACE.sub(r"\1", text)
    if " \n" in text or "\t\n" in text:
        text = "\n".join(line.rstrip(" \t") for line in text.split("\n"))
    return text.strip(" \t\n")


def _composed(line: str) -> str:
    return unicodedata.normalize("NFC", line)


def _plain_spaces(line: str) -> str:
    return line.translate(_CHARACTERS) if _ODD_SPACE.search(line) else line


def _plain_ends(line: str) -> str:
    return _OTHER_LINE_END.sub("\n", line)


def control_characters(text: str) -> str | None:
    """Names the first character that no text should hold, None when there is none.

    Tabs and line ends are text; a tab that starts `imes` or `heta` was a LaTeX command once.
    """
    if "\t" not in text:
        content = text.encode(errors="surrogatepass")
        foreign = () if text.isascii() else (line for line in text.split("\n") if not line.isascii())
        if len(content.translate(None, _CONTROL_BYTES)) == len(content) and not any(map(_CONTROL.search, foreign)):
            return None
    found = _CONTROL.search(text)
    if found is None:
        return None
    around = text[found.end() : found.end() + 12].split("\n")[0]
    name = _NAMES.get(found[0], f"U+{ord(found[0]):04X}")
    return f"{name} before {around!r}" if around else f"{name} at the end"
