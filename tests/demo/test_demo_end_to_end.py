"""The whole demo with a tiny model and few rows: every act, the last screen, the folder that it leaves."""

import io

import pytest
from rich.console import Console

from demo.planting import Sizes
from demo.run import run_demo
from schemas.manifest import read_manifest
from schemas.verdict import require_passed

TINY = Sizes(lessons=120, classroom=80, programs=60, dialogues=60, exam=120, each=2)
OVERRIDES = [
    "curate.heldout=0.2",
    "curate.wipeout.limit=1",
    "validate.min_heldout=1",
    "validate.recheck.sample=10",
    "train.steps=6",
    "train.warmup_steps=1",
    "train.checkpoint_every=6",
    "evaluate.limit=3",
    "evaluate.max_new_tokens=16",
]

pytestmark = pytest.mark.slow


def test_the_demo_runs_from_rows_to_answers_and_its_last_screen_tells_the_truth(tmp_path):
    stream = io.StringIO()
    run_demo(tmp_path / "demo", Console(file=stream, width=100, highlight=False), overrides=OVERRIDES, sizes=TINY)
    shown = stream.getvalue()
    manifest = require_passed(tmp_path / "demo" / "data")
    assert manifest == read_manifest(tmp_path / "demo" / "data")
    counts = manifest.counts
    assert counts.candidates == counts.kept + counts.removed + counts.quarantined
    assert f"{counts.rows:,} rows gave {counts.candidates:,} candidates = {counts.kept:,} kept" in shown
    assert "J_SFT rose from" in shown
    for words in ("1  Curate", "2  Validate", "3  Train", "4  Evaluate", "Why the rest was not", "Worth a look"):
        assert words in shown
    assert shown.count(" trace ") == 3
    assert "\x1b" not in shown
    for place in ("data/quality/report/index.html", "run/model/model.safetensors", "eval/after/index.html"):
        assert (tmp_path / "demo" / place).is_file()
