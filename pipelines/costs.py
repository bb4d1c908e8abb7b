"""What a run costs a row, measured: the stages of the user's own config over the first rows of each source, one by one.

Two samples go through the line in this process, in folders that are thrown away. What both cost is a start (imports,
indexes of benchmarks, processes for programs) and is not counted: only what the larger one adds is a row's.
"""

import resource
import tempfile
from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import apache_beam as beam
import pyarrow as pa

from pipelines.curate import stages
from pipelines.engine.beam import beam_options, open_pipeline
from pipelines.engine.joining import code_digest
from pipelines.engine.line import Done, Line
from pipelines.engine.store import SOURCE_SHIFT, PartRef, Store
from pipelines.engine.transforms import ReadParts, ReadSplit, partitions_for
from pipelines.output.growing import STAGED
from pipelines.passes import finishing
from pipelines.sources.files.records import FileSplit
from pipelines.sources.inputs import Inputs, load_benchmarks, plan_inputs, render_split
from pipelines.stages.duplicates import stage as duplicates
from pipelines.stages.duplicates.collapse import keys_of
from pipelines.stages.duplicates.earlier import find_earlier
from pipelines.stages.label import stage as label
from pipelines.stages.label.taxonomy import taxonomies_of
from pipelines.stages.verify import stage as verify
from schemas.config import Curate

READ, WRITE = "read", "write"
SAMPLE_ROWS = 400  # of each source, in the larger sample
_SMALLER = 4  # the other one is so many times smaller


@dataclass(frozen=True, slots=True)
class Costs:
    """What a row costs, and how many there are.

    Attributes:
        rows: in the sources of the config.
        sampled: rows that the costs rest on.
        candidates: of a row, on average.
        cpu_s: of a row, by stage, in the order of the stages; `read` and `write` beside them.
        work_bytes: of a row in the work folder.
        data_bytes: of a row in the data set.
    """

    rows: int
    sampled: int
    candidates: float
    cpu_s: dict[str, float]
    work_bytes: float
    data_bytes: float


@dataclass(slots=True)
class _Sample:
    rows: int
    candidates: int
    cpu_s: dict[str, float]
    work_bytes: int
    data_bytes: int


def measure_costs(settings: Curate, rows: int = SAMPLE_ROWS) -> Costs:
    """Measures what a row of a config costs in each of its stages.

    Args:
        settings: the table `curate`; reviews and earlier data are left out.
        rows: of each source in the larger sample.

    Raises:
        UserError: a source or benchmark that cannot be used.
    """
    code = code_digest()
    inputs = plan_inputs(settings, code)
    items, _ = load_benchmarks(settings.benchmarks)
    small, large = (_sampled(settings, code, inputs, items, most) for most in (max(rows // _SMALLER, 1), rows))
    more = large.rows - small.rows
    small, divisor = (small, more) if more > 0 else (_Sample(0, 0, {}, 0, 0), large.rows)
    return Costs(
        rows=inputs.rows,
        sampled=large.rows,
        candidates=large.candidates / large.rows,
        cpu_s={name: max(spent - small.cpu_s.get(name, 0.0), 0.0) / divisor for name, spent in large.cpu_s.items()},
        work_bytes=(large.work_bytes - small.work_bytes) / divisor,
        data_bytes=(large.data_bytes - small.data_bytes) / divisor,
    )


def _sampled(settings: Curate, code: str, inputs: Inputs, items: pa.Table, most: int) -> _Sample:
    """Takes the first rows of each source through the line, a pipeline a stage."""
    with tempfile.TemporaryDirectory(prefix="mathmill-costs-") as name:
        taxonomies, level = taxonomies_of(settings.sources, settings.label.taxonomies), verify.level_of(settings)
        store = Store(
            Path(name),
            verified=verify.folder_of(settings, level, code),
            labelled=label.folder_of(taxonomies, settings.skip),
        )
        line = Line(store, settings, code, partitions_for(inputs.candidates()))
        spent: dict[str, float] = defaultdict(float)
        splits = list({split.number >> SOURCE_SHIFT: split for split in reversed(inputs.splits)}.values())
        rows = sum(min(most, split.split.rows) for split in splits if isinstance(split.split, FileSplit))
        parts = _read(line, splits, most, spent)
        done = Done()
        for step in stages(line, items, None, level, find_earlier((), Path(), code), taxonomies):
            transform = partial(_taken, parts, step.transform(done))
            spent[step.stage.value] += _cpu_of(transform)
            done = done.plus(step)
        spent[WRITE] += _cpu_of(partial(_taken, parts, finishing(line, done)))
        whole, staged = _bytes_in(Path(name)), _bytes_in(Path(name) / STAGED)
        return _Sample(rows, sum(part.rows for part in parts), spent, whole - staged, staged)


def _read(line: Line, splits: Sequence[ReadSplit], most: int, spent: dict[str, float]) -> list[PartRef]:
    keys = partial(keys_of, templates=duplicates.needs_templates(line.settings))

    def read(pipeline: beam.Pipeline) -> None:
        _ = pipeline | beam.Create(splits) | ReadParts(line.store, partial(render_split, most=most), keys)

    spent[READ] += _cpu_of(read)
    found = [
        PartRef(split.number + place, part.key, part.rows, part.bytes)
        for split in splits
        for place, part in enumerate(line.store.parts_of(split.key) or ())
    ]
    return sorted(found)


def _taken(parts: Sequence[PartRef], transform: beam.PTransform, pipeline: beam.Pipeline) -> None:
    _ = pipeline | beam.Create(parts) | "stage" >> transform


def _cpu_of(build: Callable[[beam.Pipeline], None]) -> float:
    """CPU seconds of a pipeline, those of the programs that it ran among them."""
    before = _cpu()
    with open_pipeline(beam_options(1, [])) as pipeline:
        build(pipeline)
    return _cpu() - before


def _cpu() -> float:
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(usage.ru_utime + usage.ru_stime for usage in used)


def _bytes_in(folder: Path) -> int:
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())
