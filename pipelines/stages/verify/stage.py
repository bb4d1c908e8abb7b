"""The verify stage over parts: which candidates still need judging, and the pool of processes that judges them."""

import os
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import apache_beam as beam
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from apache_beam.pvalue import PCollection

from pipelines.engine import progress
from pipelines.engine.crashes import refuse_crash
from pipelines.engine.joining import join, worker_failed
from pipelines.engine.line import Done, Line, Step, folder_named
from pipelines.engine.store import PartRef, Store, read_batch, write_batch
from pipelines.engine.tags import alive_after
from pipelines.engine.workfiles import File, is_there, names_below, write_content
from pipelines.stages.verify.ruling import RULING_SCHEMA, RulingRow, ruling_batch, verify
from schemas.config import Curate, Verify
from schemas.exits import UserError
from schemas.reason import Reason, Stage
from validation.programs import Level, Pool, best_level, describe_levels, versions

_WRITE_EVERY_S = 1.0  # a kill loses the verdicts of so long, and of the chunks that run


def level_of(settings: Curate) -> Level | None:
    """The level of isolation that programs run at; None when the stage is skipped and nothing runs.

    Raises:
        UserError: this machine does not give the level that the config asks for.
    """
    return None if Stage.VERIFY in settings.skip else choose_level(settings.isolation)


def folder_of(settings: Curate, level: Level | None, code: str) -> str | None:
    """The tag folder of the verdicts; None when the stage is skipped.

    Args:
        settings: the table `curate`.
        level: of isolation; None where each worker has its own.
        code: hash of the code.
    """
    if Stage.VERIFY in settings.skip:
        return None
    where = level or f"workers {settings.isolation}"
    return folder_named(Stage.VERIFY, code, settings.verify, where, _longest_of(settings), versions())


def _longest_of(settings: Curate) -> int | None:
    """The characters that a candidate may have when its outputs are written anew; None: any number."""
    screened = settings.verify.outputs == "regenerate" and Stage.SCREEN not in settings.skip
    return settings.screen.max_chars if screened else None


def steps(line: Line, level: Level | None, *, again: bool = False) -> Iterator[Step]:
    """Judges every candidate that no earlier stage rejected and that has no verdict yet.

    A second look adds verdicts, and what reads them between the looks asks for those of the first alone.

    Args:
        line: the line.
        level: of isolation, as `level_of` has it; None for the one that the config asks each worker for.
        again: whether most candidates were judged and reported already.
    """
    folder, settings, longest = line.store.verified, line.settings.verify, _longest_of(line.settings)
    asked = level or (Level(line.settings.isolation) if line.settings.isolation else None)
    if folder is not None and not line.skips(Stage.VERIFY):

        def transform(done: Done) -> VerifyParts:
            return VerifyParts(line.store, folder, done.before(Stage.VERIFY), settings, asked, again, longest)

        yield Step(Stage.VERIFY, folder, transform)


@dataclass
class VerifyParts(beam.PTransform):
    """Parts -> the same parts, with a verdict on every candidate that no earlier stage rejected.

    Verdicts stay under `name`, which holds the hash of the settings; a later run adds those that are missing.
    """

    store: Store
    name: str
    before: tuple[str, ...]
    settings: Verify
    level: Level | None
    again: bool = False
    """whether most of the parts were judged and reported already"""
    longest: int | None = None

    def expand(self, parts: PCollection[PartRef]) -> PCollection[PartRef]:
        """Judges each part with the pool of its worker."""
        judge = JudgeParts(
            self.store, self.name, self.before, self.settings, self.level, again=self.again, longest=self.longest
        )
        return parts | "judge" >> beam.ParDo(judge)


class JudgeParts(beam.DoFn):
    """Holds the pool of a worker: warm processes, started with the first part and stopped with the worker."""

    def __init__(
        self,
        store: Store,
        name: str,
        before: tuple[str, ...],
        settings: Verify,
        level: Level | None,
        *,
        again: bool,
        longest: int | None = None,
    ) -> None:
        self._longest = longest
        self._store, self._name, self._before, self._again = store, name, before, again
        self._settings, self._level = settings, level
        self._pool: Pool | None = None

    def setup(self) -> None:
        """Compares this worker with the run."""
        join(self._store.root, self._store.run)

    def process(self, part: PartRef) -> list[PartRef]:
        """Judges what is not judged yet and writes all verdicts of the part."""
        path = self._store.tags_path(self._name, part)
        known = _known(path, self._store)
        alive = alive_after(self._store, part, self._before)
        alive[np.asarray(known.column("index"))] = False
        missing = np.flatnonzero(alive).tolist()
        if missing or not is_there(path):
            for verdicts in self._judged(part, known, missing):
                write_batch(path, verdicts if self._store.run is None else united(path, verdicts))
            known = read_batch(path)
        if not self._again:
            reasons = Counter(reason for reason in known.column("reason").to_pylist() if reason is not None)
            progress.report(self._store.root, "verify", part.rows - len(missing), dict(reasons))
        return [part]

    def _judged(self, part: PartRef, known: pa.RecordBatch, missing: list[int]) -> Iterator[pa.RecordBatch]:
        """All verdicts of a part so far, every now and then, and when none is missing."""
        if self._pool is None:
            self._pool = Pool(self._chosen_level(), cores_here() + 1)  # one waits for the judge or for the kernel
        batch = self._store.read_part(part)
        rows: list[RulingRow] = []
        written = time.monotonic()
        for fresh in verify(batch, missing, settings=self._settings, pool=self._pool, longest=self._longest):
            if self._store.strict:
                _refuse_crash(part, ruling_batch(fresh), self._store)
            rows += fresh
            progress.report(self._store.root, "verify", len(fresh))
            if time.monotonic() - written >= _WRITE_EVERY_S:
                known, rows = _joined([known, ruling_batch(rows)]), []
                yield known
                written = time.monotonic()
        yield _joined([known, ruling_batch(rows)])

    def _chosen_level(self) -> Level | None:
        """The level of this worker, noted before the first verdict that rests on it."""
        if self._store.run is None:
            return self._level
        try:
            level = choose_level(self._level)
        except UserError as error:
            raise worker_failed(error.message) from error
        write_content(_levels(self._store, self._name) / level, b"")
        return level

    def teardown(self) -> None:
        """Stops the processes."""
        if self._pool is not None:
            self._pool.close()
            self._pool = None


def cores_here(quota: Path = Path("/sys/fs/cgroup/cpu.max")) -> int:
    """The cores that this worker may use: those that it is bound to, and what its container is given of them.

    Args:
        quota: where the kernel says so: `200000 100000` is two cores, `max 100000` all.
    """
    bound = len(os.sched_getaffinity(0))
    try:
        given, period = quota.read_text(encoding="ascii").split()
    except (OSError, ValueError):
        return bound
    return bound if given == "max" else max(1, min(bound, int(given) // int(period)))


def weakest_level(store: Store) -> Level | None:
    """The weakest level of isolation that any verdict of a run on workers rests on; None when no program ran."""
    if store.verified is None:
        return None
    noted = names_below(_levels(store, store.verified))
    return max(map(Level, noted), key=list(Level).index, default=None)


def _levels(store: Store, folder: str) -> File:
    return store.root / "levels" / folder


def _known(path: File, store: Store) -> pa.RecordBatch:
    """The verdicts that stand. A failure of ours is none: what made the judge raise is judged again."""
    if not store.holds(path):
        return _empty()
    verdicts = read_batch(path)
    crashed = pc.fill_null(pc.equal(verdicts.column("reason"), Reason.JUDGE_CRASH.value), False)
    return verdicts.filter(pc.invert(crashed))


def united(path: File, verdicts: pa.RecordBatch) -> pa.RecordBatch:
    """Adds the verdicts that another worker wrote meanwhile: an engine that lost one may have two judge one part."""
    if not is_there(path):
        return verdicts
    others = read_batch(path)
    return _joined([verdicts, others.filter(pc.invert(pc.is_in(others.column("index"), verdicts.column("index"))))])


def _refuse_crash(part: PartRef, verdicts: pa.RecordBatch, store: Store) -> None:
    crashed = verdicts.filter(pc.equal(verdicts.column("reason"), Reason.JUDGE_CRASH.value))
    for row in crashed.select(["index", "detail"]).to_pylist():
        refuse_crash(part, row["index"], row["detail"], store)


def _empty() -> pa.RecordBatch:
    return pa.RecordBatch.from_pylist([], schema=RULING_SCHEMA)


def _joined(verdicts: list[pa.RecordBatch]) -> pa.RecordBatch:
    table = pa.Table.from_batches(verdicts).sort_by("index").combine_chunks()
    return table.to_batches()[0] if len(table) else _empty()


def choose_level(asked: str | None) -> Level:
    """Returns the level of isolation to run programs at: the one asked for, or the strongest here, never weak.

    Raises:
        UserError: this machine does not give it; the command that would is named.
    """
    if asked is None:
        try:
            return best_level()
        except OSError as error:
            raise UserError(f"{error}; skip verification with --set 'curate.skip=[verify]'") from error
    report = describe_levels(Level(asked))[-1]
    if not report.available:
        lift = f"; to lift it: {report.lift}" if report.lift else ""
        raise UserError(f"curate.isolation: {asked} does not work on this machine: {report.problem}{lift}")
    return report.level
