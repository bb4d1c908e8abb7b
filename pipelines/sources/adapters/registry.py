"""Adapters by name: what a record of each kind of source means.

An adapter is a pure function of one record and its source's config; it returns a `Problem` or raises `Unreadable`.
"""

import difflib
from collections.abc import Callable, Iterable, Mapping
from itertools import islice
from types import MappingProxyType
from typing import Any

from pipelines.sources.adapters.columns import read_columns
from pipelines.sources.adapters.dialogues import read_mathcoder, read_tora
from pipelines.sources.adapters.fields import Unreadable
from pipelines.sources.adapters.gsm8k import read_gsm8k
from pipelines.sources.adapters.math import read_math
from pipelines.sources.adapters.messages import read_messages
from pipelines.sources.adapters.pot import read_pal, read_pot
from pipelines.sources.adapters.prm800k import read_prm800k
from pipelines.sources.adapters.synthetic import (
    read_mathinstruct,
    read_metamath,
    read_numina,
    read_openmathinstruct,
    read_openr1,
)
from pipelines.sources.adapters.word_problems import read_aqua, read_cmath, read_math23k, read_mgsm, read_svamp
from pipelines.sources.files.records import Record
from schemas.config import Source
from schemas.exits import UserError
from schemas.problem import Problem

__all__ = ["ADAPTERS", "Adapter", "Unreadable", "check_fields", "check_sources", "has_header", "named_fields"]

Adapter = Callable[[dict[str, Any], Source], Problem]

ADAPTERS: Mapping[str, Adapter] = MappingProxyType(
    {
        "aqua": read_aqua,
        "cmath": read_cmath,
        "columns": read_columns,
        "gsm8k": read_gsm8k,
        "math": read_math,
        "math23k": read_math23k,
        "mathcoder": read_mathcoder,
        "mathinstruct": read_mathinstruct,
        "messages": read_messages,
        "metamath": read_metamath,
        "mgsm": read_mgsm,
        "numina": read_numina,
        "openmathinstruct": read_openmathinstruct,
        "openr1": read_openr1,
        "pal": read_pal,
        "pot": read_pot,
        "prm800k": read_prm800k,
        "svamp": read_svamp,
        "tora": read_tora,
    }
)
_DERIVING = ("gsm8k",)
_HEADLESS = ("mgsm",)
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
        if source.adapter == "columns" and source.format is None:
            raise UserError("`adapter: columns` needs `format`: cot, pot or tir", place=place)
        if source.derive and source.adapter not in _DERIVING:
            raise UserError(
                f"`derive` needs calculator annotations, which {', '.join(_DERIVING)} has and {source.adapter} has not",
                place=place,
            )


def has_header(names: Iterable[str | None], adapter: str | None = None) -> bool:
    """Whether a CSV or TSV file's first row names its columns: not when fields are named by position ("0").

    Args:
        names: the fields that the config names.
        adapter: the source's adapter; MGSM's files have no header.
    """
    return adapter not in _HEADLESS and not any(name is not None and name.isdecimal() for name in names)


def named_fields(source: Source) -> list[str]:
    """The fields that the config names for an adapter that reads by name; none for those with a shape of their own."""
    return [name for name in source.columns.model_dump().values() if name] if source.adapter == "columns" else []


def check_fields(where: str, names: Iterable[str], records: Iterable[Record]) -> None:
    """Checks named fields against the first records of a source: a wrong column is one mistake, not a million rows.

    Raises:
        UserError: none of the first records has a field of that name.
    """
    rows = [record.value for record in islice(records, _FIRST_RECORDS) if record.value is not None]
    known = sorted({str(field) for row in rows for field in row})
    for name in names:
        if rows and not any(name in row or name.partition(".")[0] in row for row in rows):
            near = difflib.get_close_matches(name, known, n=1)
            hint = f" (did you mean {near[0]}?)" if near else ""
            raise UserError(
                f"no field {name!r} in the first {len(rows)} records{hint}; they have {', '.join(known)}", place=where
            )
