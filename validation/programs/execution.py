"""What came of a program: read from the kernel's word (how it ended, its CPU, its bytes), never from the program's.

The value is what the program printed, assigned or returned; a program can only ever lie about itself.
"""

import json
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


REASONS: dict[Ending, Reason] = {
    Ending.ERROR: Reason.PROGRAM_ERROR,
    Ending.TIMEOUT: Reason.PROGRAM_TIMEOUT,
    Ending.MEMORY: Reason.PROGRAM_MEMORY,
    Ending.OUTPUT_LIMIT: Reason.PROGRAM_OUTPUT_LIMIT,
    Ending.FORBIDDEN: Reason.PROGRAM_FORBIDDEN,
    Ending.CRASH: Reason.PROGRAM_ERROR,
    Ending.NONDETERMINISTIC: Reason.PROGRAM_NONDETERMINISTIC,
}


@dataclass(frozen=True, slots=True)
class Execution:
    """What came of a program.

    `value` is the last printed line, `ans`, or what `solution()` returned; `error` one line.
    """

    ending: Ending
    stdout: str
    value: str | None
    error: str | None = None

    @property
    def reason(self) -> Reason | None:
        """The reason code for the ledger; None when it ended well and gave a value."""
        return REASONS.get(self.ending) or (Reason.PROGRAM_ERROR if self.value is None else None)


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


def _reports(reply: dict[str, Any], count: int) -> list[dict[str, str | None]] | None:
    """Reads what the process said about its blocks; None when that is malformed, as only a forger's is."""
    lines = reply["reports"].split("\n")
    if lines.pop() or len(lines) > count:
        return None
    try:
        found = [json.loads(line) for line in lines]
    except ValueError:
        return None
    shaped = all(
        isinstance(r, dict)
        and r.get("status") in ("ok", "error")
        and all(isinstance(r.get(k), str | None) for k in ("value", "error"))
        for r in found
    )
    return found if shaped else None


def read_reply(reply: dict[str, Any], count: int, limits: ProgramLimits) -> list[Execution]:
    """Returns the executions of `count` blocks from what the server saw and what the process said."""
    ended, reports = _ended(reply, limits), _reports(reply, count)
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
    error, value = report["error"], report["value"]
    if report["status"] == "error":
        name = (error or "").partition(":")[0]
        return Execution(_ERRORS.get(name, Ending.ERROR), stdout, None, error)
    lines = stdout.rstrip().splitlines()
    return Execution(Ending.OK, stdout, value if value is not None else (lines[-1].strip() if lines else None))
