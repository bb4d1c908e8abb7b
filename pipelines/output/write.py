"""Decided candidates -> shards, ledger and rejected records, in the order of the input.

The trainer permutes globally, so shards keep input order and writing moves no text between workers. Which parts go into
which file depends on the parts alone: the bytes do not depend on runner, workers or bundles.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np
import orjson
import pyarrow as pa
import pyarrow.compute as pc

from pipelines.engine import progress
from pipelines.engine.candidates import UNDERSTOOD
from pipelines.engine.crashes import with_crashes, without_crashing
from pipelines.engine.overlays import corrections, selections, with_labels
from pipelines.engine.store import PartRef, Store, read_batch, write_batch
from pipelines.engine.tags import from_verdicts, kept_keys
from pipelines.engine.workfiles import is_there
from pipelines.output.decide import PartSummary
from pipelines.output.growing import GrowingFile, ground_of, growing
from pipelines.text.quality import quality_facts
from schemas.example import EXAMPLE_SCHEMA
from schemas.ledger import LEDGER_SCHEMA, RECORD_MARK
from schemas.problem import Format, SegmentKind
from schemas.reason import REFUSED_PROGRAMS, Outcome, Stage
from schemas.split import Split

UNWRITTEN = "unwritten"  # tag folder of the candidates that were kept and could not be written
BATCH_ROWS = 1024  # rows in one batch of a shard: what a reader maps at a time
LEDGER_ROWS = 500_000  # candidates in one ledger file
_END_OF_STREAM = b"\xff\xff\xff\xff\0\0\0\0"  # of Arrow's streaming format


@dataclass(frozen=True, slots=True)
class FilePlan:
    """One file to write: its path below the data set, and the parts that it holds rows of.

    Attributes:
        split: of the examples in it; null for a ledger file.
    """

    path: str
    split: Split | None
    parts: tuple[PartRef, ...]


@dataclass(frozen=True, slots=True)
class Written:
    """A file that was written, still in the staging folder."""

    path: str
    split: str | None
    rows: int
    bytes: int
    sha256: str


@dataclass(frozen=True, slots=True)
class WriteSettings:
    """What writing needs to know of the config: wording, and what verification changes in a solution.

    Attributes:
        prompts: instructions of the config's own, by format and language.
        regenerate: outputs are replaced by a run's.
        trim: what stands behind the final answer is cut.
        append: the answer is added where a solution does not state it.
        quality: folder of the measures of solutions, which are kept beside the parts like tags; its name holds the hash
            of the code and of what verification changes.
    """

    prompts: Mapping[Format, Mapping[str, str]]
    regenerate: bool
    trim: bool
    append: bool = False
    quality: str = "quality"


def plan_files(summaries: Sequence[PartSummary], *, shard_bytes: int) -> list[FilePlan]:
    """Cuts the parts, in input order, into shards of about `shard_bytes` of text and ledger files of bounded length."""
    ordered = sorted(summaries, key=lambda summary: summary.part)
    plans = []
    for split in Split:
        holding = [summary for summary in ordered if summary.kept[split]]
        sizes = [summary.part.bytes * summary.kept[split] / summary.part.rows for summary in holding]
        groups = list(_groups([summary.part for summary in holding], sizes, shard_bytes))
        for number, parts in enumerate(groups):
            plans.append(FilePlan(f"shards/{split}-{number:05d}-of-{len(groups):05d}.arrow", split, parts))
    rows = [float(summary.part.rows) for summary in ordered]
    groups = list(_groups([summary.part for summary in ordered], rows, LEDGER_ROWS))
    for number, parts in enumerate(groups):
        plans.append(FilePlan(f"ledger/ledger-{number:05d}-of-{len(groups):05d}.arrow", None, parts))
    return plans


def _groups(parts: Sequence[PartRef], sizes: Sequence[float], limit: float) -> Iterator[tuple[PartRef, ...]]:
    group: list[PartRef] = []
    total = 0.0
    for part, size in zip(parts, sizes, strict=True):
        if group and total + size > limit:
            yield tuple(group)
            group, total = [], 0.0
        group.append(part)
        total += size
    if group:
        yield tuple(group)


def write_file(plan: FilePlan, *, store: Store, settings: WriteSettings) -> list[Written]:
    """Writes one planned file into the staging folder; beside a ledger file also its rejected records."""
    if plan.split is not None:
        read = partial(_living_examples, split=plan.split, store=store, settings=settings)
        tags = (store.verified, store.labelled, store.reviewed)
        grounds = [ground_of(store, part, settings, tags=tags) for part in plan.parts]
        return [_write_stream(plan, EXAMPLE_SCHEMA, read, grounds, store)]

    def ledger(part: PartRef) -> pa.RecordBatch:
        return read_batch(store.decisions_path(part), LEDGER_SCHEMA.names)

    grounds = [ground_of(store, part) for part in plan.parts]
    return [_write_stream(plan, LEDGER_SCHEMA, ledger, grounds, store), _write_rejected(plan, grounds, store)]


def _write_stream(
    plan: FilePlan, schema: pa.Schema, read: Callable[[PartRef], pa.RecordBatch], grounds: Sequence[str], store: Store
) -> Written:
    with growing(store, plan.path, plan.split or "ledger", plan.parts, grounds) as file:
        if file.file is not None:
            _write_batches(file, schema, _behind(file, plan.parts, read))
        file.complete = not any(is_there(store.tags_path(UNWRITTEN, part)) for part in plan.parts)
    rows = file.rows[-1]
    progress.report(store.root, "write", rows)
    return Written(plan.path, plan.split, rows, file.size, file.hashed.hexdigest())


def _write_batches(file: GrowingFile, schema: pa.Schema, batches: Iterable[pa.RecordBatch]) -> None:
    """Writes rows behind the last mark of a stream, to its end."""
    if not file.marks:
        file.write(schema.serialize())
        file.mark(0)
    rows = file.marks[-1][0]
    for batch in _even(batches, schema):
        file.write(batch.serialize())
        rows += len(batch)
        if len(batch) == BATCH_ROWS:
            file.mark(rows)
    file.write(_END_OF_STREAM)


def _behind(
    file: GrowingFile, parts: Sequence[PartRef], read: Callable[[PartRef], pa.RecordBatch]
) -> Iterator[pa.RecordBatch]:
    """The rows of a file behind its last mark."""
    if file.behind is not None:
        yield file.behind
    for part in parts[len(file.rows) :]:
        batch = read(part)
        file.end_part(len(batch))
        yield batch


def _even(batches: Iterable[pa.RecordBatch], schema: pa.Schema) -> Iterator[pa.RecordBatch]:
    """Re-cuts batches to `BATCH_ROWS`, so that a file's bytes do not tell how its parts were cut."""
    waiting = schema.empty_table()
    for batch in batches:
        waiting = pa.concat_tables([waiting, pa.Table.from_batches([batch], schema)])
        whole = len(waiting) - len(waiting) % BATCH_ROWS
        for start in range(0, whole, BATCH_ROWS):
            yield _single(waiting.slice(start, BATCH_ROWS))
        waiting = waiting.slice(whole)
    if len(waiting):
        yield _single(waiting)


def _single(table: pa.Table) -> pa.RecordBatch:
    """Copies rows into one batch: what is only sliced keeps its offset and its parent's bits, and the writer both."""
    return table.take(np.arange(len(table))).combine_chunks().to_batches()[0]


def _living_examples(part: PartRef, split: Split, store: Store, settings: WriteSettings) -> pa.RecordBatch:
    """The examples of a part. Those that cannot be made are tagged: the end of the line is then taken once more."""
    make = partial(_examples, split=split, store=store, settings=settings)
    examples, crashes = without_crashing(part, make, stage=Stage.WRITE, store=store)
    if crashes:
        path = store.tags_path(UNWRITTEN, part)
        known = read_batch(path) if is_there(path) else from_verdicts(())
        write_batch(path, with_crashes(known, crashes))
    return examples


def _examples(part: PartRef, split: Split, store: Store, settings: WriteSettings) -> pa.RecordBatch:
    decisions = read_batch(store.decisions_path(part), ["id", "problem_id", "template_id", "split"])
    keep = pa.array(pc.indices_nonzero(pc.equal(decisions.column("split"), split.value)), pa.int32())
    understood = with_labels(store, part, store.read_part(part, UNDERSTOOD))
    decided, batch = decisions.take(keep), understood.take(keep)
    answers, verification, segments, judged = _verification(part, keep, batch, store, settings)
    answers, verification = _corrected(corrections(store, part).take(keep), answers, verification)
    laid_out = batch.set_column(batch.schema.get_field_index("segments"), "segments", segments)
    columns = {
        **{name: batch.column(name) for name in batch.schema.names if name in EXAMPLE_SCHEMA.names},
        **{name: decided.column(name) for name in decided.schema.names},
        "selection": selections(store, part, understood.column("selection")).take(keep),
        "segments": segments,
        "instruction": _instructions(batch, settings),
        "answer": answers,
        "source_row": batch.column("row"),
        "verification": verification,
        "quality": _quality(part, split, keep, (laid_out, judged), store, settings),
    }
    arrays = [columns[field.name].cast(field.type) for field in EXAMPLE_SCHEMA]
    return pa.RecordBatch.from_arrays(arrays, schema=EXAMPLE_SCHEMA)


def _quality(
    part: PartRef,
    split: Split,
    keep: pa.Array,
    solutions: tuple[pa.RecordBatch, pa.RecordBatch | None],
    store: Store,
    settings: WriteSettings,
) -> pa.Array:
    """The measures of the kept candidates; those that an earlier run kept too are not taken again."""

    def make(indices: pa.Array) -> pa.Array:
        places = pc.index_in(indices, keep)
        laid_out, judged = (None if batch is None else batch.take(places) for batch in solutions)
        return quality_facts(laid_out, judged)

    return kept_keys(store, f"{settings.quality}-{split}", part, keep, make)


def _instructions(batch: pa.RecordBatch, settings: WriteSettings) -> pa.Array:
    """The config's own wording for each candidate, null where it has none."""
    if not settings.prompts:
        return pa.nulls(len(batch), pa.string())
    wanted = zip(batch.column("format").to_pylist(), batch.column("language").to_pylist(), strict=True)
    return pa.array([settings.prompts.get(Format(form), {}).get(language) for form, language in wanted], pa.string())


def _verification(
    part: PartRef, keep: pa.Array, batch: pa.RecordBatch, store: Store, settings: WriteSettings
) -> tuple[pa.Array, pa.Array, pa.Array, pa.RecordBatch | None]:
    """Returns answers, verification structs, segments and verdicts of the kept candidates, as the judge left them."""
    kind = EXAMPLE_SCHEMA.field("verification").type
    if store.verified is None:
        unverified = {"verdict": "unverified", "path": None, "reference": "self", "programs": 0}
        return batch.column("answer"), pa.array([unverified] * len(batch), kind), batch.column("segments"), None
    verdicts = read_batch(store.tags_path(store.verified, part))
    positions = pc.index_in(keep, value_set=verdicts.column("index"))
    assert positions.null_count == 0, (part, "kept candidates that nobody verified")
    found = verdicts.take(positions)
    fields = [found.column(name) for name in ("verdict", "path", "reference", "programs")]
    struct = pa.StructArray.from_arrays(fields, fields=list(kind))
    if (overruled := found.column("reason").is_valid()).true_count:
        struct = pc.if_else(overruled, _judged_by_people(batch, found, kind), struct)
    segments = batch.column("segments")
    if settings.regenerate:
        rows = zip(segments.to_pylist(), found.column("outputs").to_pylist(), strict=True)
        segments = pa.array([_with_outputs(row, outputs) for row, outputs in rows], segments.type)
    if settings.trim:
        cuts = zip(segments.to_pylist(), found.column("cut").to_pylist(), strict=True)
        segments = pa.array([_without(row, cut) for row, cut in cuts], segments.type)
    if settings.append:
        sentences = zip(segments.to_pylist(), found.column("appended").to_pylist(), strict=True)
        segments = pa.array([_with_answer(row, sentence) for row, sentence in sentences], segments.type)
    return found.column("answer"), struct, segments, found


def _corrected(given: pa.Array, answers: pa.Array, verification: pa.Array) -> tuple[pa.Array, pa.Array]:
    """Answers and verification, with the references that reviewers give: independent of the solution, by a person."""
    if given.null_count == len(given):
        return answers, verification
    constants = [pa.repeat(pa.scalar(text), len(given)) for text in ("equal", "human", "independent")]
    fields = [*constants, pc.struct_field(verification, "programs")]
    by_people = pa.StructArray.from_arrays(fields, fields=list(verification.type))
    return pc.coalesce(given, answers), pc.if_else(given.is_valid(), by_people, verification)


def _judged_by_people(batch: pa.RecordBatch, found: pa.RecordBatch, kind: pa.DataType) -> pa.Array:
    """Verification of candidates that the judge stopped and a person accepted: equal, because a human said so."""
    references = pc.if_else(batch.column("independent"), "independent", "self")
    constants = [pa.repeat(pa.scalar(text), len(batch)) for text in ("equal", "human")]
    return pa.StructArray.from_arrays([*constants, references, found.column("programs")], fields=list(kind))


def _with_outputs(segments: list[dict[str, str]], outputs: list[str] | None) -> list[dict[str, str]]:
    if not outputs:
        return segments
    fresh = iter(outputs)
    return [
        {**segment, "text": next(fresh).strip("\n")} if segment["kind"] == SegmentKind.OUTPUT else segment
        for segment in segments
    ]


def _without(segments: list[dict[str, str]], cut: str | None) -> list[dict[str, str]]:
    """Cuts the end of the last text."""
    if not cut:
        return segments
    last = _last_text(segments)
    text = segments[last]["text"]
    assert text.endswith(cut), (text, cut)
    return _with_text(segments, last, text.removesuffix(cut).rstrip())


def _with_answer(segments: list[dict[str, str]], sentence: str | None) -> list[dict[str, str]]:
    """Adds the sentence of the answer to the last text."""
    if not sentence:
        return segments
    last = _last_text(segments)
    return _with_text(segments, last, f"{segments[last]['text'].rstrip()}\n{sentence}")


def _last_text(segments: list[dict[str, str]]) -> int:
    return max(place for place, segment in enumerate(segments) if segment["kind"] == SegmentKind.TEXT)


def _with_text(segments: list[dict[str, str]], place: int, text: str) -> list[dict[str, str]]:
    return [*segments[:place], {**segments[place], "text": text}, *segments[place + 1 :]]


def _write_rejected(plan: FilePlan, grounds: Sequence[str], store: Store) -> Written:
    """Writes one line per row that lost a candidate: the original record and why, to mend and feed in again."""
    name = plan.path.replace("ledger", "rejected").replace(".arrow", ".jsonl")
    with growing(store, name, "rejected", plan.parts, grounds) as file:
        if not file.marks:
            file.mark(0)
        for part in plan.parts[len(file.rows) :]:
            records = list(_rejected_records(part, store))
            file.write(b"".join(records))
            file.end_part(len(records))
            file.mark(file.rows[-1])
    return Written(name, None, file.rows[-1], file.size, file.hashed.hexdigest())


def _rejected_records(part: PartRef, store: Store) -> Iterator[bytes]:
    names = ["id", "source", "row", "format", "outcome", "stage", "reason", "detail", "partner"]
    names += ["rule", "benchmark", "item"]
    decisions = read_batch(store.decisions_path(part), names)
    rejected = decisions.filter(pc.not_equal(decisions.column("outcome"), Outcome.KEPT.value))
    if not len(rejected):
        return
    of_rejected = pc.is_in(decisions.column("row"), rejected.column("row"))
    decisions = decisions.filter(of_rejected)
    columns = store.read_part(part, ["record", "segments"])
    records = columns.column("record").filter(of_rejected).to_pylist()
    segments = columns.column("segments").filter(of_rejected)
    raw, reasons = None, list[dict[str, object]]()
    for place, (record, decision) in enumerate(zip(records, decisions.to_pylist(), strict=True)):
        if record is not None:
            if raw is not None and reasons:
                yield _rejected(raw, reasons)
            raw, reasons = record, []
        if decision["outcome"] != Outcome.KEPT:
            reasons.append({name: value for name, value in decision.items() if value is not None})
            if decision["reason"] in REFUSED_PROGRAMS:
                reasons[-1]["programs"] = _programs(segments[place].as_py())
    if raw is not None and reasons:
        yield _rejected(raw, reasons)


def _programs(segments: list[dict[str, str]]) -> list[str]:
    """The code as it was run, which the gate runs again."""
    return [segment["text"] for segment in segments if segment["kind"] == SegmentKind.CODE]


def _rejected(raw: str, reasons: list[dict[str, object]]) -> bytes:
    """One line: the record with its reasons. What is no object, or nests deeper than can be written, stands as text."""
    first, *others = reasons
    why = {**first, "also": others} if others else first
    try:
        record = orjson.loads(raw)
        if isinstance(record, dict):
            return orjson.dumps({**record, RECORD_MARK: why}, option=orjson.OPT_APPEND_NEWLINE)
    except (orjson.JSONDecodeError, orjson.JSONEncodeError):
        pass
    return orjson.dumps({"_raw": raw, RECORD_MARK: why}, option=orjson.OPT_APPEND_NEWLINE)
