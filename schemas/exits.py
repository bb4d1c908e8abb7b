"""How a verb ends: the exit codes that users' scripts hold on to, and the two errors that carry them.

A user's mistake is one line and exit 2, a run that failed is one line and exit 1; so is what the machine refuses (a
disk that is read-only, a file that may not be opened). Every other exception is our own broken promise: it crashes with
its traceback.
"""

import errno
import os
import signal
import sys
from collections.abc import Callable, Sequence
from enum import IntEnum
from typing import Any

from schemas.session import enduring_output, fill_standard_descriptors
from schemas.stopping import signals_as_interrupt
from schemas.verbs import elsewhere
from schemas.wording import laid_bare, shortened

SIGNAL = 128  # a signal's exit code is it and the number, as shells have it
_LONGEST = 4000  # characters of an error: it may quote what a file holds


class ExitCode(IntEnum):
    """Process exit codes of every verb."""

    DONE = 0
    FAILED = 1
    COULD_NOT_START = 2
    STOPPED = 130  # by Ctrl-C


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

    exit_code: int = ExitCode.FAILED


class StoppedError(RunFailedError):
    """A signal ended it in order: what was done is saved."""

    def __init__(self, message: str, number: signal.Signals) -> None:
        super().__init__(message)
        self.exit_code = SIGNAL + number


_FULL = (errno.ENOSPC, errno.EDQUOT)
_CONTINUES = {"curate": "the same command continues", "train": "the same command with --resume continues"}


def run_command_line(app: Any, arguments: Sequence[str]) -> int:  # noqa: ANN401  a typer app; schemas stays light
    """Runs a room's typer app and returns the exit code.

    An expected error, a wrong option, Ctrl-C and the signals that end a process are one line on stderr; a signal's code
    is 128 and its number. With `--debug` among the arguments errors propagate with their traceback, as everything
    unexpected always does. When stdout takes nothing any more the verb goes on, and a line says what was lost.
    """
    return shown(lambda: _run(app, arguments[0] if arguments else "", arguments))


def shown(work: Callable[[], int]) -> int:
    """Does work that writes to stdout and returns its exit code, or that of a failure where the text was not kept."""
    fill_standard_descriptors()
    with enduring_output() as output:
        code = work()
        output.flush()
        if output.lost:
            code = code or (ExitCode.FAILED if output.failed else ExitCode.DONE)
            _report(output.lost, code)
    return code


def stoppable(verb: str, work: Callable[[], int]) -> int:
    """Does a verb's work, or a part of it, and returns its exit code: the signal's where one ended it.

    Whatever breaks behind a signal is the stop: an interrupt comes back from C and from workers as other errors.
    """
    with signals_as_interrupt(lambda number: os._exit(_stopped(verb, number))) as came:
        try:
            return work()
        except BaseException:
            if not came:
                raise
            return _stopped(verb, came[0])


def _stopped(verb: str, number: signal.Signals) -> int:
    told = "stopped" if number == signal.SIGINT else f"stopped by {number.name}"
    return _report("; ".join(filter(None, (told, _CONTINUES.get(verb)))), SIGNAL + number)


def _run(app: Any, verb: str, arguments: Sequence[str]) -> int:  # noqa: ANN401  as above
    import typer  # deferred: readers of the contract need no command line
    from typer.exceptions import TyperException

    def work() -> int:
        code = app(args=list(arguments), prog_name="mathmill", standalone_mode=False)
        if code == ExitCode.STOPPED:  # what typer makes of an interrupt
            raise KeyboardInterrupt
        return int(code or ExitCode.DONE)

    try:
        return stoppable(verb, work)
    except (UserError, RunFailedError, OSError) as error:
        if "--debug" in arguments:
            raise
        return _report(_worded(error), getattr(error, "exit_code", ExitCode.FAILED))
    except TyperException as error:
        message = getattr(error, "format_message", error.__str__)()
        flag = str(getattr(error, "option_name", ""))
        if place := elsewhere(verb, flag.lstrip("-")):
            message = f"{flag}: {verb} has no such flag; {place}"
        return _report(f"{message} (see mathmill {verb} --help)", ExitCode.COULD_NOT_START)
    except (typer.Abort, KeyboardInterrupt):
        return _stopped(verb, signal.SIGINT)


def _worded(error: Exception) -> str:
    """An error in one line; the machine's own with the file that it is about."""
    if not isinstance(error, OSError):
        return str(error)
    told = ": ".join(str(part) for part in (error.filename, error.strerror or error) if part is not None)
    return f"{told}; make room and run the same command again" if error.errno in _FULL else told


def _report(message: str, code: int) -> int:
    sys.stderr.write(f"mathmill: {shortened(laid_bare(one_line(message)), _LONGEST)}\n")
    return code


def one_line(message: str) -> str:
    """Folds a message into one line: users read and grep errors by line."""
    return " ".join(message.split())
