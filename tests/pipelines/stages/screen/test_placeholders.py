import pytest

from schemas.reason import Reason
from tests.pipelines.stages.screen.test_checks import reason


@pytest.mark.parametrize(
    "text",
    [
        "Regards, [Your Name], 2",
        "TODO: say why it is 2",
        "%s has 2 apples.",
        "2 + [Answer here]",
        "It is 2, since ____ (fill in)",
        "I am {{name}} of 2.",
        "{{first_name_2}} has 2.",
        "<insert number here> + 2",
        "[Name] has 2.",
        "[Student Name] has 2.",
        "[Teacher's Name] has 2.",
        "Lorem ipsum 2",
        "{name} has 2 apples.",
        "How many does {name1} have, of 2?",
        "There are 2 {item_plural}, said {person}.",
        '2 "{object}"',
        "[insert diagram of the 2 triangles, 3 cm high]",
        "[Enter your answer here] 2",
        "[add figure] 2",
        "$NAME has 2 apples.",
        "$name has 2 apples and $item_count pears.",
        "${name} has 2 apples.",
        "{NAME} has 2 {ITEM}.",
        "<PERSON_1> has 2 apples.",
        "[PERSON] and [NUMBER2] have 2.",
        "__NAME__ has 2 apples.",
        "%(count)s of 2",
        "%d of 2 apples",
        "$NAME$ has 2 apples.",
        "<%= name %> has 2.",
    ],
)
def test_placeholders_are_found(text):
    assert reason(question=text) is Reason.PLACEHOLDER
    assert reason(solution=text) is Reason.PLACEHOLDER


@pytest.mark.parametrize(
    "text",
    [
        *("x^{{ab}} = 2", "the interval [a, b] and 2", "f[x] of 2", "{{1, 2}, {3, 4}}", "[ABC] = 2"),
        *(r"$2 \text {value}$", r"\mathrm {num} = 2", "x_ {max_value} = 2", r"\{ value \} has 2", "{a_k} is 2"),
        *("{1, 2}", "[Add 2 to both sides]", "[add the equations] 2", 'print(f"2 {total}")'),
        *("```python\ns = '2 {name}'.format(name=2)\n```",),
        *("He pays $5 per item and 2 more.", "$ABC$ has 2 sides.", "$NAME = 2$ and $total = 5$", "$number$ is 2"),
        *("$x = 2$unit and $y$", r"\$price is 2", "5%d", "a <number of 2> b", "$value + 2$", "[numbers from 2 on]"),
        *("__2__", "item #2 and #3", r"$PERSON \times 2$", "```php\n$name = 2;\n```", "$BI_BD$ and $N_1N_2N_3$ of 2"),
        *(r"$2 \text{{ days}}$", r"$\frac{{abc}}{2}$", "$x_{{max}} = 2$", "$x^{{abc}} = 2$"),
    ],
)
def test_braces_and_brackets_of_formulas_are_no_placeholders(text):
    assert reason(question=text) is None
