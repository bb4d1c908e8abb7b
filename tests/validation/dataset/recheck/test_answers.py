import pytest

from validation.dataset.recheck import answers
from validation.dataset.recheck.answers import Compared, MathVerify, check_answers, final_answer


@pytest.fixture(scope="module")
def judge():
    with MathVerify() as child:
        yield child


@pytest.mark.parametrize(
    ("first", "second", "outcome"),
    [
        ("5", "5.0", "equal"),
        (r"\frac{1}{2}", "0.5", "equal"),
        ("x+1", "1+x", "equal"),
        ("5", "6", "different"),
        (r"\frac34", "0.8", "different"),
        ("1,234", "1235", "unknown"),
        ("11_2", "3", "unknown"),
        ("red", "blue", "unknown"),
    ],
)
def test_only_numbers_that_lie_apart_are_different(judge, first, second, outcome):
    assert judge.compare(first, second) == outcome


@pytest.mark.slow
def test_an_answer_that_hangs_is_killed_and_the_next_one_is_judged(judge):
    assert judge.compare(r"\Gamma(10^9)", "3") == "unknown"
    assert judge.compare("3", "3.0") == "equal"


def test_what_is_long_or_grows_is_unknown_unasked_and_the_same_text_is_equal():
    with MathVerify() as silent:
        assert silent.compare("2^{9^{9^{9}}}", "3") == "unknown"
        assert silent.compare("1+" * 150 + "1", "151") == "unknown"
        assert silent.compare("2^{9^{9^{9}}}", "2^{9^{9^{9}}}") == "equal"
        assert silent._child is None


def test_a_child_that_was_killed_again_and_again_is_not_started_once_more(monkeypatch):
    monkeypatch.setattr(answers, "_LINE_TIMEOUT_S", 0.0)
    monkeypatch.setattr(answers, "_MOST_ENDS", 2)
    with MathVerify() as hasty:
        children = []
        for _ in range(3):
            assert hasty.compare("5", "6") == "unknown"
            children.append(hasty._ended)
        assert children == [1, 2, 2]


@pytest.mark.parametrize(
    ("solution_format", "segments", "answer"),
    [
        ("cot", [("text", r"\boxed{1} and \boxed{\frac{1}{2}}")], r"\frac{1}{2}"),
        ("cot", [("text", "2 + 2 = 4\n#### 4")], "4"),
        ("cot", [("text", "So the answer is $7$.")], "7"),
        ("cot", [("text", "So the answer is 7. -2+3")], "7"),
        ("cot", [("text", "So the answer is 7.5")], "7.5"),
        ("cot", [("text", "答案是7。 00")], "7"),
        ("cot", [("text", "no final word")], None),
        ("cot", [("text", r"an open \boxed{3")], None),
        ("tir", [("text", r"\boxed{1}"), ("code", "print(2)"), ("output", "2"), ("text", r"\boxed{2}")], "2"),
        ("pot", [("code", "print(2)")], None),
    ],
)
def test_the_final_answer_is_found_by_plain_means(solution_format, segments, answer):
    rows = [{"kind": kind, "text": text} for kind, text in segments]
    assert final_answer(solution_format, rows) == answer


def test_a_rounding_to_the_digits_shown_or_asked_for_is_no_evidence_against_a_row(judge):
    assert judge.compare("2.714", r"\frac{19}{7}") == "unknown"
    assert judge.compare("2.715", r"\frac{19}{7}") == "different"
    assert judge.compare(r"\frac{19}{7}", "3") == "different"
    assert judge.compare(r"\frac{19}{7}", "3", "How long is it, to the nearest metre?") == "unknown"
    with MathVerify(rounding="never") as strict:
        assert strict.compare("2.714", r"\frac{19}{7}") == "different"


def test_rows_that_could_not_be_compared_never_count_as_passed():
    unknown = [Compared("a", "1", "x", "unknown")]
    assert check_answers(unknown).status == "not_checked"
    assert check_answers([]).status == "not_checked"
    mixed = check_answers([*unknown, Compared("b", "1", "1", "equal")])
    assert (mixed.status, mixed.checked) == ("passed", 1)
    assert check_answers([*unknown, Compared("b", "1", "2", "different")]).ids == ["b"]
