"""CONFIG.yaml's tables about files of reviews: where they are, and which field of a review holds what."""

from schemas.table import Table

REVIEWS = "reviews.arrow"  # the file of a data set that holds them, with what became of each


class ReviewColumns(Table):
    """Which field of a review holds what. A dotted name reaches into an object."""

    row: str = "row_id"
    """the row's id, as the ledger and `mathmill review` write it; with `key`, the key's value"""
    annotator: str = "annotator"
    """who voted; one vote per person and row, the later by time"""
    reviewer: str = "reviewer"
    """who decided over the votes: adjudication"""
    decision: str = "decision"
    """accepted | rejected | empty, unsure, skip or ignore: not decided"""
    answer: str = "answer"
    """the annotator's own: votes count by its value, and it accepts the row when it equals the reference"""
    confidence: str = "confidence"
    """0 to 1"""
    time: str = "time"
    """ISO 8601, or seconds"""
    control: str = "control"
    """true: a screening or control item, which measures annotators and is never trained on"""
    expected: str = "expected"
    """what is right about a control item: accepted | rejected, or an answer"""
    reason: str = "reason"
    """the quarantine that the decision is about: an acceptance overrules this reason and no other"""
    comment: str = "comment"
    """what the person wrote beside the decision: kept, and shown by `trace`, the report and the review page"""
    corrected: str = "corrected.answer"
    """the right reference, where the row's own is wrong: a reviewer's decision, and the example has it as its answer"""
    seen: str = "row_id"
    """id of the row as it was looked at, where `row` is a key: a decision about other bytes is told, not applied"""
    source: str = "source"
    """the source that the row stood in; with `position`, tells a row that has changed since from one never known"""
    position: str = "row"
    """the row's position in its source, from 0"""


class Reviews(Table):
    """A file of reviews: one decision of one person about one row a record."""

    path: str
    """like a source's"""
    key: str | None = None
    """a field of the sources' records that `columns.row` is the value of; null: the row's id"""
    columns: ReviewColumns = ReviewColumns()
    """field names"""
