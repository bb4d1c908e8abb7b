"""The queue for people: what a person could settle, grouped by cause, the largest cause first."""

from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import orjson
from rich.table import Table

from pipelines.console import console_for
from pipelines.store import replacing
from pipelines.writing_errors import unwritable_in_one_line
from schemas.manifest import read_manifest
from schemas.reason import RULES, Outcome, Reason


def write_queue(data: Path, output: Path) -> Counter[str]:
    """Writes the quarantined rows of a data set as JSONL and returns how many there are by cause.

    Each line holds row_id, reason, detail, the record and an empty `decision`: fill in accepted or rejected.
    """
    manifest = read_manifest(data)
    rows = sorted(_quarantined(data), key=lambda row: (row["source"], row["row"]))
    causes = Counter(str(row["reason"]) for row in rows)
    rows.sort(key=lambda row: (-causes[row["reason"]], row["reason"]))
    assert causes.total() <= manifest.counts.quarantined, (causes, manifest.counts)
    with unwritable_in_one_line(output), replacing(output) as temporary, temporary.open("wb") as file:
        file.writelines(orjson.dumps(row, option=orjson.OPT_APPEND_NEWLINE) for row in rows)
    return causes


_ABOUT = ("id", "source", "row", "format", "reason", "detail", "partner")


def _quarantined(data: Path) -> Iterator[dict[str, Any]]:
    for path in sorted((data / "rejected").glob("*.jsonl")):
        with path.open("rb") as file:
            for line in file:
                record = orjson.loads(line)
                first = record.pop("_mathmill")
                ends = [first, *first.pop("also", [])]
                doubtful = [one for one in ends if one["outcome"] == Outcome.QUARANTINED]
                if doubtful:
                    yield {
                        "row_id": _row_id(doubtful[0]["id"]),
                        "decision": None,
                        **_about(doubtful[0]),
                        "record": record,
                    }


def _about(why: dict[str, object]) -> dict[str, object]:
    return {name: why.get(name) for name in ("id", "source", "row", "format", "reason", "detail", "partner")}


def _row_id(identity: str) -> str:
    return identity.split("-")[0]


def print_queue(causes: Counter[str], output: Path) -> None:
    """Prints what is in the queue, by cause."""
    console = console_for()
    table = Table(box=None, padding=(0, 2, 0, 0), header_style="dim")
    table.add_column("rows", justify="right")
    table.add_column("cause")
    table.add_column("meaning", style="dim")
    for reason, number in causes.most_common():
        table.add_row(f"{number:,}", reason, RULES[Reason(reason)].meaning)
    console.print(table)
    console.print(f"{causes.total():,} rows in {output}", soft_wrap=True)
