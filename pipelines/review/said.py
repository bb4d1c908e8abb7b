"""What people said about one row, as a finished data set has it: for whoever reads a row's story."""

from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc

from schemas.reviews import REVIEWS


def said_about(folder: Path, row_id: str) -> list[str]:
    """Who said what about a row, in sentences, in the order of the files; none when nobody did."""
    path = folder / REVIEWS
    if not path.is_file():
        return []
    with pa.OSFile(str(path), "rb") as source:
        table = pa.ipc.open_stream(source).read_all()
    if "row_id" not in table.schema.names:  # of a version before 0.4
        table = table.append_column("row_id", table["row"])
    rows = table.filter(pc.fill_null(pc.equal(table["row_id"], row_id), False)).to_pylist()
    return [_sentence(row) for row in rows]


def _sentence(row: dict[str, object]) -> str:
    who = row["reviewer"] or row["annotator"] or "somebody"
    what = [str(row["decided"] or row["answer"] or "not decided")]
    if row.get("corrected"):
        what.append(f"the reference is {row['corrected']}")
    if row["superseded"]:
        what.append("taken back or taken again later")
    comment = f": {row['comment']}" if row.get("comment") else ""
    return f"{who}: {', '.join(what)}{comment}"
