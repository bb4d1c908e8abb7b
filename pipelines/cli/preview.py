"""`mathmill curate --preview`: the first rows of each source, and what the line up to verify makes of them.

They go through the line itself, in a folder that is thrown away; nothing else is written. What compares rows of whole
sources (near-duplicates, labels, caps and quotas) is left out.
"""

import tempfile
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from itertools import islice
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.text import Text

from pipelines.cli.curate_console import console_for
from pipelines.curate import curate
from pipelines.output.advice import key_of
from pipelines.output.reader import read_ledger
from pipelines.refusals import curate_table
from pipelines.sources.adapters.registry import ADAPTERS, check_sources
from pipelines.sources.files.records import Record, json_text
from pipelines.sources.files.scan import read_records
from pipelines.sources.inputs import scan_readable
from pipelines.sources.render import render_parts
from schemas.config import Config, Curate, Source
from schemas.place import public_name
from schemas.reason import Outcome, Stage
from schemas.requirements import Wipeout
from schemas.wording import amount

_LEFT_OUT = (Stage.IDENTIFY, Stage.LABEL, Stage.BALANCE)
_MOST = 0.5  # share of the rows shown from which one reason is told with the key that decides about it
Ledger = dict[tuple[str, int, str | None], list[dict[str, Any]]]
"""how candidates ended, by source, row and format"""


def run_preview(config: Config, rows: int) -> None:
    """Shows the first rows of each source with the outcome of each.

    Args:
        config: the config, with the table `curate`.
        rows: how many rows of each source.

    Raises:
        UserError: a config or a source that cannot be used.
    """
    settings = curate_table(config)
    console = console_for()
    check_sources(settings.sources)
    records = {source.name: list(islice(_records(source), rows)) for source in settings.sources}
    ledger = _endings(settings, records)
    ended: Counter[str | None] = Counter()
    for source in settings.sources:
        console.rule(Text(f"{source.name}: {public_name(source.path)}"), align="left", style="cyan")
        parts = render_parts(records[source.name], source, settings.normalise)
        candidates = [row for batch, _ in parts for row in batch.to_pylist()]
        solutions = Counter((row["row"], row["format"]) for row in candidates)
        told: Counter[tuple[int, str | None]] = Counter()
        for row in candidates:
            place = (row["row"], row["format"])
            told[place] += 1
            ending = ledger[source.name, *place].pop(0)
            if row["stage"] == Stage.READ:
                ending |= {name: row[name] for name in ("stage", "reason", "detail")}
            ended[ending["reason"]] += 1
            which = f", solution {told[place]} of {solutions[place]}" if solutions[place] > 1 else ""
            _print_row(console, row, ending, which)
        if max(solutions.values(), default=0) > 1:
            _print_list(console, source)
    _print_most(console, ended)


def _records(source: Source) -> Iterator[Record]:
    for file in scan_readable(source):
        for split in file.splits:
            yield from read_records(split)


def _endings(settings: Curate, records: Mapping[str, Sequence[Record]]) -> Ledger:
    """Takes the records through the line, each source as a file of its own."""
    ledger: Ledger = {}
    with tempfile.TemporaryDirectory(prefix="mathmill-preview-") as name:
        folder = Path(name)
        sources = [
            source.model_copy(
                update={"path": str(_written(folder / f"{place}.jsonl", records[source.name])), "rows": None}
            )
            for place, source in enumerate(settings.sources)
            if records[source.name]
        ]
        if not sources:
            return ledger
        short = settings.model_copy(
            update={
                "sources": sources,
                "skip": [*settings.skip, *(stage for stage in _LEFT_OUT if stage not in settings.skip)],
                "wipeout": Wipeout(limit=1),
                "heldout": 0.0,
            }
        )
        manifest = curate(Config(curate=short), folder / "data")
        for row in read_ledger(folder / "data", manifest).to_pylist():
            ledger.setdefault((row["source"], row["row"], row["format"]), []).append(row)
    return ledger


def _written(path: Path, records: Sequence[Record]) -> Path:
    path.write_text("".join(f"{_line(record)}\n" for record in records), "utf-8", "surrogateescape")
    return path


def _line(record: Record) -> str:
    """A record as a line; in the place of one that is none stands another such."""
    if record.value is None:
        return "{"
    return record.raw if "\n" not in record.raw else json_text(record.value)


def _print_list(console: Console, source: Source) -> None:
    """Says that a list was taken for several solutions, and what makes one of it."""
    field = source.columns.solution
    if ADAPTERS[source.adapter].by_name and isinstance(field, str):
        console.print(Text(f"\n`{field}` holds lists: each text was taken for a solution of its own", style="bold"))
        console.print(Text(f"where they are the steps of one, say `columns: {{solution: [{field}]}}`"))


def _print_row(console: Console, row: dict[str, Any], ending: dict[str, Any], which: str) -> None:
    console.print(f"\n[bold]row {row['row']}[/] {row['format'] or ''}{which}", highlight=False)
    if row["format"] is not None:
        _print_texts(console, row)
    if ending["outcome"] == Outcome.KEPT:
        console.print("  kept", style="green")
        return
    colour = "red" if ending["outcome"] == Outcome.REMOVED else "yellow"
    console.print(Text(f"  {ending['outcome']} at {ending['stage']}: {ending['reason']}", style=colour))
    console.print(Text(f"            {ending['detail']}"))


def _print_texts(console: Console, row: dict[str, Any]) -> None:
    texts = [("system", row["system"]), ("question", row["question"])]
    texts += [(segment["kind"], segment["text"]) for segment in row["segments"]]
    for name, text in (*texts, ("answer", row["answer"])):
        if text is not None or name == "answer":
            lines = str(text).replace("\n", "\n            ")
            console.print(f"  {name:<9} {lines}", markup=False)


def _print_most(console: Console, ended: Counter[str | None]) -> None:
    """Says so when one reason takes most of what was shown, and which key of the config decides about it."""
    (reason, number), *_ = ended.most_common(1) or [(None, 0)]
    if reason is None or number <= _MOST * ended.total():
        return
    console.print(Text(f"\n{number} of {amount(ended.total(), 'candidate')} fell to {reason}", style="bold"))
    if key := key_of(reason):
        console.print(Text(f"it is decided by {key}"))
