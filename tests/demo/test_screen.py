import io
from pathlib import Path

import pyarrow as pa
import pytest
from rich.console import Console

from demo.closing import command, compare_with_planted, shortened
from demo.curve import area, bar, chart, resampled
from demo.planting import Expected, Sizes, write_rows
from demo.run import Folders, run_demo
from demo.screen import tools_lesson
from schemas.exits import UserError
from schemas.reason import Reason
from training.results import EvalResult, FormatResult


def test_a_curve_is_resampled_to_means_of_neighbours():
    assert resampled([1, 3, 5, 7], 2) == [2, 6]
    assert resampled([1, 2], 5) == [1, 2]
    assert resampled([], 5) == []


def test_an_area_rises_with_its_values_and_stays_inside_its_lines():
    lines = area([0.0, 0.5, 1.0], low=0.0, high=1.0, width=3, height=2)
    assert lines == ["  █", "▁██"]
    assert area([9.0], low=0.0, high=1.0, width=1, height=1) == ["█"]


def test_a_chart_fits_its_width_and_grows_to_the_right():
    half, whole = chart([-6.0] * 50, total=100, width=40).plain, chart([-6.0] * 100, total=100, width=40).plain
    assert max(map(len, whole.splitlines())) <= 40
    assert whole.count("▁") > half.count("▁") > 0


def test_a_bar_has_one_width_for_every_share():
    assert {len(bar(share / 10, 12, "red").plain) for share in range(11)} == {12}


EXPECTED = [
    Expected("lessons", 0, Reason.PARSE_ERROR, Reason.PARSE_ERROR),
    Expected("lessons", 1, None, Reason.PARSE_ERROR),
    Expected("lessons", 2, None, None),
]


def test_a_row_counts_as_right_only_when_all_its_candidates_ended_as_expected():
    def ledger(*rows):
        return pa.table(dict(zip(("source", "row", "reason"), zip(*rows, strict=True), strict=True)))

    good = [("lessons", 0, "parse_error"), ("lessons", 1, None), ("lessons", 2, None), ("lessons", 2, None)]
    right = compare_with_planted(EXPECTED, ledger(*good))
    assert (right.defects, right.caught, right.kinds, right.sound, right.kept) == (1, 1, 1, 2, 2)
    missed = compare_with_planted(EXPECTED, ledger(("lessons", 0, "bad_encoding"), *good[1:]))
    assert (missed.caught, missed.kept) == (0, 2)
    half = compare_with_planted(EXPECTED, ledger(*good[:3], ("lessons", 2, "bad_latex")))
    assert (half.caught, half.kept) == (1, 1)


def test_a_folder_that_holds_something_else_is_left_alone(tmp_path):
    (tmp_path / "thesis.tex").write_text("precious")
    with pytest.raises(UserError, match="holds something that is no demo"):
        run_demo(tmp_path, Console(file=io.StringIO()))
    assert (tmp_path / "thesis.tex").read_text() == "precious"


def test_an_earlier_demo_is_replaced_and_nothing_beside_it(tmp_path):
    folders = Folders(tmp_path)
    write_rows(folders.rows, 0, Sizes(1, 1, 1, 1, 1, 0))
    (tmp_path / "notes.txt").write_text("mine")
    folders.run.mkdir()
    folders.clear()
    assert [path.name for path in tmp_path.iterdir()] == ["notes.txt"]


def test_commands_on_the_last_screen_can_be_pasted(monkeypatch, tmp_path):
    monkeypatch.setattr("sys.argv", [str(tmp_path / "mathmill" / "__main__.py"), "demo"])
    assert command() == "python -m mathmill"
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PATH", "")
    monkeypatch.setattr("sys.argv", [str(tmp_path / ".venv" / "bin" / "mathmill"), "demo"])
    assert command() == ".venv/bin/mathmill"


def test_a_long_text_is_shortened_to_one_line():
    assert shortened("a b\nc", 5) == "a b c"
    assert shortened("abcdefgh", 5) == "abcd…"


def test_the_lesson_is_said_only_where_programs_lead():
    def results(**passed):
        formats = {name: FormatResult(60, n, n / 60, 0.0, 1.0) for name, n in passed.items()}
        return EvalResult("model", Path("eval"), formats, seconds=1.0)

    assert tools_lesson(results(cot=5, pot=47, tir=37)) is not None
    assert tools_lesson(results(cot=40, pot=47, tir=37)) is None
    assert tools_lesson(results(cot=5)) is None
