"""Which steps collapse and identify take, and what their folders depend on; `collapse` and `near` test what they do."""

from pathlib import Path
from typing import Any

import pytest

from pipelines.engine.line import Done, Line, Step
from pipelines.engine.store import PartRef, Store
from pipelines.stages.duplicates.collapse import COLLAPSE_SCHEMA
from pipelines.stages.duplicates.earlier import Earlier
from pipelines.stages.duplicates.stage import collapse, identify, needs_templates, recall, settle
from schemas.config import Curate
from schemas.manifest import ShardRecord
from schemas.reason import Stage

SOURCE = {"name": "s", "path": "x", "adapter": "gsm8k", "licence": "MIT"}
PLACED = {"shared_problems", "collapse", "shared_questions", "shared_guards", "near_duplicates", "agree"}


def settings(**curate: Any) -> Curate:
    return Curate.model_validate({"sources": [SOURCE], **curate})


def line_of(*, verified: str | None = None, **curate: Any) -> Line:
    return Line(Store(Path("nowhere"), verified=verified), settings(**curate), "code")


def earlier(line: Line, *shards: int) -> Earlier:
    records = [(Path("data"), ShardRecord(path=f"s{n}", split="train", rows=n, bytes=1, sha256=str(n))) for n in shards]
    return Earlier(line.store, "code", tuple(records), (), ())


def folders(steps: Any) -> list[str]:
    return [step.folder for step in steps]


def beside(step: Step) -> tuple[PartRef, ...]:
    return step.transform(Done()).beside


@pytest.mark.parametrize(
    ("skip", "needed"),
    [([], True), (["identify"], True), (["balance"], True), (["identify", "balance"], False)],
)
def test_templates_are_needed_by_identify_and_by_balance(skip: list[str], needed: bool) -> None:
    assert needs_templates(settings(skip=skip)) == needed


@pytest.mark.parametrize(
    ("verified", "derive", "skip", "recalls", "settles"),
    [
        (None, [], [], False, False),
        ("verify-1", [], [], True, True),
        (None, ["pot"], [], False, True),
        ("verify-1", ["pot"], ["collapse"], False, False),
    ],
)
def test_collapse_is_revised_only_where_anybody_may_have_fallen_since(
    verified: str | None, derive: list[str], skip: list[str], recalls: bool, settles: bool
) -> None:
    line = line_of(verified=verified, skip=skip, sources=[{**SOURCE, "derive": derive}])
    recalled, settled = list(recall(line)), list(settle(line))
    assert folders(recalled) == ["collapse_recalled"] * recalls
    assert folders(settled) == ["collapse_settled"] * settles
    assert [step.revises for step in recalled] == ["collapse"] * recalls
    assert [step.revises for step in settled] == ["collapse_recalled" if recalls else "collapse"] * settles


def test_earlier_data_is_compared_by_key_and_beside_every_comparison_that_asks_for_its_rows() -> None:
    line = line_of()
    shards = earlier(line, 3, 5)
    alone, against = (list(identify(line, data)) for data in (earlier(line), shards))
    assert folders(alone) == ["shared_questions", "shared_guards", "near_duplicates", "agree"]
    assert folders(against) == ["held_earlier", *folders(alone)]
    assert [beside(step) == shards.parts for step in against] == [True, True, True, True, False]
    problems, collapsed = collapse(line, shards)
    assert beside(problems) == shards.parts
    assert beside(collapsed) == ()


def test_a_skipped_identify_takes_no_step_and_a_skipped_collapse_still_numbers_rows() -> None:
    line = line_of(skip=["identify", "collapse"])
    assert list(identify(line, earlier(line))) == []
    assert folders(collapse(line, earlier(line))) == ["shared_problems", "collapse"]


def test_tags_of_comparisons_are_made_in_every_run_under_one_name() -> None:
    line = line_of()
    steps = [*collapse(line, earlier(line)), *identify(line, earlier(line))]
    assert {*folders(steps)} == PLACED
    assert {step.stage for step in steps} == {Stage.COLLAPSE, Stage.IDENTIFY}


def test_tags_of_collapse_number_rows_beside_their_reasons() -> None:
    line = line_of(verified="verify-1")
    _, collapsed = collapse(line, earlier(line))
    for step in (collapsed, *recall(line), *settle(line)):
        transform = step.transform(Done())
        assert transform.schema.equals(COLLAPSE_SCHEMA)
        assert transform.again == (step is not collapsed)
