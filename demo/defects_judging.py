"""Planted defects of what a solution claims: answers and programs, which only the judge can catch."""

from demo import layout
from demo.defects_reading import bad, near
from demo.record_shapes import (
    CLASSROOM,
    DIALOGUES,
    LARGE,
    LESSONS,
    PROGRAMS,
    Drafts,
    Planted,
    dialogue,
    lesson,
    program,
    reviewed,
)
from demo.template import Draft
from schemas.reason import Reason


def unstated_answer(drafts: Drafts, i: int) -> list[Planted]:
    """Words that never arrive at the answer that the row brings; beside it, an answer in plain words."""
    vague = reviewed(drafts.next(), drafts.rng)
    vague["solution"] = (
        "We read the question once more and write down what is known. The rest is left to the reader.",
        "First the numbers are found in the text, then they are put together in the right way.",
        "This can be solved with a small drawing, which everybody should try alone.",
    )[i % 3]
    draft = drafts.next()
    plain = reviewed(draft, drafts.rng)
    plain["solution"] = plain["solution"].rpartition("\n")[0] + f"\nThe answer is {draft.answer}."
    return [bad(CLASSROOM, vague, Reason.UNSTATED_ANSWER), near(CLASSROOM, plain, Reason.UNSTATED_ANSWER)]


def ambiguous_answer(drafts: Drafts, i: int) -> list[Planted]:
    """Two boxes that differ; beside it, two boxes of one value."""

    def two_boxes(draft: Draft, first: str) -> str:
        return f"{layout.words(draft)}\nPut differently: \\boxed{{{first}}}."

    draft, other = drafts.next(), drafts.next()
    torn = reviewed(draft, drafts.rng) | {"solution": two_boxes(draft, str(draft.answer + 1 + i % 3))}
    twice = reviewed(other, drafts.rng) | {"solution": two_boxes(other, f"{other.answer}.0")}
    return [bad(CLASSROOM, torn, Reason.AMBIGUOUS_ANSWER), near(CLASSROOM, twice, Reason.AMBIGUOUS_ANSWER)]


def answer_mismatch(drafts: Drafts, i: int) -> list[Planted]:
    """A reference that the solution does not reach; beside it, the same value written in another way."""
    wrong = drafts.next(top=LARGE)
    rows = (
        (PROGRAMS, program(wrong) | {"answer": wrong.answer + 1 + i}),
        (CLASSROOM, reviewed(wrong, drafts.rng) | {"answer": f"{wrong.answer}0"}),
    )
    right = drafts.next(top=LARGE)
    written = (f"{right.answer}.0", f"${right.answer}", f"{2 * right.answer}/2", f"{right.answer}.00")[i % 4]
    source, record = rows[i % 2]
    return [
        bad(source, record, Reason.ANSWER_MISMATCH),
        near(PROGRAMS, program(right) | {"answer": written}, Reason.ANSWER_MISMATCH),
    ]


def program_error(drafts: Drafts, i: int) -> list[Planted]:
    """A misspelt name, a division by zero, a missing bracket; beside it, an error that the program catches."""
    draft = drafts.next(top=LARGE)
    code = layout.pot(draft)
    broken = (f"{code[:-1]} + totl)", f"{code}\nprint(1 // 0)", code[:-1], f"from math import root\n{code}")[i % 4]
    other = drafts.next(top=LARGE)
    caught = f"try:\n    print(1 // 0)\nexcept ZeroDivisionError:\n    pass\n{layout.pot(other)}"
    return [
        bad(PROGRAMS, program(draft) | {"program": broken}, Reason.PROGRAM_ERROR),
        near(PROGRAMS, program(other) | {"program": caught}, Reason.PROGRAM_ERROR),
    ]


def program_timeout(drafts: Drafts, i: int) -> list[Planted]:
    """A loop without end; beside it, one that ends."""
    draft, other = drafts.next(top=LARGE), drafts.next(top=LARGE)
    code, number = layout.pot(draft), draft.answer
    endless = (f"while True:\n    pass\n{code}", f"n = 0\nwhile n != {number}.5:\n    n += 1\nprint(n)")[i % 2]
    counting = f"n = 0\nwhile n < {other.answer}:\n    n += 1\nprint(n)"
    return [
        bad(PROGRAMS, program(draft) | {"program": endless}, Reason.PROGRAM_TIMEOUT),
        near(PROGRAMS, program(other) | {"program": counting}, Reason.PROGRAM_TIMEOUT),
    ]


def program_memory(drafts: Drafts, i: int) -> list[Planted]:
    """A list as large as a data centre; beside it, one that fits."""
    draft, other = drafts.next(top=LARGE), drafts.next(top=LARGE)
    greedy = f"cells = [0] * 10 ** {10 + i % 3}\ncells[0] = {draft.answer}\nprint(cells[0])"
    modest = f"cells = [0] * 1000\ncells[0] = {other.answer}\nprint(cells[0])"
    return [
        bad(PROGRAMS, program(draft) | {"program": greedy}, Reason.PROGRAM_MEMORY),
        near(PROGRAMS, program(other) | {"program": modest}, Reason.PROGRAM_MEMORY),
    ]


def program_output_limit(drafts: Drafts, i: int) -> list[Planted]:
    """A program that prints without measure; beside it, one that prints its steps."""
    draft, other = drafts.next(top=LARGE), drafts.next(top=LARGE)
    chatty = f"for line in range({40_000 + i}):\n    print(line)\n{layout.pot(draft)}"
    steps = f"for line in range(3):\n    print('step', line)\n{layout.pot(other)}"
    return [
        bad(PROGRAMS, program(draft) | {"program": chatty}, Reason.PROGRAM_OUTPUT_LIMIT),
        near(PROGRAMS, program(other) | {"program": steps}, Reason.PROGRAM_OUTPUT_LIMIT),
    ]


def program_forbidden(drafts: Drafts, i: int) -> list[Planted]:
    """A program that looks around; beside it, one that imports what it may."""
    draft, other = drafts.next(top=LARGE), drafts.next(top=LARGE)
    snooping = (
        "import socket\nsocket.create_connection(('192.0.2.1', 80))",
        "import os\nos.system('echo hello')",
        "open('answers.txt', 'w').write('cheating')",
        "import subprocess\nsubprocess.run(['ls'])",
    )[i % 4]
    harmless = f"import math\nassert math.sqrt(4) == 2\n{layout.pot(other)}"
    return [
        bad(PROGRAMS, program(draft) | {"program": f"{snooping}\n{layout.pot(draft)}"}, Reason.PROGRAM_FORBIDDEN),
        near(PROGRAMS, program(other) | {"program": harmless}, Reason.PROGRAM_FORBIDDEN),
    ]


def output_mismatch(drafts: Drafts, i: int) -> list[Planted]:
    """An output that the code does not print; beside it, the right one with spaces around it."""
    draft, other = drafts.next(top=LARGE), drafts.next(top=LARGE)
    invented, spaced = dialogue(draft, drafts.rng), dialogue(other, drafts.rng)
    invented["dialogue"] = invented["dialogue"].replace(f"output\n{draft.answer}", f"output\n{draft.answer + 2 + i}")
    spaced["dialogue"] = spaced["dialogue"].replace(f"output\n{other.answer}", f"output\n  {other.answer}  ")
    return [bad(DIALOGUES, invented, Reason.OUTPUT_MISMATCH), near(DIALOGUES, spaced, Reason.OUTPUT_MISMATCH)]


def rationale_mismatch(drafts: Drafts, i: int) -> list[Planted]:
    """A final answer that no step arrives at; beside it, steps without annotations that arrive at theirs."""
    draft, other = drafts.next(), drafts.next()
    lost = lesson(draft)
    lost["answer"] = f"{draft.rationale}\n#### {1000 + 7 * draft.answer + i}"
    plain = lesson(other)
    plain["answer"] = f"{layout.steps(other)}\n#### {other.answer}"
    return [
        bad(LESSONS, lost, Reason.RATIONALE_MISMATCH),
        near(LESSONS, plain, Reason.RATIONALE_MISMATCH),
    ]


def arithmetic_error(drafts: Drafts, i: int) -> list[Planted]:
    """A sum that is wrong on the way to the right answer; beside it, a rounded quotient."""
    draft, other = drafts.next(), drafts.next()
    wrong, rounded = reviewed(draft, drafts.rng), reviewed(other, drafts.rng)
    left, right = 11 + i, 20 + 3 * i
    wrong["solution"] = f"We practise first: {left} + {right} = {left + right + 1}.\n{wrong['solution']}"
    rounded["solution"] = f"We practise first: {left} / 3 = {left / 3:.2f}.\n{rounded['solution']}"
    return [
        bad(CLASSROOM, wrong, Reason.ARITHMETIC_ERROR),
        near(CLASSROOM, rounded, Reason.ARITHMETIC_ERROR),
    ]


def program_nondeterministic(drafts: Drafts, i: int) -> list[Planted]:
    """A program that prints chance or the order of a set; beside it, chance with a seed and a set in order."""
    draft, other = drafts.next(top=LARGE), drafts.next(top=LARGE)
    letters = "set('quick brown foxes jump')"
    luck = ("import random\nprint(random.random())", f"print(''.join({letters}))")[i % 2]
    steady = ("import random\nrandom.seed(7)\nprint(random.random())", f"print(''.join(sorted({letters})))")[i % 2]
    return [
        bad(PROGRAMS, program(draft) | {"program": f"{luck}\n{layout.pot(draft)}"}, Reason.PROGRAM_NONDETERMINISTIC),
        near(PROGRAMS, program(other) | {"program": f"{steady}\n{layout.pot(other)}"}, Reason.PROGRAM_NONDETERMINISTIC),
    ]
