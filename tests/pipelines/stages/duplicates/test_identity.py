import json

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipelines.stages.duplicates.identity import content_keys, identity_keys
from schemas.example import SEGMENTS


def keys(*candidates):
    """Candidates are (question, format, segments) or (question, format, segments, system)."""
    questions, formats, segments, systems = zip(*((*one, None)[:4] for one in candidates), strict=True)
    batch = pa.RecordBatch.from_pydict(
        {
            "question": pa.array(questions, pa.string()),
            "system": pa.array(systems, pa.string()),
            "format": pa.array(formats, pa.string()),
            "segments": pa.array([[{"kind": kind, "text": text} for kind, text in one] for one in segments], SEGMENTS),
        }
    )
    return identity_keys(batch).to_pydict() | {"content": content_keys(batch).to_pylist()}


def equal(key, *candidates):
    return len(set(keys(*candidates)[key])) == 1


def test_formatting_aside_equal_candidates_have_one_content():
    one = ("What is 2 + 2?", "cot", [("text", "2+2 = 4.")])
    assert equal("content", one, ("WHAT  is 2+2?", "cot", [("text", "2 + 2\n= 4.")]))


def test_another_word_in_the_solution_is_other_content_of_the_same_problem():
    one, other = ("1+1?", "cot", [("text", "It is 2.")]), ("1+1?", "cot", [("text", "It makes 2.")])
    assert not equal("content", one, other)
    assert equal("problem", one, other)


def test_another_system_turn_is_other_content_of_the_same_problem():
    row = ("What is 2 + 2?", "cot", [("text", "4")])
    told = (*row, "You are a teacher.")
    assert equal("content", told, (*row, "You are  a Teacher."))
    assert not equal("content", told, row)
    assert not equal("content", told, (*row, "You are a baker."))
    assert equal("problem", told, row)
    assert keys(row)["content"] == keys(row, told)["content"][:1]


def test_formats_never_share_content():
    assert not equal("content", ("1+1?", "cot", [("text", "2")]), ("1+1?", "pot", [("text", "2")]))


def test_the_kind_of_a_segment_is_content():
    assert not equal("content", ("1+1?", "tir", [("code", "2")]), ("1+1?", "tir", [("output", "2")]))


def test_the_border_between_segments_is_content():
    assert not equal("content", ("?", "cot", [("text", "a"), ("text", "b")]), ("?", "cot", [("text", "ab")]))


def test_indentation_and_case_of_code_are_content():
    looped = [("code", "for i in x:\n    f(i)\n    g(i)")]
    assert not equal("content", ("?", "pot", looped), ("?", "pot", [("code", "for i in x:\n    f(i)\ng(i)")]))
    assert not equal("content", ("?", "pot", [("code", "x = N")]), ("?", "pot", [("code", "x = n")]))


def test_line_ends_of_code_are_formatting():
    assert equal("content", ("?", "pot", [("code", "a = 1\nb = 2")]), ("?", "pot", [("code", "a = 1 \r\nb = 2\n")]))


def test_numeric_variants_share_a_template_and_no_problem():
    one, other = ("Add 3 and four.", "cot", [("text", "7")]), ("Add 30 and 5.", "cot", [("text", "35")])
    assert equal("template", one, other)
    assert not equal("problem", one, other)


def problems(texts):
    return identity_keys(pa.RecordBatch.from_pydict({"question": pa.array(texts, pa.string())})).column("problem")


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("In ABC, a = 5 and C = 60. Find A.", "In ABC, a = 5 and C = 60. Find a."),
        (r"Compute $\Gamma(5)$.", r"Compute $\gamma(5)$."),
    ],
)
def test_case_is_kept_where_a_question_tells_a_letter_from_its_capital(one, other):
    told, untold = problems([one, other]).to_pylist()
    assert told != untold
    assert problems([one.replace(" ", "  ")]).to_pylist() == [told]


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("A man has a dog and I have x. What is x?", "A MAN HAS A DOG AND I HAVE X. WHAT IS X?"),
        ("It's S.", "it's s."),
        (r"$\Bigl( x \Bigr)$", "$(x)$"),
    ],
)
def test_case_is_formatting_elsewhere(one, other):
    assert len(set(problems([one, other]).to_pylist())) == 1


@settings(deadline=None)
@given(st.lists(st.text(alphabet="aAxX .'\\é\n", max_size=12), max_size=6))
def test_the_problem_of_a_question_does_not_depend_on_the_others_of_its_batch(texts):
    assert problems(texts).to_pylist() == [problems([text])[0].as_py() for text in texts]


def test_a_candidate_without_segments_has_keys():
    assert len(keys(("1+1?", None, []), ("2+2?", "cot", [("text", "4")]))["content"]) == 2


def test_gsm8k_train_is_7473_problems_and_one_pair_of_one_template(real_data):
    lines = (real_data / "cot" / "gsm8k_train.jsonl").read_text(encoding="utf-8").splitlines()
    rows = [json.loads(line) for line in lines]
    found = keys(*[(row["question"], "cot", [("text", row["answer"])]) for row in rows])
    assert {name: len(set(values)) for name, values in found.items()} == {
        "content": 7473,
        "problem": 7473,
        "template": 7472,
    }
