"""Taxonomies: which topics there are, what data sets call them, and which wider topic each belongs to."""

import difflib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from pipelines.sources.adapters.registry import ADAPTERS
from schemas.config import Source
from schemas.exits import UserError
from schemas.yamlfile import parse_yaml

BUILT_IN = Path(__file__).with_name("taxonomies.yaml")
NONE = "none"


class Topic(BaseModel):
    """One topic. `names` are the labels that mean it, the first one is written; `within` is the wider topic."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    names: Annotated[list[str], Field(min_length=1)]
    within: str | None = None


class _Entry(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")
    adapters: list[str] = []
    topics: Annotated[dict[str, Topic], Field(min_length=1)]


@dataclass(frozen=True, slots=True)
class Taxonomy:
    """The topics of one taxonomy, by id, and the adapters whose sources a user's file lays under it."""

    name: str
    topics: Mapping[str, Topic]
    adapters: tuple[str, ...] = ()

    def topic_of(self, label: str) -> str | None:
        """The id of the topic that a label means, whatever its case; None when it is not in the taxonomy."""
        wanted = label.strip().casefold()
        for identity, topic in self.topics.items():
            if wanted in (identity, *(name.casefold() for name in topic.names)):
                return identity
        return None

    def widen(self, labels: Sequence[str], *, least: int) -> list[str]:
        """Counts topics with fewer than `least` labels as their wider topic, from the narrowest up."""
        widened = list(labels)
        for identity in sorted(self.topics, key=self.depth, reverse=True):
            within = self.topics[identity].within
            if within is not None and 0 < widened.count(identity) < least:
                widened = [within if label == identity else label for label in widened]
        return widened

    def depth(self, identity: str) -> int:
        """How many wider topics stand above one."""
        within = self.topics[identity].within
        return 0 if within is None else 1 + self.depth(within)


def taxonomies_of(sources: Sequence[Source], own: str | None) -> dict[str, Taxonomy]:
    """The taxonomy of each source that has one, by the source's name.

    Args:
        sources: the sources of a run.
        own: a file of the user's, whose taxonomies stand beside the built-in ones and before those of the same name,
            and whose lists of adapters stand before what an adapter says of itself.

    Raises:
        UserError: a file that is no taxonomy, a cycle, a taxonomy that does not exist.
    """
    mine = {} if own is None else _read(Path(own))
    known = _read(BUILT_IN) | mine
    found: dict[str, Taxonomy] = {}
    for source in sources:
        listed = next((name for name, taxonomy in mine.items() if source.adapter in taxonomy.adapters), None)
        name = source.taxonomy or listed or ADAPTERS[source.adapter].taxonomy or NONE
        if name == NONE:
            continue
        if name not in known:
            near = difflib.get_close_matches(name, known, n=1)
            hint = f"did you mean {near[0]}? " if near else ""
            raise UserError(
                f"curate.sources: {source.name}: no taxonomy {name!r}; {hint}Known are {', '.join(known)}, {NONE}"
            )
        found[source.name] = known[name]
    return found


@cache
def _read(path: Path) -> dict[str, Taxonomy]:
    where = f"curate.label.taxonomies: {path}"
    try:
        tables = parse_yaml(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise UserError(f"{where}: {error}") from error
    if not isinstance(tables, dict):
        raise UserError(f"{where}: expected taxonomies by name, found {type(tables).__name__}")
    found: dict[str, Taxonomy] = {}
    for name, table in tables.items():
        try:
            entry = _Entry.model_validate(table)
        except ValidationError as error:
            first = error.errors()[0]
            place = ".".join(map(str, (name, *first["loc"])))
            raise UserError(f"{where}: {place}: {first['msg']}") from error
        _refuse_broken(entry.topics, f"{where}: {name}")
        found[str(name)] = Taxonomy(str(name), entry.topics, tuple(entry.adapters))
    return found


def _refuse_broken(topics: Mapping[str, Topic], where: str) -> None:
    """Raises a UserError for a wider topic that is not there, for topics in a circle, and for a label of two topics."""
    for identity in topics:
        path = [identity]
        while (within := topics[path[-1]].within) is not None:
            if within not in topics:
                raise UserError(f"{where}: {path[-1]} is within {within}, which is no topic")
            if within in path:
                circle = " within ".join([*path[path.index(within) :], within])
                raise UserError(f"{where}: a cycle: {circle}; one of them must have no `within`")
            path.append(within)
    meant: dict[str, str] = {}
    for identity, topic in topics.items():
        for label in topic.names:
            if meant.setdefault(label.casefold(), identity) != identity:
                raise UserError(f"{where}: {label!r} names both {meant[label.casefold()]} and {identity}")
