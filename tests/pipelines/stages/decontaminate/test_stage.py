from pathlib import Path

import pyarrow as pa
import pytest

from pipelines.engine.candidates import CANDIDATE_SCHEMA
from pipelines.engine.line import Line
from pipelines.engine.store import Store
from pipelines.stages.decontaminate.leaks import BenchmarkIndex, check
from pipelines.stages.decontaminate.stage import check_leaks, steps, store_items
from schemas.benchmark import BENCHMARK_SCHEMA
from schemas.config import Curate, Decontaminate
from schemas.reason import Reason

QUESTION = "Ruth packs 12 boxes with 9 lamps each. How many lamps is that?"
ITEM = {"benchmark": "b", "position": 0, "question": QUESTION, "answer": "108", "variants": "report", "language": "en"}


def items(**other) -> pa.Table:
    return pa.Table.from_pylist([ITEM | other], schema=BENCHMARK_SCHEMA)


def line_of(folder: Path, code: str = "code", **curate) -> Line:
    source = {"name": "s", "path": "x", "adapter": "gsm8k", "licence": "MIT"}
    return Line(Store(folder), Curate.model_validate({"sources": [source], **curate}), code)


def candidates(*questions: str) -> pa.RecordBatch:
    rows = [
        dict.fromkeys(CANDIDATE_SCHEMA.names)
        | {"question": question, "format": "cot", "language": "en", "segments": [{"kind": "text", "text": "So."}]}
        for question in questions
    ]
    return pa.RecordBatch.from_pylist(rows, schema=CANDIDATE_SCHEMA)


def test_items_that_workers_read_judge_as_the_index_over_them(tmp_path):
    batch = candidates(QUESTION, "Which day follows Monday?", QUESTION.lower())
    path = store_items(items(), line_of(tmp_path))
    verdicts = check_leaks(batch, items=path, settings=Decontaminate())
    assert verdicts == check(batch, BenchmarkIndex.build(items()), Decontaminate())
    assert [verdict and verdict.reason for verdict in verdicts] == [
        Reason.BENCHMARK_EXACT,
        None,
        Reason.BENCHMARK_EXACT,
    ]


def test_items_have_one_name_and_others_or_other_code_another(tmp_path):
    path = store_items(items(), line_of(tmp_path))
    assert store_items(items(), line_of(tmp_path)) == path
    others = {store_items(items(answer="109"), line_of(tmp_path)), store_items(items(), line_of(tmp_path, "other"))}
    assert len({path, *others}) == 3


def test_another_index_is_loaded_when_it_is_asked_for(tmp_path):
    batch = candidates(QUESTION)
    other = store_items(items(question="Which day follows Monday, in a week of seven days?"), line_of(tmp_path))
    for path, caught in [(store_items(items(), line_of(tmp_path)), True), (other, False)] * 2:
        (verdict,) = check_leaks(batch, items=path, settings=Decontaminate())
        assert (verdict is not None) == caught


def test_the_folder_of_tags_is_named_by_items_and_settings(tmp_path):
    def folder(table: pa.Table, **curate) -> str:
        return next(steps(line_of(tmp_path, **curate), table)).folder

    assert folder(items()) == folder(items(), seed=7)
    assert len({folder(items()), folder(items(answer="9")), folder(items(), decontaminate={"ngram": "strict"})}) == 3


@pytest.mark.parametrize(("table", "skip"), [(items(), ["decontaminate"]), (items().slice(0, 0), [])])
def test_nothing_is_done_or_stored_when_skipped_or_without_items(tmp_path, table, skip):
    assert list(steps(line_of(tmp_path, skip=skip), table)) == []
    assert list(tmp_path.iterdir()) == []
