"""How a verb ends: the exit codes that users' scripts hold on to, and the two errors that carry them.

A user's mistake is one line and exit 2, a run that failed is one line and exit 1. Every other exception is our own
broken promise: it crashes with its traceback.
"""

import sys
from collections.abc import Callable, Sequence
from enum import IntEnum
from typing import Any


class ExitCode(IntEnum):
    """Process exit codes of every verb."""

    DONE = 0
    FAILED = 1
    COULD_NOT_START = 2


class UserError(Exception):
    """It could not start: bad config, missing file, wrong folder. One line: what, where, what is allowed."""

    exit_code = ExitCode.COULD_NOT_START


class RunFailedError(Exception):
    """It ran and failed: gate failed, wipe-out alarm, disk full, bytes that do not match their verdict."""

    exit_code = ExitCode.FAILED


def exit_code_of(verb: Callable[[], object], *, debug: bool) -> int:
    """Runs a verb and turns the two expected errors into one line on stderr and an exit code.

    With `debug` they propagate with their traceback, as everything unexpected always does.
    """
    try:
        verb()
    except (UserError, RunFailedError) as error:
        if debug:
            raise
        sys.stderr.write(f"mathmill: {one_line(str(error))}\n")
        return error.exit_code
    return ExitCode.DONE


def run_command_line(app: Any, arguments: Sequence[str]) -> int:  # noqa: ANN401  a typer app; schemas stays light
    """Runs a room's typer app and returns the exit code; a usage error is one line and exit 2, as all user errors.

    `--debug` among the arguments shows tracebacks.
    """
    import typer  # deferred: readers of the contract need no command line
    from typer.exceptions import TyperException

    try:
        debug = "--debug" in arguments
        return exit_code_of(lambda: app(args=list(arguments), standalone_mode=False), debug=debug)
    except typer.Exit as error:
        return error.exit_code
    except TyperException as error:
        message = getattr(error, "format_message", error.__str__)()
        sys.stderr.write(f"mathmill: {one_line(message)}\n")
        return ExitCode.COULD_NOT_START
    except (typer.Abort, KeyboardInterrupt):
        sys.stderr.write("mathmill: stopped; the same command continues\n")
        return ExitCode.FAILED


def one_line(message: str) -> str:
    """Folds a message into one line: users read and grep errors by line."""
    return " ".join(message.split())
