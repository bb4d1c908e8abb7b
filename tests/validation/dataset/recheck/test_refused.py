"""Programs that curation refused run again: they fail here too, or curation's machine was at fault."""

import json

from schemas.config import ProgramLimits
from schemas.verdict import Status
from validation.dataset.recheck.refused import Refused, check_refused, read_refused, run_refused

LIMITS = ProgramLimits(cpu_s=1)


def write_rejected(tmp_path, *reasons: dict) -> None:
    (tmp_path / "rejected").mkdir()
    lines = [json.dumps({"q": "?", "_mathmill": why}) for why in reasons]
    (tmp_path / "rejected" / "rejected.jsonl").write_text("\n".join([*lines, 'no JSON, with "programs"', ""]))


def refused(id_: str, *programs: str, format_: str = "pot", reason: str = "program_error") -> dict:
    return {"id": id_, "format": format_, "reason": reason, "programs": list(programs)}


def test_only_what_a_program_did_by_itself_is_asked_for(tmp_path):
    write_rejected(
        tmp_path,
        refused("a", "1/0"),
        {"id": "b", "reason": "too_short", "also": [refused("c", "open('/etc/passwd')", reason="program_forbidden")]},
        refused("d", "while True: pass", reason="program_timeout"),
    )
    assert {sample.id for sample in read_refused(tmp_path, seed=0)} == {"a", "c"}


def test_a_large_refusal_is_sampled_and_the_seed_says_how(tmp_path):
    write_rejected(tmp_path, *(refused(f"id{number}", "1/0") for number in range(100)))
    first, again, other = (read_refused(tmp_path, seed=seed) for seed in (1, 1, 2))
    assert (len(first), first == again, first == other) == (40, True, False)


def test_what_fails_here_too_was_refused_rightly():
    sample = [
        Refused("a", "pot", ("1/0",)),
        Refused("b", "pot", ("x = 1",)),
        Refused("c", "tir", ("x = 1", "y")),
        Refused("d", "pot", ("import matplotlib",)),
    ]
    good = run_refused(sample, LIMITS, None)
    assert good == []
    assert check_refused(good, sampled=len(sample)).status is Status.PASSED


def test_programs_that_run_here_close_the_gate():
    sample = [Refused("a", "pot", ("print(1)",)), Refused("b", "tir", ("x = 1", "x")), Refused("c", "pot", ("1/0",))]
    good = run_refused(sample, LIMITS, None)
    assert good == ["a", "b"]
    assert check_refused(good, sampled=3).status is Status.FAILED


def test_one_that_runs_here_is_chance():
    assert check_refused(["a"], sampled=40).status is Status.PASSED
    assert check_refused(["a", "b"], sampled=40).status is Status.PASSED
    assert check_refused(["a", "b", "c"], sampled=40).status is Status.FAILED


def test_nothing_to_ask_is_said():
    assert check_refused(run_refused([], LIMITS, None), sampled=0).status is Status.NOT_CHECKED
    assert check_refused("no isolation", sampled=3).status is Status.NOT_CHECKED
