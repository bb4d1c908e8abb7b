import pyarrow as pa

from pipelines.engine.candidates import CANDIDATE_SCHEMA, UNDERSTOOD, selection_row
from schemas.example import EXAMPLE_SCHEMA, SELECTION
from schemas.problem import Decision, Selection


def test_what_stages_look_at_is_everything_but_the_original_record():
    assert {*UNDERSTOOD} | {"record"} == {*CANDIDATE_SCHEMA.names}
    assert "record" not in UNDERSTOOD


def test_columns_that_a_shard_has_too_are_of_its_type():
    shared = [name for name in CANDIDATE_SCHEMA.names if name in EXAMPLE_SCHEMA.names]
    assert {"question", "segments", "answer", "language", "selection", "weight"} <= {*shared}
    for name in shared:
        assert CANDIDATE_SCHEMA.field(name).type == EXAMPLE_SCHEMA.field(name).type, name


def test_what_people_decided_becomes_a_row_of_a_shard():
    votes = Selection(
        decision=Decision.ACCEPTED, annotator="ada", reviewer="bo", confidence=0.5, votes=3, agreement=2 / 3, time=7.0
    )
    assert pa.array([selection_row(votes), selection_row(Selection())], SELECTION).to_pylist() == [
        {
            "decision": "accepted",
            "annotator": "ada",
            "reviewer": "bo",
            "confidence": 0.5,
            "votes": 3,
            "agreement": 2 / 3,
            "time": 7.0,
            "adjudicated": True,
        },
        {**dict.fromkeys(field.name for field in SELECTION), "adjudicated": False},
    ]
