import apache_beam as beam

from pipelines.engine.line import Done, Step, folder_named
from schemas.reason import Stage


def step(stage: Stage, folder: str, revises: str | None = None) -> Step:
    return Step(stage, folder, lambda done: beam.Map(str), revises)


def done_after(*steps: tuple[Stage, str]) -> Done:
    done = Done()
    for stage, folder in steps:
        done = done.plus(step(stage, folder))
    return done


def test_a_step_that_comes_again_adds_no_folder_and_one_that_revises_tags_puts_its_own_in_their_place() -> None:
    done = done_after((Stage.COLLAPSE, "collapse"), (Stage.VERIFY, "verify-1"), (Stage.VERIFY, "verify-1"))
    assert done.folders == ("collapse", "verify-1")
    revised = done.plus(step(Stage.COLLAPSE, "collapse_recalled", "collapse"))
    assert revised.folders == ("collapse_recalled", "verify-1")
    assert revised.before(Stage.VERIFY) == ("collapse_recalled",)
    assert done.folders == ("collapse", "verify-1")


def test_what_stands_before_a_stage_is_told_by_the_order_of_stages_and_not_of_steps() -> None:
    done = done_after(
        (Stage.SCREEN, "screen-1"), (Stage.VERIFY, "verify-1"), (Stage.COLLAPSE, "shared"), (Stage.BALANCE, "cap")
    )
    assert done.before(Stage.COLLAPSE) == ("screen-1",)
    assert done.before(Stage.VERIFY) == ("screen-1", "shared")
    assert done.before(Stage.SELECT) == ()
    assert done.before(Stage.WRITE) == done.folders


def test_a_folder_is_named_by_code_and_settings() -> None:
    name = folder_named("screen", "code", {"min_chars": 3})
    assert name.startswith("screen-")
    assert name == folder_named("screen", "code", {"min_chars": 3})
    assert len({name, folder_named("screen", "code", {"min_chars": 4}), folder_named("screen", "new", {})}) == 3
