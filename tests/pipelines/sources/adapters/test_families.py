"""Adapters for published data sets: literal rows in their own shape, and the real files where there are any."""

from collections import Counter

import pytest

from pipelines.engine.candidates import CANDIDATE_SCHEMA
from pipelines.sources.adapters.registry import ADAPTERS, Unreadable, has_header
from pipelines.sources.adapters.segments import parse_segments
from pipelines.sources.files.scan import Record, read_records, scan
from pipelines.sources.render import render_record
from pipelines.stages.screen.structure import check_structure
from schemas.config import Source
from schemas.problem import Decision, Format, Problem
from schemas.reason import Reason
from schemas.transcript import is_faithful, transcribe


def read(adapter: str, record: dict, **settings) -> Problem:
    source = {"name": "mine", "path": "x", "adapter": adapter, "licence": "MIT", **settings}
    return ADAPTERS[adapter](record, Source.model_validate(source))


def refusal(adapter: str, record: dict) -> tuple[Reason, str]:
    with pytest.raises(Unreadable) as caught:
        read(adapter, record)
    return caught.value.reason, caught.value.detail


def laid_out(problem: Problem, solution: int = 0) -> list[tuple[str, str]]:
    return [(segment.kind.value, segment.text) for segment in problem.solutions[solution].segments]


TRAJECTORY = "```python\nprint(3)\n```\n```output\n3\n```\nIt takes $\\boxed{3}$ bolts."


def test_tora_outputs_are_dialogues_one_per_sample():
    problem = read("tora", {"question": "How many?", "gt": "3", "code": [TRAJECTORY, TRAJECTORY], "pred": ["3", "3"]})
    assert (problem.question, problem.answer, problem.independent) == ("How many?", "3", True)
    assert [solution.format for solution in problem.solutions] == [Format.TIR, Format.TIR]
    assert laid_out(problem) == [("code", "print(3)"), ("output", "3"), ("text", "It takes $\\boxed{3}$ bolts.")]


def test_toras_corpus_is_chat_with_a_reference():
    turns = [{"role": "user", "content": "How many?"}, {"role": "assistant", "content": f"Let me see:\n{TRAJECTORY}"}]
    problem = read("tora", {"messages": turns, "gt": "3", "level": "Level 4", "gt_cot": "..."})
    assert (problem.answer, problem.independent, problem.difficulty) == ("3", True, 4)
    assert [kind for kind, _ in laid_out(problem)] == ["text", "code", "output", "text"]


def test_tora_without_a_trajectory_says_so():
    assert refusal("tora", {"question": "q", "code": []}) == (Reason.MISSING_FIELD, "code is a list of trajectories")


MATHCODER = [
    {"role": "system", "content": "Solve it."},
    {"role": "user", "content": "Divide 9 by 3."},
    {"role": "text", "content": "Compute:"},
    {"role": "code", "content": "x = 9 // 3\r\nx"},
    {"role": "execution", "content": "3"},
    {"role": "text", "content": "It is \\(\\boxed{3}\\)."},
]


def test_mathcoders_blocks_become_segments_without_the_echo():
    echo = {"role": "text", "content": "3"}
    row = {"debug_result": [*MATHCODER, echo], "ground_truth": {"answer": "3", "solution": "..."}}
    problem = read("mathcoder", row)
    assert laid_out(problem) == [
        ("text", "Compute:"),
        ("code", "x = 9 // 3\nx"),
        ("output", "3"),
        ("text", "It is \\(\\boxed{3}\\)."),
    ]
    assert (problem.question, problem.answer, problem.independent) == ("Divide 9 by 3.", "3", True)
    assert problem.solutions[0].format is Format.TIR


def test_mathcoders_last_words_stay_where_they_are_no_echo():
    turns = [*MATHCODER[:-1], {"role": "text", "content": "So"}, {"role": "text", "content": "it is 3."}]
    assert laid_out(read("mathcoder", {"debug_result": turns}))[-1] == ("text", "So\nit is 3.")


def test_mathcoders_training_rows_hold_typed_parts():
    parts = [
        {"type": "text", "content": "Compute:"},
        {"type": "code", "content": "print(3)"},
        {"type": "execution", "content": "3"},
        {"type": "text", "content": "It is 3."},
    ]
    row = {
        "messages": [
            {"role": "user", "content": [{"type": "text", "content": "Divide 9 by 3."}]},
            {"role": "assistant", "content": parts},
        ]
    }
    problem = read("mathcoder", row)
    assert problem.question == "Divide 9 by 3."
    assert [kind for kind, _ in laid_out(problem)] == ["text", "code", "output", "text"]
    assert (problem.answer, problem.independent) == (None, False)


def test_mathcoder_without_programs_is_a_chain_of_thought():
    turns = [MATHCODER[1], MATHCODER[-1]]
    assert read("mathcoder", {"debug_result": turns}).solutions[0].format is Format.COT


def test_a_program_of_thought_prints_its_answer():
    row = {"question": "How much?", "generated": ["a = 2\nans = a * 3"], "answer": 6.0, "executed": 6.0}
    problem = read("pot", row)
    assert laid_out(problem) == [("code", "a = 2\nans = a * 3\nprint(ans)")]
    assert (problem.answer, problem.independent) == ("6", True)


def test_a_program_that_prints_is_left_alone():
    assert laid_out(read("pot", {"question": "q", "generated": "ans = 6\nprint(ans)"})) == [
        ("code", "ans = 6\nprint(ans)")
    ]
    assert laid_out(read("pot", {"question": "q", "generated": "# print(it)\nans = 6"}))[0][1].endswith("print(ans)")


def test_passage_and_options_belong_to_the_question():
    row = {"question": "How many?", "passage": "There are 5 eggs", "generated": ["ans = 5"]}
    assert read("pot", row).question == "There are 5 eggs. How many?"
    row = {"question": "How many?", "options": ["A)5 eggs", "B) 6"], "generated": "ans = 5", "answer": "A"}
    problem = read("pot", row)
    assert (problem.question, problem.answer) == ("How many?\n(A) 5 eggs\n(B) 6", "A")


def test_the_first_line_of_the_pot_files_is_no_row():
    assert refusal("pot", {"prompt": "Question: ..."})[0] is Reason.MISSING_FIELD


def test_pal_calls_its_function_and_its_target_is_no_evidence():
    problem = read("pal", {"input": "How many?", "code": "\ndef solution():\n    return 5\n\n\n", "target": 5.0})
    assert laid_out(problem) == [("code", "def solution():\n    return 5\n\n\nprint(solution())")]
    assert (problem.answer, problem.independent) == ("5", False)


def test_svamps_equation_is_the_program():
    row = {"Body": "He has 8 eggs", "Question": "How many are left?", "Equation": "( 8.0 - 3.0 )", "Answer": 5.0}
    problem = read("svamp", {**row, "Type": "Subtraction"})
    assert problem.question == "He has 8 eggs. How many are left?"
    assert laid_out(problem) == [("code", "answer = 8 - 3\nprint(answer)")]
    assert (problem.answer, problem.independent, problem.topic) == ("5", True, "Subtraction")
    assert refusal("svamp", {**row, "Equation": "x + y"}) == (Reason.UNSUPPORTED, "Equation is no arithmetic: 'x + y'")


@pytest.mark.parametrize(
    ("equation", "line"),
    [
        ("x=44*20", "answer = 44 * 20"),
        ("x=120*80%*15%", "answer = round(120 * (80 / 100) * (15 / 100), 1)"),
        ("x=3.14*[(3+2)^2-3^2]", "answer = 3.14 * ((3 + 2) ** 2 - 3 ** 2)"),
        ("x=5(7/10)+1", "answer = 5 + 7 / 10 + 1"),
        ("x=24/7", "answer = Fraction(24, 7)"),
        ("x=0.1/(3/10)", "answer = Fraction(Fraction('0.1'), Fraction(3, 10))"),
    ],
)
def test_math23ks_equation_is_the_program(equation, line):
    problem = read("math23k", {"original_text": "多少？", "equation": equation, "ans": "1"})
    assert laid_out(problem)[0][1].split("\n")[-2] == line
    assert problem.language == "zh"


def test_aqua_is_a_rationale_with_a_letter():
    row = {"question": "What?", "options": ["A)5", "B)6"], "rationale": "It is 5.\nAnswer: A", "correct": "A"}
    problem = read("aqua", row)
    assert (problem.question, problem.answer, problem.independent) == ("What?\n(A) 5\n(B) 6", "A", True)
    assert laid_out(problem) == [("text", "It is 5.\nThe answer is \\boxed{A}.")]
    assert refusal("aqua", {**row, "options": ["5"]})[0] is Reason.UNSUPPORTED


@pytest.mark.parametrize(
    "statement",
    [
        "Answer D",
        "ANS:D",
        "Correct answer - D",
        "CORRECT OPTION:OPTION D",
        "Answer (D)",
        "So, the correct option is D.",
    ],
)
def test_aquas_last_line_becomes_one_statement(statement):
    row = {"question": "What?", "options": ["D)5"], "rationale": f"x = 5. {statement}", "correct": "D"}
    assert laid_out(read("aqua", row)) == [("text", "x = 5.\nThe answer is \\boxed{D}.")]


@pytest.mark.parametrize("rationale", ["x = 5", "They answer a dog", "Option price is 5", "the vitamin D"])
def test_aqua_rationales_without_a_letter_stay(rationale):
    row = {"question": "What?", "options": ["D)5"], "rationale": rationale, "correct": "D"}
    assert laid_out(read("aqua", row)) == [("text", rationale)]


def test_answers_without_solutions_have_none():
    cmath = read("cmath", {"grade": 3, "question": "多少？", "golden": "45"})
    assert (cmath.solutions, cmath.answer, cmath.difficulty, cmath.language) == ((), "45", 3, "zh")
    mgsm = read("mgsm", {"0": "Wie viele?", "1": "3"}, language="de")
    assert (mgsm.question, mgsm.solutions, mgsm.answer, mgsm.language) == ("Wie viele?", (), "3", "de")
    assert read("mgsm", {"0": "Wie viele?", "1": "114,200"}, language="de").answer == "114200"
    assert not has_header(["question"], "mgsm")
    assert has_header(["question"], "cmath")


@pytest.mark.parametrize(
    ("response", "words"),
    [
        ("It is 5.\n#### 5\nThe answer is: 5", "It is 5.\nThe answer is \\boxed{5}."),
        ("It is $\\boxed{5}$.\nThe answer is: 5", "It is $\\boxed{5}$."),
        ("The answer is: 5", "The answer is \\boxed{5}."),
    ],
)
def test_metamath_ends_in_one_statement_of_the_answer(response, words):
    problem = read("metamath", {"query": "q?", "response": response, "type": "GSM_AnsAug"})
    assert laid_out(problem) == [("text", words)]
    assert (problem.answer, problem.independent, problem.topic) == ("5", False, "GSM_AnsAug")
    assert refusal("metamath", {"query": "q", "response": "It is 5."})[0] is Reason.MISSING_FIELD


def test_mathinstruct_tells_programs_from_words():
    program = {
        "instruction": "How many? Let's write a Python program to solve it.",
        "output": "print(5)",
        "source": "data/PoT/gsm_gpt4.json",
    }
    problem = read("mathinstruct", program)
    assert (problem.question, problem.solutions[0].format) == ("How many?", Format.POT)
    words = {"instruction": "How many?", "output": "The answer is 5", "source": "data/CoT/gsm.json"}
    assert read("mathinstruct", words).solutions[0].format is Format.COT


def test_openmathinstruct_1_and_2():
    first = {"question": "q?", "generated_solution": "<llm-code>\nprint(5)\n</llm-code>\n<llm-code-output>\n5\n"}
    first["generated_solution"] += "</llm-code-output>\nIt is \\boxed{5}."
    problem = read("openmathinstruct", {**first, "expected_answer": "5", "dataset": "gsm8k"})
    assert problem.solutions[0].format is Format.TIR
    assert problem.independent
    second = {"problem": "q?", "generated_solution": "It is \\boxed{5}.", "expected_answer": "5"}
    problem = read("openmathinstruct", {**second, "problem_source": "augmented_math"})
    assert (problem.solutions[0].format, problem.answer, problem.independent) == (Format.COT, "5", False)


@pytest.mark.parametrize(("answer", "meant"), [("5", "5"), ("notfound", None), ("proof", "proof"), (None, None)])
def test_numinas_sentinels(answer, meant):
    problem = read(
        "numina", {"problem": "q?", "solution": "It is \\boxed{5}.", "answer": answer, "problem_type": "Algebra"}
    )
    assert (problem.answer, problem.independent, problem.topic) == (meant, False, "Algebra")


def test_openr1_has_thoughts_and_leaves_out_what_was_cut_off():
    row = {
        "problem": "q?",
        "answer": "5",
        "generations": ["<think>\nHm.\n</think>\n\nIt is \\boxed{5}.", "<think>\nHm, and"],
        "is_reasoning_complete": [True, False],
    }
    problem = read("openr1", row)
    assert len(problem.solutions) == 1
    assert laid_out(problem) == [("think", "Hm."), ("text", "It is \\boxed{5}.")]
    assert refusal("openr1", {**row, "is_reasoning_complete": [False, False]})[1] == "no generation that ends"


def prm_row(*steps: dict, ended: str = "solution", **marks) -> dict:
    question = {"problem": "q?", "ground_truth_answer": "5"}
    return {"labeler": "ann", "question": question, "label": {"steps": list(steps), "finish_reason": ended}, **marks}


def step(*ratings: int, chosen: int | None, human: str | None = None) -> dict:
    completions = [{"text": f"step {place}", "rating": rating} for place, rating in enumerate(ratings)]
    human_completion = None if human is None else {"text": human, "rating": None}
    return {"completions": completions, "chosen_completion": chosen, "human_completion": human_completion}


END = {
    "completions": [{"text": "So 5.\n\n# Answer\n\n5", "rating": 1}],
    "chosen_completion": 0,
    "human_completion": None,
}


def test_prm800k_follows_the_steps_that_were_taken():
    problem = read("prm800k", prm_row(step(-1, 1, chosen=1), step(-1, chosen=None, human="By hand."), END))
    assert laid_out(problem) == [("text", "step 1\nBy hand.\nSo 5.\nThe answer is \\boxed{5}.")]
    assert (problem.answer, problem.independent) == ("5", True)
    assert (problem.selection.decision, problem.selection.annotator) == (Decision.ACCEPTED, "ann")


@pytest.mark.parametrize("ended", ["give_up", "found_error", "bad_problem"])
def test_prm800k_rejects_what_did_not_end_in_a_solution(ended):
    problem = read("prm800k", prm_row(step(1, chosen=0), step(None, None, chosen=None), ended=ended))
    assert problem.selection.decision is Decision.REJECTED
    assert laid_out(problem) == [("text", "step 0")]


def test_prm800k_rejects_a_solution_with_a_wrong_step():
    assert read("prm800k", prm_row(step(-1, chosen=0), END)).selection.decision is Decision.REJECTED


@pytest.mark.parametrize("mark", ["is_quality_control_question", "is_initial_screening_question"])
def test_prm800k_control_items_are_never_trained_on(mark):
    row = prm_row(END, **{mark: True}, timestamp="2022-07-30T23:23:32")
    source = Source.model_validate({"name": "mine", "path": "x", "adapter": "prm800k", "licence": "MIT"})
    (made,) = (dict(zip(CANDIDATE_SCHEMA.names, one, strict=True)) for one in render_record(Record(0, "", row), source))
    assert (made["reason"], made["format"]) == (Reason.NOT_SELECTED, None)
    said = read("prm800k", row).selection
    assert (said.control, said.decision, said.time) == (True, Decision.ACCEPTED, 1659223412.0)
    assert not read("prm800k", prm_row(END)).selection.control


@pytest.mark.parametrize(
    ("given", "expected"), [("5", "accepted"), ("5.0", "accepted"), ("6", "rejected"), (None, None)]
)
def test_a_control_solution_that_was_given_whole_tells_what_is_right(given, expected):
    row = prm_row(step(-1, chosen=0), ended="found_error", is_quality_control_question=True)
    row["question"]["pre_generated_answer"] = given
    assert read("prm800k", row).selection.expected == expected


REAL = {
    ("cot/gsm8k_train.jsonl", "gsm8k"): (7473, 0, {}),
    ("eval/gsm8k_test_socratic.jsonl", "gsm8k"): (1319, 0, {}),
    ("cot/math_train_3000_solutions.jsonl", "math"): (3000, 0, {}),
    ("tir/tora70b_gsm8k_test_outputs.jsonl", "tora"): (1319, 0, {"a program without its output after it": 1}),
    ("tir/tora_corpus_examples.jsonl", "tora"): (30, 0, {}),
    ("tir/mathcoder_L7b_math_test_correct.jsonl", "mathcoder"): (
        1179,
        0,
        {"nothing after the last output": 4, "```python opens or closes a block that has no other end": 1},
    ),
    ("tir/mathcoder_L70b_gsm8k_test_wrong.jsonl", "mathcoder"): (200, 0, {"nothing after the last output": 5}),
    ("pot/pot_codex_gsm8k_fewshot.jsonl", "pot"): (1318, 2, {}),
    ("pot/pot_codex_gsm8k_zeroshot.jsonl", "pot"): (1317, 0, {}),
    ("pot/pot_codex_svamp_fewshot.jsonl", "pot"): (999, 3, {}),
    ("pot/pot_codex_aqua_fewshot.jsonl", "pot"): (253, 1, {}),
    ("pot/gsm_hard_pal_programs.jsonl", "pal"): (1319, 0, {}),
    ("misc/svamp.json", "svamp"): (1000, 0, {}),
    ("misc/aqua_dev.jsonl", "aqua"): (254, 0, {}),
    ("misc/aqua_test.jsonl", "aqua"): (254, 0, {}),
    ("misc/openmathinstruct2_sample.jsonl", "openmathinstruct"): (100, 0, {}),
    ("multiling/math23k_test.json", "math23k"): (1000, 0, {}),
    ("human/prm800k_phase1_train_example.json", "prm800k"): (3, 0, {}),
}


@pytest.mark.parametrize(("name", "adapter"), REAL)
def test_real_rows_are_read(real_data, name, adapter):
    source = Source.model_validate({"name": "real", "path": "x", "adapter": adapter, "licence": "MIT"})
    solutions, refused, wrong = 0, 0, Counter[str]()
    for file in scan(str(real_data / name)):
        for split in file.splits:
            for record in read_records(split):
                assert record.value is not None
                try:
                    problem = ADAPTERS[adapter](record.value, source)
                except Unreadable:
                    refused += 1
                    continue
                for solution in problem.solutions:
                    solutions += 1
                    wrong[check_structure(solution.format, solution.segments) or "well formed"] += 1
                    if check_structure(solution.format, solution.segments) is None:
                        laid_out_again = transcribe(solution.segments).response
                        assert is_faithful(solution.segments), solution
                        assert parse_segments(laid_out_again, solution.format) == solution.segments
    del wrong["well formed"]
    assert (solutions, refused, dict(wrong)) == REAL[name, adapter]


ANSWERS_ONLY = {
    ("multiling/cmath_test.jsonl", "cmath", "zh"): (1098, "18", 1),
    ("multiling/mgsm_de.tsv", "mgsm", "de"): (250, "18", None),
    ("multiling/mgsm_en.tsv", "mgsm", "en"): (250, "18", None),
    ("multiling/mgsm_es.tsv", "mgsm", "es"): (250, "18", None),
    ("multiling/mgsm_fr.tsv", "mgsm", "fr"): (250, "18", None),
    ("multiling/mgsm_ja.tsv", "mgsm", "ja"): (250, "18", None),
    ("multiling/mgsm_zh.tsv", "mgsm", "zh"): (250, "18", None),
}


@pytest.mark.parametrize(("name", "adapter", "language"), ANSWERS_ONLY)
def test_real_rows_without_solutions_are_read(real_data, name, adapter, language):
    source = Source.model_validate(
        {"name": "real", "path": "x", "adapter": adapter, "licence": "MIT", "language": language}
    )
    problems = [
        ADAPTERS[adapter](record.value, source)
        for file in scan(str(real_data / name), header=has_header([], adapter))
        for split in file.splits
        for record in read_records(split)
        if record.value is not None
    ]
    assert all(one.question and one.answer and one.independent and not one.solutions for one in problems)
    assert {one.language for one in problems} == {language}
    assert (len(problems), problems[0].answer, problems[0].difficulty) == ANSWERS_ONLY[name, adapter, language]
