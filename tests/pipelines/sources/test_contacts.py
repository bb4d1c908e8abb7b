import pytest

from pipelines.sources.contacts import without_contacts

ANSWER = "60 * 3 = 180.\nThe answer is $\\boxed{180}$."


@pytest.mark.parametrize(
    "tail",
    [
        "\n ~solver",
        "\n~solver\n\n ~second.solver (minor edit)",
        " ~ solver (solver@example.org)",
        "\nsolver@example.org",
        "\n\u2014 Solver",
        "\n-- A. Solver",
        "\nVideo: https://example.org/video?v=1",
        "\nSee www.example.org for more.",
        "\n\u00a9 2011 Example Society",
        "\nThe problems on this page are copyrighted by the Example Society.\n",
        "\nSolution by solver",
        "\n(Edited by: solver)",
    ],
)
def test_contacts_behind_the_answer_are_cut(tail):
    assert without_contacts(ANSWER + tail) == ANSWER


@pytest.mark.parametrize(
    "text",
    [
        ANSWER,
        ANSWER + "\n",
        "The mail me@example.org has 14 signs.\nThe answer is 14.",
        "So x ~ y and a \\sim b.\nThe answer is 5 ~ 6.",
        "We use Figure~2 and Theorem~3.",
        "x = 3\n~ x = y",
        "x = 3\n- sin x",
        "https://example.org",
        "3 * 4 = 12, as www.example.org shows",
        "The answer is 12 (me@example.org).",
    ],
)
def test_what_stands_before_or_alone_is_not(text):
    assert without_contacts(text) == text
