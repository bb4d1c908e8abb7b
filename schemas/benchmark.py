"""The items that examples are held against: `benchmarks.arrow`, which curation searches and the gate searches again."""

import pyarrow as pa

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
