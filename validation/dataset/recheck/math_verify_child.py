"""The child process in which math-verify compares two answers: JSON lines in, JSON lines out.

It may loop or eat memory on hostile input (measured), so its parent kills it. It says `equal` only when math-verify
does in both directions, `different` only when both sides are numbers that lie apart; everything else is `unknown`: its
blind spots (thousands commas, units, text) are no evidence against a row. Nor is a rounding to the digits that one side
shows, where the policy of the data (`verify.rounding`) lets it count.
"""

import json
import logging
import re
import resource
import sys
from typing import Any

_MEMORY = 3 * 2**30
_THOUSANDS = re.compile(r"\d,\d{3}(?!\d)|\d\{,\}\d")
_PLAIN = re.compile(r"^[-+]?\d+(?:\.\d+)?$")
_WIDEST = 0.05  # of a value: a rounding that a question asks for is nearer


def main() -> None:
    """Answers one line per line until the input ends."""
    resource.setrlimit(resource.RLIMIT_AS, (_MEMORY, _MEMORY))
    logging.disable(logging.CRITICAL)
    from math_verify import parse, verify

    def read(text: str) -> Any:  # noqa: ANN401  math-verify gives sympy objects and text
        return parse(f"\\boxed{{{text}}}", parsing_timeout=None)

    sys.stdout.write("ready\n")
    sys.stdout.flush()
    for line in sys.stdin:
        first, second, rounds, asked = json.loads(line)
        outcome = _compare(first, second, read, verify)
        if outcome == "different" and rounds and _is_rounding(first, second, read, asked=asked):
            outcome = "unknown"
        sys.stdout.write(outcome + "\n")
        sys.stdout.flush()


def _compare(first: str, second: str, read: Any, verify: Any) -> str:  # noqa: ANN401
    a, b = read(first), read(second)
    if not a or not b:
        return "unknown"
    if verify(a, b, timeout_seconds=None) and verify(b, a, timeout_seconds=None):
        return "equal"
    if any(_THOUSANDS.search(text) for text in (first, second)):
        return "unknown"
    return "different" if _apart(first, second, a[0], b[0]) else "unknown"


def _apart(first: str, second: str, a: Any, b: Any) -> bool:  # noqa: ANN401
    if _PLAIN.match(first.strip()) and _PLAIN.match(second.strip()):
        return abs(float(first) - float(second)) > 1e-6 * max(1.0, abs(float(first)))
    if not all(_is_closed(text) for text in (first, second)):
        return False
    if not (getattr(a, "is_number", False) and getattr(b, "is_number", False)):
        return False
    x, y = complex(a.evalf(30)), complex(b.evalf(30))
    return abs(x - y) > 1e-6 * max(1.0, abs(x))


def _is_rounding(first: str, second: str, read: Any, *, asked: bool) -> bool:  # noqa: ANN401
    """Whether one side is the other to the places that it shows, or to some places that the question asks for."""
    x, y = (complex(read(text)[0].evalf(30)).real for text in (first, second))
    if asked and abs(x - y) <= max(0.5, _WIDEST * abs(x)):
        return True
    shown = [text.strip().partition(".")[2] for text in (first, second) if _PLAIN.match(text.strip())]
    return any(len(digits) >= 2 and abs(x - y) <= 0.5000001 * 10.0 ** -len(digits) for digits in shown)


def _is_closed(text: str) -> bool:
    """Whether a text is only digits, signs and the plainest LaTeX: then what math-verify read is what it says."""
    rest = re.sub(r"\\(?:frac|dfrac|tfrac|sqrt|pi|cdot|times|left|right)(?![a-z])", "", text)
    return bool(re.fullmatch(r"[\d\s{}()+\-*/^.\[\]]*", rest)) and "_" not in text


if __name__ == "__main__":
    main()
