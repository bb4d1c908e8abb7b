"""The steps of collapse and identify.

Collapse runs up to three times. A candidate that lost to an equal one must not be missing when that one falls: once
verification has judged, the equals of what it refused are recalled and judged too, and at last the best of those that
stay outlives the others (`collapse.Revise`).
"""

from collections.abc import Iterator
from functools import partial

from pipelines.engine.line import Line, Step, across_parts
from pipelines.engine.tags import COLLAPSED
from pipelines.stages.duplicates.collapse import COLLAPSE_SCHEMA, SHARED_PROBLEMS, Collapse, Revise, ShareProblems
from pipelines.stages.duplicates.earlier import Earlier
from pipelines.stages.duplicates.identify import Agree, FindEarlier, NearDuplicates, ShareGuards, ShareQuestions
from schemas.config import Curate
from schemas.reason import Stage

_IN_EARLIER, _SHARED_QUESTIONS, _SHARED_GUARDS = "held_earlier", "shared_questions", "shared_guards"
_RECALLED, _SETTLED = "collapse_recalled", "collapse_settled"
_NEAR, _AGREE = "near_duplicates", "agree"


def needs_templates(settings: Curate) -> bool:
    """Whether any stage asks which candidates are of one template, or nearly equal."""
    return not {Stage.IDENTIFY, Stage.BALANCE} <= set(settings.skip)


def collapse(line: Line, earlier: Earlier) -> Iterator[Step]:
    """Exact duplicates. Skipped, the stage only numbers identical rows, which ids need."""
    skipped, contents = line.skips(Stage.COLLAPSE), _contents(line)
    yield across_parts(
        line,
        Stage.COLLAPSE,
        SHARED_PROBLEMS,
        lambda done: ShareProblems(line.store, earlier),
        beside=earlier.parts,
    )
    yield across_parts(
        line,
        Stage.COLLAPSE,
        COLLAPSED,
        lambda done: Collapse(line.store, done.before(Stage.COLLAPSE), skipped, contents),
        schema=COLLAPSE_SCHEMA,
    )


def recall(line: Line) -> Iterator[Step]:
    """Recalls the equals of what verification refused, so that they are judged too."""
    if line.store.verified is not None and not line.skips(Stage.COLLAPSE):
        yield _revise(line, COLLAPSED, _RECALLED, recall=True)


def settle(line: Line) -> Iterator[Step]:
    """Collapses for good, where anything may have fallen since: by a verdict, or with the solution it was made from."""
    may_fall = line.store.verified is not None or any(source.derive for source in line.settings.sources)
    if may_fall and not line.skips(Stage.COLLAPSE):
        recalled = line.store.verified is not None
        yield _revise(line, _RECALLED if recalled else COLLAPSED, _SETTLED, recall=False)


def _revise(line: Line, previous: str, folder: str, *, recall: bool) -> Step:
    contents = _contents(line)
    return across_parts(
        line,
        Stage.COLLAPSE,
        folder,
        lambda done: Revise(line.store, done.before(Stage.COLLAPSE), previous, recall, contents),
        schema=COLLAPSE_SCHEMA,
        revises=previous,
    )


def identify(line: Line, earlier: Earlier) -> Iterator[Step]:
    """What earlier data has, near-duplicates, and problems whose candidates disagree on the answer."""
    if line.skips(Stage.IDENTIFY):
        return
    store, contents, guards, words = line.store, _contents(line), line.folder("guards"), line.folder("words")
    threshold = line.settings.identify.threshold
    beside_earlier = partial(across_parts, line, Stage.IDENTIFY, beside=earlier.parts)
    if earlier.shards:
        yield beside_earlier(_IN_EARLIER, lambda done: FindEarlier(store, done.folders, contents, earlier))
    yield beside_earlier(_SHARED_QUESTIONS, lambda done: ShareQuestions(store, done.folders, earlier))
    yield beside_earlier(_SHARED_GUARDS, lambda done: ShareGuards(store, _SHARED_QUESTIONS, guards, earlier))
    yield beside_earlier(
        _NEAR, lambda done: NearDuplicates(store, done.folders, guards, words, _SHARED_GUARDS, threshold, earlier)
    )
    yield across_parts(line, Stage.IDENTIFY, _AGREE, lambda done: Agree(store, done.folders, done.before(Stage.VERIFY)))


def _contents(line: Line) -> str:
    """The folder of content keys, kept beside the parts like tags."""
    return line.folder("contents")
