import numpy as np
import pyarrow as pa

from pipelines.stages.screen.flattened import Columns, flags
from schemas.problem import Segment, SegmentKind
from tests.pipelines.stages.screen.test_checks import batch, candidate

DIALOGUE = (
    Segment(SegmentKind.THINK, "Hm."),
    Segment(SegmentKind.CODE, "print(1)"),
    Segment(SegmentKind.OUTPUT, "1"),
    Segment(SegmentKind.TEXT, "It is 1."),
)
ROWS = (candidate(), candidate(format="tir", solution=DIALOGUE), candidate(solution=()), candidate(reason="too_short"))


def test_segments_words_and_last_words_are_those_of_their_row():
    columns = Columns(batch(*ROWS))
    assert columns.segments(1) == list(DIALOGUE)
    assert [columns.words(row) for row in (1, 2)] == [["Hm.", "It is 1."], []]
    assert [columns.last_words(row) for row in range(3)] == ["It is \\boxed{2}.", "It is 1.", ""]
    assert Columns(batch(candidate(format="pot", solution="print(1)"))).last_words(0) == ""


def test_values_of_segments_are_summed_over_their_rows():
    columns = Columns(batch(*ROWS))
    assert columns.sum(np.arange(6)).tolist() == [0, 10, 0, 5]
    assert columns.any(np.arange(6) == 4).tolist() == [False, True, False, False]
    assert columns.lengths.tolist() == [16, 3, 8, 1, 8, 16]
    assert columns.solution_lengths.tolist() == [16, 20, 0, 16]
    assert columns.question_lengths.tolist() == [len(row["question"]) for row in ROWS]
    assert columns.alive.tolist() == [True, True, True, False]


def test_a_null_is_no_flag():
    assert flags(pa.array([True, None, False])).tolist() == [True, False, False]
