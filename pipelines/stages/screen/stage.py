"""The screen stage's step."""

from collections.abc import Iterator
from functools import partial

from pipelines.engine.line import Line, Step, row_by_row
from pipelines.stages.screen.checks import screen
from schemas.policy import kept_by
from schemas.reason import Stage


def steps(line: Line) -> Iterator[Step]:
    """Screens every candidate by itself."""
    if not line.skips(Stage.SCREEN):
        settings = line.settings.screen
        kept = kept_by(line.settings.policy)
        judge = partial(screen, settings=settings, kept=kept)
        yield row_by_row(line, Stage.SCREEN, judge, settings, sorted(kept))
