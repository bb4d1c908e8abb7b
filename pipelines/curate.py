"""Raw rows -> shards: the order of the stages, and nothing else.

    read  normalise  render         each row becomes candidates, written once as parts of the store
    select  screen  decontaminate   row by row: tags beside the parts
    collapse                        exact duplicates, across all parts
    verify                          answers compared, programs run in isolation
    identify  label  balance        near-duplicates, conflicts, topics, caps and quotas, across all parts
    decide  write                   tags joined, the first reason wins; shards, ledger, rejected records

Only references and hashes travel between stages; text stays in the store (pipelines/engine/store.py).
"""

import gc
import pickle
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache, partial
from pathlib import Path

import apache_beam as beam
import pyarrow as pa
from apache_beam.options.pipeline_options import PipelineOptions
from apache_beam.pvalue import PCollection
from apache_beam.runners.portability.fn_api_runner import FnApiRunner

from pipelines.engine.beam import beam_options, beam_runner, open_pipeline
from pipelines.engine.candidates import UNDERSTOOD
from pipelines.engine.disk import full_disk_in_one_line
from pipelines.engine.progress import Progress, Watch
from pipelines.engine.rejection import Note, Rejection
from pipelines.engine.store import PartRef, Store, code_digest, digest
from pipelines.engine.tags import from_verdicts
from pipelines.engine.transforms import ReadParts, TagAcrossParts, TagParts
from pipelines.engine.workfolder import claim, refuse_other_runs
from pipelines.output.decide import PartSummary, decide
from pipelines.output.decide import Settings as DecideSettings
from pipelines.output.publish import Ending, manifest_of, publish, refuse_wipeout, wiped_out
from pipelines.output.write import WriteSettings, Written, plan_files, write_file
from pipelines.sources.catalogue import resolve
from pipelines.sources.inputs import Inputs, load_benchmarks, plan_inputs, render_split
from pipelines.stages.balance.stage import ApplyBound, Bound, achieved, bounds_of
from pipelines.stages.decontaminate.leaks import BenchmarkIndex, check
from pipelines.stages.duplicates.collapse import (
    COLLAPSE_SCHEMA,
    COLLAPSED,
    SHARED_PROBLEMS,
    Collapse,
    Revise,
    ShareProblems,
    keys_of,
)
from pipelines.stages.duplicates.earlier import Earlier, find_earlier
from pipelines.stages.duplicates.identify import Agree, FindHeld, NearDuplicates, ShareGuards, ShareQuestions
from pipelines.stages.label.stage import LabelParts, folder_of, summary
from pipelines.stages.label.taxonomy import Taxonomy, taxonomies_of
from pipelines.stages.screen.checks import screen
from pipelines.stages.select.campaign import source_votes
from pipelines.stages.select.criteria import select
from pipelines.stages.select.decided import read_reviews
from pipelines.stages.select.stage import matched, select_reviewed, store_reviews
from pipelines.stages.verify.stage import VerifyParts, choose_level
from schemas.config import Config, Curate, Decontaminate
from schemas.exits import UserError
from schemas.files import replacing
from schemas.manifest import Manifest
from schemas.reason import Stage
from validation.programs import Level

Judge = Callable[[pa.RecordBatch], Sequence[Rejection | Note | None]]
Staged = tuple[Stage, str, Callable[[tuple[str, ...]], beam.PTransform]]
_HELD, _SHARED_QUESTIONS, _SHARED_GUARDS = "held_earlier", "shared_questions", "shared_guards"
_FULL_DISK = "nothing was published; free some space and run the same command: it continues where it stopped"


def curate(
    config: Config,
    output: Path,
    *,
    against: Sequence[Path] = (),
    workers: int = 1,
    draft: bool = False,
    overwrite: bool = False,
    beam_flags: Sequence[str] = (),
    on_progress: Callable[[Progress], None] = lambda _: None,
) -> Manifest:
    """Curates the sources of a config into a data set.

    Args:
        config: a checked config with the table `curate`.
        output: the data set's folder; its work folder makes a killed or changed run continue.
        against: earlier data sets; what they hold already is removed.
        workers: Beam processes. Programs use all cores whatever it is.
        draft: turn the wipe-out alarm into a note, and stamp the data set DRAFT.
        overwrite: start over in a folder that holds another run.
        beam_flags: flags for Beam; `--runner` among them replaces the pinned in-process runner.
        on_progress: told how far the run is, a few times a second, from another thread.

    Returns:
        The manifest, as published.

    Raises:
        UserError: a config, input or folder that cannot be used.
        RunFailedError: the wipe-out alarm, or a full disk; nothing is published.
    """
    if config.curate is None:
        raise UserError("the config has no table `curate`")
    settings = config.curate
    if settings.reviews and Stage.SELECT in settings.skip:
        raise UserError("curate.reviews: the stage `select` applies them, and curate.skip leaves it out")
    if against and Stage.IDENTIFY in settings.skip:
        raise UserError("--against: the stage `identify` holds against earlier data, and curate.skip leaves it out")
    options = beam_options(workers, beam_flags)
    refuse_other_runs(output, settings, overwrite=overwrite)
    code = code_digest()
    earlier = find_earlier(against, output, code)
    inputs = plan_inputs(settings, digest(code, _needs_templates(settings)))
    items, benchmarks = load_benchmarks(settings.benchmarks)
    taxonomies = taxonomies_of(settings.sources, settings.label.taxonomies)
    votes = source_votes(inputs.splits) if Stage.SELECT not in settings.skip else ()
    reviews, review_files = read_reviews(settings.reviews, votes)
    level = _level(settings)
    list(bounds_of(settings.balance))  # a quota that cannot be is told before anything is written
    with (
        full_disk_in_one_line(output, advice=_FULL_DISK),
        claim(output, settings, overwrite=overwrite) as work,
        Watch(work, on_progress),
    ):
        stored = store_reviews(reviews, work) if len(reviews) else None
        reviewed = None if stored is None else f"reviewed-{digest(code, str(settings.select), stored.name)}"
        store = Store(work, reviewed, folder_of(taxonomies, settings.skip))
        line = _Line(store, settings, code, level, _stored_index(items, code, work), stored, earlier, taxonomies)
        summaries, written = line.run(inputs, options, beam_runner(workers, beam_flags))
        parts = [one.part for one in summaries]
        ending = Ending(
            settings=settings,
            summaries=summaries,
            written=written,
            files=(*inputs.files, *review_files),
            benchmarks=benchmarks,
            isolation=line.level,
            labels=summary(parts, store, taxonomies),
            quotas=achieved(settings.balance, parts, store) if Stage.BALANCE not in settings.skip else [],
            draft=draft,
            scanned_rows=inputs.rows,
            lineage=() if earlier is None else earlier.lineage,
        )
        manifest = manifest_of(ending)
        if not draft:
            refuse_wipeout(wiped_out(ending))
        said = matched(reviews, parts, store) if len(reviews) else None
        publish(ending, manifest, items, said, store=store, output=output)
    return manifest


def _needs_templates(settings: Curate) -> bool:
    return not {Stage.IDENTIFY, Stage.BALANCE} <= set(settings.skip)


def _level(settings: Curate) -> Level | None:
    return None if Stage.VERIFY in settings.skip else choose_level(settings.isolation)


@dataclass(frozen=True, slots=True)
class _Line:
    """The line of stages with everything that they need."""

    store: Store
    settings: Curate
    code: str
    level: Level | None
    benchmarks: Path | None
    reviews: Path | None
    earlier: Earlier | None
    taxonomies: Mapping[str, Taxonomy]

    def run(
        self, inputs: Inputs, options: PipelineOptions, runner: FnApiRunner | None
    ) -> tuple[list[PartSummary], list[Written]]:
        """Runs all stages and returns what was decided and written."""
        ended = self.store.root / "ended.pickle"
        ended.unlink(missing_ok=True)
        keys = partial(keys_of, templates=_needs_templates(self.settings))
        gc.freeze()  # what is imported stays: the collector need not walk it again and again
        with open_pipeline(options, runner) as pipeline:
            parts = pipeline | "splits" >> beam.Create(list(inputs.splits)) | ReadParts(self.store, render_split, keys)
            done: tuple[tuple[Stage, str], ...] = ()
            for number, (stage, folder, transform) in enumerate(self._stages()):
                parts = parts | f"{number} {folder}" >> transform(tuple(name for _, name in done))
                done = (*done, (stage, folder)) if (stage, folder) not in done else done
            self._finish(parts, done, ended)
        summaries, written = pickle.loads(ended.read_bytes())
        return summaries, written

    def _stages(self) -> Iterator[Staged]:
        """The stages in order, each with the folder of its tags and a transform made from the folders before it."""
        settings, skip = self.settings, set(self.settings.skip)
        judges: list[tuple[Stage, object, Judge]] = [
            (Stage.SELECT, settings.select, partial(select, settings=settings.select)),
            (Stage.SCREEN, settings.screen, partial(screen, settings=settings.screen)),
        ]
        if self.benchmarks is not None:
            leaks = partial(_check_leaks, index=self.benchmarks, settings=settings.decontaminate)
            judges.append((Stage.DECONTAMINATE, [settings.decontaminate, self.benchmarks.name], leaks))
        for stage, key, judge in judges:
            if stage is Stage.SELECT and self.store.reviewed is not None:
                yield stage, self.store.reviewed, self._select_reviewed
            elif stage not in skip:
                folder = self._folder(stage, key)
                yield stage, folder, partial(self._row_by_row, folder, judge)
        yield Stage.COLLAPSE, SHARED_PROBLEMS, self._share_problems
        yield Stage.COLLAPSE, COLLAPSED, self._collapse
        if self._verdicts is not None:
            yield Stage.VERIFY, self._verdicts, self._verify
        if Stage.COLLAPSE not in skip:
            yield from self._revisions()
        if Stage.IDENTIFY not in skip:
            if self.earlier is not None:
                yield Stage.IDENTIFY, _HELD, self._find_held
            yield Stage.IDENTIFY, _SHARED_QUESTIONS, self._share_questions
            yield Stage.IDENTIFY, _SHARED_GUARDS, self._share_guards
            yield Stage.IDENTIFY, "near_duplicates", self._near_duplicates
            yield Stage.IDENTIFY, "agree", self._agree
        if self.store.labelled is not None:
            yield Stage.LABEL, self.store.labelled, self._label
        if Stage.BALANCE not in skip:
            for bound in bounds_of(settings.balance):
                yield Stage.BALANCE, bound.name, partial(self._bound, bound)

    def _revisions(self) -> Iterator[Staged]:
        """The stages that collapse again, once it is known who falls for another reason."""
        if self._verdicts is not None:
            yield Stage.COLLAPSE, COLLAPSED, partial(self._revise, recall=True)
            yield Stage.VERIFY, self._verdicts, partial(self._verify, again=True)
        if self._verdicts is not None or any(source.derive for source in self.settings.sources):
            yield Stage.COLLAPSE, COLLAPSED, partial(self._revise, recall=False)

    def _folder(self, stage: str, *settings: object) -> str:
        return f"{stage}-{digest(self.code, *map(str, settings))}"

    @property
    def _verdicts(self) -> str | None:
        """The folder of the verdicts; None when nothing is verified."""
        return None if self.level is None else self._folder(Stage.VERIFY, self.settings.verify, self.level)

    def _row_by_row(self, folder: str, judge: Judge, before: tuple[str, ...]) -> TagParts:
        return TagParts(self.store, folder, partial(_tag, store=self.store, judge=judge))

    def _select_reviewed(self, before: tuple[str, ...]) -> TagParts:
        assert self.store.reviewed is not None
        assert self.reviews is not None
        tag = partial(select_reviewed, store=self.store, reviews=self.reviews, settings=self.settings.select)
        return TagParts(self.store, self.store.reviewed, tag)

    @property
    def _contents(self) -> str:
        return self._folder("contents")

    def _share_problems(self, before: tuple[str, ...]) -> TagAcrossParts:
        stage = ShareProblems(self.store, self.earlier)
        return TagAcrossParts(self.store, SHARED_PROBLEMS, stage.index, stage.resolve, beside=self._beside)

    def _collapse(self, before: tuple[str, ...]) -> TagAcrossParts:
        stage = Collapse(self.store, before, Stage.COLLAPSE in self.settings.skip, self._contents)
        return TagAcrossParts(self.store, COLLAPSED, stage.index, stage.resolve, COLLAPSE_SCHEMA)

    def _revise(self, before: tuple[str, ...], *, recall: bool) -> TagAcrossParts:
        stage = Revise(self.store, before[: before.index(COLLAPSED)], self._verdicts, recall, self._contents)
        return TagAcrossParts(self.store, COLLAPSED, stage.index, stage.resolve, COLLAPSE_SCHEMA, again=True)

    def _verify(self, before: tuple[str, ...], *, again: bool = False) -> VerifyParts:
        assert self.level is not None
        assert self._verdicts is not None
        before = before[: before.index(COLLAPSED) + 1]
        return VerifyParts(self.store, self._verdicts, before, self.settings.verify, self.level, again=again)

    @property
    def _beside(self) -> tuple[PartRef, ...]:
        return () if self.earlier is None else self.earlier.parts

    def _find_held(self, before: tuple[str, ...]) -> TagAcrossParts:
        assert self.earlier is not None
        stage = FindHeld(self.store, before, self._verdicts, self._contents, self.earlier)
        return TagAcrossParts(self.store, _HELD, stage.index, stage.resolve, beside=self._beside)

    def _share_questions(self, before: tuple[str, ...]) -> TagAcrossParts:
        stage = ShareQuestions(self.store, before, self.earlier)
        return TagAcrossParts(self.store, _SHARED_QUESTIONS, stage.index, stage.resolve, beside=self._beside)

    def _share_guards(self, before: tuple[str, ...]) -> TagAcrossParts:
        stage = ShareGuards(self.store, _SHARED_QUESTIONS, self._folder("guards"), self.earlier)
        return TagAcrossParts(self.store, _SHARED_GUARDS, stage.index, stage.resolve, beside=self._beside)

    def _near_duplicates(self, before: tuple[str, ...]) -> TagAcrossParts:
        threshold = self.settings.identify.threshold
        guards = self._folder("guards")
        stage = NearDuplicates(self.store, before, guards, _SHARED_GUARDS, self._verdicts, threshold, self.earlier)
        return TagAcrossParts(self.store, "near_duplicates", stage.index, stage.resolve, beside=self._beside)

    def _agree(self, before: tuple[str, ...]) -> TagAcrossParts:
        stage = Agree(self.store, before, self._verdicts)
        return TagAcrossParts(self.store, "agree", stage.index, stage.resolve)

    def _label(self, before: tuple[str, ...]) -> LabelParts:
        assert self.store.labelled is not None
        settings = self.settings
        return LabelParts(self.store, self.store.labelled, before, self.taxonomies, settings.label, settings.seed)

    def _bound(self, bound: Bound, before: tuple[str, ...]) -> TagAcrossParts:
        stage = ApplyBound(self.store, before, bound, self.settings.seed)
        return TagAcrossParts(self.store, stage.bound.name, stage.index, stage.resolve)

    def _finish(self, parts: PCollection[PartRef], done: tuple[tuple[Stage, str], ...], ended: Path) -> None:
        """Decides, writes and leaves summaries and written files where the driver finds them."""
        identified = Stage.IDENTIFY not in self.settings.skip
        removing = frozenset(one.name for one in map(resolve, self.settings.benchmarks) if one.variants == "remove")
        deciding = DecideSettings(done, identified, removing, self.settings.heldout, self.settings.seed)
        wanted = self.settings.verify
        prompts, regenerate = self.settings.prompts, wanted.outputs == "regenerate"
        writing = WriteSettings(self._verdicts, prompts, regenerate=regenerate, trim=wanted.trim)
        summaries = (
            parts
            | "decide" >> beam.Map(decide, store=self.store, settings=deciding)
            | "all summaries" >> beam.combiners.ToList()
        )
        written = (
            summaries
            | "plan files" >> beam.FlatMap(plan_files, shard_bytes=int(self.settings.shard_mb * 2**20))
            | "one worker per file" >> beam.Reshuffle()
            | "write" >> beam.FlatMap(write_file, store=self.store, settings=writing)
            | "all files" >> beam.combiners.ToList()
        )
        _ = summaries | "leave for the driver" >> beam.Map(_leave, beam.pvalue.AsSingleton(written), ended)


def _tag(part: PartRef, *, store: Store, judge: Judge) -> pa.RecordBatch:
    return from_verdicts(judge(store.read_part(part, UNDERSTOOD)))


def _leave(summaries: list[PartSummary], written: list[Written], path: Path) -> None:
    ordered = sorted(summaries, key=lambda one: one.part), sorted(written, key=lambda one: one.path)
    with replacing(path) as temporary:
        temporary.write_bytes(pickle.dumps(ordered))


def _stored_index(items: pa.Table, code: str, work: Path) -> Path | None:
    """Builds the index of benchmark items once and leaves it where workers load it, named by items and code."""
    if not len(items):
        return None
    path = work / f"benchmarks-{digest(code, items.to_pylist())}.pickle"
    if not path.is_file():
        with replacing(path) as temporary:
            temporary.write_bytes(pickle.dumps(BenchmarkIndex.build(items)))
    return path


@lru_cache(maxsize=1)
def _load_index(path: Path) -> BenchmarkIndex:
    index = pickle.loads(path.read_bytes())
    assert isinstance(index, BenchmarkIndex), path
    return index


def _check_leaks(batch: pa.RecordBatch, *, index: Path, settings: Decontaminate) -> list[Rejection | Note | None]:
    return check(batch, _load_index(index), settings)
