"""Splitting text at separators that stand outside every bracket."""

import re

_BRACKET = re.compile(r"[([{)\]}]")


def parts(text: str, separators: str = ",") -> list[str]:
    """Splits at separators that stand outside every bracket."""
    if not _BRACKET.search(text):
        for separator in separators[1:]:
            text = text.replace(separator, separators[0])
        return [part.strip() for part in text.split(separators[0])]
    found, depth, start = [], 0, 0
    for position, character in enumerate(text):
        if character in "([{":
            depth += 1
        elif character in ")]}":
            depth -= 1
        elif depth == 0 and character in separators:
            found.append(text[start:position].strip())
            start = position + 1
    found.append(text[start:].strip())
    return found


def closes_at_end(text: str, left: str, right: str) -> bool:
    """Returns whether the bracket that opens the text is closed by its last character."""
    depth = 0
    for position, character in enumerate(text):
        if character == left:
            depth += 1
        elif character == right:
            depth -= 1
            if depth == 0:
                return position == len(text) - 1
    return False
