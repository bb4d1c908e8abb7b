from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from pipelines.engine.store import PartRef
from pipelines.output.decide import PartSummary
from pipelines.output.publish import Alarm, Ending, manifest_of, refuse_wipeout, wiped_out
from pipelines.output.write import Written
from schemas.exits import RunFailedError
from tests.tiny import config_of, source

ENDED = {
    ("school", "cot", "kept", None, None): 6,
    ("school", "cot", "removed", "screen", "truncated"): 3,
    ("school", None, "removed", "read", "parse_error"): 1,
    ("panel", "cot", "quarantined", "verify", "answer_unknown"): 2,
}


def written(path: str, split: str | None, rows: int) -> Written:
    return Written(path, split, rows, 10, "0" * 64)


def ending(*, shard_rows: int = 6, rows: int = 12, **curate: Any) -> Ending:
    sources = source(Path("s.jsonl")), source(Path("p.jsonl"), "panel", licence="CC0-1.0")
    settings = config_of(*sources, **curate).curate
    assert settings is not None
    summaries = [PartSummary(PartRef(0, "part", 12, 100), rows, Counter(ENDED), Counter(train=6))]
    files = [written("shards/train.arrow", "train", shard_rows), written("ledger/ledger.arrow", None, 12)]
    return Ending(settings, summaries, files, (), (), None, (), (), draft=False, scanned_rows=12)


def test_the_manifest_adds_up():
    manifest = manifest_of(ending())
    counts = manifest.counts
    assert (counts.candidates, counts.kept, counts.removed, counts.quarantined) == (12, 6, 4, 2)
    assert manifest.removed_by_reason == {"truncated": 3, "parse_error": 1}
    assert manifest.quarantined_by_reason == {"answer_unknown": 2}
    assert {name: line.kept for name, line in manifest.formats.items()} == {"cot": 6, "none": 0}
    assert {name: line.candidates for name, line in manifest.sources.items()} == {"school": 10, "panel": 2}
    assert manifest.fingerprint == manifest.computed_fingerprint()


def test_only_licences_of_what_is_kept_bind():
    assert manifest_of(ending()).licence == "MIT"


def test_a_shard_that_lacks_an_example_is_our_own_broken_promise():
    with pytest.raises(AssertionError):
        manifest_of(ending(shard_rows=5))


def test_a_row_that_was_scanned_and_not_read_is_our_own_broken_promise():
    with pytest.raises(AssertionError, match="rows read"):
        manifest_of(ending(rows=11))


def test_a_rule_that_takes_more_of_a_source_than_the_limit_sounds_the_alarm():
    assert wiped_out(ending(wipeout={"limit": 0.3})) == [Alarm("panel", "answer_unknown", 2, 2)]
    alarms = wiped_out(ending(wipeout={"limit": 0.29}))
    assert [str(alarm) for alarm in alarms] == [
        "answer_unknown takes 100% of panel (2 of 2 candidates)",
        "truncated takes 30% of school (3 of 10 candidates)",
    ]
    with pytest.raises(RunFailedError, match="nothing was published"):
        refuse_wipeout(alarms)


def test_what_somebody_accepted_sounds_none():
    accepted = {"limit": 0.29, "accept": ["panel:answer_unknown", "school:truncated"]}
    assert wiped_out(ending(wipeout=accepted)) == []
    refuse_wipeout([])
