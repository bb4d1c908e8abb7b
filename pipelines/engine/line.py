"""What a stage hands to the line, and what the line hands to a stage.

A stage room offers its steps. A step names the stage that its reasons belong to and the folder of its tags, and makes
the Beam transform that writes them once it is told which folders stand before it: the order lives in `curate` alone.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Protocol

import apache_beam as beam
import pyarrow as pa

from pipelines.engine.candidates import UNDERSTOOD
from pipelines.engine.rejection import Note, Rejection
from pipelines.engine.store import PartRef, Store, digest
from pipelines.engine.tags import TAG_SCHEMA, from_verdicts
from pipelines.engine.transforms import PARTITIONS, TagAcrossParts, TagParts
from schemas.config import Curate
from schemas.reason import Stage

Judge = Callable[[pa.RecordBatch], Sequence[Rejection | Note | None]]
"""candidates (`CANDIDATE_SCHEMA`, without their records) -> what is to say of each"""


@dataclass(frozen=True, slots=True)
class Line:
    """What every stage is given.

    Attributes:
        store: parts and tags of the run.
        settings: the table `curate`.
        code: hash of the code: what other code tagged is tagged again.
        partitions: of every shuffle.
    """

    store: Store
    settings: Curate
    code: str
    partitions: int = PARTITIONS

    def folder(self, name: str, *settings: object) -> str:
        """Names a tag folder by what its tags depend on, so that a later run finds those that are still right."""
        return folder_named(name, self.code, *settings)

    def skips(self, stage: Stage) -> bool:
        """Whether the config leaves a stage out."""
        return stage in self.settings.skip


def folder_named(name: str, code: str, *settings: object) -> str:
    """Returns `name-hash`; the hash covers the code and the settings."""
    return f"{name}-{digest(code, *map(str, settings))}"


@dataclass(frozen=True, slots=True)
class Done:
    """The tag folders that stand when a step begins: (stage, folder), in order, each once."""

    tagged: tuple[tuple[Stage, str], ...] = ()

    @property
    def folders(self) -> tuple[str, ...]:
        """All of them."""
        return tuple(folder for _, folder in self.tagged)

    def before(self, stage: Stage) -> tuple[str, ...]:
        """Those of the stages that a candidate meets before `stage`."""
        order = list(Stage)
        return tuple(folder for its, folder in self.tagged if order.index(its) < order.index(stage))

    def plus(self, step: "Step") -> "Done":
        """The same when a step is done; a step that revises tags puts its folder in the place of the other."""
        tagged = (step.stage, step.folder)
        if step.revises is not None:
            return Done(tuple(tagged if folder == step.revises else (stage, folder) for stage, folder in self.tagged))
        return self if tagged in self.tagged else Done((*self.tagged, tagged))


@dataclass(frozen=True, slots=True)
class Step:
    """One pass over all parts.

    Attributes:
        stage: whose reasons its tags hold.
        folder: of its tags; a step that adds to what it said before may come again.
        transform: makes the transform, parts -> the same parts, from what is done before it.
        revises: the folder whose tags it says anew. They stay as they are: an engine that lost a worker takes steps
            again that read them, and must not find what came later.
    """

    stage: Stage
    folder: str
    transform: Callable[[Done], beam.PTransform]
    revises: str | None = None


def row_by_row(line: Line, stage: Stage, judge: Judge, *settings: object) -> Step:
    """A step that looks at each candidate by itself; `settings` are all that its judgement depends on."""
    folder = line.folder(stage, *settings)
    tag = partial(_tag, store=line.store, judge=judge)
    return Step(stage, folder, lambda done: TagParts(line.store, folder, tag))


def _tag(part: PartRef, *, store: Store, judge: Judge) -> pa.RecordBatch:
    return from_verdicts(judge(store.read_part(part, UNDERSTOOD)))


class Shuffle(Protocol):
    """What a step across parts brings together by key, and what it says of it (`TagAcrossParts`)."""

    def index(self, part: PartRef) -> pa.RecordBatch:
        """The rows of a part that take part, by key."""

    def resolve(self, rows: pa.Table) -> pa.Table:
        """Tags for the rows of one partition."""


def across_parts(
    line: Line,
    stage: Stage,
    folder: str,
    shuffle: Callable[[Done], Shuffle],
    *,
    schema: pa.Schema = TAG_SCHEMA,
    revises: str | None = None,
    beside: tuple[PartRef, ...] = (),
) -> Step:
    """A step that compares candidates of all parts.

    Args:
        line: the line.
        stage: whose reasons it gives.
        folder: of its tags.
        shuffle: makes what is brought together from what is done before it.
        schema: of its tags.
        revises: the folder whose tags it says anew.
        beside: parts of earlier data that are compared too.
    """

    def transform(done: Done) -> TagAcrossParts:
        made = shuffle(done)
        return TagAcrossParts(
            line.store, folder, made.index, made.resolve, schema, revises is not None, beside, line.partitions
        )

    return Step(stage, folder, transform, revises)
