r"""One canonical text: NFC, LF, no space at line ends, plain spaces, no LaTeX spacing that nobody sees.

Never NFKC, which turns x² into x2. Operators, digits and figures stay as they are. What a lost backslash leaves behind
(`\frac` -> FORM FEED + `rac`) is no formatting: `control_characters` finds it, and the row goes.
"""

import re
import unicodedata

import pyarrow as pa
import pyarrow.compute as pc

from pipelines.text.arrays import changed_where, foreign_runs, rewritten

_LINE_END = re.compile("\r\n|[\u0085\u2028\u2029]|\r(?![a-z])")  # a CR before a letter was `\right`, `\rho`, ...
_OTHER_LINE_END = re.compile("[\u0085\u2028\u2029]")
_NEGATIVE_SPACE = (r"\\!", ((r"(\\\\)|\\!", r"\1"),))  # pairs of backslashes are read first: `\\!` is none
_TRAILING_SPACE = (r"[ \t]\n", ((r"[ \t]+\n", "\n"),))
_SPACES = {
    ord(space): " " for space in "\u00a0\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a\u202f\u205f"
}
_INVISIBLE = dict.fromkeys(map(ord, "\u00ad\u200b\u200e\u200f\u2060\ufeff"))
_CHARACTERS = _SPACES | _INVISIBLE

_LOST_TAB = (  # `\times`, `\theta`, `\text{`, `\tan x`, `\tau = `, ...; but "a cell<TAB>an apple" is a table
    r"\t(?=imes\b|heta\b|ext[a-z]*\{|frac|anh?(?:[\\({^_\d]|\s+[a-z\d]\b)|riangle|ilde|au(?:[\\^_)}$]|\s*[-=+<>])|op\b"
    r"|o(?:\\|\s*(?:\\infty|[-+]?\d)))"
)
_CONTROL = re.compile(f"[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\ud800-\udfff\ufffe\uffff]|{_LOST_TAB}")
_LOST_AT_START = re.compile(rf"[\x0b\x0c\r](?=[a-z])|{_LOST_TAB}")
_SUSPECT = r"[\x00-\x09\x0b-\x1f\x7f-\x{9f}\x{202a}-\x{202e}\x{2066}-\x{2069}\x{fffe}\x{ffff}]"
"""a regular expression (RE2's) for all that `_CONTROL` may find in valid text"""
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


def trimmed(text: str) -> str:
    r"""Returns a text without its outer white space; what a lost backslash left at its start stays to be found.

    " \f" "rac12"   ->   "\f" "rac12"
    """
    inner = text.strip()
    eaten = text[: len(text) - len(text.lstrip())][-1:]
    return eaten + inner if _LOST_AT_START.match(eaten + inner) else inner


def normalise(text: str, *, code: bool = False) -> str:
    """Returns the canonical text (`normalised`)."""
    return str(normalised(pa.array([text]), code=code)[0])


def normalised(texts: pa.Array, *, code: bool = False) -> pa.Array:
    """Returns the canonical texts; idempotent. Nulls stay.

    Args:
        texts: any texts.
        code: they are programs or outputs: their line ends become LF and they become NFC, nothing else changes inside
            them.
    """
    texts = foreign_runs(texts, _composed if code else _plain)
    texts = changed_where(texts, "\r", _with_line_ends)
    if code:
        return changed_where(texts, r"^\n|[^!-~]$", lambda text: text.strip("\n").rstrip())
    return _trimmed(rewritten(rewritten(texts, *_NEGATIVE_SPACE), *_TRAILING_SPACE))


def _trimmed(texts: pa.Array) -> pa.Array:
    plain = pc.utf8_trim(texts, characters=" \t\n")
    lost = pc.fill_null(pc.match_substring_regex(texts, r"\A[ \t\n]*\t[a-z]"), False)
    if not pc.any(lost).as_py():
        return plain
    return pc.replace_with_mask(plain, lost, pa.array(map(trimmed, texts.filter(lost).to_pylist()), texts.type))


def _composed(run: str) -> str:
    run = unicodedata.normalize("NFC", run)
    return run if "\r" in run else _OTHER_LINE_END.sub("\n", run)  # behind a CR it would look like one line end


def _plain(run: str) -> str:
    return _composed(run).translate(_CHARACTERS)


def _with_line_ends(text: str) -> str:
    return _LINE_END.sub("\n", text)


def suspects(texts: pa.Array) -> pa.Array:
    """Which texts `control_characters` may find something in: bool[texts]."""
    return pc.fill_null(pc.match_substring_regex(texts, _SUSPECT), False)


def control_characters(text: str) -> str | None:
    """Names the first character that no text should hold, None when there is none.

    Tabs and line ends are text; a tab that starts `imes` or `heta` was a LaTeX command once.
    """
    found = _CONTROL.search(text)
    if found is None:
        return None
    around = text[found.end() : found.end() + 12].split("\n")[0]
    name = _NAMES.get(found[0], f"U+{ord(found[0]):04X}")
    return f"{name} before {around!r}" if around else f"{name} at the end"
