"""Programs run a second time where the first result could have been luck.

The second run comes from other servers, whose Python has another hash seed, starts the random generators from another
seed, and sees another day and another host (`elsewhere`). It decides nothing when it was itself cut short: a busy
machine is no evidence against a program.
"""

import sys
import sysconfig
from collections.abc import Sequence
from dataclasses import replace

from schemas.config import ProgramLimits
from validation.programs.execution import Ending, Execution
from validation.programs.pool import Pool
from validation.programs.purity import deserves_second_run, shows_address

_SEED = 1
_CUT_SHORT = (Ending.TIMEOUT, Ending.MEMORY, Ending.CRASH, Ending.UNJUDGED)
_SHOWN = 40  # characters of an output in a message
_OF_THE_SYSTEM = ("/", "/usr", "/usr/local")  # where every machine has something
_PLACES = sorted({
    *(sysconfig.get_paths()[key] for key in ("stdlib", "platstdlib", "purelib", "platlib")),
    *{sys.prefix, sys.base_prefix}.difference(_OF_THE_SYSTEM),
})  # fmt: skip


def map_repeatable(pool: Pool, programs: Sequence[str], limits: ProgramLimits) -> list[Execution]:
    """Runs programs as `Pool.map` does; the ending of one whose two runs differ is `nondeterministic`."""
    first = pool.map(programs, limits)
    doubtful = [at for at, run in enumerate(first) if run.ending is Ending.OK and _is_doubtful(programs[at], run)]
    second = pool.twin().map([programs[at] for at in doubtful], limits, seed=_SEED) if doubtful else []
    for at, again in zip(doubtful, second, strict=True):
        first[at] = _agreed(first[at], again)
    return [_placeless(run) for run in first]


def map_repeatable_blocks(
    pool: Pool, dialogues: Sequence[Sequence[str]], limits: ProgramLimits
) -> list[list[Execution]]:
    """Runs dialogues as `Pool.map_blocks` does; a block whose two runs differ is `nondeterministic`."""
    first = pool.map_blocks(dialogues, limits)
    doubtful = [
        at
        for at, runs in enumerate(first)
        if all(run.ending in (Ending.OK, Ending.ERROR) for run in runs) and any(map(_is_doubtful, dialogues[at], runs))
    ]
    second = pool.twin().map_blocks([dialogues[at] for at in doubtful], limits, seed=_SEED) if doubtful else []
    for at, again in zip(doubtful, second, strict=True):
        first[at] = [_agreed(one, other) for one, other in zip(first[at], again, strict=True)]
    return [[_placeless(run) for run in runs] for runs in first]


def _is_doubtful(program: str, run: Execution) -> bool:
    return deserves_second_run(program) or shows_address(run.stdout) or shows_address(run.value or "")


def _agreed(first: Execution, second: Execution) -> Execution:
    same = (first.stdout, first.value) == (second.stdout, second.value)
    if second.ending in _CUT_SHORT or first.ending is not Ending.OK or same:
        return first
    given, again = (_shown(run) for run in (first, second))
    return replace(first, ending=Ending.NONDETERMINISTIC, value=None, error=f"gives {given}, run again {again}")


def _placeless(run: Execution) -> Execution:
    """Refuses what another machine would show otherwise though it says the same twice here."""
    shown = next((place for place in _PLACES if place in run.stdout or place in (run.value or "")), None)
    if shown is None or run.ending is not Ending.OK:
        return run
    error = f"shows where Python lies on this machine: {shown}"
    return replace(run, ending=Ending.NONDETERMINISTIC, value=None, error=error)


def _shown(run: Execution) -> str:
    text = run.error or run.value or run.stdout
    return repr(text if len(text) <= _SHOWN else text[: _SHOWN - 1] + "…")
