import pyarrow as pa
import pytest

from pipelines.engine.batches import decoded, encoded
from schemas.example import SEGMENTS

BATCH = pa.RecordBatch.from_pydict(
    {
        "key": pa.array([b"0123456789abcdef", b"fedcba9876543210", b"0" * 16], pa.binary(16)),
        "text": pa.array(["a", None, "é"]),
        "segments": pa.array([[{"kind": "text", "text": "x"}], None, []], SEGMENTS),
        "score": pa.array([0.5, None, float("inf")]),
    }
)


@pytest.mark.parametrize("start", range(4))
@pytest.mark.parametrize("rows", range(4))
def test_a_batch_comes_back_whole_whatever_slice_it_was(start, rows):
    some = BATCH.slice(start, rows)
    found = decoded(encoded(some))
    assert found.equals(some)
    assert found.schema.equals(BATCH.schema)


def test_a_slice_does_not_carry_the_rest_of_its_batch():
    batch = pa.RecordBatch.from_pydict({"text": ["x" * 100] * 10_000})
    assert len(encoded(batch.slice(5000, 1))) < 1000 < len(encoded(batch))


def test_columns_are_views_of_the_bytes_that_came():
    carried = encoded(pa.RecordBatch.from_pydict({"number": list(range(1000))}))
    before = pa.total_allocated_bytes()
    batch = decoded(carried)
    assert pa.total_allocated_bytes() - before < 1000 < batch.nbytes


def test_what_is_cut_short_is_no_batch():
    carried = encoded(BATCH)
    with pytest.raises((pa.ArrowInvalid, OSError)):
        decoded(carried[: len(carried) // 2])
