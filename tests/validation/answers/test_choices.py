import pytest

from validation.answers.choices import read_options


@pytest.mark.parametrize(
    ("question", "options"),
    [
        ("How many?\n(A) 6 (B) 8 (C) 12", {"A": "6", "B": "8", "C": "12"}),
        (r"\textbf{(A)}\ 3 \qquad\textbf{(B)}\ 5", {"A": "3", "B": "5"}),
        ("Which? A．11　B．15　C．21", {"A": "11", "B": "15", "C": "21"}),
        ("A、11 B、15", {"A": "11", "B": "15"}),
        ("How many? A - 2 pears B - 5 pears", {"A": "2 pears", "B": "5 pears"}),
        ("the mean ? a ) 3 , b ) 7.5 , c ) none", {"A": "3", "B": "7.5", "C": "none"}),
        ("最小的是()\nA.-2  B.0  C. (-2 a)^{3}", {"A": "-2", "B": "0", "C": "(-2 a)^{3}"}),
        ("Take vitamin A. Then choose. A. 1 B. 2\nGood luck.", {"A": "1", "B": "2"}),
        ("哪个？A．21 B．25 C．28", {"A": "21", "B": "25", "C": "28"}),
        ("Which? [A] 21 [B] 25", {"A": "21", "B": "25"}),
        ("结果是A.21B.25C.28", {"A": "21", "B": "25", "C": "28"}),
        ("The rays OA. and OB. and OC. meet.", {}),
        ("Let (a) and (b) be given.", {}),
        ("No options at all, A. Smith said.", {}),
    ],
)
def test_options_are_read_in_every_spelling(question: str, options: dict[str, str]) -> None:
    assert read_options(question) == options
