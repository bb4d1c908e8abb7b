"""A small valid data set written by hand, so that tests can tell one lie at a time about it.

`write_data` derives ledger and manifest from the examples, as an honest curation would: a lie in the contents has
consistent hashes and counts, like that of a stage that misbehaves.
"""

import copy
import json
from collections import Counter
from pathlib import Path
from typing import Any

import pyarrow as pa

from schemas.example import EXAMPLE_SCHEMA, SCHEMA_VERSION
from schemas.ledger import LEDGER_SCHEMA
from schemas.manifest import (
    MANIFEST,
    BenchmarkRecord,
    Counts,
    FileRecord,
    FormatCounts,
    InputFile,
    Manifest,
    ShardRecord,
    sha256_of,
)

NAMES = ("Ann", "Ben", "Cleo", "Dai", "Ewa", "Finn", "Gul", "Hana")
BENCHMARK_ITEMS = [
    (
        "A farmer has 17 red hens and 24 brown hens in the yard behind the old stone barn. How many hens are there?",
        "41",
    ),
    ("What is the capital gain on 350 shares bought at 12 dollars and sold at 15 dollars each today?", "1050"),
]


def example(row: int, solution_format: str) -> dict[str, Any]:
    """One honest example: an addition told as a story, in one format."""
    name, a, b = NAMES[row % len(NAMES)], 3 + row, 2 + 2 * row
    thing = ("apples", "stamps", "marbles", "coins", "shells")[row % 5]
    question = f"{name} has {a} {thing} and finds {b} more on day {row + 1}. How many {thing} does {name} have now?"
    segments = {
        "cot": [("text", f"{name} starts with {a} and adds {b}: $${a} + {b} = {a + b}$$\nSo \\boxed{{{a + b}}}.")],
        "pot": [("code", f"have = {a}\nfound = {b}\nprint(have + found)")],
        "tir": [
            ("text", "Let us add with a program."),
            ("code", f"print({a} + {b})"),
            ("output", str(a + b)),
            ("text", f"The sum is \\boxed{{{a + b}}}."),
        ],
    }[solution_format]
    heldout = row % 8 == 7
    return {
        "id": f"r{row:04d}-{solution_format}",
        "problem_id": f"p{row:04d}",
        "template_id": f"t{row:04d}",
        "split": "heldout" if heldout else "train",
        "question": question,
        "format": solution_format,
        "segments": [{"kind": kind, "text": text} for kind, text in segments],
        "answer": str(a + b),
        "language": "en",
        "source": "stories" if row % 3 else "shop",
        "source_row": row,
        "author": "human",
        "licence": "CC0-1.0" if row % 3 else "MIT",
        "system": None,
        "topic": ("addition", "counting", "money")[row % 3],
        "difficulty": 1 + row % 4,
        "derived": solution_format != "cot",
        "selection": {"decision": "accepted", "annotator": "a1", "votes": 3, "agreement": 1.0},
        "verification": {
            "verdict": "equal",
            "path": "integer",
            "reference": "independent" if row % 2 else "self",
            "programs": int(solution_format != "cot"),
        },
        "quality": {
            "question_chars": len(question),
            "solution_chars": sum(len(text) for _, text in segments),
            "steps": 1,
            "equations": 1,
            "code_lines": 0,
        },
        "weight": 1.0,
    }


def examples(problems: int = 24) -> list[dict[str, Any]]:
    """An honest data set: each problem in all three formats."""
    return [example(row, one) for row in range(problems) for one in ("cot", "pot", "tir")]


def removals() -> list[dict[str, Any]]:
    """Ledger rows of candidates that were not kept."""
    empty = {"partner": None, "partner_row": None, "score": None}
    return [
        {**empty, "id": "x0001-cot", "row_id": "x0001", "source": "shop", "row": 900, "format": "cot"}
        | {"outcome": "removed", "stage": "verify", "reason": "answer_mismatch", "detail": "ends in 4, reference 5"},
        {**empty, "id": "x0002-cot", "row_id": "x0002", "source": "shop", "row": 901, "format": "cot"}
        | {"outcome": "removed", "stage": "decontaminate", "reason": "benchmark_exact", "detail": "farm item 0"}
        | {"partner": "farm/0", "partner_row": 0, "score": 1.0},
        {**empty, "id": "x0003-cot", "row_id": "x0003", "source": "stories", "row": 902, "format": "cot"}
        | {"outcome": "quarantined", "stage": "identify", "reason": "answer_conflict", "detail": "12 here, 13 there"},
        {**empty, "id": "x0004", "row_id": "x0004", "source": "stories", "row": 903, "format": None}
        | {"outcome": "removed", "stage": "read", "reason": "parse_error", "detail": "line 904 breaks off"},
    ]


def ledger_of(rows: list[dict[str, Any]], lost: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The ledger of an honest run."""
    kept = [
        {
            "id": row["id"],
            "row_id": str(row["id"]).split("-")[0],
            "source": row["source"],
            "row": row["source_row"],
            "format": row["format"],
            "outcome": "kept",
            "stage": None,
            "reason": None,
            "detail": None,
            "partner": None,
            "partner_row": None,
            "score": None,
        }
        for row in rows
    ]
    return kept + lost


def write_stream(path: Path, rows: list[dict[str, Any]], schema: pa.Schema) -> None:
    """Writes rows as one Arrow IPC stream."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with pa.OSFile(str(path), "wb") as sink, pa.ipc.new_stream(sink, schema) as writer:
        writer.write_table(pa.Table.from_pylist(rows, schema=schema))


def write_data(
    folder: Path,
    rows: list[dict[str, Any]] | None = None,
    *,
    lost: list[dict[str, Any]] | None = None,
    ledger: list[dict[str, Any]] | None = None,
    benchmarks: list[tuple[str, str]] | None = None,
    schema: pa.Schema = EXAMPLE_SCHEMA,
    shards: int = 1,
    draft: bool = False,
    skipped: tuple[str, ...] = (),
) -> Path:
    """Writes a data set whose ledger and manifest agree with its examples."""
    rows = examples() if rows is None else rows
    ledger = ledger_of(rows, removals() if lost is None else lost) if ledger is None else ledger
    items = BENCHMARK_ITEMS if benchmarks is None else benchmarks
    records = []
    for split in ("train", "heldout"):
        members = [row for row in rows if row["split"] == split]
        count = shards if split == "train" else 1
        for number in range(count):
            path = f"shards/{split}-{number:05d}-of-{count:05d}.arrow"
            part = members[number::count]
            if part or split == "train":
                write_stream(folder / path, part, schema)
                records.append(_shard(folder, path, split, len(part)))
    write_stream(folder / "ledger/ledger-00000-of-00001.arrow", ledger, LEDGER_SCHEMA)
    _write_benchmarks(folder, items)
    manifest = _manifest(folder, ledger, records, items, draft=draft, skipped=skipped)
    (folder / MANIFEST).write_text(manifest.to_json(), encoding="utf-8")
    return folder


def _shard(folder: Path, path: str, split: str, rows: int) -> ShardRecord:
    file = folder / path
    return ShardRecord(path=path, split=split, rows=rows, bytes=file.stat().st_size, sha256=sha256_of(file))


def _file(folder: Path, path: str, rows: int) -> FileRecord:
    file = folder / path
    return FileRecord(path=path, rows=rows, bytes=file.stat().st_size, sha256=sha256_of(file))


def _write_benchmarks(folder: Path, items: list[tuple[str, str]]) -> None:
    names = ("benchmark", "position", "question", "answer", "solution", "language", "licence")
    schema = pa.schema([pa.field(name, pa.int64() if name == "position" else pa.string()) for name in names])
    rows = [
        {
            "benchmark": "farm",
            "position": at,
            "question": question,
            "answer": answer,
            "language": "en",
            "licence": "MIT",
        }
        for at, (question, answer) in enumerate(items)
    ]
    write_stream(folder / "benchmarks.arrow", rows, schema)


def _manifest(
    folder: Path,
    ledger: list[dict[str, Any]],
    shards: list[ShardRecord],
    items: list[tuple[str, str]],
    *,
    draft: bool,
    skipped: tuple[str, ...],
) -> Manifest:
    outcomes = Counter(row["outcome"] for row in ledger)
    by_reason = Counter((row["outcome"], row["reason"]) for row in ledger)
    splits: Counter[str] = Counter({"train": 0, "heldout": 0})
    for shard in shards:
        splits[shard.split] += shard.rows
    return Manifest(
        schema_version=SCHEMA_VERSION,
        code_version="0.1.0",
        draft=draft,
        config={"seed": 0, "sources": [{"name": "stories", "path": "stories.jsonl"}]},
        skipped=list(skipped),
        isolation="seccomp",
        inputs=[InputFile(path="stories.jsonl", bytes=10, sha256="0" * 64)],
        benchmarks=[BenchmarkRecord(name="farm", items=len(items), sha256="1" * 64, licence="MIT")] if items else [],
        counts=Counts(
            rows=len({(row["source"], row["row"]) for row in ledger}),
            candidates=len(ledger),
            kept=outcomes["kept"],
            removed=outcomes["removed"],
            quarantined=outcomes["quarantined"],
        ),
        removed_by_reason={reason: n for (outcome, reason), n in by_reason.items() if outcome == "removed"},
        quarantined_by_reason={reason: n for (outcome, reason), n in by_reason.items() if outcome == "quarantined"},
        formats=_lines(ledger, "format"),
        sources=_lines(ledger, "source"),
        splits=dict(splits),
        licence="CC0-1.0 AND MIT",
        quotas=[],
        shards=shards,
        ledger=[_file(folder, "ledger/ledger-00000-of-00001.arrow", len(ledger))],
        others=[_file(folder, "benchmarks.arrow", len(items))],
        lineage=[],
        fingerprint="",
    ).sealed()


def _lines(ledger: list[dict[str, Any]], column: str) -> dict[str, FormatCounts]:
    lines: dict[str, FormatCounts] = {}
    for row in ledger:
        name = row[column] or "none"
        empty = FormatCounts(candidates=0, kept=0, removed=0, quarantined=0)
        lines[name] = lines.get(name, empty).plus(row["outcome"], 1)
    return lines


def edit_manifest(folder: Path, *, reseal: bool, **changes: Any) -> None:
    """Changes keys of the manifest (`counts__kept` reaches into an object), with a fitting fingerprint or the old."""
    path = folder / MANIFEST
    raw = json.loads(path.read_text(encoding="utf-8"))
    for key, value in changes.items():
        *parents, last = key.split("__")
        node = raw
        for parent in parents:
            node = node[parent]
        node[last] = copy.deepcopy(value)
    manifest = Manifest.model_validate(raw)
    path.write_text((manifest.sealed() if reseal else manifest).to_json(), encoding="utf-8")
