"""A model's own solutions: kept where they are right and new, by the judge and the identity of this house."""

import pytest

from schemas.config import Evaluate
from schemas.exits import UserError
from tests.tiny import read_lines
from training.sample import sample

SETTINGS = Evaluate(split="train", formats=["cot", "pot"], samples=2, temperature=0.05, max_new_tokens=64, batch_size=8)


def other_words(row, text):
    """The same problem with a solution in other words than the model has learnt."""
    return row | {"segments": [{"kind": "text", "text": text}]}


def test_what_is_right_and_new_is_a_source_and_a_doubtful_reference_is_for_people(
    memoriser, make_data, make_row, tmp_path
):
    _, run, _ = memoriser
    known, doubtful = make_row(0, "cot"), make_row(1, "cot", answer="999")
    new = [make_row(number, "cot") for number in (2, 3)]
    rows = [
        known,
        other_words(doubtful, "Nobody can tell, so we take \\boxed{999}."),
        *(other_words(row, f"One counts up, one by one, until all are there: {row['answer']}.") for row in new),
    ]
    data = make_data(tmp_path / "DATA", rows)
    result = sample(SETTINGS, run.output, data, tmp_path / "MORE.jsonl", name="small")
    assert (result.problems, result.answers) == (4, 8)
    more = read_lines(tmp_path / "MORE.jsonl")
    assert (result.accepted, result.rows, len(more)) == (6, 2, 2)
    assert {row["problem_id"] for row in more} == {"p2", "p3"}
    assert {(row["author"], row["format"], row["solve_rate"], row["samples"]) for row in more} == {
        ("model:small", "cot", 1.0, 2)
    }
    (suspect,) = read_lines(tmp_path / "MORE.suspects.jsonl")
    assert (suspect["row_id"], suspect["reason"], suspect["decision"]) == (doubtful["id"][:16], "suspect_gold", None)
    assert "2 of 2 answers of model:small end in" in suspect["detail"]
    again = sample(SETTINGS, run.output, data, tmp_path / "MORE.jsonl", name="small")
    assert again == result


def test_an_output_that_is_no_file_of_lines_is_refused(memoriser, data, tmp_path):
    with pytest.raises(UserError, match=r"--output .*MORE: a file of JSON lines"):
        sample(SETTINGS, memoriser[1].output, data, tmp_path / "MORE")
