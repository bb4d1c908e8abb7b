"""Programs run a second time where the first result could have been luck.

The second run comes from other servers, whose Python has another hash seed, starts the random generators from another
seed, and sees another day and another host (`elsewhere`). It decides nothing when it was itself cut short: a busy
machine is no evidence against a program.
"""

from collections.abc import Sequence
from dataclasses import replace

from schemas.config import ProgramLimits
from validation.programs.execution import Ending, Execution
from validation.programs.pool import Pool
from validation.programs.purity import deserves_second_run, shows_address

_SEED = 1
_CUT_SHORT = (Ending.TIMEOUT, Ending.MEMORY, Ending.CRASH, Ending.UNJUDGED)
_SHOWN = 40  # characters of an output in a message


def map_repeatable(pool: Pool, programs: Sequence[str], limits: ProgramLimits) -> list[Execution]:
    """Runs programs as `Pool.map` does; the ending of one whose two runs differ is `nondeterministic`."""
    first = pool.map(programs, limits)
    doubtful = [at for at, run in enumerate(first) if run.ending is Ending.OK and _is_doubtful(programs[at], run)]
    second = pool.twin().map([programs[at] for at in doubtful], limits, seed=_SEED) if doubtful else []
    for at, again in zip(doubtful, second, strict=True):
        first[at] = _agreed(first[at], again)
    return first


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
    return first


def _is_doubtful(program: str, run: Execution) -> bool:
    return deserves_second_run(program) or shows_address(run.stdout) or shows_address(run.value or "")


def _agreed(first: Execution, second: Execution) -> Execution:
    same = (first.stdout, first.value) == (second.stdout, second.value)
    if second.ending in _CUT_SHORT or first.ending is not Ending.OK or same:
        return first
    given, again = (_shown(run) for run in (first, second))
    return replace(first, ending=Ending.NONDETERMINISTIC, value=None, error=f"gives {given}, run again {again}")


def _shown(run: Execution) -> str:
    text = run.error or run.value or run.stdout
    return repr(text if len(text) <= _SHOWN else text[: _SHOWN - 1] + "…")
