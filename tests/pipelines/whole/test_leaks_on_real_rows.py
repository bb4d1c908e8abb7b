"""The goals of decontamination on public benchmarks: what must be refused is, what is no leak is not. Slow."""

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from pipelines.curate import curate
from pipelines.engine.rejection import Rejection
from pipelines.stages.decontaminate.leaks import BenchmarkIndex, check
from pipelines.validate import validate
from schemas.benchmark import BENCHMARK_SCHEMA
from schemas.config import Config, Decontaminate
from schemas.example import SEGMENTS
from schemas.reason import Reason
from schemas.verdict import Status
from validation.answers import extract

pytestmark = pytest.mark.slow
CERTAIN = {Reason.BENCHMARK_EXACT, Reason.BENCHMARK_NGRAM}
HOMOGLYPHS = str.maketrans("aeopcxyATHE", "аеорсхуАТНЕ")


def rows_of(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


@pytest.fixture(scope="module")
def items(real_data: Path) -> list[tuple[str, str | None]]:
    """Questions and answers of GSM8K test and MATH test."""
    gsm8k, math = (rows_of(real_data / "eval" / f"{name}_test.jsonl") for name in ("gsm8k", "math"))
    texts = [(row["question"], row["answer"]) for row in gsm8k] + [(row["problem"], row["solution"]) for row in math]
    return [(question, extract(solution).answer) for question, solution in texts]


@pytest.fixture(scope="module")
def index(items: list[tuple[str, str | None]]) -> BenchmarkIndex:
    questions, answers = zip(*items, strict=True)
    constant = {"benchmark": "items", "language": "en", "variants": "report", "solution": None}
    table = [
        {"position": place, "question": question, "answer": answer, **constant}
        for place, (question, answer) in enumerate(zip(questions, answers, strict=True))
    ]
    return BenchmarkIndex.build(pa.Table.from_pylist(table, BENCHMARK_SCHEMA))


def refused(
    index: BenchmarkIndex,
    questions: list[str],
    *,
    code: list[str] | None = None,
    answers: list[str | None] | None = None,
    language: str = "en",
) -> list[Rejection | None]:
    columns = {
        "question": pa.array(questions, pa.string()),
        "segments": pa.array([[{"kind": "code", "text": one}] for one in code or [""] * len(questions)], SEGMENTS),
        "answer": pa.array(answers or [None] * len(questions), pa.string()),
        "language": pa.array([language] * len(questions), pa.string()),
    }
    said = check(pa.RecordBatch.from_pydict(columns), index, Decontaminate())
    return [one if isinstance(one, Rejection) else None for one in said]


DISGUISES: dict[str, Callable[[str], str]] = {
    "as it is": lambda text: text,
    "homoglyphs": lambda text: text if "\\" in text else text.translate(HOMOGLYPHS),
    "full width": lambda text: "".join(chr(ord(sign) + 0xFEE0) if "!" <= sign <= "~" else sign for sign in text),
    "zero width": "\u200b".join,
    "spaced": lambda text: text.replace(" ", "  \n "),
    "upper case": lambda text: text if "\\" in text else text.upper(),
    "prefixed": lambda text: f"Solve the following problem step by step.\n\nQuestion: {text}",
}


@pytest.mark.parametrize("disguise", DISGUISES)
def test_every_copy_of_an_item_is_refused(
    disguise: str, index: BenchmarkIndex, items: list[tuple[str, str | None]]
) -> None:
    texts = [DISGUISES[disguise](question) for question, _ in items]
    missed = [text for text, found in zip(texts, refused(index, texts), strict=True) if found is None]
    assert missed == []


def test_every_item_in_a_docstring_is_refused(index: BenchmarkIndex, items: list[tuple[str, str | None]]) -> None:
    long = [question for question, _ in items if len(question.split()) >= 10]
    assert len(long) > 0.9 * len(items)
    programs = [f'def solution():\n    """{question}"""\n    return 1' for question in long]
    found = refused(index, ["What does this program return?"] * len(long), code=programs)
    assert [text for text, one in zip(long, found, strict=True) if one is None] == []


def test_every_trajectory_on_a_test_question_is_refused(index: BenchmarkIndex, real_data: Path) -> None:
    tora = rows_of(real_data / "tir" / "tora70b_gsm8k_test_outputs.jsonl")
    mathcoder = [
        *rows_of(real_data / "tir" / "mathcoder_L7b_math_test_correct.jsonl"),
        *rows_of(real_data / "tir" / "mathcoder_L70b_gsm8k_test_wrong.jsonl"),
    ]
    pot = [
        row
        for name in ("fewshot", "zeroshot")
        for row in rows_of(real_data / "pot" / f"pot_codex_gsm8k_{name}.jsonl")
        if "question" in row
    ]
    asked = [
        *(row["question"] for row in tora),
        *(row["messages"][1]["content"][0]["content"] for row in mathcoder),
        *(row["question"] for row in pot),
    ]
    found = refused(index, asked)
    assert [text for text, one in zip(asked, found, strict=True) if one is None] == []
    assert len(asked) > 5000


def test_the_english_rows_of_mgsm_are_refused_for_certain(index: BenchmarkIndex, real_data: Path) -> None:
    lines = (real_data / "multiling" / "mgsm_en.tsv").read_text(encoding="utf-8").splitlines()
    found = refused(index, [line.split("\t")[0] for line in lines])
    assert len(found) == 250
    assert all(one is not None and one.reason in CERTAIN for one in found)


def test_translations_are_mostly_caught_and_strangers_seldom(index: BenchmarkIndex, real_data: Path) -> None:
    recalls = []
    for language in ("zh", "de", "fr", "es", "ja"):
        lines = (real_data / "multiling" / f"mgsm_{language}.tsv").read_text(encoding="utf-8").splitlines()
        questions, answers = zip(*(line.split("\t") for line in lines), strict=True)
        wanted = [answer.replace(",", "") for answer in answers]
        found = refused(index, list(questions), answers=list(wanted), language=language)
        assert {one.reason for one in found if one} == {Reason.BENCHMARK_PARAPHRASE}  # quarantined, not removed
        recalls.append(sum(one is not None for one in found) / len(found))
    assert sum(recalls) / len(recalls) >= 0.7, recalls
    cmath = [(row["question"], row["golden"]) for row in rows_of(real_data / "multiling" / "cmath_test.jsonl")]
    text = (real_data / "multiling" / "math23k_test.json").read_text(encoding="utf-8")
    array = re.sub(r"\}\s*\{", "},{", text)  # objects one after another
    math23k = [(row["original_text"], row["ans"]) for row in json.loads(f"[{array}]")]
    for strangers in (cmath, math23k):  # false alarms: 1.3 % and less; quarantined
        questions, answers = zip(*strangers, strict=True)
        alarms = refused(index, list(questions), answers=list(answers), language="zh")
        assert {one.reason for one in alarms if one} <= {Reason.BENCHMARK_PARAPHRASE}
        assert sum(one is not None for one in alarms) <= 0.02 * len(alarms)


def test_training_rows_of_gsm8k_are_hardly_ever_refused(index: BenchmarkIndex, real_data: Path) -> None:
    rows = rows_of(real_data / "cot" / "gsm8k_train.jsonl")
    answers = [extract(row["answer"]).answer for row in rows]
    found = refused(index, [row["question"] for row in rows], answers=answers)
    assert sum(one is not None for one in found) <= 0.001 * len(rows)


def test_what_is_kept_of_public_rows_passes_the_gate(real_data: Path, tmp_path: Path) -> None:
    """Curate and gate look for items in ways of their own: what one calls another problem the other must not refuse."""
    named = {"licence": "MIT", "adapter": "math", "path": str(real_data / "cot/math_train_3000_solutions.jsonl")}
    asked = {"licence": "MIT", "path": str(real_data / "eval/math_test.jsonl"), "question": "problem"}
    config = Config.model_validate(
        {
            "curate": {
                "sources": [{"name": "math", **named}],
                "benchmarks": [{"name": "math_test", "answer": "solution", **asked}],
            }
        }
    )
    manifest = curate(config, tmp_path / "data")
    assert manifest.counts.kept > 2900
    assert validate(tmp_path / "data", config).status == Status.PASSED
