"""The text of a program as people have it, read as Python; and what a notebook does around a block.

Both kinds may start with a byte-order mark or be indented as a whole, may hold magics that only set something up, and
may stand between fences or behind the prompts of a session.
A notebook also shows the value of a last expression (no semicolon behind it), keeps it in `_`, awaits at its top; a
program that was a cell (`is_cell`) awaits and displays as one.
"""

import ast
import re
import sys
from collections.abc import Callable
from dataclasses import dataclass
from types import CodeType, ModuleType
from typing import Any

_LINE_END = re.compile(r"\r\n|\r|\n")
_FENCE = re.compile(r"^[ \t]{0,3}(?:`{3,}|~{3,})[ \t]{0,4}[\w+-]{0,20}[ \t]*+$")
_PROMPT = re.compile(r"^[ \t]{0,8}(?:>>>|\.\.\.|In \[\d{1,5}\]:|\.{3,}:)(?: |$)")
_SESSION = re.compile(r"^[ \t]{0,8}(?:>>> |In \[\d{1,5}\]: )", re.MULTILINE)
_COROUTINE = 0x80  # inspect.CO_COROUTINE
_PLAIN_MAGICS = "matplotlib|config|load_ext|reload_ext|autoreload|precision|xmode|colors|logstop|aimport"
_SETTING_UP = re.compile(
    rf"^([ \t]*)(?:%[ \t]*(?:{_PLAIN_MAGICS})\b.*|[!%][ \t]*(?:pip3?|conda|mamba)[ \t]+install\b.*|%%time[ \t]*)$",
    re.MULTILINE,
)
_TIMING = re.compile(r"^([ \t]*)%time[ \t]+(?=\S)", re.MULTILINE)
_CELL = re.compile(r"^(?![ \t#])[^#\n]*\bawait\b|^async[ \t]+(?:for|with)\b|\bdisplay\(|\bIPython\b", re.MULTILINE)
_SHOWN = ("HTML", "Latex", "Markdown", "Math")  # classes of IPython.display whose text is what a notebook typesets


@dataclass(frozen=True, slots=True)
class Block:
    """A program's tree, and the text that it was read from."""

    tree: ast.Module
    text: str

    @property
    def final(self) -> ast.Expr | None:
        """The last statement when it is an expression."""
        last = self.tree.body[-1] if self.tree.body else None
        return last if isinstance(last, ast.Expr) else None

    @property
    def statements(self) -> ast.Module:
        """All but `final`."""
        return ast.Module(self.tree.body if self.final is None else self.tree.body[:-1], [])

    @property
    def quiet(self) -> bool:
        """Whether a semicolon ends the last statement."""
        last = self.tree.body[-1] if self.tree.body else None
        if last is None or last.end_lineno is None or last.end_col_offset is None:
            return False
        line = _LINE_END.split(self.text)[last.end_lineno - 1]
        return line.encode("utf-8", "replace")[last.end_col_offset :].lstrip().startswith(b";")


def read_block(source: str) -> Block:
    """Reads a program.

    Raises:
        SyntaxError: it is no Python.
    """
    text = _undented(source.removeprefix("\ufeff"))
    if _SESSION.match(text):
        text = _typed(text)
    try:
        tree = ast.parse(text, "<program>")
    except SyntaxError:
        plain = _TIMING.sub(r"\1", _SETTING_UP.sub(r"\1pass", _unfenced(text)))
        if plain == text:
            raise
        text, tree = plain, ast.parse(plain, "<program>")
    return Block(tree, text)


def _unfenced(text: str) -> str:
    """What stands between fences, where there are any: one may be left open at the end."""
    inside, kept = False, list[str]()
    for line in text.splitlines():
        if _FENCE.match(line):
            inside = not inside
        elif inside:
            kept.append(line)
    return _undented("\n".join(kept)) if kept else text


def _typed(text: str) -> str:
    """What was typed behind the prompts of a session, without what it answered."""
    lines = ((line, _PROMPT.match(line)) for line in text.splitlines())
    return "\n".join(line[prompt.end() :] for line, prompt in lines if prompt is not None)


def is_cell(block: Block) -> bool:
    """Says whether a program was a cell of a notebook: it awaits at its top, or shows by what notebooks show with."""
    return _CELL.search(block.text) is not None


def _undented(source: str) -> str:
    """Takes the indentation of the first line off every line that has it, as IPython does."""
    first = next((line for line in source.splitlines() if line.strip()), "")
    margin = first[: len(first) - len(first.lstrip(" \t"))]
    if not margin:
        return source
    return "".join(line.removeprefix(margin) for line in source.splitlines(keepends=True))


def _refuse(name: str) -> object:
    raise ModuleNotFoundError(f"No module named 'IPython' beside its display, for {name}", name="IPython")


def _install(display: Callable[..., None]) -> None:
    """Gives programs what they import of IPython: its display, and what they wrap a text in for it."""
    package, module = ModuleType("IPython"), ModuleType("IPython.display")
    for name in _SHOWN:
        shape = {
            "__init__": lambda self, *_, **__: None,
            "__repr__": lambda _, name=name: f"<IPython.core.display.{name} object>",
        }
        setattr(module, name, type(name, (), shape))
    vars(module)["display"] = display
    vars(package).update(display=module, __getattr__=_refuse)
    sys.modules |= {"IPython": package, "IPython.display": module}


class Notebook:
    """What stays between the blocks of a dialogue beside their names."""

    def __init__(self, names: dict[str, Any], write: Callable[[str], object]) -> None:
        self._names, self._write = names, write
        self._shown: list[object] = [None] * 3
        self._loop: Any = None
        self._count = 0
        self._outputs: dict[int, object] = {}
        names |= {"display": self.display, "Out": self._outputs}
        _install(self.display)

    def display(self, *values: object) -> None:
        """Shows values, as IPython's function of this name."""
        for value in values:
            self._write(repr(value) + "\n")

    def run(self, block: Block) -> None:
        """Runs a block and shows its last expression."""
        final = block.final
        self._count += 1
        self.evaluate(block.statements, "exec")
        if final is not None:
            value = self.evaluate(ast.Expression(final.value), "eval")
            if value is not None and not block.quiet:
                self.display(value)
                self._remember(value)

    def evaluate(self, tree: ast.Module | ast.Expression, mode: str) -> object:
        """Runs statements (mode exec) or an expression (eval), which may await at its top; returns its value."""
        code: CodeType = compile(tree, "<program>", mode, flags=ast.PyCF_ALLOW_TOP_LEVEL_AWAIT)
        value = eval(code, self._names)
        if not code.co_flags & _COROUTINE:
            return value
        import asyncio  # here: few blocks await, and every fork would pay for it

        self._loop = self._loop or asyncio.new_event_loop()
        return self._loop.run_until_complete(value)

    def _remember(self, value: object) -> None:
        """Puts a value into `_`, and what was there one further, unless the program took these names itself."""
        names = ("_", "__", "___")
        if all(self._names.get(name) is shown for name, shown in zip(names, self._shown, strict=True)):
            self._shown = [value, *self._shown[:2]]
            self._names |= {name: shown for name, shown in zip(names, self._shown, strict=True) if shown is not None}
        self._outputs[self._count] = self._names[f"_{self._count}"] = value
