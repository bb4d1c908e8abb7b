"""What a verb sends to a terminal: texts of strangers, in which no sign may steer it, reorder a line or hide."""

from collections.abc import Iterator

from rich.console import Console, ConsoleOptions, ConsoleRenderable, RenderHook
from rich.control import Control
from rich.segment import Segment

from schemas.wording import laid_bare


def show_signs(console: Console) -> None:
    """Makes a console write control, bidirectional and undrawn characters of all that it prints as their codes."""
    console.push_render_hook(_ShowSigns())


class _ShowSigns(RenderHook):
    def process_renderables(self, renderables: list[ConsoleRenderable]) -> list[ConsoleRenderable]:
        """Wraps all but the console's own controls."""
        return [thing if isinstance(thing, Control | _Shown) else _Shown(thing) for thing in renderables]


class _Shown:
    """A renderable whose text shows its signs; styles are added behind it."""

    def __init__(self, inner: ConsoleRenderable) -> None:
        self._inner = inner

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> Iterator[Segment]:
        for text, style, control in console.render(self._inner, options):
            yield Segment(text if control else laid_bare(text), style, control)
