import hashlib

import pyarrow as pa
from hypothesis import given, settings
from hypothesis import strategies as st

from pipelines.stages.duplicates.survivors import SURVIVAL_SCHEMA, exact_duplicates, survival
from schemas.example import SELECTION

CANDIDATES = pa.schema(
    [
        ("content", pa.binary(16)),
        ("accepted", pa.bool_()),
        ("source_rank", pa.int32()),
        ("completeness", pa.int32()),
        ("row_id", pa.string()),
        ("source_row", pa.int64()),
        ("part", pa.int64()),
        ("index", pa.int32()),
        ("id", pa.string()),
    ]
)


def candidate(content, row_id, *, accepted=False, rank=0, completeness=0, row=0, index=0):
    key = hashlib.md5(content.encode()).digest()
    return (key, accepted, rank, completeness, row_id, row, 0, index, f"{row_id}-cot")


def table(*rows):
    return pa.table(
        [pa.array(column, field.type) for column, field in zip(zip(*rows, strict=True), CANDIDATES, strict=True)],
        CANDIDATES,
    )


def losers(*rows):
    lost = exact_duplicates(table(*rows))
    return dict(zip(lost.column("index").to_pylist(), lost.column("partner").to_pylist(), strict=True))


def test_candidates_with_their_own_content_stay():
    assert losers(candidate("a", "1", index=0), candidate("b", "1", index=1)) == {}


def test_the_candidate_that_a_human_accepted_survives_a_better_source():
    worse = candidate("a", "1", rank=0, completeness=9, index=0)
    assert losers(worse, candidate("a", "2", accepted=True, rank=5, index=1)) == {0: "2-cot"}


def test_the_earlier_source_survives_a_more_complete_record():
    assert losers(candidate("a", "1", rank=1, completeness=9, index=0), candidate("a", "2", rank=0, index=1)) == {
        0: "2-cot"
    }


def test_the_more_complete_record_survives_a_lower_row_id():
    assert losers(candidate("a", "1", index=0), candidate("a", "2", completeness=1, index=1)) == {0: "2-cot"}


def test_equal_candidates_leave_the_lowest_row_id():
    assert losers(candidate("a", "3", index=0), candidate("a", "1", index=1), candidate("a", "2", index=2)) == {
        0: "1-cot",
        2: "1-cot",
    }


def test_identical_rows_leave_the_first():
    lost = exact_duplicates(table(candidate("a", "1", row=7, index=7), candidate("a", "1", row=4, index=4)))
    assert lost.column("index").to_pylist() == [7]
    assert lost.column("partner_row").to_pylist() == [4]


def test_copies_leave_the_earlier_row_whatever_their_ids_are():
    lost = exact_duplicates(table(candidate("a", "1", row=7, index=7), candidate("a", "2", row=4, index=4)))
    assert lost.column("index").to_pylist() == [7]
    assert lost.column("partner").to_pylist() == ["2-cot"]


def test_no_candidates_lose_nothing():
    assert exact_duplicates(CANDIDATES.empty_table()).num_rows == 0


ROWS = st.lists(
    st.builds(
        candidate,
        st.sampled_from("abc"),
        st.sampled_from("123"),
        accepted=st.booleans(),
        rank=st.integers(0, 2),
        completeness=st.integers(0, 2),
    ),
    min_size=1,
    max_size=30,
)


@settings(deadline=None)
@given(ROWS, st.randoms(use_true_random=False))
def test_the_result_does_not_depend_on_the_order_of_candidates(rows, random):
    rows = [(*row[:5], position, 0, position, row[8]) for position, row in enumerate(rows)]
    shuffled = random.sample(rows, len(rows))
    assert exact_duplicates(table(*shuffled)).equals(exact_duplicates(table(*rows)))


@settings(deadline=None)
@given(ROWS)
def test_every_content_keeps_exactly_one_candidate(rows):
    rows = [(*row[:5], position, 0, position, row[8]) for position, row in enumerate(rows)]
    lost = set(exact_duplicates(table(*rows)).column("index").to_pylist())
    kept = [row[0] for row in rows if row[7] not in lost]
    assert sorted(kept) == sorted({row[0] for row in rows})


def test_survival_reads_decision_source_and_completeness():
    selection = {"annotator": None, "reviewer": None, "confidence": None, "votes": None, "agreement": None}
    batch = pa.RecordBatch.from_pydict(
        {
            "source": ["second", "first", "first"],
            "answer": ["4", None, None],
            "topic": [None, "algebra", None],
            "difficulty": pa.array([None, 3, None], pa.int32()),
            "selection": pa.array(
                [{"decision": "accepted", **selection}, {"decision": None, **selection}, None], SELECTION
            ),
        }
    )
    columns = survival(batch, {"first": 0, "second": 1})
    assert columns.schema == SURVIVAL_SCHEMA
    assert columns.to_pydict() == {
        "accepted": [True, False, False],
        "source_rank": [1, 0, 0],
        "completeness": [8, 2, 0],
    }
