"""How things read in a sentence: numbers of things, texts cut or made visible, what nobody told."""

import re

UNKNOWN = "unknown"
"""the licence or the author of data whose owner does not name them"""


def amount(number: int, noun: str) -> str:
    """How many there are of what: `1 file`, `2,754 files`."""
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


def shortened(text: str, limit: int) -> str:
    """The text, or its beginning and an ellipsis: at most `limit` characters."""
    return text if len(text) <= limit else text[: limit - 1] + "…"


_UNSEEN = re.compile(
    r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u206f\ud800-\udfff\ufff9-\ufffb\ufffe\uffff"
    r"\U000e0000-\U000e0fff]"  # tags, which spell whole sentences that nobody sees
)

_WITHOUT_SHAPE = re.compile(
    "[\u00ad\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200d\u2060-\u2065\u3164\ufe00-\ufe0f\ufeff\uffa0"
    "\ufff0-\ufff8\U00013430-\U00013440\U0001bca0-\U0001bca3\U0001d173-\U0001d17a]"
)
"""the other signs that Unicode calls default ignorable: they join, part or vary letters and are not drawn themselves"""


def visible(text: str) -> str:
    """The text with what steers a terminal, reorders or hides letters, or is no text at all, written as its code.

    Tabs and line ends stay, and so does what letters of some scripts and emoji are joined by.
    """
    return _UNSEEN.sub(_code, text)


def laid_bare(text: str) -> str:
    """The visible text, with every other sign that nobody sees as its code too: what a terminal shows of rows."""
    return _WITHOUT_SHAPE.sub(_code, visible(text))


def _code(sign: re.Match[str]) -> str:
    number = ord(sign[0])
    return f"\\u{number:04x}" if number <= 0xFFFF else f"\\U{number:08x}"
