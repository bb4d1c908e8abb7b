"""docs/config.md: every key of CONFIG.yaml, from the models in schemas/config.py and schemas/reviews.py.

A key's meaning is the docstring below its field, its range is what pydantic checks. A table that stands in several
places (`limits`) is shown once, under all of its paths.
"""

import inspect
from collections.abc import Iterable, Iterator
from enum import StrEnum
from types import NoneType, UnionType
from typing import Annotated, Any, Literal, Union, get_args, get_origin

import yaml
from pydantic import BaseModel
from pydantic.fields import FieldInfo

from docs.tables import table
from pipelines.sources.adapters.registry import ADAPTERS
from pipelines.sources.catalogue import catalogue
from schemas.config import Config
from schemas.reason import Stage

CATALOGUE = "pipelines/sources/catalogue.yaml"
_HEAD = """# CONFIG.yaml

<!-- written by `python -m docs` from schemas/config.py and schemas/reviews.py -->

One file configures a run. `curate`, `validate`, `train` and `evaluate` read the table of their name (`prove` reads
`train`), and every verb checks the whole file before it starts: an unknown key is an error that names the nearest known
one. `${NAME}` in a text is an environment variable. `--set curate.heldout=0.05` overrides a key, and a number in a path
is a position in a list: `--set curate.sources.0.path=rows.jsonl`. A key whose default is *required* must be given where
its table is.

Files may be JSONL, JSON, CSV, TSV, Parquet or Arrow, compressed or not: a path, a glob, a folder, `hf://...` or a URL
of s3, gs, abfs, hdfs or https.
"""
_PLAIN = {str: "text", int: "whole number", float: "number", bool: "true or false", NoneType: "null", Any: "anything"}
_LIMITS = {
    "ge": "at least {}",
    "gt": "above {}",
    "le": "at most {}",
    "lt": "below {}",
    "pattern": "like `{}`",
    "min_length": "length at least {}",
}


def config_page() -> str:
    """Lays out all tables, the adapters and the benchmarks that are known by name."""
    sections = [_HEAD, *map(_section, tables().items()), _adapters(), _benchmarks()]
    return "\n".join(sections)


def tables() -> dict[type[BaseModel], list[str]]:
    """Every table of a config in the order of the file, with the paths that it stands at; the whole file is ``."""
    found: dict[type[BaseModel], list[str]] = {}
    _walk(Config, "", found)
    return found


def _walk(model: type[BaseModel], path: str, found: dict[type[BaseModel], list[str]]) -> None:
    found.setdefault(model, []).append(path)
    for key, field in keys(model):
        for inner, position in _models_in(field.annotation):
            _walk(inner, f"{path}.{key}{position}".lstrip("."), found)


def keys(model: type[BaseModel]) -> Iterator[tuple[str, FieldInfo]]:
    """The keys of a table as a config writes them, with their fields."""
    for name, field in model.model_fields.items():
        yield field.alias or name, field


def _models_in(annotation: Any, position: str = "") -> Iterator[tuple[type[BaseModel], str]]:  # noqa: ANN401  any type
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation, position
    for argument in get_args(annotation):
        yield from _models_in(argument, ".N" if get_origin(annotation) is list else position)


def _section(entry: tuple[type[BaseModel], list[str]]) -> str:
    model, paths = entry
    rows = [(f"`{key}`", _values(field), _default(field), _meaning(model, key, field)) for key, field in keys(model)]
    head = f"## {_title(paths)}\n\n{inspect.getdoc(model)}\n\n"
    return head + table(("key", "value", "default", "meaning"), rows) + "\n"


def _title(paths: list[str]) -> str:
    return ", ".join(f"`{path}`" for path in paths) if paths != [""] else "The file"


def _meaning(model: type[BaseModel], key: str, field: FieldInfo) -> str:
    if not field.description:
        raise ValueError(f"{model.__name__}.{key} has no docstring that says what it means")
    return field.description


def _default(field: FieldInfo) -> str:
    if field.is_required():
        return "*required*"
    text = yaml.safe_dump(_written(field.default), default_flow_style=True, width=200)
    return f"`{text.splitlines()[0]}`"


def _written(value: Any) -> Any:  # noqa: ANN401  a YAML value is anything
    """Returns a default as a config would write it."""
    if isinstance(value, BaseModel):
        return value.model_dump(exclude_defaults=True)
    if isinstance(value, list | tuple):
        return [_written(item) for item in value]
    return value.value if isinstance(value, StrEnum) else value


def _values(field: FieldInfo) -> str:
    return _limited(_type(field.annotation), field.metadata)


def _type(annotation: Any) -> str:  # noqa: ANN401  any type
    """Says in words which values a type takes."""
    origin, arguments = get_origin(annotation), get_args(annotation)
    if annotation in _PLAIN:
        return _PLAIN[annotation]
    if origin in (Union, UnionType):
        members = list(map(_type, arguments))
        return ("; or " if any(", " in member for member in members) else " or ").join(members)
    if origin is Annotated:
        metadata = [
            check for mark in arguments[1:] for check in (mark.metadata if isinstance(mark, FieldInfo) else [mark])
        ]
        return _limited(_type(arguments[0]), metadata)
    if origin is Literal:
        return _alternatives(arguments)
    if origin is list:
        return f"list of {_type(arguments[0])}"
    if origin is tuple:
        return f"list of {len(arguments)}: {', '.join(map(_type, arguments))}"
    if origin is dict:
        return f"table of {_type(arguments[0])}: {_type(arguments[1])}"
    if annotation is Stage:
        return "stage"
    if issubclass(annotation, StrEnum):
        return _alternatives(annotation)
    return f"[table](#{_anchor(annotation)})"


def _alternatives(values: Iterable[str]) -> str:
    return " | ".join(f"`{value}`" for value in values)


def _anchor(model: type[BaseModel]) -> str:
    """Returns the anchor that a section's title gets: letters, digits and hyphens of its words."""
    return "-".join(path.replace(".", "").lower() for path in tables()[model])


def _limited(values: str, metadata: Iterable[object]) -> str:
    """Adds the bounds of a value, as pydantic checks them, to its type."""
    limits = {name: getattr(check, name) for check in metadata for name in _LIMITS if hasattr(check, name)}
    if limits.keys() == {"ge", "le"}:
        return f"{values}, {limits['ge']} to {limits['le']}"
    return ", ".join([values, *(words.format(limits[name]) for name, words in _LIMITS.items() if name in limits)])


def _adapters() -> str:
    rows = [(f"`{name}`", _first_paragraph(adapter.read)) for name, adapter in ADAPTERS.items()]
    return (
        f"## Adapters\n\nHow a record of a source is read: `adapter`.\n\n{table(('adapter', 'what it reads'), rows)}\n"
    )


def _first_paragraph(function: object) -> str:
    return (inspect.getdoc(function) or "").split("\n\n")[0]


def _benchmarks() -> str:
    fetched = f"`benchmarks: [NAME, ...]` fetches the items from the hub, as [{CATALOGUE}](../{CATALOGUE}) says"
    return f"## Benchmarks by name\n\n{fetched}:\n{', '.join(f'`{name}`' for name in catalogue())}.\n"
