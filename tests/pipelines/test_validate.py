import json
from pathlib import Path

import pytest

from pipelines.validate import validate
from schemas.config import Recheck, Validate
from schemas.exits import RunFailedError, UserError
from schemas.verdict import VERDICT, Status, Verdict, require_passed
from tests.validation.dataset.handmade import edit_manifest, write_data

CONFIG = Validate(recheck=Recheck(sample=0))


def test_a_passed_verdict_opens_the_gate_and_binds_the_bytes(tmp_path):
    verdict = validate(write_data(tmp_path), CONFIG)
    assert verdict.status is Status.PASSED
    assert Verdict.model_validate_json((tmp_path / VERDICT).read_bytes()) == verdict
    assert require_passed(tmp_path).counts.kept == 72
    path = tmp_path / "shards/train-00000-of-00001.arrow"
    content = bytearray(path.read_bytes())
    content[-40] ^= 1
    path.write_bytes(content)
    with pytest.raises(RunFailedError, match=r"train-00000-of-00001\.arrow: bytes changed"):
        require_passed(tmp_path)


def test_a_failed_verdict_is_written_and_keeps_training_out(tmp_path):
    edit_manifest(write_data(tmp_path), reseal=True, counts__rows=7)
    assert validate(tmp_path, CONFIG).status is Status.FAILED
    with pytest.raises(UserError, match="sum_adds_up"):
        require_passed(tmp_path)


def test_beam_and_the_plain_loop_come_to_the_same_verdict(tmp_path):
    write_data(tmp_path, shards=2)
    plain = validate(tmp_path, CONFIG)
    report = (tmp_path / "quality/report/report.json").read_bytes()
    assert validate(tmp_path, CONFIG, beam_flags=["--job_name=judge"]) == plain
    assert (tmp_path / "quality/report/report.json").read_bytes() == report


def test_a_stale_verdict_is_gone_before_judging_starts(tmp_path):
    validate(write_data(tmp_path), CONFIG)
    (tmp_path / "manifest.json").write_text('{"schema_version": "1.0.0"}', encoding="utf-8")
    with pytest.raises(UserError, match="manifest"):
        validate(tmp_path, CONFIG)
    assert not (tmp_path / VERDICT).exists()


def test_output_leaves_the_data_set_as_it_is(tmp_path):
    data = write_data(tmp_path / "data")
    before = sorted(path for path in data.rglob("*"))
    validate(data, CONFIG, output=tmp_path / "report")
    assert sorted(path for path in data.rglob("*")) == before
    numbers = json.loads((tmp_path / "report/report/report.json").read_text("utf-8"))
    assert numbers["counts"] == {"rows": 28, "candidates": 76, "kept": 72, "removed": 3, "quarantined": 1}


def test_what_is_no_data_set_cannot_be_judged(tmp_path):
    with pytest.raises(UserError, match="no such folder"):
        validate(Path(tmp_path / "nowhere"), CONFIG)
    with pytest.raises(UserError, match="not a data set"):
        validate(tmp_path, CONFIG)
