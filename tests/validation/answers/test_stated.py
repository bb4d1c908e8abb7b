import json
from pathlib import Path

import pytest

from validation.answers import Relation, compare
from validation.answers.extract import extract
from validation.answers.stated import find_stated, is_open

ENDINGS = [json.loads(line) for line in (Path(__file__).parent / "hand_endings.jsonl").read_text("utf-8").splitlines()]


@pytest.mark.parametrize(
    ("text", "reference"),
    [
        ("A box holds 6 + 7 = 13 nuts, so 4 boxes hold 52 nuts in all.", "52"),
        ("With $T=4$ we get $x=T^{2}-1=\\mathbf{1 5}$.", "15"),
        ("Thus, $a - b = 3 - 8 = - 5$.", "-5"),
        ("$$\n\\begin{aligned}\n3 x & =21 \\\\\nx & =7 .\n\\end{aligned}\n$$", "7"),
        ("Every side is odd, so the perimeter is even.", "even"),
        ("It must be (C), because the others are negative.", "C"),
        ("Hence $y = ( x - 2 ) ^ { 2 } + 5$ is the parabola.", "y=(x-2)^2+5"),
        ("It takes 14 days. (Equality holds for n = 3.)", "14"),
        ("He earns $6 + $9 = $15 a week.", "15"),
        ("So $3^{40}\\equiv 3^4=81\\equiv 4\\pmod{7}$.", "4"),
        ("Hence $3^{40} \\equiv 4 \\bmod 7$, as was asked.", "4"),
        ("Hence it is $-3 \\equiv 4 (\\mod 7)$.", "4"),
        ("So $m-3=4$ or $m-3=-4$, and thus $m=7$ or $m=-1$. Both may be checked.", "$7$,$-1$"),
        ("Therefore $a=12, b=5, c=d=2$.", "12,5,2,2"),
        ("The possible values of $k$ are $\\frac{7}{3}$ and $\\frac{1}{4}$.", "$\\frac{1}{4}$,$\\frac{7}{3}$"),
        ("Hence $g(x)=x$ and $g(x)=2-x$ are all of them.", "$g(x)=2-x,g(x)=x$"),
        ("So the two numbers are 6 and 11.", "\\{6, 11\\}"),
        ("We have $3^{4}=81$, so $d(81)=1 / 81$ is least.", "81"),
        ("We see that $x=5$ works, but that $x=-2$ does not.", "5"),
        ("But 19 cannot be written as such a sum, and it does not end in 0.", "19"),
        ("But 19 is none of them: $b$ would end in 8, so $b=8+10d$.", "19"),
        ("Hence $n=4$ or $n=9$. That is, the 4 th and 9 th terms are alike.", "4,9"),
        ("So $(x, y)=(2, 3)$ or $(x, y)=(3, 2)$.", "$(2,3),(3,2)$"),
        ("Hence $K=\\mathbf{1 2 5}$. A quadratic results, and its roots are $T=55$ or $T=-5$.", "125"),
        ("Since $m \\neq 1$, we get $m = - 1$.", "-1"),
        ("All pairs are $(1,8), (2,7)$, and $(4,5)$.", "$(1,8),(2,7),(4,5)$"),
        (
            "So the curves meet in $(1,0),\\left(\\frac{1}{4},-8\\right)$ and $(9,8)$.",
            "$(1,0),(\\frac{1}{4},-8),(9,8)$",
        ),
        (
            "The solutions are $x=1$ and $x=\\frac{3 \\pm \\sqrt{5}}{2}$.",
            "$1$,$\\frac{3+\\sqrt{5}}{2}$,$\\frac{3-\\sqrt{5}}{2}$",
        ),
        ("The smallest are 12, $24,36,48,60,72,84$, and 96.", "12,24,36,48,60,72,84,96"),
        ("Therefore, Ann is 6 years old, Bea is 9, and Carl is 15.", "6,9,15"),
        (
            "Thus, the least value of $g$ is 2. For the most we take $x=7$.\n\nThus, the greatest value of $g$ is 9.",
            "9,2",
        ),
        ("The two lists are 1,6,8 and 2,4,9.", "(1,6,8),(2,4,9)"),
        ("As $7 \\cdot 3+8=29$, and so he buys 3 pens and 8 pads. (We see that $0,1,2,3$ fail.)", "3,8"),
        ("So $n=40+12=52$ and $n=40+15=55$.", "52,55"),
        (
            "Thus $a=\\frac{1}{2}$, and $b=-4$.\n\nChecking:\n- When $x=3$, we get $y=7$.\n- When $x=5$, $y=9$.",
            "$\\frac{1}{2},-4$",
        ),
        ("Hence, $S$ attains 10, e.g., when $a=c=1$ and $b=3$.", "10"),
        ("So $n$ must be 2 or 5. The numbers $n=2$ and $n=5$ satisfy this: for $n=2$ we have $k=3$.", "2,5"),
        ("There are 4 such pairs. They are below.\n\n| a | b |\n| --: | --: |\n| 1 | 9 |\n| 3 | 7 |", "4"),
    ],
)
def test_a_reference_in_the_last_sentences_is_found_by_value(text: str, reference: str) -> None:
    found = find_stated(text, reference, None, "en")
    assert found is not None
    answer, start, end = found
    assert 0 <= start < end <= len(text)
    assert answer


@pytest.mark.parametrize(
    ("text", "reference"),
    [
        ("He had 16 apples and gave 3 away: 16 - 3 = 13 apples are left.", "3"),
        ("They pick 20 pears. Thus, 35 pears are left.", "20"),
        ("4. Then we add.\n5. Thus, it takes 9 hours.", "5"),
        ("The sum is not even.", "even"),
        ("She had 20 and gave 8 away, so she is left with 12 nuts.", "8"),
        ("She needs 4 buses (not 3, since 3 buses hold only 120).", "120"),
        ("She needs 4 buses, not 3.", "3"),
        ("We get $x = 8$.", "-8"),
        ("Thus $m=7$, $m=-1$ or $m=2$.", "7,-1"),
        ("Thus $m=7$ or $m=-1$. But $-1$ is negative, so $m=7$.", "7,-1"),
        ("So $m=7$.", "7,-1"),
        ("So $m=7$, not $m=-1$.", "7,-1"),
        ("We have $-a+4=0$, which implies $a=4$.", "0"),
        ("As $x=-3$ and $y=5$, therefore $x+2y=-3+10=7$.", "-3"),
        ("When $x=1$, the expression equals $\\frac{1}{3}$.", "1"),
        ("We see that $x=5$ works, but that $x=-2$ does not.", "-2"),
        ("The roots are $x=5$ and $x=-2$, but $x=-2$ is extraneous.", "-2"),
        ("So $(x, y)=(2, 3)$ or $(x, y)=(3, 2)$.", "$(2,3),(3,3)$"),
        ("There are 3 cases, and in each of them we meet the first 2 again.", "2,3"),
        ("We get $x = 18$.", "8"),
        ("Therefore, Ann is 6 years old, Bea is 9, and Carl is 15.", "9,6,15"),
        ("Therefore, Ann is 6 years old, Bea is 9, and Carl is 15.", "6,9"),
        ("Ann is 6 years old and Bea, who came later, is 9.", "6,9"),
        ("Therefore he buys 3 pens but not 8 pads.", "3,8"),
        ("Thus, the first is 2. Thus, the second is 9. Therefore, they differ by 7.", "2,9"),
        ("The pairs are $(1,8),(2,7)$ and $(4,5)$.", "$(1,8),(2,7)$"),
        ("One example is $1,2,3,4,5,6$.", "2,3,4"),
        ("The roots are " + ", ".join(f"${n}.5$" for n in range(200)) + ".", "1.5,2.5"),
        ("It is clear. " + "That is so. " * 60, "7"),
        ("The number 12 begins it." + " Then nothing is counted." * 30, "12"),
        ("So $3^{40}\\equiv 4\\pmod{7}$.", "7"),
        ("So $3^{40}\\equiv 4\\pmod{7}$.", "40"),
        ("So it is $x \\mod 10$.", "10"),
    ],
)
def test_what_enters_a_calculation_or_stands_elsewhere_is_not_stated(text: str, reference: str) -> None:
    assert find_stated(text, reference, None, "en") is None


def test_the_letter_is_found_by_what_its_option_says() -> None:
    question = "How many?\n(A) 3 (B) 5 (C) 7 (D) 9"
    assert find_stated("So option B it is.", "B", question, "en") is not None
    assert find_stated("So option C it is.", "B", question, "en") is None
    assert find_stated("B is the answer.", "B", question, "en") is not None
    assert find_stated("So there are 2 + 3 = 5 of them.", "B", question, "en") is not None
    assert find_stated("So there are 2 + 3 = 5 of them.", "C", question, "en") is None
    assert find_stated("So there are 2 + 3 = 5 of them.", "B", None, "en") is None


def test_a_reference_that_is_a_text_is_not_looked_for() -> None:
    assert find_stated("x" * 350, "x" * 350, None, "en") is None


@pytest.mark.parametrize("before", ["", "Step 1: 4 × 5 = 20.\n\n"])
@pytest.mark.parametrize("ending", ENDINGS, ids=lambda ending: f"{ending['language']}: {ending['text'][:40]}")
def test_an_ending_written_by_hand(ending: dict, before: str) -> None:
    """Endings of 20 languages, with the answer that a person reads in them and numbers that are none."""
    text, answer, language = before + ending["text"], ending["answer"], ending["language"]
    found = extract(text, language)
    outcome = None if found.answer is None else compare(answer, found.answer, None, language).outcome
    if outcome is Relation.EQUAL:
        assert not found.disagree
        return
    assert not ending.get("marked") or found.path == "phrase"
    assert outcome in (None, Relation.UNKNOWN) or is_open(str(found.answer), answer)
    assert find_stated(text, answer, None, language) is not None
    assert [other for other in ending.get("others", ()) if find_stated(text, other, None, language)] == []


def test_an_amount_in_brackets_opens_no_formula() -> None:
    text = "She lost $300-$255 = $45\n$45 is (($45/$300)*100)% = 15% of $300"
    assert find_stated(text, "15%", "What percentage?", "en") is not None
    assert find_stated("He spends $5 because 10 x .5 = 5", "5", None, "en") is not None
    assert find_stated("He spends $5 because 10 x .5 = 5", "10", None, "en") is None
