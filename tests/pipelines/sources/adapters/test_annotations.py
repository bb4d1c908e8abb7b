import json

import pytest

from pipelines.sources.adapters.annotations import with_derived
from pipelines.sources.adapters.columns import read_columns
from pipelines.sources.adapters.gsm8k import read_gsm8k
from schemas.problem import Format, Problem, Segment, SegmentKind, Solution
from tests.pipelines.sources.adapters.rows import source

TEXT, THINK = SegmentKind.TEXT, SegmentKind.THINK
ROLLS = "The trays hold 12*7 = <<12*7=84>>84 rolls.\nAfter that 84-4 = <<84-4=80>>80 rolls are left."
PROGRAM = (
    "# The trays hold 12*7 = 84 rolls.\nrolls = 12 * 7\n"
    "# After that 84-4 = 80 rolls are left.\nrolls_2 = rolls - 4\nprint(rolls_2)"
)


def problem(text: str, answer: str | None = None, format: Format = Format.COT) -> Problem:
    solution = Solution(format, (Segment(TEXT, text),))
    return Problem("How many rolls are left?", (solution,), answer, independent=answer is not None)


def words(read: Problem) -> str:
    return "\n".join(segment.text for segment in read.solutions[0].segments)


def program(read: Problem) -> str | None:
    """The derived program, None where there is none."""
    return next((made.segments[0].text for made in read.solutions if made.format is Format.POT), None)


def test_without_a_format_asked_the_annotations_stay_in_the_words():
    row = problem(ROLLS, "80")
    assert with_derived(row, []) is row


def test_the_annotations_leave_the_words_and_are_kept_for_the_judge():
    read = with_derived(problem(f"{ROLLS}\n#### 80"), [Format.POT])
    assert words(read) == "The trays hold 12*7 = 84 rolls.\nAfter that 84-4 = 80 rolls are left.\n#### 80"
    assert read.solutions[0].annotations == ("12*7=84", "84-4=80")
    assert not read.solutions[0].derived


@pytest.mark.parametrize(
    "ending",
    [
        "\n#### 80",
        "\nThe answer is \\boxed{80}.",
        " The answer is \\boxed{80}.",
        "\n\n**Answer:** 80",
        " The answer is 80 rolls. Well done!",
        "\nThe answer is $80.",
    ],
)
def test_the_sentence_of_the_answer_is_no_step(ending):
    read = with_derived(problem(ROLLS + ending), [Format.POT])
    assert words(read).endswith(ending.strip())
    assert program(read) == PROGRAM


def test_a_dialogue_ends_in_the_answers_number():
    _, dialogue = with_derived(problem(f"{ROLLS}\nThe answer is $80."), [Format.TIR]).solutions
    assert [segment.text for segment in dialogue.segments] == [
        "The trays hold 12*7 rolls.\nAfter that 84-4 rolls are left.",
        "rolls = 12 * 7\nrolls_2 = rolls - 4\nprint(rolls_2)",
        "80",
        "The answer is \\boxed{80}.",
    ]


def test_a_box_in_the_last_step_stays_in_the_words_and_tells_nothing_in_the_dialogue():
    read = with_derived(problem(ROLLS.replace(">>80", ">>\\boxed{80}")), [Format.TIR])
    assert words(read).endswith("84-4 = \\boxed{80} rolls are left.")
    assert read.solutions[1].segments[0].text == "The trays hold 12*7 rolls.\nAfter that 84-4 rolls are left."


@pytest.mark.parametrize("answer", ["80", "80.0", "$80", "80 rolls", "80 fresh rolls"])
def test_the_rows_own_answer_is_derived_to_and_stays_as_it_is(answer):
    read = with_derived(problem(ROLLS, answer), [Format.POT])
    assert program(read) == PROGRAM
    assert (read.answer, read.independent) == (answer, True)


@pytest.mark.parametrize(
    ("text", "answer"),
    [
        (ROLLS, None),
        (f"{ROLLS}\n#### 80", "81"),
        (ROLLS.replace("=84>>", "=85>>"), "80"),
        (ROLLS, "eighty"),
        (ROLLS, "80%"),
        ("It is 84-4 = 80.\n#### 80", "80"),
    ],
    ids=["no answer", "another answer", "a wrong calculation", "no number", "no such number", "no annotation"],
)
def test_nothing_is_derived_where_the_annotations_do_not_lead_to_the_answer(text, answer):
    assert [solution.format for solution in with_derived(problem(text, answer), [Format.POT]).solutions] == [Format.COT]


def test_an_answer_that_the_solution_states_itself_is_no_independent_reference():
    read = with_derived(problem(f"{ROLLS}\n#### 80"), [Format.POT])
    assert (read.answer, read.independent) == ("80", False)


def test_a_thought_loses_its_annotations_and_is_no_step():
    thought = Segment(THINK, "9*9 = <<9*9=80>>80, no.")
    solution = Solution(Format.COT, (thought, Segment(TEXT, f"{ROLLS}\n#### 80")))
    read = with_derived(Problem("q", (solution,)), [Format.POT])
    assert read.solutions[0].segments[0] == Segment(THINK, "9*9 = 80, no.")
    assert read.solutions[0].annotations == ("12*7=84", "84-4=80")
    assert program(read) == PROGRAM


@pytest.mark.parametrize("format", [Format.POT, Format.TIR])
def test_a_solution_that_is_no_chain_of_thought_stays_as_it_is(format):
    row = problem(ROLLS, "80", format)
    assert with_derived(row, [Format.POT]) is row


def test_a_row_without_solution_stays_as_it_is():
    row = Problem("q", (), "80")
    assert with_derived(row, [Format.POT]) is row


def test_gsm8k_read_by_name_gives_what_its_own_adapter_gives(real_data):
    lines = (real_data / "cot" / "gsm8k_train.jsonl").read_text(encoding="utf-8").splitlines()[:500]
    names = {"question": "question", "solution": "answer"}
    own = source("gsm8k", derive=["pot", "tir"])
    named = source("columns", format="cot", columns=names, derive=["pot", "tir"])
    count = 0
    for record in map(json.loads, lines):
        expected, found = read_gsm8k(record, own), read_columns(record, named)
        assert found.solutions[1:] == expected.solutions[1:]
        assert (found.answer, found.solutions[0].annotations) == (expected.answer, expected.solutions[0].annotations)
        count += len(found.solutions) - 1
    assert count == 926
