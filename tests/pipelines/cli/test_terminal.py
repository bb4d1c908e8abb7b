import io
import re

import pytest
from rich.console import Console
from rich.live import Live
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from pipelines.cli.terminal import show_signs

HOSTILE = "a\x1b[31mb\x07c\u202ed\u2066e\x9b1mf\x00g\ud800h\ri"
_STYLES = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")
_STEERING = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u200e\u200f\u202a-\u202e\u2066-\u2069\ud800-\udfff]")


def printed(*things: object, signs: bool = True, colour: bool = True) -> str:
    file = io.StringIO()
    console = Console(file=file, width=90, force_terminal=colour, color_system="standard" if colour else None)
    if signs:
        show_signs(console)
    for thing in things:
        console.print(thing)
    return file.getvalue()


def table() -> Table:
    made = Table(title=Text(HOSTILE))
    made.add_column(Text(HOSTILE))
    made.add_row(Text(HOSTILE, style="red"))
    return made


@pytest.mark.parametrize("thing", [HOSTILE, Text(HOSTILE, style="bold red"), Panel(HOSTILE), table()], ids=type)
def test_no_sign_of_a_text_steers_the_terminal_wherever_it_stands(thing: object) -> None:
    found = _STYLES.sub("", printed(thing))
    assert not _STEERING.search(found)
    assert "\\u001b[31mb" in found
    assert "\\u202ed\\u2066e\\u009b1mf" in found
    assert _STEERING.search(_STYLES.sub("", printed(thing, signs=False)))  # the control: without it they do


def test_styles_of_our_own_stay() -> None:
    assert printed(Text("x", style="red")) == printed(Text("x", style="red"), signs=False)
    assert "\x1b[31m" in printed(Text("x", style="red"))


def test_a_live_screen_still_moves_its_cursor() -> None:
    console = Console(file=io.StringIO(), width=40, force_terminal=True)
    show_signs(console)
    with Live(Text("one"), console=console, auto_refresh=False, transient=True) as live:
        live.update(Text("two"), refresh=True)
    assert isinstance(console.file, io.StringIO)
    assert "\x1b[2K" in console.file.getvalue()
