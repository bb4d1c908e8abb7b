"""What `mathmill curate` shows: a live bar while it runs, and a last screen whose sum adds up."""

import sys
import time
from collections.abc import Sequence
from pathlib import Path

from rich.console import Console
from rich.live import Live
from rich.table import Table
from rich.text import Text

from pipelines.cli.findings import Finding
from pipelines.cli.terminal import show_signs
from pipelines.engine.progress import Progress
from schemas.manifest import Manifest
from schemas.place import Place
from schemas.reason import meaning_of

_STEPS = ("read", "select", "screen", "rules", "decontaminate", "collapse", "verify", "agree", "decide", "write")
_BAR = 28
_PLAIN_EVERY_S = 5.0
_NAMED = 3  # damaged files that are named


class CurateConsole:
    """Shows a run's progress: live on a terminal, a plain line every few seconds elsewhere."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._started = time.monotonic()
        self._last_line = self._started
        self._live: Live | None = None
        self._damaged: list[str] = []

    def __enter__(self) -> "CurateConsole":
        if self._console.is_terminal:
            self._live = Live(console=self._console, refresh_per_second=6, transient=True)
            self._live.start()
        return self

    def __exit__(self, *_: object) -> None:
        if self._live is not None:
            self._live.stop()
        if self._damaged:
            first = ", ".join(self._damaged[:_NAMED]) + (", ..." if len(self._damaged) > _NAMED else "")
            self._console.print(f"damaged in the work folder and made again: {len(self._damaged)} ({first})")

    def show(self, progress: Progress) -> None:
        """Shows how far the run is."""
        self._damaged = progress.damaged
        if self._live is not None:
            self._live.update(self._screen(progress))
        elif time.monotonic() - self._last_line >= _PLAIN_EVERY_S:
            self._last_line = time.monotonic()
            done = ", ".join(f"{step} {progress.rows[step]:,}" for step in _STEPS if progress.rows[step])
            self._console.print(f"{self._elapsed():.0f} s: {done or 'starting'}", highlight=False)

    def _elapsed(self) -> float:
        return time.monotonic() - self._started

    def _screen(self, progress: Progress) -> Table:
        total = max(progress.rows["read"], 1)
        grid = Table.grid(padding=(0, 2))
        for step in _STEPS:
            rows = progress.rows[step]
            if rows or step == "read":
                filled = min(_BAR, round(_BAR * rows / total))
                bar = Text("━" * filled, style="cyan") + Text("━" * (_BAR - filled), style="bright_black")
                grid.add_row(Text(step, style="bold"), bar, Text(f"{rows:,}", justify="right"))
        rate = total / max(self._elapsed(), 0.1)
        grid.add_row("", Text(f"{self._elapsed():.0f} s, {rate:,.0f} candidates read a second", style="dim"), "")
        for reason, number in progress.reasons.most_common(4):
            grid.add_row("", Text(reason, style="yellow"), Text(f"{number:,}", justify="right"))
        return grid


def print_last_screen(
    console: Console, manifest: Manifest, findings: list[Finding], folder: Path | Place, *, remarks: Sequence[str] = ()
) -> None:
    """Prints what a run ended with: the sum, why rows are missing, what is surprising, and what to do next."""
    console.print()
    console.print(the_sum(manifest))
    console.print()
    console.print(reasons_table(manifest))
    for remark in remarks:
        console.print(Text(f"\n{remark}"))
    if findings:
        console.print()
        console.print(Text("Worth a look", style="bold"))
        for finding in findings:
            console.print(Text(f"  {finding.text}"))
            console.print(Text(f"    mathmill trace {folder} {finding.ids[0]}", style="cyan"), soft_wrap=True)
    console.print()
    if manifest.draft:
        console.print(Text("DRAFT: refusals were turned into notes.", style="bold yellow"))
    console.print(Text("Next", style="bold"), Text(f"mathmill validate {folder}", style="cyan"), soft_wrap=True)


def the_sum(manifest: Manifest) -> Text:
    """The line that adds up."""
    counts = manifest.counts
    text = Text()
    text.append(f"{counts.rows:,} rows", style="bold")
    text.append(f" gave {counts.candidates:,} candidates = ")
    text.append(f"{counts.kept:,} kept", style="bold green")
    text.append(f" + {counts.removed:,} removed + {counts.quarantined:,} quarantined")
    return text


def reasons_table(manifest: Manifest, *, most: int = 12) -> Table:
    """Why candidates are missing: the reasons by number, with what they mean."""
    counts = manifest.rejected_by_reason
    table = Table(box=None, padding=(0, 2, 0, 0), show_header=bool(counts), header_style="dim")
    table.add_column("candidates", justify="right")
    table.add_column("reason")
    table.add_column("meaning", style="dim", overflow="ellipsis", no_wrap=True)
    ordered = list(counts.items())
    for code, number in ordered[:most]:
        style = "red" if code in manifest.removed_by_reason else "yellow"
        table.add_row(f"{number:,}", Text(code, style=style), Text(meaning_of(code)))
    if len(ordered) > most:
        rest = sum(number for _, number in ordered[most:])
        table.add_row(f"{rest:,}", Text(f"{len(ordered) - most} more", style="dim"), "")
    return table


def console_for() -> Console:
    """The console of a verb: stdout, at a fixed width when it is not a terminal; no text steers it."""
    console = Console(width=None if sys.stdout.isatty() else 120, highlight=False)
    show_signs(console)
    return console
