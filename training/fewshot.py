"""Worked examples before the question, for base models that know no chat template.

DeepSeekMath's protocol (2402.03300, section 2.3): base models see a few solved problems and go on with the next one, in
prose, as a program, or as a dialogue with a tool. The problems are our own.
"""

from schemas.problem import Format, Segment, SegmentKind
from schemas.transcript import transcribe
from training.shards import Example

STOP = "\n\nProblem:"
"""what a base model writes when it has solved the problem and makes up the next"""

_QUESTIONS = (
    "A baker fills 6 trays with 12 rolls each and sells 45 of the rolls. How many rolls are left?",
    r"Solve $3x - 7 = 2(x + 4)$ for $x$.",
    "A coat costs $80. Its price is raised by 25% and then lowered by 10%. What does the coat cost now, in dollars?",
    "What is the sum of all positive divisors of 28?",
)
_ANSWERS = ("27", "15", "90", "56")
_PROSE = (
    "The baker has 6 * 12 = 72 rolls. After selling 45 of them there are 72 - 45 = 27 rolls left.",
    "We expand: $3x - 7 = 2x + 8$. Subtracting $2x$ gives $x - 7 = 8$, so $x = 15$.",
    "Raised by 25%, the price is 80 * 1.25 = 100 dollars. Lowered by 10%, it is 100 * 0.9 = 90 dollars.",
    "The divisors of 28 are 1, 2, 4, 7, 14 and 28. Their sum is 1 + 2 + 4 + 7 + 14 + 28 = 56.",
)
_PROGRAMS = (
    "rolls = 6 * 12\nleft = rolls - 45\nprint(left)",
    'from sympy import Eq, solve, symbols\n\nx = symbols("x")\nprint(solve(Eq(3 * x - 7, 2 * (x + 4)), x)[0])',
    "price = 80 * 125 // 100\nprint(price * 90 // 100)",
    "print(sum(d for d in range(1, 29) if 28 % d == 0))",
)
_PLANS = (
    "We count the rolls and take away those that were sold.",
    "We let a program solve the equation.",
    "We apply both changes of the price in turn.",
    "We add up the divisors.",
)


def fewshot_prompt(example: Example) -> str:
    """The worked examples in the format that is asked for, the question, and where its solution begins."""
    shots = (
        f"Problem:\n{question}\n\nSolution:\n{_solution(example.format, at)}\n\n"
        for at, question in enumerate(_QUESTIONS)
    )
    return "".join(shots) + f"Problem:\n{example.question}\n\nSolution:\n"


def _solution(form: Format, at: int) -> str:
    code = Segment(SegmentKind.CODE, _PROGRAMS[at])
    answer = f"The answer is \\boxed{{{_ANSWERS[at]}}}."
    segments = {
        Format.COT: (Segment(SegmentKind.TEXT, f"{_PROSE[at]}\n{answer}"),),
        Format.POT: (code,),
        Format.TIR: (
            Segment(SegmentKind.TEXT, _PLANS[at]),
            code,
            Segment(SegmentKind.OUTPUT, _ANSWERS[at]),
            Segment(SegmentKind.TEXT, answer),
        ),
    }[form]
    return transcribe(segments).response
