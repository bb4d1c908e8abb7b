"""The rooms behind the door, and the one place where they are: beside this package.

Rooms are top-level packages with plain names, so a user's own folder `training` or `schemas` can stand before them on
Python's search path. A verb has its process to itself and claims the names for mathmill. `import mathmill` shares the
process with its user's code: it claims nothing, and says in one line what hides what.
"""

import importlib.util
import sys
from collections.abc import Sequence
from importlib.abc import MetaPathFinder
from importlib.machinery import ModuleSpec, PathFinder
from pathlib import Path
from types import ModuleType

HOME = Path(__file__).resolve().parent.parent
ROOMS = ("schemas", "validation", "pipelines", "training", "demo")
_EXTRAS = {"pipelines": "curation,validation", "training": "training", "demo": "all"}
_EXTRA_OF = {"starlette": "review", "uvicorn": "review"}  # packages that one way of a verb needs


class _OwnRooms(MetaPathFinder):
    """Finds the rooms at home, whatever on the search path is called like them."""

    def find_spec(
        self, fullname: str, path: Sequence[str] | None = None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        return PathFinder.find_spec(fullname, [str(HOME)]) if fullname in ROOMS else None


def claim() -> None:
    """Makes the names of the rooms mean mathmill's own in this process, for good."""
    if not any(isinstance(finder, _OwnRooms) for finder in sys.meta_path):
        sys.meta_path.insert(0, _OwnRooms())


def refuse_hidden(room: str) -> None:
    """Checks that a room and those it stands on are mathmill's own.

    Raises:
        ImportError: something else of that name comes first; both paths and the way round it in one line.
    """
    for name in dict.fromkeys(("schemas", "validation", room)):
        found = _place(name)
        if found is not None and found != HOME / name:
            raise ImportError(
                f"mathmill needs its own package `{name}` of {HOME}, but {found} hides it: rename that one, or take "
                f"{found.parent} off Python's search path (start elsewhere, or as `python -P`)",
                name=name,
            )


def _place(name: str) -> Path | None:
    """The folder of a package or the file of a module, as an import would find it or did."""
    spec = importlib.util.find_spec(name)
    if spec is None:
        return None
    if spec.submodule_search_locations:
        return Path(next(iter(spec.submodule_search_locations))).resolve()
    return Path(spec.origin or name).resolve()


def missing(error: ModuleNotFoundError, room: str) -> str:
    """Says which package is not installed and how to get it; an own module that is missing is our mistake.

    Raises:
        ModuleNotFoundError: the module is one of mathmill's own.
    """
    if (error.name or "").partition(".")[0] in ROOMS:
        raise error
    package = (error.name or "").partition(".")[0]
    extra = _EXTRA_OF.get(package, _EXTRAS.get(room, "all"))
    return f"needs the package {package}, which is not installed; run `pip install 'mathmill[{extra}]'`"
