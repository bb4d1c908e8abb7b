from schemas.problem import Format
from schemas.reason import Reason
from tests.pipelines.sources.adapters.rows import laid_out, read, refusal

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
