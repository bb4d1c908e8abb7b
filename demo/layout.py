"""A draft laid out in the three formats: a rationale with calculator annotations, a program, a dialogue with a tool."""

import re
from random import Random

from demo.template import Draft, Step

_OPENINGS = (
    "I let Python do the calculation.",
    "A short program gives the number.",
    "This can be computed directly.",
    "Let me compute it.",
)
_ANNOTATION = re.compile(r"<<[^<>]*>>")
_PYTHON_OPERATOR = {"+": "+", "-": "-", "*": "*", "/": "//"}


def cot(draft: Draft) -> str:
    """A rationale as GSM8K writes it: steps with calculator annotations, then `#### answer`."""
    return f"{draft.rationale}\n#### {draft.answer}"


def words(draft: Draft) -> str:
    """The same steps without annotations, and the answer in a box."""
    return f"{steps(draft)}\n{boxed(draft.answer)}"


def steps(draft: Draft) -> str:
    """The steps without annotations."""
    return _ANNOTATION.sub("", draft.rationale)


def boxed(answer: object) -> str:
    """The sentence that ends a solution."""
    return f"The answer is \\boxed{{{answer}}}."


def pot(draft: Draft) -> str:
    """A program that prints the answer: one line when one calculation is enough."""
    *before, last = draft.steps
    named = [step.name for step in before]
    lines = [f"{step.name} = {_expression(step, named)}" for step in before]
    return "\n".join([*lines, f"print({_expression(last, named)})"])


def tir(draft: Draft, rng: Random) -> str:
    """A dialogue: words, a program, its output, and the answer in a box."""
    return dialogue(rng.choice(_OPENINGS), pot(draft), str(draft.answer), boxed(draft.answer))


def dialogue(opening: str, code: str, output: str, closing: str) -> str:
    """The fenced blocks of a tool-integrated solution."""
    return f"{opening}\n```python\n{code}\n```\n```output\n{output}\n```\n{closing}"


def _expression(step: Step, named: list[str]) -> str:
    left = step.left if step.left in named else step.left_value
    right = step.right if step.right in named else step.right_value
    return f"{left} {_PYTHON_OPERATOR[step.operator]} {right}"
