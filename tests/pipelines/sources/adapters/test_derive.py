import io
import json
import re
from contextlib import redirect_stdout
from fractions import Fraction

import pytest

from benchmarks.derivations import page
from pipelines.sources.adapters.derive import answer_sentence, derive
from pipelines.sources.adapters.gsm8k import read_gsm8k
from pipelines.sources.files.scan import read_records, scan
from pipelines.stages.screen.structure import check_structure
from schemas.config import Source
from schemas.problem import Format, SegmentKind, Solution
from tests.conftest import REPOSITORY

BOTH = (Format.POT, Format.TIR)
QUESTION = "Natalia sold clips to 48 of her friends in April, and half as many in May. How many altogether?"
STEPS = "Natalia sold 48/2 = <<48/2=24>>24 clips in May.\nAltogether that is 48+24 = <<48+24=72>>72 clips."


def program(steps: str, answer: str, question: str = "") -> str | None:
    solutions = derive(question, steps, answer, [Format.POT])
    return solutions[0].segments[0].text if solutions else None


def lines(steps: str, answer: str, question: str = "") -> list[str]:
    """The program without its comments."""
    return [line for line in (program(steps, answer, question) or "").split("\n") if not line.startswith("#")]


def test_annotations_become_a_program_with_the_words_as_comments():
    (solution,) = derive(QUESTION, STEPS, "72", [Format.POT])
    assert solution.derived
    assert solution.format is Format.POT
    assert [(segment.kind, segment.text) for segment in solution.segments] == [
        (
            SegmentKind.CODE,
            "# Natalia sold 48/2 = 24 clips in May.\n"
            "clips_in_may = 48 // 2\n"
            "# Altogether that is 48+24 = 72 clips.\n"
            "clips = 48 + clips_in_may\n"
            "print(clips)",
        )
    ]


def test_annotations_become_a_dialogue():
    (solution,) = derive(QUESTION, STEPS, "72", [Format.TIR])
    assert [(segment.kind.value, segment.text) for segment in solution.segments] == [
        ("text", "Natalia sold 48/2 clips in May.\nAltogether that is 48+24 clips."),
        ("code", "clips_in_may = 48 // 2\nclips = 48 + clips_in_may\nprint(clips)"),
        ("output", "72"),
        ("text", "The answer is \\boxed{72}."),
    ]
    assert check_structure(Format.TIR, solution.segments) is None


def test_formats_come_in_the_order_asked_and_cot_is_not_derived():
    assert [solution.format for solution in derive(QUESTION, STEPS, "72", (Format.TIR, Format.COT, Format.POT))] == [
        Format.TIR,
        Format.POT,
    ]


@pytest.mark.parametrize(
    ("steps", "answer"),
    [
        ("no calculation", "72"),
        ("48/2 = <<48/2=24>>24", "25"),
        ("48/2 = <<48/2=25>>25", "25"),
        ("x = <<x=24>>24", "24"),
        ("a third <<1/3=0.33>>0.33", "0.33"),
        ("48/2 = <<48/2=24>>24", "twenty-four"),
        ("48/0 = <<48/0=0>>0", "0"),
        ("2(3) = <<2(3)=6>>6", "6"),
    ],
)
def test_nothing_is_derived_unless_the_annotations_carry_the_answer(steps, answer):
    assert derive("", steps, answer, BOTH) == []


def test_the_answer_counts_by_value():
    assert program("He has $<<600*2=1200>>1,200.", "1,200.00") is not None


def test_a_number_that_the_question_names_stays_a_number():
    steps = "He has 1+1 = <<1+1=2>>2 dogs.\nEach eats 2*3 = <<2*3=6>>6 bones."
    assert lines(steps, "6", "Each dog eats 3 bones.")[1] == "bones = dogs * 3"
    assert lines(steps, "6", "Each dog eats 3 bones in 2 days.")[1] == "bones = 2 * 3"


@pytest.mark.parametrize(
    ("expression", "value", "code"),
    [
        ("48/2", "24", "48 // 2"),
        ("80/100*10", "8", "80 / 100 * 10"),
        ("10*80/100", "8", "10 * 80 // 100"),
        ("5/2", "2.5", "5 / 2"),
        ("0.1*3", "0.3", "round(0.1 * 3, 1)"),
        (".25/.05", "5", "0.25 / 0.05"),
        ("(2+3)*4", "20", "(2 + 3) * 4"),
        ("2+(3*4)", "14", "2 + 3 * 4"),
        ("-5+8", "3", "-5 + 8"),
        ("007+1", "8", "7 + 1"),
        ("6", "6", "6"),
        ("2.50*2", "5", "2.5 * 2"),
    ],
)
def test_calculations_are_written_as_python_of_the_same_value(expression, value, code):
    assert lines(f"It is <<{expression}={value}>>{value} apples.", value) == [f"apples = {code}", "print(apples)"]


@pytest.mark.parametrize(
    ("words", "name"),
    [
        ("Natalia sold 48/2 = {} clips in May.", "clips_in_may"),
        ("Weng earns 48/2 = ${} per minute.", "weng_earns_per_minute"),
        ("She paid 48/2 = ${} for the tickets.", "paid_for_tickets"),
        ("The total cost is 48/2 = ${}.", "total_cost"),
        ("So, each of the organizations will receive $48 / 2 = ${}.", "each_organizations_receive"),
        ("Fred has 48/2 = {} red and green marbles because he bought some.", "red_and_green_marbles"),
        ("Mary's age is 48/2 = {}", "mary_age"),
        ("48/2 = {}", "step_1"),
        ("the sum is 48/2 = {}", "sum_value"),
        ("there are 48/2={} in the class", "in_class"),
        ("48 eggs / 2 = {} a day", "eggs_per_day"),
    ],
)
def test_variables_are_named_from_the_words_around(words, name):
    steps = words.format("<<48/2=24>>24")
    assert lines(steps, "24")[0] == f"{name} = 48 // 2"


def test_names_are_never_taken_twice():
    steps = "\n".join(f"He has 1+{n} = <<1+{n}={n + 1}>>{n + 1} eggs." for n in range(1, 5))
    names = [line.split(" = ")[0] for line in lines(steps, "5")[:-1]]
    assert names == ["eggs", "eggs_2", "eggs_3", "eggs_4"]


def test_lines_without_calculation_stay_as_comments():
    text = program("First some words.\nIt is <<1+1=2>>2 eggs.\n\nAnd so on.", "2")
    assert text == "# First some words.\n# It is 2 eggs.\neggs = 1 + 1\n# And so on.\nprint(eggs)"


def test_a_result_stays_in_the_words_where_no_number_leads_to_it():
    (solution,) = derive("", "He has 4 cards + 3 cards = <<4+3=7>>7 cards. <<7=7>>7 it is.", "7", [Format.TIR])
    assert solution.segments[0].text == "He has 4 cards + 3 cards = 7 cards. 7 it is."


def test_a_box_holds_no_thousands_comma():
    assert answer_sentence("1,234,567") == "The answer is \\boxed{1234567}."


def derived(real_data) -> list[tuple[str, list[Solution]]]:
    rows = [
        record.value
        for file in scan(str(real_data / "cot" / "gsm8k_train.jsonl"))
        for split in file.splits
        for record in read_records(split)
        if record.value is not None
    ]
    parts = [(row["question"], *row["answer"].rpartition("\n#### ")[::2]) for row in rows]
    return [(answer, derive(question, steps, answer, BOTH)) for question, steps, answer in parts]


def test_the_page_to_read_shows_twenty_rows_as_they_are_derived_today(real_data):
    shown = (REPOSITORY / "docs" / "derivations.md").read_text(encoding="utf-8")
    questions = set(re.findall(r"^> (.+)$", shown, re.MULTILINE))
    fields = {"name": "gsm8k", "path": "x", "adapter": "gsm8k", "licence": "MIT", "derive": ["pot", "tir"]}
    source = Source.model_validate(fields)
    lines = (real_data / "cot" / "gsm8k_train.jsonl").read_text(encoding="utf-8").splitlines()
    rows = [row for row in map(json.loads, lines) if " ".join(row["question"].split()) in questions]
    assert len(rows) == len(questions) == 20
    derived_today = page([read_gsm8k(row, source) for row in rows], "")
    assert shown.endswith(derived_today)
    assert not shown.endswith(derived_today.replace("print(", "print (", 1))


@pytest.mark.slow
def test_gsm8k_yields_a_program_for_each_of_7001_rows(real_data):
    found = [(answer, solutions) for answer, solutions in derived(real_data) if solutions]
    assert len(found) == 7001
    names: list[str] = []
    for answer, (pot, tir) in found:
        code, dialogue = pot.segments[0].text, [segment.text for segment in tir.segments]
        printed = run(code)
        assert Fraction(printed) == Fraction(answer.replace(",", ""))
        assert (run(dialogue[1]), dialogue[2]) == (printed, printed)
        names += re.findall(r"^(\w+) = ", code, re.MULTILINE)
    from_text = [name for name in names if not name.startswith("step_")]
    assert len(from_text) / len(names) > 0.98
    assert sum(bool(re.search(r"_\d+$", name)) for name in from_text) / len(names) < 0.06


def run(code: str) -> str:
    """Runs a derived program: arithmetic on literals and a print, as the derivation guarantees."""
    printed = io.StringIO()
    with redirect_stdout(printed):
        exec(code, {})
    return printed.getvalue().strip()
