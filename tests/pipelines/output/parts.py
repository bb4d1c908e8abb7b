"""Parts on disk as the line leaves them to the output room: candidates, keys, tags, and how they end."""

import hashlib
import json
from collections.abc import Mapping, Sequence
from typing import Any

import pyarrow as pa

from pipelines.engine.candidates import CANDIDATE_SCHEMA
from pipelines.engine.rejection import Note, Rejection
from pipelines.engine.store import PartRef, Store, write_batch
from pipelines.engine.tags import COLLAPSED, TAG_SCHEMA, tag_batch
from pipelines.output.decide import DecideSettings
from schemas.reason import Stage

Said = Mapping[str, Sequence[tuple[int, Rejection | Note]]]
"""tag folder -> what it says of candidates, by place"""
SCREEN, COLLAPSE = "screen-1", COLLAPSED
TAGGED = ((Stage.SCREEN, SCREEN), (Stage.COLLAPSE, COLLAPSE))


def settings(**given: Any) -> DecideSettings:
    """How to decide; nothing is held out."""
    given = {"tagged": TAGGED, "identified": True, "removing": frozenset(), "policy": {}} | given
    return DecideSettings(**{"heldout": 0.0, "seed": 0} | given)


def candidate(row: int, form: str | None = "cot", *, place: int | None = None, **columns: Any) -> dict[str, Any]:
    """A candidate of a row, which stands where its name says or at a place; the first of its row unless derived."""
    derived = columns.get("derived", False)
    return dict.fromkeys(CANDIDATE_SCHEMA.names) | {
        "row_id": f"id{row}",
        "source": "school",
        "row": row if place is None else place,
        "format": form,
        "question": f"What is {row} + {row}?",
        "segments": [{"kind": "text", "text": f"It is {2 * row}."}],
        "independent": False,
        "language": "en",
        "author": "human",
        "licence": "MIT",
        "derived": False,
        "weight": 1.0,
        "record": None if derived else json.dumps({"q": row}),
        **columns,
    }


def key_of(text: str) -> bytes:
    """A key of 16 bytes."""
    return hashlib.md5(text.encode()).digest()


def write_part(
    store: Store, number: int, rows: Sequence[dict[str, Any]], said: Said | None = None, repeats: Sequence[int] = ()
) -> PartRef:
    """Writes a part with its keys and tags. `repeats` numbers identical rows, from the first candidate on."""
    said = said or {}
    part = PartRef(number, f"part{number}", len(rows), 100 * len(rows))
    write_batch(store.part_path(part), pa.RecordBatch.from_pylist(list(rows), schema=CANDIDATE_SCHEMA))
    keys = {
        "problem": pa.array([key_of(f"p{row['question']}") for row in rows], pa.binary(16)),
        "template": pa.array([key_of(f"t{row['question']}") for row in rows], pa.binary(16)),
    }
    write_batch(store.keys_path(part), pa.RecordBatch.from_pydict(keys))
    write_batch(store.tags_path(SCREEN, part), tag_batch(said.get(SCREEN, ())))
    reasons = {tag["index"]: tag for tag in tag_batch(said.get(COLLAPSE, ())).to_pylist()}
    nothing = dict.fromkeys(TAG_SCHEMA.names)
    collapsed = [
        nothing | reasons.get(place, {}) | {"index": place, "occurrence": repeats[place] if repeats else 0}
        for place in range(len(rows))
    ]
    schema = pa.schema([*TAG_SCHEMA, pa.field("occurrence", pa.int32())])
    write_batch(store.tags_path(COLLAPSE, part), pa.RecordBatch.from_pylist(collapsed, schema=schema))
    return part
