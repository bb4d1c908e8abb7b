"""One shard looked at once: schema, nulls, suite, facts, hashes, leaks and samples, as findings that add up.

Memory is bounded by a batch of rows, not by the shard; findings hold hashes and counts, and no text but that of a
bounded sample. Whoever carries the inspector over shards (a loop, Beam) adds up what comes back.
"""

import logging
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import partial
from heapq import nsmallest
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from xxhash import xxh3_64_intdigest

from schemas.attempts import Crash, attempted, rows_that_raise
from schemas.evolution import difference, read_as
from schemas.example import EXAMPLE_SCHEMA
from schemas.exits import one_line
from schemas.problem import Format
from schemas.requirements import Quota
from schemas.split import Split
from validation.dataset.check import MAX_IDS
from validation.dataset.facts import Facts, count_quotas, measure
from validation.dataset.frame import flatten
from validation.dataset.hashes import combined, hash_texts, single_spaced, without_space
from validation.dataset.lengths import load_tokenizer, measure_lengths
from validation.dataset.recheck.contamination import BenchmarkIndex, Leak, severity
from validation.dataset.streams import chunks, opened
from validation.dataset.suite import Suite
from validation.dataset.tallies import SuiteRunner, Tally

logger = logging.getLogger(__name__)

STRATUM_ROWS = 4  # sample rows kept for the report, per format and source


@dataclass(frozen=True, slots=True)
class Settings:
    """What the inspector needs to know, the same for every shard.

    Attributes:
        sample: rows for each re-check.
        benchmarks: the file of benchmark items, or null when the data names none.
        tokenizer: counts tokens against `context`; null: they are not counted.
        quotas: those of the manifest's config, to be counted again.
    """

    suite: Suite
    schema_version: str
    sample: int
    seed: int
    benchmarks: Path | None
    tokenizer: str | None = None
    context: int = 4096
    quotas: tuple[Quota, ...] = ()


@dataclass(frozen=True, slots=True)
class Row:
    """An example drawn for a re-check or for the report. `key` is its keyed hash: the smallest are the sample."""

    key: int
    shard: str
    values: dict[str, Any]


@dataclass(slots=True)
class Findings:
    """What was found in one shard or, merged, in all of them.

    Attributes:
        read: shards that were read to their end.
        errors: shard -> why it could not be judged.
        crashes: id of an example that made the judge raise -> how; the others of its shard were judged.
        schema: shard -> what differs from the contract.
        nulls: column -> rows without a required value, and their ids.
        ids, problems, templates, texts: one 64-bit hash per row; `solutions` of problem and format, `questions` of the
            question's text without space.
        heldout: per row, whether it is in the heldout split.
        misplaced: ids whose split column is not that of their shard.
        leaks: the gravest `MAX_LEAKS`; `leaked` counts all by benchmark and tier.
        answers, programs: rows with the smallest keyed hashes; `strata` the same per (format, source).
    """

    rows: int = 0
    read: list[str] = field(default_factory=list)
    errors: dict[str, str] = field(default_factory=dict)
    crashes: dict[str, str] = field(default_factory=dict)
    schema: dict[str, str] = field(default_factory=dict)
    nulls: dict[str, Tally] = field(default_factory=dict)
    tallies: dict[str, Tally] = field(default_factory=dict)
    facts: Facts = field(default_factory=Facts)
    ids: list[np.ndarray] = field(default_factory=list)
    problems: list[np.ndarray] = field(default_factory=list)
    templates: list[np.ndarray] = field(default_factory=list)
    texts: list[np.ndarray] = field(default_factory=list)
    questions: list[np.ndarray] = field(default_factory=list)
    solutions: list[np.ndarray] = field(default_factory=list)
    heldout: list[np.ndarray] = field(default_factory=list)
    misplaced: Tally = field(default_factory=Tally)
    quotas: Counter[int] = field(default_factory=Counter)
    lengths: Tally = field(default_factory=Tally)
    leaks: list[Leak] = field(default_factory=list)
    leaked: Counter[tuple[str, str]] = field(default_factory=Counter)
    scanned: int = 0
    answers: list[Row] = field(default_factory=list)
    programs: list[Row] = field(default_factory=list)
    strata: dict[str, list[Row]] = field(default_factory=dict)

    def merge(self, other: "Findings", *, sample: int) -> None:
        """Adds the findings of other shards, keeping `sample` rows for each re-check."""
        self.rows += other.rows
        self.scanned += other.scanned
        self.read += other.read
        self.errors |= other.errors
        self.crashes |= other.crashes
        self.schema |= other.schema
        for mine, others in ((self.nulls, other.nulls), (self.tallies, other.tallies)):
            for name, tally in others.items():
                mine[name] = mine.get(name, Tally()).plus(tally)
        self.facts.merge(other.facts)
        for name in HASHED:
            getattr(self, name).extend(getattr(other, name))
        self.misplaced = self.misplaced.plus(other.misplaced)
        self.quotas.update(other.quotas)
        self.leaked.update(other.leaked)
        self.lengths = self.lengths.plus(other.lengths)
        self.leaks = sorted([*self.leaks, *other.leaks], key=severity)[:MAX_LEAKS]
        self.answers = smallest(self.answers + other.answers, sample)
        self.programs = smallest(self.programs + other.programs, sample)
        for stratum, rows in other.strata.items():
            self.strata[stratum] = smallest(self.strata.get(stratum, []) + rows, STRATUM_ROWS)

    def hashes(self, name: str) -> np.ndarray:
        """One column of hashes (or the heldout flags) over all shards."""
        parts = getattr(self, name)
        kind = np.bool_ if name == "heldout" else np.uint64
        return np.concatenate(parts) if parts else np.zeros(0, kind)


MAX_LEAKS = 1000
HASHED = ("ids", "problems", "templates", "texts", "questions", "solutions", "heldout")


def smallest(rows: Sequence[Row], number: int) -> list[Row]:
    """The rows with the smallest keys: a uniform sample that does not depend on how rows are sharded."""
    return nsmallest(number, rows, key=lambda row: (row.key, row.values["id"]))


class Inspector:
    """Judges shards one at a time. Made once per process: the suite and the benchmarks are loaded then."""

    def __init__(self, settings: Settings) -> None:
        """Loads the suite and the benchmark items.

        Raises:
            UserError: an expectation or a tokenizer that does not exist.
        """
        self.settings = settings
        self._runner = SuiteRunner(settings.suite.rows)
        if settings.tokenizer is not None:
            load_tokenizer(settings.tokenizer)
        self._benchmarks = BenchmarkIndex.read(settings.benchmarks) if settings.benchmarks else None

    def inspect(self, folder: Path, path: str, split: str) -> Findings:
        """Judges one shard. Whatever goes wrong inside becomes a finding: the judge never passes by crashing."""
        findings = Findings()
        try:
            self._inspect(folder / path, path, split, findings)
        except Exception as error:  # the judge's boundary: a crash is a verdict
            logger.debug("%s could not be judged", path, exc_info=True)
            findings.errors[path] = f"{type(error).__name__}: {one_line(str(error))[:200]}"
        return findings

    def _inspect(self, file: Path, path: str, split: str, findings: Findings) -> None:
        with opened(file) as reader:
            if difference := schema_difference(reader.schema, self.settings.schema_version):
                findings.schema[path] = difference
                findings.errors[path] = "its schema is not the contract's, so its rows were not judged"
                return
            for chunk in chunks(read_as(reader, EXAMPLE_SCHEMA)):
                chunk.validate(full=True)  # offsets and texts that rotted are not safe to look at
                findings.merge(self._judge_rows(chunk, path, split), sample=self.settings.sample)
                del chunk  # before the next one is read
        findings.read.append(path)

    def _judge_rows(self, chunk: pa.Table, path: str, split: str) -> Findings:
        """Judges rows together; those that make the judge raise are named, and the others judged without them."""

        def judge(places: Sequence[int]) -> Findings:
            return self._judge_chunk(chunk.take(pa.array(places, pa.int64())), path, split)

        judged = attempted(partial(self._judge_chunk, chunk, path, split))
        if not isinstance(judged, Crash):
            return judged
        crashes = dict(rows_that_raise(range(chunk.num_rows), judge))
        left = np.setdiff1d(np.arange(chunk.num_rows), list(crashes)).tolist()
        findings = judge(left) if left else Findings()
        ids = chunk["id"].take(pa.array(list(crashes), pa.int64())).to_pylist()
        findings.crashes = dict(zip(map(str, ids), crashes.values(), strict=True))
        return findings

    def _judge_chunk(self, chunk: pa.Table, path: str, split: str) -> Findings:
        flat = flatten(chunk)
        whole = set(self._runner.whole)
        tallies = {name: tally for name, tally in self._runner.run(flat).items() if name not in whole}
        rows = Findings(rows=chunk.num_rows, nulls=_nulls(chunk), tallies=tallies, facts=measure(flat))
        _hash(flat, rows)
        rows.misplaced = _misplaced(flat, split)
        rows.quotas = count_quotas(flat, self.settings.quotas)
        if self._benchmarks is not None:
            rows.leaks = self._benchmarks.search(flat)
            rows.leaked.update((leak.benchmark, leak.tier) for leak in rows.leaks)
            rows.scanned = chunk.num_rows
        if self.settings.tokenizer is not None:
            rows.lengths, tokens = measure_lengths(chunk, self.settings.tokenizer, self.settings.context)
            rows.facts.lengths["tokens"] = tokens
        self._draw(chunk, path, rows)
        return rows

    def _draw(self, chunk: pa.Table, path: str, findings: Findings) -> None:
        """Draws the re-check samples and the report's rows by keyed hash of the id, so any sharding draws the same."""
        keys = findings.ids[0] ^ np.uint64(xxh3_64_intdigest(b"sample", self.settings.seed))
        order = np.argsort(keys, kind="stable")
        with_program = order[_flags(pc.not_equal(chunk["format"], Format.COT.value))[order]]
        findings.answers = _rows(chunk, order[: self.settings.sample], keys, path)
        findings.programs = _rows(chunk, with_program[: self.settings.sample], keys, path)
        findings.strata = {
            name: _rows(chunk, members[:STRATUM_ROWS], keys, path) for name, members in _strata(chunk, order)
        }


def _strata(chunk: pa.Table, order: np.ndarray) -> Iterator[tuple[str, np.ndarray]]:
    """The rows of each format and source, in the order given."""
    named = pc.binary_join_element_wise(chunk["format"], chunk["source"], "|", null_handling="replace")
    strata = pc.dictionary_encode(named.combine_chunks())
    codes = strata.indices.to_numpy()
    rows = order[np.argsort(codes[order], kind="stable")]
    members = np.split(rows, np.cumsum(np.bincount(codes))[:-1])
    yield from zip(strata.dictionary.to_pylist(), members, strict=True)


def _flags(column: pa.ChunkedArray) -> np.ndarray:
    flags: np.ndarray = pc.fill_null(column, False).to_numpy(zero_copy_only=False)
    return flags


def _rows(chunk: pa.Table, positions: np.ndarray, keys: np.ndarray, path: str) -> list[Row]:
    values = chunk.take(pa.array(positions, pa.int64())).to_pylist()
    return [Row(int(keys[at]), path, row) for at, row in zip(positions, values, strict=True)]


def _hash(flat: pa.Table, findings: Findings) -> None:
    ids, problems, templates, formats = (
        hash_texts(flat[name]) for name in ("id", "problem_id", "template_id", "format")
    )
    questions = hash_texts(flat["question"], form=without_space)
    solutions = hash_texts(flat["solution"], form=single_spaced)
    systems = hash_texts(flat["system"], form=single_spaced)
    heldout = _flags(pc.equal(flat["split"], Split.HELDOUT.value))
    findings.ids, findings.problems, findings.templates = [ids], [problems], [templates]
    findings.questions, findings.heldout = [questions], [heldout]
    findings.texts, findings.solutions = (
        [combined(formats, questions, systems, solutions)],
        [combined(formats, problems)],
    )


def schema_difference(schema: pa.Schema, version: str) -> str:
    """What of a shard's schema is not the contract, which any version with its major number is; empty when nothing is.

    Args:
        schema: the shard's.
        version: the schema version that the manifest names.
    """
    if why := difference(schema, EXAMPLE_SCHEMA):
        return why
    found = schema.metadata[b"version"].decode()
    return "" if found == version else f"version {found}, but the manifest says {version}"


def _nulls(chunk: pa.Table) -> dict[str, Tally]:
    """Rows without a required value: Arrow does not enforce `nullable=False` (measured)."""
    empty = {field.name: pc.is_null(chunk[field.name]) for field in EXAMPLE_SCHEMA if not field.nullable}
    verification = chunk["verification"].combine_chunks()
    for name in ("verdict", "reference"):
        empty[f"verification.{name}"] = pc.is_null(pc.struct_field(verification, name))
    empty["segments.kind, segments.text"] = _null_segments(chunk)
    return {name: _tally_of(chunk, mask) for name, mask in empty.items()}


def _null_segments(chunk: pa.Table) -> pa.Array:
    segments = chunk["segments"].combine_chunks()
    values = segments.flatten()
    broken = pc.or_(pc.is_null(pc.struct_field(values, "kind")), pc.is_null(pc.struct_field(values, "text")))
    rows = pc.unique(pc.list_parent_indices(segments).filter(broken))
    return pc.is_in(pa.array(np.arange(len(segments)), pa.int64()), value_set=rows.cast(pa.int64()))


def _misplaced(flat: pa.Table, split: str) -> Tally:
    return _tally_of(flat, pc.fill_null(pc.not_equal(flat["split"], split), True))


def _tally_of(table: pa.Table, mask: pa.Array) -> Tally:
    number = int(pc.sum(mask).as_py() or 0)
    ids = table["id"].filter(mask).slice(0, MAX_IDS).to_pylist() if number else []
    return Tally(table.num_rows, 0, number, tuple(str(id_) for id_ in ids))
