"""math-verify for what the exact path leaves over, in a warm child process that can be killed.

math-verify limits its time with SIGALRM, which fails in worker threads, and knows only yes and no. Here it runs
without its own limits in a child with bounded memory that looks at each question briefly; what it has not answered then
goes to a second child that counts calls, so that a verdict depends on no machine's speed. The parent waits, and kills
what hangs in one call. Only notation of which its parser is known to drop nothing is shown to it, and a yes counts
only when both directions say it; everything else is `unknown` or a refutation.
"""

import atexit
import contextlib
import os
import re
import select
import signal
import subprocess
import sys
import threading
import time
from collections import OrderedDict
from pathlib import Path

from schemas.work import spend
from validation.answers.growth import outgrows
from validation.answers.outcome import CLOCK, Comparison, equal, not_equal, unknown
from validation.answers.symbolic_child import BRIEFLY, COUNTED, KILLED, OVER, SLOW

CPU_SECONDS = 2.0  # of a brief look, which ends itself in a tenth of it unless it hangs in one call
WALL_SECONDS = 60.0
MEMORY_BYTES = 2 << 30
_START_SECONDS = 60.0
_BROKEN = "broken"  # what is said of a child that does not start
_ASKED = 10_000  # characters' worth of work of a question to the child: a row of a few lines may ask about twenty
_CACHE = 4096
# What math-verify reads without dropping characters; anything else is not shown to it.
_COMMANDS = frozenset([
    "frac", "sqrt", "pi", "cdot", "times", "div", "sin", "cos", "tan", "cot", "sec", "csc", "log", "ln", "exp",
    "arcsin", "arccos", "arctan", "sinh", "cosh", "tanh", "alpha", "beta", "gamma", "theta", "lambda", "mu",
    "infty", "pm", "cup", "cap", "in", "le", "ge", "ne", "binom",
])  # fmt: skip
_READABLE = re.compile(r"(?:\\[A-Za-z]++|\\[{}|]|[0-9A-Za-z+\-*/^_(){}\[\],.|!<>= ])*+\Z")
_MISREAD = re.compile(
    r"\d\s+\d|\d_|(?:\d|\b)(?:st|nd|rd|th)\b|\^(?:\w+|\{[^{}]*\})\s*\^|[A-Za-z]{4,}(?<!\\)|%|\d\s*\\frac"
    r"|\b(?:and|or|not|if|to|of|in|by|is|no|per|for|mod|any|all)\b"
)
# The parser drops what it cannot use of `5 +`, `5...`, `5 . 5` and `1.2.3`, and takes them for 5, 5, 5 and 1.2.
_CUT_OFF = re.compile(r"[-+*/^=<>,]\s*\Z|\A\s*[*/^,]|\.(?!\d)|\.\d+\s*\.|\d\s+\.")


class Child:
    """One math-verify process: a line of JSON in, a line out."""

    def __init__(self) -> None:
        root = str(Path(__file__).resolve().parents[2])
        environment = {
            "PATH": os.environ.get("PATH", ""),
            "PYTHONPATH": root,
            "PYTHONHASHSEED": "0",
            "LC_ALL": "C.UTF-8",
        }
        self.process = subprocess.Popen(
            [sys.executable, "-m", "validation.answers.symbolic_child", str(MEMORY_BYTES)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env=environment,
            cwd=root,
            process_group=0,
        )
        self.ready = False

    def ask(self, gold: str, answer: str, how: str = BRIEFLY) -> str:
        """Returns yes, no, dropped, error, slow (only briefly), over (only counted) or killed."""
        if not self.ready and self._line(_START_SECONDS, None) != "ready":
            return _BROKEN
        self.ready = True
        assert self.process.stdin is not None
        try:
            self.process.stdin.write(f"{how}\t{gold}\t{answer}\n".encode())
            self.process.stdin.flush()
        except BrokenPipeError:
            return KILLED
        return self._line(WALL_SECONDS, self._cpu() + CPU_SECONDS) or KILLED

    def _line(self, wall: float, cpu: float | None) -> str:
        """Waits for a line until the wall time or the child's CPU time is used up."""
        assert self.process.stdout is not None
        poller = select.poll()
        poller.register(self.process.stdout, select.POLLIN)
        end = time.monotonic() + wall
        while time.monotonic() < end:
            if poller.poll(50):
                return self.process.stdout.readline().decode().strip()
            if cpu is not None and self._cpu() > cpu:
                return ""
        return ""

    def _cpu(self) -> float:
        try:
            fields = Path(f"/proc/{self.process.pid}/stat").read_text().rpartition(")")[2].split()
        except OSError:
            return 0.0
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def close(self) -> None:
        """Kills the process and waits for it."""
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGKILL)  # and what it forked to count
        self.process.wait()
        for stream in (self.process.stdin, self.process.stdout):
            if stream is not None:
                with contextlib.suppress(BrokenPipeError):
                    stream.close()


class SymbolicComparer:
    """A child, and one that counts beside it; safe for threads, one question at a time."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._child: Child | None = None
        self._counting: Child | None = None
        self._owner = os.getpid()
        self._known: OrderedDict[tuple[str, str], Comparison] = OrderedDict()

    def compare(self, gold: str, answer: str) -> Comparison:
        """Compares two normalised answers in the child.

        Raises:
            OverBudgetError: within a row's budget, where nothing is left of it.
        """
        for text in (gold, answer):
            problem = unreadable(text)
            if problem:
                return unknown("symbolic", problem)
        spend(_ASKED)
        with self._lock:
            key = (gold, answer)
            known = self._known.get(key) or self._ask(gold, answer)
            if known.path != CLOCK:
                self._known[key] = known
                if len(self._known) > _CACHE:
                    self._known.popitem(last=False)
            return known

    def _ask(self, gold: str, answer: str) -> Comparison:
        if self._owner != os.getpid():  # after a fork the children belong to the parent
            self._child = self._counting = None
            self._owner = os.getpid()
        self._child = self._child or Child()
        self._counting = self._counting or Child()
        reply = self._child.ask(gold, answer)
        if reply in (KILLED, _BROKEN):
            self._child.close()
            self._child = None
        if reply == SLOW:
            reply = self._counting.ask(gold, answer, COUNTED)
            if reply in (KILLED, _BROKEN):
                self._counting.close()
                self._counting = None
        if reply in (KILLED, _BROKEN):
            return unknown(CLOCK, reply)
        if reply == OVER:
            return unknown("symbolic", "takes more work than an answer may")
        if reply == "yes":
            return equal("symbolic")
        return not_equal("symbolic") if reply == "no" else unknown("symbolic", reply)

    def close(self) -> None:
        """Ends both processes; a later question starts new ones."""
        with self._lock:
            for child in (self._child, self._counting):
                if child is not None and self._owner == os.getpid():
                    child.close()
            self._child = self._counting = None


def unreadable(text: str) -> str:
    """Returns why math-verify would drop characters of this text, or nothing."""
    if len(text) > 1000 or "\n" in text or "\t" in text:
        return "too long for the symbolic path"
    if not _READABLE.match(text):
        return "characters outside the symbolic path"
    if any(text.count(left) != text.count(right) for left, right in ("()", "{}")):
        return "brackets that do not balance"
    commands = set(re.findall(r"\\([A-Za-z]+)", text))
    if commands - _COMMANDS:
        return f"\\{min(commands - _COMMANDS)} is outside the symbolic path"
    if _CUT_OFF.search(text) or text.count("|") % 2:
        return "an expression that is cut off"
    bare = re.sub(r"\\[A-Za-z]+", " ", text)
    if _MISREAD.search(bare) or re.search(r"\d\s*\\frac", text):
        return "notation that math-verify misreads"
    if text.count("(") + text.count("{") > 60:
        return "nested too deep for the symbolic path"
    return "grows beyond bounds when it is worked out" if outgrows(text) else ""


_COMPARER = SymbolicComparer()
atexit.register(_COMPARER.close)


def compare_symbolic(gold: str, answer: str) -> Comparison:
    """Compares with this process's own child, started at the first call."""
    return _COMPARER.compare(gold, answer)


def close_symbolic() -> None:
    """Ends this process's child and its spare."""
    _COMPARER.close()
