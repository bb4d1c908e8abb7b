"""The identify stage over parts: near-duplicates first, then the problems whose candidates disagree on the answer.

Near-duplicates take three shuffles, because most candidates stand alone: the first brings the guards of questions
together (8 bytes each), the second the guards of candidates whose question's another one shares, the third only the
shingles of candidates whose guard another one shares. Agreement shuffles answers.
"""

from collections import defaultdict
from dataclasses import asdict, dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from pipelines.engine.overlays import read_keys
from pipelines.engine.rejection import REMARKS
from pipelines.engine.store import PartRef, Store, read_batch
from pipelines.engine.tags import (
    NOBODY,
    PLACED_SCHEMA,
    alive_after,
    candidate_ids,
    kept_columns,
    kept_keys,
    places_in_rows,
    places_of,
    repeated,
    sharing,
    whereabouts,
)
from pipelines.stages.duplicates.agreement import Member, disagreements
from pipelines.stages.duplicates.collapse import SHARED_PROBLEMS, contents_of
from pipelines.stages.duplicates.earlier import Earlier, key_column
from pipelines.stages.duplicates.exchanges import terms_of
from pipelines.stages.duplicates.near import guard_keys, known_to_differ, near_duplicates, shingle_keys
from schemas.ledger import LedgerRule
from schemas.reason import Reason
from validation.answers import Relation, compare, compare_exactly

_KEY = pa.binary(16)
_INPUT_ORDER = [("source_rank", "ascending"), ("source_row", "ascending")]


_CONTENT_SCHEMA = pa.schema(
    [
        pa.field("key", _KEY),
        pa.field("part", pa.int64()),
        pa.field("index", pa.int32()),
        pa.field("answer", pa.string()),
        pa.field("id", pa.string()),
        pa.field("source_row", pa.int64()),
    ]
)


@dataclass(frozen=True, slots=True)
class FindEarlier:
    """Finds the candidates that earlier data has, formatting aside."""

    store: Store
    before: tuple[str, ...]
    contents: str
    earlier: Earlier

    def index(self, part: PartRef) -> pa.RecordBatch:
        """What earlier data has, or the candidates of a part that still live, by content."""
        if part.is_earlier:
            signed = self.earlier.read(part, ["content", "answer", "id", "source_row"])
            columns = {"key": signed.column("content"), **{n: signed.column(n) for n in signed.schema.names}}
            return _by_content(columns | whereabouts(part))
        indices, contents = contents_of(self.store, self.contents, part)
        keys = read_keys(self.store, part, ["row_id", "source_row"])
        columns = {"id": keys.column("row_id"), "source_row": keys.column("source_row"), **whereabouts(part)}
        columns["answer"] = answers_of(self.store, part)
        columns = {name: column.take(indices) for name, column in columns.items()} | {"key": contents}
        return _by_content(columns).filter(pa.array(alive_after(self.store, part, self.before)).take(indices))

    def resolve(self, rows: pa.Table) -> pa.Table:
        """Tags what earlier data has with an answer that is not known to differ."""
        own = rows.filter(pc.greater_equal(rows.column("part"), 0)).column("key")
        rows = rows.filter(pc.and_(repeated(rows.column("key")), pc.is_in(rows.column("key"), own)))
        known: defaultdict[bytes, list[tuple[int, str | None, str, int]]] = defaultdict(list)
        tags: list[dict[str, object]] = []
        order = [("part", "ascending"), ("index", "ascending")]  # earlier data has the lowest numbers
        columns = (rows.sort_by(order).column(name).to_pylist() for name in _CONTENT_SCHEMA.names)
        for key, part, index, answer, identity, source_row in zip(*columns, strict=True):
            if part < 0:
                known[key].append((part, answer, identity, source_row))
                continue
            for earlier, its_answer, partner, partner_row in known[key]:
                if not known_to_differ(its_answer, answer, _differ):
                    detail = f"same question and solution, formatting aside, {self.earlier.where(earlier)}"
                    evidence = {"reason": Reason.DUPLICATE_OF_EARLIER.value, "detail": detail, "partner": partner}
                    tags.append({"part": part, "index": index, **evidence, "partner_row": partner_row})
                    break
        return pa.Table.from_pylist(tags, schema=PLACED_SCHEMA)


def _by_content(columns: dict[str, pa.Array]) -> pa.RecordBatch:
    return pa.RecordBatch.from_arrays([columns[field.name] for field in _CONTENT_SCHEMA], schema=_CONTENT_SCHEMA)


@dataclass(frozen=True, slots=True)
class ShareQuestions:
    """Finds the candidates whose question has a guard that another one's has."""

    store: Store
    before: tuple[str, ...]
    earlier: Earlier

    def index(self, part: PartRef) -> pa.RecordBatch:
        """The guards of questions of the candidates of a part that still live, or of earlier data."""
        asked = key_column(self.store, self.earlier, part, "asked")
        batch = pa.RecordBatch.from_pydict({"key": _as_key(asked), **whereabouts(part)})
        return batch if part.is_earlier else batch.filter(pa.array(alive_after(self.store, part, self.before)))

    def resolve(self, rows: pa.Table) -> pa.Table:
        """Tags what shares its guard."""
        return sharing(rows)


@dataclass(frozen=True, slots=True)
class ShareGuards:
    """Finds the candidates whose guard another one shares.

    Attributes:
        asking: tag folder of `ShareQuestions`.
        guards: folder of the guards, kept beside the parts like tags; its name holds the hash of the code.
    """

    store: Store
    asking: str
    guards: str
    earlier: Earlier

    def index(self, part: PartRef) -> pa.RecordBatch:
        """The guards of the candidates of a part, or of earlier data, whose question's another one shares."""
        indices = read_batch(self.store.tags_path(self.asking, part), ["index"]).column(0)
        places = {name: column.take(indices) for name, column in whereabouts(part).items()}
        return pa.RecordBatch.from_pydict({"key": _as_key(self._guards(part, indices)), **places})

    def _guards(self, part: PartRef, indices: pa.Array) -> pa.Array:
        if part.is_earlier:
            return self.earlier.read(part, ["guard"]).column(0).take(indices)

        def make(indices: pa.Array) -> pa.Array:
            asked = read_keys(self.store, part, ["asked"]).column(0).take(indices)
            return guard_keys(self.store.read_part(part, ["segments"]).take(indices), asked)

        return kept_keys(self.store, self.guards, part, indices, make)

    def resolve(self, rows: pa.Table) -> pa.Table:
        """Tags what shares its guard."""
        return sharing(rows)


@dataclass(frozen=True, slots=True)
class NearDuplicates:
    """Compares the candidates that share a guard.

    Attributes:
        guards: as `ShareGuards` has it.
        words: folder of the shingles and terms, kept like the guards.
        shared: tag folder of `ShareGuards`.
    """

    store: Store
    before: tuple[str, ...]
    guards: str
    words: str
    shared: str
    threshold: float
    earlier: Earlier

    def index(self, part: PartRef) -> pa.RecordBatch:
        """Guards, shingles and survival of the candidates of a part that share a guard."""
        indices = read_batch(self.store.tags_path(self.shared, part), ["index"]).column(0)
        if not len(indices):
            return NOBODY
        if part.is_earlier:
            return self._of_earlier(part, indices)

        def make(indices: pa.Array) -> dict[str, pa.Array]:
            batch = self.store.read_part(part, ["question", "segments"]).take(indices)
            return {"shingles": shingle_keys(batch), "terms": terms_of(batch.column("question"))}

        keys = read_keys(self.store, part).take(indices)
        known = read_batch(self.store.tags_path(self.guards, part))
        guards = known.column("key").take(pc.index_in(indices, known.column("index")))
        columns = {name: keys.column(name) for name in ("accepted", "completeness", "row_id", "source_row")}
        columns |= {"key": _as_key(guards), "guard": guards}
        columns |= kept_columns(self.store, self.words, part, indices, make)
        columns["id"] = _names_in_part(read_keys(self.store, part, ["row_id", "format", "source_row"])).take(indices)
        columns["answer"] = answers_of(self.store, part).take(indices)
        return _near(columns, part, indices)

    def _of_earlier(self, part: PartRef, indices: pa.Array) -> pa.RecordBatch:
        signed = self.earlier.read(part, ["guard", "shingles", "terms", "id", "source_row", "answer"]).take(indices)
        columns = {name: signed.column(name) for name in signed.schema.names}
        columns |= {"key": _as_key(signed.column("guard")), "row_id": signed.column("id")}
        columns["accepted"] = pa.array(np.zeros(len(indices), bool))
        columns["completeness"] = pa.array(np.zeros(len(indices), np.int32))
        return _near(columns, part, indices)

    def resolve(self, rows: pa.Table) -> pa.Table:
        """Tags what is nearly equal to a better candidate that stays, or to what earlier data holds."""
        losses, crowded = near_duplicates(rows, threshold=self.threshold, differ=_seem_to_differ)
        tags = pa.Table.from_pylist(
            [{**row, **self._why(row["score"], row["partner_part"])} for row in losses.to_pylist()], PLACED_SCHEMA
        )
        note = {"detail": REMARKS[LedgerRule.CROWDED], "rule": LedgerRule.CROWDED.value}
        notes = [{**row, **note} for row in crowded.to_pylist()]
        return pa.concat_tables([tags, pa.Table.from_pylist(notes, PLACED_SCHEMA)])

    def _why(self, score: float, partner_part: int) -> dict[str, str]:
        detail = f"Jaccard similarity {score:.3f} of 5-word shingles"
        if partner_part >= 0:
            return {"reason": Reason.NEAR_DUPLICATE.value, "detail": detail}
        detail = f"{detail}, {self.earlier.where(partner_part)}"
        return {"reason": Reason.DUPLICATE_OF_EARLIER.value, "detail": detail}


def _near(columns: dict[str, pa.Array], part: PartRef, indices: pa.Array) -> pa.RecordBatch:
    columns |= {name: column.take(indices) for name, column in whereabouts(part).items()}
    columns["earlier"] = pa.array(np.full(len(indices), part.is_earlier))
    return pa.RecordBatch.from_pydict({name: columns[name] for name in sorted(columns)})


@dataclass(frozen=True, slots=True)
class Agree:
    """Finds the problems whose candidates disagree on the answer.

    What verification removed for another answer than its reference takes part as a witness against that reference.

    Attributes:
        before: tag folders of the steps before this one.
        judged: those of the stages before verification: what it judged.
    """

    store: Store
    before: tuple[str, ...]
    judged: tuple[str, ...]

    def index(self, part: PartRef) -> pa.RecordBatch:
        """The candidates of a part that live or witness and share their problem, by problem."""
        shared = read_batch(self.store.tags_path(SHARED_PROBLEMS, part), ["index"]).column(0)
        if not len(shared):
            return NOBODY
        keys = read_batch(self.store.keys_path(part), ["problem", "row_id", "format", "source_row"])
        alive = alive_after(self.store, part, self.before)
        columns = {"key": keys.column("problem"), **{n: keys.column(n) for n in ("row_id", "format", "source_row")}}
        columns |= whereabouts(part) | {"alive": pa.array(alive), "id": _names_in_part(keys)}
        about = self.store.read_part(part, ["derived", "author"])
        columns["derived"] = about.column(0)
        columns["human"] = pc.invert(pc.fill_null(pc.starts_with(about.column(1), "model:"), False))
        columns["gold"], columns["own"] = self._golds(part), answers_of(self.store, part, final=True)
        takes_part = (alive | self._witnesses(part)) & (places_of(shared, part.rows) >= 0)
        batch = pa.RecordBatch.from_pydict(columns).filter(pa.array(takes_part))
        return batch.filter(pc.or_(batch.column("gold").is_valid(), batch.column("own").is_valid()))

    def _golds(self, part: PartRef) -> pa.Array:
        return self.store.read_part(part, ["answer"]).column(0)

    def _witnesses(self, part: PartRef) -> np.ndarray:
        """Which candidates verification removed because they end in another answer: bool[part.rows]."""
        witnesses = np.zeros(part.rows, bool)
        if self.store.verified is not None:
            verdicts = read_batch(self.store.tags_path(self.store.verified, part), ["index", "reason"])
            against = pc.fill_null(pc.equal(verdicts.column("reason"), Reason.ANSWER_MISMATCH.value), False)
            witnesses[np.asarray(verdicts.column("index").filter(against))] = True
            witnesses &= alive_after(self.store, part, self.judged)
        return witnesses

    def resolve(self, rows: pa.Table) -> pa.Table:
        """Tags the living candidates of problems that disagree."""
        groups: defaultdict[bytes, defaultdict[str, list[dict[str, object]]]] = defaultdict(lambda: defaultdict(list))
        for row in rows.filter(repeated(rows.column("key"))).sort_by(_INPUT_ORDER).to_pylist():
            groups[row["key"]][str(row["id"])].append(row)
        tags: list[dict[str, object]] = []
        for members in groups.values():
            rejections = disagreements([_member(identity, twins[0]) for identity, twins in members.items()])
            for identity, rejection in rejections.items():
                for row in (row for row in members[identity] if row["alive"]):
                    tags.append({"part": row["part"], "index": row["index"], **asdict(rejection)})
        return pa.Table.from_pylist(tags, schema=PLACED_SCHEMA)


def _names_in_part(keys: pa.RecordBatch) -> pa.Array:
    """What the candidates of a part are called, the same for those of identical rows."""
    nth, _ = places_in_rows(keys.column("source_row"), keys.column("format"))
    return candidate_ids(keys.column("row_id"), keys.column("format"), nth)


def _member(identity: str, row: dict[str, object]) -> Member:
    text = {name: str(row[name]) if row[name] is not None else None for name in ("gold", "own")}
    return Member(
        id=identity,
        row_id=str(row["row_id"]),
        row=int(str(row["source_row"])),
        format=str(row["format"]),
        gold=text["gold"],
        own=text["own"],
        rank=int(str(row["source_rank"])),
        derived=bool(row["derived"]),
        human=bool(row["human"]),
    )


def answers_of(store: Store, part: PartRef, *, final: bool = False) -> pa.Array:
    """The answer of each candidate of a part, null where none is known: string[part.rows].

    Args:
        store: the work folder; where nothing is verified, the answers are the references as the source states them.
        part: the part.
        final: what the solution itself ends in, rather than the reference.
    """
    if store.verified is None:
        return store.read_part(part, ["answer"]).column(0)
    name = "final" if final else "answer"
    verdicts = read_batch(store.tags_path(store.verified, part), ["index", name])
    answers = np.full(part.rows, None, object)
    answers[np.asarray(verdicts.column("index"))] = verdicts.column(name).to_pylist()
    return pa.array(answers, pa.string())


def _as_key(guards: pa.Array) -> pa.Array:
    """Guards of 8 bytes as shuffle keys of 16."""
    data = np.zeros((len(guards), 2), np.uint64)
    data[:, 0] = np.asarray(guards)
    return pa.Array.from_buffers(_KEY, len(guards), [None, pa.py_buffer(data.tobytes())])


def _differ(left: str, right: str) -> bool:
    return compare(left, right).outcome is Relation.NOT_EQUAL


def _seem_to_differ(left: str, right: str) -> bool:
    """Whether two answers differ, or are written so that only computer algebra, up to a second a pair, could tell.

    In a crowd there are thousands of pairs; near-duplicates with such answers are rather kept.
    """
    verdict = compare_exactly(left, right)
    return verdict.outcome is Relation.NOT_EQUAL or verdict.path == "remainder"
