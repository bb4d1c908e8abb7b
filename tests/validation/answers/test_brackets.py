import pytest

from validation.answers.brackets import closes_at_end, parts


@pytest.mark.parametrize(
    ("text", "separators", "found"),
    [
        ("1, 2,3", ",", ["1", "2", "3"]),
        ("(1,2), [3,4)", ",", ["(1,2)", "[3,4)"]),
        ("a;b,c", ",;", ["a", "b", "c"]),
        ("f(x;y);b,c", ",;", ["f(x;y)", "b", "c"]),
        ("", ",", [""]),
        ("1,", ",", ["1", ""]),
    ],
)
def test_text_splits_only_outside_brackets(text: str, separators: str, found: list[str]) -> None:
    assert parts(text, separators) == found


@pytest.mark.parametrize(("text", "closes"), [("(1)", True), ("((1)(2))", True), ("(1)(2)", False), ("(1", False)])
def test_a_bracket_closes_at_the_end_or_before(text: str, closes: bool) -> None:
    assert closes_at_end(text, "(", ")") is closes
