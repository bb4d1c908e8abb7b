import pytest

from pipelines.stages.screen.dirt import garbled, is_bare, lacks_options, repeated
from schemas.problem import Segment, SegmentKind
from schemas.reason import Reason
from tests.pipelines.stages.screen.test_checks import one, reason

PROSE = (
    "A farmer keeps {0} hens, and each of them lays two eggs a day. In a week the hens lay 7 * {0} * 2 eggs. "
    "Half of them go to market, where a dozen costs three coins; the rest feeds the {0} people of the farm.\n"
)


class TestRepetition:
    @pytest.mark.parametrize(("times", "found"), [(7, False), (8, True), (40, True)])
    def test_a_line_that_is_half_of_all_lines_is_found_from_eight_on(self, times, found):
        lines = [line for place in range(times) for line in ("So it is 7.", f"Step {place}")]
        assert (repeated("\n".join(lines)) is not None) == found

    @pytest.mark.parametrize(("times", "found"), [(5, False), (6, True)])
    @pytest.mark.parametrize("line", ["The answer is 7.", "```"])
    def test_a_line_that_follows_itself_is_found_from_six_on(self, line, times, found):
        text = "".join(PROSE.format(place) for place in range(9)) + f"{line}\n" * times
        assert (repeated(text) is not None) == found

    def test_a_phrase_without_line_ends_is_found_by_itself_or_at_the_end(self):
        loop = "so we get the same again, " * 30
        assert repeated(loop) is not None
        assert repeated("".join(PROSE.format(place) for place in range(9)) + loop) is not None

    def test_a_phrase_that_counts_on_is_found(self):
        assert repeated(" ".join(f"Step {place}: we add one and go on." for place in range(200))) is not None

    @pytest.mark.parametrize(
        ("text", "what"),
        [
            ("So x = 3.\nSo y is 4.\n" * 9, "9 of 18 lines"),
            ("We add.\nThen we check.\nThen we go on.\n" * 9, "9 of 27 lines"),
            ("\n".join(f"Step {place}: We take the same once more." for place in range(12)), "12 of 12 lines"),
            ("It is 7" + "!" * 60, "stands 60 times"),
            ("".join(PROSE.format(place) for place in range(3)) + "We take the same again. " * 12 + "So 7.", "12 sent"),
            ("So " + "seven " * 20 + "is it, and that is all.", "'seven' stands 20 times"),
        ],
    )
    def test_some_lines_in_turn_and_a_row_of_one_sign_are_found(self, text, what):
        assert what in (repeated(text) or "")

    @pytest.mark.parametrize(
        "text",
        [
            "",
            "It is 7" + "!" * 59,
            "1" * 80 + " is a repunit",
            "-" * 80,
            "".join(f"\\[\n{place} + 1 = {place + 1}\n\\]\n" for place in range(12)),
            "\n".join(f"Step {place}: We take {7 * place} more." for place in range(12)),
            "So x = 3.\nSo y is 4.\n" * 7,
            "7\n" * 5,
            "".join(PROSE.format(place) for place in range(3)) + "We take the same again. " * 11 + "So 7.",
            "So " + "seven " * 19 + "is it, and that is all.",
            "7 " * 40,
            "".join(PROSE.format(place) for place in (3, 17, 25)),
            "\n".join(f"{place} * 7 = {7 * place}" for place in range(1, 30)),
            "\\begin{pmatrix} 0 & 0 & 0 \\\\ 0 & 1 & 0 \\\\ 0 & 0 & 0 \\end{pmatrix}",
        ],
    )
    def test_what_people_write_is_not(self, text):
        assert repeated(text) is None

    @pytest.mark.parametrize(
        ("unit", "times"),
        [
            *(("\U0001f389", 60), ("\u2764\ufe0f", 60), ("\U0001f1e9\U0001f1ea", 40), ("\U0001f389 ", 20), ("! ", 60)),
            *(("?", 60), ("a", 60), ("ha", 40), ("0", 100), ("-", 200), (".", 200)),
        ],
    )
    def test_a_sign_in_a_row_is_found_in_a_short_text_too(self, unit, times):
        text = "It is 2 + 5 = 7 {}, so it is 7."
        assert reason(solution=text.format(unit * times)) is Reason.DEGENERATE
        assert reason(question=text.format(unit * times)) is Reason.DEGENERATE
        assert reason(solution=text.format(unit * (times - 2))) is None
        assert reason(question=text.format(unit * (times - 2))) is None

    def test_a_row_falls_for_its_words_and_thoughts_and_not_for_its_outputs(self):
        loop = "The answer is 7.\n" * 30
        assert reason(solution=f"5 + 2 = 7.\n{loop}") is Reason.DEGENERATE
        thought = (Segment(SegmentKind.THINK, loop), Segment(SegmentKind.TEXT, "It is 7."))
        assert reason(solution=thought) is Reason.DEGENERATE
        dialogue = (
            Segment(SegmentKind.CODE, "for _ in range(30): print('The answer is 7.')"),
            Segment(SegmentKind.OUTPUT, loop),
            Segment(SegmentKind.TEXT, "It is 7."),
        )
        assert reason(format="tir", solution=dialogue) is None
        assert one(solution=f"5 + 2 = 7.\n{loop}").detail == "30 of 31 lines are 'The answer is 7.'"


class TestMarks:
    @pytest.mark.parametrize(
        "text",
        [
            "<|im_start|>user\nWhat is 8 + 2?<|im_end|>",
            "[INST] What is 8 + 2? [/INST]",
            "<<SYS>>Be kind.<</SYS>> What is 8 + 2?",
            "<start_of_turn>user\nWhat is 8 + 2?",
            "<s> What is 8 + 2?</s>",
            "<\uff5cUser\uff5c>What is 8 + 2?",
            "Below is a task.\n### Instruction:\nWhat is 8 + 2?",
            "What is 8 + 2?<|eot_id|>",
            "It is 10.\nHuman: And 9 + 2?\nAssistant: 11.",
            "[Round 1]\n\nWhat is 8 + 2?",
            "What is 8 + 2? <eos>",
            "What is 8 + 2? <extra_id_0>",
            "What is 8 + 2? [SEP]",
            "What is 8 + 2?\nAssistant:",
            "### Human: What is 8 + 2?",
            "Translate the above text into English, and keep the 2 formulas. What is 8 + 2?",
            "Here is the translated problem: what is 8 + 2?",
            "Rephrase the following question. What is 8 + 2?",
            "#Rewritten Prompt#\nWhat is 8 + 2?",
            "As an AI language model, I think of 8 + 2.",
            "I'm sorry, but I can add 8 + 2 only.",
        ],
    )
    def test_marks_of_chat_templates_are_found_in_questions(self, text):
        assert reason(question=text) is Reason.TEMPLATE_TOKENS

    def test_marks_of_chat_templates_are_found_in_solutions(self):
        assert reason(solution="8 + 2 = 10.</s>") is Reason.TEMPLATE_TOKENS
        assert one(question="[INST] 8 + 2?").detail == "question: '[INST]'"

    @pytest.mark.parametrize(
        "text",
        [
            "Is |x|<|y| or |y|>|x| for 2?",
            "For <s, t> = 2, find s.",
            "### Step 1: find 2",
            "The user: a human of 2.",
            "[a] and [b] hold 2",
            "Find a<b> of 2",
            "x <| y |> 2",
            "Translate the following sentence into an equation of 2 unknowns.",
            "Rewrite the following equation in 2 ways.",
            "An AI model says 2, and is it right?",
            "'I am sorry', Ann says, 'I have 2 only.'",
            "Ann can translate 2 pages into English in an hour.",
        ],
    )
    def test_signs_of_mathematics_are_no_marks(self, text):
        assert reason(question=text) is None


class TestGarbled:
    @pytest.mark.parametrize("text", ["How many things? \ufffd\ufffd 2", "It costs 3\ufffd and 2."])
    def test_a_lost_character_is_shown_with_its_neighbours(self, text):
        assert reason(question=text) is Reason.GARBLED_TEXT
        assert "\ufffd" in garbled(text)

    @pytest.mark.parametrize(
        "text",
        ["Le café coûte 2 € à Mâcon.", "3 × 4 ÷ 2 − 1 ≤ √2 · π", "小明有2个苹果。", "Å, Ä and Ö are 3 letters", "2"],
    )
    def test_letters_of_every_language_are_not(self, text):
        assert garbled(text) is None


class TestOptions:
    QUESTION = "Which of the following numbers is the largest?"

    @pytest.mark.parametrize("answer", ["C", "(C)", "C.", "\\text{(C)}", "\\textbf{(C)}", "(c)"])
    def test_a_letter_answers_nothing_without_options(self, answer):
        assert lacks_options(self.QUESTION, answer, "")
        assert reason(question=self.QUESTION, answer=answer, solution="The third is 2.") is Reason.NO_OPTIONS

    def test_a_letter_that_only_the_solution_states_counts_as_well(self):
        assert lacks_options(self.QUESTION, None, "So the answer is (C).") == "C"
        assert lacks_options(self.QUESTION, None, "So it is \\boxed{\\text{C}}.") == "C"
        assert lacks_options(self.QUESTION, None, "The answer is 5.") is None

    @pytest.mark.parametrize(
        "options",
        [
            "(A) 1 (B) 2 (C) 3",
            "A) 1\nB) 2\nC) 3",
            "A. 1  B. 2  C. 3",
            "A: 1, B: 2, C: 3",
            "A、1 B、2 C、3",
            "$\\textbf{(A)}\\ 1 \\qquad \\textbf{(B)}\\ 2 \\qquad \\textbf{(C)}\\ 3$",
            "(a) 1 (b) 2 (c) 3",
        ],
    )
    def test_options_in_the_question_are_enough(self, options):
        assert lacks_options(f"{self.QUESTION}\n{options}", "C", "") is None

    @pytest.mark.parametrize(
        ("question", "answer"),
        [
            ("Points C and D lie on a line. Which is nearer?", "C"),
            ("Which letter comes third?", "C"),
            ("If $A=2$, name it.", "A"),
            (QUESTION, "C_1"),
            (QUESTION, "5"),
            (QUESTION, "x"),
        ],
    )
    def test_a_letter_that_stands_for_itself_needs_none(self, question, answer):
        assert lacks_options(question, answer, "") is None

    def test_an_article_is_no_mention(self):
        assert lacks_options("A man buys 3 pens. Which is best?", "A", "") == "A"


class TestAnswerOnly:
    @pytest.mark.parametrize(
        ("solution", "answer"),
        [
            ("NA", "NA"),
            ("N/A.", None),
            ("$\\boxed{12}$", "12"),
            ("The answer is 12.", "$12$"),
            ("#### 12", "12"),
            ("\\[ 12 \\]", "12"),
            ("Ans = 12", "12"),
            ("Therefore, the answer is 12.", "12"),
            ("**Answer:** 12", "12"),
            ("答案：12", "12"),
            ("12 pens", "12"),
            ("D", None),
            ("12", None),
            ("$\\boxed{12}$.", None),
            *[(formula, None) for formula in ("84*pi", "5+2*sqrt(3)", "(2x+3)(3x-2)", "11-10i", "x+y", "$[-2, 5]$")],
            *[
                (formula, None)
                for formula in ("$\\frac{9}{2}$", "\\left( 3, \\frac{\\pi}{2} \\right)", "y^2 - 4y", "15%")
            ],
        ],
    )
    def test_a_solution_that_is_its_answer_is_none(self, solution, answer):
        assert is_bare(solution, answer)

    @pytest.mark.parametrize(
        ("solution", "answer"),
        [
            ("5 + 7 = 12", "12"),
            ("x = 12", None),
            ("It is 12.", "12"),
            ("7+2=9", "9 (apples)"),
            ("", "12"),
            ("13", "12"),
            ("x is pens", "x"),
            *[
                (line, None)
                for line in ("2x + 3 = 7", "3 < x", "12 pens", "Add them: 84", "$3 \\cdot 4$ is 12", "xy + z2ab")
            ],
            ("84*pi", "84\\pi"),
        ],
    )
    def test_words_or_a_calculation_make_one(self, solution, answer):
        assert not is_bare(solution, answer)

    def test_only_chains_of_thought_are_looked_at(self):
        assert reason(solution="NA", answer="NA") is Reason.ANSWER_ONLY
        assert reason(solution="12", answer="12") is Reason.ANSWER_ONLY
        assert reason(format="pot", solution="12", answer="12") is None
        thought = (Segment(SegmentKind.THINK, "5 + 7 = 12"), Segment(SegmentKind.TEXT, "12"))
        assert reason(solution=thought, answer="12") is None


class TestNoMathematics:
    def test_letters_of_business_are_none(self):
        words = {"question": "Write the closing of a letter.", "solution": "Best regards,\nthe baker", "answer": None}
        assert reason(**words) is Reason.NO_MATHEMATICS
        assert reason(**words | {"language": "fr"}) is None

    @pytest.mark.parametrize("word", ["7", "x = y", "the sum", "Prove it", "half of it", "twelve", "$x$", "√"])
    def test_a_number_a_sign_or_a_term_is_enough(self, word):
        words = {"question": f"Write {word}.", "solution": "Best regards,\nthe baker", "answer": None}
        assert reason(**words) is not Reason.NO_MATHEMATICS


def test_a_question_that_says_the_same_again_and_again_is_degenerate():
    question = "Ann has 5 pens and buys 6. " + "How many pens does she have now? " * 30
    assert reason(question=question) is Reason.DEGENERATE
    assert reason(question=question[:120]) is None
