"""A curve in text: an area under the values, in eighths of a character."""

from collections.abc import Sequence
from itertools import pairwise
from math import exp, log

from rich.text import Text

_EIGHTHS = " ▁▂▃▄▅▆▇█"


def resampled(values: Sequence[float], width: int) -> list[float]:
    """The values as `width` means of neighbours; fewer when there are fewer values."""
    count = min(width, len(values))
    edges = [round(i * len(values) / count) for i in range(count + 1)] if count else [0]
    return [sum(values[start:end]) / (end - start) for start, end in pairwise(edges)]


def area(values: Sequence[float], *, low: float, high: float, width: int, height: int) -> list[str]:
    """The lines of an area chart, top first; values outside [low, high] are drawn at its edges."""
    heights = []
    for value in resampled(values, width):
        share = (value - low) / (high - low) if high > low else 0.0
        heights.append(max(1, round(min(max(share, 0.0), 1.0) * height * 8)))
    lines = []
    for row in reversed(range(height)):
        cells = (_EIGHTHS[min(max(filled - row * 8, 0), 8)] for filled in heights)
        lines.append("".join(cells).ljust(width))
    return lines


def chart(values: Sequence[float], *, total: int, width: int, height: int = 7) -> Text:
    """The curve of J over steps with its axes.

    Heights are exp(J), the probability that a reference token gets: on a plain scale of J nothing seems to happen after
    the first tenth of a run. The axis says J.

    Args:
        values: J of each step so far, nats per token, <= 0.
        total: steps that the run will have: the curve grows to the right.
        width: characters of the whole chart.
        height: lines of the area, an odd number.
    """
    plot = width - 9
    drawn = max(1, round(plot * len(values) / total))
    half = log(0.5)  # stands in the middle, where exp(J) is a half
    labels = {0: f"{0.0:.1f}", height // 2: f"{half:.1f}", height - 1: f"{min(values):.1f}"}
    text = Text()
    means = resampled(values, drawn)
    for row, line in enumerate(area([exp(mean) for mean in means], low=0.0, high=1.0, width=drawn, height=height)):
        text.append(f"{labels.get(row, ''):>6} │", style="dim")
        text.append(line.rstrip() + "\n", style="cyan")
    text.append(f"{'':>6} └{'─' * plot}\n", style="dim")
    last = f"{total:,} steps"
    text.append(f"{'J_SFT':>6}  1{last:>{plot - 1}}", style="dim")
    return text


def bar(share: float, width: int, style: str) -> Text:
    """A horizontal bar for a share of 0 to 1."""
    eighths = round(min(max(share, 0.0), 1.0) * width * 8)
    full, rest = divmod(eighths, 8)
    filled = "█" * full + ("▏▎▍▌▋▊▉"[rest - 1] if rest else "")
    return Text.assemble((filled, style), ("·" * (width - len(filled)), "bright_black"))
