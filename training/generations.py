"""The answers of an evaluation as tables: every problem, answer and judgement, and the figures made of them."""

import json
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa

from schemas.arrow_files import replacing_stream
from schemas.exits import UserError
from schemas.files import write_text
from training.mistakes import RESULTS
from training.results import FormatResult, Interval
from training.scores import Scored, Verdict, difference, figures, majority
from training.sealed import checksum, seal_of

GENERATIONS = pa.schema(
    [
        ("suite", pa.string()),
        ("id", pa.string()),
        ("problem_id", pa.string()),
        ("format", pa.string()),
        ("sample", pa.int32()),
        ("question", pa.string()),
        ("reference", pa.string()),
        ("language", pa.string()),
        ("topic", pa.string()),
        ("difficulty", pa.string()),
        ("response", pa.string()),
        ("answer", pa.string()),
        ("outcome", pa.string()),
        ("detail", pa.string()),
        ("passed", pa.bool_()),
        ("ended", pa.bool_()),
        ("tokens", pa.int32()),
        ("tool_calls", pa.int32()),
    ]
)
"""one row an answer; `suite` is a benchmark or a split of the data"""

FILES, _SEAL = "files", "checksum"
"""of results.json: the checksums of the tables of answers, and its own"""

Row = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Other:
    """Another evaluation, to be compared with.

    Attributes:
        rows: its answers.
    """

    folder: Path
    model: str
    rows: tuple[Row, ...]


def write_generations(path: Path, rows: Sequence[Row]) -> None:
    """Writes answers as a table, whole or not at all."""
    with replacing_stream(path, GENERATIONS) as writer:
        writer.write_table(pa.Table.from_pylist(rows, GENERATIONS))


def read_evaluation(folder: Path) -> Other:
    """Reads the answers of a finished evaluation.

    Raises:
        UserError: it holds none, or a file of it is not as it was written.
    """
    results = folder / RESULTS
    if not results.is_file():
        raise UserError(f"--against {folder}: no finished evaluation: it has no {RESULTS}")
    record = _record_in(results)
    written: dict[str, str | None] = record.get(FILES, dict.fromkeys(_tables_in(folder)))  # those of before had none
    rows = [row for name, known in written.items() for row in _rows_in(folder / name, known)]
    if rows and list(rows[0]) != GENERATIONS.names:
        raise UserError(f"--against {folder}: made by an earlier mathmill; evaluate that model again")
    return Other(folder, str(record["model"]), tuple(rows))


def write_record(path: Path, record: dict[str, Any]) -> None:
    """Writes what came of an evaluation, with the checksums of its tables and its own."""
    sums = {name: checksum(path.parent / name) for name in _tables_in(path.parent)}
    record = json.loads(json.dumps(record | {FILES: sums}))
    write_text(path, json.dumps(record | {_SEAL: seal_of(record)}, indent=1, ensure_ascii=False) + "\n")


def _tables_in(folder: Path) -> list[str]:
    return [f"generations/{path.name}" for path in sorted((folder / "generations").glob("*.arrow"))]


def _record_in(path: Path) -> dict[str, Any]:
    try:
        record: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        if record.pop(_SEAL, None) in (None, seal_of(record)) and isinstance(record["model"], str):
            return record
    except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError):
        pass
    raise _damaged(path)


def _rows_in(path: Path, known: str | None) -> list[Row]:
    try:
        if known in (None, checksum(path)):
            with pa.ipc.open_stream(str(path)) as reader:
                rows: list[Row] = reader.read_all().to_pylist()
            return rows
    except (pa.ArrowInvalid, OSError, UnicodeDecodeError):
        pass
    raise _damaged(path)


def _damaged(path: Path) -> UserError:
    return UserError(f"{path}: damaged; the same `mathmill evaluate` that made it makes it again")


def result_of(rows: Iterable[Row], *, seed: int, contamination: str | None = None) -> FormatResult:
    """The figures of the answers of one suite in one format."""
    return figures([_scored(found) for found in by_problem(rows).values()], seed=seed, contamination=contamination)


def by_place(rows: Iterable[Row]) -> dict[tuple[str, str], list[Row]]:
    """Answers by suite and format."""
    places: dict[tuple[str, str], list[Row]] = defaultdict(list)
    for row in rows:
        places[row["suite"], row["format"]].append(row)
    return dict(places)


def by_problem(rows: Iterable[Row]) -> dict[str, list[Row]]:
    """Answers by problem, each problem's in the order of its samples."""
    problems: dict[str, list[Row]] = defaultdict(list)
    for row in rows:
        problems[row["problem_id"]].append(row)
    return {identity: sorted(found, key=lambda row: row["sample"]) for identity, found in problems.items()}


def share_of(rows: Sequence[Row]) -> float:
    """The share of answers that pass."""
    return sum(row["passed"] for row in rows) / len(rows)


def apart(rows: Sequence[Row], other: Sequence[Row], *, seed: int) -> dict[str, dict[str, Interval]]:
    """How far two evaluations are apart, by suite and format, over the problems that both asked."""
    mine, theirs = _shares(rows), _shares(other)
    found: dict[str, dict[str, Interval]] = {}
    for suite, form in mine.keys() & theirs.keys():
        gap = difference(mine[suite, form], theirs[suite, form], seed=seed)
        if gap is not None:
            found.setdefault(suite, {})[form] = gap
    return found


def agreed(rows: Sequence[Row]) -> list[Row]:
    """A problem's answers that most of its samples agree on, by value; none when none has an answer."""
    from validation.answers import Relation, compare

    question, language = rows[0]["question"], rows[0]["language"]

    def same(one: str, two: str) -> bool:
        return compare(one, two, question, language, rounding="never").outcome is Relation.EQUAL

    return [rows[place] for place in majority([row["answer"] for row in rows], same)]


def _shares(rows: Iterable[Row]) -> dict[tuple[str, str], dict[str, float]]:
    return {
        place: {identity: share_of(answers) for identity, answers in by_problem(found).items()}
        for place, found in by_place(rows).items()
    }


def _scored(rows: Sequence[Row]) -> Scored:
    first = rows[0]
    verdicts = tuple(
        Verdict(row["answer"], row["outcome"], row["ended"], row["tokens"], row["tool_calls"]) for row in rows
    )
    voted = agreed(rows) if len(rows) > 1 else []
    majority_passes = None if len(rows) == 1 else bool(voted) and voted[0]["passed"]
    return Scored(first["problem_id"], first["topic"], first["difficulty"], verdicts, majority_passes)
