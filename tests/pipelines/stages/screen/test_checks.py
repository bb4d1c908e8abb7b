import time

import pyarrow as pa
import pytest

from pipelines.engine.candidates import CANDIDATE_SCHEMA
from pipelines.engine.rejection import Rejection
from pipelines.sources.adapters.segments import parse_segments
from pipelines.sources.files.scan import read_records, scan
from pipelines.sources.render import render_parts
from pipelines.stages.screen.checks import breaks_off, check_latex, screen
from schemas.config import Screen, Source
from schemas.problem import Format
from schemas.reason import Reason

EVERYTHING = Screen()


def candidate(question="What is 1 + 1?", solution="It is \\boxed{2}.", format="cot", **columns) -> dict:
    segments = parse_segments(solution, Format(format)) if isinstance(solution, str) else solution
    row = dict.fromkeys(CANDIDATE_SCHEMA.names)
    row |= {"row_id": "r", "source": "s", "row": 0, "format": format, "question": question, "language": "en"}
    row["segments"] = [{"kind": segment.kind.value, "text": segment.text} for segment in segments]
    return row | {"licence": "MIT", "answer": "2"} | columns


def batch(*rows: dict) -> pa.RecordBatch:
    return pa.RecordBatch.from_pylist(list(rows), schema=CANDIDATE_SCHEMA)


def one(settings: Screen = EVERYTHING, **columns) -> Rejection | None:
    """Screens one candidate between two good ones, so that offsets matter."""
    first, found, last = screen(batch(candidate(), candidate(**columns), candidate()), settings)
    assert first is None
    assert last is None
    return found


def reason(settings: Screen = EVERYTHING, **columns) -> Reason | None:
    found = one(settings, **columns)
    return None if found is None else found.reason


def test_rows_that_have_a_reason_already_are_passed_over():
    spoiled = candidate(question="") | {"reason": "parse_error", "format": None, "segments": None, "question": None}
    assert screen(batch(spoiled, candidate(), spoiled), EVERYTHING) == [None, None, None]
    assert screen(batch(candidate(question="", reason="not_selected")), EVERYTHING) == [None]


def test_a_reason_that_is_kept_stops_nobody_and_hides_no_other():
    row = candidate(
        question="Find the area in the figure below, 2.", solution="First we add the two numbers and then the"
    )
    (first,) = screen(batch(row), EVERYTHING)
    (second,) = screen(batch(row), EVERYTHING, frozenset({Reason.TRUNCATED}))
    assert (first.reason, second.reason) == (Reason.TRUNCATED, Reason.NEEDS_FIGURE)
    assert screen(batch(row), EVERYTHING, frozenset({Reason.TRUNCATED, Reason.NEEDS_FIGURE})) == [None]


@pytest.mark.parametrize(
    ("system", "found", "detail"),
    [
        ("<|im_start|>system\nBe kind.", Reason.TEMPLATE_TOKENS, "system: '<|im_start|>'"),
        ("You are [Your Name].", Reason.PLACEHOLDER, "system: '[Your Name]'"),
        ("Be k\ufffdnd.", Reason.GARBLED_TEXT, "system: 'Be k\ufffdnd.'"),
        (r"Put it in \boxed{.", Reason.BAD_LATEX, "system: 1 opening braces and 0 closing ones"),
        ("Be kind.\n" * 20, Reason.DEGENERATE, "system: 20 of 20 lines are 'Be kind.'"),
        ("Be kind. " * 90, Reason.DEGENERATE, "system: the system turn says"),
    ],
)
def test_a_system_turn_is_screened_as_any_text(system, found, detail):
    rejection = one(system=system)
    assert (rejection.reason, rejection.detail.startswith(detail)) == (found, True)


@pytest.mark.parametrize(
    "system",
    [
        r"Please reason step by step, and put your final answer within \boxed{}.",
        "You are a patient tutor. Write it as shown in the figure below, and prove that it is so.",
        "Du bist ein Lehrer.",
        "",
    ],
)
def test_a_good_system_turn_passes(system):
    assert (
        one(system=system, language="zh", question="\u6c42 1 + 1 \u7684\u503c", solution="\u7b54\u6848\u662f 2\u3002")
        is None
    )


def test_a_system_turn_counts_among_the_characters():
    short = Screen(max_chars=100)
    assert one(short, system="a" * 50) is None
    rejection = one(short, system="ab " * 40)
    assert rejection.reason is Reason.TOO_LONG
    assert rejection.detail.startswith("system turn, question and solution have ")


def test_no_rows_give_no_verdicts():
    assert screen(batch(), EVERYTHING) == []


class TestStructure:
    def test_a_dialogue_without_output_is_bad(self):
        found = one(format="tir", solution="Do.\n```python\nprint(1)\n```\nIt is 1.")
        assert found == Rejection(Reason.BAD_SEGMENTS, "a program without its output after it")

    def test_a_whole_dialogue_is_good(self):
        assert one(format="tir", solution="Do.\n```python\nprint(1)\n```\n```output\n1\n```\nIt is 1.") is None

    def test_an_open_fence_is_bad(self):
        assert reason(solution="See:\n```python\nprint(1)") is Reason.BAD_SEGMENTS

    def test_a_program_that_holds_a_fence_cannot_be_read_back(self):
        found = one(format="pot", solution="text = '''\n```\n'''\nprint(text)")
        assert found == Rejection(Reason.BAD_SEGMENTS, "a segment holds a fence or a tag of its own")

    def test_no_segments_are_no_solution(self):
        assert one(solution=()) == Rejection(Reason.BAD_SEGMENTS, "no solution")

    def test_an_output_may_be_empty(self):
        assert one(format="tir", solution="Do.\n```python\nx = 1\n```\n```output\n```\nIt is 1.") is None


class TestLengths:
    def test_two_words_are_a_problem(self):
        assert one(question="Compute 2+2", solution="It is 4") is None

    @pytest.mark.parametrize(("least", "expected"), [(5, None), (6, Reason.TOO_SHORT)])
    def test_too_short_begins_below_the_bound(self, least, expected):
        assert reason(Screen(min_chars=least), question="12345", solution="123456789") is expected
        assert reason(Screen(min_chars=least), question="123456789", solution="12345") is expected

    def test_an_empty_question_is_too_short(self):
        assert one(question="") == Rejection(Reason.TOO_SHORT, "the question has 0 characters; at least 1")

    @pytest.mark.parametrize(("most", "expected"), [(60, None), (59, Reason.TOO_LONG)])
    def test_too_long_begins_above_the_bound(self, most, expected):
        assert reason(Screen(max_chars=most), question="x" * 30, solution="y" * 30) is expected

    def test_characters_are_counted_not_bytes(self):
        assert reason(Screen(max_chars=60), question="é" * 30, solution="y" * 30) is None


class TestLatex:
    @pytest.mark.parametrize(
        "text",
        [
            "plain $5 and $10",
            "an odd $ is money: \\boxed{5} costs $5",
            "\\frac{1}{2} \\left\\{ x \\right. \\{",
            "\\[ x \\\\[2pt] y \\] and \\( z \\)",
            "\\begin{align*} a &= \\begin{cases} 1 \\\\ 2 \\end{cases} \\end{align*}",
            "[asy] label('\\{{{', (0,0)); [/asy] \\boxed{1}",
            "a set {1, 2 without a command",
        ],
    )
    def test_what_balances_passes(self, text):
        assert one(solution=f"{text}.") is None

    @pytest.mark.parametrize(
        ("text", "wrong"),
        [
            ("\\frac{1}{2", "2 opening braces and 1 closing ones"),
            ("\\boxed{5}}", "1 opening braces and 2 closing ones"),
            ("\\[ x = 5.", "1 \\[ and 0 \\]"),
            ("\\( x = 5. \\] \\[", "1 \\( and 0 \\)"),
            ("\\begin{align} x.", "\\begin{align} is never closed"),
            ("\\begin{align} x \\end{aligned}.", "\\end{aligned} closes nothing"),
            ("x \\end{align}.", "\\end{align} closes nothing"),
        ],
    )
    def test_what_does_not_balance_is_bad(self, text, wrong):
        assert check_latex(text) == wrong
        assert one(solution=text + ".") == Rejection(Reason.BAD_LATEX, f"solution: {wrong}")
        assert one(question=text + "?") == Rejection(Reason.BAD_LATEX, f"question: {wrong}")

    def test_code_is_no_latex(self):
        assert one(format="pot", solution="print('\\\\frac{')") is None


class TestTruncated:
    LONG = "First we add the two numbers that the question names"

    @pytest.mark.parametrize("end", [" and the", " = 5 +", " so we get \\frac", ", which", ":", " ("])
    def test_words_that_break_off_are_truncated(self, end):
        assert reason(solution=self.LONG + end) is Reason.TRUNCATED

    @pytest.mark.parametrize(
        "end", ["", ".", " = 5", " $5$", " in all", " 5 m)", "!", " and the answer is \\boxed{5},"]
    )
    def test_words_that_end_are_not(self, end):
        assert one(solution=self.LONG + end) is None

    @pytest.mark.parametrize("end", [" **Answer: 55**", " `x = 5`", " _so 5_", " ***5***"])
    def test_emphasis_that_closes_is_no_part_of_the_end(self, end):
        assert one(solution=self.LONG + end) is None

    @pytest.mark.parametrize("end", [" = 5 *", " = 5**", " **so the", " **Answer: 5 +**"])
    def test_emphasis_hides_no_broken_end(self, end):
        assert reason(solution=self.LONG + end) is Reason.TRUNCATED

    @pytest.mark.parametrize("end", ["\n\n---", "\n***", " \\\\", "\n___\n---"])
    def test_a_line_across_and_a_line_break_are_no_part_of_the_end(self, end):
        assert one(solution=self.LONG + ". It is 5." + end) is None
        assert reason(solution=self.LONG + " so the" + end) is Reason.TRUNCATED

    def test_an_end_of_many_marks_takes_no_time(self):
        for mark in (" \\\\", "\n---", "\n", " *", "-"):
            assert not breaks_off(self.LONG + mark * 20_000 + "5.")

    def test_a_row_whose_last_words_state_its_answer_is_whole(self):
        assert breaks_off(self.LONG + ".\n#### 5,")
        assert one(solution=self.LONG + ".\n#### 5,", answer="5") is None
        assert reason(solution=self.LONG + ".\n#### 6,", answer="5") is Reason.TRUNCATED

    @pytest.mark.parametrize(
        ("text", "broken"),
        [
            ("1. The first is 5.\n2. The second is 6.\n3.", True),
            ("1) The first is 5.\n2)", True),
            ("- The first is 5.\n-", True),
            ("a) The first is 5.\nb)", True),
            ("(a) The first is 5.\n(b)", True),
            ("So it is the line from (a) to\n(c)", False),
            ("1. The first is 5.\n2. The second is 6.", False),
            ("1. The first is 5.\nSo it is\n3.", False),
            ("So it is\n42.", False),
            ("So it is\n-", False),
        ],
    )
    def test_a_list_that_ends_in_an_empty_item_is_cut(self, text, broken):
        assert breaks_off(text) == broken
        assert (reason(solution=text) is Reason.TRUNCATED) == broken

    def test_short_answers_are_not(self):
        assert one(solution="x = 5,") is None

    def test_only_the_last_words_count(self):
        assert one(format="tir", solution="We add the\n```python\nprint(1)\n```\n```output\n1\n```\nIt is 1.") is None


class TestProofs:
    @pytest.mark.parametrize("question", ["Prove that $1 < 2$.", "Let n > 0. Show that n + 1 > 1.", "Prove 1 < 2."])
    def test_a_proof_without_an_answer(self, question):
        assert reason(question=question, answer=None, solution="Clear.") is Reason.PROOF_ONLY
        assert reason(question=question, answer="proof", solution="Clear.") is Reason.PROOF_ONLY

    def test_a_proof_with_an_answer_stays(self):
        assert one(question="Show that it is finite, and compute it.", answer="5", solution="It is 5.") is None
        assert one(question="Prove that it is 5.", answer=None, solution="It is \\boxed{5}.") is None

    def test_the_sentinel_alone_says_it(self):
        assert reason(question="Is it so?", answer="proof", solution="Yes, \\boxed{}.") is Reason.PROOF_ONLY

    def test_other_questions_without_answers_stay(self):
        assert one(question="The graph shows the profit. What is it?", answer=None, solution="Five") is None
        assert one(question="A waterproof coat costs 5. How much are 2?", answer=None, solution="Ten") is None


CHINESE = "小明有3个苹果，小红有5个苹果，两人一共有多少个苹果？"
RUSSIAN = "У Маши было три яблока, у Пети пять яблок. Сколько всего яблок?"


class TestLanguage:
    @pytest.mark.parametrize(
        ("question", "language", "expected"),
        [
            (CHINESE, "zh", None),
            (CHINESE, "en", Reason.WRONG_LANGUAGE),
            (CHINESE, "ja", None),
            (CHINESE, "ru", Reason.WRONG_LANGUAGE),
            (RUSSIAN, "ru", None),
            (RUSSIAN, "de", Reason.WRONG_LANGUAGE),
            ("How many apples do they have together?", "zh", Reason.WRONG_LANGUAGE),
            ("How many apples do they have together?", "fr", None),
            ("Wie viele Äpfel haben sie?", "de", None),
            ("求 $\\sin x + \\cos x$ 的最大值", "zh", None),
            ("$x^2 + 2x + 1 = 0$, $x = ?$", "zh", None),
            ("Compute 2+2", "zh", None),
            ("Compute 2+2", "en", None),
            ("Solve α + β = γ when Δ > 0", "en", None),
            ("The word 苹果 means apple. How many letters has it?", "en", None),
            ("苹果 (apple, Malus domestica) 多少", "zh", None),
            ("anything at all 苹果苹果苹果苹果", "xx", None),
        ],
    )
    def test_scripts(self, question, language, expected):
        assert reason(question=question, language=language, solution="\\boxed{5}.") is expected

    def test_the_solution_counts_too(self):
        found = one(solution="小明一共有八个苹果，所以答案是 \\boxed{8}。")
        assert found is not None
        assert found.reason is Reason.WRONG_LANGUAGE
        assert found.detail.startswith("solution: ")


class TestLicences:
    def test_only_what_is_allowed_enters(self):
        allowed = Screen(allowed_licences=["MIT", "CC-BY-4.0"])
        assert reason(allowed, licence="mit") is None
        found = screen(batch(candidate(licence="CC-BY-NC-4.0")), allowed)[0]
        assert found == Rejection(Reason.FORBIDDEN_LICENCE, "CC-BY-NC-4.0 is not among MIT, CC-BY-4.0")

    def test_without_a_list_all_enter(self):
        assert one(licence="proprietary") is None


def test_the_first_reason_wins():
    long = candidate(format="tir", solution="no program, and long")
    for most, first in ((10, Reason.TOO_LONG), (100, Reason.BAD_SEGMENTS)):  # length comes before any reading
        (found,) = screen(batch(long), Screen(max_chars=most))
        assert found is not None
        assert found.reason is first


def parts(path, **settings) -> list[pa.RecordBatch]:
    source = Source.model_validate({"name": "real", "path": "x", "licence": "MIT", **settings})
    splits = [split for file in scan(str(path)) for split in file.splits]
    return [part for part, _ in render_parts((record for split in splits for record in read_records(split)), source)]


@pytest.mark.parametrize(
    ("name", "settings", "candidates"),
    [
        ("cot/gsm8k_train.jsonl", {"adapter": "gsm8k"}, 7473),
        ("eval/gsm8k_test.jsonl", {"adapter": "gsm8k", "derive": ["pot", "tir"]}, 3735),
        ("cot/math_train_3000_solutions.jsonl", {"adapter": "math"}, 3000),
        ("eval/math_test.jsonl", {"adapter": "math"}, 5000),
        ("tir/tora_corpus_examples.jsonl", {"adapter": "messages"}, 30),
    ],
)
def test_no_screen_rejects_what_humans_wrote_and_checked(real_data, name, settings, candidates):
    read = parts(real_data / name, **settings)
    found = [rejection for part in read for rejection in screen(part, EVERYTHING)]
    assert len(found) == candidates
    assert [rejection for rejection in found if rejection] == []


def test_a_row_costs_microseconds(real_data):
    read = parts(real_data / "cot" / "gsm8k_train.jsonl", adapter="gsm8k")
    best = min(_seconds(read) for _ in range(3))
    assert best / 7473 < 100e-6, "about 18 us on an idle core"


def _seconds(read: list[pa.RecordBatch]) -> float:
    start = time.process_time()
    for part in read:
        screen(part, EVERYTHING)
    return time.process_time() - start
