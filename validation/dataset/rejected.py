"""What curation refused, as `rejected/` has it: each record with the marks of the candidates that it was."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from schemas.ledger import RECORD_MARK


def rejected_lines(folder: Path) -> Iterator[bytes]:
    """Yields the lines of all files in their order, whatever they hold."""
    for path in sorted((folder / "rejected").glob("*.jsonl")):
        with path.open("rb") as file:
            yield from file


def read_rejected(line: bytes) -> tuple[list[dict[str, Any]], dict[str, Any]]:
    """Reads the marks of a line and the record without them; both are empty where the line is no marked record."""
    try:
        record = json.loads(line)
    except (ValueError, RecursionError):
        return [], {}
    mark = record.pop(RECORD_MARK, None) if isinstance(record, dict) else None
    if not isinstance(mark, dict):
        return [], {}
    also = mark.get("also")
    others = also if isinstance(also, list) else []
    return [mark, *(other for other in others if isinstance(other, dict))], record
