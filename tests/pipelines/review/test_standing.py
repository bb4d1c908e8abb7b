from pathlib import Path

import pytest

from pipelines.review.desk import Desk, Seat
from pipelines.review.journal import Journal
from pipelines.review.opened import OpenedData
from pipelines.review.queues import KEPT, audit
from pipelines.review.standing import standing_of, standing_page
from pipelines.review.votes import Vote, Votes
from schemas.problem import Decision


def campaign(rows: int = 40) -> Votes:
    """Two people who agree on all rows but every tenth."""
    votes = Votes(rows, 2)
    for row in range(rows):
        right = "accepted" if row % 2 else "rejected"
        other = {"accepted": "rejected", "rejected": "accepted"}[right] if row % 10 == 0 else right
        votes.add(row, {"annotator": "ana", "decision": right, "act": f"a{row}", "seconds": 2.0})
        votes.add(row, {"annotator": "ben", "decision": other, "act": f"b{row}", "seconds": 4.0})
    return votes


def test_agreement_and_control_items_are_measured() -> None:
    votes = campaign()
    controls = {0: Decision.REJECTED, 1: Decision.ACCEPTED, 2: Decision.REJECTED}
    standing = standing_of(votes, controls, Votes(40, 1), None, changed=3)
    assert standing.alpha is not None
    assert standing.alpha[0] == pytest.approx(0.80, abs=0.01)
    assert standing.compared == 40
    assert standing.disputed == 4
    ana, ben = standing.people
    assert (ana.accepted, ana.rejected, ana.seconds) == (20, 20, 2.0)
    assert ana.controls is not None
    assert ben.controls is not None
    assert (ana.controls[0], ben.controls[0]) == (1.0, pytest.approx(2 / 3))
    shown = standing_page(standing, "data")
    assert "alpha is 0.80" in shown
    assert "3 decisions are about rows that have changed since" in shown


def test_the_precision_of_a_reason_comes_with_its_interval(opened: OpenedData, tmp_path: Path) -> None:
    with Journal(tmp_path / "audits.jsonl") as journal:
        votes = Votes(len(opened.row_ids), 1)
        desk = Desk(opened, audit(opened, 10), journal, votes)
        seat, said = Seat("ana"), {KEPT: 0, "arithmetic_error": 0}
        while ticket := desk.current(seat):
            reason = desk.queue.group_at(ticket.position).reason
            said[reason] += 1
            vote = Vote.UNSURE if said[reason] == 1 else Vote.REJECTED if said[reason] == 2 else Vote.ACCEPTED
            desk.decide(seat, ticket.name, vote)
        standing = standing_of(Votes(1, 1), {}, votes, desk, changed=0)
    found = {audited.reason: audited for audited in standing.audited}
    assert found["arithmetic_error"].precision == pytest.approx([8 / 9, 0.565, 0.980, 9], abs=0.001)
    assert (found["arithmetic_error"].unsure, found["arithmetic_error"].drawn) == (1, 10)
    assert found[KEPT].precision == pytest.approx([7 / 8, 0.529, 0.978, 8], abs=0.001)
    assert standing.people == []
    assert standing.alpha is None
