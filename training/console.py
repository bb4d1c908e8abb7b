"""What a person sees while the room works: a live line on a terminal, plain lines elsewhere.

The figures themselves live in metrics.jsonl.
"""

import shlex
import time
from collections.abc import Iterable
from pathlib import Path
from types import TracebackType
from typing import Self

from rich.console import Console
from rich.live import Live
from rich.markup import escape
from rich.measure import Measurement
from rich.table import Table
from rich.text import Text

from schemas.exits import RunFailedError
from schemas.wording import laid_bare
from training.curves_page import CURVES
from training.losses import LOSSES, TO_LOOK_AT
from training.results import EvalResult, Mixture, ProofLine, RunPlan, RunResult, SampleResult, StepMetrics

_PLAIN_EVERY = 20
_UNCOUNTED = 2  # steps
_WAITING = 0.05  # share of the time from which on waiting for data is said
_BARS = "▁▂▃▄▅▆▇█"


class TrainingView:
    """Shows a training run on one console.

    Args:
        following: the command that evaluates the run, without its model and its output.
        talk: False on every rank but the first.
    """

    def __init__(self, following: str, *, talk: bool = True, console: Console | None = None) -> None:
        self._next = following
        self._console = console or Console(quiet=not talk, highlight=False, soft_wrap=True)
        self._live: Live | None = None
        self._curve: list[float] = []
        self._seconds = self._waited = 0.0
        self._has_said_waiting = False
        self._began = time.monotonic()
        self._plan: RunPlan | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_details: object) -> None:
        if self._live:
            self._live.stop()

    def start(self, plan: RunPlan) -> None:
        """Says what is about to happen, and what the mixture means."""
        self._plan = plan
        say = self._console.print
        say(
            f"[bold]{plan.model}[/]  {plan.parameters:,} parameters, vocabulary {plan.vocabulary:,}, {plan.device} x "
            f"{plan.world}, {plan.dtype}"
        )
        tokens = f"{'' if plan.mixture.measured is None else 'about '}{plan.tokens:,} tokens"
        say(f"{plan.examples:,} examples, {tokens}, {plan.heldout:,} held out; {plan.steps:,} steps")
        if plan.resumed_at:
            say(f"resumed after step {plan.resumed_at:,}")
        for note in plan.notes:
            say(_plain(note))
        for bucket, count in plan.mixture.dropped.items():
            say(f"dropped: {count:,} examples of {bucket} (longer than train.context)")
        say(mixture_table(plan.mixture))
        if plan.objective == "dft":
            say("Each token's gradient is weighed by its own likelihood (DFT). Figures are of J_SFT all the same.\n")
        elif plan.objective == "token_mean":
            say("Every token weighs the same: long solutions outweigh short ones. This is not J_SFT.\n")
        else:
            say(self._weights(plan.mixture))
        self._began = time.monotonic()
        if self._console.is_terminal:
            self._live = Live(console=self._console, refresh_per_second=8, transient=True)
            self._live.start()

    def _weights(self, mixture: Mixture) -> str:
        among = "" if mixture.measured is None else f" of {mixture.measured:,} measured ones"
        return (
            f"A token of the shortest solution{among} ({mixture.shortest} tokens) weighs {mixture.outweighs:.1f} times "
            f"one of the longest ({mixture.longest}): every solution counts the same.\n"
        )

    def step(self, metrics: StepMetrics) -> None:
        """Shows a step, or a measurement on heldout examples."""
        if metrics.heldout:
            self._console.print(
                f"step {metrics.step:>6,}  [bold]heldout J {metrics.objective:.4f}[/]  "
                f"{metrics.token_accuracy:.1%} of tokens right"
                + "".join(f"  {name} pass@1 {share:.1%}" for name, share in metrics.pass_at_1.items())
            )
            return
        self._curve.append(metrics.objective)
        self._watch(metrics)
        if self._live:
            self._live.update(self._line(metrics))
        elif metrics.step == 1 or metrics.step % _PLAIN_EVERY == 0 or metrics.step == metrics.steps:
            self._console.print(self._line(metrics))

    def _watch(self, metrics: StepMetrics) -> None:
        """Says once when steps wait for data; the first ones, before any could be encoded ahead, do not count."""
        if len(self._curve) > _UNCOUNTED:
            self._seconds += metrics.seconds
            self._waited += metrics.data_seconds
        waits = self._waited > _WAITING * self._seconds and len(self._curve) > _UNCOUNTED + _PLAIN_EVERY
        if waits and not self._has_said_waiting:
            self._has_said_waiting = True
            self._console.print(
                f"steps wait for data in {self._waited / self._seconds:.0%} of their time: raise train.workers "
                f"({self._plan.workers if self._plan else 1} now)"
            )

    def end(self, result: RunResult) -> None:
        """Says how it ended and what to do next."""
        if self._live:
            self._live.stop()
            self._live = None
        say = self._console.print
        if result.last and result.began is not None:
            now, resumed = result.last.objective, self._plan and self._plan.resumed_at
            say(
                f"J_SFT {'rose' if now > result.began else 'fell'} from {result.began:.3f} to {now:.3f} in "
                f"{result.steps:,} steps; {result.seconds:.0f} s" + (" since it was resumed" if resumed else "")
            )
        else:
            say(f"nothing left to do: {result.steps:,} steps were done before")
        say(f"model   {result.model}\nfigures {result.output / 'metrics.jsonl'}, drawn in {result.output / CURVES}")
        say(f"to look at  {result.output / LOSSES / TO_LOOK_AT}: furthest below their step (none was dropped)")
        say(f"next    {self._next} --model {shlex.quote(str(result.output))} --output EVAL")

    def _line(self, metrics: StepMetrics) -> Text:
        done = time.monotonic() - self._began
        steps = len(self._curve)
        left = done / steps * (metrics.steps - metrics.step)
        formats = "  ".join(f"{name} {part.objective:.2f}" for name, part in sorted(metrics.formats.items()))
        return Text(
            f"step {metrics.step:>6,}/{metrics.steps:,}  J {metrics.objective:.4f}  {_sparkline(self._curve)}  "
            f"[{formats}]  {metrics.token_accuracy:.0%} right  {metrics.tokens_per_second:,.0f} tokens/s  "
            f"{metrics.data_share:.0%} waiting for data  {left:,.0f} s left"
        )


def _plain(text: str) -> str:
    """Words that data may have a part in, as a console prints them: no markup, and no sign that nobody sees."""
    return escape(laid_bare(text))


def mixture_table(mixture: Mixture) -> Table:
    """The mixture as a table: share of rows, tokens and J by format and source; what is no exact share says so."""
    table = Table(box=None, padding=(0, 2), header_style="dim")
    tokens = "tokens" if mixture.measured is None else f"tokens of {mixture.measured:,}"
    for name in ("", "", "examples", "rows", tokens, "J"):
        table.add_column(name, justify="left" if not name else "right")
    for line in mixture.lines:
        shares = (f"{share:.1%}" for share in (line.row_share, line.token_share, line.objective_share))
        table.add_row(line.kind, _plain(line.name), f"{line.examples:,}", *shares)
    return table


def _sparkline(values: list[float], width: int = 16) -> str:
    """The whole curve in `width` characters."""
    size = max(1, len(values) // width)
    means = [sum(part) / len(part) for start in range(0, len(values), size) if (part := values[start : start + size])]
    means = means[-width:]
    low, high = min(means), max(means)
    scale = (len(_BARS) - 1) / (high - low) if high > low else 0.0
    return "".join(_BARS[int((value - low) * scale)] for value in means)


class EvaluationView:
    """Shows an evaluation."""

    def __init__(self, console: Console | None = None) -> None:
        self._console = console or Console(highlight=False, soft_wrap=True)
        self._live: Live | None = None
        self._began = time.monotonic()
        self._tenth = 0

    def __enter__(self) -> Self:
        if self._console.is_terminal:
            self._live = Live(console=self._console, refresh_per_second=8, transient=True)
            self._live.start()
        return self

    def __exit__(
        self, _kind: type[BaseException] | None, _error: BaseException | None, _trace: TracebackType | None
    ) -> None:
        if self._live:
            self._live.stop()

    def note(self, note: str) -> None:
        """Says what is to be known before the first token."""
        self._console.print(_plain(note))

    def progress(self, done: int, total: int) -> None:
        """Shows how many answers are written and judged."""
        line = f"{done:,} of {total:,} answers  {time.monotonic() - self._began:.0f} s"
        if self._live:
            self._live.update(Text(line))
        elif (tenth := 10 * done // max(1, total)) > self._tenth:
            self._tenth = tenth
            self._console.print(line)

    def end(self, result: EvalResult) -> None:
        """The table of figures."""
        lines = list(result.lines())
        several = max(line.samples for *_, line in lines)
        names = ["asked", "format", "problems", "pass@1", "95 % interval"]
        names += [f"pass@{several}", f"maj@{several}"] if several > 1 else []
        names += ["stopped", "tokens"] + (["against"] if result.against else [])
        table = Table(box=None, padding=(0, 2, 0, 0), header_style="dim")
        for name in names:
            table.add_column(name, justify="left" if name in ("asked", "format") else "right", no_wrap=True)
        for suite, form, line in lines:
            cells = [
                suite or "data",
                form,
                f"{line.n:,}",
                f"[bold]{line.pass_at_1:.1%}[/]",
                f"{line.low:.1%} to {line.high:.1%}",
            ]
            if several > 1:
                best = line.pass_at_k.get(str(several))
                cells += [f"{best.value:.1%}" if best else "", f"{line.maj_at_k.value:.1%}" if line.maj_at_k else ""]
            cells += [f"{line.termination:.0%}", f"{line.tokens:,.0f}"]
            if result.against:
                cells.append(_apart(result, suite, form))
            table.add_row(*cells)
        table.width = Measurement.get(self._console, self._console.options.update(max_width=500), table).maximum
        self._console.print(table, crop=False)  # whole, where a file has no width
        marked = {suite: line.contamination for suite, _, line in lines if line.contamination not in (None, "none")}
        for suite, word in marked.items():
            self._console.print(f"{suite}: contamination {word}")
        self._console.print(f"every answer  {Path(result.output) / 'index.html'}")

    def sampled(self, result: SampleResult) -> None:
        """What came of sampling, and what to do with it."""
        say = self._console.print
        say(
            f"{result.answers:,} answers to {result.problems:,} problems: {result.accepted:,} accepted by the judge, "
            f"{result.rows:,} of them new"
        )
        say(f"rows    {result.output}", soft_wrap=True)
        if result.suspects:
            say(f"review  {result.queue}: {result.suspects:,} references in doubt", soft_wrap=True)
        source = f"{{name: samples, path: {result.output}, adapter: samples, licence: ...}}"
        say(f"next    as the last of curate.sources: {source}", soft_wrap=True, markup=False)


def _apart(result: EvalResult, suite: str | None, form: str) -> str:
    """The paired difference to the other evaluation, in percentage points."""
    apart = result.difference(suite, form)
    return f"{100 * apart.value:+.1f} ({100 * apart.low:+.1f} to {100 * apart.high:+.1f})" if apart else "not asked"


def show_proof(lines: Iterable[ProofLine], console: Console | None = None) -> None:
    """Prints each line of a proof when it is known: green when it holds, red when not.

    Raises:
        RunFailedError: a line does not hold.
    """
    console = console or Console(highlight=False, soft_wrap=True)
    failed = []
    for line in lines:
        mark, colour = ("✓", "green") if line.passed else ("✗", "red")
        console.print(f"[{colour}]{mark} {line.name:<28}[/] {escape(line.detail)}")
        if not line.passed:
            failed.append(line.name)
    if failed:
        raise RunFailedError(f"prove: out of bounds: {', '.join(failed)}")
    console.print("\nWhat is optimised is J_SFT (DeepSeekMath, eq. 6), and its gradient is eq. 7.")
