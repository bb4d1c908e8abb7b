"""How numbers of things read in a sentence, and what nobody told."""

UNKNOWN = "unknown"
"""the licence or the author of data whose owner does not name them"""


def amount(number: int, noun: str) -> str:
    """How many there are of what: `1 file`, `2,754 files`."""
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


def shortened(text: str, limit: int) -> str:
    """The text, or its beginning and an ellipsis: at most `limit` characters."""
    return text if len(text) <= limit else text[: limit - 1] + "…"
