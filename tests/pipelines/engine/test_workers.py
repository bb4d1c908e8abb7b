"""A function is carried to elements, and is not called on a worker that differs from the driver."""

from dataclasses import replace
from pathlib import Path

import apache_beam as beam
import pytest
from apache_beam.testing.util import assert_that, equal_to

from pipelines.engine.beam import beam_options, open_pipeline
from pipelines.engine.joining import begin, code_digest, workers_of
from pipelines.engine.store import Store
from pipelines.engine.workers import each_to_many, each_to_one


def _sum(number: int, other: int) -> int:
    return number + other


def _both(number: int) -> list[int]:
    return [number, -number]


def test_one_or_many_come_of_an_element(tmp_path: Path) -> None:
    store = Store(tmp_path)
    with open_pipeline(beam_options(1, [])) as pipeline:
        numbers = pipeline | beam.Create([1, 2])
        assert_that(numbers | "one" >> each_to_one(store, _sum, 10), equal_to([11, 12]), label="one each")
        assert_that(numbers | "many" >> each_to_many(store, _both), equal_to([1, -1, 2, -2]), label="many each")
    assert workers_of(tmp_path) == []


@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
def test_a_run_is_compared_before_the_first_element(tmp_path: Path) -> None:
    run = begin(tmp_path, "1", code_digest())
    with open_pipeline(beam_options(1, [])) as pipeline:
        _ = pipeline | beam.Create([1]) | each_to_one(Store(tmp_path, run=run), _sum, 1)
    assert len(workers_of(tmp_path)) == 1
    other = Store(tmp_path, run=replace(run, code="feed"))
    with pytest.raises(Exception, match="has other code of mathmill"), open_pipeline(beam_options(1, [])) as pipeline:
        _ = pipeline | beam.Create([1]) | each_to_one(other, _sum, 1)
