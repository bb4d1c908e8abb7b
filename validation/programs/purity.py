"""Which programs deserve a second run: their result could depend on hash order, time, randomness or addresses.

A screen over the syntax tree, wide on purpose. A program without sets, impure calls and imports (but those below)
cannot vary. What the screen would miss shows in a sample of the others.
"""

import ast
import hashlib
import re
import sys

from validation.programs.addresses import may_cut_addresses
from validation.programs.preload import tree_of

# Modules whose functions depend on their arguments alone.
_PURE_MODULES = frozenset([
    "math", "cmath", "fractions", "decimal", "statistics", "itertools", "functools", "operator", "collections",
    "sympy", "typing", "dataclasses", "re", "string", "bisect", "heapq", "copy", "enum",
])  # fmt: skip
_IMPURE_CALLS = frozenset([
    "set", "frozenset", "hash", "id", "input", "open", "vars", "globals", "locals", "dir", "object", "repr", "eval",
    "exec", "__import__", "randprime", "randMatrix", "random_poly",
])  # fmt: skip
_IMPURE_ATTRIBUTES = frozenset([
    "free_symbols", "atoms", "random", "time", "now", "today", "shuffle", "sample", "choice", "intersection", "union",
    "difference", "symmetric_difference", "__hash__", "__subclasses__", "randprime", "randMatrix", "random_poly",
])  # fmt: skip
# What finds a function by a text, which no list of names can follow.
_REACHING = frozenset([
    "getattr", "attrgetter", "methodcaller", "__builtins__", "__dict__", "__getattribute__", "__globals__",
    "__loader__", "__spec__", "__self__", "__base__", "__bases__", "__mro__", "mro", "gi_frame", "cr_frame",
    "ag_frame", "tb_frame", "f_builtins", "f_globals", "f_locals", "f_back",
])  # fmt: skip
_IMPURE_MODULES = frozenset(sys.stdlib_module_names) - _PURE_MODULES  # reached through other modules: `enum.sys`
_ADDRESS = re.compile(r"\b0x[0-9a-f]{6,}\b")

_SAMPLED = 64  # one in so many of the programs that the screen lets pass


def deserves_second_run(program: str) -> bool:
    """Returns whether the program may vary or falls into the sample, which depends on its text alone."""
    digest = hashlib.blake2b(program.encode("utf-8", "replace"), digest_size=8, key=b"second run").digest()
    return int.from_bytes(digest) % _SAMPLED == 0 or may_vary(program)


def shows_address(text: str) -> bool:
    """Returns whether a text could hold an address, as objects without a text of their own show it."""
    return _ADDRESS.search(text) is not None


def may_vary(program: str) -> bool:
    """Returns whether a second run, under another hash seed, could end differently.

    True for what cannot be read, or is too long to be.
    """
    tree = tree_of(program)
    return tree is None or any(map(_impure, ast.walk(tree))) or may_cut_addresses(tree)


def _impure(node: ast.AST) -> bool:
    match node:
        case ast.Call(func=ast.Name(id="deepcopy") | ast.Attribute(attr="deepcopy"), args=args, keywords=named):
            return len(args) + len(named) > 1  # what it copied, by address
        case ast.Set() | ast.SetComp():
            return True
        case ast.Import(names=names):
            return any(name.name.partition(".")[0] not in _PURE_MODULES for name in names)
        case ast.ImportFrom(module=module):
            parts = (module or "").split(".")
            return parts[0] not in _PURE_MODULES or not _IMPURE_ATTRIBUTES.isdisjoint(parts)
        case ast.BinOp(left=ast.Constant()) | ast.BinOp(right=ast.Constant(value=int() | float() | complex())):
            return False  # no set: of keys, a text on the right makes one
        case ast.BinOp(op=ast.BitAnd() | ast.BitOr() | ast.BitXor()):
            return True
        case (
            ast.BinOp(left=ast.Call(func=ast.Attribute(attr="keys" | "items")))
            | ast.Assign(value=ast.Call(func=ast.Attribute(attr="keys" | "items")))
        ):
            return True
        case ast.Name(id=name):
            return name in _IMPURE_CALLS or name in _REACHING
        case ast.Attribute(attr=name):
            return name in _IMPURE_ATTRIBUTES or name in _IMPURE_MODULES or name in _REACHING
    return False
