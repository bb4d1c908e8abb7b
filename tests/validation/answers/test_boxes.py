import pytest

from validation.answers.boxes import boxes, broken_box, grouped_boxes, listed_boxes, matching_braces


def test_braces_match_over_escapes():
    assert matching_braces(r"{a\}b}") == {0: 5}
    assert matching_braces("{a{b}") == {2: 4}


def test_a_box_in_a_box_is_one_box():
    assert [content for content, _, _ in boxes(r"\boxed{\boxed{5}}")] == [r"\boxed{5}"]


@pytest.mark.parametrize(
    ("text", "contents"),
    [
        (r"so $\boxed7$.", ["7"]),
        (r"\boxed 7, and", ["7"]),
        (r"It is $\boxed{30}\%$ of them.", [r"30\%"]),
        (r"Fill $x + \boxed{\phantom{4}} = 9$ in: $\boxed{5}$.", ["5"]),
        (r"\boxedX{5}", []),
    ],
)
def test_a_box_in_every_spelling(text: str, contents: list[str]) -> None:
    assert [content for content, _, _ in boxes(text)] == contents


@pytest.mark.parametrize(
    ("text", "answers"),
    [
        (r"so $k = \boxed{5}$ or $k = \boxed{-3}$.", ["5, -3"]),
        (r"$k = \boxed{5}$, and then we see that $k = \boxed{-3}$.", ["5", "-3"]),
        (r"$\boxed{4}$, $\boxed{5}$ and $\boxed{6}$", ["4, 5, 6"]),
        (r"\boxed{a = 4} \quad \text{or} \quad \boxed{a = 9}", ["a = 4, a = 9"]),
        (r"Hence $k = \boxed{4}$ or $k = \boxed{-9}$.", ["4, -9"]),
        (r"so $x_1 = \boxed{4}$ and $x_{2} = \boxed{9}$", ["4, 9"]),
        (r"$\boxed{4}$, so $3k = \boxed{12}$", ["4", "12"]),
        (r"\boxed{4} is even, and \boxed{5} is odd", ["4", "5"]),
        (r"\boxed{4} \boxed{5}", ["4", "5"]),
        (r"(a) \boxed{4} (b) \boxed{5}", ["4, 5"]),
    ],
)
def test_boxes_that_are_joined_are_one_list(text: str, answers: list[str]) -> None:
    assert [answer for answer, _, _ in grouped_boxes(text)] == answers


def test_only_a_last_box_that_is_never_closed_is_broken() -> None:
    assert broken_box(r"\boxed{4} so \boxed{5") == ("5", 13, 21)
    assert broken_box(r"\boxed{4 so \boxed{5}") is None
    assert broken_box("no box") is None


@pytest.mark.parametrize(
    ("text", "question", "listed"),
    [
        (r"If $r=1$, then $b=\boxed{-9}$. If $r=-1$, then $b=\boxed{9}$.", "Find all values of $b$.", "-9, 9"),
        (r"One is $\boxed{40}$, the others $\boxed{70, 70}$.", "Enter the angles, separated by commas.", "40, 70, 70"),
        (r"First $x=\boxed{3}$. So all are $\boxed{3, 5}$.", "Find all values of $x$.", None),
        (r"First $x=\boxed{3}$. Then $y=\boxed{5}$.", "Find $y$.", None),
        (r"So $x=\boxed{3}$.", "Find all values of $x$.", None),
    ],
)
def test_boxes_are_a_list_where_a_question_asks_for_several_values(text, question, listed):
    assert listed_boxes(text, question) == listed
