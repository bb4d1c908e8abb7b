"""How a verb ends: the exit codes that users' scripts hold on to, and the two errors that carry them.

A user's mistake is one line and exit 2, a run that failed is one line and exit 1. Every other exception is our own
broken promise: it crashes with its traceback.
"""

import sys
from collections.abc import Sequence
from enum import IntEnum
from typing import Any


class ExitCode(IntEnum):
    """Process exit codes of every verb."""

    DONE = 0
    FAILED = 1
    COULD_NOT_START = 2
    STOPPED = 130  # by Ctrl-C, as shells have it: 128 + SIGINT


class UserError(Exception):
    """It could not start: bad config, missing file, wrong folder. One line: what, where, what is allowed.

    Attributes:
        message: what is wrong and what is allowed, without the place.
    """

    exit_code = ExitCode.COULD_NOT_START

    def __init__(self, message: str, *, place: str = "") -> None:
        """Says what is wrong, and where in the config if anywhere."""
        super().__init__(f"{place}: {message}" if place else message)
        self.message = message


class RunFailedError(Exception):
    """It ran and failed: gate failed, wipe-out alarm, disk full, bytes that do not match their verdict."""

    exit_code = ExitCode.FAILED


_CONTINUES = {"curate": "the same command continues", "train": "the same command with --resume continues"}


def run_command_line(app: Any, arguments: Sequence[str]) -> int:  # noqa: ANN401  a typer app; schemas stays light
    """Runs a room's typer app and returns the exit code.

    An expected error, a wrong option and Ctrl-C are one line on stderr. With `--debug` among the arguments the two
    expected errors propagate with their traceback, as everything unexpected always does.
    """
    import typer  # deferred: readers of the contract need no command line
    from typer.exceptions import TyperException

    verb = arguments[0] if arguments else ""
    try:
        code = app(args=list(arguments), prog_name="mathmill", standalone_mode=False) or ExitCode.DONE
    except (UserError, RunFailedError) as error:
        if "--debug" in arguments:
            raise
        return _report(str(error), error.exit_code)
    except TyperException as error:
        message = getattr(error, "format_message", error.__str__)()
        return _report(f"{message} (see mathmill {verb} --help)", ExitCode.COULD_NOT_START)
    except (typer.Abort, KeyboardInterrupt):
        code = ExitCode.STOPPED
    if code == ExitCode.STOPPED:
        return _report("; ".join(filter(None, ("stopped", _CONTINUES.get(verb)))), ExitCode.STOPPED)
    return int(code)


def _report(message: str, code: ExitCode) -> int:
    sys.stderr.write(f"mathmill: {one_line(message)}\n")
    return code


def one_line(message: str) -> str:
    """Folds a message into one line: users read and grep errors by line."""
    return " ".join(message.split())
