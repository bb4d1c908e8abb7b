"""The queue for people: what a person could settle, grouped by cause, the largest cause first.

Rows of one reason, rule and benchmark share a group, which one answer can settle.
"""

from collections import Counter
from collections.abc import Collection, Iterator
from pathlib import Path
from typing import Any

import orjson
from rich.markup import escape
from rich.table import Table

from pipelines.cli.curate_console import console_for
from pipelines.engine.disk import unwritable_in_one_line
from pipelines.output.reader import read_rejected
from pipelines.review.applying import applying
from pipelines.review.causes import Group, group_of
from schemas.copies import REJECTED, copied
from schemas.exits import UserError
from schemas.files import replacing
from schemas.manifest import read_manifest, require_whole
from schemas.place import on_this_machine
from schemas.problem import Decision
from schemas.reason import Outcome, meaning_of
from schemas.wording import shortened

_SHOWN_GROUPS = 5
_EXAMPLE = 90  # characters of a detail


def write_queue(
    data: Path,
    output: Path,
    *,
    accept: Collection[str] = (),
    reject: Collection[str] = (),
    by: str | None = None,
) -> Counter[Group]:
    """Writes the quarantined rows of a data set as JSONL and returns how many there are in each group.

    Each line holds row_id, reason, group, detail, the record and a `decision`: accepted or rejected for a group that
    is settled here, else empty, to be filled in.

    Args:
        data: the data set.
        output: the queue.
        accept: names of groups to accept as a whole.
        reject: names of groups to reject as a whole.
        by: who decides so.

    Raises:
        UserError: a group that the queue does not have, or one to both accept and reject.
    """
    output = on_this_machine(output, "--output")
    with copied(data, REJECTED) as folder:
        manifest = read_manifest(folder)
        require_whole(folder, manifest, REJECTED)
        quarantined = list(_quarantined(folder))
    lines = sorted(quarantined, key=lambda line: (line[1]["source"], line[1]["row"]))
    groups = Counter(group for group, _ in lines)
    causes = Counter(group.reason for group, _ in lines)
    settled = _settled(groups, accept, reject)
    assert causes.total() <= manifest.counts.quarantined, (causes, manifest.counts)
    lines.sort(key=lambda line: (-causes[line[0].reason], line[0].reason, -groups[line[0]], line[0].name))
    for _, row in lines:
        decision = settled.get(row["group"])
        row |= {"decision": decision, "reviewer": by if decision else None}
    with unwritable_in_one_line(output), replacing(output) as temporary, temporary.open("wb") as file:
        file.writelines(_line(row) for _, row in lines)
    return groups


def _line(row: dict[str, Any]) -> bytes:
    """A line of the queue; a record that nests too deeply to be written one level down stays in `rejected/` alone."""
    try:
        return orjson.dumps(row, option=orjson.OPT_APPEND_NEWLINE)
    except orjson.JSONEncodeError:
        return orjson.dumps(row | {"record": None}, option=orjson.OPT_APPEND_NEWLINE)


def _settled(groups: Collection[Group], accept: Collection[str], reject: Collection[str]) -> dict[str, str]:
    known = sorted(group.name for group in groups)
    for name in (*accept, *reject):
        if name not in known:
            raise UserError(f"--accept, --reject: no group {name}; the groups are {', '.join(known) or 'none'}")
    if both := sorted(set(accept) & set(reject)):
        raise UserError(f"--accept and --reject: {both[0]} stands in both")
    return dict.fromkeys(accept, Decision.ACCEPTED.value) | dict.fromkeys(reject, Decision.REJECTED.value)


_ABOUT = ("id", "source", "row", "format", "reason", "rule", "detail", "partner", "benchmark", "item")


def _quarantined(data: Path) -> Iterator[tuple[Group, dict[str, Any]]]:
    """The lines of the queue, each with its group, still without a decision."""
    for first, record in read_rejected(data):
        ends = [first, *first.pop("also", [])]
        doubtful = [end for end in ends if end["outcome"] == Outcome.QUARANTINED]
        if doubtful:
            about = {name: doubtful[0].get(name) for name in _ABOUT}
            group = group_of(about)
            head = {"row_id": doubtful[0]["id"].split("-")[0], "decision": None, "reviewer": None}
            yield group, head | {"group": group.name} | about | {"record": record}


def print_queue(groups: Counter[Group], output: Path, data: Path) -> None:
    """Prints what is in the queue: the causes by size, of each the groups that one answer can settle, and what is next.

    Args:
        groups: as `write_queue` counted them.
        output: the queue.
        data: the data set.
    """
    console = console_for()
    causes: Counter[str] = Counter()
    for group, number in groups.items():
        causes[group.reason] += number
    table = Table(box=None, padding=(0, 2, 0, 0), header_style="dim")
    table.add_column("rows", justify="right")
    table.add_column("cause")
    table.add_column("accept all?", style="cyan", no_wrap=True)
    for reason, number in causes.most_common():
        table.add_row(f"[bold]{number:,}[/]", f"[bold]{escape(reason)}[/]: {escape(meaning_of(reason))}", "")
        same_cause = [(group, rows) for group, rows in groups.most_common() if group.reason == reason]
        for group, rows in same_cause[:_SHOWN_GROUPS]:
            table.add_row(f"{rows:,} of {number:,}", escape(_described(group)), escape(f"--accept {group.name}"))
        if rest := same_cause[_SHOWN_GROUPS:]:
            table.add_row(f"{sum(rows for _, rows in rest):,} of {number:,}", f"{len(rest)} more groups", "")
    console.print(table)
    console.print(escape(f"{groups.total():,} rows in {output}; fill in `decision`, then"), soft_wrap=True)
    console.print(escape(f"  {applying(data, output)}"), soft_wrap=True)


def _described(group: Group) -> str:
    """What is alike in the rows of a group, with the detail of one of them."""
    alike = " of ".join(filter(None, (group.rule.replace("_", " "), group.benchmark)))
    return " · ".join(filter(None, (alike, shortened(group.example, _EXAMPLE))))
