"""Numbers of combinations and arrangements as many countries write them: C_5^2, {}_5 C_2, A_5^2, 10C3."""

import math
import re

_COUNT = re.compile(
    r"(?:\{\s?\})?[_^]\s?\{?(\d{1,3})\}?\s?\{?([CPA])\}?\s?_\s?\{?(\d{1,3})\}?"
    r"|\{?([CPA])\}?\s?(?:_\s?\{?(\d{1,3})\}?\s?\^\s?\{?(\d{1,3})\}?|\^\s?\{?(\d{1,3})\}?\s?_\s?\{?(\d{1,3})\}?)"
    r"|(?<![\d.])(\d{1,3})\s?([CP])\s?(\d{1,3})(?![\d.])"
)
_NUMBERS = re.compile(r"(?:[-+*/^(){}\d.\s!]|\\(?:frac|cdot|times|div)(?![A-Za-z]))*\Z")


def with_counts(text: str) -> str | None:
    r"""Returns a formula with numbers in place of its counts: `\frac{C_3^1}{C_6^2}`.

    None where it has none, or where letters stand beside them: `C_1^2` may be the square of a C_1.
    """
    if "C" not in text and "P" not in text and "A" not in text:
        return None
    found = _COUNT.sub(_number, text)
    return found if found != text and _NUMBERS.match(found) else None


def _number(match: re.Match[str]) -> str:
    before, prefixed, behind, kind, low, high, raised, lowered, first, between, last = match.groups()
    n, k = int(before or low or lowered or first), int(behind or high or raised or last)
    if k > n:
        return match.group()
    return f"({math.comb(n, k) if (prefixed or kind or between) == 'C' else math.perm(n, k)})"
