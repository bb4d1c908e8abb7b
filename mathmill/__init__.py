"""Curates mathematics problems, judges the data, trains on it, and checks answers and programs: the public door.

What it offers stands once, in `__init__.pyi`: type checkers read the names there and so does Python, which imports a
room when one of its names is first used. `import mathmill` alone costs no Beam, no torch and no pandas.
"""

import ast
from importlib import import_module
from pathlib import Path

from mathmill.rooms import missing, refuse_hidden


def _homes() -> dict[str, tuple[str, str]]:
    """Where each name is at home: its module, and what it is called there."""
    stub = ast.parse(Path(__file__).with_suffix(".pyi").read_text(encoding="utf-8"))
    imports = (statement for statement in stub.body if isinstance(statement, ast.ImportFrom))
    return {
        alias.asname or alias.name: (statement.module or "", alias.name)
        for statement in imports
        for alias in statement.names
    }


_HOMES = _homes()
__all__ = sorted(_HOMES)


def __getattr__(name: str) -> object:
    if name not in _HOMES:
        raise AttributeError(f"module 'mathmill' has no attribute {name!r}")
    module, original = _HOMES[name]
    room = module.partition(".")[0]
    refuse_hidden(room)
    try:
        value = getattr(import_module(module), original)
    except ModuleNotFoundError as error:
        raise ModuleNotFoundError(f"mathmill.{name} {missing(error, room)}", name=error.name) from error
    globals()[name] = value  # found from now on without this function
    return value


def __dir__() -> list[str]:
    return __all__
