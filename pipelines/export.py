"""Examples -> rows that other trainers read: chat messages, or prompt and completion.

The layout of prompt and solution is the trainer's own (schemas/prompts, schemas/transcript), so what others train on
is what mathmill trains on. What bears no loss is said beside the text as character spans, because their formats
cannot.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import orjson
import pyarrow as pa
import pyarrow.parquet as pq

from pipelines.shards import read_examples
from pipelines.store import replacing
from pipelines.writing_errors import unwritable_in_one_line
from schemas.exits import UserError
from schemas.manifest import Manifest, read_manifest
from schemas.problem import Format, Segment, SegmentKind
from schemas.prompts import prompt_of
from schemas.transcript import transcribe

LAYOUTS = ("messages", "prompt_completion")
FILE_FORMATS = ("jsonl", "parquet")


def export_data(data: Path, *, to: str, file_format: str, output: Path) -> list[tuple[Path, int]]:
    """Writes one file per split and returns their paths and rows.

    Raises:
        UserError: an unknown layout or file format, or a folder that is not a data set.
    """
    if to not in LAYOUTS:
        raise UserError(f"--to {to}: one of {', '.join(LAYOUTS)}")
    if file_format not in FILE_FORMATS:
        raise UserError(f"--format {file_format}: one of {', '.join(FILE_FORMATS)}")
    manifest = read_manifest(data)
    write = _write_jsonl if file_format == "jsonl" else _write_parquet
    written = []
    with unwritable_in_one_line(output):
        for split, rows in manifest.splits.items():
            if rows:
                path = output / f"{split}.{file_format}"
                write(path, _rows(data, manifest, split, to))
                written.append((path, rows))
    return written


def export_row(example: dict[str, Any], to: str) -> dict[str, object]:
    """Lays out one example.

    Returns:
        `messages` (user, assistant), or `prompt` and `completion`; beside them id, format, weight and `unsupervised`:
        the character spans [start, end) of the solution that a tool wrote.
    """
    segments = [Segment(SegmentKind(one["kind"]), one["text"]) for one in example["segments"]]
    transcript = transcribe(segments)
    prompt = prompt_of(example["question"], Format(example["format"]), example["language"])
    if to == "messages":
        turns = (("user", prompt), ("assistant", transcript.response))
        text: dict[str, object] = {"messages": [{"role": role, "content": content} for role, content in turns]}
    else:
        text = {"prompt": prompt, "completion": transcript.response}
    unsupervised = [[span.start, span.end] for span in transcript.spans if not span.supervised]
    about = {name: example[name] for name in ("id", "format", "answer", "source", "licence", "weight")}
    return {**text, **about, "unsupervised": unsupervised}


def _rows(data: Path, manifest: Manifest, split: str, to: str) -> Iterator[list[dict[str, object]]]:
    for batch in read_examples(data, manifest, split):
        yield [export_row(example, to) for example in batch.to_pylist()]


def _write_jsonl(path: Path, batches: Iterator[list[dict[str, object]]]) -> None:
    with replacing(path) as temporary, temporary.open("wb") as file:
        for rows in batches:
            file.writelines(orjson.dumps(row, option=orjson.OPT_APPEND_NEWLINE) for row in rows)


_SPANS = pa.field("unsupervised", pa.list_(pa.list_(pa.int64())))


def _write_parquet(path: Path, batches: Iterator[list[dict[str, object]]]) -> None:
    with replacing(path) as temporary:
        writer = None
        for rows in batches:
            table = pa.Table.from_pylist(rows)
            position = table.schema.get_field_index(_SPANS.name)
            table = table.set_column(position, _SPANS, table.column(position).cast(_SPANS.type))
            writer = writer or pq.ParquetWriter(temporary, table.schema)
            writer.write_table(table.cast(writer.schema))
        assert writer is not None, path
        writer.close()
