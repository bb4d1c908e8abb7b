"""Shards carried to the judge by Beam: one shard an element, its findings a file that the driver reads.

On an engine findings lie beside the report, where all workers reach them, and a worker fetches the shards of a store to
itself, one at a time.
"""

import pickle
import tempfile
import uuid
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import replace
from functools import partial
from pathlib import Path

import apache_beam as beam
from apache_beam.options.pipeline_options import PipelineOptions

from pipelines.engine.beam import beam_options, open_pipeline
from pipelines.engine.engines import open_on_engine
from pipelines.engine.joining import Run, begin, code_digest, join, worker_failed, workers_of
from pipelines.engine.runners import PATIENCE_S, engine_in
from pipelines.engine.workfiles import File, content_of, names_below, remove_below, write_content
from schemas.manifest import ShardRecord
from validation.dataset.gate import Carry, inspect_in_turn
from validation.dataset.lengths import tokenizer_digest
from validation.dataset.shard import Findings, Inspector, Settings

_FINDINGS = "findings"


def carrier(beam_flags: Sequence[str], data: File, report: File, *, patience: float = PATIENCE_S) -> Carry:
    """How shards come to the judge: in turn in this process, or by Beam where any of its flags is given.

    Args:
        beam_flags: Beam's.
        data: the data set, where workers read it.
        report: where report and verdict go, which workers of an engine reach.
        patience: seconds that an engine may take to start its first worker.
    """
    if not beam_flags:
        return inspect_in_turn
    options = beam_options(1, beam_flags)  # a mistake is told before anything is fetched
    if engine_in(beam_flags) is None:
        return partial(inspect_with_beam, options=options)
    return partial(inspect_on_engine, options=options, data=data, report=report, patience=patience)


class InspectShards(beam.DoFn):
    """Shard -> its findings in a file. The suite and the benchmarks are loaded once per worker.

    Args:
        settings: of the inspector.
        data: the data set, on a disk or in a store.
        work: the folder that findings go to.
        run: what a worker of an engine compares with itself; None in the driver's own processes.
        tokenizer: a hash of the driver's tokenizer, which a worker compares too.
    """

    def __init__(
        self, settings: Settings, data: File, work: File, run: Run | None = None, tokenizer: str | None = None
    ) -> None:
        self._settings, self._data, self._work, self._run, self._tokenizer = settings, data, work, run, tokenizer
        self._inspector: Inspector | None = None

    def setup(self) -> None:
        """Compares this worker with the run."""
        join(self._work, self._run)

    def process(self, element: tuple[int, str, str]) -> None:
        """Judges one shard."""
        number, path, split = element
        with _here(self._data, path) as folder:
            found = self._loaded().inspect(folder, path, split)
        write_content(self._work / _FINDINGS / f"{number:06d}.pickle", pickle.dumps(found))

    def _loaded(self) -> Inspector:
        if self._inspector is None:
            self._compare_tokenizers()
            items = self._settings.benchmarks
            with _here(self._data, items.name if items else None) as folder:
                self._inspector = Inspector(replace(self._settings, benchmarks=items and folder / items.name))
        return self._inspector

    def _compare_tokenizers(self) -> None:
        name = self._settings.tokenizer
        if self._tokenizer is not None and name is not None and (ours := tokenizer_digest(name)) != self._tokenizer:
            raise worker_failed(
                f"has another tokenizer {name} ({ours}) than the driver ({self._tokenizer}): another revision, or "
                "another file of that name; bring the same to both"
            )


@contextmanager
def _here(data: File, name: str | None) -> Iterator[Path]:
    """A folder of this machine with a file of the data in it, if there is such a file."""
    if isinstance(data, Path):
        yield data
        return
    with tempfile.TemporaryDirectory(prefix="mathmill-shard-") as folder:
        if name is not None:
            with suppress(FileNotFoundError):  # the judge says what is missing
                (data / name).fetch(Path(folder) / name)
        yield Path(folder)


def inspect_with_beam(
    settings: Settings, folder: Path, shards: Sequence[ShardRecord], *, options: PipelineOptions
) -> Iterable[Findings]:
    """Inspects the shards of a folder in processes of this machine."""
    with tempfile.TemporaryDirectory(prefix="mathmill-findings-") as name:
        with open_pipeline(options) as pipeline:
            _carry(pipeline, shards, InspectShards(settings, folder, Path(name)))
        yield from _read(Path(name))


def inspect_on_engine(
    settings: Settings,
    folder: Path,
    shards: Sequence[ShardRecord],
    *,
    options: PipelineOptions,
    data: File,
    report: File,
    patience: float,
) -> Iterable[Findings]:
    """Inspects the shards of a data set where the workers of an engine are; `folder` is the driver's own copy."""
    number = uuid.uuid4().hex
    work, data = (file.absolute() if isinstance(file, Path) else file for file in (report / f".judging-{number}", data))
    try:
        run = begin(work, number, code_digest())
        tokenizer = None if settings.tokenizer is None else tokenizer_digest(settings.tokenizer)
        with open_on_engine(options, lambda: bool(workers_of(work)), patience=patience) as pipeline:
            _carry(pipeline, shards, InspectShards(settings, data, work, run, tokenizer))
        yield from _read(work)
    finally:
        remove_below(work)


def _carry(pipeline: beam.Pipeline, shards: Sequence[ShardRecord], inspect: InspectShards) -> None:
    elements = [(number, shard.path, shard.split) for number, shard in enumerate(shards)]
    _ = pipeline | "shards" >> beam.Create(elements) | "spread" >> beam.Reshuffle() | "inspect" >> beam.ParDo(inspect)


def _read(work: File) -> Iterator[Findings]:
    folder = work / _FINDINGS
    for name in names_below(folder):
        found = pickle.loads(content_of(folder / name))
        assert isinstance(found, Findings), (name, type(found))
        yield found
