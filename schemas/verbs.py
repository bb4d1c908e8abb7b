"""What each verb takes by name, so that a flag given to the wrong verb is answered with the verbs that have it.

Read from the source of the rooms' command lines, in hundredths of a second: importing the rooms takes seconds.
"""

import ast
import difflib
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from importlib.util import find_spec
from pathlib import Path

_ROOMS = ("pipelines", "training")
_KINDS = ("Option", "Argument")


@dataclass(frozen=True, slots=True)
class Verb:
    """What a verb takes: flags by name, without their dashes, and arguments without a name."""

    flags: frozenset[str]
    arguments: frozenset[str]


@cache
def known_verbs() -> dict[str, Verb]:
    """Every verb of the rooms that are installed, in the order of their source."""
    verbs: dict[str, Verb] = {}
    for room in _ROOMS:
        found = find_spec(room)
        for folder in (found.submodule_search_locations or []) if found else []:
            verbs |= dict(_verbs_in(ast.parse((Path(folder) / "__main__.py").read_text(encoding="utf-8"))))
    return verbs


def _verbs_in(tree: ast.Module) -> Iterator[tuple[str, Verb]]:
    """The functions that a typer app calls."""
    shared = {
        target.id: statement.value
        for statement in tree.body
        if isinstance(statement, ast.Assign)
        for target in statement.targets
        if isinstance(target, ast.Name)
    }
    for function in tree.body:
        if isinstance(function, ast.FunctionDef) and any(
            "command" in ast.dump(mark) for mark in function.decorator_list
        ):
            taken = [(kind, name) for argument in function.args.args for kind, name in _taken(argument, shared)]
            names = [frozenset(name for found, name in taken if found == kind) for kind in _KINDS]
            yield function.name, Verb(*names)


def _taken(argument: ast.arg, shared: dict[str, ast.expr]) -> Iterator[tuple[str, str]]:
    """Whether a parameter is an option or an argument, and its name on the command line."""
    annotation: ast.AST | None = argument.annotation
    if isinstance(annotation, ast.Name):
        annotation = shared.get(annotation.id)
    for node in ast.walk(annotation) if annotation else ():
        match node:
            case ast.Call(func=ast.Attribute(attr=kind), args=given) if kind in _KINDS:
                texts = [text.value for text in given if isinstance(text, ast.Constant) and isinstance(text.value, str)]
                flags = [flag for text in texts for flag in text.split("/") if flag.startswith("--")]
                for flag in flags or [argument.arg.rstrip("_").replace("_", "-")]:
                    yield kind, flag.removeprefix("--")


def elsewhere(verb: str, flag: str) -> str:
    """Where a flag belongs that a verb does not have: to the verb's argument, to other verbs; empty: nowhere known.

    Args:
        verb: the verb that was given it.
        flag: its name, without dashes.
    """
    verbs, places = known_verbs(), []
    if verb in verbs and flag in verbs[verb].arguments:
        places.append(f"{verb} takes {flag.upper()} as its argument: mathmill {verb} {flag.upper()}")
    if takers := [other for other, taken in verbs.items() if flag in taken.flags and other != verb]:
        head, last = ", ".join(takers[:-1]), takers[-1]
        places.append(f"--{flag} belongs to {f'{head} and {last}' if head else last}")
    return "; ".join(places)


def nearest(name: str) -> str:
    """The verb that a mistyped one may mean; empty: none is near."""
    verbs = [*known_verbs(), "demo"]
    starts = [verb for verb in verbs if len(name) > 2 and verb.startswith(name)]
    return next(iter(starts or difflib.get_close_matches(name, verbs, n=1)), "")
