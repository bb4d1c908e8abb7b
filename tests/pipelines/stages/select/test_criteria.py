import pyarrow as pa
import pytest

from pipelines.engine.candidates import selection_row
from pipelines.engine.rejection import Rejection
from pipelines.stages.select.criteria import judge_selection, select
from schemas.config import Select
from schemas.example import SELECTION
from schemas.ledger import LedgerRule
from schemas.problem import Decision, Selection
from schemas.reason import Reason

ACCEPTED, REJECTED = Decision.ACCEPTED, Decision.REJECTED


def judged(settings=None, **said):
    return judge_selection(selection_row(Selection(**said)), Select(**settings or {}))


@pytest.mark.parametrize(
    ("said", "detail"),
    [
        ({}, "rejected"),
        ({"annotator": "ada"}, "rejected by ada"),
        ({"annotator": "ada", "reviewer": "bo"}, "rejected by bo"),
    ],
)
def test_a_rejected_row_goes_and_names_who_said_so(said, detail):
    assert judged(decision=REJECTED, **said) == Rejection(Reason.NOT_SELECTED, detail)


@pytest.mark.parametrize(("votes", "stops"), [(None, False), (0, True), (2, True), (3, False)])
def test_fewer_votes_than_asked_for_are_too_few_and_none_is_no_vote(votes, stops):
    found = judged({"min_votes": 3}, votes=votes, decision=ACCEPTED)
    wanted = Rejection(
        Reason.LOW_AGREEMENT, f"{votes} votes, min_votes is 3", score=float(votes or 0), rule=LedgerRule.VOTES_FEW
    )
    assert found == (wanted if stops else None)


@pytest.mark.parametrize(
    ("agreement", "stops"), [(None, False), (0.0, True), (0.74, True), (0.75, False), (1.0, False)]
)
def test_agreement_below_the_bound_is_too_low(agreement, stops):
    found = judged({"min_agreement": 0.75}, agreement=agreement)
    detail = f"agreement {agreement or 0:g}, min_agreement is 0.75"
    assert found == (
        Rejection(Reason.LOW_AGREEMENT, detail, score=agreement, rule=LedgerRule.VOTES_DIFFER) if stops else None
    )


def test_where_review_is_required_only_what_is_accepted_stays():
    wanted = Rejection(Reason.NOT_SELECTED, "nobody accepted it and require_review is on")
    assert judged({"require_review": True}) == wanted
    assert judged({"require_review": True}, decision=ACCEPTED) is None


def test_a_rejection_comes_before_votes_and_votes_before_agreement():
    settings = {"min_votes": 3, "min_agreement": 0.9}
    assert judged(settings, decision=REJECTED, votes=1, agreement=0.1).reason is Reason.NOT_SELECTED
    assert judged(settings, votes=1, agreement=0.1).detail.startswith("1 votes")
    assert judged(settings, votes=3, agreement=0.1).detail.startswith("agreement 0.1")


def test_a_batch_is_judged_row_by_row_and_silence_stays():
    rows = [None, selection_row(Selection(decision=REJECTED)), selection_row(Selection(votes=1))]
    batch = pa.RecordBatch.from_arrays([pa.array(rows, SELECTION)], names=["selection"])
    assert [found and found.reason for found in select(batch, settings=Select(min_votes=2))] == [
        None,
        Reason.NOT_SELECTED,
        Reason.LOW_AGREEMENT,
    ]
    silent = pa.RecordBatch.from_arrays([pa.array([None, None], SELECTION)], names=["selection"])
    assert select(silent, settings=Select(min_votes=2)) == [None, None]
    assert all(select(silent, settings=Select(require_review=True)))
    assert select(silent.slice(0, 0), settings=Select()) == []
