"""The work folders of runs as a person sees them: how much each holds, and what its removal would cost."""

from collections.abc import Sequence

from rich.console import Console
from rich.text import Text

from pipelines.output.cleaning import Leftover, find_leftovers
from schemas.place import Location
from schemas.wording import amount, visible

_UNITS = ("bytes", "KiB", "MiB", "GiB", "TiB")


def print_clean(console: Console, data: Sequence[Location], *, remove: bool) -> None:
    """Prints the work folders of data sets and removes them, where that is asked for.

    Args:
        console: where to.
        data: the data sets; none: all that were sent to stores from this machine.
        remove: else nothing is removed.

    Raises:
        UserError: as `find_leftovers`, or a run writes to a store that is cleaned.
    """
    free, number = 0, 0
    for leftover in find_leftovers(data):
        gone = remove and not leftover.live and leftover.remove()
        counts = gone or not (remove or leftover.live)
        free, number = free + counts * leftover.bytes, number + counts
        console.print(_line(leftover, gone=gone), soft_wrap=True)
    if not number:
        console.print("nothing to remove")
        return
    folders = f"{amount(number, 'folder')}, {_size(free)}"
    console.print(f"removed {folders}" if remove else f"nothing was removed; with --yes: {folders}")


def _line(leftover: Leftover, *, gone: bool) -> Text:
    state = "in use: a run is writing there"
    if gone:
        state = "removed"
    elif not leftover.live:
        state = (
            "the data set stays; curating into it again would need --overwrite"
            if leftover.finished
            else "of a run that did not end: what it did would be done again"
        )
    return Text(f"{_size(leftover.bytes):>10}  {visible(str(leftover.folder))}  ") + Text(state, style="dim")


def _size(number: float) -> str:
    unit = 0
    while number >= 1024 and unit < len(_UNITS) - 1:
        number, unit = number / 1024, unit + 1
    return f"{number:.{1 if unit else 0}f} {_UNITS[unit]}"
