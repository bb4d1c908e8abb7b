"""Judged data sets of any size, for measurements: examples as long as GSM8K's, written without the pipeline."""

import os
import random
from pathlib import Path
from typing import Any

import pyarrow as pa

from schemas.example import EXAMPLE_SCHEMA, SCHEMA_VERSION
from schemas.manifest import MANIFEST, Counts, FormatCounts, Manifest, ShardRecord, sha256_of
from schemas.verdict import VERDICT, Status, Verdict

_SHARD_ROWS = 20_000  # of small data; of more than a million rows ten times as many, as curation cuts them
_BATCH_ROWS = 1024
_PEOPLE = ("Ada", "Ben", "Cleo", "Dan", "Eva", "Finn", "Gita", "Hugo")
_THINGS = ("apples", "books", "coins", "stamps", "marbles", "pens")


def write_data(work: Path, rows: int) -> Path:
    """Writes so many train examples and a fiftieth held out, once. Whole shards are links to one file."""
    folder = work / f"data-{rows}"
    if folder.is_dir():
        return folder
    (folder / "shards").mkdir(parents=True)
    size = _SHARD_ROWS * (10 if rows > 1_000_000 else 1)
    whole, rest = divmod(rows, size)
    shards = _write_shards(folder, "train", [size] * whole + [rest] * bool(rest))
    shards += _write_shards(folder, "heldout", [max(20, min(2_000, rows // 50))])
    judge(folder, shards)
    return folder


def _write_shards(folder: Path, split: str, counts: list[int]) -> list[ShardRecord]:
    records: list[ShardRecord] = []
    for number, count in enumerate(counts):
        path = folder / "shards" / f"{split}-{number:05d}-of-{len(counts):05d}.arrow"
        if records and records[-1].rows == count:
            os.link(folder / records[-1].path, path)
            records.append(records[-1].model_copy(update={"path": f"shards/{path.name}"}))
            continue
        table = pa.Table.from_pylist([_row(number, split) for number in range(count)], EXAMPLE_SCHEMA)
        with pa.OSFile(str(path), "wb") as file, pa.ipc.new_stream(file, EXAMPLE_SCHEMA) as writer:
            writer.write_table(table, max_chunksize=_BATCH_ROWS)
        records.append(record_of(path, split, count))
    return records


def record_of(path: Path, split: str, rows: int) -> ShardRecord:
    """A shard as a manifest names it."""
    size, digest = path.stat().st_size, sha256_of(path)
    return ShardRecord(path=f"shards/{path.name}", split=split, rows=rows, bytes=size, sha256=digest)


def _row(number: int, split: str) -> dict[str, Any]:
    chance = random.Random(number)
    a, b, c = (chance.randrange(2, 400) for _ in range(3))
    name, thing = chance.choice(_PEOPLE), chance.choice(_THINGS)
    question = (
        f"{name} has {a} {thing} at home. On Monday {name} buys {b} more {thing} in the shop near the school, and on "
        f"Tuesday a friend brings {c} {thing} as a present. How many {thing} does {name} have then?"
    )
    lines = [
        f"On Monday {name} has {a} + {b} = {a + b} {thing}.",
        f"With the present of the friend there are {a + b} + {c} = {a + b + c} {thing} on Tuesday.",
        *(f"Check {n}: {a + b + c} - {n} = {a + b + c - n}." for n in range(chance.randrange(4))),
        f"\\boxed{{{a + b + c}}}",
    ]
    return {
        "id": f"{split}-{number:012x}",
        "problem_id": f"p{number}",
        "template_id": f"t{number % 500}",
        "split": split,
        "question": question,
        "format": "cot",
        "segments": [{"kind": "text", "text": "\n".join(lines)}],
        "answer": str(a + b + c),
        "language": "en",
        "source": f"source {number % 3}",
        "source_row": number,
        "author": "human",
        "licence": "CC0-1.0",
        "topic": "sums",
        "derived": False,
        "verification": {"verdict": "equal", "path": "integer", "reference": "independent", "programs": 0},
        "quality": {
            "question_chars": len(question),
            "solution_chars": 200,
            "steps": 4,
            "equations": 4,
            "code_lines": 0,
        },
        "weight": 1.0,
    }


def judge(folder: Path, shards: list[ShardRecord], *, status: Status | None = Status.PASSED) -> None:
    """Writes a manifest over shards, and a verdict of such a status: none when it is None."""
    _write_manifest(folder, shards)
    if status is None:
        return
    verdict = Verdict(
        status=status,
        draft=False,
        schema_version=SCHEMA_VERSION,
        judge_version="by hand",
        suite_sha256="0" * 64,
        manifest_sha256=sha256_of(folder / MANIFEST),
        shards={shard.path: shard.sha256 for shard in shards},
        checks=[],
    )
    (folder / VERDICT).parent.mkdir()
    (folder / VERDICT).write_text(verdict.to_json(), encoding="utf-8")


def _write_manifest(folder: Path, shards: list[ShardRecord]) -> None:
    rows = sum(shard.rows for shard in shards)
    kept = FormatCounts(candidates=rows, kept=rows, removed=0, quarantined=0)
    manifest = Manifest(
        schema_version=SCHEMA_VERSION,
        code_version="by hand",
        draft=False,
        config={},
        skipped=[],
        isolation=None,
        inputs=[],
        benchmarks=[],
        counts=Counts(rows=rows, candidates=rows, kept=rows, removed=0, quarantined=0),
        removed_by_reason={},
        quarantined_by_reason={},
        formats={"all": kept},
        sources={"all": kept},
        splits={},
        licence="CC0-1.0",
        quotas=[],
        shards=shards,
        ledger=[],
        lineage=[],
        fingerprint="",
    ).sealed()
    (folder / MANIFEST).write_text(manifest.to_json(), encoding="utf-8")
