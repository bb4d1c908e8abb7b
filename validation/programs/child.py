"""Runs inside the fork: executes one program, or the blocks of a dialogue, and says what came of it.

This code shares its process with the program, so nothing it says is trusted for how it ended: limits, kills
and crashes are decided by the server. What it does say (finished or raised, the value of `ans`) a hostile
program can imitate, and gains only what it could have had by printing.
"""

import ast
import builtins
import io
import json
import os
import random
import sys
from collections.abc import Callable
from typing import Any

from validation.programs import elsewhere

_MAX_ERROR = 500
_FUNCTIONS = ("solution", "solver")


class _Program:
    def __init__(self, limit: int) -> None:
        self.names: dict[str, Any] = {"__name__": "__main__", "__builtins__": builtins, "__doc__": None}
        self.limit = limit
        raw = io.BufferedWriter(io.FileIO(1, "wb", closefd=False))
        self.stdout = io.TextIOWrapper(raw, encoding="utf-8", errors="replace")
        sys.stdout = self.stdout

    def run(self, source: str, *, echo: bool, value: bool) -> dict[str, str | None]:
        """Runs one block; returns status, value and error."""
        result: dict[str, str | None] = {"status": "ok", "value": None, "error": None}
        sys.stdout = self.stdout
        try:
            tree = ast.parse(source, "<program>")
            last = self._execute(tree, echo=echo)
            if value:
                result["value"] = self._value(tree, last)
        except SystemExit as error:
            if error.code not in (None, 0):
                result |= {"status": "error", "error": f"SystemExit: {error.code}"[:_MAX_ERROR]}
        except BaseException as error:  # noqa: BLE001 - the judge's boundary: whatever a program raises is a result
            result |= {"status": "error", "error": _described(error)}
        return self._flushed(result)

    def _flushed(self, result: dict[str, str | None]) -> dict[str, str | None]:
        try:
            if sys.stdout is not self.stdout:
                sys.stdout.flush()
            self.stdout.flush()
        except BaseException as error:  # noqa: BLE001 - as above: the program may have closed or replaced its output
            return {"status": "error", "value": None, "error": _described(error)}
        return result

    def _execute(self, tree: ast.Module, *, echo: bool) -> object:
        """Runs the statements; returns the value of the last one when it is an expression."""
        final = tree.body[-1] if tree.body else None
        if not isinstance(final, ast.Expr):
            exec(compile(tree, "<program>", "exec"), self.names)
            return None
        exec(compile(ast.Module(tree.body[:-1], []), "<program>", "exec"), self.names)
        last = eval(compile(ast.Expression(final.value), "<program>", "eval"), self.names)
        if echo and last is not None:
            self.stdout.write(repr(last) + "\n")
        return last

    def _value(self, tree: ast.Module, last: object) -> str | None:
        assigned = any(
            isinstance(name, ast.Name) and name.id == "ans" and isinstance(name.ctx, ast.Store)
            for node in tree.body
            for name in ast.walk(node)
        )
        called = {n.func.id for n in ast.walk(tree) if isinstance(n, ast.Call) and isinstance(n.func, ast.Name)}
        prints = bool(tree.body) and _is_print(tree.body[-1])
        for name in _FUNCTIONS:
            if (
                any(isinstance(node, ast.FunctionDef) and node.name == name for node in tree.body)
                and name not in called
            ):
                return self._text(self.names[name]())
        if assigned and "ans" in self.names and not prints:
            return self._text(self.names["ans"])
        return None if last is None else self._text(last)

    def _text(self, value: object) -> str:
        return str(value)[: self.limit]


def _is_print(node: ast.stmt) -> bool:
    call = node.value if isinstance(node, ast.Expr) else None
    return isinstance(call, ast.Call) and isinstance(call.func, ast.Name) and call.func.id == "print"


def _described(error: BaseException) -> str:
    try:
        return f"{type(error).__name__}: {error}"[:_MAX_ERROR]
    except BaseException:  # noqa: BLE001 - an exception whose text raises
        return "error without a text"


def reseed(seed: int) -> None:
    """Starts the random generators of this fork from the seed, numpy's too when it is loaded."""
    random.seed(seed)
    numpy = sys.modules.get("numpy")
    if numpy is not None:
        numpy.random.seed(seed % 2**32)


def execute(request: dict[str, Any], report: int, resume: int, confine: Callable[[], None]) -> None:
    """Runs the blocks of a request.

    Writes one JSON line each to `report` and waits for a byte from `resume` between them.
    """
    reseed(int(request["seed"]))
    if request["seed"]:
        elsewhere.move()
    sys.set_int_max_str_digits(0)
    program = _Program(int(request["output"]))
    notebook = bool(request["notebook"])
    confine()
    blocks = request["blocks"]
    for position, source in enumerate(blocks):
        result = program.run(source, echo=notebook, value=not notebook)
        _write(report, json.dumps(result).encode() + b"\n")
        if position + 1 < len(blocks) and os.read(resume, 1) != b"+":
            os._exit(3)
    os._exit(0)


def _write(target: int, data: bytes) -> None:
    while data:
        data = data[os.write(target, data) :]
