"""The decontaminate stage's step: the index of benchmark items, made once and loaded by every worker."""

import pickle
from collections.abc import Iterator
from functools import lru_cache, partial
from pathlib import Path

import pyarrow as pa

from pipelines.engine.line import Line, Step, row_by_row
from pipelines.engine.rejection import Note, Rejection
from pipelines.engine.store import digest
from pipelines.stages.decontaminate.leaks import BenchmarkIndex, check
from schemas.config import Decontaminate
from schemas.files import replacing
from schemas.reason import Stage


def steps(line: Line, items: pa.Table) -> Iterator[Step]:
    """Checks every candidate against the benchmark items (`BENCHMARK_SCHEMA`), if there are any."""
    if line.skips(Stage.DECONTAMINATE) or not len(items):
        return
    settings, index = line.settings.decontaminate, store_index(items, line)
    judge = partial(check_leaks, index=index, settings=settings)
    yield row_by_row(line, Stage.DECONTAMINATE, judge, settings, index.name)


def store_index(items: pa.Table, line: Line) -> Path:
    """Leaves the index of the items where workers load it, named by items and code; an earlier run's is found."""
    path = line.store.root / f"benchmarks-{digest(line.code, items.to_pylist())}.pickle"
    if not path.is_file():
        with replacing(path) as temporary:
            temporary.write_bytes(pickle.dumps(BenchmarkIndex.build(items)))
    return path


def check_leaks(batch: pa.RecordBatch, *, index: Path, settings: Decontaminate) -> list[Rejection | Note | None]:
    """Says for each candidate which benchmark item it leaks, if any, by an index that `store_index` left."""
    return check(batch, _load(index), settings)


@lru_cache(maxsize=1)
def _load(path: Path) -> BenchmarkIndex:
    index = pickle.loads(path.read_bytes())
    assert isinstance(index, BenchmarkIndex), path
    return index
