r"""What Python, numpy and sympy print of a value, as people write it: `Fraction(1, 3)`, `FiniteSet(1, 2)`, `{'x': 3}`.

A name that stands for its content alone (`np.float64(3.0)`) goes, one that says what its arguments are (`Eq(x, 3)`)
becomes their notation. What has no notation that is read stays as it is.
"""

import re
from collections.abc import Callable, Sequence

from validation.answers.brackets import closes_at_end, parts

_LONGEST = 2000  # characters
_DEEPEST = 4  # calls within calls: a union of open intervals has two
_CONTENT = (
    r"(?:float|int|uint|complex)\d{0,3}|longdouble|bool_?|str_|array|tensor|Decimal|mpf|Float|Integer|Poly|dict_values"
    r"|dict_keys|frozenset|deque|(?:Mutable|Immutable)?(?:Dense|Sparse)?Matrix"
)
_CALL = re.compile(
    rf"(?<![\\\w.])(?:(?:np|numpy|torch|sympy|sp|mpmath)\.)?(?:({_CONTENT})"
    r"|(FiniteSet|Eq|Union|Complement|And|Or|Tuple|Point(?:2D|3D)?|mpc|EmptySet|Interval(?:\.(?:open|Lopen|Ropen))?))\("
)
_CALLED = re.compile(r"[a-zD\d]\(")
_QUOTED = re.compile(r"(?:(?<=[\[({,:=])|(?<=[{,:=] )|\A)(?:'([^'\\]*)'|\"([^\"\\]*)\")(?=\s?(?:[\]),}:]|\Z))")
_LABELLED = re.compile(r"\{ ?([A-Za-z][A-Za-z_ ]{2,30}): ?([^{}:]+)\}\Z")  # {"answer": 42}
_COMPARED = re.compile(r"[<>] ?[-+\w]|[-+\w)] ?[<>]")
_ENDLESS = re.compile(r"-?oo <=? [^&|]+|[^&|]+ <=? oo")
_BRACKETS = {"": "[]", ".open": "()", ".Lopen": "(]", ".Ropen": "[)"}
_SETS = {
    "Reals": r"\mathbb{R}", "Integers": r"\mathbb{Z}", "Naturals": r"\mathbb{Z}^+", "Naturals0": r"\mathbb{Z}_{\ge 0}",
    "Rationals": r"\mathbb{Q}", "Complexes": r"\mathbb{C}", "np.True_": "True", "np.False_": "False",
}  # fmt: skip


def without_repr(text: str) -> str:
    """Writes what a program prints of a value as people write it; any other text as it is."""
    if "\\" in text or len(text) > _LONGEST:
        return text
    if text in _SETS:
        return _SETS[text]
    if text[:1] == "{":
        text = " ".join(text.split())
    if "'" in text or '"' in text:
        text = _QUOTED.sub(lambda quoted: quoted[1] or quoted[2] or "", text)
    if _CALLED.search(text):
        text = _rewritten(text, _DEEPEST)
    if (" & " in text or " | " in text) and _COMPARED.search(text):
        text = _joined(text)
    if text[:1] == "{" and (labelled := _LABELLED.match(text)) is not None:
        return labelled.group(2).strip()
    return text


def _rewritten(text: str, deepest: int) -> str:
    written, start = "", 0
    for call in _CALL.finditer(text) if deepest else ():
        if call.start() < start or (end := _closing(text, call.end())) is None:
            continue
        inside = " ".join(_rewritten(text[call.end() : end], deepest - 1).split())
        content, name = call.groups()
        found = parts(inside)[0].strip("'\"") if content else _FORMS[name.partition(".")[0]](name, parts(inside))
        written += text[start : call.start()] + found.replace("[ [", "[[")
        start = end + 1
    return written + text[start:]


def _closing(text: str, start: int) -> int | None:
    """Where the bracket that opens in front of a place closes."""
    depth = 1
    for place in range(start, len(text)):
        depth += (text[place] == "(") - (text[place] == ")")
        if not depth:
            return place
    return None


def _interval(name: str, ends: Sequence[str]) -> str:
    if len(ends) < 2:
        return f"{name}({ends[0]})"
    brackets = _BRACKETS[name.removeprefix("Interval")]
    low, high, *opened = ends
    left = "(" if low == "-oo" or opened[:1] == ["True"] else brackets[0]
    right = ")" if high == "oo" or opened[1:] == ["True"] else brackets[1]
    return f"{left}{low}, {high}{right}"


def _complex(_: str, named: Sequence[str]) -> str:
    real, imaginary = (part.partition("=")[2].strip("'\"") or part for part in (named[0], named[-1]))
    return f"{real}{imaginary if imaginary[:1] == '-' else f'+{imaginary}'}j"


def _as_set(text: str) -> str:
    return rf"\{text[:-1]}\}}" if text[:1] == "{" else text


def _joined(text: str) -> str:
    """Writes `(0 < x) & (x < oo) | Eq(x, -1)`, as sympy prints inequalities, with words."""
    cases = [_bare(case) for case in parts(text, "|")]
    both = [[side for part in parts(case, "&") if not _ENDLESS.fullmatch(side := _bare(part))] for case in cases]
    return " or ".join(" and ".join(sides) for sides in both)


def _bare(text: str) -> str:
    text = text.strip()
    return text[1:-1].strip() if text[:1] == "(" and closes_at_end(text, "(", ")") else text


_FORMS: dict[str, Callable[[str, Sequence[str]], str]] = {
    "FiniteSet": lambda _, members: rf"\{{{', '.join(members)}\}}",
    "EmptySet": lambda *_: r"\emptyset",
    "Eq": lambda _, sides: " = ".join(sides),
    "Union": lambda _, sets: r" \cup ".join(map(_as_set, sets)),
    "Complement": lambda _, sets: r" \setminus ".join(_SETS.get(part, _as_set(part)) for part in sets),
    "And": lambda _, sides: " & ".join(f"({side})" for side in sides),
    "Or": lambda _, cases: " | ".join(f"({case})" for case in cases),
    "Interval": _interval,
    "mpc": _complex,
} | dict.fromkeys(["Tuple", "Point", "Point2D", "Point3D"], lambda _, members: f"({', '.join(members)})")
