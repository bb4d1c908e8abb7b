"""The decontaminate stage's step: the benchmark items where workers read them, and an index a worker.

A worker builds the index when it first looks at a part: 2.5 s for 6,500 items (measured), and none where an earlier
run's tags still hold. No index lies on the disk: loading one would mean to trust a pickle there.
"""

from collections.abc import Iterator
from functools import lru_cache, partial

import pyarrow as pa

from pipelines.engine.line import Line, Step, row_by_row
from pipelines.engine.rejection import Note, Rejection
from pipelines.engine.store import digest, read_batch, write_batch
from pipelines.engine.workfiles import File
from pipelines.stages.decontaminate.leaks import BenchmarkIndex, check
from schemas.config import Decontaminate
from schemas.reason import Stage


def steps(line: Line, items: pa.Table) -> Iterator[Step]:
    """Checks every candidate against the benchmark items (`BENCHMARK_SCHEMA`), if there are any."""
    if line.skips(Stage.DECONTAMINATE) or not len(items):
        return
    settings, stored = line.settings.decontaminate, store_items(items, line)
    judge = partial(check_leaks, items=stored, settings=settings)
    yield row_by_row(line, Stage.DECONTAMINATE, judge, settings, stored.name)


def store_items(items: pa.Table, line: Line) -> File:
    """Leaves the items where workers read them, named by their content."""
    path = line.store.root / f"benchmarks-{digest(line.code, items.to_pylist())}.arrow"
    write_batch(path, items.combine_chunks().to_batches()[0])
    return path


def check_leaks(batch: pa.RecordBatch, *, items: File, settings: Decontaminate) -> list[Rejection | Note | None]:
    """Says for each candidate which benchmark item it leaks, if any, of those that `store_items` left."""
    return check(batch, _index(items), settings)


@lru_cache(maxsize=1)
def _index(items: File) -> BenchmarkIndex:
    return BenchmarkIndex.build(pa.Table.from_batches([read_batch(items)]))
