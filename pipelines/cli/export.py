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

from pipelines.engine.disk import unwritable_in_one_line
from pipelines.output.reader import read_examples
from schemas.copies import SHARDS, copied
from schemas.example import EXAMPLE_SCHEMA
from schemas.exits import UserError
from schemas.files import replacing
from schemas.manifest import Manifest
from schemas.place import on_this_machine
from schemas.problem import Format, Segment, SegmentKind
from schemas.prompts import prompt_of
from schemas.transcript import transcribe
from schemas.verdict import require_passed

FILE_FORMATS = ("jsonl", "parquet")

_ABOUT = ("id", "format", "answer", "source", "licence", "weight")
_TURN = pa.struct([pa.field("role", pa.string()), pa.field("content", pa.string())])
_LAYOUT_FIELDS = {
    "messages": [pa.field("messages", pa.list_(_TURN))],
    "prompt_completion": [pa.field("prompt", pa.string()), pa.field("completion", pa.string())],
}


def export_data(data: Path, *, to: str, file_format: str, output: Path, draft: bool = False) -> list[tuple[Path, int]]:
    """Writes one file per split and returns their paths and rows.

    Args:
        data: a data set with a passed verdict: other trainers do not ask for one.
        to: messages | prompt_completion.
        file_format: jsonl | parquet.
        output: a folder; files of an earlier export are replaced.
        draft: export without a passed verdict.

    Raises:
        UserError: an unknown layout or file format, or a folder that is not a data set or has no passed verdict.
        RunFailedError: bytes that do not match their verdict.
    """
    if to not in _LAYOUT_FIELDS:
        raise UserError(f"--to {to}: one of {', '.join(_LAYOUT_FIELDS)}")
    if file_format not in FILE_FORMATS:
        raise UserError(f"--format {file_format}: one of {', '.join(FILE_FORMATS)}")
    output = on_this_machine(output, "--output")
    write = _write_jsonl if file_format == "jsonl" else _write_parquet
    written = []
    with copied(data, SHARDS) as folder, unwritable_in_one_line(output):
        manifest = require_passed(folder, draft=draft)
        for split, rows in manifest.splits.items():
            if rows:
                path = output / f"{split}.{file_format}"
                write(path, _rows(folder, manifest, split, to), to)
                written.append((path, rows))
    return written


def export_row(example: dict[str, Any], to: str) -> dict[str, object]:
    """Lays out one example.

    Returns:
        `messages` (user, assistant), or `prompt` and `completion`; beside them id, format, weight and `unsupervised`:
        the character spans [start, end) of the solution that a tool wrote.
    """
    segments = [Segment(SegmentKind(segment["kind"]), segment["text"]) for segment in example["segments"]]
    transcript = transcribe(segments)
    wanted = example["question"], Format(example["format"]), example["language"], example["instruction"]
    prompt = prompt_of(*wanted)
    if to == "messages":
        turns = (("system", example["system"]), ("user", prompt), ("assistant", transcript.response))
        text: dict[str, object] = {"messages": [{"role": role, "content": told} for role, told in turns if told]}
    else:
        asked = "\n\n".join(filter(None, (example["system"], prompt)))
        text = {"prompt": asked, "completion": transcript.response}
    unsupervised = [[span.start, span.end] for span in transcript.spans if not span.supervised]
    about = {name: example[name] for name in _ABOUT}
    return {**text, **about, "unsupervised": unsupervised}


def _rows(data: Path, manifest: Manifest, split: str, to: str) -> Iterator[list[dict[str, object]]]:
    for batch in read_examples(data, manifest, split):
        yield [export_row(example, to) for example in batch.to_pylist()]


def _write_jsonl(path: Path, batches: Iterator[list[dict[str, object]]], _to: str) -> None:
    with replacing(path) as temporary, temporary.open("wb") as file:
        for rows in batches:
            file.writelines(orjson.dumps(row, option=orjson.OPT_APPEND_NEWLINE) for row in rows)


def export_schema(to: str) -> pa.Schema:
    """The columns of a layout as a Parquet file has them."""
    about = [EXAMPLE_SCHEMA.field(name).remove_metadata() for name in _ABOUT]
    return pa.schema([*_LAYOUT_FIELDS[to], *about, pa.field("unsupervised", pa.list_(pa.list_(pa.int64())))])


def _write_parquet(path: Path, batches: Iterator[list[dict[str, object]]], to: str) -> None:
    schema = export_schema(to)
    with replacing(path) as temporary, pq.ParquetWriter(temporary, schema) as writer:
        for rows in batches:
            writer.write_table(pa.Table.from_pylist(rows, schema=schema))
