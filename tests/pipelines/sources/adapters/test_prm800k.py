import pytest

from pipelines.engine.candidates import CANDIDATE_SCHEMA
from pipelines.sources.files.scan import Record
from pipelines.sources.render import render_record
from schemas.problem import Decision
from schemas.reason import Reason
from tests.pipelines.sources.adapters.rows import laid_out, read, refusal, source


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


@pytest.mark.parametrize("chosen", [1, -1, -2, None])
def test_prm800k_stops_at_a_step_that_chose_none_of_its_completions(chosen):
    assert laid_out(read("prm800k", prm_row(step(1, chosen=0), step(1, chosen=chosen)))) == [("text", "step 0")]


def test_prm800k_refuses_completions_that_are_no_list():
    row = prm_row({"completions": {"text": "step", "rating": 1}, "chosen_completion": 0, "human_completion": None})
    assert refusal("prm800k", row) == (Reason.UNSUPPORTED, "the completions of a step are a list")


@pytest.mark.parametrize("mark", ["is_quality_control_question", "is_initial_screening_question"])
def test_prm800k_control_items_are_never_trained_on(mark):
    row = prm_row(END, **{mark: True}, timestamp="2022-07-30T23:23:32")
    (candidate,) = render_record(Record(0, "", row), source("prm800k"))
    made = dict(zip(CANDIDATE_SCHEMA.names, candidate, strict=True))
    assert (made["reason"], made["format"]) == (Reason.NOT_SELECTED, None)
    selection = read("prm800k", row).selection
    assert (selection.control, selection.decision, selection.time) == (True, Decision.ACCEPTED, 1659223412.0)
    assert not read("prm800k", prm_row(END)).selection.control


@pytest.mark.parametrize(
    ("given", "expected"), [("5", "accepted"), ("5.0", "accepted"), ("6", "rejected"), (None, None)]
)
def test_a_control_solution_that_was_given_whole_tells_what_is_right(given, expected):
    row = prm_row(step(-1, chosen=0), ended="found_error", is_quality_control_question=True)
    row["question"]["pre_generated_answer"] = given
    assert read("prm800k", row).selection.expected == expected
