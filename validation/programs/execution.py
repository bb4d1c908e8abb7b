"""What came of a program: read from the kernel's word (how it ended, its CPU, its bytes), never from the program's.

The value is what the program printed, assigned or returned; a program can only ever lie about itself.
"""

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from schemas.config import ProgramLimits
from schemas.reason import Reason


class Ending(StrEnum):
    """How a program ended."""

    OK = "ok"
    ERROR = "error"
    TIMEOUT = "timeout"
    MEMORY = "memory"
    OUTPUT_LIMIT = "output_limit"
    FORBIDDEN = "forbidden"
    CRASH = "crash"
    NONDETERMINISTIC = "nondeterministic"
    UNJUDGED = "unjudged"
    """the server died while it ran: ours, until it is shown to be the program's"""


REASONS: dict[Ending, Reason] = {
    Ending.ERROR: Reason.PROGRAM_ERROR,
    Ending.TIMEOUT: Reason.PROGRAM_TIMEOUT,
    Ending.MEMORY: Reason.PROGRAM_MEMORY,
    Ending.OUTPUT_LIMIT: Reason.PROGRAM_OUTPUT_LIMIT,
    Ending.FORBIDDEN: Reason.PROGRAM_FORBIDDEN,
    Ending.CRASH: Reason.PROGRAM_ERROR,
    Ending.NONDETERMINISTIC: Reason.PROGRAM_NONDETERMINISTIC,
    Ending.UNJUDGED: Reason.JUDGE_CRASH,
}


@dataclass(frozen=True, slots=True)
class Execution:
    """What came of a program.

    `value` is `ans`, what `solution()` returned, the last printed line, or a bare last expression; `error` one line.
    `package` is what it imports that programs do not see.
    """

    ending: Ending
    stdout: str
    value: str | None
    error: str | None = None
    package: str | None = None

    @property
    def reason(self) -> Reason | None:
        """The reason code for the ledger; None when it ended well and gave a value."""
        if self.package is not None:
            return Reason.PROGRAM_NEEDS_PACKAGE
        return REASONS.get(self.ending) or (Reason.PROGRAM_ERROR if self.value is None else None)

    def failed_as(self, recorded: str) -> bool:
        """Whether it raised an error that a recorded output shows, by name: messages differ between versions."""
        name = (self.error or "").partition(":")[0]
        return self.ending is Ending.ERROR and bool(re.search(rf"(?<!\w){re.escape(name)}(?!\w)", recorded))


def recovered(executions: Sequence[Execution], recorded: Sequence[str]) -> set[int]:
    """Returns the blocks of a dialogue that failed as was recorded, and were followed by one that did not fail."""
    return {
        place
        for place, (execution, output) in enumerate(zip(executions, recorded, strict=False))
        if execution.failed_as(output) and any(later.ending is Ending.OK for later in executions[place + 1 :])
    }


_CAUSES = {
    "wall": (Ending.TIMEOUT, "wall-clock limit"),
    "cpu": (Ending.TIMEOUT, "CPU limit"),
    "output": (Ending.OUTPUT_LIMIT, "output limit"),
    "forged": (Ending.CRASH, "more reports than blocks"),
}
_SIGXCPU, _SIGXFSZ, _SIGSYS, _SIGKILL = 24, 25, 31, 9
_SIGNALS = {
    _SIGSYS: (Ending.FORBIDDEN, "a forbidden system call"),
    _SIGXCPU: (Ending.TIMEOUT, "CPU limit"),
    _SIGXFSZ: (Ending.FORBIDDEN, "wrote a file"),
    _SIGKILL: (Ending.MEMORY, "killed by the kernel"),
}
_TEXTS = ("value", "error", "last", "package")
_MOST_ERROR, _MOST_NAME = 500, 100
_MOST_LINES = 50  # of a value that goes over several
_NO_ANSWER = re.compile(r"(?i)(?:nan|inf)j?")  # overflowed, or never was a number
_NOTHING = re.compile(
    r"(?:\A|[\[(,:=]\s?)None(?=\s?[\]),]|\Z)"
)  # what Python calls no value: a function that found none
_BETWEEN_NUMBERS = re.compile(r"[\s,;()\[\]{}+-]+")
_ERRORS = {"MemoryError": Ending.MEMORY, "PermissionError": Ending.FORBIDDEN}


def _ended(reply: dict[str, Any], limits: ProgramLimits) -> tuple[Ending, str] | None:
    """Returns how the process itself ended when it did not end well, by the kernel's word."""
    if reply["cause"]:
        return _CAUSES.get(reply["cause"], (Ending.CRASH, str(reply["cause"])))
    status: int = reply["status"]
    if status < 0:
        if status == -_SIGKILL and reply["cpu"] >= limits.cpu_s:
            return Ending.TIMEOUT, "CPU limit"
        return _SIGNALS.get(-status, (Ending.CRASH, f"signal {-status}"))
    return (Ending.CRASH, f"left with status {status}") if status else None


def _reports(reply: dict[str, Any], count: int, most: int) -> list[dict[str, str | None]] | None:
    """Reads what the process said about its blocks; None when that is malformed, as only a forger's is.

    `most` are the characters that a value has at most.
    """
    lines = reply["reports"].split("\n")
    if lines.pop() or len(lines) > count:
        return None
    try:
        found = [json.loads(line) for line in lines]
    except (ValueError, RecursionError):
        return None
    shaped = all(
        isinstance(r, dict)
        and r.get("status") in ("ok", "error")
        and all(isinstance(r.get(k), str | None) for k in _TEXTS)
        and all(len(r.get(k) or "") <= most for k in _TEXTS)
        for r in found
    )
    return found if shaped else None


def read_reply(reply: dict[str, Any], count: int, limits: ProgramLimits) -> list[Execution]:
    """Returns the executions of `count` blocks from what the server saw and what the process said."""
    ended, reports = _ended(reply, limits), _reports(reply, count, limits.output_kb * 1024)
    if reports is None:
        reports, ended = [], ended or (Ending.CRASH, "a malformed report")
    if ended is None and len(reports) < count:
        ended = (Ending.CRASH, "ended before it was done")
    results, start = [], 0
    for report, end in zip(reports, reply["boundaries"], strict=False):
        results.append(_execution(report, reply["output"][start:end]))
        start = end
    if ended is not None:
        ending, error = ended
        results = results[: count - 1] if len(results) == count else results
        results.append(Execution(ending, reply["output"][start:] if len(results) < count else "", None, error))
        while len(results) < count:
            results.append(Execution(ending, "", None, f"not run: {error}"))
    return results


def _execution(report: dict[str, str | None], stdout: str) -> Execution:
    if report["status"] == "error":
        error = _one_line((report.get("error") or "")[:_MOST_ERROR])
        ending = _ERRORS.get(error.partition(":")[0], Ending.ERROR)
        package = report.get("package")
        named = package is not None and len(package) <= _MOST_NAME and package.isidentifier()
        return Execution(ending, stdout, None, error, package if named else None)
    value = next((v for v in (report.get("value"), _last_printed(stdout), report.get("last")) if v is not None), None)
    return Execution(Ending.OK, stdout, None if value is None or _is_no_answer(value) else _encodable(value))


def _last_printed(stdout: str) -> str | None:
    """The last line of what was printed, with the lines above it where brackets hold them together: a matrix."""
    lines = stdout.rstrip().splitlines()
    if not lines:
        return None
    begin, closed = len(lines) - 1, _closed(lines[-1])
    while closed > 0 and len(lines) - begin < _MOST_LINES and begin > 0:
        begin -= 1
        closed += _closed(lines[begin])
    return "\n".join(lines[begin:]).strip() if closed == 0 else lines[-1].strip()


def _closed(line: str) -> int:
    """How many brackets a line closes beyond those that it opens."""
    return sum((character in "])") - (character in "[(") for character in line)


def _is_no_answer(value: str) -> bool:
    return any(map(_NO_ANSWER.fullmatch, _BETWEEN_NUMBERS.split(value))) or _NOTHING.search(value) is not None


def _encodable(text: str) -> str:
    """Writes lone surrogates, which a program may give and no text holds, as their codes."""
    return text.encode("utf-8", "backslashreplace").decode()


def _one_line(text: str) -> str:
    """What a terminal and a ledger can bear: one line, nothing that is not shown as itself."""
    shown = " ".join(_encodable(text).splitlines()) if text.strip() else text
    return "".join(c if c.isprintable() else f"\\x{ord(c):02x}" for c in shown)
