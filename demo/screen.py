"""What the demo shows while it works: calm acts, a live region inside each, plain lines where there is no terminal."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from math import exp

from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.padding import Padding
from rich.spinner import Spinner
from rich.table import Table
from rich.text import Text

from demo.curve import bar, chart
from pipelines.engine.progress import Progress
from training.results import EvalResult, RunPlan, StepMetrics

_WIDEST = 96
_BAR = 20
_PLAIN_EVERY = 100  # steps between two lines where nothing can be redrawn


class Screen:
    """The console of the demo and how wide it writes."""

    def __init__(self, console: Console) -> None:
        self.console = console
        self.width = min(console.width, _WIDEST)
        self._began = time.monotonic()

    @property
    def seconds(self) -> float:
        """Since the demo began."""
        return time.monotonic() - self._began

    def say(self, *parts: RenderableType) -> None:
        """Prints lines, indented as everything below a heading is."""
        for part in parts:
            self.console.print(indented(part), soft_wrap=isinstance(part, Text))

    def blank(self) -> None:
        """Prints an empty line."""
        self.console.print()

    def title(self, name: str, meaning: str) -> None:
        """Opens the demo."""
        self.console.print()
        self.console.print(Text.assemble(("  ", ""), (name, "bold cyan")))
        self.console.print(Text(f"  {meaning}", style="dim"))

    def act(self, number: int, name: str, meaning: str) -> None:
        """Opens an act: a number, a verb, what it does."""
        self.console.print()
        self.console.print(Text.assemble((f"{number}  ", "cyan"), (name, "bold"), (f"  {meaning}", "dim")))
        self.console.print()

    def heading(self, words: str) -> None:
        """Opens a part of the last screen."""
        self.console.print()
        self.console.print(Text(f"   {words}", style="bold"))
        self.console.print()

    @contextmanager
    def live(self) -> Iterator[Live | None]:
        """A region that is redrawn and then goes; None where there is no terminal."""
        if not self.console.is_terminal:
            yield None
            return
        with Live(console=self.console, refresh_per_second=8, transient=True) as region:
            yield region

    @contextmanager
    def waiting(self, words: str) -> Iterator["Waiting"]:
        """A spinner with words that change."""
        with self.live() as region:
            shown = Waiting(region)
            shown.say(words)
            yield shown


class Waiting:
    """A line that says what is being done."""

    def __init__(self, region: Live | None) -> None:
        self._region = region

    def say(self, words: str) -> None:
        """Replaces the words."""
        if self._region is not None:
            self._region.update(indented(Spinner("dots", Text(words, style="dim"), style="cyan")))


def indented(content: RenderableType) -> RenderableType:
    """The content three columns to the right, where the names of acts begin."""
    if isinstance(content, Text):
        lines = content.split("\n", allow_blank=True)
        return Text("\n").join(Text("   ") + line for line in lines)
    return Padding(content, (0, 0, 0, 3))


class CuratingScreen:
    """Candidates on their way through the stages. It is told from another thread."""

    def __init__(self, region: Live | None) -> None:
        self._region = region
        self._began = time.monotonic()

    def show(self, progress: Progress) -> None:
        """Shows how many candidates each stage has seen."""
        if self._region is None:
            return
        total = max(progress.rows["read"], 1)
        width = len(f"{total:,}")
        grid = Table.grid(padding=(0, 2))
        for stage, rows in progress.rows.items():
            if rows:
                grid.add_row(stage, bar(rows / total, _BAR, "cyan"), Text(f"{min(rows, total):>{width},}"))
        seconds = Text(f"{time.monotonic() - self._began:.0f} s", style="dim")
        self._region.update(indented(Group(grid, Text(), seconds)))


class TrainingScreen:
    """J as it rises: the curve over all steps, and by format how much probability a reference token gets."""

    def __init__(self, screen: Screen, region: Live | None) -> None:
        self._screen = screen
        self._region = region
        self._curve: list[float] = []
        self._began = time.monotonic()
        self._last: StepMetrics | None = None

    def start(self, plan: RunPlan) -> None:
        """Says what is about to be trained."""
        self._screen.say(
            Text.assemble(
                (f"{plan.parameters / 1e6:.2f} M", "bold"),
                f" parameters from scratch, {plan.examples:,} examples, {plan.tokens:,} tokens, {plan.steps:,} steps",
            )
        )
        self._screen.blank()
        self._began = time.monotonic()

    def step(self, metrics: StepMetrics) -> None:
        """Takes a step into the curve."""
        if metrics.heldout:
            return
        self._curve.append(metrics.objective)
        self._last = metrics
        if self._region is not None:
            self._region.update(indented(self._drawn()))
        elif metrics.step == 1 or metrics.step % _PLAIN_EVERY == 0:
            formats = "  ".join(f"{name} {part.objective:.2f}" for name, part in sorted(metrics.formats.items()))
            self._screen.say(
                Text(f"step {metrics.step:>5,} of {metrics.steps:,}   J {metrics.objective:7.3f}   {formats}")
            )

    def curve(self) -> RenderableType:
        """The curve so far, to stay on the screen."""
        assert self._last is not None
        return chart(self._curve, total=self._last.steps, width=self._width)

    @property
    def _width(self) -> int:
        return min(self._screen.width - 3, 76)

    def _drawn(self) -> RenderableType:
        assert self._last is not None
        last, done = self._last, len(self._curve)
        left = (time.monotonic() - self._began) / done * (last.steps - last.step)
        status = Text.assemble(
            ("step ", "dim"),
            f"{last.step:,}",
            (f" of {last.steps:,}", "dim"),
            ("    J ", "dim"),
            (f"{last.objective:.3f}", "bold cyan"),
            (f"    {last.tokens_per_second:,.0f} tokens/s    {left:.0f} s left", "dim"),
        )
        return Group(self.curve(), Text(), status, Text(), self._formats(last))

    def _formats(self, last: StepMetrics) -> Table:
        grid = Table.grid(padding=(0, 2))
        for name, part in sorted(last.formats.items()):
            share = exp(part.objective)
            grid.add_row(
                Text(name), bar(share, _BAR, "cyan"), Text(f"{share:.0%}"), Text(_MEANING.get(name, ""), "dim")
            )
        return grid


_MEANING = {
    "cot": "probability of a reference token,",
    "pot": "mean over tokens and examples",
    "tir": "exp(J)",
}


_TOOLS_HELP = 0.2  # a lead of programs over chains of thought that is worth a word: two standard errors of 60 problems


def tools_lesson(after: EvalResult) -> str | None:
    """What the table teaches: where programs lead, the model reads problems that it cannot calculate."""
    rates = {name: line.pass_at_1 for name, line in after.formats.items()}
    tools = [rate for name, rate in rates.items() if name != "cot"]
    if "cot" not in rates or not tools or min(tools) - rates["cot"] < _TOOLS_HELP:
        return None
    return "The model has learned to read the problems, not to calculate: where Python calculates, it is right."


def pass_table(before: EvalResult, after: EvalResult) -> Table:
    """pass@1 by format, before and after training."""
    table = Table(box=None, padding=(0, 3, 0, 0), header_style="dim")
    for name in ("format", "problems", "before", "after", ""):
        table.add_column(name, justify="left" if name in ("format", "") else "right")
    for name, line in after.formats.items():
        first = before.formats[name]
        table.add_row(
            Text(name, style="bold"),
            f"{line.n}",
            Text(f"{first.pass_at_1:.0%}", style="dim"),
            Text(f"{line.pass_at_1:.0%}", style="bold green"),
            bar(line.pass_at_1, _BAR, "green"),
        )
    return table
