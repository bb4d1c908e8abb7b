"""Examples -> rows that other trainers read: chat messages, or prompt and completion.

The words of prompt and solution are those that mathmill trains on (schemas/prompts, schemas/transcript). What bears no
loss has a form that other trainers know: in `messages` a program is a call of a tool and what it printed is the tool's
turn, so that a trainer which learns from the assistant's turns leaves it out; in `prompt_completion`, which has no such
form, character spans say it beside the text.
"""

from collections.abc import Iterator, Sequence
from itertools import zip_longest
from pathlib import Path
from typing import Any

import orjson
import pyarrow as pa
import pyarrow.parquet as pq

from pipelines.engine.disk import unwritable_in_one_line
from pipelines.engine.workfolder import unwritten
from pipelines.output.reader import read_examples
from schemas.copies import SHARDS, copied
from schemas.example import EXAMPLE_SCHEMA
from schemas.exits import UserError
from schemas.files import replacing
from schemas.manifest import Manifest
from schemas.place import located, on_this_machine
from schemas.problem import Format, Segment, SegmentKind
from schemas.prompts import prompt_of
from schemas.transcript import transcribe
from schemas.verdict import require_passed

FILE_FORMATS = ("jsonl", "parquet")

_ABOUT = ("id", "format", "answer", "source", "licence", "weight")
_TOOL = {
    "type": "function",
    "function": {
        "name": "python",
        "description": "Runs a Python program and returns what it prints.",
        "parameters": {
            "type": "object",
            "properties": {"code": {"type": "string", "description": "the program"}},
            "required": ["code"],
        },
    },
}


def _struct(**fields: pa.DataType) -> pa.StructType:
    return pa.struct([pa.field(name, kind) for name, kind in fields.items()])


_TEXT = pa.string()
_CALL = _struct(id=_TEXT, type=_TEXT, function=_struct(name=_TEXT, arguments=_struct(code=_TEXT)))
_TURN = _struct(role=_TEXT, content=_TEXT, tool_calls=pa.list_(_CALL), tool_call_id=_TEXT, name=_TEXT)
_LAYOUT_FIELDS = {
    "messages": [
        pa.field("messages", pa.list_(_TURN)),
        pa.field("tools", pa.list_(pa.scalar(_TOOL).type)),
    ],
    "prompt_completion": [
        pa.field("prompt", _TEXT),
        pa.field("completion", _TEXT),
        pa.field("unsupervised", pa.list_(pa.list_(pa.int64()))),
    ],
}


def export_data(
    data: Path, *, to: str, file_format: str, output: Path, instruction: bool = True, draft: bool = False
) -> list[tuple[Path, int]]:
    """Writes one file per split and returns their paths and rows.

    Args:
        data: a data set with a passed verdict: other trainers do not ask for one.
        to: messages | prompt_completion.
        file_format: jsonl | parquet.
        output: a folder; files of an earlier export are replaced.
        instruction: add to the question how to answer it, as in training; else the question stays as it was.
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
    with unwritten(located(data)), copied(data, SHARDS) as folder, unwritable_in_one_line(output):
        manifest = require_passed(folder, draft=draft)
        for split, rows in manifest.splits.items():
            if rows:
                path = output / f"{split}.{file_format}"
                write(path, _rows(folder, manifest, split, to, instruction=instruction), to)
                written.append((path, rows))
    return written


def export_row(example: dict[str, Any], to: str, *, instruction: bool = True) -> dict[str, object]:
    """Lays out one example.

    Args:
        example: a row of a shard.
        to: messages | prompt_completion.
        instruction: whether the question is followed by how to answer it.

    Returns:
        `messages` and, for a dialogue with a tool, `tools`; or `prompt`, `completion` and `unsupervised`, the character
        spans [start, end) of the completion that a tool wrote. Beside them id, format and weight.
    """
    segments = [Segment(SegmentKind(segment["kind"]), segment["text"]) for segment in example["segments"]]
    prompt, system = example["question"], example["system"]
    if instruction:
        prompt = prompt_of(prompt, Format(example["format"]), example["language"], example["instruction"])
    about = {name: example[name] for name in _ABOUT}
    if to == "messages":
        first = [{"role": "system", "content": system}] if system else []
        tools = [_TOOL] if example["format"] == Format.TIR else None
        return {"messages": [*first, {"role": "user", "content": prompt}, *_turns(segments)], "tools": tools, **about}
    transcript = transcribe(segments)
    unsupervised = [[span.start, span.end] for span in transcript.spans if not span.supervised]
    asked = f"{system}\n\n{prompt}" if system else prompt
    return {"prompt": asked, "completion": transcript.response, **about, "unsupervised": unsupervised}


def _turns(segments: Sequence[Segment]) -> Iterator[dict[str, object]]:
    """The assistant's turns; a program with what it printed behind it is a call, and the tool's turn follows."""
    turn: list[Segment] = []
    calls = 0
    for segment, behind in zip_longest(segments, segments[1:]):
        if segment.kind is SegmentKind.OUTPUT:
            yield {"role": "tool", "content": segment.text, "tool_call_id": f"call{calls:05d}", "name": "python"}
        elif segment.kind is SegmentKind.CODE and behind is not None and behind.kind is SegmentKind.OUTPUT:
            calls += 1
            function = {"name": "python", "arguments": {"code": segment.text}}
            call = {"id": f"call{calls:05d}", "type": "function", "function": function}
            yield {"role": "assistant", "content": transcribe(turn).response, "tool_calls": [call]}
            turn = []
        else:
            turn.append(segment)
    if turn:
        yield {"role": "assistant", "content": transcribe(turn).response}


def _rows(
    data: Path, manifest: Manifest, split: str, to: str, *, instruction: bool
) -> Iterator[list[dict[str, object]]]:
    for batch in read_examples(data, manifest, split):
        yield [export_row(example, to, instruction=instruction) for example in batch.to_pylist()]


def _write_jsonl(path: Path, batches: Iterator[list[dict[str, object]]], _to: str) -> None:
    with replacing(path) as temporary, temporary.open("wb") as file:
        for rows in batches:
            file.writelines(orjson.dumps(row, option=orjson.OPT_APPEND_NEWLINE) for row in rows)


def export_schema(to: str) -> pa.Schema:
    """The columns of a layout as a Parquet file has them."""
    about = [EXAMPLE_SCHEMA.field(name).remove_metadata() for name in _ABOUT]
    return pa.schema([*_LAYOUT_FIELDS[to], *about])


def _write_parquet(path: Path, batches: Iterator[list[dict[str, object]]], to: str) -> None:
    schema = export_schema(to)
    with replacing(path) as temporary, pq.ParquetWriter(temporary, schema) as writer:
        for rows in batches:
            writer.write_table(pa.Table.from_pylist(rows, schema=schema))
