"""What a text costs grows as the text does: texts that no person wrote, in CPU seconds."""

import re
import signal
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import pyarrow as pa
import pytest

from benchmarks.linear import CAP_S, cpu_seconds, stop
from benchmarks.linear_stages import STAGES, in_question, judged, read_by, screened
from pipelines.sources.adapters.derive import derive
from pipelines.sources.adapters.fields import level_of
from pipelines.sources.adapters.options import with_options
from pipelines.sources.contacts import without_contacts
from pipelines.stages.decontaminate.formulas import in_plain_signs
from schemas.problem import Format
from validation.answers import check_arithmetic, compare

_SIZE = 400_000


@pytest.fixture(autouse=True)
def _stopped() -> Iterator[None]:
    before = signal.signal(signal.SIGVTALRM, stop)
    yield
    signal.signal(signal.SIGVTALRM, before)


def chained(steps: int) -> str:
    """Calculations that carry the answer, all in one line."""
    return "".join(f"so {at}+1=<<{at}+1={at + 1}>>{at + 1} shells " for at in range(steps))


def answered(answer: str) -> dict[str, object]:
    return {"question": "How many?", "answer": f"It is 2+3=<<2+3=5>>5.\n#### {answer}"}


CRAFTED: dict[str, tuple[Callable[[str], Any], str]] = {
    "a level behind spaces": (level_of, f"x{' ' * _SIZE}x"),
    "a level of spaces": (level_of, f"{' x' * 10}{' ' * _SIZE}5"),
    "an address without an end": (without_contacts, f"5.\nhttp://{'a' * _SIZE}"),
    "a name before no address": (without_contacts, "a." * (_SIZE // 2)),
    "labels without an end": (lambda text: in_plain_signs(pa.array([text])), f'[asy]"{"1" * _SIZE}[/asy]'),
    "figures without an end": (partial(in_question, screened), f"{'![' * (_SIZE // 2)} figure below"),
    "an option letter and spaces": (partial(with_options, record={"options": ["x"]}), f"A{' ' * _SIZE}y"),
    "an option's text that nearly stands there": (
        partial(with_options, record={"options": [f"{'A' * 100_000}B"]}),
        "A" * _SIZE,
    ),
    "many options": (
        partial(with_options, record={"choices": {"text": ["x"] * 5_000, "label": list(map(str, range(5_000)))}}),
        "1 x " * (_SIZE // 4),
    ),
    "an answer of spaces": (partial(read_by, "gsm8k", answered), f"-{' ' * _SIZE}x"),
    "a letter that says a letter": (partial(compare, "5"), "(A) " * 2_400),
    "a numeral without an end": (partial(compare, "5"), f"{'一' * 4_900}{'a' * 4_900}"),
    "calculations of spaces": (check_arithmetic, f"<<1={' ' * 290}x>>" * 1_000),
    "commands that are read in many ways": (partial(compare, "5"), "x+" + "\\aa" * 300 + "é"),
    "a numeral of parts of parts": (partial(compare, "5"), "一又" * 4_900),
    "calculations in one line": (
        lambda text: derive("How many?", text, str(_SIZE // 40), [Format.POT]),
        chained(_SIZE // 40),
    ),
    "an option in the question": (
        lambda text: judged("The answer is (A).", question=text, answer="A"),
        f"Which? A{' ' * _SIZE}y",
    ),
}


@pytest.mark.parametrize("name", CRAFTED)
def test_a_crafted_text_costs_no_more_than_its_length(name: str) -> None:
    look, text = CRAFTED[name]
    assert cpu_seconds(look, text) < CAP_S
    look(text)  # raises nothing: what raises is soon done, and `cpu_seconds` takes it for a look


@pytest.mark.parametrize("stage", STAGES)
def test_a_stage_looks_at_an_ordinary_text(stage: str) -> None:
    STAGES[stage]("We add 2+3=5, so x = 5. The answer is \\boxed{5}.")


def test_a_text_that_costs_more_is_stopped() -> None:
    assert cpu_seconds(re.compile(r"\s*\s*x").search, " " * 20_000, cap=0.2) == 0.2
