"""A template of word problems: wordings, numbers and the calculation behind them, written by hand for this project.

One idea: a solution's wording carries its calculation, `[left = had - sold]`, so one line of a template yields the
annotated rationale (`9 - 4 = <<9-4=5>>5`), the program and the dialogue. The tests execute each by other means.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from random import Random

from demo.numbers import Draw, Numbers

NAMES = (
    *("Ada", "Ali", "Amara", "Anna", "Ben", "Carla", "Chen", "Dario", "Elif", "Emma", "Finn", "Grace", "Hana", "Hugo"),
    *("Ines", "Ivan", "Jonas", "Kofi", "Lara", "Leo", "Lina", "Marco", "Maya", "Mina", "Nadia", "Noah", "Nora", "Omar"),
    *("Otto", "Pablo", "Priya", "Rosa", "Sam", "Sara", "Tariq", "Tom", "Vera", "Wanda", "Yuki", "Zoe"),
)
WORDS: dict[str, tuple[str, ...]] = {
    "thing": ("marbles", "stickers", "shells", "beads", "stamps", "cards", "buttons", "pencils", "badges", "pebbles"),
    "fruit": ("apples", "pears", "plums", "peaches", "lemons", "figs", "mangoes", "oranges"),
    "baked": ("cookies", "muffins", "rolls", "pies", "waffles", "buns", "tarts"),
    "bird": ("sparrows", "crows", "doves", "robins", "swallows", "gulls"),
    "plant": ("roses", "tulips", "cabbages", "trees", "bushes", "bean plants"),
    "place": ("the library", "the museum", "the market", "the school", "the zoo", "the theatre", "the pool"),
    "ware": ("notebook", "scarf", "lamp", "cup", "puzzle", "brush", "kite", "hat"),
    "wares": ("notebooks", "scarves", "lamps", "cups", "puzzles", "brushes", "kites", "hats"),
    "goal": ("bicycle", "drum", "telescope", "guitar", "tent", "camera"),
    "box": ("boxes", "bags", "jars", "baskets", "crates", "trays"),
    "people": ("children", "pupils", "dancers", "players", "guests", "runners", "singers", "scouts"),
    "vessel": ("barrel", "tank", "pond", "bathtub", "kettle", "trough"),
    "ground": ("field", "yard", "garden", "court", "park", "meadow"),
    "floor": ("floor", "wall", "stage", "terrace", "roof", "carpet"),
    "drink": ("tea", "cocoa", "coffee", "soup", "milk", "punch"),
    "show": ("film", "concert", "play", "lesson", "match", "circus show"),
    "load": ("parcel", "crate", "sack", "suitcase", "barrel", "trunk"),
    "craft": ("boat", "train", "ship", "tram", "balloon", "truck"),
    "meal": ("meal", "pizza", "cake", "stew", "roast", "salad"),
    "day": ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"),
}
_CALCULATION = re.compile(r"\[(\w+) = (\w+) ([-+*/]) (\w+)\]")


@dataclass(frozen=True, slots=True)
class Template:
    """A kind of problem.

    Attributes:
        questions: wordings with {placeholders}: the numbers by name, and words.
        solutions: wordings of the rationale; `[name = left + right]` is one calculation of two operands, each a number
            of the template, an earlier calculation or a literal. The last calculation is the answer. Lines are steps.
        draw: chooses the numbers.
        words: pools of words of the template's own.
    """

    name: str
    topic: str
    questions: tuple[str, ...]
    solutions: tuple[str, ...]
    draw: Draw
    words: Mapping[str, tuple[str, ...]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Step:
    """One calculation with its numbers filled in."""

    name: str
    left: str
    operator: str
    right: str
    left_value: int
    right_value: int
    value: int


@dataclass(frozen=True, slots=True)
class Draft:
    """A problem drawn from a template, before it is laid out in a format."""

    template: Template
    wording: int
    numbers: Numbers
    question: str
    rationale: str
    steps: tuple[Step, ...]

    @property
    def answer(self) -> int:
        """The value of the last calculation."""
        return self.steps[-1].value

    @property
    def topic(self) -> str:
        """The template's."""
        return self.template.topic

    @property
    def values(self) -> tuple[int, ...]:
        """The numbers of the question, sorted."""
        return tuple(sorted(self.numbers.values()))

    @property
    def key(self) -> tuple[str, int, tuple[int, ...]]:
        """Template, wording, numbers: two drafts that differ in it are never near-duplicates."""
        return self.template.name, self.wording, self.values


def draw(template: Template, rng: Random, *, top: int) -> Draft:
    """Fills one of the template's wordings with words, and with numbers that `top` bounds."""
    return fill(template, rng.randrange(len(template.questions)), template.draw(rng, top), rng)


def fill(template: Template, wording: int, numbers: Numbers, rng: Random) -> Draft:
    """Fills a wording with numbers, and with words of its own choice."""
    words = _words(template, rng)
    solution = rng.choice(template.solutions)
    steps = _steps(solution, numbers)
    filled = iter(steps)
    rationale = _CALCULATION.sub(lambda _: _annotated(next(filled)), solution)
    return Draft(
        template=template,
        wording=wording,
        numbers=numbers,
        question=template.questions[wording].format(**words, **numbers),
        rationale=rationale.format(**words, **numbers),
        steps=steps,
    )


def _words(template: Template, rng: Random) -> dict[str, str]:
    name, friend, third = rng.sample(NAMES, 3)
    pools = WORDS | dict(template.words)
    chosen = {slot: rng.choice(pool) for slot, pool in pools.items()}
    ware = rng.randrange(len(WORDS["ware"]))
    return chosen | {
        "name": name,
        "friend": friend,
        "third": third,
        "ware": WORDS["ware"][ware],
        "wares": WORDS["wares"][ware],
    }


def _steps(solution: str, numbers: Numbers) -> tuple[Step, ...]:
    values = dict(numbers)
    steps = []
    for name, left, operator, right in _CALCULATION.findall(solution):
        left_value, right_value = (values[operand] if operand in values else int(operand) for operand in (left, right))
        values[name] = _calculate(left_value, operator, right_value)
        steps.append(Step(name, left, operator, right, left_value, right_value, values[name]))
    return tuple(steps)


def _calculate(left: int, operator: str, right: int) -> int:
    match operator:
        case "+":
            return left + right
        case "-":
            return left - right
        case "*":
            return left * right
        case _:
            assert left % right == 0, (left, right)
            return left // right


def _annotated(step: Step) -> str:
    calculation = f"{step.left_value}{step.operator}{step.right_value}={step.value}"
    return f"{step.left_value} {step.operator} {step.right_value} = <<{calculation}>>{step.value}"
