"""The child of `symbolic.py`: reads `gold TAB answer` lines, answers yes, no, dropped or error.

Dies with its parent's pipe.
"""

import logging
import resource
import sys
import warnings
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from sympy import Basic


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


def main() -> None:
    """Serves until the parent closes the pipe."""
    warnings.filterwarnings("ignore")
    logging.disable(logging.CRITICAL)
    limit = int(sys.argv[1])
    resource.setrlimit(resource.RLIMIT_AS, (limit, limit))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    replies, sys.stdout = sys.stdout, sys.stderr
    _read("1")
    replies.write("ready\n")
    replies.flush()
    for line in sys.stdin:
        gold, _, answer = line.rstrip("\n").partition("\t")
        try:
            reply = answer_one(gold, answer)
        except (Exception, RecursionError) as error:  # noqa: BLE001 - the judge's boundary: whatever it is becomes `unknown`
            reply = f"error {type(error).__name__}"
        replies.write(reply + "\n")
        replies.flush()


if __name__ == "__main__":
    main()
