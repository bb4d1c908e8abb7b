"""Where the modules of a user's own rules stand, and the hash of their source, without importing them.

A module is looked for in folders, and then among what is installed. The hash covers what it imports from the same
folder, too.
"""

import ast
import importlib
import sys
from collections.abc import Iterator, MutableSequence, Sequence
from dataclasses import dataclass
from hashlib import blake2b
from importlib.machinery import PathFinder
from importlib.util import resolve_name
from itertools import accumulate
from pathlib import Path

TAKEN = sys.stdlib_module_names | {"demo", "mathmill", "pipelines", "schemas", "training", "validation"}
"""names that a module of the user's own cannot have: they mean another one in this process"""


@dataclass(frozen=True, slots=True)
class Source:
    """Where a module of the user's own stands.

    Attributes:
        module: its name.
        file: its source.
        folder: where it was found; None for what is installed.
    """

    module: str
    file: Path
    folder: Path | None


def find_source(module: str, folders: Sequence[Path]) -> Source | None:
    """Where a module stands: in the first of the folders that holds it, or among what is installed."""
    for folder in folders:
        if (file := _file_of(module, folder)) is not None:
            return Source(module, file, folder)
    importlib.invalidate_caches()
    path: MutableSequence[str] | None = None
    spec = None
    for name in _with_packages(module):
        spec = PathFinder.find_spec(name, path)
        if spec is None:
            return None
        path = spec.submodule_search_locations
    return Source(module, Path(spec.origin), None) if spec and spec.origin and spec.has_location else None


def _file_of(module: str, folder: Path) -> Path | None:
    place = folder.joinpath(*module.split("."))
    return next(filter(Path.is_file, (place.with_suffix(".py"), place / "__init__.py")), None)


def digest_of(source: Source) -> str:
    """A hash of a module's source, and of what it imports from the same folder."""
    state = blake2b(digest_size=16)
    for name, file in sorted(files_of(source).items()):
        state.update(name.encode() + b"\0" + file.read_bytes() + b"\0")
    return state.hexdigest()


def files_of(source: Source) -> dict[str, Path]:
    """The files of a module, of its packages and of what they import from the same folder, by the modules' names."""
    files = {source.module: source.file}
    if source.folder is None:
        return files
    packages = ((name, _file_of(name, source.folder)) for name in _with_packages(source.module))
    waiting = [(name, file) for name, file in packages if file is not None]
    while waiting:
        name, file = waiting.pop()
        files[name] = file
        for imported in _imports(name, file):
            if imported not in files and (found := _file_of(imported, source.folder)):
                waiting.append((imported, found))
    return files


def _imports(name: str, file: Path) -> Iterator[str]:
    """The modules that a module may import, packages above them included; names in a module are among them."""
    package = name if file.name == "__init__.py" else name.rpartition(".")[0]
    for node in ast.walk(ast.parse(file.read_bytes(), file.name)):
        if isinstance(node, ast.Import):
            modules = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            base = _absolute(node, package)
            modules = [f"{base}.{alias.name}" for alias in node.names]
        else:
            continue
        for module in (module for module in modules if module.partition(".")[0] not in TAKEN):
            yield from _with_packages(module)


def _with_packages(module: str) -> Iterator[str]:
    """a.b.c -> a, a.b, a.b.c."""
    return accumulate(module.split("."), "{}.{}".format)


def _absolute(node: ast.ImportFrom, package: str) -> str:
    """What is imported from; for one that leads out of its package the name that it has, which is no module's."""
    relative = "." * node.level + (node.module or "")
    try:
        return resolve_name(relative, package)
    except ImportError:
        return relative
