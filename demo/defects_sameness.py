"""Planted defects of rows beside other rows: leaks of the benchmark, copies, contradictions."""

import re
from random import Random

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
    Record,
    dialogue,
    encoded,
    lesson,
    program,
    reviewed,
)
from demo.template import Draft, fill
from schemas.reason import Reason

_LOOK_ALIKES = str.maketrans({"a": "а", "e": "е", "o": "о", "c": "с", "p": "р"})
_NGRAM = 10  # words in a row that make a leak
_WORDY = ("birds", "bus", "two_purchases", "change_of_several", "tank")


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
    variant = near(LESSONS, lesson(drafts.next(templates=(item.template.name,))), Reason.BENCHMARK_EXACT)
    if i % 5 < 4:
        return [bad(LESSONS, leak, Reason.BENCHMARK_EXACT), variant]
    hidden = program(drafts.next(top=LARGE))
    hidden["program"] = f'"""{item.question}"""\n{hidden["program"]}'
    return [bad(PROGRAMS, hidden, Reason.BENCHMARK_EXACT), variant]


def benchmark_ngram(drafts: Drafts, i: int, exam: list[Draft]) -> list[Planted]:
    """An exam item with another ending; beside it, the same words around other numbers."""
    item = [item for item in exam if len(_without_ask(item.question).split()) > _NGRAM and _asks_without_numbers(item)][
        i
    ]
    leak = lesson(item)
    leak["question"] = f"{_without_ask(item.question)} {('Find the number', 'Give the amount')[i % 2]} that results."
    other = drafts.next(top=LARGE, templates=(item.template.name,))
    variant = lesson(other)
    variant["question"] = f"{_without_ask(other.question)} Find the number that results."
    return [bad(LESSONS, leak, Reason.BENCHMARK_NGRAM), near(LESSONS, variant, Reason.BENCHMARK_NGRAM)]


def _without_ask(question: str) -> str:
    """The question without its last sentence."""
    return question.rpartition(". ")[0] + "." if ". " in question else ""


def _asks_without_numbers(draft: Draft) -> bool:
    return not any(character.isdigit() for character in draft.question.rpartition(". ")[2])


def benchmark_paraphrase(drafts: Drafts, i: int, exam: list[Draft]) -> list[Planted]:
    """An exam item told backwards, no ten words in a row kept; beside it, that told of other numbers."""
    items = [item for item in exam if ". " in item.question and not _shares_run(item.question, _backwards(item))]
    other = lesson(drafts.next(top=LARGE, templates=(items[i].template.name,)))
    return [
        bad(LESSONS, lesson(items[i]) | {"question": _backwards(items[i])}, Reason.BENCHMARK_PARAPHRASE),
        near(LESSONS, other | {"question": f"Exactly this is asked: {other['question']}"}, Reason.BENCHMARK_PARAPHRASE),
    ]


def _backwards(draft: Draft) -> str:
    facts, _, ask = draft.question.rpartition(". ")
    exact_facts = re.sub(r"(?<![$0-9])(?=[$]?[0-9])", "exactly ", facts)
    return f"{ask} What we know is this: {exact_facts.replace('. exactly', '. Exactly')}."


def _shares_run(left: str, right: str) -> bool:
    runs = [
        {tuple(words[k : k + _NGRAM]) for k in range(len(words) - _NGRAM + 1)}
        for words in (left.lower().split(), right.lower().split())
    ]
    return bool(runs[0] & runs[1])


def near_duplicate(drafts: Drafts, i: int) -> list[Planted]:
    """The same row with a word more; beside it, the same row with other numbers."""
    drawn = drafts.next(top=LARGE, templates=_WORDY)
    others = drafts.next(top=LARGE, templates=(drawn.template.name,)).numbers
    words = drafts.rng.random()
    draft, variant = (fill(drawn.template, drawn.wording, n, Random(words)) for n in (drawn.numbers, others))
    original = reviewed(draft, drafts.rng) | {"decision": "accepted"}
    copy = original | {"decision": None, "votes": None, "agreement": None}
    copy["solution"] = copy["solution"].replace("The answer", ("So the answer", "Thus, the answer")[i % 2])
    return [
        near(CLASSROOM, original, Reason.NEAR_DUPLICATE),
        bad(CLASSROOM, copy, Reason.NEAR_DUPLICATE),
        near(CLASSROOM, reviewed(variant, drafts.rng), Reason.NEAR_DUPLICATE),
    ]


def suspect_gold(drafts: Drafts, i: int) -> list[Planted]:
    """Two programs against the reference and a rationale for it; beside it, three that agree."""

    def three(draft: Draft, answer: int) -> tuple[Record, Record, Record]:
        code = layout.pot(draft)
        named = f"{code.replace('print(', 'result = ')[:-1]}\nprint(result)"
        shared = {"question": draft.question, "answer": str(answer), "topic": draft.topic}
        counted = f"Counting on, step by step, one arrives there.\n{layout.boxed(answer)}"
        return (
            shared | {"program": code},
            shared | {"program": named},
            reviewed(draft, drafts.rng) | shared | {"solution": counted},
        )

    doubted, sure = drafts.next(top=LARGE), drafts.next(top=LARGE)
    first, second, loyal = three(doubted, doubted.answer + 10 + i)
    rows = three(sure, sure.answer)
    return [
        Planted(PROGRAMS, encoded(first), Reason.ANSWER_MISMATCH, Reason.SUSPECT_GOLD),
        Planted(PROGRAMS, encoded(second), Reason.ANSWER_MISMATCH, Reason.SUSPECT_GOLD),
        bad(CLASSROOM, loyal, Reason.SUSPECT_GOLD),
        *(near(PROGRAMS, row, Reason.SUSPECT_GOLD) for row in rows[:2]),
        near(CLASSROOM, rows[2], Reason.SUSPECT_GOLD),
    ]


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
