"""Raw rows -> shards: the order of the stages, and nothing else.

    read  normalise  render         each row becomes candidates, written once as parts of the store
    select  screen  decontaminate   row by row: tags beside the parts
    collapse                        exact duplicates, across all parts
    verify                          answers compared, programs run in isolation
    identify  label  balance        near-duplicates, conflicts, topics, caps and quotas, across all parts
    decide  write                   tags joined, the first reason wins; shards, ledger, rejected records

Only references and hashes travel between stages; text stays in the store (pipelines/engine/store.py).
"""

import uuid
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from functools import partial
from pathlib import Path

import pyarrow as pa

from pipelines.engine.beam import beam_options, beam_runner, open_pipeline
from pipelines.engine.engines import open_on_engine
from pipelines.engine.joining import begin, code_digest, workers_of
from pipelines.engine.line import Line, Step
from pipelines.engine.progress import Progress, Watch
from pipelines.engine.runners import PATIENCE_S
from pipelines.engine.store import WORK, Store, digest
from pipelines.engine.transforms import partitions_for
from pipelines.engine.workfiles import File
from pipelines.output.delivery import delivered, own_work
from pipelines.output.publish import Ending, manifest_of, publish, refuse_wipeout
from pipelines.passes import Opener, run_line
from pipelines.refusals import RunOptions, refuse_mistakes
from pipelines.sources.files.places import lost_source_in_one_line
from pipelines.sources.inputs import Unchanged, load_benchmarks, plan_inputs
from pipelines.stages.balance import stage as balance
from pipelines.stages.decontaminate import stage as decontaminate
from pipelines.stages.duplicates import stage as duplicates
from pipelines.stages.duplicates.earlier import Earlier, find_earlier
from pipelines.stages.label import stage as label
from pipelines.stages.label.taxonomy import Taxonomy, taxonomies_of
from pipelines.stages.rules import stage as rules
from pipelines.stages.screen import stage as screen
from pipelines.stages.select import stage as select
from pipelines.stages.select.campaign import source_votes
from pipelines.stages.select.decided import read_reviews
from pipelines.stages.verify import stage as verify
from schemas.config import Config, Curate
from schemas.copies import SHARDS, copied
from schemas.files import as_paths
from schemas.manifest import Manifest
from schemas.place import Place, located
from schemas.reason import Stage
from validation.programs import Level, versions


def curate(
    config: Config,
    output: str | Path,
    *,
    against: str | Path | Sequence[str | Path] = (),
    workers: int = 1,
    draft: bool = False,
    overwrite: bool = False,
    strict: bool = False,
    beam_flags: Sequence[str] = (),
    patience: float = PATIENCE_S,
    on_progress: Callable[[Progress], None] = lambda _: None,
) -> Manifest:
    """Curates the sources of a config into a data set.

    Args:
        config: a checked config with the table `curate`.
        output: the data set's folder; its work folder makes a killed or changed run continue. Or a URL: the work stays
            in the cache of this machine, and the data is sent when it is whole; on an engine the work is behind the URL
            too, where its workers reach it (`pipelines.output.delivery`).
        against: earlier data sets; what they hold already is removed.
        workers: Beam processes. Programs use all cores whatever it is.
        draft: turn the wipe-out alarm into a note, and stamp the data set DRAFT.
        overwrite: start over in a folder that holds another run.
        strict: stop at the first row that makes a stage or the judge raise, instead of quarantining it.
        beam_flags: flags for Beam; `--runner` among them replaces the pinned in-process runner.
        patience: seconds that an engine may take to start its first worker.
        on_progress: told how far the run is, a few times a second, from another thread.

    Returns:
        The manifest, as published.

    Raises:
        UserError: a config, input or folder that cannot be used.
        RunFailedError: the wipe-out alarm, an input that changed meanwhile, a row that a strict run stops at, or a
            place that went full, read-only or away; nothing is published.
    """
    options = RunOptions(
        against=as_paths(against),
        workers=workers,
        draft=draft,
        overwrite=overwrite,
        strict=strict,
        beam_flags=beam_flags,
        patience=patience,
        on_progress=on_progress,
    )
    return curate_checked(refuse_mistakes(config, Path(output), options), Path(output), options)


def curate_checked(settings: Curate, output: Path, options: RunOptions) -> Manifest:
    """Does what `curate` does, with settings that `refuse_mistakes` has passed already."""
    place: File = located(output)
    with ExitStack() as stack:
        earlier = [stack.enter_context(copied(data, SHARDS)) for data in options.against]
        if options.on_engine:
            place = place.absolute() if isinstance(place, Path) else place
        elif isinstance(place, Place):
            place = stack.enter_context(delivered(place, settings, overwrite=options.overwrite))
        return _curate(settings, place, earlier, options)


def _curate(settings: Curate, output: File, against: Sequence[Path], options: RunOptions) -> Manifest:
    """Curates into a folder of this machine, or on an engine into a store."""
    flags, on_engine = beam_options(options.workers, options.beam_flags), options.on_engine
    code, work = code_digest(), output / WORK
    earlier = find_earlier(against, output, code)
    inputs = plan_inputs(settings, digest(code, duplicates.needs_templates(settings)))
    items, benchmarks = load_benchmarks(settings.benchmarks)
    taxonomies = taxonomies_of(settings.sources, settings.label.taxonomies)
    votes = source_votes(inputs.splits) if Stage.SELECT not in settings.skip else ()
    reviews, review_files = read_reviews(settings.reviews, votes, settings.people, on_note=options.on_note)
    level = None if on_engine else verify.level_of(settings)  # workers have levels of their own
    list(balance.bounds_of(settings.balance))  # a quota that cannot be is told before anything is written
    with (
        lost_source_in_one_line(),
        own_work(output, settings, overwrite=options.overwrite) as require,
        Watch(work, options.on_progress),
        Unchanged(inputs, Store(work)) as unchanged,
    ):
        reviewed = select.store_reviews(reviews, work, settings, code)
        store = Store(
            work,
            reviewed=None if reviewed is None else reviewed.folder,
            verified=verify.folder_of(settings, level, code),
            labelled=label.folder_of(taxonomies, settings.skip),
            strict=options.strict,
            run=begin(work, uuid.uuid4().hex, code) if on_engine else None,
        )
        candidates = inputs.candidates() + sum(part.rows for part in earlier.parts)
        line = Line(store, settings, code, partitions_for(candidates))
        steps = list(stages(line, items, reviewed, level, earlier, taxonomies))
        if on_engine:
            earlier.lay_out()
            opened: Opener = partial(open_on_engine, flags, lambda: bool(workers_of(work)), patience=options.patience)
        else:
            opened = partial(open_pipeline, flags, beam_runner(options.workers, options.beam_flags))
        summaries, written = run_line(line, inputs.everywhere() if on_engine else inputs, steps, opened)
        parts = [summary.part for summary in summaries]
        ending = Ending(
            settings=settings,
            summaries=summaries,
            written=written,
            files=(*inputs.files, *review_files),
            benchmarks=benchmarks,
            isolation=verify.weakest_level(store) if on_engine else level,
            rules=rules.digests(line),
            packages={} if store.verified is None else versions(),
            labels=label.summary(parts, store, taxonomies),
            quotas=balance.achieved(settings.balance, parts, store) if not line.skips(Stage.BALANCE) else [],
            draft=options.draft,
            scanned_rows=inputs.rows,
            lineage=earlier.lineage,
        )
        joined = None if reviewed is None else select.matched(reviews, reviewed, parts, store)
        manifest = manifest_of(ending, items, joined)
        refuse_wipeout(ending, manifest, items, store=store)
        unchanged.check()
        publish(ending, manifest, items, joined, store=store, output=output, require=require)
    return manifest


def stages(
    line: Line,
    items: pa.Table,
    reviewed: select.Reviewed | None,
    level: Level | None,
    earlier: Earlier,
    taxonomies: Mapping[str, Taxonomy],
) -> Iterator[Step]:
    """The stages in the order in which a candidate meets them."""
    yield from select.steps(line, reviewed)
    yield from screen.steps(line)
    yield from rules.steps(line)
    yield from decontaminate.steps(line, items)
    yield from duplicates.collapse(line, earlier)
    yield from verify.steps(line, level)
    for recall in duplicates.recall(line):
        yield recall
        yield from verify.steps(line, level, again=True)
    yield from duplicates.settle(line)
    yield from duplicates.identify(line, earlier)
    yield from label.steps(line, taxonomies)
    yield from balance.steps(line)
