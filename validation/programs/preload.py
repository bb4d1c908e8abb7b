"""What a server loads before its forks, and which programs the light one serves.

A fork pays for every page of its server, so programs that need neither sympy nor numpy run in a server without them:
the same walls and the same results, at half the cost. The screen is narrow on purpose: what it is not sure about runs
in the full server, where nothing is missing.
"""

import ast

LIGHT_MODULES = (
    "math", "cmath", "itertools", "functools", "collections", "fractions", "decimal", "random", "statistics", "re",
    "string", "datetime", "calendar", "heapq", "bisect", "operator", "copy", "json", "typing", "dataclasses", "enum",
    "numbers", "time", "textwrap", "array", "abc", "contextlib",
)  # fmt: skip
FULL_MODULES = (
    *LIGHT_MODULES, "ast", "pprint", "sys", "io", "os", "traceback", "types", "inspect", "warnings",
    "numpy", "numpy.random", "numpy.linalg", "sympy",
)  # fmt: skip
_LIGHT = frozenset([*LIGHT_MODULES, "__future__"])
# What could import a module, or find one, that no import statement names.
_REACHING = frozenset([
    "eval", "exec", "compile", "getattr", "globals", "locals", "vars", "modules", "import_module", "__import__",
    "__builtins__", "__loader__", "__spec__", "__globals__", "__subclasses__", "sys", "_sys", "os", "_os",
])  # fmt: skip

_MOST_READ = 50_000  # characters of a program that is looked at outside the walls: a tree takes 400 bytes for each


def tree_of(program: str) -> ast.Module | None:
    """Returns the syntax tree of a program, None for what cannot be read, or is too long to be."""
    if len(program) > _MOST_READ:
        return None
    try:
        return ast.parse(program)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None


def is_light(program: str) -> bool:
    """Returns whether the program imports nothing but `LIGHT_MODULES` and cannot reach others.

    False for what cannot be read, or is too long to be.
    """
    tree = tree_of(program)
    return tree is not None and not any(map(_reaches, ast.walk(tree)))


def _reaches(node: ast.AST) -> bool:
    match node:
        case ast.Import(names=names):
            return any(name.name.partition(".")[0] not in _LIGHT for name in names)
        case ast.ImportFrom(module=module, names=names):
            return (module or "").partition(".")[0] not in _LIGHT or any(name.name in _REACHING for name in names)
        case ast.Name(id=name) | ast.Attribute(attr=name):
            return name in _REACHING
    return False
