"""`mathmill curate --preview`: the first rows of each source as the line would see them; nothing is written."""

from itertools import islice

from rich.console import Console
from rich.text import Text

from pipelines.cli.curate_console import console_for
from pipelines.engine.rejection import Rejection
from pipelines.refusals import curate_table
from pipelines.sources.adapters.registry import check_sources
from pipelines.sources.files.scan import read_records
from pipelines.sources.inputs import scan_source
from pipelines.sources.render import render_parts
from pipelines.stages.screen.checks import screen
from schemas.config import Config, Curate, Source
from schemas.place import public_name
from schemas.policy import kept_by


def run_preview(config: Config, rows: int) -> None:
    """Shows the first rows of each source as the line would see them, without writing anything."""
    settings = curate_table(config)
    console = console_for()
    check_sources(settings.sources)
    for source in settings.sources:
        console.rule(Text(f"{source.name}: {public_name(source.path)}"), align="left", style="cyan")
        _preview_source(console, source, rows, settings)


def _preview_source(console: Console, source: Source, rows: int, settings: Curate) -> None:
    splits = (split for file in scan_source(source) for split in file.splits)
    records = (record for split in splits for record in read_records(split))
    for batch, _ in render_parts(islice(records, rows), source, settings.normalise):
        read = batch.filter(batch.column("format").is_valid())
        names = zip(*(read.column(name).to_pylist() for name in ("row", "format")), strict=True)
        verdicts = dict(zip(names, screen(read, settings=settings.screen, kept=kept_by(settings.policy)), strict=True))
        for row in batch.to_pylist():
            _preview_row(console, row, verdicts.get((row["row"], row["format"])))


def _preview_row(console: Console, row: dict[str, object], verdict: Rejection | None) -> None:
    console.print(f"\n[bold]row {row['row']}[/] {row['format'] or ''}", highlight=False)
    if row["reason"]:
        console.print(f"  [red]{row['reason']}[/] ", end="")
        console.print(str(row["detail"]), markup=False)
        return
    if row["system"] is not None:
        console.print(f"  system    {row['system']}", markup=False)
    console.print(f"  question  {row['question']}", markup=False)
    segments = row["segments"]
    assert isinstance(segments, list)
    for segment in segments:
        text = str(segment["text"]).replace("\n", "\n            ")
        console.print(f"  {segment['kind']:<9} {text}", markup=False)
    console.print(f"  answer    {row['answer']}", markup=False)
    if verdict is not None:
        console.print(f"  would be rejected: {verdict.reason}: {verdict.detail}", style="yellow", markup=False)
