from pathlib import Path

import pyarrow as pa

from pipelines.engine.candidates import CANDIDATE_SCHEMA
from pipelines.engine.line import Done, Line
from pipelines.engine.store import PartRef, Store, read_batch, write_batch
from pipelines.stages.screen.stage import steps
from schemas.config import Curate
from schemas.reason import Stage


def line_of(folder: Path, **curate) -> Line:
    source = {"name": "s", "path": "x", "adapter": "gsm8k", "licence": "MIT"}
    return Line(Store(folder), Curate.model_validate({"sources": [source], **curate}), "code")


def test_the_step_tags_what_its_settings_refuse(tmp_path):
    line = line_of(tmp_path, screen={"max_chars": 9})
    rows = [
        dict.fromkeys(CANDIDATE_SCHEMA.names)
        | {"format": "cot", "question": question, "segments": [{"kind": "text", "text": "x=4."}], "language": "en"}
        for question in ("2+2?", "2 + 2 = ?", "")
    ]
    part = PartRef(0, "p", 3, 0)
    write_batch(line.store.part_path(part), pa.RecordBatch.from_pylist(rows, schema=CANDIDATE_SCHEMA))
    (step,) = steps(line)
    transform = step.transform(Done())
    tags = transform.tag(part)
    assert step.stage is Stage.SCREEN
    assert tags.select(["index", "reason"]).to_pylist() == [
        {"index": 1, "reason": "too_long"},
        {"index": 2, "reason": "too_short"},
    ]
    write_batch(line.store.tags_path(step.folder, part), tags)
    assert len(read_batch(line.store.tags_path(step.folder, part))) == 2


def test_a_question_that_leans_on_another_is_stopped_only_where_the_policy_says_so(tmp_path):
    row = {"format": "cot", "question": "Let $T=TNYWR$. Compute $T^2$.", "language": "en"}
    row["segments"] = [{"kind": "text", "text": "So $T^2$ is 49, since $T$ is 7."}]
    part = PartRef(0, "p", 1, 0)
    for policy, reasons in (({}, []), ({"refers_elsewhere": "quarantine"}, ["refers_elsewhere"])):
        line = line_of(tmp_path / str(len(policy)), policy=policy)
        batch = pa.RecordBatch.from_pylist([dict.fromkeys(CANDIDATE_SCHEMA.names) | row], schema=CANDIDATE_SCHEMA)
        write_batch(line.store.part_path(part), batch)
        (step,) = steps(line)
        assert step.transform(Done()).tag(part).column("reason").to_pylist() == reasons


def test_only_its_own_settings_name_its_folder(tmp_path):
    def folder(**curate):
        return next(steps(line_of(tmp_path, **curate))).folder

    assert folder() == folder(seed=7, heldout=0.5, verify={"trim": True})
    assert folder() != folder(screen={"max_chars": 9})


def test_a_skipped_stage_has_no_step(tmp_path):
    assert list(steps(line_of(tmp_path, skip=["screen"]))) == []
