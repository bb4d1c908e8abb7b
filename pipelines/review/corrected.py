"""Corrected texts as rows of their own: `corrected-FORMAT.jsonl`, one file a format, beside the decisions.

A corrected reference comes back with the decision itself. A corrected question or solution makes another row: the old
one is rejected by who corrected it, and the new one is fed in as a source, with its provenance in it. The files are
written anew from the decisions, so an undo takes a row out again.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import orjson

from schemas.files import replacing
from schemas.problem import Segment, SegmentKind
from schemas.transcript import transcribe

EDITABLE = ("question", "solution", "answer")
"""what a person may correct of a row"""
_NAME = "corrected-{format}.jsonl"
_MOST_EDITED = 100_000  # characters of a text that is corrected in a browser


def texts_of_row(candidate: Mapping[str, Any] | None) -> dict[str, str] | None:
    """What a person may correct of a row; None where no candidate was made of it, or one too long for a form."""
    if candidate is None or sum(len(part["text"] or "") for part in candidate["segments"] or []) > _MOST_EDITED:
        return None
    segments = [Segment(SegmentKind(part["kind"]), part["text"] or "") for part in candidate["segments"] or []]
    solution = transcribe(segments).response
    return {"question": candidate["question"] or "", "solution": solution, "answer": candidate["answer"] or ""}


def correction(texts: Mapping[str, str], edited: Mapping[str, str]) -> dict[str, str]:
    """What a person changed of a row's texts: a new reference alone, or all texts of a row that is new."""
    changed = {name: edited[name] for name in EDITABLE if edited.get(name, texts[name]) != texts[name]}
    return {name: edited.get(name, texts[name]) for name in EDITABLE} if is_new_row(changed) else changed


def is_new_row(corrected: Mapping[str, str]) -> bool:
    """Whether a correction makes another row, and not only another reference."""
    return "question" in corrected or "solution" in corrected


def write_corrected(folder: Path, lines: Iterable[Mapping[str, Any]]) -> None:
    """Writes the rows that decisions correct, one file a format; removes files that nothing is left of.

    Args:
        folder: of the decisions.
        lines: the decisions with a correction that stand, in their order.
    """
    rows: defaultdict[str, list[dict[str, Any]]] = defaultdict(list)
    for line in lines:
        if is_new_row(line["corrected"]):
            rows[str(line["format"])].append(_row_of(line))
    for path in folder.glob(_NAME.format(format="*")):
        if path.stem.removeprefix("corrected-") not in rows:
            path.unlink()
    for name, written in rows.items():
        with replacing(folder / _NAME.format(format=name)) as temporary, temporary.open("wb") as file:
            file.writelines(orjson.dumps(row, option=orjson.OPT_APPEND_NEWLINE) for row in written)


def _row_of(line: Mapping[str, Any]) -> dict[str, Any]:
    texts = {name: line["corrected"].get(name) for name in EDITABLE}
    provenance = {"corrected_from": line["row_id"], "reviewer": line["reviewer"], "time": line["time"]}
    return {**texts, "format": line["format"], **provenance}
