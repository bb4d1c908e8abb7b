"""Twelve lies: a stage that misbehaves in one way. Each reaches training past an open gate, and a closed one names it.

Every lie is told by the real line with one function of one stage replaced; curation notices nothing and publishes.
"""

# ruff: noqa: E501  the table of lies reads best with one a line

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from pipelines.curate import curate
from pipelines.output import decide, write
from pipelines.sources import render
from pipelines.stages.balance import stage as balance
from pipelines.stages.decontaminate import stage as decontaminate
from pipelines.stages.duplicates import collapse as collapsing
from pipelines.stages.duplicates.survivors import LOSS_SCHEMA
from pipelines.stages.screen import stage as screen
from pipelines.stages.select import stage as select
from pipelines.stages.verify import finals
from pipelines.stages.verify import ruling as verify
from pipelines.validate import validate
from schemas.exits import UserError
from schemas.problem import SegmentKind
from schemas.split import Split
from schemas.verdict import Status, Verdict
from tests.tiny import DIALOGUE, config_of, gsm8k_row, marbles, source, write_rows
from training.shards import Example, open_splits
from validation.answers import compare

LEAK = "Ruth packs 12 boxes with 9 lamps each. How many lamps is that?"
SCHOOL = [
    *marbles(8),
    gsm8k_row(LEAK, "12*9=<<12*9=108>>108 lamps.", 108),
    marbles(1)[0],
    *(
        gsm8k_row(f"{name} bakes {n} rolls and eats 2. How many rolls are left?", steps.format(n=n, left=n - 2), n - 2)
        for n, name in ((7, "Ada"), (9, "Bo"), (12, "Cy"), (15, "Di"), (21, "Ed"))
        for steps in ("{n}-2=<<{n}-2={left}>>{left} rolls.", "Taking 2 from {n} leaves {n}-2=<<{n}-2={left}>>{left}.")
    ),
]
PANEL = [
    {"q": "What is 6 times 7?", "s": "6 x 7 = 42. The answer is 42.", "a": "42", "verdict": "accepted"},
    {"q": "What is 8 times 7?", "s": "8 x 7 = 56. The answer is 56.", "a": "56", "verdict": "rejected"},
    {"q": "What is 9 times 7?", "s": "Nine sevens make 64. The answer is 64.", "a": "63", "verdict": ""},
    {"q": "What is half\x0c of 10?", "s": "10 / 2 = 5. The answer is 5.", "a": "5", "verdict": ""},
    {"q": "What is 5 squared?", "s": "Take\n```python\n5 * 5\n```\nThe answer is 25.", "a": "25", "verdict": ""},
    {"q": "What is 4 times 11?", "s": "Four elevens make 44. The answer is 44.", "a": "44", "verdict": ""},
    {"q": "What is 4 times 11?", "s": "Ten fours and four more: 44. The answer is 44.", "a": "44", "verdict": ""},
    {"q": "What is 4 times 11?", "s": "11 + 11 + 22 = 44. The answer is 44.", "a": "44", "verdict": ""},
]
DIALOGUES = [
    {"q": "What is 2 to the 10th?", "s": DIALOGUE.format(code="2**10", output="1024", final="1024")},
    {"q": "What is 3 to the 5th?", "s": DIALOGUE.format(code="3**5", output="234", final="234")},
]

Examples = list[tuple[Split, Example]]
Batch = pa.RecordBatch


@dataclass(frozen=True)
class Lie:
    """A stage's lie.

    Attributes:
        tell: puts the lie in place.
        reached: whether it is among the examples that training reads.
        caught_by: the checks that fail.
        skip: stages left out that would make up for it.
    """

    name: str
    tell: Callable[[pytest.MonkeyPatch], None]
    reached: Callable[[Examples], bool]
    caught_by: set[str]
    skip: tuple[str, ...] = ()


def instead(module: Any, name: str, replacement: object) -> Callable[[pytest.MonkeyPatch], None]:
    return lambda patch: patch.setattr(module, name, replacement)


def nothing_found(batch: Batch, *_: object, **__: object) -> list[None]:
    return [None] * len(batch)


def no_twins(_: object) -> pa.RecordBatch:
    return pa.RecordBatch.from_pylist([], schema=LOSS_SCHEMA)


def believed(answer: str, final: str, *about: str, **settings: Any) -> Any:
    return compare(final, final, *about, **settings)


def believing(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(finals, "compare", believed)
    patch.setattr(verify, "compare", believed)


def alone(keys: pa.Array) -> pa.Array:
    return pa.array([f"{number:032x}" for number in range(len(keys))])


def by_turns(templates: Sequence[str], **_: object) -> list[str]:
    return [("train", "heldout")[position % 2] for position in range(len(templates))]


def rewriting(change: Callable[[list[dict[str, Any]]], list[dict[str, Any]]]) -> Callable[[pytest.MonkeyPatch], None]:
    """A write stage that changes the rows of each shard."""
    honest = write._examples

    def examples(*arguments: Any, **named: Any) -> pa.RecordBatch:
        batch = honest(*arguments, **named)
        return pa.RecordBatch.from_pylist(change(batch.to_pylist()), schema=batch.schema)

    return instead(write, "_examples", examples)


def twice_the_first(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [rows[0], *rows[:-1]]


def outputs_as_text(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    renamed = {"output": "text"}
    return [
        row | {"segments": [one | {"kind": renamed.get(one["kind"], one["kind"])} for one in row["segments"]]}
        for row in rows
    ]


def asks(words: str) -> Callable[[Examples], bool]:
    return lambda examples: any(words in one.question for _, one in examples)


def texts(one: Example, kind: SegmentKind) -> list[str]:
    return [segment.text for segment in one.segments if segment.kind is kind]


def more_than(limit: int, key: Callable[[Example], object]) -> Callable[[Examples], bool]:
    def reached(examples: Examples) -> bool:
        keys = [key(one) for _, one in examples]
        return any(keys.count(value) > limit for value in keys)

    return reached


def in_both_splits(examples: Examples) -> bool:
    questions = {split: {one.question for mine, one in examples if mine is split} for split in Split}
    return bool(questions[Split.TRAIN] & questions[Split.HELDOUT])


def has_unrun_code(examples: Examples) -> bool:
    return any(
        one.format == "tir" and len(texts(one, SegmentKind.OUTPUT)) < len(texts(one, SegmentKind.CODE))
        for _, one in examples
    )


LIES = [
    Lie(
        "normalise lets control characters pass",
        instead(render, "control_characters", lambda _: ""),
        asks("half\x0c"),
        {"question_without_control"},
    ),
    Lie("select keeps what people rejected", instead(select, "select", nothing_found), asks("8 times 7"), {"not_rejected_by_humans"}),
    Lie("screen lets a fence in prose pass", instead(screen, "screen", nothing_found), asks("5 squared"), {"segments_fit_format", "programs_executed"}),
    Lie("decontaminate finds nothing", instead(decontaminate, "check", nothing_found), asks("Ruth packs"), {"no_benchmark_leak"}),
    Lie(
        "collapse keeps twins",
        instead(collapsing, "exact_duplicates", no_twins),
        more_than(1, lambda one: (one.format, one.question, one.segments)),
        {"no_exact_duplicates"},
        skip=("identify",),
    ),
    Lie("verify believes every answer", believing, asks("9 times 7"), {"answers_hold", "programs_reproduce"}),
    Lie("verify believes recorded outputs", instead(verify, "same_output", lambda *_: True), asks("3 to the 5th"), {"programs_reproduce"}),
    Lie("identify calls every row a problem of its own", instead(decide, "hex_of", alone), in_both_splits, {"splits_disjoint_by_question"}),
    Lie(
        "balance overlooks a cap",
        instead(balance, "bounds_of", lambda _: iter(())),
        more_than(2, lambda one: (one.format, one.question)),
        {"bounds_hold"},
    ),
    Lie(
        "decide splits row by row",
        instead(decide, "splits_of", by_turns),
        in_both_splits,
        {"splits_disjoint_by_problem", "splits_disjoint_by_question", "splits_disjoint_by_template"},
    ),
    Lie(
        "write puts one row in the place of another",
        rewriting(twice_the_first),
        more_than(1, lambda one: one.id),
        {"ids_unique", "no_exact_duplicates", "ledger_agrees_with_shards", "shards_hold_what_is_claimed", "bounds_hold"},
    ),
    Lie("write calls the tool's words text", rewriting(outputs_as_text), has_unrun_code, {"segments_fit_format"}),
]  # fmt: skip


def curated(folder: Path, skip: Sequence[str] = ()) -> Path:
    columns = {"question": "q", "solution": "s", "answer": "a", "decision": "verdict"}
    table = {"adapter": "columns", "licence": "CC-BY-4.0"}
    bench = write_rows(folder / "bench.jsonl", [{"question": LEAK, "answer": "108"}])
    config = config_of(
        source(write_rows(folder / "school.jsonl", SCHOOL), derive=["pot", "tir"]),
        source(write_rows(folder / "panel.jsonl", PANEL), "panel", **table, format="cot", columns=columns),
        source(
            write_rows(folder / "dialogues.jsonl", DIALOGUES),
            "dialogues",
            **table,
            format="tir",
            columns={"question": "q", "solution": "s"},
        ),
        benchmarks=[{"name": "bench", "path": str(bench)}],
        balance={"caps": {"problem": 2}},
        skip=list(skip),
        heldout=0.4,
        wipeout={"limit": 0.9},
    )
    curate(config, folder / "data")
    return folder / "data"


def read_by_training(data: Path, *, gate: bool) -> Examples:
    """What training reads; without the gate as `train --draft` opens the data."""
    splits = open_splits(data, draft=not gate)
    return [(split, one) for split, examples in splits.items() for one in examples.rows(0, len(examples))]


def failed(verdict: Verdict) -> set[str]:
    return {check.name for check in verdict.checks if check.status is Status.FAILED}


@pytest.fixture(scope="module")
def honest(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return curated(tmp_path_factory.mktemp("honest"))


def test_the_honest_line_passes_and_no_lie_is_in_its_data(honest: Path) -> None:
    assert failed(validate(honest)) == set()
    examples = read_by_training(honest, gate=True)
    assert [lie.name for lie in LIES if lie.reached(examples)] == []


@pytest.mark.slow
@pytest.mark.parametrize("lie", LIES, ids=lambda lie: lie.name)
def test_a_lie_reaches_training_past_an_open_gate_and_a_closed_one_names_it(
    lie: Lie, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patch:
        lie.tell(patch)
        data = curated(tmp_path, lie.skip)
    assert lie.reached(read_by_training(data, gate=False))
    with pytest.raises(UserError, match="never judged"):
        read_by_training(data, gate=True)
    verdict = validate(data)
    assert failed(verdict) == lie.caught_by
    with pytest.raises(UserError, match=next(one.name for one in verdict.checks if one.status is Status.FAILED)):
        read_by_training(data, gate=True)


def test_there_are_twelve() -> None:
    assert len({lie.name for lie in LIES}) == 12
