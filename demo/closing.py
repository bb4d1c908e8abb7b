"""The last screen: the sum that adds up, why the rest was not kept, what surprises, what the model can do now."""

import json
import os
import shutil
import sys
from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
from rich.table import Table
from rich.text import Text

from demo.curve import bar
from demo.planting import Expected
from demo.screen import Screen
from pipelines.cli.curate_console import the_sum
from pipelines.cli.findings import findings
from schemas.manifest import Manifest
from schemas.reason import meaning_of

_MOST_REASONS = 12
_REASON_BAR = 10
_SHORT_ID = 12  # characters of a row_id: enough to name a row among thousands


@dataclass(frozen=True, slots=True)
class Planted:
    """How the line did on the rows whose fate is known.

    Attributes:
        defects: planted defects, and how many of them got the reason that they are a case of.
        sound: near misses and ordinary rows, and how many of them were kept.
    """

    defects: int
    caught: int
    kinds: int
    sound: int
    kept: int


def compare_with_planted(expected: Sequence[Expected], ledger: pa.Table) -> Planted:
    """Compares the ledger with what was planted. A row counts only when all its candidates ended as expected."""
    reasons = defaultdict(set)
    columns = (ledger.column(name).to_pylist() for name in ("source", "row", "reason"))
    for source, row, reason in zip(*columns, strict=True):
        reasons[source, row].add(reason)
    right = [reasons[fate.source, fate.row] == {fate.reason and fate.reason.value} for fate in expected]
    defects = [ok for fate, ok in zip(expected, right, strict=True) if fate.reason]
    sound = [ok for fate, ok in zip(expected, right, strict=True) if not fate.reason]
    kinds = len({fate.reason for fate in expected if fate.reason})
    return Planted(len(defects), sum(defects), kinds, len(sound), sum(sound))


def show_sum(screen: Screen, manifest: Manifest, planted: Planted) -> None:
    """The sum, and how the line did on what was planted."""
    screen.say(the_sum(manifest))
    screen.say(
        Text.assemble(
            (f"{planted.caught} of {planted.defects}", _style(planted.caught, planted.defects)),
            f" planted defects, {planted.kinds} kinds, were caught",
        )
    )
    screen.say(
        Text.assemble(
            (f"{planted.kept:,} of {planted.sound:,}", _style(planted.kept, planted.sound)),
            " sound rows, near misses among them, were kept",
        )
    )


def _style(right: int, all_: int) -> str:
    return "bold green" if right == all_ else "bold red"


def show_reasons(screen: Screen, manifest: Manifest) -> None:
    """Why the rest was not kept, the most frequent reasons first."""
    counts = Counter(manifest.removed_by_reason) + Counter(manifest.quarantined_by_reason)
    if not counts:
        return
    most = max(counts.values())
    codes = max(len(code) for code, _ in counts.most_common(_MOST_REASONS))
    meaning = screen.width - 3 - 5 - _REASON_BAR - codes - 6
    grid = Table.grid(padding=(0, 2))
    grid.add_column(justify="right", width=5)
    grid.add_column(width=_REASON_BAR)
    grid.add_column(width=codes)
    grid.add_column(width=meaning, no_wrap=True, overflow="ellipsis", style="dim")
    for code, number in counts.most_common(_MOST_REASONS):
        style = "red" if code in manifest.removed_by_reason else "yellow"
        grid.add_row(f"{number:,}", bar(number / most, _REASON_BAR, style), code, Text(meaning_of(code)))
    if len(counts) > _MOST_REASONS:
        rest = counts.most_common()[_MOST_REASONS:]
        names = ", ".join(code for code, _ in rest)
        grid.add_row(f"{sum(number for _, number in rest):,}", "", f"{len(rest)} more kinds", names)
    screen.say(grid)


def show_findings(screen: Screen, manifest: Manifest, ledger: pa.Table, data: Path, rows: Path) -> None:
    """The three most surprising findings, each with its evidence and the command that shows it."""
    for finding in findings(manifest, ledger):
        cases = ledger.filter(pc.equal(ledger.column("reason"), finding.reason)).to_pylist()
        case, question = _most_telling(cases, rows)
        disguise = sum(character.isalpha() and not character.isascii() for character in question)
        detail = f"{case['detail']}, with {disguise} letters of another alphabet" if disguise else case["detail"]
        screen.say(Text(finding.text))
        screen.say(Text(f"  {shortened(question, screen.width - 5)}", style="dim"))
        screen.say(Text(f"  {shortened(detail, screen.width - 5)}", style="dim"))
        screen.say(Text(f"  {command()} trace {data} {case['row_id'][:_SHORT_ID]}", style="cyan"))
        screen.blank()


def _most_telling(cases: Sequence[dict[str, Any]], rows: Path) -> tuple[dict[str, Any], str]:
    """A case that looks right to the eye, letters of other alphabets and all; else the first. And its question."""
    asked = [(case, _question(case, rows)) for case in cases]
    return next(((case, question) for case, question in asked if not question.isascii()), asked[0])


def _question(case: dict[str, Any], rows: Path) -> str:
    lines = (rows / f"{case['source']}.jsonl").read_bytes().splitlines()
    return str(json.loads(lines[case["row"]])["question"])


def shortened(text: str, width: int) -> str:
    """The text in one line of at most `width` characters."""
    flat = " ".join(text.split())
    return flat if len(flat) <= width else f"{flat[: width - 1]}…"


def show_answers(screen: Screen, generations: Path) -> None:
    """A problem that the model solved in each format, and one that it did not."""
    tables = [read_generations(path) for path in sorted(generations.glob("*.arrow"))]
    rows = [row for table in tables for row in table.to_pylist()]
    solved = {row["format"]: row for row in reversed(rows) if row["passed"]}
    for _, row in sorted(solved.items()):
        _show_answer(screen, row)
    wrong = [row for row in rows if not row["passed"] and row["answer"]] or [row for row in rows if not row["passed"]]
    if wrong:
        _show_answer(screen, wrong[0])


def _show_answer(screen: Screen, row: dict[str, object]) -> None:
    mark = ("solved", "green") if row["passed"] else ("not solved", "red")
    grid = Table.grid(padding=(0, 2))
    grid.add_column(width=10)
    grid.add_column(overflow="fold")
    grid.add_row(Text(mark[0], style=mark[1]), Text(str(row["question"])))
    written = str(row["response"]).strip()
    grid.add_row(Text(str(row["format"]), style="dim"), Text(written, style="cyan"))
    if not row["passed"]:
        grid.add_row("", Text(f"the answer is {row['reference']}", style="dim"))
    screen.say(grid)
    screen.blank()


def read_generations(path: Path) -> pa.Table:
    """Reads what the model wrote to the problems of one format."""
    with pa.OSFile(str(path), "rb") as source:
        return pa.ipc.open_stream(source).read_all()


def show_places(screen: Screen, places: Sequence[tuple[str, Path | str]]) -> None:
    """Where everything is."""
    grid = Table.grid(padding=(0, 3))
    for name, place in places:
        grid.add_row(Text(name, style="dim"), Text(str(place), no_wrap=True))
    screen.say(grid)


def command() -> str:
    """How this program was called, so that its commands can be pasted: `mathmill`, or the path to it."""
    called = Path(sys.argv[0])
    if called.name == "__main__.py":
        return "python -m mathmill"
    found = shutil.which("mathmill")
    if found is not None and called.name == "mathmill" and Path(found).resolve() == called.resolve():
        return "mathmill"
    return os.path.relpath(called) if called.name == "mathmill" else "mathmill"
