"""What a run shows while it runs, and at its end."""

import io
from collections import Counter
from pathlib import Path

import pytest
from rich.console import Console

from pipelines.cli import curate_console
from pipelines.cli.curate_console import CurateConsole, console_for, print_last_screen, reasons_table, the_sum
from pipelines.cli.findings import Finding
from pipelines.engine.progress import Progress
from schemas.manifest import Manifest, read_manifest
from schemas.reason import RULES, Reason

PROGRESS = Progress(Counter({"read": 1500, "screen": 750}), Counter({f"reason{n}": n for n in range(1, 7)}))


def lines_of(stream: io.StringIO) -> list[str]:
    return [line.rstrip() for line in stream.getvalue().splitlines() if line.strip()]


def plain(stream: io.StringIO) -> Console:
    return Console(file=stream, width=120, highlight=False)


@pytest.fixture
def manifest(tiny_data: Path) -> Manifest:
    return read_manifest(tiny_data)


def test_where_nobody_watches_a_line_comes_at_times_and_none_before(monkeypatch: pytest.MonkeyPatch) -> None:
    stream = io.StringIO()
    with CurateConsole(plain(stream)) as console:
        console.show(PROGRESS)
        assert stream.getvalue() == ""
        monkeypatch.setattr(curate_console, "_PLAIN_EVERY_S", 0.0)
        console.show(PROGRESS)
        console.show(Progress())
    assert lines_of(stream) == ["0 s: read 1,500, screen 750", "0 s: starting"]


def test_on_a_terminal_bars_show_the_share_of_what_was_read_and_the_commonest_reasons() -> None:
    stream = io.StringIO()
    with CurateConsole(Console(file=stream, width=120, force_terminal=True, color_system=None)) as console:
        console.show(PROGRESS)
    lines = [" ".join(line.split()) for line in lines_of(stream)]
    assert [line for line in lines if "1,500" in line][-1].endswith("read ━━━━━━━━━━━━━━━━━━━━━━━━━━━━ 1,500")
    assert [line for line in lines if line.startswith("screen ")][-1].endswith("━ 750")
    assert [f"reason{n} {n}" in lines for n in (6, 5, 4, 3, 2, 1)] == [True] * 4 + [False] * 2
    assert not any(line.startswith("verify") for line in lines)


def test_a_run_that_read_nothing_yet_divides_by_nothing() -> None:
    stream = io.StringIO()
    plain(stream).print(CurateConsole(plain(stream))._screen(Progress()))
    assert lines_of(stream)[0].split()[0] == "read"


def test_the_sum_adds_up_in_words(manifest: Manifest) -> None:
    counts = manifest.counts.model_copy(
        update={"rows": 1000, "candidates": 2500, "kept": 2000, "removed": 400, "quarantined": 100}
    )
    assert the_sum(manifest.model_copy(update={"counts": counts})).plain == (
        "1,000 rows gave 2,500 candidates = 2,000 kept + 400 removed + 100 quarantined"
    )


def test_reasons_stand_by_number_with_their_meaning_and_the_rest_in_one_line(manifest: Manifest) -> None:
    removed = {"too_long": 1200, "parse_error": 3, "too_short": 2}
    told = manifest.model_copy(update={"removed_by_reason": removed, "quarantined_by_reason": {"answer_conflict": 7}})
    stream = io.StringIO()
    plain(stream).print(reasons_table(told, most=2))
    lines = [line.split(maxsplit=2) for line in lines_of(stream)]
    assert [line[:2] for line in lines] == [
        ["candidates", "reason"],
        ["1,200", "too_long"],
        ["7", "answer_conflict"],
        ["5", "2"],
    ]
    assert RULES[Reason.ANSWER_CONFLICT].meaning.startswith(lines[2][2][:40])
    assert lines[3][2] == "more"


def test_a_run_without_rejections_has_an_empty_table(manifest: Manifest) -> None:
    clean = manifest.model_copy(update={"removed_by_reason": {}, "quarantined_by_reason": {}})
    stream = io.StringIO()
    plain(stream).print(reasons_table(clean))
    assert lines_of(stream) == []


def last_screen(manifest: Manifest, *, folder: str = "data", **given: object) -> list[str]:
    stream = io.StringIO()
    findings = given.pop("findings", [])
    print_last_screen(plain(stream), manifest, findings, Path(folder), **given)  # type: ignore[arg-type]
    return lines_of(stream)


def test_the_last_screen_ends_with_what_to_do_next(manifest: Manifest) -> None:
    lines = last_screen(manifest, folder="a [b] " + "long/" * 40)
    assert lines[0] == the_sum(manifest).plain
    assert lines[-1] == "Next mathmill validate a [b] " + "long/" * 39 + "long"
    assert not any("DRAFT" in line or "Worth a look" in line for line in lines)


def test_findings_come_with_the_command_that_shows_them(manifest: Manifest) -> None:
    finding = Finding("3 candidates [odd] ...", Reason.TOO_LONG, 3, ("id1-cot", "id2-cot"))
    lines = last_screen(manifest, findings=[finding], remarks=["2 decisions [x] were joined"])
    assert "2 decisions [x] were joined" in lines
    at = lines.index("Worth a look")
    assert lines[at + 1 : at + 3] == ["  3 candidates [odd] ...", "    mathmill trace data id1-cot"]


def test_a_draft_is_called_one(manifest: Manifest) -> None:
    assert "DRAFT: refusals were turned into notes." in last_screen(manifest.model_copy(update={"draft": True}))


def test_where_stdout_is_no_terminal_lines_have_one_width(capsys: pytest.CaptureFixture[str]) -> None:
    console = console_for()
    assert (console.width, console.is_terminal) == (120, False)
    console.print("[bold]x[/] 1.5")
    assert capsys.readouterr().out == "x 1.5\n"
