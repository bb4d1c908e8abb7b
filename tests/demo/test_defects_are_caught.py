"""The planted defects through the real line: every one gets its reason, and every near miss is kept."""

from collections import Counter, defaultdict

import pytest

from demo.planting import Sizes, write_rows
from pipelines.curate import curate
from pipelines.output.reader import read_ledger
from schemas.configfile import load_config
from schemas.reason import RULES

FEW = Sizes(lessons=20, classroom=20, programs=20, dialogues=20, exam=40, each=2)
MANY = Sizes(lessons=60, classroom=60, programs=60, dialogues=60, exam=120, each=12)


@pytest.fixture(scope="module", params=[FEW, pytest.param(MANY, marks=pytest.mark.slow)], ids=["few", "many"])
def curated(tmp_path_factory, demo_yaml, request):
    folder = tmp_path_factory.mktemp("demo")
    expected = write_rows(folder / "rows", 7, request.param)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("MATHMILL_DEMO", str(folder / "rows"))
        config = load_config(demo_yaml, ["curate.wipeout.limit=1"])
    manifest = curate(config, folder / "data")
    rows = defaultdict(list)
    for one in read_ledger(folder / "data", manifest).to_pylist():
        rows[one["source"], one["row"]].append(one)
    return expected, manifest, rows


def test_every_planted_defect_is_caught_with_its_reason_by_its_stage(curated):
    expected, _, rows = curated
    caught = Counter()
    missed = []
    for one in expected:
        if one.reason is None:
            continue
        candidates = rows[one.source, one.row]
        if {candidate["reason"] for candidate in candidates} == {one.reason}:
            caught[one.reason] += 1
            assert {candidate["stage"] for candidate in candidates} == {RULES[one.reason].stage}
        else:
            missed.append((one, candidates))
    assert [(one, _told(candidates)) for one, candidates in missed] == []
    assert len(caught) >= 35
    assert min(caught.values()) >= 2


def test_every_near_miss_and_every_ordinary_row_is_kept(curated):
    expected, _, rows = curated
    sound = [one for one in expected if one.reason is None]
    wrongly = [
        (one, _told(rows[one.source, one.row])) for one in sound if _reasons(rows[one.source, one.row]) != {None}
    ]
    assert wrongly == []
    assert len(sound) > 100


def test_the_sum_adds_up(curated):
    expected, manifest, rows = curated
    counts = manifest.counts
    assert counts.rows == len(expected)
    assert counts.candidates == counts.kept + counts.removed + counts.quarantined == sum(map(len, rows.values()))


def _reasons(candidates):
    return {candidate["reason"] for candidate in candidates}


def _told(candidates):
    return [(candidate["id"], candidate["reason"], candidate["detail"]) for candidate in candidates]
