import json
from collections import Counter

import pytest

from demo.defects import EACH, plants
from demo.defects_reading import MAX_CHARS, MIN_AGREEMENT, MIN_CHARS, MIN_VOTES
from demo.planting import EXAM, EXPECTED, Sizes, read_expected, write_rows
from demo.record_shapes import SOURCES
from schemas.configfile import load_config
from schemas.problem import Format
from schemas.reason import Reason

SMALL = Sizes(lessons=30, classroom=20, programs=10, dialogues=10, exam=120, each=EACH)


@pytest.fixture(scope="module")
def written(tmp_path_factory):
    folder = tmp_path_factory.mktemp("rows")
    return folder, write_rows(folder, 0, SMALL)


def test_the_same_seed_writes_the_same_bytes_and_another_seed_others(written, tmp_path):
    folder, _ = written
    write_rows(tmp_path / "again", 0, SMALL)
    write_rows(tmp_path / "other", 1, SMALL)
    for name in (*(f"{source}.jsonl" for source in SOURCES), EXAM, EXPECTED):
        assert (tmp_path / "again" / name).read_bytes() == (folder / name).read_bytes()
        if name != EXPECTED:
            assert (tmp_path / "other" / name).read_bytes() != (folder / name).read_bytes()


def test_every_defect_is_planted_at_least_a_dozen_times_with_as_many_near_misses(written):
    _, expected = written
    planted = Counter(one.reason for one in expected if one.reason)
    near = Counter(one.case for one in expected if one.case and not one.reason)
    assert set(planted) == set(plants([])) == set(near)
    assert len(planted) >= 28
    assert min(planted.values()) >= 12
    assert min(near.values()) >= 12


def test_expectations_are_read_back_as_they_were_returned(written):
    folder, expected = written
    assert read_expected(folder) == expected


def test_every_line_of_every_source_has_its_expectation(written):
    folder, expected = written
    for source in SOURCES:
        lines = (folder / f"{source}.jsonl").read_bytes().splitlines()
        rows = [one.row for one in expected if one.source == source]
        assert rows == list(range(len(lines)))


def test_ordinary_rows_are_four_to_eight_thousand_candidates_by_default():
    sizes = Sizes()
    assert 4_000 <= 3 * sizes.lessons + sizes.classroom + sizes.programs + sizes.dialogues <= 8_000


def test_no_question_stands_twice_among_ordinary_rows_and_none_is_an_exam_item(written):
    folder, expected = written
    exam = {json.loads(line)["question"] for line in (folder / EXAM).read_text().splitlines()}
    questions = []
    for source in SOURCES:
        lines = (folder / f"{source}.jsonl").read_bytes().splitlines()
        ordinary = [one.row for one in expected if one.source == source and one.case is None]
        questions += [json.loads(lines[row])["question"] for row in ordinary]
    assert len(questions) == 70
    assert len(set(questions)) == len(questions)
    assert not exam & set(questions)


def test_the_demo_config_loads_and_its_bounds_are_those_that_the_defects_break(written, monkeypatch, demo_yaml):
    monkeypatch.setenv("MATHMILL_DEMO", str(written[0]))
    curate = load_config(demo_yaml, []).curate
    assert curate is not None
    assert [source.name for source in curate.sources] == list(SOURCES)
    assert curate.sources[0].derive == [Format.POT, Format.TIR]
    assert (curate.screen.min_chars, curate.screen.max_chars) == (MIN_CHARS, MAX_CHARS)
    assert (curate.select.min_votes, curate.select.min_agreement) == (MIN_VOTES, MIN_AGREEMENT)


def test_a_truncated_solution_and_its_near_miss_look_alike(written):
    folder, expected = written
    lines = (folder / "classroom.jsonl").read_text().splitlines()
    case = [one for one in expected if one.case is Reason.TRUNCATED]
    broken = [json.loads(lines[one.row])["solution"] for one in case if one.reason]
    whole = [json.loads(lines[one.row])["solution"] for one in case if not one.reason]
    assert all("boxed" not in solution for solution in broken)
    assert all("boxed" in solution and solution.endswith(",") for solution in whole)


def test_the_default_sizes_are_drawn_without_running_dry(tmp_path):
    sizes = Sizes()
    expected = write_rows(tmp_path, 3, sizes)
    ordinary = Counter(one.source for one in expected if one.case is None)
    assert ordinary == {"lessons": 300, "classroom": 1300, "programs": 1200, "dialogues": 1200}
