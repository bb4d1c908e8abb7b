import pyarrow as pa
import pytest

from pipelines.stages.decontaminate.wrappings import unescaped, unmarked


@pytest.mark.parametrize(
    ("text", "plain"),
    [
        ("3&nbsp;&lt;&nbsp;5 &#39;x&#x27;", "3\u00a0<\u00a05 'x'"),
        (r"Liam\u2019s age", "Liam’s age"),
        (r"1 & 2 \\ 3 &4; \ud83d \underline{x} \u{g}", r"1 & 2 \\ 3 &4; \ud83d \underline{x} \u{g}"),
        ("R&D; AT&T", "R&D; AT&T"),
    ],
)
def test_escapes_become_what_they_mean_and_latex_stays(text, plain):
    assert unescaped(pa.array([text, None])).to_pylist() == [plain, None]


@pytest.mark.parametrize(
    "text",
    [
        "# one two\n# three",
        "    // one two\n    // three",
        "/*\n * one two\n * three",
        "> one two\n> three",
        '"""one two\nthree"""',
        '"one two "\n    "three"',
        "'one two ' + \\\n    f'three'",
    ],
)
def test_marks_of_comments_quotations_and_strings_do_not_part_words(text):
    (plain,) = unmarked(pa.array([text])).to_pylist()
    assert [word.strip("\"'") for word in plain.split() if word not in ("/*", '"', "'")] == ["one", "two", "three"]


def test_operators_are_no_marks():
    text = "2 * 3 > 5\n*p = 4\n>= 7"
    assert unmarked(pa.array([text])).to_pylist() == [text]
