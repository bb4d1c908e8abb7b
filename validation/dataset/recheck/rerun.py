"""A sample of programs executed again, in fresh processes: do they still give the answer that stands beside them?

PoT: the program's value is compared with the reference. TIR: every recorded output is what its code prints. Comparison
is by text or by math-verify, not by the path that curation took.
"""

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

from schemas.attempts import Crash, attempted
from schemas.config import ProgramLimits
from schemas.exits import one_line
from schemas.problem import Format, SegmentKind
from schemas.verdict import Check, Severity, Status
from schemas.wording import amount, visible
from validation.dataset.check import check_of, unchecked
from validation.dataset.recheck.answers import MathVerify, decided_by_people
from validation.dataset.shard import Row
from validation.programs import Ending, Execution, Level, Pool, recovered

logger = logging.getLogger(__name__)

_NO_EVIDENCE = (Ending.TIMEOUT, Ending.CRASH, Ending.UNJUDGED)  # a busy machine says nothing about a row
HASH_SEED = 20_261  # another one than curation's: a program that depends on Python's hash seed shows


@dataclass(frozen=True, slots=True)
class Ran:
    """One row's programs executed again. `outcome`: agrees | differs | unknown."""

    id: str
    outcome: str
    detail: str = ""


def run_programs(
    rows: Sequence[Row], limits: ProgramLimits, level: Level | None, *, rounding: str = "places"
) -> list[Ran] | str:
    """Executes the programs of rows again.

    Args:
        rows: PoT and TIR examples.
        limits: what a program may use.
        level: how programs are held; None for the strongest level here.
        rounding: the data's policy, as `verify.rounding` has it.

    Returns:
        One result per row, or why no program can be executed here.
    """
    if not rows:
        return []
    try:
        with Pool(level, hash_seed=HASH_SEED) as pool:
            executions = _execute(rows, pool, limits)
    except Exception as error:  # the judge's boundary: no isolation here is a finding, not a crash
        logger.debug("programs could not be executed", exc_info=True)
        return f"{type(error).__name__}: {one_line(str(error))[:160]}"
    with MathVerify(rounding=rounding) as judge:
        return [_judged(row, ran, judge) for row, ran in zip(rows, executions, strict=True)]


def _judged(row: Row, executions: Sequence[Execution], judge: MathVerify) -> Ran:
    found = attempted(partial(_judge, row, executions, judge))
    return Ran(row.values["id"], "unknown", found.words) if isinstance(found, Crash) else found


def _execute(rows: Sequence[Row], pool: Pool, limits: ProgramLimits) -> list[list[Execution]]:
    blocks = [
        [segment["text"] for segment in row.values["segments"] if segment["kind"] == SegmentKind.CODE] for row in rows
    ]
    alone = [at for at, row in enumerate(rows) if row.values["format"] == Format.POT and len(blocks[at]) == 1]
    dialogues = [at for at in range(len(rows)) if at not in set(alone)]
    executions: list[list[Execution]] = [[] for _ in rows]
    for at, execution in zip(alone, pool.map([blocks[at][0] for at in alone], limits), strict=True):
        executions[at] = [execution]
    for at, several in zip(dialogues, pool.map_blocks([blocks[at] for at in dialogues], limits), strict=True):
        executions[at] = several
    return executions


def _judge(row: Row, executions: Sequence[Execution], judge: MathVerify) -> Ran:
    values = row.values
    if decided_by_people(values):
        return Ran(values["id"], "unknown", "a person accepted it over the judge")
    recorded = [segment["text"] for segment in values["segments"] if segment["kind"] == SegmentKind.OUTPUT]
    sound = recovered(executions, recorded) if values["format"] == Format.TIR else set()
    for place, execution in enumerate(executions):
        if execution.ending in _NO_EVIDENCE:
            return Ran(values["id"], "unknown", execution.ending.value)
        if execution.package is not None and place not in sound:
            return Ran(values["id"], "unknown", f"needs {execution.package}")
        if execution.ending is not Ending.OK and place not in sound:
            return Ran(values["id"], "differs", visible(f"{execution.ending.value}: {execution.error or ''}"[:160]))
    if values["format"] == Format.POT:
        return _judge_value(values, executions, judge)
    for output, execution in zip(recorded, executions, strict=False):
        if (
            execution.ending is Ending.OK
            and output.split() != execution.stdout.split()
            and judge.compare(output.strip(), execution.stdout.strip()) != "equal"
        ):
            return Ran(values["id"], "differs", f"prints {execution.stdout.strip()[:60]!r}, recorded {output[:60]!r}")
    return Ran(values["id"], "agrees" if executions else "unknown")


def _judge_value(values: dict[str, Any], executions: Sequence[Execution], judge: MathVerify) -> Ran:
    value = executions[-1].value if executions else None
    if value is None or not str(value).strip():
        return Ran(values["id"], "differs", "the program gives no value")
    if values["answer"] is None:
        return Ran(values["id"], "unknown", "no reference")
    answer = str(values["answer"]).strip()
    if answer == str(value).strip():
        return Ran(values["id"], "agrees")
    outcome = judge.compare(answer, str(value).strip(), values["question"])
    detail = f"gives {str(value)[:60]!r}, the reference is {answer[:60]!r}"
    return Ran(values["id"], {"equal": "agrees", "different": "differs"}.get(outcome, "unknown"), detail)


def check_programs(ran: Sequence[Ran] | str, *, with_programs: int, verified: bool) -> Check:
    """Draws the verdict on the programs.

    Args:
        ran: what was found, or why nothing could be.
        with_programs: examples that hold a program.
        verified: whether curation executed programs at all.
    """
    name = "programs_reproduce"
    if isinstance(ran, str):
        return unchecked(name, "recheck", f"programs cannot be executed here: {ran}")
    if not with_programs:
        return unchecked(name, "recheck", "no example holds a program")
    differ = [program for program in ran if program.outcome == "differs"]
    unknown = sum(program.outcome == "unknown" for program in ran)
    checked = len(ran) - unknown
    detail = f"{amount(checked, 'program')} executed again in fresh processes ({unknown:,} not checked)"
    if not checked:
        return unchecked(name, "recheck", detail)
    wrong = f"{len(differ):,} of them {'does' if len(differ) == 1 else 'do'} not reproduce"
    problems = [f"{detail}; {wrong}; {differ[0].id}: {differ[0].detail}"] if differ else []
    ids = [program.id for program in differ]
    check = check_of(name, "recheck", detail, problems, checked=checked, unexpected=len(differ), ids=ids)
    if differ and not verified:
        return check.model_copy(update={"status": Status.WARNING, "severity": Severity.WARNING})
    return check
