"""What a process says of itself, read: bounded, printable, and no more than an honest child could have said."""

import json

import pytest

from validation.programs import Ending, Execution, Limits
from validation.programs.execution import read_reply

LIMITS = Limits(output_kb=1)


def read(**report: str | None) -> Execution:
    whole = {"status": "error", "value": None, "error": "E: x", **report}
    reply = {"cause": "", "status": 0, "output": "", "boundaries": [0], "reports": json.dumps(whole) + "\n"}
    return read_reply(reply, 1, LIMITS)[0]


@pytest.mark.parametrize("package", ["\ud800", "\x1b[31mred", "two\nlines", "a\u202eb", "p" * 101, "p" * 900, ""])
def test_a_package_that_is_no_name_is_none_that_is_needed(package: str) -> None:
    execution = read(package=package)
    assert (execution.ending, execution.package) == (Ending.ERROR, None)


def test_a_package_that_is_a_name_is_needed() -> None:
    assert read(package="torch").package == "torch"


def test_an_error_is_as_long_as_an_honest_one_may_be() -> None:
    assert len(read(error="E" * 900).error or "") == 500
    assert read(error="E" * 500).error == "E" * 500


@pytest.mark.parametrize("field", ["value", "last", "error", "package"])
def test_a_report_that_says_more_than_a_program_may_print_is_malformed(field: str) -> None:
    forged = read(status="ok", **{field: "7" * 1025})
    assert (forged.ending, forged.value, forged.error) == (Ending.CRASH, None, "a malformed report")


def test_a_value_as_long_as_what_a_program_may_print_is_one() -> None:
    assert read(status="ok", value="7" * 1024).value == "7" * 1024
