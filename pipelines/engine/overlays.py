"""What people decided and models predicted, laid over the candidates of a part: parts themselves never change."""

from collections.abc import Sequence

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from pipelines.engine.store import PartRef, Store, read_batch
from pipelines.engine.tags import places_of
from schemas.problem import Decision

LABELS = ("topic", "difficulty")


def selections(store: Store, part: PartRef, given: pa.Array) -> pa.Array:
    """What people decided about the candidates of a part: as its reviews say, else as its source does (`given`)."""
    if store.reviewed is None:
        return given
    decided = read_batch(store.tags_path(store.reviewed, part), ["index", "selection"])
    decided = decided.filter(decided.column("selection").is_valid())
    place = np.arange(len(given))
    place[np.asarray(decided.column("index"))] = len(given) + np.arange(len(decided))
    return pa.concat_arrays([given, decided.column("selection").cast(given.type)]).take(pa.array(place))


def corrections(store: Store, part: PartRef) -> pa.Array:
    """The references that reviewers give instead of a row's own: a text a candidate of a part, null for most."""
    if store.reviewed is None:
        return pa.nulls(part.rows, pa.string())
    tags = read_batch(store.tags_path(store.reviewed, part), ["index", "corrected"])
    places = places_of(tags.column("index"), part.rows)
    return tags.column("corrected").take(pa.array(places, mask=places < 0))


def read_keys(store: Store, part: PartRef, columns: Sequence[str] | None = None) -> pa.RecordBatch:
    """Reads the identity keys of a part. `accepted` is as people decided last."""
    keys = read_batch(store.keys_path(part), columns)
    if store.reviewed is None or "accepted" not in keys.schema.names:
        return keys
    decisions = selections(store, part, store.read_part(part, ["selection"]).column(0))
    accepted = pc.fill_null(pc.equal(pc.struct_field(decisions, "decision"), Decision.ACCEPTED.value), False)
    return keys.set_column(keys.schema.get_field_index("accepted"), keys.schema.field("accepted"), accepted)


def with_labels(store: Store, part: PartRef, batch: pa.RecordBatch) -> pa.RecordBatch:
    """Puts predictions where `batch`, columns of a whole part, has no topic or difficulty; see `with_methods`."""
    return with_methods(_predicted(store, part, batch), given=batch)


def with_methods(batch: pa.RecordBatch, given: pa.RecordBatch) -> pa.RecordBatch:
    """Adds `topic_method` and `difficulty_method`: given where `given` has a label, predicted where only `batch` has.

    Null where there is no label.
    """
    for name in LABELS:
        method = pc.if_else(given.column(name).is_valid(), "given", "predicted")
        known = batch.column(name).is_valid()
        batch = batch.append_column(f"{name}_method", pc.if_else(known, method, pa.scalar(None, pa.string())))
    return batch


def _predicted(store: Store, part: PartRef, batch: pa.RecordBatch) -> pa.RecordBatch:
    if store.labelled is None:
        return batch
    tags = read_batch(store.tags_path(store.labelled, part), ["index", *LABELS])
    for column in LABELS:
        at = batch.schema.get_field_index(column)
        labelled = tags.filter(tags.column(column).is_valid())
        places = places_of(labelled.column("index"), len(batch))
        predicted = labelled.column(column).take(pa.array(places, mask=places < 0))
        batch = batch.set_column(at, batch.schema.field(at), pc.coalesce(batch.column(column), predicted))
    return batch
