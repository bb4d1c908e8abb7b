import pytest

from schemas.verdict import Severity, Status
from validation.dataset.check import MAX_IDS, check_of, unchecked


@pytest.mark.parametrize(
    ("problems", "checked", "status", "detail"),
    [
        ([], 3, Status.PASSED, "all is well"),
        ([], 0, Status.NOT_CHECKED, "all is well: nothing to look at"),
        (["one is missing"], 0, Status.FAILED, "one is missing"),
        (["a", "b", "c", "d"], 9, Status.FAILED, "a; b; c; d"),
        (["a", "b", "c", "d", "e", "f"], 9, Status.FAILED, "a; b; c; d; and 2 more"),
    ],
)
def test_any_problem_fails_and_nothing_seen_never_passes(
    problems: list[str], checked: int, status: Status, detail: str
) -> None:
    check = check_of("name", "files", "all is well", problems, checked=checked)
    assert (check.status, check.detail, check.unexpected) == (status, detail, len(problems))
    assert check.severity is Severity.CRITICAL
    assert check.cause == ("nothing to look at" if status is Status.NOT_CHECKED else None)


def test_the_ids_of_a_check_are_bounded() -> None:
    ids = [f"r{at}" for at in range(MAX_IDS + 5)]
    assert check_of("name", "files", "good", ["bad"], checked=1, ids=ids).ids == ids[:MAX_IDS]


def test_what_one_sentence_says_of_many_is_counted_apart() -> None:
    check = check_of("name", "recheck", "good", ["two of nine are wrong"], checked=9, unexpected=2)
    assert (check.status, check.checked, check.unexpected) == (Status.FAILED, 9, 2)


def test_what_could_not_be_checked_shows_and_closes_nothing() -> None:
    check = unchecked("name", "recheck", "no program can be run here")
    assert (check.status, check.severity, check.checked) == (Status.NOT_CHECKED, Severity.WARNING, 0)
