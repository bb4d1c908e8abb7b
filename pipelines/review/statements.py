"""What people said about one row, as a finished data set has it: for whoever reads a row's story."""

from pathlib import Path

import pyarrow.compute as pc

from pipelines.output.reader import joined_reviews


def statements_about(folder: Path, row_id: str) -> list[str]:
    """Who said what about a row, in sentences, in the order of the files; none when nobody did."""
    reviews = joined_reviews(folder)
    if reviews is None:
        return []
    about = reviews.filter(pc.fill_null(pc.equal(reviews["row_id"], row_id), False))
    return [_sentence(row) for row in about.to_pylist()]


def _sentence(row: dict[str, object]) -> str:
    who = row["reviewer"] or row["annotator"] or "somebody"
    what = [str(row["decided"] or row["answer"] or "not decided")]
    if row.get("corrected"):
        what.append(f"the reference is {row['corrected']}")
    if row["superseded"]:
        what.append("taken back or taken again later")
    comment = f": {row['comment']}" if row.get("comment") else ""
    return f"{who}: {', '.join(what)}{comment}"
