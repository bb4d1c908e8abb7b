"""Planted defects of rows beside other rows: leaks of the benchmark, copies, contradictions."""

from demo import layout
from demo.defects_reading import bad, near
from demo.records import (
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

_LOOK_ALIKES = str.maketrans({"a": "а", "e": "е", "o": "о", "c": "с", "p": "р"})
_NGRAM = 10  # words in a row that make a leak


def benchmark_exact(drafts: Drafts, i: int, exam: list[Draft]) -> list[Planted]:
    """An exam item as it is, in look-alike letters, re-spaced, in a docstring; beside it, other numbers."""
    item = exam[i]
    leak = lesson(item)
    match i % 5:
        case 1:
            leak["question"] = leak["question"].translate(_LOOK_ALIKES)
        case 2:
            leak["question"] = leak["question"].replace(" ", "\u00a0 ").replace(".", "\u200b.").upper()
        case 3:
            leak["question"] = f"Question {i}: {leak['question']}"
    variant = near(LESSONS, lesson(drafts.next(templates=(item.key[0],))), Reason.BENCHMARK_EXACT)
    if i % 5 < 4:
        return [bad(LESSONS, leak, Reason.BENCHMARK_EXACT), variant]
    hidden = program(drafts.next(top=LARGE))
    hidden["program"] = f'"""{item.question}"""\n{hidden["program"]}'
    return [bad(PROGRAMS, hidden, Reason.BENCHMARK_EXACT), variant]


def benchmark_ngram(drafts: Drafts, i: int, exam: list[Draft]) -> list[Planted]:
    """An exam item with another ending; beside it, the same words around other numbers."""
    item = [item for item in exam if len(_without_ask(item.question).split()) > _NGRAM][i]
    leak = lesson(item)
    leak["question"] = f"{_without_ask(item.question)} {('Find the number', 'Give the amount')[i % 2]} that results."
    other = drafts.next(top=LARGE, templates=(item.key[0],))
    variant = lesson(other)
    variant["question"] = f"{_without_ask(other.question)} Find the number that results."
    return [bad(LESSONS, leak, Reason.BENCHMARK_NGRAM), near(LESSONS, variant, Reason.BENCHMARK_NGRAM)]


def _without_ask(question: str) -> str:
    """The question without its last sentence."""
    return question.rpartition(". ")[0] + "." if ". " in question else ""


def exact_duplicate(drafts: Drafts, i: int) -> list[Planted]:
    """A copy that only looks different and that nobody has reviewed; beside it, the same words with other numbers."""
    draft, other = (drafts.next(top=LARGE, templates=(name,)) for name in (("rope", "fund", "discount")[i % 3],) * 2)
    unread = {"decision": None, "votes": None, "agreement": None, "topic": None}
    copy = reviewed(draft, drafts.rng) | unread
    copy["question"] = copy["question"].replace(" ", "\u00a0" if i % 2 else "  ")
    source, target = CLASSROOM, CLASSROOM
    match i % 3:
        case 0:
            source, original, variant = LESSONS, lesson(draft), lesson(other)
        case 1:
            original, variant = reviewed(draft, drafts.rng) | {"decision": "accepted"}, reviewed(other, drafts.rng)
        case _:
            source = target = DIALOGUES
            original, variant = dialogue(draft, drafts.rng), dialogue(other, drafts.rng)
            copy = original | {"question": copy["question"], "topic": None}
    return [
        near(source, original, Reason.EXACT_DUPLICATE),
        bad(target, copy, Reason.EXACT_DUPLICATE),
        near(source, variant, Reason.EXACT_DUPLICATE),
    ]


def answer_conflict(drafts: Drafts, i: int) -> list[Planted]:
    """One question with two answers, each consistent in itself; beside it, one answer reached in two ways."""
    draft = drafts.next(templates=("eaten", "album", "balloons", "colder", "class"))
    step = draft.steps[0]
    right = reviewed(draft, drafts.rng)
    product = step.left_value * step.right_value
    misread = right | {
        "solution": f"Every one counts again: {step.left_value} * {step.right_value} = {product}.\n"
        + layout.boxed(product),
        "answer": str(product),
    }
    other = drafts.next(templates=("share", "bags_needed", "saving", "laps"))
    one_way, step = reviewed(other, drafts.rng), other.steps[0]
    backwards = f"Multiply back to be sure, {other.answer} * {step.right_value} = {step.left_value}, and that fits."
    another = one_way | {"solution": f"{backwards}\n{layout.boxed(other.answer)}"}
    return [
        bad(CLASSROOM, right, Reason.ANSWER_CONFLICT),
        bad(CLASSROOM, misread, Reason.ANSWER_CONFLICT),
        near(CLASSROOM, one_way, Reason.ANSWER_CONFLICT),
        near(CLASSROOM, another, Reason.ANSWER_CONFLICT),
    ]
