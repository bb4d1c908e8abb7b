import io
import re
import sys
import unicodedata

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


def test_every_sign_that_nobody_sees_is_shown_by_its_code() -> None:
    """Unicode's own classes are the list; ordinary letters, accents, emoji and signs of all planes stay as they are."""
    unseen = [sign for sign in map(chr, range(sys.maxunicode + 1)) if unicodedata.category(sign) in ("Cc", "Cf", "Cs")]
    drawn = {*"\t\n", *map(chr, (*range(0x600, 0x606), 0x6DD, 0x70F, 0x890, 0x891, 0x8E2, 0x110BD, 0x110CD))}
    unseen += [*"\u034f\u115f\u1160\u17b4\u17b5\u180b\u2028\u3164\ufe0e\ufe0f\uffa0\U000e0100"]
    found = printed(Text("".join(f"<{sign}>" for sign in unseen if sign not in drawn)), colour=False)
    assert not {*found} & ({*unseen} - drawn)
    seen = "".join(drawn - {"\n", "\t"}) + "é e\u0301 فارسی हिन्दी 한글 数学 ∑ 𝒙 😀 ½ ²"
    assert printed(Text(seen), colour=False).replace("\n", "") == seen


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
