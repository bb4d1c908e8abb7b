import hashlib
import json
import os
from pathlib import Path

import pyarrow as pa
import pytest

from pipelines.engine.candidates import CANDIDATE_SCHEMA
from pipelines.engine.store import SOURCE_SHIFT, Store
from pipelines.sources import inputs
from pipelines.sources.inputs import PARTS_PER_SPLIT, Unchanged, load_benchmarks, plan_inputs, render_split, scan_source
from schemas.benchmark import BENCHMARK_SCHEMA
from schemas.config import Benchmark, Curate, Source
from schemas.exits import RunFailedError, UserError
from schemas.manifest import BenchmarkRecord, InputFile
from tests.tiny import marbles, write_rows

COLUMNS = {"adapter": "columns", "format": "cot", "columns": {"question": "q", "solution": "s"}}


def source_of(path: Path | str, name: str = "school", **settings) -> Source:
    return Source.model_validate({"name": name, "path": str(path), "adapter": "gsm8k", "licence": "MIT"} | settings)


def planned(*sources: Source, code: str = "code"):
    return plan_inputs(Curate(sources=list(sources)), code)


def keys(*sources: Source, code: str = "code") -> list[str]:
    return [split.key for split in planned(*sources, code=code).splits]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    write_rows(tmp_path / "rows" / "b.jsonl", marbles(2, start=3))
    write_rows(tmp_path / "rows" / "a.jsonl", marbles(3))
    write_rows(tmp_path / "c.jsonl", marbles(1, start=9))
    return tmp_path


def sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def test_a_plan_names_every_file_as_the_config_does_and_counts_all_rows(folder):
    found = planned(source_of(folder / "rows"), source_of(folder / "c.jsonl", "panel"))
    files = [folder / "rows" / "a.jsonl", folder / "rows" / "b.jsonl", folder / "c.jsonl"]
    assert found.rows == 6
    assert found.files == tuple(InputFile(path=str(f), bytes=f.stat().st_size, sha256=sha256(f)) for f in files)


def test_splits_are_numbered_by_source_and_place_and_their_rows_count_on(folder):
    found = planned(source_of(folder / "rows"), source_of(folder / "c.jsonl", "panel")).splits
    assert [split.number for split in found] == [0, PARTS_PER_SPLIT, 1 << SOURCE_SHIFT]
    rows = [part.column("row").to_pylist() for split in found for part, _ in render_split(split)]
    assert rows == [[0, 1, 2], [3, 4], [0]]


def spoilt(how: str, path: Path) -> None:
    status, content = path.stat(), path.read_bytes()
    match how:
        case "removed":
            path.unlink()
        case "touched":
            os.utime(path, ns=(status.st_atime_ns, status.st_mtime_ns + 1))
        case "longer":
            path.write_bytes(content + content)
        case "as large and as old":
            path.write_bytes(content.replace(b"1", b"2"))
            os.utime(path, ns=(status.st_atime_ns, status.st_mtime_ns))


@pytest.mark.parametrize("how", ["removed", "touched", "longer", "as large and as old"])
def test_an_input_that_changed_after_its_scan_is_refused_and_what_was_read_of_it_forgotten(folder, tmp_path, how):
    store = Store(tmp_path / "work")
    found = planned(source_of(folder / "rows"), source_of(folder / "c.jsonl", "panel"))
    for split in found.splits:
        store.mark_whole(split.key, [])
    Unchanged(found, store).check()
    spoilt(how, folder / "rows" / "a.jsonl")
    with pytest.raises(RunFailedError, match=r"rows/a\.jsonl: changed while it was read; nothing was published"):
        Unchanged(found, store).check()
    assert [store.parts_of(split.key) for split in found.splits] == [None, [], []]


def test_a_failure_is_told_by_the_input_that_changed_and_else_as_it_is(folder, tmp_path):
    found, store = planned(source_of(folder / "rows")), Store(tmp_path / "work")

    def fail():
        with Unchanged(found, store):
            raise ValueError("a broken row")

    with pytest.raises(ValueError, match="a broken row"):
        fail()
    for name in ("a.jsonl", "b.jsonl"):
        spoilt("longer", folder / "rows" / name)
    with pytest.raises(RunFailedError, match=r"rows/a\.jsonl \(and 1 more\): changed"):
        fail()


def test_a_stretch_of_a_file_that_changed_is_not_read_to_its_end(folder):
    (split,) = planned(source_of(folder / "c.jsonl", "panel")).splits
    spoilt("touched", folder / "c.jsonl")
    with pytest.raises(RunFailedError, match=r"c\.jsonl: changed while it was read"):
        list(render_split(split))


def test_a_worker_elsewhere_reads_by_paths_from_the_root_and_names_what_it_does_not_find(tmp_path, monkeypatch):
    path = write_rows(tmp_path / "rows.jsonl", marbles(5))
    monkeypatch.chdir(tmp_path)
    source = {"name": "a", "path": "rows.jsonl", "adapter": "gsm8k", "licence": "MIT", "derive": ["pot"]}
    here = plan_inputs(Curate.model_validate({"sources": [source]}), "code")
    assert here.candidates() == 10
    (split,) = here.everywhere().splits
    assert (split.split.path, here.splits[0].split.path, split.key) == (str(path), "rows.jsonl", here.splits[0].key)
    monkeypatch.chdir("/")
    assert sum(len(batch) for batch, _ in render_split(split)) == 10
    assert sum(len(batch) for batch, _ in render_split(split, most=2)) == 4
    path.unlink()
    with pytest.raises(RunFailedError, match=rf"^worker .*: {path} is not there; put sources where every worker reads"):
        list(render_split(split))


def test_parts_behind_those_that_stand_are_rendered_as_long_as_the_rows_of_these_are_the_same(folder):
    (split,) = planned(source_of(folder / "rows" / "a.jsonl", derive=["pot"])).splits
    ((whole, _),) = render_split(split)
    begun = whole.slice(0, 4).select(["row", "row_id"])
    ((rest, _),) = render_split(split, [begun])
    assert rest.equals(whole.slice(4))
    assert list(render_split(split, [whole.select(["row", "row_id"])])) == []
    other = begun.set_column(1, "row_id", pa.array(["0" * 32] * len(begun)))
    with pytest.raises(RunFailedError, match="changed since a part of it was read"):
        list(render_split(split, [other]))


def test_what_stands_in_a_split_can_be_rendered_and_holds_the_sources_rows(folder):
    (split,) = planned(source_of(folder / "c.jsonl", "panel", derive=["pot"])).splits
    ((part, size),) = render_split(split)
    assert part.schema.equals(CANDIDATE_SCHEMA)
    assert part.select(["source", "format"]).to_pydict() == {"source": ["panel"] * 2, "format": ["cot", "pot"]}
    assert size > 0


def test_a_key_is_of_the_bytes_and_how_they_are_read_and_not_of_where_they_stand(folder):
    path = folder / "c.jsonl"
    (key,) = keys(source_of(path))
    moved = folder / "elsewhere.jsonl"
    moved.write_bytes(path.read_bytes())
    assert keys(source_of(moved)) == [key]
    assert (
        keys(source_of(folder / "rows", "first"), source_of(path))[-1] == key
    )  # the rank of a source is no part of it
    others = [
        keys(source_of(path), code="other code"),
        keys(source_of(path, derive=["pot"])),
        keys(source_of(path, author="model:x")),
        keys(source_of(path, "panel")),
    ]
    path.write_bytes(path.read_bytes().replace(b"birds", b"herds").replace(b"maps", b"naps").replace(b"red", b"wed"))
    others.append(keys(source_of(path)))
    assert len({key, *(other for (other,) in others)}) == 6


def test_two_equal_files_are_two_stretches_with_keys_of_their_own(tmp_path):
    for name in "ab":
        write_rows(tmp_path / "rows" / f"{name}.jsonl", marbles(2))
    one, other = keys(source_of(tmp_path / "rows"))
    assert one != other


def test_a_source_none_of_whose_rows_can_be_read_is_the_configs_mistake(tmp_path):
    path = write_rows(tmp_path / "rows.jsonl", [{"question": "1+1?", "answer": "2"}])
    with pytest.raises(UserError) as refused:
        planned(source_of(path))
    assert str(refused.value) == (
        "curate.sources: school: no row can be read by `adapter: gsm8k`: answer has no line `#### 42`; "
        "choose the adapter that fits, or `adapter: columns` and name the fields"
    )


@pytest.mark.parametrize(("probed", "refused"), [(2, True), (3, False)])
def test_one_good_row_among_the_first_is_enough(tmp_path, monkeypatch, probed, refused):
    monkeypatch.setattr(inputs, "_PROBED_ROWS", probed)
    path = write_rows(tmp_path / "rows.jsonl", [{"answer": "2"}, {"answer": "3"}, *marbles(1)])
    if refused:
        with pytest.raises(UserError, match="no row can be read"):
            planned(source_of(path))
    else:
        assert planned(source_of(path)).rows == 3


def test_rows_that_are_no_json_are_bad_rows_and_no_mistake_in_the_config(tmp_path):
    path = tmp_path / "rows.jsonl"
    path.write_text("{\n{\n")
    assert planned(source_of(path)).rows == 2


@pytest.mark.parametrize(
    ("lines", "message"),
    [
        (b"{'answer': '2'}\n", r"the first begins \"{'answer': '2'}\"; this is Python's notation: json\.dumps writes"),
        (b'["1+1?", "2"]\n', r"a record is a JSON object, this is an array; the first begins '\["),
        ('{"answer": "Äpfel"}\n'.encode("cp1252"), r"; text must be UTF-8: `iconv -f WINDOWS-1252 -t UTF-8` may"),
    ],
)
def test_a_file_of_another_notation_is_a_mistake_and_not_as_many_bad_rows(tmp_path, lines, message):
    path = tmp_path / "rows.jsonl"
    path.write_bytes(lines * 3)
    with pytest.raises(
        UserError, match=rf"^curate\.sources: school: none of the first 3 records can be read: .*{message}"
    ):
        planned(source_of(path))
    write_rows(tmp_path / "good.jsonl", marbles(1))
    path.write_bytes(lines * 3 + (tmp_path / "good.jsonl").read_bytes())
    assert planned(source_of(path)).rows == 4


def test_chats_that_are_bare_lists_of_turns_are_told_what_a_chat_is_read_from(tmp_path):
    path = tmp_path / "rows.json"
    path.write_text(json.dumps([[{"from": "human", "value": "1+1?"}, {"from": "gpt", "value": "2"}]] * 3))
    with pytest.raises(UserError, match=r'this is an array; .*; a chat is read from an object: \{"messages": \['):
        planned(source_of(path))


def test_the_list_that_a_source_names_is_read(tmp_path):
    path = tmp_path / "rows.json"
    path.write_text(json.dumps({"mine": marbles(2)}))
    with pytest.raises(UserError, match=r"\(`rows: mine` reads the list there, `mine\.0\.question` its first one\)"):
        planned(source_of(path, adapter="columns", format="cot", columns={"solution": "answer"}))
    assert planned(source_of(path, rows="mine")).rows == 2


def test_a_table_that_says_it_has_no_solutions_is_taken_at_its_word(tmp_path):
    path = write_rows(tmp_path / "rows.jsonl", [{"q": "1+1?"}])
    bare = {**COLUMNS, "columns": {"question": "q", "solution": None}}
    assert planned(source_of(path, **bare)).rows == 1
    with pytest.raises(UserError, match=r"^curate\.sources: school: no field 's' in the first record"):
        planned(source_of(path, **COLUMNS))


def test_columns_named_by_place_mean_a_table_without_a_header(tmp_path):
    path = tmp_path / "rows.tsv"
    path.write_text("1+1?\tanswer\n2+2?\t4\n")
    by_place = source_of(path, adapter="columns", format="cot", columns={"question": "0", "solution": "1"})
    assert [file.rows for file in scan_source(by_place)] == [2]
    by_name = source_of(path, adapter="columns", format="cot", columns={"question": "1+1?", "solution": "answer"})
    assert [file.rows for file in scan_source(by_name)] == [1]


def bench(path: Path | str, **settings) -> Benchmark:
    return Benchmark.model_validate({"name": "exam", "path": str(path)} | settings)


def test_items_have_their_answer_apart_from_the_text_that_it_stands_in(tmp_path):
    rows = [
        {"question": "2+2?", "answer": "2+2=<<2+2=4>>4\n#### 4"},
        {"question": "3+3?", "answer": "6"},
        {"question": "4+4?", "answer": 8},
        {"question": "5+5?", "answer": None},
        {"question": "6+6?"},
    ]
    path = write_rows(tmp_path / "exam.jsonl", rows)
    items, (record,) = load_benchmarks([bench(path, licence="MIT", language="de", variants="remove")])
    assert items.schema.equals(BENCHMARK_SCHEMA)
    assert items.select(["position", "answer", "solution"]).to_pylist() == [
        {"position": 0, "answer": "4", "solution": rows[0]["answer"]},
        {"position": 1, "answer": "6", "solution": None},
        {"position": 2, "answer": "8", "solution": None},
        {"position": 3, "answer": None, "solution": None},
        {"position": 4, "answer": None, "solution": None},
    ]
    about = items.select(["benchmark", "language", "licence", "variants"]).to_pylist()
    assert about == [{"benchmark": "exam", "language": "de", "licence": "MIT", "variants": "remove"}] * 5
    assert record == BenchmarkRecord(name="exam", items=5, sha256=sha256(path), licence="MIT")


def test_several_benchmarks_are_one_table_and_several_files_one_benchmark(folder):
    items, records = load_benchmarks([bench(folder / "rows"), bench(folder / "c.jsonl", name="other")])
    assert [record.items for record in records] == [5, 1]
    assert items["benchmark"].to_pylist() == ["exam"] * 5 + ["other"]
    assert items["position"].to_pylist() == [0, 1, 2, 3, 4, 0]
    assert records[0].sha256 not in {sha256(path) for path in (folder / "rows").iterdir()}


def test_no_benchmarks_are_an_empty_table():
    items, records = load_benchmarks([])
    assert (items.num_rows, items.schema, records) == (0, BENCHMARK_SCHEMA, [])


@pytest.mark.parametrize(
    ("rows", "settings", "said"),
    [
        (
            [{"question": "1?"}, {"text": "2?", "gold": 2}],
            {},
            "item 1 of PATH has no text in the field `question`; it holds text, gold; name the field with `question:`",
        ),
        (
            [{"question": " "}],
            {},
            "item 0 of PATH has no text in the field `question`; it holds question; name the field with `question:`",
        ),
        (
            [{"question": 7}],
            {},
            "item 0 of PATH has no text in the field `question`; it holds question; name the field with `question:`",
        ),
        (
            [{"question": "1?", "answer": "2"}],
            {"answer": "gold"},
            "no item of PATH has an answer in the field `gold`; name the field with `answer:`, or say `answer: null`",
        ),
    ],
)
def test_a_benchmark_that_is_not_as_the_config_says_is_one_line(tmp_path, rows, settings, said):
    path = write_rows(tmp_path / "exam.jsonl", rows)
    with pytest.raises(UserError) as refused:
        load_benchmarks([bench(path, **settings)])
    assert str(refused.value) == f"benchmark exam: {said}".replace("PATH", str(path))


def test_answers_may_be_missing_where_nobody_named_the_field(tmp_path):
    path = write_rows(tmp_path / "exam.jsonl", [{"question": "1?"}])
    for settings in ({}, {"answer": None}):
        items, _ = load_benchmarks([bench(path, **settings)])
        assert items["answer"].to_pylist() == [None]


def test_an_item_that_cannot_be_read_is_the_users_to_mend(tmp_path):
    path = tmp_path / "exam.jsonl"
    path.write_text(json.dumps({"question": "1?"}) + "\n{\n")
    with pytest.raises(UserError, match=r"item 1 of .* it holds nothing readable"):
        load_benchmarks([bench(path)])
