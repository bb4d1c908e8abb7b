"""Is a text in the script that its language is written in? By script only: nothing is guessed about two-word problems.

Formulas, numbers, Greek letters and commands belong to every language and do not count.
"""

import re
from types import MappingProxyType

from schemas.blocks import BlockMarks, without_blocks

_SCRIPTS = MappingProxyType(
    {
        "Latin": "A-Za-z\u00c0-\u024f\u1e00-\u1eff",
        "Cyrillic": "\u0400-\u052f",
        "Arabic": "\u0600-\u06ff\u0750-\u077f",
        "Hebrew": "\u0590-\u05ff",
        "Devanagari": "\u0900-\u097f",
        "Bengali": "\u0980-\u09ff",
        "Tamil": "\u0b80-\u0bff",
        "Telugu": "\u0c00-\u0c7f",
        "Thai": "\u0e00-\u0e7f",
        "Hangul": "\u1100-\u11ff\uac00-\ud7af",
        "Kana": "\u3040-\u30ff",
        "Han": "\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff",
    }
)
_PATTERNS = {script: re.compile(f"[{letters}]") for script, letters in _SCRIPTS.items()}
NOT_LATIN = f"[{''.join(letters for script, letters in _SCRIPTS.items() if script != 'Latin')}]"
"""a regular expression (Python's and RE2's) for a letter of any script but Latin and Greek"""
_WRITTEN_IN = MappingProxyType(
    {
        "zh": ("Han",),
        "ja": ("Kana", "Han"),
        "ko": ("Hangul",),
        "ru": ("Cyrillic",),
        "uk": ("Cyrillic",),
        "bg": ("Cyrillic",),
        "ar": ("Arabic",),
        "fa": ("Arabic",),
        "ur": ("Arabic",),
        "he": ("Hebrew",),
        "hi": ("Devanagari",),
        "mr": ("Devanagari",),
        "bn": ("Bengali",),
        "ta": ("Tamil",),
        "te": ("Telugu",),
        "th": ("Thai",),
    }
)
LATIN = frozenset(
    re.findall(
        r"\w+", "en de fr es pt it nl pl cs sk sl hr ro hu fi sv da no nb nn is et lv lt tr vi id ms tl sw ca eu gl"
    )
)

_FORMULAS = BlockMarks(
    re.compile(
        r"(?P<drawing>\[asy\])|(?P<fence>```)|(?P<display>\$\$)|(?P<bracket>\\\[)|(?P<paren>\\\()|(?P<environment>\\begin\{)"
        r"|(?P<inline>\$[^$\n]*\$)"
    ),
    {
        "drawing": re.compile(r"\[/asy\]"),
        "fence": re.compile("```"),
        "display": re.compile(r"\$\$"),
        "bracket": re.compile(r"\\\]"),
        "paren": re.compile(r"\\\)"),
        "environment": re.compile(r"\\end\{[^}]{0,40}\}"),
    },
)
_NOT_WORDS = re.compile(r"\$[^$\n]*\$|\\boxed\{[^{}]*\}|\\[A-Za-z]+|https?://\S+|\b[A-Za-z]\b")
_FEWEST_LETTERS = 12
"""fewer foreign letters than this may be names, units, abbreviations"""
_SIGNS = frozenset({"Han", "Kana", "Hangul"})
_LETTERS_A_SIGN = 3
"""a sign of these scripts says about as much as this many letters"""
_MOST_FOREIGN = 0.7
"""share of foreign letters from which a text is in another script: bilingual terms in brackets stay below"""


def wrong_script(text: str, language: str) -> str | None:
    """Names the script that a text is in when its language is not written in it, None otherwise.

    A language that is not listed is never wrong.
    """
    own = ("Latin",) if language in LATIN else _WRITTEN_IN.get(language)
    if own is None or (own == ("Latin",) and text.isascii()):
        return None
    native = sum(len(_PATTERNS[script].findall(text)) for script in own)
    weight = native * (_LETTERS_A_SIGN if own[0] in _SIGNS else 1)
    if weight > (1 - _MOST_FOREIGN) * (weight + _LETTERS_A_SIGN * (len(text) - native)):
        return None
    words = _NOT_WORDS.sub(" ", without_blocks(text, _FORMULAS, instead=" "))
    counts = {script: len(pattern.findall(words)) for script, pattern in _PATTERNS.items()}
    weights = {script: count * (_LETTERS_A_SIGN if script in _SIGNS else 1) for script, count in counts.items()}
    foreign = sum(count for script, count in counts.items() if script not in own)
    share = 1 - sum(weights[script] for script in own) / max(1, sum(weights.values()))
    fewest = _FEWEST_LETTERS // _LETTERS_A_SIGN if own == ("Latin",) else _FEWEST_LETTERS
    if foreign < fewest or share < _MOST_FOREIGN:
        return None
    main = max((script for script in counts if script not in own), key=lambda script: counts[script])
    total = sum(counts.values())
    return f"{foreign} of {total} letters are not {' or '.join(own)} but mostly {main}; the language is {language}"
