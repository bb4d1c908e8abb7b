from typing import Any

import pyarrow as pa
import pytest

from pipelines.engine.candidates import CANDIDATE_SCHEMA
from pipelines.text.quality import JUDGED, quality_facts
from schemas.example import QUALITY

NAMES = ["question", "segments"]
SCHEMA = pa.schema([CANDIDATE_SCHEMA.field(name) for name in NAMES])
ROWS = [
    {
        "question": "Wie viele Äpfel?",
        "segments": [
            {"kind": "think", "text": "a = b"},
            {"kind": "text", "text": "1+1 = 2\n\nx = y = 3"},
            {"kind": "code", "text": "x = 1\n\nprint(x)"},
            {"kind": "output", "text": "1\n2"},
            {"kind": "text", "text": "Ende ≈"},
        ],
    },
    {"question": None, "segments": None},
    {"question": "", "segments": []},
    {"question": "12", "segments": [{"kind": "text", "text": "5"}]},
    {"question": "12", "segments": [{"kind": "code", "text": "print(5)"}]},
]


def measured(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = quality_facts(pa.RecordBatch.from_pylist(rows, schema=SCHEMA)).to_pylist()
    return found


def of_text(text: str) -> dict[str, Any]:
    return measured([{"question": "q", "segments": [{"kind": "text", "text": text}]}])[0]


def test_facts_are_counted_per_candidate():
    batch = pa.RecordBatch.from_pylist(ROWS, schema=SCHEMA)
    facts = quality_facts(batch)
    assert facts.type == QUALITY
    names = ("question_chars", "solution_chars", "steps", "equations", "code_lines", "words_per_step", "repetition")
    assert [tuple(row[name] for name in names) for row in facts.to_pylist()] == [
        (16, 47, 4, 4, 2, 0.25, 0.0),
        (0, 0, 0, 0, 0, None, None),
        (0, 0, 0, 0, 0, None, None),
        (2, 1, 1, 0, 0, 0.0, 0.0),
        (2, 8, 0, 0, 1, None, None),
    ]
    assert quality_facts(batch.slice(3)).to_pylist() == facts.to_pylist()[3:]
    assert len(quality_facts(batch.slice(0, 0))) == 0


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("Natalia sold 48/2 = 24 clips in May.", 5),
        (r"So $\frac{1}{2}x \le \sqrt{y}$ holds.", 2),
        ("x = y", 0),
        ("Não há água − só pão.", 5),
        ("一共有三个苹果。", 7),
        ("共24个 apples", 3),
        ("≈ ≤ °", 0),
    ],
)
def test_words_are_explanation_and_latex_is_none(text, words):
    assert of_text(text)["words_per_step"] == words


def test_words_are_divided_by_the_lines_that_hold_something():
    assert of_text("One two three.\n\nFour.")["words_per_step"] == 2


@pytest.mark.parametrize(
    ("text", "share"),
    [
        ("We add. We add. We add. ", 2 / 3),
        ("We add.\nWe add.\nSo it is 3.", 8 / 27),
        ("We add 3.5 to 3.5 and get 7.", 0),
        ("First.\n\n\n\nSecond.", 0),
        ("一样。", 0),
    ],
)
def test_repetition_is_the_share_of_sentences_that_stood_before(text, share):
    assert of_text(text)["repetition"] == pytest.approx(share)


def test_what_another_row_or_a_program_says_is_no_repetition():
    said = {"kind": "text", "text": "We add.\n"}
    code, twice = {"kind": "code", "text": "We add.\n"}, {"question": "q", "segments": [said, said]}
    rows = [{"question": "q", "segments": [said]}, {"question": "q", "segments": [code, said]}, twice]
    assert [row["repetition"] for row in measured(rows)] == [0, 0, 0.5]


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("Wait, that is wrong. Alternatively, let me check: hmm.", 4),
        ("Let's double-check.\nWait no.", 2),
        ("They wait 5 minutes and let me in; another day, hold one.", 0),
        ("等等，让我检查一下。另一种方法", 3),
        ("Espera, vamos verificar. Alternativamente, de outra forma", 4),
        ("Esperamos 5 minutos.", 0),
    ],
)
def test_branching_markers_are_counted_in_three_languages(text, number):
    assert of_text(text)["branching"] == number


def test_what_only_the_judge_knows_comes_from_the_judge():
    batch = pa.RecordBatch.from_pylist(ROWS[:2], schema=SCHEMA)
    judged = pa.RecordBatch.from_pylist([dict.fromkeys(JUDGED, 3), dict.fromkeys(JUDGED)])
    assert [{name: row[name] for name in JUDGED} for row in quality_facts(batch, judged).to_pylist()] == [
        dict.fromkeys(JUDGED, 3), dict.fromkeys(JUDGED),
    ]  # fmt: skip
    assert all(row[name] is None for row in measured(ROWS) for name in JUDGED)
