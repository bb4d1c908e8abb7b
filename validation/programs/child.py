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
from validation.programs.notebook import Block, Notebook, is_cell, read_block
from validation.programs.packages import missing_package

_MAX_ERROR = 500
_FUNCTIONS = ("solution", "solver")
_KEPT = frozenset(["answer", "final_answer", "result"])
# Of a block that left no room to say more, and of one whose objects raise where they are looked at.
_NO_MEMORY = b'{"status":"error","value":null,"error":"MemoryError: "}\n'
_NO_TEXT = b'{"status":"error","value":null,"error":"error without a text"}\n'
Report = dict[str, str | None]


class _Program:
    def __init__(self, limit: int, *, notebook: bool) -> None:
        self.names: dict[str, Any] = {"__name__": "__main__", "__builtins__": builtins, "__doc__": None}
        self.limit = limit
        raw = io.BufferedWriter(io.FileIO(1, "wb", closefd=False))
        self.stdout = io.TextIOWrapper(raw, encoding="utf-8", errors="replace")
        sys.stdout = self.stdout
        self.notebook = Notebook(self.names, lambda text: sys.stdout.write(text)) if notebook else None

    def run(self, source: str) -> Report:
        """Runs one block; returns status, error and missing package, and for a program its value or last expression."""
        report: Report = {"status": "ok", "value": None, "error": None}
        sys.stdout = self.stdout
        try:
            block = read_block(source)
            if self.notebook is None:
                self._run_script(block, report)
            else:
                self.notebook.run(block)
        except SystemExit as error:
            if error.code not in (None, 0):
                report |= {"status": "error", "error": f"SystemExit: {error.code}"[:_MAX_ERROR]}
        except BaseException as error:  # noqa: BLE001 - the judge's boundary: whatever a program raises is a result
            report |= {"status": "error", "error": _described(error), "package": missing_package(error)}
        return self._flushed(report)

    def _flushed(self, report: Report) -> Report:
        try:
            if self.notebook is None and "threading" in sys.modules:
                sys.modules["threading"]._shutdown()  # as the interpreter does: it waits for what still runs
            if sys.stdout is not self.stdout:
                sys.stdout.flush()
            self.stdout.flush()
        except BaseException as error:  # noqa: BLE001 - as above: the program may have closed or replaced its output
            return {"status": "error", "value": None, "error": _described(error)}
        return report

    def _run_script(self, block: Block, report: Report) -> None:
        """Runs the statements; reports what they left in `ans`, return from `solution()`, or end in."""
        final, last = block.final, None
        if is_cell(block):
            cell = Notebook(self.names, lambda text: sys.stdout.write(text))
            cell.evaluate(block.statements, "exec")
            last = None if final is None else cell.evaluate(ast.Expression(final.value), "eval")
        else:
            exec(compile(block.statements, "<program>", "exec"), self.names)
            if final is not None:
                last = eval(compile(ast.Expression(final.value), "<program>", "eval"), self.names)
        value, found = self._value(block.tree)
        if found:
            report["value"] = self._text(value)
        elif last is not None or (last := self._named(block.tree)) is not None:
            report["last"] = self._text(last)

    def _named(self, tree: ast.Module) -> object:
        """Returns what the last statement keeps under a name of an answer, and nothing shows."""
        last = tree.body[-1] if tree.body else None
        target = last.targets[0] if isinstance(last, ast.Assign) and len(last.targets) == 1 else None
        return self.names.get(target.id) if isinstance(target, ast.Name) and target.id in _KEPT else None

    def _value(self, tree: ast.Module) -> tuple[object, bool]:
        """Returns what the program means to give, and whether it means to."""
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
                return self.names[name](), True
        if assigned and "ans" in self.names and not prints:
            return self.names["ans"], True
        return None, False

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
    """Starts the random generators of this fork from the seed, numpy's and sympy's own too when they are loaded."""
    random.seed(seed)
    numpy, of_sympy = sys.modules.get("numpy"), sys.modules.get("sympy.core.random")
    if numpy is not None:
        numpy.random.seed(seed % 2**32)
    if of_sympy is not None:
        of_sympy.seed(seed)


def execute(request: dict[str, Any], output_limit: int, report: int, resume: int, begin: Callable[[], None]) -> None:
    """Runs the blocks of a request, after `begin`.

    Writes one JSON line each to `report` and waits for a byte from `resume` between them.
    """
    reseed(int(request["seed"]))
    sys.argv = ["program.py"]
    sys.set_int_max_str_digits(0)
    program = _Program(output_limit, notebook=bool(request["notebook"]))
    begin()
    blocks = request["blocks"]
    if request["seed"]:
        elsewhere.move(blocks)
    for position, source in enumerate(blocks):
        _write(report, _reported(program, source))
        if position + 1 < len(blocks) and os.read(resume, 1) != b"+":
            os._exit(3)
    os._exit(0)


def _reported(program: _Program, source: str) -> bytes:
    """Runs a block; returns its report as a line."""
    try:
        report = json.dumps(program.run(source), ensure_ascii=False)
        return report.encode("utf-8", "backslashreplace") + b"\n"
    except MemoryError:
        return _NO_MEMORY
    except BaseException:  # noqa: BLE001 - as in `run`: here objects of the program raised while it was read
        return _NO_TEXT


def _write(target: int, data: bytes) -> None:
    while data:
        data = data[os.write(target, data) :]
