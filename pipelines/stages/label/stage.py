"""The label stage over parts: a sample of labelled rows, one model a taxonomy and language, predictions as tags.

Given labels are kept as they are. What is fitted on is a sample by keyed hash, one row a problem, so memory and result
depend neither on the number of rows nor on their order; the texts of the sample are read from the store where they are
fitted on.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from hashlib import blake2b
from itertools import groupby

import apache_beam as beam
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from apache_beam.pvalue import PCollection

from pipelines.engine import progress
from pipelines.engine.crashes import with_crashes, without_crashing
from pipelines.engine.line import Line, Step
from pipelines.engine.overlays import LABELS
from pipelines.engine.store import PartRef, Store, read_batch, read_value, write_batch, write_value
from pipelines.engine.tags import TAG_SCHEMA, alive_after
from pipelines.engine.workers import each_to_one
from pipelines.engine.workfiles import is_there
from pipelines.stages.label.classifier import LEAST, METHOD, Fitted, fit
from pipelines.stages.label.taxonomy import Taxonomy
from schemas.config import Label
from schemas.ledger import LedgerRule
from schemas.reason import Stage

LABEL_SCHEMA = pa.schema([*TAG_SCHEMA, pa.field("topic", pa.string()), pa.field("difficulty", pa.int32())])
_FITTED = "labels.json"
_MEASURES = ("rows", "held_out", "macro_f1", "baseline")
_SAMPLE_SCHEMA = pa.schema(
    [
        pa.field("taxonomy", pa.string()),
        pa.field("language", pa.string()),
        pa.field("order", pa.binary(16)),
        pa.field("template", pa.binary(16)),
        pa.field("number", pa.int64()),
        pa.field("part", pa.string()),
        pa.field("index", pa.int32()),
        pa.field("topic", pa.string()),
        pa.field("difficulty", pa.int32()),
    ]
)

Group = tuple[str, str]
"""taxonomy and language"""
Models = dict[tuple[str, str, str], Fitted]
"""by taxonomy, language and column"""


def folder_of(taxonomies: Mapping[str, Taxonomy], skip: Iterable[Stage]) -> str | None:
    """The tag folder of the stage; None when it is skipped or no source has a taxonomy."""
    return "label" if taxonomies and Stage.LABEL not in set(skip) else None


def steps(line: Line, taxonomies: Mapping[str, Taxonomy]) -> Iterator[Step]:
    """Predicts the labels that no source gives, for the sources that have a taxonomy."""
    folder, settings = line.store.labelled, line.settings
    if folder is not None:
        yield Step(
            Stage.LABEL,
            folder,
            lambda done: LabelParts(line.store, folder, done.folders, taxonomies, settings.label, settings.seed),
        )


@dataclass(frozen=True, slots=True)
class Sample:
    """Labelled rows, at most so many of a group, and what is missing where.

    Attributes:
        rows: of `_SAMPLE_SCHEMA`, by group and order.
        missing: (taxonomy, language, column) of the rows without a label.
    """

    rows: pa.Table
    missing: frozenset[tuple[str, str, str]]


@dataclass
class LabelParts(beam.PTransform):
    """Parts -> the same parts, with predictions for what no source gives.

    Attributes:
        before: tag folders of the stages before.
        taxonomies: by source.
    """

    store: Store
    folder: str
    before: tuple[str, ...]
    taxonomies: Mapping[str, Taxonomy]
    settings: Label
    seed: int

    def expand(self, parts: PCollection[PartRef]) -> PCollection[PartRef]:
        """Samples all parts, fits once, then predicts part by part."""
        fitted = (
            parts
            | "sample" >> each_to_one(self.store, self._sample)
            | "smallest" >> beam.CombineGlobally(_Smallest(self.settings.sample))
            | "fit" >> each_to_one(self.store, fit_models, self.store, self.taxonomies, self.settings)
        )
        return parts | "predict" >> each_to_one(self.store, self._predict, beam.pvalue.AsSingleton(fitted))

    def _sample(self, part: PartRef) -> Sample:
        return sample_part(part, self.store, self.before, self.taxonomies, self.seed)

    def _predict(self, part: PartRef, models: Models) -> PartRef:
        predict = partial(predict_part, store=self.store, before=self.before, taxonomies=self.taxonomies, models=models)
        tags, crashes = without_crashing(part, predict, stage=Stage.LABEL, store=self.store)
        write_batch(self.store.tags_path(self.folder, part), with_crashes(tags, crashes))
        progress.report(self.store.root, "label", part.rows)
        return part


def sample_part(
    part: PartRef, store: Store, before: Sequence[str], taxonomies: Mapping[str, Taxonomy], seed: int
) -> Sample:
    """The labelled rows of a part that still live: one a problem."""
    batch, groups = _labelled(part, store, before, taxonomies)
    given = dict(zip(LABELS, (batch.column(name).to_pylist() for name in LABELS), strict=True))
    keys = read_batch(store.keys_path(part), ["problem", "template"])
    rows: list[dict[str, object]] = []
    missing: set[tuple[str, str, str]] = set()
    for index, group in groups.items():
        labels = {name: given[name][index] for name in LABELS}
        missing |= {(*group, name) for name, label in labels.items() if label is None}
        if any(label is not None for label in labels.values()):
            order = blake2b(keys["problem"][index].as_py(), key=seed.to_bytes(8, "big", signed=True), digest_size=16)
            where: dict[str, object] = {"order": order.digest(), "template": keys["template"][index].as_py()}
            where |= {"number": part.number, "part": part.key, "index": index}
            rows.append({"taxonomy": group[0], "language": group[1], **where, **labels})
    return Sample(_first_of_each(pa.Table.from_pylist(rows, schema=_SAMPLE_SCHEMA)), frozenset(missing))


def _labelled(
    part: PartRef, store: Store, before: Sequence[str], taxonomies: Mapping[str, Taxonomy]
) -> tuple[pa.RecordBatch, dict[int, Group]]:
    """The columns of a part, and the group of each living candidate whose source has a taxonomy."""
    batch = store.read_part(part, ["source", "language", *LABELS])
    sources, languages = (batch.column(name).to_pylist() for name in ("source", "language"))
    if not set(sources) & set(taxonomies):
        return batch, {}
    alive = np.flatnonzero(alive_after(store, part, before)).tolist()
    return batch, {at: (taxonomies[sources[at]].name, languages[at]) for at in alive if sources[at] in taxonomies}


_ORDER = ("taxonomy", "language", "order", "number", "index")


def _first_of_each(rows: pa.Table) -> pa.Table:
    """Sorts rows and keeps one of each problem."""
    rows = rows.sort_by([(name, "ascending") for name in _ORDER])
    keys = [rows.column(name).to_pylist() for name in _ORDER[:3]]
    previous: tuple[object, ...] | None = None
    first = []
    for key in zip(*keys, strict=True):
        first.append(key != previous)
        previous = key
    return rows.filter(pa.array(first, pa.bool_()))


class _Smallest(beam.CombineFn):
    """Joins samples and keeps the first rows of each group."""

    def __init__(self, most: int) -> None:
        super().__init__()
        self._most = most

    def create_accumulator(self) -> Sample:
        return Sample(_SAMPLE_SCHEMA.empty_table(), frozenset())

    def add_input(self, accumulator: Sample, sample: Sample) -> Sample:
        return self.merge_accumulators([accumulator, sample])

    def merge_accumulators(self, samples: Iterable[Sample]) -> Sample:
        samples = list(samples)
        rows = _first_of_each(pa.concat_tables([sample.rows for sample in samples]))
        groups = list(zip(*(rows.column(name).to_pylist() for name in _ORDER[:2]), strict=True))
        keep = [at < self._most for _, members in groupby(groups) for at, _ in enumerate(members)]
        rows = rows.filter(pa.array(keep, pa.bool_())).combine_chunks()
        return Sample(rows, frozenset().union(*(sample.missing for sample in samples)))

    def extract_output(self, accumulator: Sample) -> Sample:
        return accumulator


def fit_models(sample: Sample, store: Store, taxonomies: Mapping[str, Taxonomy], settings: Label) -> Models:
    """Fits a model for each label that is missing somewhere, and leaves how good each is for the driver."""
    by_name = {taxonomy.name: taxonomy for taxonomy in taxonomies.values()}
    models: Models = {}
    for taxonomy, language, column in sorted(sample.missing):
        of_group = pc.and_(pc.equal(sample.rows["taxonomy"], taxonomy), pc.equal(sample.rows["language"], language))
        rows = sample.rows.filter(pc.and_(of_group, pc.is_valid(sample.rows[column])))
        labels = [_label(label, column, by_name[taxonomy]) for label in rows[column].to_pylist()]
        rows = rows.filter(pa.array([label is not None for label in labels], pa.bool_()))
        given = [label for label in labels if label is not None]
        if column == "topic":
            given = by_name[taxonomy].widen(given, least=LEAST)
        templates = rows["template"].to_pylist()
        questions = store.questions_at(rows["part"].to_pylist(), rows["index"].to_pylist())
        models[taxonomy, language, column] = fit(questions, given, templates, language=language, min_f1=settings.min_f1)
    measured = [[*key, {name: getattr(fitted, name) for name in _MEASURES}] for key, fitted in models.items()]
    write_value(store.root / _FITTED, measured)
    return models


def _label(given: str | int, column: str, taxonomy: Taxonomy) -> str | None:
    return str(given) if column == "difficulty" else taxonomy.topic_of(str(given))


def predict_part(
    part: PartRef, store: Store, before: Sequence[str], taxonomies: Mapping[str, Taxonomy], models: Models
) -> pa.RecordBatch:
    """Predicts what the living candidates of a part lack and a model was good enough for (`LABEL_SCHEMA`)."""
    batch, groups = _labelled(part, store, before, taxonomies)
    by_name = {taxonomy.name: taxonomy for taxonomy in taxonomies.values()}
    tags: dict[int, dict[str, object]] = {}
    for column in LABELS:
        wanted: dict[Group, list[int]] = {}
        absent = np.asarray(batch.column(column).is_null())
        for index, group in groups.items():
            if absent[index]:
                wanted.setdefault(group, []).append(index)
        for group, indices in wanted.items():
            classifier = models.get((*group, column))
            if classifier is None or classifier.model is None:
                continue
            texts = store.read_part(part, ["question"]).column(0).take(pa.array(indices)).to_pylist()
            written = _written(column, by_name[group[0]])
            for index, label in zip(indices, classifier.model.predict(texts).tolist(), strict=True):
                tags.setdefault(index, {"index": index})[column] = written(label)
    for tag in tags.values():
        predictions = ", ".join(f"{column} {tag[column]}" for column in LABELS if column in tag)
        tag |= {"detail": f"predicted: {predictions}", "rule": LedgerRule.PREDICTED}
    return pa.RecordBatch.from_pylist([tags[index] for index in sorted(tags)], schema=LABEL_SCHEMA)


def _written(column: str, taxonomy: Taxonomy) -> Callable[[str], object]:
    """How a predicted label is written: a level as a number, a topic by its first name."""
    return int if column == "difficulty" else lambda label: taxonomy.topics[label].names[0]


def summary(parts: Sequence[PartRef], store: Store, taxonomies: Mapping[str, Taxonomy]) -> list[dict[str, object]]:
    """What was fitted, how good it is and what it predicted: for the manifest, the card and the report."""
    path = store.root / _FITTED
    if store.labelled is None or not is_there(path):
        return []
    predicted = Counter[tuple[str, str, str]]()
    for part in parts:
        tags = read_batch(store.tags_path(store.labelled, part), ["index", *LABELS])
        about = store.read_part(part, ["source", "language"]).take(tags.column("index")).to_pylist()
        for row, tag in zip(about, tags.to_pylist(), strict=True):
            group = taxonomies[row["source"]].name, row["language"]
            predicted.update((*group, column) for column in LABELS if tag[column] is not None)
    return [
        {
            "column": column,
            "taxonomy": taxonomy,
            "language": language,
            "method": METHOD,
            **measures,
            "predicted": predicted[taxonomy, language, column],
        }
        for taxonomy, language, column, measures in sorted(read_value(path), key=lambda entry: entry[:3])
        if measures["rows"]
    ]
