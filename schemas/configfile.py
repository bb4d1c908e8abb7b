"""Reading CONFIG.yaml: environment variables, `--set` overrides, and errors that fit on one line."""

import difflib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ValidationError

from schemas.config import Config
from schemas.exits import UserError
from schemas.table import Table
from schemas.variables import Variables
from schemas.yamlfile import parse_yaml


def load_config(path: str | Path, overrides: Sequence[str] = ()) -> Config:
    """Reads and checks a whole config file.

    Args:
        path: the YAML file.
        overrides: `key.path=value` texts, applied in order; a number in the path is a
            position in a list, the value is YAML.

    Raises:
        UserError: naming file, key, value and what is allowed.
    """
    path = Path(path)
    if not path.is_file():
        raise UserError(f"{path}: no such config file")
    try:
        raw = parse_yaml(path.read_text(encoding="utf-8"))
    except ValueError as error:
        raise UserError(f"{path}: not YAML: {error}") from error
    if not isinstance(raw, dict):
        raise UserError(f"{path}: expected tables such as `curate:` and `train:`, found {type(raw).__name__}")
    for override in overrides:
        _apply(raw, override)
    variables = Variables()
    config = check_config(variables.expand(raw), where=str(path))
    if config.curate is None:
        return config
    return config.model_copy(update={"curate": config.curate.given(variables, path.parent)})


def check_config(raw: dict[str, Any], *, where: str = "config") -> Config:
    """Checks an already parsed config.

    Raises:
        UserError: naming the first key that is wrong, and the nearest known one when it is unknown.
    """
    try:
        return Config.model_validate(raw)
    except ValidationError as error:
        raise UserError(f"{where}: {_explain(error)}") from error


def _apply(raw: dict[str, Any], override: str) -> None:
    path, separator, text = override.partition("=")
    if not separator or not path:
        raise UserError(f"--set {override}: expected key.path=value, such as train.steps=100")
    *parents, last = path.split(".")
    node: Any = raw
    for key in parents:
        node = _child(node, key, override)
    try:
        value = parse_yaml(text)
    except ValueError as error:
        raise UserError(f"--set {override}: the value is not YAML: {error}") from error
    if isinstance(node, list):
        node[_position(node, last, override)] = value
    elif isinstance(node, dict):
        node[last] = value
    else:
        raise UserError(f"--set {override}: {'.'.join(parents)} holds a plain value, not a table")


def _child(node: Any, key: str, override: str) -> Any:  # noqa: ANN401  a YAML node is anything
    if isinstance(node, list):
        return node[_position(node, key, override)]
    if isinstance(node, dict):
        if node.get(key) is None:
            node[key] = {}
        return node[key]
    raise UserError(f"--set {override}: {key} is below a plain value")


def _position(items: list[Any], key: str, override: str) -> int:
    if not key.isdecimal() or int(key) >= len(items):
        raise UserError(f"--set {override}: {key} is not a position in a list of {len(items)} (0 to {len(items) - 1})")
    return int(key)


def _explain(error: ValidationError) -> str:
    first = _most_telling(error.errors())
    location = [part for part in first["loc"] if not _is_union_member(part)]
    where = ".".join(map(str, location))
    if first["type"] == "extra_forbidden":
        table = _table_at([str(part) for part in location[:-1]])
        known = [field.alias or name for name, field in table.model_fields.items()]
        nearest = difflib.get_close_matches(str(location[-1]), known, n=1, cutoff=0)
        meant = table.synonyms.get(str(location[-1]), nearest[0])
        return f"{where}: unknown key; did you mean `{meant}`? Known here: {', '.join(known)}"
    if first["type"] == "missing":
        return f"{where}: this key is required"
    if first["type"] in ("model_type", "dict_type"):
        return f"{where}: expected a table (`key: value`, or {{key: value}}), found {first['input']!r}"
    message = first["msg"].removeprefix("Value error, ")
    given = first["input"]
    found = f", found {given!r}" if isinstance(given, str | int | float | bool | None) else ""
    return f"{where}: {message}{found}"


def _most_telling(errors: Sequence[Any]) -> Any:  # noqa: ANN401  pydantic's error details
    """An unknown key before a missing one, which it often was meant to be; of a union, the member that was meant."""
    unknown = [error for error in errors if error["type"] == "extra_forbidden"]
    wrong_shape = ("string_type", "model_type", "dict_type", "list_type", "literal_error")
    meant = [
        error
        for error in errors
        if not (error["type"] in wrong_shape and any(map(_is_union_member, error["loc"][-1:])))
    ]
    return (unknown or meant or errors)[0]


_UNION_MEMBERS = {"Benchmark", "FreshModel", "Reviews", "str", "int", "float"}


def _is_union_member(part: str | int) -> bool:
    """Whether a part of a location is pydantic's name of what a union holds, `literal['a','b']` too, and no key."""
    return isinstance(part, str) and (part in _UNION_MEMBERS or "[" in part)


def _table_at(parents: list[str]) -> type[Table]:
    model: type[Table] = Config
    for key in parents:
        if key.isdecimal():
            continue
        field = next(f for name, f in model.model_fields.items() if (f.alias or name) == key)
        model = _model_in(field.annotation)
    return model


def _model_in(annotation: Any) -> Any:  # noqa: ANN401  a type annotation is anything
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    for argument in getattr(annotation, "__args__", ()):
        if (found := _model_in(argument)) is not None:
            return found
    return None
