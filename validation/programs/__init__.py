"""What does this program do, in isolation?

pool       run, run_blocks, Pool: programs in, executions out
execution  what came of a program
purity     which programs deserve a second run;  addresses: those that could show a part of one
repeat     the second run of those
preload    what servers load beforehand, and which programs the light one serves
levels     which level of isolation this machine gives
launch, server: the command line of a fork server, and the caller's end of it
packages   which packages programs see
wire       what a server and its caller say to each other
zygote, watch, threads, pages: the server itself, and how it watches a fork
child, notebook, elsewhere: what runs in a fork
confine, seccomp, syscalls: the walls around it
"""

from schemas.config import ProgramLimits as Limits
from validation.programs.execution import Ending, Execution, recovered
from validation.programs.launch import Level
from validation.programs.levels import LevelReport, best_level, describe_levels
from validation.programs.packages import versions
from validation.programs.pool import Pool, close_shared, run, run_blocks
from validation.programs.purity import may_vary
from validation.programs.repeat import map_repeatable, map_repeatable_blocks
from validation.programs.server import ServerError

__all__ = [
    "Ending",
    "Execution",
    "Level",
    "LevelReport",
    "Limits",
    "Pool",
    "ServerError",
    "best_level",
    "close_shared",
    "describe_levels",
    "map_repeatable",
    "map_repeatable_blocks",
    "may_vary",
    "recovered",
    "run",
    "run_blocks",
    "versions",
]
