"""Programs executed again: what they print against what stands in the row."""

from typing import Any

import pytest

from schemas.config import ProgramLimits
from schemas.verdict import Severity, Status
from tests.validation.dataset.handmade import example
from validation.dataset.recheck.rerun import Ran, check_programs, run_programs
from validation.dataset.shard import Row


def row(id_: str, solution_format: str, *segments: tuple[str, str], **changes: Any) -> Row:
    parts = [{"kind": kind, "text": text} for kind, text in segments]
    return Row(0, "shard", example(0, solution_format) | {"id": id_, "segments": parts, "answer": "5"} | changes)


BY_PEOPLE = example(0, "pot")["verification"] | {"path": "human"}
ROWS = [
    row("value", "pot", ("code", "print(2 + 3)")),
    row("equal", "pot", ("code", "print(10 / 2)")),
    row("other", "pot", ("code", "print(6)")),
    row("silent", "pot", ("code", "x = 5")),
    row("broken", "pot", ("code", "print(1 / 0)")),
    row("unreferenced", "pot", ("code", "print(5)"), answer=None),
    row("people", "pot", ("code", "print(6)"), verification=BY_PEOPLE),
    row("dialogue", "tir", ("code", "x = 2"), ("output", ""), ("code", "print(x + 3)"), ("output", "5 \n")),
    row("recorded", "tir", ("code", "print(5)"), ("output", "6"), ("text", "It is 5.")),
    row("spelled", "tir", ("code", "print(0.5)"), ("output", "1/2"), ("text", "It is 5.")),
]


@pytest.fixture(scope="module")
def ran() -> dict[str, Ran]:
    found = run_programs(ROWS, ProgramLimits(), None)
    assert not isinstance(found, str), found
    return {one.id: one for one in found}


@pytest.mark.parametrize(
    ("id_", "outcome"),
    [
        ("value", "agrees"),
        ("equal", "agrees"),
        ("other", "differs"),
        ("silent", "differs"),
        ("broken", "differs"),
        ("unreferenced", "unknown"),
        ("people", "unknown"),
        ("dialogue", "agrees"),
        ("recorded", "differs"),
        ("spelled", "agrees"),
    ],
)
def test_a_program_is_judged_by_what_it_gives_now(ran: dict[str, Ran], id_: str, outcome: str) -> None:
    assert ran[id_].outcome == outcome


def test_what_differs_says_how(ran: dict[str, Ran]) -> None:
    assert ran["other"].detail == "gives '6', the reference is '5'"
    assert ran["recorded"].detail == "prints '5', recorded '6'"
    assert ran["broken"].detail == "error: ZeroDivisionError: division by zero"


def test_a_program_that_is_cut_short_is_no_evidence_against_its_row() -> None:
    limits = ProgramLimits(cpu_s=0.2, wall_s=5)
    assert run_programs([row("endless", "pot", ("code", "while True: pass"))], limits, None) == [
        Ran("endless", "unknown", "timeout")
    ]


def test_no_row_needs_no_pool() -> None:
    assert run_programs([], ProgramLimits(), None) == []


AGREES, DIFFERS, UNKNOWN = Ran("a", "agrees"), Ran("b", "differs", "gives '6'"), Ran("c", "unknown")


@pytest.mark.parametrize(
    ("found", "with_programs", "verified", "status", "severity"),
    [
        ([AGREES, UNKNOWN], 2, True, Status.PASSED, Severity.CRITICAL),
        ([AGREES, DIFFERS], 2, True, Status.FAILED, Severity.CRITICAL),
        ([AGREES, DIFFERS], 2, False, Status.WARNING, Severity.WARNING),
        ([UNKNOWN], 2, True, Status.NOT_CHECKED, Severity.WARNING),
        ([], 0, True, Status.NOT_CHECKED, Severity.WARNING),
        ("OSError: no bubblewrap", 2, True, Status.NOT_CHECKED, Severity.WARNING),
    ],
)
def test_the_verdict_on_programs(
    found: list[Ran] | str, with_programs: int, verified: bool, status: Status, severity: Severity
) -> None:
    check = check_programs(found, with_programs=with_programs, verified=verified)
    assert (check.status, check.severity) == (status, severity)


def test_a_program_that_differs_is_named() -> None:
    check = check_programs([AGREES, DIFFERS, UNKNOWN], with_programs=3, verified=True)
    assert (check.ids, check.checked, check.unexpected) == (["b"], 2, 1)
    assert check.detail.endswith("(1 not checked); 1 of them does not reproduce; b: gives '6'")
