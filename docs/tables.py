"""Markdown tables."""

import re
from collections.abc import Iterable, Sequence


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Lays out a table; texts are folded into one line, their bars end no cell and their `<` opens no tag."""
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join(f"| {' | '.join(map(_cell, line))} |" for line in lines)


def _cell(text: str) -> str:
    line = " ".join(text.split()).replace("|", r"\|")
    return re.sub("(`[^`]*`)|<", lambda match: match[1] or "&lt;", line)
