"""The page in a real browser: its script runs under its own policy, and nothing else is asked for."""

import shutil
import subprocess
from pathlib import Path

import pytest

from schemas.config import Recheck, Validate
from tests.validation.dataset.handmade import write_data
from validation.dataset.gate import judge
from validation.dataset.report.page import write_report

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")


def dump(page: Path, profile: Path) -> tuple[str, str]:
    assert CHROMIUM is not None
    flags = ["--headless", "--no-sandbox", "--disable-gpu", "--disable-background-networking", "--no-first-run"]
    command = [CHROMIUM, *flags, f"--user-data-dir={profile}", "--enable-logging=stderr", "--dump-dom", page.as_uri()]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=True)
    return done.stdout, done.stderr


@pytest.mark.slow
@pytest.mark.skipif(CHROMIUM is None, reason="no Chromium here: the page was not driven in a browser")
def test_the_script_runs_and_the_console_is_silent(tmp_path):
    rows_shown = judge(write_data(tmp_path / "data"), Validate(recheck=Recheck(sample=8)))
    write_report(rows_shown, tmp_path / "report")
    page = tmp_path / "report/index.html"
    dom, log = dump(page, tmp_path / "profile")
    assert 'id="filters">' in dom or 'id="filters" class' in dom
    assert 'id="shown">' in dom
    assert "CONSOLE" not in log
    assert "Refused to" not in log


@pytest.mark.slow
@pytest.mark.skipif(CHROMIUM is None, reason="no Chromium here: the page was not driven in a browser")
def test_a_script_that_slipped_in_would_not_run(tmp_path):
    write_report(judge(write_data(tmp_path / "data"), Validate(recheck=Recheck(sample=0))), tmp_path / "report")
    page = tmp_path / "report/index.html"
    evil = "<script>document.title = 'it ran'</script></body>"
    page.write_text(page.read_text("utf-8").replace("</body>", evil), encoding="utf-8")
    dom, log = dump(page, tmp_path / "profile")
    assert "<title>it ran" not in dom
    assert "CONSOLE" in log
