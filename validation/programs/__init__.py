"""What does this program do, in isolation?

pool       run, run_blocks, Pool: programs in, executions out
execution  what came of a program
purity     which programs deserve a second run
repeat     the second run of those
elsewhere  another day on another host, for the second run
preload    what servers load beforehand, and which programs the light one serves
levels     which level of isolation this machine gives
launch, server: the command line of a fork server, and the caller's end of it
zygote, child, pages, confine, seccomp: the server itself, what runs in a fork, and the walls around it
"""

from schemas.config import ProgramLimits as Limits
from validation.programs.execution import Ending, Execution
from validation.programs.launch import Level
from validation.programs.levels import LevelReport, best_level, describe_levels, doctor
from validation.programs.pool import Pool, close_shared, run, run_blocks
from validation.programs.purity import may_vary
from validation.programs.repeat import map_repeatable, map_repeatable_blocks

__all__ = [
    "Ending",
    "Execution",
    "Level",
    "LevelReport",
    "Limits",
    "Pool",
    "best_level",
    "close_shared",
    "describe_levels",
    "doctor",
    "map_repeatable",
    "map_repeatable_blocks",
    "may_vary",
    "run",
    "run_blocks",
]
