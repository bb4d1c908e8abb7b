"""Which programs could show a part of an address: they make a text of what may have none but its address.

A whole address is seen in what a program shows (`purity.shows_address`); a part of one is a number like any other, and
no list of what is cut can follow it. So what counts is that a program holds something without a text of its own
(functions as values, iterators that nothing takes, objects of its classes), and that it makes a text of anything whose
kind its source does not tell.
"""

import ast
import re
from collections import deque
from collections.abc import Iterable, Iterator
from decimal import Decimal
from fractions import Fraction
from types import FunctionType

_TEXTS = frozenset(["str", "format", "ascii"])
_OWN_TEXTS = frozenset(["__str__", "__repr__", "__format__"])
# What makes an object whose text is its address, unless something takes it at once.
_MAKERS = frozenset([
    "map", "zip", "filter", "iter", "reversed", "enumerate", "super", "memoryview", "property", "lru_cache", "cache",
    "accumulate", "chain", "combinations", "combinations_with_replacement", "compress", "count", "cycle", "dropwhile",
    "finditer", "from_iterable", "groupby", "islice", "merge", "pairwise", "partial", "permutations", "product",
    "starmap", "takewhile", "zip_longest", "scanner", "cmp_to_key", "singledispatch", "lambdify",
])  # fmt: skip
_TAKERS = frozenset([
    "list", "tuple", "dict", "sum", "min", "max", "sorted", "any", "all", "next", "len", "join", "extend", "update",
    "Counter", "deque", "OrderedDict", "prod", "fsum", "gcd", "lcm", "mean", "median", "reduce", "Matrix", "array",
    *_MAKERS,
])  # fmt: skip
_CALLERS = frozenset(["sorted", "sort", "min", "max", "map", "filter", "reduce", "nsmallest", "nlargest", "groupby"])
"""what takes a function and calls it"""
_NUMBERS = frozenset([
    "int", "float", "len", "round", "abs", "sum", "pow", "divmod", "bool", "ord", "chr", "input", "bin", "hex", "oct",
])  # fmt: skip
_METHODS = frozenset(
    name
    for kind in (
        list,
        dict,
        str,
        tuple,
        int,
        float,
        bytes,
        deque,
        Decimal,
        Fraction,
        re.Pattern,
        re.Match,
        FunctionType,
    )
    for name in dir(kind)
    if callable(getattr(kind, name, None)) and name not in ("__class__", "__name__", "__doc__")
)
_WITH_TEXT = frozenset(["Enum", "IntEnum", "Flag", "NamedTuple", "Exception", "ValueError", "dataclass"])
_REACHES_IN = re.compile(r"\{[^{}.\[]*[.\[]")  # a format that takes an attribute or an element
_Function = ast.FunctionDef | ast.AsyncFunctionDef


def may_cut_addresses(tree: ast.Module) -> bool:
    """Whether a program may show a part of an address."""
    nodes = list(ast.walk(tree))
    functions = {node.name for node in nodes if isinstance(node, _Function)}
    values = list(_made_texts(nodes))
    if any(isinstance(node, ast.Constant) and _reaches_in(node.value) for node in nodes):
        return True
    if _has_nameless(tree, functions):
        return any(value is None or not _is_plain(value) for value in values)
    lacking = [node for node in nodes if isinstance(node, ast.ClassDef) and not _has_text(node, ("__repr__",))]
    shown = {node.name for node in lacking if _has_text(node, _OWN_TEXTS)}
    named = {name for node in nodes for name in _made_by(node, shown)}
    return bool(lacking) and any(value is None or _may_be_object(value, shown | named) for value in values)


def _reaches_in(value: object) -> bool:
    """Whether a text is a format that may show a method of what it is given."""
    return isinstance(value, str) and "__" in value and _REACHES_IN.search(value) is not None


def _has_text(kind: ast.ClassDef, ways: Iterable[str]) -> bool:
    """Whether objects of a class have a text of their own."""
    inner = {statement.name for statement in kind.body if isinstance(statement, ast.FunctionDef)}
    origins = {node.id for node in (*kind.bases, *kind.decorator_list) if isinstance(node, ast.Name)}
    return not inner.isdisjoint(ways) or not origins.isdisjoint(_WITH_TEXT)


def _made_by(node: ast.AST, classes: set[str]) -> Iterator[str]:
    """The names that an assignment gives to an object of one of some classes."""
    match node:
        case ast.Assign(targets=[ast.Name(id=name)], value=ast.Call(func=ast.Name(id=kind))) if kind in classes:
            yield name


def _made_texts(nodes: Iterable[ast.AST]) -> Iterator[ast.expr | None]:
    """What a program makes texts of; None where a way to make one is passed on."""
    called = {id(node.func) for node in nodes if isinstance(node, ast.Call)}
    for node in nodes:
        match node:
            case ast.Call(func=ast.Name(id=name), args=values) if name in _TEXTS:
                yield from values
            case ast.Call(func=ast.Attribute(attr="format" | "format_map"), args=values, keywords=named):
                yield from (*values, *(keyword.value for keyword in named))
            case ast.FormattedValue(value=value, format_spec=spec):
                if spec is None or not _is_numeric(spec):
                    yield value
            case ast.BinOp(left=ast.Constant(value=str()) | ast.Name() | ast.JoinedStr(), op=ast.Mod(), right=value):
                if isinstance(node.left, ast.Constant) or not isinstance(value, ast.Constant | ast.Name | ast.BinOp):
                    yield from value.elts if isinstance(value, ast.Tuple) else [value]
            case ast.Name(id=name) if name in _TEXTS and id(node) not in called:
                yield None
            case ast.Attribute(attr=name) if name in _OWN_TEXTS:
                yield None


def _is_numeric(spec: ast.expr) -> bool:
    """Whether a format is one that only numbers have."""
    match spec:
        case ast.JoinedStr(values=[ast.Constant(value=str(text))]):
            return text[-1:] in ("f", "d", "e", "g", "%", "x", "b", ",")
    return False


def _is_plain(value: ast.expr) -> bool:
    """Whether the source tells that a value is a number or a text."""
    match value:
        case ast.Constant() | ast.JoinedStr() | ast.Compare():
            return True
        case ast.BinOp(left=left, right=right):
            return _is_plain(left) or _is_plain(right)
        case ast.UnaryOp(operand=operand):
            return _is_plain(operand)
        case ast.Call(func=ast.Name(id=name)):
            return name in _NUMBERS
        case ast.Call(func=ast.Attribute(value=ast.Name(id="math"))):
            return True
    return False


def _may_be_object(value: ast.expr, shown: set[str]) -> bool:
    """Whether a value may be, or hold, an object of a class; what calculates and what an object holds are none."""
    match value:
        case ast.Call(func=ast.Name(id=name)) | ast.Name(id=name) if name in shown:
            return False
        case ast.Attribute() | ast.BinOp():
            return False
    return not _is_plain(value)


def _has_nameless(tree: ast.Module, functions: set[str]) -> bool:
    """Whether a program has a function as a value, or an iterator that nothing takes at once."""
    stack: list[tuple[ast.AST, bool, bool]] = [(tree, False, False)]  # a node, whether it is taken, and whether called
    while stack:
        node, taken, called = stack.pop()
        match node:
            case ast.Lambda() if not called:
                return True
            case ast.GeneratorExp() if not taken:
                return True
            case ast.Name(id=name, ctx=ast.Load()) if name in functions and not called:
                return True
            case ast.Attribute(attr=name, ctx=ast.Load()) if (name in functions or name in _METHODS) and not called:
                return True
            case ast.Call(func=function) if _name_of(function) in _MAKERS and not taken:
                return True
        stack.extend(_children(node))
    return False


def _children(node: ast.AST) -> Iterator[tuple[ast.AST, bool, bool]]:
    """What a node holds: whether it takes all that an iterator gives, and whether it calls a function."""
    match node:
        case ast.Call(func=function, args=values, keywords=named):
            name = _name_of(function)
            yield function, False, True
            for value in (*values, *(keyword.value for keyword in named)):
                yield value, name in _TAKERS, name in _CALLERS
        case ast.For(iter=source) | ast.AsyncFor(iter=source) | ast.comprehension(iter=source):
            yield source, True, False
            yield from ((child, False, False) for child in ast.iter_child_nodes(node) if child is not source)
        case ast.Starred() | ast.YieldFrom() | ast.Compare() | ast.Assign(targets=[ast.Tuple() | ast.List()]):
            yield from ((child, True, False) for child in ast.iter_child_nodes(node))
        case ast.FunctionDef(decorator_list=decorators) | ast.AsyncFunctionDef(decorator_list=decorators):
            known = {id(decorator) for decorator in decorators}
            yield from ((child, id(child) in known, id(child) in known) for child in ast.iter_child_nodes(node))
        case _:
            yield from ((child, False, False) for child in ast.iter_child_nodes(node))


def _name_of(function: ast.expr) -> str | None:
    match function:
        case ast.Name(id=name) | ast.Attribute(attr=name):
            return name
    return None
