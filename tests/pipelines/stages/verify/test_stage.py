"""Which candidates still need judging, and that nobody is judged twice."""

import itertools
import json
import os
from pathlib import Path
from typing import Any

import apache_beam as beam
import pyarrow as pa
import pytest

from pipelines.engine import progress
from pipelines.engine.beam import beam_options, open_pipeline
from pipelines.engine.candidates import CANDIDATE_SCHEMA
from pipelines.engine.joining import begin, code_digest
from pipelines.engine.line import Done, Line, Step
from pipelines.engine.rejection import Rejection
from pipelines.engine.store import PartRef, Store, read_batch, write_batch
from pipelines.engine.tags import tag_batch
from pipelines.engine.workfiles import write_content
from pipelines.stages.verify import stage as verifying
from pipelines.stages.verify.ruling import RULING_SCHEMA
from pipelines.stages.verify.stage import (
    JudgeParts,
    choose_level,
    cores_here,
    folder_of,
    level_of,
    steps,
    united,
    weakest_level,
)
from schemas.config import Curate, Verify
from schemas.exits import RunFailedError
from schemas.reason import Reason, Stage
from validation.programs import Level, Pool
from validation.programs.levels import probe

SOURCE = {"name": "s", "path": "x", "adapter": "gsm8k", "licence": "MIT"}


def settings(**curate: Any) -> Curate:
    return Curate.model_validate({"sources": [SOURCE], **curate})


def candidate(form: str, text: str, **columns: Any) -> dict[str, Any]:
    kind = "code" if form == "pot" else "text"
    filled = {"format": form, "question": "How many?", "segments": [{"kind": kind, "text": text}], "answer": "4"}
    return dict.fromkeys(CANDIDATE_SCHEMA.names) | filled | {"independent": True, "language": "en"} | columns


ROWS = [
    candidate("pot", "print(2 + 2)"),
    candidate("cot", "It is \\boxed{4}."),
    candidate("cot", "It is \\boxed{5}."),
    candidate("pot", "print(5)", derived=True),
    candidate("cot", "unreadable", reason="parse_error"),
]


@pytest.fixture
def part(tmp_path: Path) -> PartRef:
    part = PartRef(0, "p", len(ROWS), 0)
    store = Store(tmp_path)
    write_batch(store.part_path(part), pa.RecordBatch.from_pylist(ROWS, schema=CANDIDATE_SCHEMA))
    write_batch(store.tags_path("screen-1", part), tag_batch([(1, Rejection(Reason.TOO_LONG))]))
    return part


def judged(store: Store, part: PartRef, before: tuple[str, ...] = (), *, again: bool = False) -> dict[int, str | None]:
    """Runs the stage over a part and returns what stands under its name: reasons by place."""
    judge = JudgeParts(store, "verify-1", before, Verify(), Level.SECCOMP, again=again)
    try:
        assert judge.process(part) == [part]
    finally:
        judge.teardown()
    return reasons_of(store, part)


def reasons_of(store: Store, part: PartRef) -> dict[int, str | None]:
    found = read_batch(store.tags_path("verify-1", part))
    assert found.schema.equals(RULING_SCHEMA)
    return dict(zip(found.column("index").to_pylist(), found.column("reason").to_pylist(), strict=True))


def reported(folder: Path) -> list[tuple[str, int, dict[str, int]]]:
    lines = [line for path in (folder / "progress").glob("*") for line in path.read_text().splitlines()]
    return [tuple(json.loads(line)) for line in lines]


ALL = {0: None, 1: None, 2: "answer_mismatch", 3: "answer_mismatch"}


def test_what_no_earlier_stage_rejected_is_judged_and_nothing_else(tmp_path: Path, part: PartRef) -> None:
    assert judged(Store(tmp_path), part, ("screen-1",)) == {place: ALL[place] for place in (0, 2, 3)}
    assert sum(rows for _, rows, _ in reported(tmp_path)) == part.rows
    assert [told for _, _, told in reported(tmp_path) if told] == [{"answer_mismatch": 2}]


def test_a_later_run_adds_the_verdicts_that_are_missing_and_gives_none_again(tmp_path: Path, part: PartRef) -> None:
    store = Store(tmp_path)
    judged(store, part, ("screen-1",))
    path = store.tags_path("verify-1", part)
    marked = read_batch(path).to_pylist()
    for row in marked:
        row["final"] = "judged before"
    write_batch(path, pa.RecordBatch.from_pylist(marked, schema=RULING_SCHEMA))
    assert judged(store, part) == ALL
    finals = read_batch(path).column("final").to_pylist()
    assert finals == ["judged before", "4", "judged before", "judged before"]


def test_a_kill_inside_a_part_loses_only_the_verdicts_that_were_on_their_way(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store, many = Store(tmp_path), PartRef(1, "many", 80, 0)
    rows = [candidate("cot", f"It is \\boxed{{{number}}}.") for number in range(many.rows)]
    write_batch(store.part_path(many), pa.RecordBatch.from_pylist(rows, schema=CANDIDATE_SCHEMA))
    monkeypatch.setattr(verifying, "_WRITE_EVERY_S", 0.0)
    judge = JudgeParts(store, "verify-1", (), Verify(), Level.SECCOMP, again=False)
    judge._pool = Pool(Level.SECCOMP, 1)
    verdicts = judge._judged(many, pa.RecordBatch.from_pylist([], schema=RULING_SCHEMA), list(range(many.rows)))
    for so_far in itertools.islice(verdicts, 5):
        write_batch(store.tags_path("verify-1", many), so_far)
    verdicts.close()
    judge.teardown()
    assert len(reasons_of(store, many)) == 20
    progress.forget_reports(tmp_path)
    assert len(judged(store, many)) == many.rows
    assert sum(rows for _, rows, _ in reported(tmp_path)) == many.rows
    assert reported(tmp_path)[-1][1] == 20


def test_when_nothing_is_missing_no_process_starts_and_no_file_is_written(tmp_path: Path, part: PartRef) -> None:
    store = Store(tmp_path)
    judged(store, part)
    written = store.tags_path("verify-1", part).stat().st_mtime_ns
    judge = JudgeParts(store, "verify-1", (), Verify(), Level.SECCOMP, again=False)
    judge.process(part)
    assert judge._pool is None
    assert store.tags_path("verify-1", part).stat().st_mtime_ns == written


def test_a_part_without_candidates_to_judge_has_an_empty_file(tmp_path: Path) -> None:
    store, empty = Store(tmp_path), PartRef(1, "empty", 0, 0)
    write_batch(store.part_path(empty), pa.RecordBatch.from_pylist([], schema=CANDIDATE_SCHEMA))
    assert judged(store, empty) == {}


def test_what_was_reported_already_is_not_reported_again(tmp_path: Path, part: PartRef) -> None:
    store = Store(tmp_path)
    judged(store, part)
    before = reported(tmp_path)
    judged(store, part, again=True)
    assert reported(tmp_path) == before


def line_of(folder: Path, **curate: Any) -> Line:
    return Line(Store(folder, verified="verify-1"), settings(**curate), "code")


def test_the_step_judges_parts_through_beam_after_those_of_earlier_stages_only(tmp_path: Path, part: PartRef) -> None:
    (step,) = steps(line_of(tmp_path), Level.SECCOMP)
    done = Done()
    for stage, folder in ((Stage.SCREEN, "screen-1"), (Stage.BALANCE, "no such folder")):
        done = done.plus(Step(stage, folder, lambda done: beam.Map(str)))
    with open_pipeline(beam_options(1, [])) as pipeline:
        _ = pipeline | beam.Create([part]) | step.transform(done)
    assert (step.stage, step.folder) == (Stage.VERIFY, "verify-1")
    assert reasons_of(Store(tmp_path), part) == {place: ALL[place] for place in (0, 2, 3)}


def test_a_skipped_stage_runs_nothing(tmp_path: Path) -> None:
    skipped = settings(skip=["verify"])
    assert level_of(skipped) is None
    assert folder_of(skipped, None, "code") is None
    assert list(steps(line_of(tmp_path, skip=["verify"]), None)) == []


def test_verdicts_are_found_again_under_the_same_settings_level_and_code() -> None:
    def folder(level: Level = Level.SECCOMP, code: str = "code", **curate: Any) -> str | None:
        return folder_of(settings(**curate), level, code)

    assert folder() == folder(seed=3, screen={"max_chars": 9}, isolation="seccomp")
    others = [folder(Level.NAMESPACES), folder(code="new"), folder(verify={"trim": True})]
    assert len({folder(), *others}) == 4


def test_the_level_is_the_one_asked_for_or_the_strongest_and_never_weak() -> None:
    assert choose_level("seccomp") is Level.SECCOMP
    assert choose_level(None) in (Level.NAMESPACES, Level.SECCOMP)
    assert level_of(settings(isolation="seccomp")) is Level.SECCOMP


@pytest.mark.parametrize(
    ("quota", "cores"), [("max 100000", None), ("100000 100000", 1), ("50000 100000", 1), ("", None)]
)
def test_programs_run_on_the_cores_that_a_worker_is_given(tmp_path: Path, quota: str, cores: int | None) -> None:
    (tmp_path / "cpu.max").write_text(f"{quota}\n", encoding="ascii")
    bound = len(os.sched_getaffinity(0))
    assert cores_here(tmp_path / "cpu.max") == (cores or bound)
    assert cores_here(tmp_path / "none") == bound


def test_the_manifest_names_the_weakest_level_of_all_workers(tmp_path: Path) -> None:
    store = Store(tmp_path, verified="verify-1")
    assert weakest_level(store) is None
    for level in (Level.NAMESPACES, Level.SECCOMP, Level.NAMESPACES):
        write_content(tmp_path / "levels" / "verify-1" / level, b"")
    assert weakest_level(store) is Level.SECCOMP
    assert weakest_level(Store(tmp_path)) is None


def test_a_worker_that_lacks_the_level_that_is_asked_for_is_named(
    tmp_path: Path, part: PartRef, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))  # no bubblewrap
    probe.cache_clear()
    store = Store(tmp_path, verified="verify-1", run=begin(tmp_path, "1", code_digest()))
    judge = JudgeParts(store, "verify-1", (), Verify(), Level.NAMESPACES, again=False)
    judge.setup()
    with pytest.raises(
        RunFailedError, match=r"^worker .*: curate\.isolation: namespaces does not work on this machine"
    ):
        judge.process(part)
    probe.cache_clear()
    assert weakest_level(store) is None


def test_a_worker_without_an_order_notes_the_level_that_it_has(tmp_path: Path, part: PartRef) -> None:
    store = Store(tmp_path, verified="verify-1", run=begin(tmp_path, "1", code_digest()))
    judge = JudgeParts(store, "verify-1", (), Verify(), None, again=False)
    try:
        assert judge.process(part) == [part]
    finally:
        judge.teardown()
    assert weakest_level(store) is choose_level(None)


def test_a_worker_that_was_given_up_takes_away_no_verdict_of_its_successor(tmp_path: Path) -> None:
    def ruled(*verdicts: tuple[int, str]) -> pa.RecordBatch:
        nothing = {field.name: None for field in RULING_SCHEMA} | {"programs": 0}
        rows = [nothing | {"index": index, "verdict": verdict} for index, verdict in verdicts]
        return pa.RecordBatch.from_pylist(rows, schema=RULING_SCHEMA)

    path = tmp_path / "tags.arrow"
    assert united(path, ruled((1, "equal"))) == ruled((1, "equal"))
    write_batch(path, ruled((0, "unknown"), (1, "equal"), (3, "equal")))
    assert united(path, ruled((1, "equal"), (2, "equal"))).select(["index"]).to_pydict() == {"index": [0, 1, 2, 3]}
