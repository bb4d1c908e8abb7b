import os
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from pipelines.engine.progress import Progress, Watch, forget_reports, report, report_damage
from schemas.place import Place

REPOSITORY = Path(__file__).resolve().parents[3]


def shown_of(work, *, during=lambda: None):
    """What was shown last of a run that reports what `during` does."""
    shown = []
    with Watch(work, shown.append):
        during()
    return shown[-1]


def test_reports_add_up_by_stage_and_by_reason(tmp_path):
    def run():
        report(tmp_path, "read", 3, {"parse_error": 1})
        report(tmp_path, "read", 4)
        report(tmp_path, "screen", 2, {"parse_error": 1, "too_long": 1})

    found = shown_of(tmp_path, during=run)
    assert found == Progress(rows=found.rows, reasons=found.reasons)
    assert found.rows == {"read": 7, "screen": 2}
    assert found.reasons == {"parse_error": 2, "too_long": 1}


def test_what_an_earlier_run_reported_is_forgotten(tmp_path):
    report(tmp_path, "read", 100)
    forget_reports(tmp_path)
    assert shown_of(tmp_path, during=lambda: report(tmp_path, "read", 1)).rows == {"read": 1}


def test_damage_is_told_by_file_and_counts_in_no_stage(tmp_path):
    def run():
        report(tmp_path, "read", 1)
        for name in ("parts/a-0.arrow", "run.json"):
            report_damage(tmp_path, tmp_path / name)

    found = shown_of(tmp_path, during=run)
    assert found.damaged == ["parts/a-0.arrow", "run.json"]
    assert (found.rows, found.reasons) == ({"read": 1}, {})


def test_another_process_is_heard(tmp_path):
    code = "import pathlib, sys; from pipelines.engine import progress; "
    code += "progress.report(pathlib.Path(sys.argv[1]), 'read', 5)"

    def run():
        report(tmp_path, "read", 1)
        environment = {**os.environ, "PYTHONPATH": str(REPOSITORY)}
        subprocess.run([sys.executable, "-c", code, str(tmp_path)], env=environment, check=True)

    assert shown_of(tmp_path, during=run).rows == {"read": 6}


def test_a_line_that_is_still_being_written_waits_for_its_end(tmp_path):
    told, looked, seen = tmp_path / "progress" / "1.jsonl", threading.Event(), []

    def show(progress):
        seen.append(dict(progress.rows))
        looked.set()

    def write(some):
        with told.open("a") as file:
            file.write(some)
        for _ in range(2):  # a look that began before, and a whole one
            looked.clear()
            assert looked.wait(10)
        return seen[-1]

    told.parent.mkdir()
    with Watch(tmp_path, show):
        assert write('["screen", 3, {') == {}
        assert write('"x": 1}]\n["screen"') == {"screen": 3}
        assert write(", 4, {}]\n") == {"screen": 7}


def test_half_an_answer_of_a_store_costs_a_look_and_not_the_run(tmp_path):
    work = Place(f"memory://{tmp_path.name}")
    for broken in (b'["screen", 3, {}]\n35\n', b'["screen", 3', b"\xff"):
        (work / "progress" / "1.jsonl").write(broken)
        assert shown_of(work) == Progress()
    (work / "progress" / "1.jsonl").write(b'["screen", 3, {}]\n')
    assert shown_of(work).rows == {"screen": 3}


def test_a_run_that_reports_nothing_shows_nothing_and_ends(tmp_path):
    assert shown_of(tmp_path / "none") == Progress()


def test_an_error_inside_is_not_swallowed_and_what_was_reported_is_shown(tmp_path):
    shown = []

    def interrupted():
        with Watch(tmp_path, shown.append):
            report(tmp_path, "read", 1)
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        interrupted()
    assert shown[-1].rows == {"read": 1}
