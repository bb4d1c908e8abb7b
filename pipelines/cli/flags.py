"""Beam's flags on our command lines: a mistyped one is refused, where Beam itself passes over it with a warning.

Their names are read from Beam's source, in hundredths of a second; importing Beam takes more than one.
"""

import ast
import difflib
from collections.abc import Iterator, Sequence
from importlib.util import find_spec
from pathlib import Path

from schemas.exits import UserError
from schemas.verbs import elsewhere

_OPTIONS = Path("options", "pipeline_options.py")
_ADDING = ("add_argument", "add_value_provider_argument")


def refuse_unknown(flags: Sequence[str], ours: Sequence[str], *, verb: str = "") -> None:
    """Raises UserError at a flag of Beam's that Beam does not have, with the verb that has it or the nearest flag.

    Args:
        flags: what is left of a command line.
        ours: the flags of the verb itself.
        verb: whose command line it is.
    """
    known = known_flags()
    takes_value = False
    for flag in flags:
        name, has_value, _ = flag.removeprefix("--").partition("=")
        if not flag.startswith("--"):
            if not takes_value:
                raise UserError(f"{flag}: an argument too many; `--help` shows what this verb takes")
            takes_value = False
            continue
        if name not in known and (place := elsewhere(verb, name)):
            raise UserError(f"--{name}: {verb} has no such flag; {place}")
        if name not in known:
            near = difflib.get_close_matches(name, [*ours, *known], n=1)
            hint = f"; did you mean --{near[0]}?" if near else ""
            raise UserError(f"--{name}: neither mathmill nor Beam has such a flag{hint}")
        takes_value = not has_value


def known_flags() -> list[str]:
    """The flags of Beam's own options, without their dashes, in the order of its source.

    Raises:
        ModuleNotFoundError: Beam is not installed.
    """
    beam = find_spec("apache_beam")
    if beam is None or not beam.submodule_search_locations:
        raise ModuleNotFoundError("No module named 'apache_beam'", name="apache_beam")
    source = Path(beam.submodule_search_locations[0]) / _OPTIONS
    return list(dict.fromkeys(_flags_in(ast.parse(source.read_text(encoding="utf-8")))))


def _flags_in(tree: ast.AST) -> Iterator[str]:
    for node in ast.walk(tree):
        match node:
            case ast.Call(func=ast.Attribute(attr=attribute), args=arguments) if attribute in _ADDING:
                for argument in arguments:
                    match argument:
                        case ast.Constant(value=str(name)) if name.startswith("--"):
                            yield name.removeprefix("--")
