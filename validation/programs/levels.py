"""Which level of isolation this machine gives, and the one command that lifts it."""

from dataclasses import dataclass
from functools import cache

from validation.programs.launch import Level, bubblewrap
from validation.programs.server import Server, ServerError

_LIFT = "apt-get install bubblewrap"


@dataclass(frozen=True, slots=True)
class LevelReport:
    """One level on this machine: whether it works, the walls it has, and what would make it work."""

    level: Level
    available: bool
    walls: tuple[str, ...]
    problem: str = ""
    lift: str = ""


@cache
def probe(level: Level) -> LevelReport:
    """Starts a bare server at a level and reports what it says; asked once per process."""
    if level is Level.NAMESPACES and bubblewrap() is None:
        return LevelReport(level, False, (), "bubblewrap is not installed", _LIFT)
    server = Server(level, modules=("math",))
    try:
        server.start()
        return LevelReport(level, True, server.walls)
    except ServerError as error:
        lift = lift_namespaces(str(error)) if level is Level.NAMESPACES else ""
        return LevelReport(level, False, (), str(error), lift)
    finally:
        server.close()


def lift_namespaces(problem: str) -> str:
    """Returns what would make bubblewrap work; empty when it did its part and what it started failed."""
    if not problem.startswith("bwrap:") or "execvp" in problem:
        return ""
    return "run the container with user namespaces allowed (docker: --security-opt seccomp=unconfined)"


def best_level() -> Level:
    """Returns the strongest level that works here, never `weak`.

    Raises:
        OSError: neither namespaces nor seccomp work; `weak` must be asked for.
    """
    for level in (Level.NAMESPACES, Level.SECCOMP):
        if probe(level).available:
            return level
    raise OSError("no isolation for untrusted programs on this machine: " + probe(Level.SECCOMP).problem)


def describe_levels(weakest: Level = Level.WEAK) -> list[LevelReport]:
    """Returns a report for every level down to `weakest`, strongest first; each costs the start of a server, once."""
    levels = list(Level)
    return [probe(level) for level in levels[: levels.index(weakest) + 1]]
