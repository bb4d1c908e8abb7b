"""Programs that curation refused, run here: do they fail here too?

An error of a program is the same everywhere. Where many of them run well, curation's machine failed and not they: a
fork server without its libraries makes an error of every program, and the data set would be what is left.
"""

import heapq
import logging
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from xxhash import xxh3_64_intdigest

from schemas.config import ProgramLimits
from schemas.exits import one_line
from schemas.problem import Format
from schemas.reason import REFUSED_PROGRAMS
from schemas.verdict import Check
from schemas.wording import amount
from validation.dataset.check import check_of, unchecked
from validation.dataset.rejected import read_rejected, rejected_lines
from validation.programs import Ending, Execution, Level, Pool

logger = logging.getLogger(__name__)

_SAMPLE = 40
_CHANCE = 0.05  # share of refused programs that may run well: by luck, or under another version of a package


@dataclass(frozen=True, slots=True)
class Refused:
    """One candidate whose programs curation refused."""

    id: str
    format: str
    programs: tuple[str, ...]


def read_refused(folder: Path, *, seed: int) -> list[Refused]:
    """Returns a sample of the refused, drawn by keyed hash; rejected records that tell no program are passed over."""
    return heapq.nsmallest(
        _SAMPLE, _refused(folder), key=lambda refused: xxh3_64_intdigest(refused.id.encode("utf-8", "replace"), seed)
    )


def _refused(folder: Path) -> Iterator[Refused]:
    lines = (line for line in rejected_lines(folder) if b'"programs"' in line)
    for marks, _ in map(read_rejected, lines):
        for mark in marks:
            programs = mark.get("programs")
            if mark.get("reason") in REFUSED_PROGRAMS and isinstance(programs, list):
                yield Refused(str(mark.get("id")), str(mark.get("format")), tuple(map(str, programs)))


def run_refused(sample: Sequence[Refused], limits: ProgramLimits, level: Level | None) -> list[str] | str:
    """Runs refused programs.

    Args:
        sample: what to run.
        limits: what a program may use.
        level: how programs are held; None for the strongest level here.

    Returns:
        The ids of those that run well here, or why none can be run.
    """
    if not sample:
        return []
    try:
        with Pool(level) as pool:
            alone = [refused for refused in sample if refused.format == Format.POT]
            dialogues = [refused for refused in sample if refused.format != Format.POT]
            values = pool.map(["\n".join(refused.programs) for refused in alone], limits)
            blocks = pool.map_blocks([refused.programs for refused in dialogues], limits)
    except OSError as error:
        logger.debug("refused programs could not be run", exc_info=True)
        return one_line(str(error))[:160]
    good = [refused.id for refused, ran in zip(alone, values, strict=True) if ran.reason is None]
    return good + [refused.id for refused, ran in zip(dialogues, blocks, strict=True) if _is_sound(ran)]


def _is_sound(executions: Sequence[Execution]) -> bool:
    return bool(executions) and all(execution.ending is Ending.OK for execution in executions)


def check_refused(good: Sequence[str] | str, *, sampled: int) -> Check:
    """Draws the verdict: more than chance fails, and one alone is not more than chance."""
    name = "refused_programs_fail_here"
    if isinstance(good, str):
        return unchecked(name, "recheck", f"programs cannot be executed here: {good}")
    if not sampled:
        return unchecked(name, "recheck", "no program was refused for an error of its own")
    detail = f"{len(good):,} of {amount(sampled, 'refused program')} run well here"
    more_than_chance = len(good) > max(1, _CHANCE * sampled)
    problems = [f"{detail}: the machine that refused them could not run programs"] if more_than_chance else []
    return check_of(name, "recheck", detail, problems, checked=sampled, unexpected=len(good), ids=good)
