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
    """accepted | rejected | empty: not decided"""
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


class Reviews(Table):
    """A file of reviews: one decision of one person about one row a record."""

    path: str
    """like a source's"""
    key: str | None = None
    """a field of the sources' records that `columns.row` is the value of; null: the row's id"""
    columns: ReviewColumns = ReviewColumns()
    """field names"""
