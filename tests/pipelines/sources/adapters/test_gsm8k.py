import pytest

from pipelines.sources.adapters.registry import ADAPTERS
from pipelines.sources.files.scan import read_records, scan
from schemas.problem import Format
from schemas.reason import Reason
from tests.pipelines.sources.adapters.rows import laid_out, read, refusal, source

NATALIA = {
    "question": "Natalia sold clips to 48 of her friends in April, and half as many in May. How many?",
    "answer": "Natalia sold 48/2 = <<48/2=24>>24 clips in May.\nAltogether 48+24 = <<48+24=72>>72 clips.\n#### 72",
}


def test_the_words_stay_without_annotations_and_end_in_the_answer():
    problem = read("gsm8k", NATALIA)
    assert laid_out(problem) == [
        (
            "text",
            "Natalia sold 48/2 = 24 clips in May.\nAltogether 48+24 = 72 clips.\nThe answer is \\boxed{72}.",
        )
    ]
    assert (problem.answer, problem.independent, problem.language) == ("72", False, "en")
    assert [solution.format for solution in problem.solutions] == [Format.COT]


def test_formats_are_derived_when_the_source_asks():
    problem = read("gsm8k", NATALIA, derive=["pot", "tir"])
    assert [(solution.format, solution.derived) for solution in problem.solutions] == [
        (Format.COT, False),
        (Format.POT, True),
        (Format.TIR, True),
    ]


def test_a_thousands_comma_leaves_the_box_and_stays_in_the_answer():
    problem = read("gsm8k", {"question": "q", "answer": "He has $1,200.\n#### 1,200"})
    assert problem.answer == "1,200"
    assert laid_out(problem)[0][1] == "He has $1,200.\nThe answer is \\boxed{1200}."


@pytest.mark.parametrize(
    ("record", "reason", "detail"),
    [
        ({"question": "q", "answer": "no final"}, Reason.MISSING_FIELD, "answer has no line `#### 42`"),
        ({"question": "q", "answer": "text\n####  "}, Reason.MISSING_FIELD, "answer has no line `#### 42`"),
        ({"question": "q", "answer": "#### 1\n#### 2"}, Reason.UNSUPPORTED, "answer has more than one `####`"),
        ({"question": "  ", "answer": "#### 2"}, Reason.MISSING_FIELD, "question is empty"),
        ({"answer": "#### 2"}, Reason.MISSING_FIELD, "no question; the record has answer"),
        ({"question": ["q"], "answer": "#### 2"}, Reason.UNSUPPORTED, "question is no text but list"),
    ],
)
def test_what_it_cannot_read_says_why(record, reason, detail):
    assert refusal("gsm8k", record) == (reason, detail)


def test_gsm8k_is_read_as_the_reference_says(real_data):
    gsm8k = source("gsm8k")
    problems = [
        ADAPTERS["gsm8k"].read(record.value, gsm8k)
        for file in scan(str(real_data / "cot" / "gsm8k_train.jsonl"))
        for split in file.splits
        for record in read_records(split)
        if record.value is not None
    ]
    answers = [problem.answer for problem in problems if problem.answer]
    assert len(answers) == 7473
    assert sum("," in answer for answer in answers) == 79
    assert sum(answer.startswith("-") for answer in answers) == 3
    texts = [solution.segments[0].text for problem in problems for solution in problem.solutions]
    assert not any("<<" in text or "####" in text for text in texts)
    assert all(text.endswith("}.") for text in texts)
