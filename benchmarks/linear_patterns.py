"""Every pattern of the tree, pumped: each of its repetitions, behind what stands before it, and both again and again.

Patterns are found in the values of modules and in the calls of `re`, evaluated in their module. A function that makes
one of what it is given stands in `BUILT` with a use of it; one that is in neither is an error. What grows faster than
its text must stand in `BOUNDED` with what bounds the text.

    python -m benchmarks.linear_patterns       what grows faster than its text
"""

import ast
import importlib
import math
import re
import signal
import sys
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, fields, is_dataclass, replace
from functools import partial
from inspect import signature
from itertools import islice
from re import _constants as constants  # type: ignore[attr-defined]  # the module has no public name
from re import _parser as parser  # type: ignore[attr-defined]
from types import FunctionType, ModuleType, SimpleNamespace
from typing import Any

from benchmarks.house import modules
from benchmarks.linear import BAR, Growth, cpu_seconds, row_of, stop
from benchmarks.measuring import REPOSITORY
from pipelines.review.row_view import underlined
from pipelines.sources.adapters import options
from pipelines.stages.screen import checks, dirt
from pipelines.text import numerals
from validation.answers import concluded, endings, number_words, stated
from validation.answers.values import Choice, Words
from validation.programs.execution import Ending, Execution

_METHODS = frozenset(["sub", "subn", "match", "search", "split", "findall", "fullmatch", "finditer"])
_GLANCE, _GLANCE_S = 3_000, 0.001  # characters of a text, and the seconds that it takes before its growth is looked at
_SIZES, _LEAST_S, _CAP_S = (4_000, 16_000), 0.02, 0.5  # two doublings
_TICK_S = 0.004  # of CPU clocks, on some kernels
_FEW = 12  # repetitions that are no growth
_WAYS = 3  # samples of one part of a pattern
_ALPHABET = " 1ax\n.-,_{}\\$%()=<>'\"百é"
_CATEGORIES: Mapping[object, Callable[[str], bool]] = {
    constants.CATEGORY_DIGIT: str.isdigit,
    constants.CATEGORY_SPACE: str.isspace,
    constants.CATEGORY_WORD: lambda sign: sign.isalnum() or sign == "_",
    constants.CATEGORY_NOT_DIGIT: lambda sign: not sign.isdigit(),
    constants.CATEGORY_NOT_SPACE: lambda sign: not sign.isspace(),
    constants.CATEGORY_NOT_WORD: lambda sign: not (sign.isalnum() or sign == "_"),
}
Node = tuple[Any, Any]
BUILT: Mapping[str, Callable[[], object]] = {
    "pipelines.review.row_view.underlined": lambda: underlined("so 3 + 4 is $ 7 $", ["3 + $ 4"]),
    "pipelines.sources.adapters.options._stands_in": lambda: options._stands_in("A) x B) y", "A", "x"),
    "pipelines.stages.screen.checks.breaks_off": lambda: [checks.breaks_off(f"1. a\n{end}") for end in ("2.", "-")],
    "pipelines.stages.screen.dirt._marked": lambda: None,  # its patterns are in the functions that it returns
    "pipelines.stages.screen.dirt.lacks_options": lambda: [dirt.lacks_options("Which?", a, "") for a in "AB"],
    "pipelines.text.numerals._written": lambda: [numerals._written("1", language) for language in numerals._WORDS],
    "training.chat._controls": lambda: None,  # names that a tokenizer has, as they stand
    "validation.answers.concluded._arrival": lambda: [
        concluded._arrival.__wrapped__(language) for language in endings.endings().conclusions
    ],
    "validation.answers.endings._conclusion": endings.endings.__wrapped__,
    "validation.answers.endings.endings": endings.endings.__wrapped__,
    "validation.answers.number_words.number_words": number_words.number_words.__wrapped__,
    "validation.answers.stated._word": lambda: [
        stated._word("(A) a cat", "a cat", value) for value in (Words("a cat"), Choice("A"))
    ],
    "validation.programs.execution.failed_as": lambda: Execution(Ending.ERROR, "", None, "E: x").failed_as("E"),
}
"""a use of each function that makes a pattern of what it is given"""
BOUNDED: Mapping[str, str] = {
    **dict.fromkeys(
        (
            "pipelines.sources.adapters.fields._LEVEL",
            "pipelines.sources.adapters.synthetic._ASKS_FOR_PROGRAM",
            "pipelines.sources.adapters.synthetic._ASKS_FOR_STEPS",
            "pipelines.sources.adapters.word_problems._STATED_LETTER",
        ),
        "`ending_of` looks at 1,000 characters",
    ),
    **dict.fromkeys(
        ("pipelines.sources.adapters.expressions._MIXED", "pipelines.sources.adapters.expressions._PERCENT"),
        "equations are bounded before they are read",
    ),
    "pipelines.sources.contacts._LINE": "lines of 400 characters",
    "pipelines.sources.contacts._ADDRESS": "lines of 400 characters",
    "pipelines.stages.screen.checks._RULE": "the last 200 characters",
    "pipelines.stages.screen.dirt._LETTER": "answers of 20 characters",
    **{
        f"validation.answers.{name}": "answers that are compared have 10,000 characters at most"
        for name in (
            *("reading._SYSTEM", "reading._ROW_END", "reading._QUANTITY", "reading._CHINESE", "reading._REMAINDER"),
            *("regions._OR", "regions._BOTH", "regions._REMOVED", "regions._INFINITE"),
            *("builders._FORMULAS", "builders._BUILDER", "compound._PRODUCT", "chains._QUANTITY"),
            *("families._QUALIFIER", "families._RESIDUE", "growth._counted", "growth._SCIENTIFIC"),
            *("digits._DECIMAL_COMMA", "digits._CURRENCY", "digits._MIXED", "digits._repeating"),
            *("moments._DATE", "moments._DATE_DAY_FIRST", "moments._CLOCK"),
        )
    },
    **dict.fromkeys(
        ("validation.answers.phrases._PLACED", "validation.answers.phrases._STATEMENT"), "answers of 120 characters"
    ),
    "validation.dataset.report.data_docs._LOADS": "pages that Great Expectations wrote",
}
"""patterns that grow faster than their text, and what bounds it"""


@dataclass(frozen=True, slots=True)
class Used:
    """A pattern, where it is used (module, and name or function in it), and the methods that are called on it there."""

    where: str
    pattern: re.Pattern[str]
    methods: frozenset[str]


def _called(tree: ast.AST) -> Iterator[tuple[str, str]]:
    """The names that methods of patterns are called on, and the methods."""
    for node in ast.walk(tree):
        match node:
            case ast.Attribute(value=ast.Name(id=name) | ast.Attribute(attr=name), attr=method) if method in _METHODS:
                yield name, method


def _uses(tree: ast.AST) -> Iterator[tuple[str, ast.Call]]:
    """The calls of `re` with a pattern, and the function that each stands in."""
    stack: list[tuple[str, ast.AST]] = [("", tree)]
    while stack:
        function, node = stack.pop()
        match node:
            case ast.FunctionDef(name=name):
                function = name
            case ast.Call(func=ast.Attribute(value=ast.Name(id="re"), attr=attr)) if attr in {"compile", *_METHODS}:
                yield function, node
        stack += ((function, child) for child in ast.iter_child_nodes(node))


def _evaluated(call: ast.Call, module: ModuleType) -> re.Pattern[str] | None:
    """The pattern of a call; None where it is made of what only the function knows."""
    assert isinstance(call.func, ast.Attribute)
    place = {"compile": 1, "split": 3, "sub": 4, "subn": 4}.get(call.func.attr, 2)
    flags = [keyword.value for keyword in call.keywords if keyword.arg == "flags"] or call.args[place : place + 1]
    try:
        pattern, *given = (
            eval(compile(ast.Expression(node), module.__name__, "eval"), dict(vars(module)))
            for node in [call.args[0], *flags]
        )
    except NameError:
        return None
    return pattern if isinstance(pattern, re.Pattern) else re.compile(pattern, *given)


def _held(value: object) -> Iterator[re.Pattern[str]]:
    """The patterns in a value of a module: alone, in a container, in a record."""
    if isinstance(value, re.Pattern):
        yield value
    elif isinstance(value, Mapping):
        yield from (pattern for entry in value.values() for pattern in _held(entry))
    elif isinstance(value, tuple | list):
        yield from (pattern for entry in value for pattern in _held(entry))
    elif is_dataclass(value) and not isinstance(value, type):
        yield from (pattern for own in fields(value) for pattern in _held(getattr(value, own.name)))
    elif isinstance(value, FunctionType):
        yield from (pattern for cell in value.__closure__ or () for pattern in _held(cell.cell_contents))


def _modules() -> Iterator[tuple[str, ModuleType, ast.Module]]:
    for path in modules():
        if path.parts[0] != "demo":
            name = ".".join(path.with_suffix("").parts).removesuffix(".__init__")
            yield name, importlib.import_module(name), ast.parse((REPOSITORY / path).read_text(encoding="utf-8"))


def patterns() -> tuple[list[Used], set[str]]:
    """Every pattern over text, and the functions that build theirs and are missing in `BUILT`."""
    found: dict[tuple[str, int], Used] = {}
    unknown: set[str] = set()
    trees = list(_modules())
    calls = {module: sorted(set(_called(tree))) for module, _, tree in trees}
    everywhere = [(name, method) for called in calls.values() for name, method in called if not name.startswith("_")]

    def add(where: str, pattern: re.Pattern[str], methods: Iterable[str]) -> None:
        if isinstance(pattern.pattern, str):
            known = found.get(key := (pattern.pattern, pattern.flags), Used(where, pattern, frozenset(methods)))
            found[key] = replace(known, methods=known.methods | frozenset(methods))

    for module, loaded, tree in trees:
        for name, value in list(vars(loaded).items()):
            methods = {method for caller, method in (*calls[module], *everywhere) if caller == name}
            for pattern in _held(value):
                add(f"{module}.{name}", pattern, methods if methods and pattern is value else ["search"])
        for function, call in _uses(tree):
            where, used = f"{module}.{function}", _evaluated(call, loaded)
            method = call.func.attr if isinstance(call.func, ast.Attribute) else ""
            if used is not None:
                add(where, used, ["search" if method == "compile" else method] if function else [])
            elif function:
                unknown.add(where)
    for where in BUILT:
        for pattern, method in _recorded(where):
            add(where, pattern, [method])
    return list(found.values()), unknown - set(BUILT)


def _recorded(where: str) -> list[tuple[re.Pattern[str], str]]:
    """What a function gives to `re` while the use of it in `BUILT` runs."""
    module, found = sys.modules[where.rpartition(".")[0]], list[tuple[re.Pattern[str], str]]()

    def recording(method: str) -> Callable[..., object]:
        function = getattr(re, method)

        def recorded(*given: Any, **named: Any) -> object:  # noqa: ANN401  as `re` has it
            bound = signature(function).bind(*given, **named).arguments
            found.append((re.compile(bound["pattern"], bound.get("flags", 0)), method.replace("compile", "search")))
            return function(*given, **named)

        return recorded

    stand_in = SimpleNamespace(**vars(re) | {method: recording(method) for method in ("compile", *_METHODS)})
    try:
        vars(module)["re"] = stand_in
        BUILT[where]()
    finally:
        vars(module)["re"] = re
    return found


def _fits(items: list[Node], sign: str) -> bool:
    """Whether a set of characters holds one."""
    negated, found = False, False
    for kind, value in items:
        if kind is constants.NEGATE:
            negated = True
        elif kind is constants.LITERAL:
            found |= ord(sign) == value
        elif kind is constants.RANGE:
            found |= value[0] <= ord(sign) <= value[1]
        elif kind is constants.CATEGORY:
            found |= _CATEGORIES[value](sign)
    return found != negated


def _members(items: list[Node]) -> Iterator[str]:
    yield from (sign for sign in _ALPHABET if _fits(items, sign))
    yield from (
        chr(value if kind is constants.LITERAL else value[0])
        for kind, value in items
        if kind in (constants.LITERAL, constants.RANGE)
    )


def _samples(nodes: Iterable[Node]) -> list[str]:
    """A few texts that a sequence matches, looking around left aside."""
    texts = [""]
    for node in nodes:
        ways = list(islice(dict.fromkeys(_ways(node)), _WAYS)) or [""]
        texts = [text + way for text in texts for way in ways][: _WAYS * 2]
    return texts[:_WAYS]


def _ways(node: Node) -> Iterator[str]:
    kind, value = node
    if kind is constants.LITERAL:
        yield chr(value)
    elif kind is constants.NOT_LITERAL:
        yield from (sign for sign in _ALPHABET if ord(sign) != value)
    elif kind is constants.ANY:
        yield from "a 1"
    elif kind is constants.IN:
        yield from _members(value)
    elif kind is constants.BRANCH:
        yield from (text for branch in value[1] for text in _samples(branch)[:1])
    elif kind is constants.SUBPATTERN:
        yield from _samples(value[-1])
    elif kind is constants.ATOMIC_GROUP:
        yield from _samples(value)
    elif kind in (constants.MAX_REPEAT, constants.MIN_REPEAT, constants.POSSESSIVE_REPEAT):
        least = max(1, value[0])
        yield from (
            text * times for text in _samples(value[2])[:2] for times in (least, least + 1) if times <= value[1]
        )


def _repetitions(nodes: Iterable[Node], before: str = "") -> Iterator[tuple[str, str]]:
    """Each repetition without a small bound: a text before it, and one that it repeats."""
    for node in nodes:
        kind, value = node
        inner: list[Iterable[Node]] = []
        if kind in (constants.MAX_REPEAT, constants.MIN_REPEAT, constants.POSSESSIVE_REPEAT):
            inner = [value[2]]
            if value[1] > _FEW:
                yield from ((before, text) for text in _samples(value[2]) if text)
        elif kind is constants.BRANCH:
            inner = list(value[1])
        elif kind is constants.SUBPATTERN:
            inner = [value[-1]]
        elif kind in (constants.ASSERT, constants.ASSERT_NOT):
            inner = [value[1]]
        elif kind is constants.ATOMIC_GROUP:
            inner = [value]
        for part in inner:
            yield from _repetitions(part, before)
        before += next(iter(_samples([node])), "")


def texts_of(pattern: re.Pattern[str]) -> Iterator[tuple[str, Callable[[int], str]]]:
    """Texts of about a number of characters that make a pattern repeat, by what they are."""
    for before, unit in dict.fromkeys(_repetitions(parser.parse(pattern.pattern, pattern.flags & ~re.DEBUG))):
        both = before + unit
        for end in ("", "\0", "\n!"):
            yield f"{unit!r} behind {before!r}", partial(_text, before, unit, end)
            yield f"{both!r}", partial(_text, "", both, end)


def _text(before: str, unit: str, end: str, size: int) -> str:
    return before + unit * (size // len(unit)) + end


def looks_of(used: Used) -> list[Callable[[str], object]]:
    """What is done with a pattern: at the start alone where nothing but `match` and `fullmatch` is called on it."""
    pattern = used.pattern
    anchored: dict[str, Callable[[str], object]] = {"match": pattern.match, "fullmatch": pattern.fullmatch}
    if used.methods and used.methods <= set(anchored):
        return [anchored[method] for method in sorted(used.methods)]
    return [lambda text: sum(1 for _ in pattern.finditer(text))]


def growth_of(used: Used) -> Growth | None:
    """How the first text grows that costs more than in proportion; None where there is none."""
    for look in looks_of(used):
        for name, text in texts_of(used.pattern):
            glance = text(_GLANCE)
            if min(_seconds(look, glance) for _ in range(2)) < _GLANCE_S:
                continue
            first, second = _cost(look, text, times=2)
            if _grows(first, second):
                first, second = _cost(look, text, times=6)  # a loaded host shows growth once where there is none
            if _grows(first, second):
                ratio, size = _ratio(first, second), _SIZES[1]
                return Growth(
                    used.where, used.pattern.pattern, name, 1000 * second / (size / 1000), ratio, size, second
                )
    return None


def _cost(look: Callable[[str], object], text: Callable[[int], str], *, times: int) -> tuple[float, float]:
    """The least CPU seconds of so many looks at either size."""
    first, second = (min(cpu_seconds(look, text(size), cap=_CAP_S) for _ in range(times)) for size in _SIZES)
    return first, second


def _ratio(first: float, second: float) -> float:
    """What twice the text costs beside it."""
    return math.sqrt(second / (first + _TICK_S))


def _grows(first: float, second: float) -> bool:
    return second >= _CAP_S or (second > _LEAST_S and _ratio(first, second) > BAR)


def _seconds(look: Callable[[str], object], text: str) -> float:
    """Of the wall: a glance is too short for the ticks of a CPU clock."""
    started = time.perf_counter()
    cpu_seconds(look, text, cap=_CAP_S)
    return time.perf_counter() - started


def main() -> int:
    """Prints what grows faster than its text; 1 when nothing is known to bound it."""
    signal.signal(signal.SIGVTALRM, stop)
    used, unknown = patterns()
    grown = [growth for pattern in used if (growth := growth_of(pattern)) is not None]
    print(*map(row_of, grown), *sorted(unknown), sep="\n")
    return int(bool(unknown) or any(growth.stage not in BOUNDED for growth in grown))


if __name__ == "__main__":
    sys.exit(main())
