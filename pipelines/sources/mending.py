r"""Dirt that a text came with, mended where the right text is certain: entities, tags, literal `\n`, mojibake, forums.

    x &lt; 9        ->   x < 9
    5 pens.\nHow    ->   5 pens.
                         How
    caf\u00c3\u00a9, 12 \u00c3\u2014 3   ->   caf\u00e9, 12 \u00d7 3
    [hide=Sol]It is [b]9[/b].[/hide]     ->   It is 9.
    <b>12</b> cm<sup>2</sup>             ->   12 cm^{2}

What is not certain stays as it is, and a screen names it. Programs and outputs are not looked at: there `&lt;` and `\n`
are what their author wrote.
"""

import html
import re
from collections.abc import Set
from functools import partial
from html.entities import html5

import ftfy
import pyarrow as pa

from pipelines.text.arrays import changed_where

_ENTITY = re.compile(r"&(?:[A-Za-z][A-Za-z0-9]{1,30}|#[0-9]{1,7}|#[xX][0-9A-Fa-f]{1,6});")
_NESTED = 3
"""how many times one text is taken through HTML, or through a forum, at most"""

_COMMANDS = (
    "ne neq neg nu nabla not notin ni nless ngtr nleq ngeq nmid nparallel nsim ncong nexists nsubseteq nsupseteq nprec"
    " nsucc natural nearrow nwarrow newline newcommand newpage nonumber nolimits notag normalsize noindent nobreak"
    " nleftarrow nrightarrow nleftrightarrow nvdash nvDash ntriangleleft ntriangleright nshortmid nshortparallel null"
)
_LINE_END = re.compile(
    r"(?<!\\)(?:\\r)?\\n(?!Rightarrow|Leftarrow|Leftrightarrow|Vdash|VDash)"
    r"(?=\s|$|(?:\\r)?\\n|\\[(\[]|\\(?:boxed|text|frac|begin)\b|[A-Z0-9#$*>(-])"
)
_LINE_END_BEFORE_A_WORD = re.compile(
    rf"(?<!\\)(?:\\r)?\\n(?!(?:{'|'.join(name[1:] for name in _COMMANDS.split())})\b)(?=[a-z])"
)
_QUOTED = re.compile(r"[`'\"][^`'\"\n]*\\n[^`'\"\n]*[`'\"]|\bprint\b|```")
_FORUM_NAMES = r"(?:hide|spoiler|quote|size|colou?r|center|url|b|i|u|s|tex|latex|math)"
_FORUM_END = rf"(?i)\[/{_FORUM_NAMES}\]"
_FORUM_MARK = re.compile(rf"\[(/?)({_FORUM_NAMES})(?:=[^\]\n]{{0,160}})?\]", re.IGNORECASE)
_FORMULAS = frozenset({"tex", "latex", "math"})
_TAG_NAMES = r"(?:p|div|span|b|i|u|em|strong|center|font|su[bp])"
_TAG_END = rf"(?i)</{_TAG_NAMES}>|<br ?/?>"
_TAG = re.compile(rf"<(/?)({_TAG_NAMES})(?: [^<>\n]{{0,160}})?>", re.IGNORECASE)
_BREAK = re.compile(r"^(\|.*)|<br ?/?>", re.IGNORECASE | re.MULTILINE)  # in a table it stays: there a line is a row
_RAISED = {"sup": "^{", "sub": "_{"}
_SIGNS_OF_MOJIBAKE = (
    r"[\x{c2}\x{c3}\x{e2}\x{c5}\x{ce}\x{cf}\x{d0}\x{d1}\x{f0}\x{ef}\x{e0}]"
    r"|[\x{420}\x{421}][\x{80}-\x{bf}\x{400}-\x{40f}\x{450}-\x{45f}\x{2010}-\x{2122}]"  # Cyrillic read as cp1251
)
_ENCODING_ONLY = ftfy.TextFixerConfig(
    unescape_html=False,
    remove_terminal_escapes=False,
    restore_byte_a0=True,
    replace_lossy_sequences=False,
    decode_inconsistent_utf8=True,
    fix_c1_controls=False,
    fix_latin_ligatures=False,
    fix_character_width=False,
    uncurl_quotes=False,
    fix_line_breaks=False,
    remove_control_chars=False,
    normalization=None,
)


def mended(texts: pa.Array) -> pa.Array:
    """Returns the texts with what is certain mended; idempotent. Nulls stay."""
    texts = changed_where(texts, r"&[A-Za-z#][A-Za-z0-9]*;", without_entities)
    texts = changed_where(texts, _TAG_END, without_tags)
    texts = changed_where(texts, r"\\n", with_line_ends)
    texts = changed_where(texts, _FORUM_END, without_forum_marks)
    return changed_where(texts, _SIGNS_OF_MOJIBAKE, in_its_encoding)


def without_entities(text: str) -> str:
    """Replaces HTML's entities by what they stand for, those of entities as well (`&amp;lt;`)."""
    for _ in range(_NESTED):
        plain = _ENTITY.sub(_character, text)
        if plain == text:
            break
        text = plain
    return text


def _character(entity: re.Match[str]) -> str:
    known = entity[0][1] == "#" or entity[0][1:] in html5
    return html.unescape(entity[0]) if known else entity[0]


def without_tags(text: str) -> str:
    """Takes HTML's tags of layout away that have an end; raised and lowered text is set as formulas set it."""
    for _ in range(_NESTED):
        before, text = text, _BREAK.sub(lambda line: line[1] or "\n", text)
        ended = {tag[2].lower() for tag in _TAG.finditer(text) if tag[1]}
        text = _TAG.sub(partial(_untagged, ended), text)
        if text == before:
            break
    return text


def _untagged(ended: Set[str], tag: re.Match[str]) -> str:
    name = tag[2].lower()
    if name not in ended:
        return tag[0]
    if name in _RAISED:
        return "}" if tag[1] else _RAISED[name]
    return "\n" if name in ("p", "div") else ""


def with_line_ends(text: str) -> str:
    r"""Replaces a literal `\n` by a line end where no command of LaTeX and no program is meant.

    Before a small letter it is one only in a text that has others.
    """
    if _QUOTED.search(text) or not _LINE_END.search(text):
        return text
    return _LINE_END_BEFORE_A_WORD.sub("\n", _LINE_END.sub("\n", text))


def without_forum_marks(text: str) -> str:
    """Takes the marks of forums away that have an end, and sets formulas in dollar signs."""
    for _ in range(_NESTED):
        ended = {mark[2].lower() for mark in _FORUM_MARK.finditer(text) if mark[1]}
        if not ended:
            break
        text = _FORUM_MARK.sub(partial(_plainly, ended), text)
    return text


def _plainly(ended: Set[str], mark: re.Match[str]) -> str:
    name = mark[2].lower()
    return mark[0] if name not in ended else "$" if name in _FORMULAS else ""


def in_its_encoding(text: str) -> str:
    """Reads UTF-8 that was read as another encoding again, where ftfy is sure."""
    return ftfy.fix_encoding(text, _ENCODING_ONLY)
