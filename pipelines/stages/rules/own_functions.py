"""`module:function` of a config -> the function, as its source says now, and the hash of that source.

A module is looked for in the working folder, beside the config, and then among what is installed. The hash covers what
it imports from the same folder, too: when any of it changes, the stage asks again. Nobody but the line imports it: the
gate and all readers of a data set know its reasons by their prefix alone.
"""

import importlib
import inspect
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from threading import Lock
from types import ModuleType

from pipelines.engine.joining import worker_failed
from schemas.config import Curate
from schemas.exits import UserError
from schemas.own_rules import Candidate
from schemas.own_sources import TAKEN, Source, digest_of, files_of, find_source
from schemas.wording import shortened, visible

_MOST_NAMES = 10
_MOST_WORDS = 200  # characters of an exception's own words
_IMPORTING = Lock()  # an engine runs several bundles in one process

OwnFunction = Callable[[Candidate], object]


@dataclass(frozen=True, slots=True)
class OwnRule:
    """A rule as a worker finds it.

    Attributes:
        name: `module:function`.
        folders: where the driver looked for the module.
        digest: of its source there.
    """

    name: str
    folders: tuple[Path, ...]
    digest: str

    @contextmanager
    def asked(self) -> Iterator[OwnFunction]:
        """The function, while what stands beside it can be imported.

        Raises:
            RunFailedError: this worker has no such module, or another source of it.
        """
        module, _, name = self.name.partition(":")
        source = find_source(module, self.folders)
        if source is None:
            raise worker_failed(f"does not find the module of curate.rules: {self.name}; install it where workers run")
        if digest_of(source) != self.digest:
            raise worker_failed(f"has another source of curate.rules: {self.name} than the driver; run the same again")
        with _importable(source.folder):
            yield getattr(_imported(source, self.digest), name)


def rules_of(settings: Curate) -> list[OwnRule]:
    """Finds the functions that a config names, and imports them.

    Raises:
        UserError: a module that is not there or cannot be imported, a name in it that is no function of one candidate.
    """
    folders = (Path.cwd(), *(() if settings.folder is None else (settings.folder.absolute(),)))
    return [_rule(name, folders) for name in settings.rules]


def _rule(name: str, folders: tuple[Path, ...]) -> OwnRule:
    module, _, function = name.partition(":")
    if module.partition(".")[0] in TAKEN:
        raise UserError(
            f"curate.rules: {name}: `{module}` is the name of a module of Python or mathmill; choose another"
        )
    source = find_source(module, folders)
    if source is None:
        looked = " and ".join(dict.fromkeys(map(str, folders)))
        raise UserError(f"curate.rules: {name}: no module `{module}` in {looked}, or installed")
    try:
        digest = digest_of(source)
        with _importable(source.folder):
            found = _imported(source, digest)
    except (Exception, SystemExit) as error:
        raise UserError(f"curate.rules: {name}: {source.file} cannot be imported: {described(error)}") from error
    _refuse_other_than_function(name, function, vars(found), source.file)
    return OwnRule(name, folders, digest)


@contextmanager
def _importable(folder: Path | None) -> Iterator[None]:
    """What stands in a folder can be imported, as it can beside a script."""
    if folder is None:
        yield
        return
    sys.path.insert(0, str(folder))
    try:
        yield
    finally:
        sys.path.remove(str(folder))


@cache
def _imported(source: Source, digest: str) -> ModuleType:
    """Imports a module, anew when its source has another digest."""
    with _IMPORTING:
        tops = {name.partition(".")[0] for name in files_of(source)} if source.folder else set()
        for name in [name for name in sys.modules if name.partition(".")[0] in tops]:
            del sys.modules[name]
        importlib.invalidate_caches()
        return importlib.import_module(source.module)


def _refuse_other_than_function(rule: str, name: str, names: Mapping[str, object], file: Path) -> None:
    found = names.get(name)
    if found is None or isinstance(found, type) or not callable(found):
        own = [name for name, value in names.items() if inspect.isfunction(value) and not name.startswith("_")]
        known = ", ".join(own[:_MOST_NAMES]) + (", ..." if len(own) > _MOST_NAMES else "") or "none"
        what = "has no" if found is None else f"has `{name}` as {type(found).__name__}, not as"
        raise UserError(f"curate.rules: {rule}: {file} {what} function {name}; functions there: {known}")
    try:
        inspect.signature(found).bind(None)
    except TypeError as error:
        raise UserError(f"curate.rules: {rule}: a rule takes a candidate and nothing else ({error})") from error


def described(error: BaseException, file: Path | None = None) -> str:
    """An exception in foreign code, in a line; with the place in a file where it came through it."""
    words = shortened(" ".join(visible(str(error)).split()), _MOST_WORDS)
    lines, traceback = [], error.__traceback__
    while file is not None and traceback is not None:
        if Path(traceback.tb_frame.f_code.co_filename) == file:
            lines.append(traceback.tb_lineno)
        traceback = traceback.tb_next
    place = f" at {file.name}:{lines[-1]}" if file is not None and lines else ""
    return f"{type(error).__name__}: {words}{place}"
