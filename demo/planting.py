"""The demo's data set, written as files: sources, a benchmark, and what must become of every row.

Everything follows from the seed. `expected.jsonl` lies beside the sources and is never read by the line: it is what the
tests and the last screen compare the ledger with.
"""

import json
from dataclasses import dataclass
from pathlib import Path
from random import Random

from demo.defects import EACH, planted
from demo.record_shapes import (
    CLASSROOM,
    DIALOGUES,
    LARGE,
    LESSONS,
    PROGRAMS,
    SMALL,
    SOURCES,
    Drafts,
    Planted,
    Record,
    dialogue,
    encoded,
    exam_item,
    lesson,
    program,
    reviewed,
)
from demo.template import Draft
from schemas.reason import Reason

EXPECTED = "expected.jsonl"
EXAM = "exam.jsonl"


@dataclass(frozen=True, slots=True)
class Sizes:
    """Ordinary rows per source, items of the benchmark, and planted cases of each defect."""

    lessons: int = 300
    classroom: int = 1300
    programs: int = 1200
    dialogues: int = 1200
    exam: int = 120
    each: int = EACH


@dataclass(frozen=True, slots=True)
class Expected:
    """What must become of a row.

    Attributes:
        row: 0-based position in its source.
        reason: the reason that its candidates must get; None: they are kept.
        case: the defect that the row is a case of or a near miss to; None for an ordinary row.
    """

    source: str
    row: int
    reason: Reason | None
    case: Reason | None


def write_rows(folder: Path, seed: int, sizes: Sizes | None = None) -> list[Expected]:
    """Writes sources, benchmark and expectations, and returns the expectations.

    Returns:
        One entry per row, by source and row.
    """
    sizes = sizes or Sizes()
    rng = Random(seed)
    drafts = Drafts(rng)
    exam = drafts.exam(sizes.exam)
    # Planted rows choose among few templates, so they draw first: what is left is enough for all the others.
    rows = [*planted(drafts, exam, each=sizes.each), *_ordinary(drafts, sizes)]
    rng.shuffle(rows)
    folder.mkdir(parents=True, exist_ok=True)
    _write_lines(folder / EXAM, [encoded(exam_item(item)) for item in exam])
    expected: list[Expected] = []
    for source in SOURCES:
        of_source = [row for row in rows if row.source == source]
        _write_lines(folder / f"{source}.jsonl", [row.line for row in of_source])
        expected += [Expected(source, place, row.expected, row.case) for place, row in enumerate(of_source)]
    _write_lines(folder / EXPECTED, [encoded(_as_record(fate)) for fate in expected])
    return expected


def read_expected(folder: Path) -> list[Expected]:
    """Reads what `write_rows` left beside the sources."""
    records = [json.loads(line) for line in (folder / EXPECTED).read_text(encoding="utf-8").splitlines()]
    return [
        Expected(
            record["source"],
            record["row"],
            record["reason"] and Reason(record["reason"]),
            record["case"] and Reason(record["case"]),
        )
        for record in records
    ]


def _ordinary(drafts: Drafts, sizes: Sizes) -> list[Planted]:
    def row(source: str, draft: Draft) -> Planted:
        return Planted(source, encoded(_record(source, draft, drafts.rng)))

    counts = {
        LESSONS: (sizes.lessons, SMALL),
        CLASSROOM: (sizes.classroom, SMALL),
        PROGRAMS: (sizes.programs, LARGE),
        DIALOGUES: (sizes.dialogues, LARGE),
    }
    return [row(source, drafts.next(top=top)) for source, (count, top) in counts.items() for _ in range(count)]


def _record(source: str, draft: Draft, rng: Random) -> Record:
    match source:
        case "lessons":
            return lesson(draft)
        case "classroom":
            return reviewed(draft, rng)
        case "programs":
            return program(draft)
        case _:
            return dialogue(draft, rng)


def _write_lines(path: Path, lines: list[bytes]) -> None:
    path.write_bytes(b"".join(line + b"\n" for line in lines))


def _as_record(fate: Expected) -> Record:
    return {"source": fate.source, "row": fate.row, "reason": fate.reason, "case": fate.case}
