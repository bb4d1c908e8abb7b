"""Items of benchmarks: those that examples are held against (`benchmarks.arrow`), and those that a model is asked."""

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import pyarrow as pa

from schemas.arrow_files import replacing_stream

BENCHMARKS = "benchmarks.arrow"

BENCHMARK_SCHEMA = pa.schema(
    [
        pa.field("benchmark", pa.string(), nullable=False, metadata={"doc": "as the config names it"}),
        pa.field("position", pa.int64(), nullable=False, metadata={"doc": "0-based, in the benchmark's files"}),
        pa.field("question", pa.string(), nullable=False),
        pa.field("answer", pa.string(), metadata={"doc": "the final answer"}),
        pa.field("solution", pa.string(), metadata={"doc": "the text that the answer stands in, if any"}),
        pa.field("language", pa.string(), nullable=False, metadata={"doc": "ISO 639-1 code"}),
        pa.field("licence", pa.string()),
        pa.field("variants", pa.string(), nullable=False, metadata={"doc": "report | quarantine | remove"}),
    ]
)

ITEM_SCHEMA = pa.schema(
    [
        *(BENCHMARK_SCHEMA.field(name) for name in ("benchmark", "position", "question", "answer", "language")),
        pa.field("topic", pa.string(), metadata={"doc": "as the benchmark names it"}),
        pa.field("difficulty", pa.string(), metadata={"doc": "its level, as the benchmark names it"}),
    ]
)
"""the items of benchmarks that a model is asked: what `mathmill benchmarks` writes and an evaluation reads"""


@dataclass(frozen=True, slots=True)
class BenchmarkSource:
    """Where the items of a benchmark come from.

    Attributes:
        path: as the config or the catalogue names it, without credentials.
        sha256: of its files, as `BenchmarkRecord` has it.
    """

    name: str
    path: str
    sha256: str


def write_items(path: Path, table: pa.Table, sources: Sequence[BenchmarkSource]) -> None:
    """Writes items, whole or not at all, with where they come from beside them."""
    listed = json.dumps([asdict(source) for source in sources], ensure_ascii=False).encode()
    schema = table.schema.with_metadata({_SOURCES: listed})
    with replacing_stream(path, schema) as writer:
        writer.write_table(table.replace_schema_metadata(schema.metadata))


def read_items(path: Path) -> tuple[pa.Table, list[BenchmarkSource]]:
    """Reads what `write_items` wrote."""
    with pa.ipc.open_stream(str(path)) as reader:
        table = reader.read_all()
    sources = json.loads(table.schema.metadata[_SOURCES])
    return table.replace_schema_metadata(None), [BenchmarkSource(**source) for source in sources]


_SOURCES = b"sources"
