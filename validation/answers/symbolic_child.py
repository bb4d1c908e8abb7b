"""The child of `symbolic.py`: reads `how TAB gold TAB answer` lines, answers yes, no, dropped, error, slow or over.

Asked briefly, it gives up after a fraction of a second: `slow`, which is no verdict. Asked to count, it answers in a
fork of itself, so that what an answer takes depends on the question alone, and counts the calls that it makes: `over`
is a verdict, the same on every machine. Who counts is never asked briefly, so nothing is remembered from before.

Dies with its parent's pipe.
"""

import logging
import os
import resource
import signal
import sys
import warnings
from types import FrameType
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from sympy import Basic


BRIEFLY, COUNTED = "briefly", "counted"
SLOW, OVER, KILLED = "slow", "over", "killed"
MOST_CALLS = 6_000_000
"""calls and returns that a question may take: about 0.6 s of Python's, 1.5 s counted; most take under 50,000"""
BRIEF_S = 0.2  # of CPU; what is answered within it takes less than `MOST_CALLS` on a machine of thrice the speed too
_FORK_CPU_S = 10  # a call of C that does not end in it: only a clock can tell
_MOST_BITS, _MOST_GCD_BITS = 1 << 20, 1 << 17
"""of whole numbers, which one such call works out: of a power, and of a polynomial's value where gcds are guessed"""
_FIRST = (("x^2-1", "(x-1)(x+1)"), (r"\frac{\sqrt{8}}{2}", r"\sqrt{2}"), ("[1,2)", "(1,2]"), (r"\sin(\pi)", "0"))
"""questions that bring in what sympy imports as late as it can"""


class _SlowError(BaseException):
    """A brief look took too long."""


def _read(text: str) -> list[Any]:
    from math_verify import parse  # here: the child alone pays for sympy

    return list(parse(f"${text}$", parsing_timeout=None))


def answer_one(gold: str, answer: str) -> str:
    """Compares in both directions and numerically."""
    from math_verify import verify

    first, second = _read(gold), _read(answer)
    if not first or not second:
        return "unparsed"
    forward = verify(first, second, timeout_seconds=None)
    backward = verify(second, first, timeout_seconds=None)
    if forward and backward:
        return "yes" if _agrees(first[0], second[0]) else "dropped"
    return "one way" if forward or backward else _refuted(first[0], second[0])


def _agrees(left: "Basic", right: "Basic") -> bool:
    """Checks at two points that the values agree, where they are expressions.

    Other kinds must be equal as they stand.
    """
    from sympy import Expr, Rational

    if not (isinstance(left, Expr) and isinstance(right, Expr)):
        return bool(left == right)
    if left.free_symbols != right.free_symbols:
        return False
    names = sorted(left.free_symbols, key=str)
    for start in (Rational(13, 7), Rational(5, 11)):
        point = {name: start + Rational(i, 3) for i, name in enumerate(names)}
        difference = (left - right).subs(point).evalf(30)
        if not difference.is_number or abs(difference) > Rational(1, 10**20):
            return False
    return True


def _refuted(left: "Basic", right: "Basic") -> str:
    from sympy import Expr, Pow

    if not (isinstance(left, Expr) and isinstance(right, Expr)):
        return "other kinds"
    roots = (power for side in (left, right) for power in side.atoms(Pow) if power.exp.is_Rational)
    if any(root.exp.q % 2 and root.exp.q > 1 and not root.base.is_nonnegative for root in roots):
        return "an odd root of what may be negative"  # complex to sympy, real in schools
    if left.free_symbols or right.free_symbols:
        return "no" if left.free_symbols == right.free_symbols and not _agrees(left, right) else "other symbols"
    return "no" if abs((left - right).evalf(30)) > 1e-9 else "near"


def _reply(gold: str, answer: str) -> str:
    from sympy.core import random

    random.seed(0)  # where sympy tries numbers, it tries the same ones
    try:
        return answer_one(gold, answer)
    except (Exception, RecursionError) as error:  # noqa: BLE001 - the judge's boundary: whatever it is becomes `unknown`
        return f"error {type(error).__name__}"


def _briefly(gold: str, answer: str) -> str:
    """The reply, or `slow`; what an unfinished look left in sympy's caches is no help to the next one."""
    from sympy.core.cache import clear_cache

    try:
        signal.setitimer(signal.ITIMER_VIRTUAL, BRIEF_S, BRIEF_S)
        try:
            return _reply(gold, answer)
        finally:
            signal.setitimer(signal.ITIMER_VIRTUAL, 0)
    except _SlowError:
        clear_cache()
        return SLOW


def _stop(_signal: int, _frame: FrameType | None) -> None:
    raise _SlowError


def _counted(gold: str, answer: str) -> str:
    """The reply, `over`, or `killed` where the fork ended without a word."""
    reading, writing = os.pipe()
    fork = os.fork()
    if fork == 0:
        os.close(reading)
        resource.setrlimit(resource.RLIMIT_CPU, (_FORK_CPU_S, _FORK_CPU_S))
        _count_down(writing)
        reply = _reply(gold, answer)
        sys.setprofile(None)
        os.write(writing, reply.encode())
        os._exit(0)
    os.close(writing)
    with os.fdopen(reading, encoding="utf-8") as words:
        reply = words.read()
    os.waitpid(fork, 0)
    return reply or KILLED


def _count_down(writing: int) -> None:
    """Ends this process with `over` when it has made too many calls, whatever the code at work may catch."""
    left = MOST_CALLS

    def called(_frame: FrameType, _event: str, _argument: object) -> None:
        nonlocal left
        left -= 1
        if left < 0:
            os.write(writing, OVER.encode())
            os._exit(0)

    sys.setprofile(called)


def _bound_powers() -> None:
    """Refuses powers of whole numbers that nobody could write down: sympy takes 7^{40!} for a number to work out."""
    from sympy import Integer

    power = Integer._eval_power

    def bounded(base: Integer, exponent: "Basic") -> "Basic | None":
        if isinstance(exponent, Integer) and abs(exponent.p) * abs(base.p).bit_length() > _MOST_BITS:
            raise OverflowError("a power of more than a million bits")
        result: Basic | None = power(base, exponent)
        return result

    Integer._eval_power = bounded


def _bound_guesses() -> None:
    """Lets sympy guess gcds of polynomials by their values while these are numbers of a size; then it calculates."""
    from sympy.polys import euclidtools
    from sympy.polys.polyerrors import HeuristicGCDFailed

    guess = euclidtools.dup_zz_heu_gcd

    def bounded(left: list[int], right: list[int], domain: object) -> object:
        for polynomial in filter(None, (left, right)):
            if len(polynomial) * max(abs(int(number)).bit_length() for number in polynomial) > _MOST_GCD_BITS:
                raise HeuristicGCDFailed("values of more than a hundred thousand bits")
        return guess(left, right, domain)

    euclidtools.dup_zz_heu_gcd = bounded


def main() -> None:
    """Serves until the parent closes the pipe."""
    warnings.filterwarnings("ignore")
    logging.disable(logging.CRITICAL)
    limit = int(sys.argv[1])
    resource.setrlimit(resource.RLIMIT_AS, (limit, limit))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    replies, sys.stdout = sys.stdout, sys.stderr
    signal.signal(signal.SIGVTALRM, _stop)
    _bound_powers()
    _bound_guesses()
    for first in _FIRST:
        _reply(*first)
    replies.write("ready\n")
    replies.flush()
    for line in sys.stdin:
        how, gold, answer = line.rstrip("\n").split("\t")
        reply = _briefly(gold, answer) if how == BRIEFLY else _counted(gold, answer)
        replies.write(reply + "\n")
        replies.flush()


if __name__ == "__main__":
    main()
