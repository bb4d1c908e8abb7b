"""Where the final answer of a solution stands, in every marker that the sources use."""

import pytest

from validation.answers import Relation, compare, extract, extract_reference


@pytest.mark.parametrize(
    ("solution", "answer", "path"),
    [
        (r"So $x = \boxed{\frac{1}{2}}$.", r"\frac{1}{2}", "boxed"),
        (r"nested \boxed{\frac{\sqrt{2}}{2} \text{ cm}} end", r"\frac{\sqrt{2}}{2} \text{ cm}", "boxed"),
        (r"\boxed{\{1, 2\}}", r"\{1, 2\}", "boxed"),
        (r"first \boxed{1}, then \boxed{2}", "2", "boxed"),
        (r"\fbox{7}", "7", "boxed"),
        (r"\boxed 5", "5", "boxed"),
        (r"the box \boxed{12", None, "none"),
        ("48/2 = 24\n#### 1,200", "1,200", "hashes"),
        ("#### -3  \n", "-3", "hashes"),
        ("#### 42\nThe answer is: 42", "42", "hashes"),
        ("Thus the answer is 18.", "18", "phrase"),
        ("The answer is: 3.5", "3.5", "phrase"),
        ("The final answer is $\\frac{3}{4}$. I hope it is correct.", r"\frac{3}{4}", "phrase"),
        ("The answer is 18 dollars.", "18 dollars", "phrase"),
        ('" 2*3 = 6. answer : c "', "c", "phrase"),
        ('" so the answer is 24 . "', "24", "phrase"),
        ('He says "the answer is $(3,5)$."', "(3,5)", "phrase"),
        ('The answer is 5"', '5"', "phrase"),
        ("Therefore, the answer is (B) 12.", "B", "phrase"),
        ("The correct answer is \\textbf{(C)}", "C", "phrase"),
        ("Answer: D", "D", "phrase"),
        ("答案是：18。", "18", "phrase"),
        ("所以答案为 3/4", "3/4", "phrase"),
        ("答：20", "20", "phrase"),
        ("A resposta é 12,5.", "12,5", "phrase"),
        ("Resposta: 7", "7", "phrase"),
        ("La respuesta es 42.", "42", "phrase"),
        ("La réponse est 42.", "42", "phrase"),
        ("Die Antwort ist 3,5.", "3,5", "phrase"),
        ("答えは18", "18", "phrase"),
        ("Ответ: 18", "18", "phrase"),
        ("we get\n42", "42", "bare"),
        ("we get\n$\\frac{1}{2}$", r"\frac{1}{2}", "bare"),
        ("total\nans = 7", "7", "bare"),
        ("We cannot say.", None, "none"),
        ("", None, "none"),
        ("```output\n4.0\n```\nFour containers were imported.", "4.0", "confirmed"),
        ("```output\n4.0\n```\nFive containers were imported.", None, "none"),
    ],
)
def test_a_final_answer(solution, answer, path):
    found = extract(solution)
    assert (found.answer, found.path) == (answer, path)
    if answer:
        assert answer in solution[found.start : found.end]


@pytest.mark.parametrize(
    ("solution", "count", "disagree"),
    [
        (r"\boxed{1}", 1, False),
        (r"\boxed{1}, so it is \boxed{2}", 2, True),
        (r"\boxed{0.5}, that is \boxed{\frac{1}{2}}", 2, False),
        (r"\boxed{0.5} or \boxed{\frac{1}{2}}", 1, False),
        (r"\boxed{18} ... \boxed{18 \text{ dollars}}", 2, False),
        ("The answer is 5. So the answer is 5.\nThe answer is 6", 3, True),
        ("#### 5\n#### 5", 2, False),
    ],
)
def test_several_final_answers_are_counted_and_compared_by_value(solution, count, disagree):
    found = extract(solution)
    assert (found.count, found.disagree) == (count, disagree)


@pytest.mark.parametrize(
    ("solution", "answer"),
    [
        (r"<think>maybe \boxed{3}</think> It is \boxed{4}.", "4"),
        (r"<think>maybe \boxed{3}</think> Unsure.", None),
        (r"<think>maybe \boxed{3} and so on", None),
        (r"maybe \boxed{3}</think> It is \boxed{4}.", "4"),
        (r"I think it is \boxed{4}.", "4"),
    ],
)
def test_a_box_inside_think_does_not_count(solution, answer):
    found = extract(solution)
    assert found.answer == answer
    assert found.count == (answer is not None)


def test_the_span_holds_the_marker():
    found = extract(r"So \boxed{4}. Done.")
    assert r"So \boxed{4}. Done."[found.start : found.end] == r"\boxed{4}"


def test_decimal_commas_agree_by_language():
    assert not extract(r"\boxed{3,5} \boxed{3.5}", "de").disagree
    assert extract(r"\boxed{3,5} \boxed{3.5}", "en").disagree


@pytest.mark.parametrize(
    ("reference", "answer"),
    [
        (r"\boxed{86}", "86"),
        (r"There are 43 pairs, so \boxed{86} shoes.", "86"),
        (r"First \boxed{1}, then \boxed{\frac{1}{\sqrt{2}}}.", r"\frac{1}{\sqrt{2}}"),
        ("43*2 = 86\n#### 86", "86"),
        ("86", "86"),
        (r"\frac{1}{2}", r"\frac{1}{2}"),
        ("The answer is 86", "The answer is 86"),
        (r"an open \boxed{86", r"an open \boxed{86"),
    ],
)
def test_a_reference_may_be_a_whole_solution(reference, answer):
    assert extract_reference(reference) == answer


@pytest.mark.parametrize("boxed", [r"\boxed{86}", r"$\boxed{86}$", r"\boxed{86}.", r"\fbox{86}", r"\boxed{\text{86}}"])
def test_a_box_around_an_answer_is_no_part_of_it(boxed):
    assert compare(boxed, "86").outcome is compare("86", boxed).outcome is Relation.EQUAL
    assert compare(boxed, "87").outcome is Relation.NOT_EQUAL


def test_a_box_that_breaks_off_behind_a_sentence_is_not_passed_over() -> None:
    found = extract("The answer is 31.\nNo, we get \\boxed{28")
    assert (found.path, found.disagree) == ("broken", True)
    assert extract("No, we get \\boxed{28\nThe answer is 31.").answer == "31"


@pytest.mark.parametrize(
    ("solution", "answer"),
    [
        ("The answer is No, it cannot be done.", "No"),
        ("Answer: Yes, 49 is a square.", "Yes, 49 is a square"),  # which the reference must settle
        ("The answer is 15 because 3 * 5 = 15.", "15"),
        ("The answer is 15 (not 16).", "15"),
        ("The answer is 15; he has 15 coins left.", "15"),
        ("The answer is x=2; x=7.", "x=2; x=7"),
        ("The answer is 6!.", "6!"),
        ("The answer is 6! = 720.", "6! = 720"),
        ("The answer is 15!", "15"),
        ("The answer is blue!", "blue"),
        ("The answer is 6 ft. 2 in.", "6 ft. 2 in"),
        ("The answer is 6 ft. He is tall.", "6 ft"),
        ("The answer is Mrs. Hill.", "Mrs. Hill"),
        ("The answer is __15__.", "15"),
        ("$\\textbf{Answer: 15}$", "15"),
        ("D is correct.", "D"),
        ("So 15 is the correct answer.", "15"),
        ("If 15 is the answer, then x = 3.", None),
        ("This gives the answer $15$.", "15"),
        ("which yields an answer of 15.", "15"),
        ("Tom got an answer of 15.", None),
        ("The answer, in simplest form, is $\\frac37$.", "\\frac37"),
        ("The answer in lowest terms is 3/7.", "3/7"),
        ("Ask me if the answer is unclear.", None),
        ("Check whether the answer is 15.", None),
    ],
)
def test_sentences_that_say_more_than_their_answer(solution: str, answer: str | None) -> None:
    assert extract(solution).answer == answer
