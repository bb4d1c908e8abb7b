"""From written files to a data set: the sum checked, the alarm sounded, files moved into place, the manifest last."""

import io
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path
from typing import Any

import pyarrow as pa

from pipelines.engine.store import Store
from pipelines.engine.workfiles import File, content_of, is_there, move, remove, remove_below, write_content, writing
from pipelines.engine.workfolder import STOPPED
from pipelines.output.advice import key_of, reasons_with_examples
from pipelines.output.data_card import dataset_card
from pipelines.output.decide import PartSummary
from pipelines.output.growing import STAGED
from pipelines.output.reader import read_alike
from pipelines.output.write import Written
from schemas.benchmark import BENCHMARKS
from schemas.config import Curate
from schemas.copies import LEDGER, copied
from schemas.example import SCHEMA_VERSION
from schemas.exits import RunFailedError
from schemas.manifest import (
    CODE_VERSION,
    MANIFEST,
    BenchmarkRecord,
    Counts,
    FileRecord,
    FormatCounts,
    InputFile,
    Manifest,
    ShardRecord,
)
from schemas.place import Place, public_name
from schemas.reason import Outcome
from schemas.reviews import REVIEWS
from schemas.split import Split
from schemas.verdict import VERDICT

_FOLDERS = ("shards", "ledger", "rejected")
_CARD = "README.md"


@dataclass(frozen=True, slots=True)
class Ending:
    """What a pipeline run ended with, and what it started from."""

    settings: Curate
    summaries: Sequence[PartSummary]
    written: Sequence[Written]
    files: Sequence[InputFile]
    benchmarks: Sequence[BenchmarkRecord]
    isolation: str | None
    labels: Sequence[dict[str, object]]
    quotas: Sequence[dict[str, object]]
    draft: bool
    scanned_rows: int
    lineage: Sequence[str] = ()
    rules: dict[str, str] = field(default_factory=dict)
    packages: dict[str, str] = field(default_factory=dict)


def manifest_of(ending: Ending, items: pa.Table, reviews: pa.Table | None = None) -> Manifest:
    """Builds the manifest and checks the sum that everything else rests on.

    Args:
        ending: the run.
        items: of its benchmarks.
        reviews: with what became of them; None without any.
    """
    ended: Counter[tuple[str, str | None, str, str | None, str | None]] = Counter()
    splits: Counter[str] = Counter()
    dropped: Counter[tuple[str, str]] = Counter()
    for summary in ending.summaries:
        dropped.update(summary.dropped)
        ended.update(summary.ended)
        splits.update(summary.kept)
    outcomes = Counter[str]()
    for (_, _, outcome, _, _), number in ended.items():
        outcomes[outcome] += number
    rows = sum(summary.rows for summary in ending.summaries)
    candidates = sum(summary.part.rows for summary in ending.summaries)
    assert rows == ending.scanned_rows, ("rows read", rows, "rows counted", ending.scanned_rows)
    assert outcomes.total() == candidates, (outcomes, candidates)
    shards = [file for file in ending.written if file.split is not None]
    ledger = [file for file in ending.written if file.path.startswith("ledger/")]
    assert sum(shard.rows for shard in shards) == outcomes[Outcome.KEPT], (shards, outcomes)
    assert sum(file.rows for file in ledger) == candidates, (ledger, candidates)
    settings = ending.settings
    return Manifest(
        schema_version=SCHEMA_VERSION,
        code_version=CODE_VERSION,
        draft=ending.draft,
        config=_recorded(settings),
        skipped=[stage.value for stage in settings.skip],
        isolation=ending.isolation,
        inputs=[file.model_copy(update={"path": settings.variables.hide(file.path)}) for file in ending.files],
        benchmarks=list(ending.benchmarks),
        counts=Counts(
            rows=rows,
            candidates=candidates,
            kept=outcomes[Outcome.KEPT],
            removed=outcomes[Outcome.REMOVED],
            quarantined=outcomes[Outcome.QUARANTINED],
        ),
        removed_by_reason=_by_reason(ended, Outcome.REMOVED),
        quarantined_by_reason=_by_reason(ended, Outcome.QUARANTINED),
        formats=_funnel(ended, 1),
        sources=_funnel(ended, 0),
        splits={split.value: splits[split] for split in Split},
        licence=_licence(settings, ended),
        dropped=_by_source(dropped),
        labels=list(ending.labels),
        quotas=list(ending.quotas),
        **({"rules": ending.rules} if ending.rules else {}),
        packages=ending.packages,
        shards=[
            ShardRecord(
                path=shard.path, split=str(shard.split), rows=shard.rows, bytes=shard.bytes, sha256=shard.sha256
            )
            for shard in shards
        ],
        ledger=list(map(_record_of, ledger)),
        others=[
            _record_of_table(BENCHMARKS, items),
            *([] if reviews is None else [_record_of_table(REVIEWS, reviews)]),
            *(_record_of(file) for file in ending.written if file.path.startswith("rejected/")),
        ],
        lineage=list(ending.lineage),
        fingerprint="",
    ).sealed()


def _record_of(file: Written) -> FileRecord:
    return FileRecord(path=file.path, rows=file.rows, bytes=file.bytes, sha256=file.sha256)


def _record_of_table(name: str, table: pa.Table) -> FileRecord:
    """The file that `publish` will write."""
    sink = _Hashed()
    with pa.ipc.new_stream(sink, table.schema) as writer:
        writer.write_table(table)
    return FileRecord(path=name, rows=len(table), bytes=sink.bytes, sha256=sink.digest.hexdigest())


class _Hashed(io.RawIOBase):
    """A stream that hashes and counts what is written to it, and keeps nothing: votes may be a million."""

    def __init__(self) -> None:
        self.digest = sha256()
        self.bytes = 0

    def writable(self) -> bool:
        return True

    def write(self, content: Any, /) -> int:  # noqa: ANN401  as io.RawIOBase has it
        size = memoryview(content).nbytes
        self.digest.update(content)
        self.bytes += size
        return size


def _recorded(settings: Curate) -> dict[str, Any]:
    """The config without what may differ between equal runs, and without secrets: a place has its variable's name."""
    table = settings.model_dump(mode="json", exclude={"isolation"})

    def hide(path: str) -> str:
        return public_name(settings.variables.hide(path))

    for entry in (*table["sources"], *table["benchmarks"], *table["reviews"]):
        if isinstance(entry, dict):
            entry["path"] = hide(entry["path"])
    for key in ("benchmarks", "reviews"):
        table[key] = [hide(entry) if isinstance(entry, str) else entry for entry in table[key]]
    people = settings.people
    return table | {"people": people.as_published(settings.variables.hide(people.key))}


def _by_source(dropped: Counter[tuple[str, str]]) -> dict[str, dict[str, int]]:
    found: dict[str, dict[str, int]] = {}
    for (source, kind), number in sorted(dropped.items()):
        found.setdefault(source, {})[kind] = number
    return found


def _by_reason(ended: Counter[tuple[str, str | None, str, str | None, str | None]], wanted: Outcome) -> dict[str, int]:
    counts = Counter[str]()
    for (_, _, outcome, _, reason), number in ended.items():
        if outcome == wanted:
            assert reason is not None, outcome
            counts[reason] += number
    return dict(sorted(counts.items(), key=lambda entry: (-entry[1], entry[0])))


def _funnel(
    ended: Counter[tuple[str, str | None, str, str | None, str | None]], position: int
) -> dict[str, FormatCounts]:
    lines: dict[str, FormatCounts] = {}
    for key, number in sorted(ended.items(), key=lambda entry: str(entry[0][position])):
        name = str(key[position] or "none")
        empty = FormatCounts(candidates=0, kept=0, removed=0, quarantined=0)
        lines[name] = lines.get(name, empty).plus(key[2], number)
    return lines


def _licence(settings: Curate, ended: Counter[tuple[str, str | None, str, str | None, str | None]]) -> str:
    """The licences of the sources that examples came from, joined: all of them bind who passes the data on."""
    kept = {source for (source, _, outcome, _, _) in ended if outcome == Outcome.KEPT}
    licences = sorted({source.licence for source in settings.sources if source.name in kept})
    return " AND ".join(licences) or "none"


@dataclass(frozen=True, slots=True)
class Alarm:
    """A rule that takes more of a source than `wipeout.limit` allows, and that nobody accepted."""

    source: str
    reason: str
    taken: int
    candidates: int

    def __str__(self) -> str:
        share = self.taken / self.candidates
        return f"{self.reason} takes {share:.0%} of {self.source} ({self.taken:,} of {self.candidates:,} candidates)"


def wiped_out(ending: Ending) -> list[Alarm]:
    """Finds the rules that wipe out a source."""
    wipeout = ending.settings.wipeout
    candidates, taken = Counter[str](), Counter[tuple[str, str]]()
    for summary in ending.summaries:
        for (source, _, _, _, reason), number in summary.ended.items():
            candidates[source] += number
            if reason is not None:
                taken[source, reason] += number
    return [
        Alarm(source, reason, number, candidates[source])
        for (source, reason), number in sorted(taken.items())
        if number > wipeout.limit * candidates[source] and f"{source}:{reason}" not in wipeout.accept
    ]


def refuse_wipeout(ending: Ending, manifest: Manifest, items: pa.Table, *, store: Store) -> None:
    """Stops a run that a rule wipes out a source in, before publication; a draft is never stopped.

    Raises:
        RunFailedError: the first such rule and what decides about it, every reason with rows that fell to it, how to
            look at them and how to accept it.
    """
    if ending.draft or not (alarms := wiped_out(ending)):
        return
    stopped = set_aside(ending, manifest, items, store=store)
    with copied(stopped.url if isinstance(stopped, Place) else stopped, LEDGER) as folder:
        raise RunFailedError(alarm_of(alarms, read_alike(folder, manifest), stopped))


def alarm_of(alarms: Sequence[Alarm], ledger: pa.Table, stopped: File) -> str:
    """Says what stops a run.

    Args:
        alarms: the rules that take too much, at least one.
        ledger: of the stopped run, its columns source, row and reason.
        stopped: where it can be read (`set_aside`).
    """
    more = f" (and {len(alarms) - 1} more)" if len(alarms) > 1 else ""
    fallen = reasons_with_examples(ledger)
    counts = ", ".join(f"{reason} {number:,} ({', '.join(rows)})" for reason, number, rows in fallen)
    worst = next((rows[0] for reason, _, rows in fallen if reason == alarms[0].reason), "SOURCE:ROW")
    key = key_of(alarms[0].reason)
    accepted = ", ".join(f'"{alarm.source}:{alarm.reason}"' for alarm in alarms)
    return (
        f"wipe-out alarm: {alarms[0]}{more}, more than wipeout.limit allows; nothing was published; "
        f"what fell: {counts}; look at one with `mathmill trace {stopped} {worst}`; "
        f"{f'it is decided by {key}; ' if key else ''}"
        f"or accept it with --set 'curate.wipeout.accept=[{accepted}]'"
    )


def set_aside(ending: Ending, manifest: Manifest, items: pa.Table, *, store: Store) -> File:
    """Keeps what a stopped run wrote where `mathmill trace` reads it, marked as a draft, and returns its folder."""
    folder = store.root / STOPPED
    publish(ending, manifest.model_copy(update={"draft": True}).sealed(), items, None, store=store, output=folder)
    return folder


def publish(
    ending: Ending,
    manifest: Manifest,
    items: pa.Table,
    reviews: pa.Table | None,
    *,
    store: Store,
    output: File,
    require: Callable[[], None] = lambda: None,
) -> None:
    """Moves what was written into place, the manifest last: until it stands, the folder is not a data set.

    A verdict on what stood here before is removed with it, unless that was the same: it holds for equal bytes.

    Args:
        ending: the run.
        manifest: of it.
        items: of its benchmarks.
        reviews: with what became of them; None without any.
        store: whose staging folder holds what was written.
        output: the data set, on the disk or in the store that the work folder is in.
        require: asked before every step that others must not see half of; raises where this run lost its claim.
    """
    require()
    content = manifest.to_json().encode()
    there = output / MANIFEST
    _clear(output, judged=is_there(there) and content_of(there) == content)
    staged = store.root / STAGED
    for file in ending.written:
        require()
        move(staged / file.path, output / file.path)
    for name, table in ((BENCHMARKS, items), (REVIEWS, reviews)):
        if table is not None:
            with (
                writing(staged / name) as temporary,
                pa.OSFile(str(temporary), "wb") as sink,
                pa.ipc.new_stream(sink, table.schema) as writer,
            ):
                writer.write_table(table)
    write_content(staged / _CARD, dataset_card(manifest).encode())
    write_content(staged / MANIFEST, content)
    for name in (BENCHMARKS, *([REVIEWS] if reviews is not None else []), _CARD, MANIFEST):
        require()
        move(staged / name, output / name)
    remove_below(staged)


def _clear(output: File, *, judged: bool) -> None:
    """Takes away what stood there: the verdict first, then the manifest, so that nobody takes the rest for data.

    Args:
        output: the data set.
        judged: whether its verdict holds for what comes, and stays with its report.
    """
    for name in (*(() if judged else (VERDICT,)), MANIFEST, REVIEWS):
        remove(output / name)
    for folder in (*(() if judged else ("quality",)), *_FOLDERS):
        remove_below(output / folder)
        if isinstance(output, Path) and folder in _FOLDERS:
            (output / folder).mkdir(parents=True)
