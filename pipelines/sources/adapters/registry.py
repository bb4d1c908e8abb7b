"""Adapters by name: what a record of each kind of source means, and all else that a kind of source is known by.

A new kind of source is one module and one row here; nobody else knows an adapter by its name.
"""

import difflib
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from types import MappingProxyType
from typing import Any

from pipelines.sources.adapters.columns import read_columns
from pipelines.sources.adapters.dialogues import read_mathcoder, read_tora
from pipelines.sources.adapters.fields import Unreadable, has_field, named, names_in
from pipelines.sources.adapters.gsm8k import read_gsm8k
from pipelines.sources.adapters.math import read_math
from pipelines.sources.adapters.messages import read_messages
from pipelines.sources.adapters.pot import read_pal, read_pot
from pipelines.sources.adapters.prm800k import read_prm800k
from pipelines.sources.adapters.sampled import read_samples
from pipelines.sources.adapters.synthetic import (
    read_mathinstruct,
    read_metamath,
    read_numina,
    read_openmathinstruct,
    read_openr1,
)
from pipelines.sources.adapters.word_problems import read_aqua, read_cmath, read_math23k, read_mgsm, read_svamp
from pipelines.sources.files.records import Record
from schemas.config import Columns, Source
from schemas.exits import UserError
from schemas.problem import Format, Problem
from schemas.wording import UNKNOWN

__all__ = ["ADAPTERS", "Adapter", "Unreadable", "check_fields", "check_sources", "has_header", "named_fields"]

Read = Callable[[dict[str, Any], Source], Problem]


@dataclass(frozen=True, slots=True)
class Adapter:
    """What there is to know about a kind of source.

    Attributes:
        read: a pure function of one record and its source's config; returns a Problem or raises `Unreadable`.
        by_name: its fields and its format are those that the config names: it can be any table.
        columns: which names of `source.columns` it reads by; the others it would not ask for.
        header: the first row of its CSV and TSV files names the columns.
        annotated: its solutions may hold calculator annotations `<<48/2=24>>`, which `derive` makes programs of.
        campaign: its rows are decisions of annotators, control items among them, whatever columns the config names.
        taxonomy: whose topics its rows are about, where the config says nothing.
        author: who wrote its solutions, where the config says nothing.
    """

    read: Read
    by_name: bool = False
    columns: frozenset[str] = frozenset()
    header: bool = True
    annotated: bool = False
    campaign: bool = False
    taxonomy: str | None = None
    author: str = "human"


_BESIDE_TURNS = frozenset(Columns.model_fields) - {"question", "options", "solution"}
ADAPTERS: Mapping[str, Adapter] = MappingProxyType(
    {
        "aqua": Adapter(read_aqua),
        "cmath": Adapter(read_cmath, taxonomy="k12"),
        "columns": Adapter(
            read_columns, by_name=True, columns=frozenset(Columns.model_fields) - {"messages"}, annotated=True
        ),
        "gsm8k": Adapter(read_gsm8k, annotated=True, taxonomy="k12"),
        "math": Adapter(read_math, taxonomy="math"),
        "math23k": Adapter(read_math23k, taxonomy="k12"),
        "mathcoder": Adapter(read_mathcoder, taxonomy="math"),
        "mathinstruct": Adapter(read_mathinstruct),
        "messages": Adapter(read_messages, columns=_BESIDE_TURNS, annotated=True, author=UNKNOWN),
        "metamath": Adapter(read_metamath),
        "mgsm": Adapter(read_mgsm, header=False, taxonomy="k12"),
        "numina": Adapter(read_numina),
        "openmathinstruct": Adapter(read_openmathinstruct),
        "openr1": Adapter(read_openr1),
        "pal": Adapter(read_pal),
        "pot": Adapter(read_pot),
        "prm800k": Adapter(read_prm800k, campaign=True, taxonomy="math"),
        "samples": Adapter(read_samples, author=UNKNOWN),
        "svamp": Adapter(read_svamp, taxonomy="k12"),
        "tora": Adapter(read_tora, columns=_BESIDE_TURNS - {"answer", "difficulty"}, taxonomy="math"),
    }
)
_FIRST_RECORDS = 1000


def check_sources(sources: Iterable[Source]) -> None:
    """Raises a UserError for what a run could not use: an unknown adapter, a format that nothing tells."""
    for source in sources:
        place = f"curate.sources: {source.name}"
        if source.adapter not in ADAPTERS:
            near = difflib.get_close_matches(source.adapter, ADAPTERS, n=1)
            hint = f"; did you mean {near[0]}?" if near else ";"
            known = ", ".join(sorted(ADAPTERS))
            raise UserError(f"no adapter {source.adapter!r}{hint} Known are {known}", place=place)
        if ADAPTERS[source.adapter].by_name and source.format is None:
            raise UserError(f"`adapter: {source.adapter}` needs `format`: cot, pot or tir", place=place)
        _check_columns(source, place)
        if source.derive:
            _check_derivation(source, place)


def _check_columns(source: Source, place: str) -> None:
    """A name that the adapter does not ask for would have no effect."""
    readers = [name for name, adapter in ADAPTERS.items() if adapter.columns]
    said = source.columns.model_dump(exclude_defaults=True)
    for name in sorted(said.keys() - ADAPTERS[source.adapter].columns):
        able = ", ".join(reader for reader in readers if name in ADAPTERS[reader].columns)
        raise UserError(
            f"`columns.{name}` has no effect: `adapter: {source.adapter}` does not read by it; those that do: {able}",
            place=place,
        )


def _check_derivation(source: Source, place: str) -> None:
    if not ADAPTERS[source.adapter].annotated:
        annotated = ", ".join(name for name, adapter in ADAPTERS.items() if adapter.annotated)
        raise UserError(
            f"`derive` needs calculator annotations, which {annotated} may have and {source.adapter} has not",
            place=place,
        )
    if source.format not in (None, Format.COT):
        raise UserError(f"`derive` makes programs of words: it needs `format: cot`, not {source.format}", place=place)


def has_header(names: Iterable[str | Sequence[str] | None], adapter: str | None = None) -> bool:
    """Whether a CSV or TSV file's first row names its columns: not when fields are named by position ("0").

    Args:
        names: the fields that the config names.
        adapter: the source's adapter, where a source is read.
    """
    header = adapter is None or ADAPTERS[adapter].header
    return header and not any(name.isdecimal() for field in names for name in names_in(field))


def named_fields(source: Source) -> list[str]:
    """The fields that a source's rows should have: all by which `adapter: columns` reads, for others those it names."""
    adapter = ADAPTERS[source.adapter]
    asked = adapter.columns if adapter.by_name else adapter.columns & source.columns.model_fields_set
    fields = source.columns.model_dump(include=set(asked)).values()
    return [name for field in fields for name in names_in(field)]


def check_fields(where: str, names: Iterable[str], records: Iterable[Record]) -> None:
    """Checks named fields against the first records of a source: a wrong column is one mistake, not a million rows.

    Raises:
        UserError: none of the first records has a field of that name.
    """
    rows = [record.value for record in islice(records, _FIRST_RECORDS) if record.value is not None]
    known = sorted({str(field) for row in rows for field in row})
    for name in names:
        if rows and not any(has_field(row, name) for row in rows):
            count = f"{len(rows)} records" if len(rows) > 1 else "record"
            raise UserError(
                f"no field {name!r} in the first {count}{_hint(name, known, rows[0])}; they have {named(known)}",
                place=where,
            )


def _hint(name: str, known: Sequence[str], first: Mapping[str, object]) -> str:
    """Where a field may be that no record has: below another, in a list of rows, or under a name that is near."""
    for field, value in first.items():
        if isinstance(value, dict) and name in value:
            return f" (did you mean {field}.{name}?)"
        if isinstance(value, list) and value and isinstance(value[0], dict) and name in value[0]:
            return f" (`rows: {field}` reads the list there, `{field}.0.{name}` its first one)"
        if isinstance(value, dict):
            for inner, rows in value.items():
                if isinstance(rows, list) and rows and isinstance(rows[0], dict) and name in rows[0]:
                    return f" (`rows: {field}.{inner}` reads the list there)"
    near = difflib.get_close_matches(name, known, n=1)
    return f" (did you mean {near[0]}?)" if near else ""
