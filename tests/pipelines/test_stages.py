"""The order of the line: which steps a config asks for, and that reasons of an earlier stage come first."""

from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from pipelines.curate import stages
from pipelines.engine.line import Done, Line, Step
from pipelines.engine.store import Store
from pipelines.stages.duplicates.earlier import find_earlier
from pipelines.stages.select.stage import Reviewed
from schemas.benchmark import BENCHMARK_SCHEMA
from schemas.reason import Stage
from tests.tiny import config_of, source
from validation.programs import Level

ITEM = {"benchmark": "b", "position": 0, "question": "How many?", "variants": "report", "language": "en"}
ITEMS = pa.Table.from_pylist([ITEM], schema=BENCHMARK_SCHEMA)
COLLAPSES = [("collapse", "shared_problems"), ("collapse", "collapse")]
IDENTIFIES = [("identify", name) for name in ("shared_questions", "shared_guards", "near_duplicates", "agree")]


def line_of(
    folder: Path, *, verified: bool = True, items: pa.Table = ITEMS, derive: bool = False, **curate: Any
) -> list[Step]:
    """The steps of a config."""
    rows = source(folder / "rows.jsonl", derive=["pot"] if derive else [])
    settings = config_of(rows, **curate).curate
    assert settings is not None
    verified = verified and Stage.VERIFY not in settings.skip
    line = Line(Store(folder, verified="verify-0" if verified else None), settings, "code")
    level = Level.SECCOMP if verified else None
    return list(stages(line, items, None, level, find_earlier((), folder / "data", "code"), {}))


def steps_of(folder: Path, **settings: Any) -> list[tuple[str, str]]:
    """(stage, folder without its hash) of each step of a config."""
    return [(step.stage.value, step.folder.partition("-")[0]) for step in line_of(folder, **settings)]


def test_every_stage_takes_its_place(tmp_path: Path) -> None:
    assert steps_of(tmp_path, balance={"caps": {"problem": 1}}) == [
        ("select", "select"),
        ("screen", "screen"),
        ("decontaminate", "decontaminate"),
        *COLLAPSES,
        ("verify", "verify"),
        ("collapse", "collapse_recalled"),
        ("verify", "verify"),
        ("collapse", "collapse_settled"),
        *IDENTIFIES,
        ("balance", "cap"),
    ]


def test_without_verification_only_what_is_derived_can_fall_later(tmp_path: Path) -> None:
    skip = {"skip": ["select", "screen", "decontaminate", "verify", "identify"]}
    assert steps_of(tmp_path, **skip) == COLLAPSES
    assert steps_of(tmp_path, derive=True, **skip) == [*COLLAPSES, ("collapse", "collapse_settled")]


def test_a_skipped_collapse_still_numbers_identical_rows_and_revises_nothing(tmp_path: Path) -> None:
    steps = steps_of(tmp_path, skip=["collapse", "identify"])
    assert [folder for stage, folder in steps if stage == "collapse"] == ["shared_problems", "collapse"]
    assert [stage for stage, _ in steps].count("verify") == 1


def test_no_item_no_decontamination(tmp_path: Path) -> None:
    assert "decontaminate" not in dict(steps_of(tmp_path, items=ITEMS.slice(0, 0)))


def test_reviews_take_the_place_of_the_sources_own_selection(tmp_path: Path) -> None:
    settings = config_of(source(tmp_path / "rows.jsonl")).curate
    assert settings is not None
    line = Line(Store(tmp_path, reviewed="reviewed-1"), settings, "code")
    earlier = find_earlier((), tmp_path / "data", "code")
    first = next(stages(line, ITEMS, Reviewed(tmp_path / "r.arrow", "reviewed-1", frozenset()), None, earlier, {}))
    assert (first.stage, first.folder) == (Stage.SELECT, "reviewed-1")


@pytest.mark.parametrize("skip", [[], ["verify"], ["collapse"], ["select", "balance"]])
def test_a_folder_stands_behind_those_of_earlier_stages_and_takes_the_place_of_the_one_it_revises(
    tmp_path: Path, skip: list[str]
) -> None:
    done = Done()
    for step in line_of(tmp_path, skip=skip):
        done = done.plus(step)
    found = [stage for stage, _ in done.tagged]
    assert found == sorted(found, key=list(Stage).index)
    names = [folder.partition("-")[0] for folder in done.folders]
    assert [name for name in names if name.startswith("collapse")] == [
        "collapse" if {"verify", "collapse"} & set(skip) else "collapse_settled"
    ]
