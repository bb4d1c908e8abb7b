"""The rooms of the house: every package by the first words of its docstring, which is the room's own map."""

import ast
from collections.abc import Iterator
from pathlib import Path

from docs.tables import table

BEGIN, END = "<!-- rooms -->", "<!-- /rooms -->"


def packages(repository: Path) -> Iterator[Path]:
    """Finds the packages of a repository, each before those inside it; tests are none."""
    for folder in sorted(path for path in repository.iterdir() if path.is_dir()):
        if (folder / "__init__.py").is_file():
            yield from sorted(path.parent for path in folder.rglob("__init__.py"))


def purpose_of(package: Path) -> str:
    """Returns the first paragraph of a package's docstring.

    Raises:
        ValueError: it has none.
    """
    docstring = ast.get_docstring(ast.parse((package / "__init__.py").read_text(encoding="utf-8")))
    if not docstring:
        raise ValueError(f"{package}/__init__.py has no docstring: the map of rooms is made of them")
    return docstring.split("\n\n")[0]


def rooms(repository: Path) -> str:
    """Lays out the table of rooms, each with a link to its map."""
    rows = [
        (f"[{name}](../{name}/__init__.py)", purpose_of(package))
        for package in packages(repository)
        for name in [package.relative_to(repository).as_posix()]
    ]
    return table(("room", "what it is for"), rows)


def with_rooms(document: str, repository: Path) -> str:
    """Returns a document with the table of rooms between its two marks."""
    before, _, rest = document.partition(BEGIN)
    _, _, after = rest.partition(END)
    return f"{before}{BEGIN}\n{rooms(repository)}\n{END}{after}"
