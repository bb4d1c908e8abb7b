"""Records of the demo's sources, and problems that never repeat."""

import json
from dataclasses import dataclass
from random import Random
from typing import Any

from demo import layout
from demo.template import Draft, draw
from demo.templates import TEMPLATES
from schemas.reason import Reason

LESSONS = "lessons"
CLASSROOM = "classroom"
PROGRAMS = "programs"
DIALOGUES = "dialogues"
SCRAPED = "scraped"
SOURCES = (LESSONS, CLASSROOM, PROGRAMS, DIALOGUES, SCRAPED)

SMALL, LARGE = 8, 29  # numbers to learn by heart; numbers that want a program
_ANNOTATORS = ("ana", "bruno", "chidi")

Record = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Planted:
    """A line of a source file and what must become of it.

    Attributes:
        line: the bytes of the line, without its end.
        expected: the reason that all of the row's candidates must get; None: they are kept.
        case: the reason that the row is a case of, or a near miss to; None for an ordinary row.
    """

    source: str
    line: bytes
    expected: Reason | None = None
    case: Reason | None = None


class Drafts:
    """Draws problems, none of them twice in wording and numbers."""

    def __init__(self, rng: Random) -> None:
        self.rng = rng
        self._seen: set[tuple[str, int, tuple[int, ...]]] = set()
        self._examined: set[tuple[int, ...]] = set()
        self._answered: set[tuple[frozenset[int], int]] = set()

    def exam(self, items: int) -> list[Draft]:
        """Draws the benchmark. No two items share their numbers, and no other problem will have an item's.

        Nor will one have an item's answer and its numbers above three: `twice as many` says 2 as well.
        """
        drawn = []
        for _ in range(items):
            drawn.append(self.next(top=LARGE))
            self._examined.add(drawn[-1].values)
            self._answered.add(_core(drawn[-1]))
        return drawn

    def next(self, *, top: int = SMALL, templates: tuple[str, ...] = ()) -> Draft:
        """Draws a problem that was not drawn before.

        Args:
            top: bounds the numbers.
            templates: names to choose from; all when empty.
        """
        pool = [template for template in TEMPLATES if not templates or template.name in templates]
        while True:
            draft = draw(self.rng.choice(pool), self.rng, top=top)
            examined = draft.values in self._examined or _core(draft) in self._answered
            if draft.key not in self._seen and not examined:
                self._seen.add(draft.key)
                return draft


def _core(draft: Draft) -> tuple[frozenset[int], int]:
    return frozenset(value for value in draft.values if value > 3), draft.answer


def encoded(record: object) -> bytes:
    """A record as a line of JSON."""
    return json.dumps(record, ensure_ascii=False).encode()


def lesson(draft: Draft) -> Record:
    """A row of `lessons`, as GSM8K has them: annotated steps, `#### answer`."""
    return {"question": draft.question, "answer": layout.cot(draft)}


def reviewed(draft: Draft, rng: Random) -> Record:
    """A row of `classroom`: a rationale, the teacher's answer, and what the reviewers thought of it."""
    return {
        "question": draft.question,
        "solution": layout.words(draft),
        "answer": str(draft.answer),
        "topic": draft.topic,
        "annotator": rng.choice(_ANNOTATORS),
        "decision": rng.choice(("accepted", "accepted", "")),
        "votes": rng.randint(3, 5),
        "agreement": rng.choice((0.75, 0.8, 1.0)),
    }


def program(draft: Draft) -> Record:
    """A row of `programs`: a program and the answer that it should print."""
    return {"question": draft.question, "program": layout.pot(draft), "answer": draft.answer, "topic": draft.topic}


def dialogue(draft: Draft, rng: Random) -> Record:
    """A row of `dialogues`: words, a program, its output, the answer."""
    return {
        "question": draft.question,
        "dialogue": layout.tir(draft, rng),
        "answer": str(draft.answer),
        "topic": draft.topic,
    }


def exam_item(draft: Draft) -> Record:
    """A row of the benchmark."""
    return {"question": draft.question, "answer": str(draft.answer)}
