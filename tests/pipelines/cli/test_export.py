from pathlib import Path
from typing import Any

import datasets
import pyarrow.parquet as pq
import pytest

from pipelines.cli.export import export_data, export_row, export_schema
from pipelines.curate import curate
from pipelines.sources.adapters.messages import read_messages
from schemas.config import Source
from schemas.exits import UserError
from schemas.manifest import read_manifest
from schemas.problem import Format, Segment, SegmentKind
from schemas.prompts import prompt_of
from tests.tiny import config_of, marbles, read_lines, read_streams, source, write_rows


def exported(data: Path, output: Path, *, to: str, file_format: str) -> dict[str, dict[str, Any]]:
    """Exports a data set and reads the rows of both splits back, by id."""
    rows: list[dict[str, Any]] = []
    for path, number in export_data(data, to=to, file_format=file_format, output=output, draft=True):
        found = read_lines(path) if file_format == "jsonl" else pq.read_table(path).to_pylist()
        assert len(found) == number
        rows.extend(found)
    return {row["id"]: row for row in rows}


@pytest.fixture(scope="module")
def examples(tiny_data: Path) -> dict[str, dict[str, Any]]:
    return {one["id"]: one for one in read_streams(tiny_data, "shards/*.arrow")}


def segments_of(example: dict[str, Any]) -> tuple[Segment, ...]:
    return tuple(Segment(SegmentKind(one["kind"]), one["text"]) for one in example["segments"])


@pytest.mark.parametrize("file_format", ["jsonl", "parquet"])
def test_messages_read_back_as_question_and_segments(
    file_format: str, tiny_data: Path, examples: dict[str, dict[str, Any]], tmp_path: Path
) -> None:
    rows = exported(tiny_data, tmp_path, to="messages", file_format=file_format)
    assert set(rows) == set(examples)
    assert {one["format"] for one in examples.values()} == {"cot", "pot", "tir"}
    for identity, row in rows.items():
        example = examples[identity]
        user, *said = row["messages"]
        assert user["content"] == prompt_of(example["question"], Format(example["format"]), "en")
        form = Source.model_validate({**CHAT, "format": example["format"]})
        assert read_messages({"messages": row["messages"]}, form).solutions[0].segments == segments_of(example)
        assert (row["answer"], row["licence"]) == (example["answer"], example["licence"])
        roles = [turn["role"] for turn in said]
        tool = example["format"] == "tir"
        assert roles == (["assistant", "tool"] * roles.count("tool") + ["assistant"] if tool else ["assistant"])
        assert bool(row["tools"]) == ("tool" in roles) == tool


CHAT = {"name": "chat", "path": "x", "adapter": "messages", "licence": "MIT"}


def test_a_program_is_a_call_and_what_it_printed_the_tools_turn(example: dict[str, Any]) -> None:
    row = export_row(example, "messages")
    call = {"id": "call00001", "type": "function", "function": {"name": "python", "arguments": {"code": "print(2)"}}}
    assert row["messages"] == [
        {"role": "system", "content": "Be kind."},
        {"role": "user", "content": prompt_of("1 + 1?", Format.TIR, "en")},
        {"role": "assistant", "content": "<think>\nTwo.\n</think>\nWe add.", "tool_calls": [call]},
        {"role": "tool", "content": "2", "tool_call_id": "call00001", "name": "python"},
        {"role": "assistant", "content": "", "tool_calls": [{**call, "id": "call00002"}]},
        {"role": "tool", "content": "2", "tool_call_id": "call00002", "name": "python"},
        {"role": "assistant", "content": "So \\boxed{2}."},
    ]
    (tool,) = row["tools"]
    assert tool["function"]["name"] == "python"
    pot = {**example, "format": "pot", "segments": example["segments"][2:3], "system": None}
    assert export_row(pot, "messages")["messages"][1:] == [{"role": "assistant", "content": "```python\nprint(2)\n```"}]
    assert export_row(pot, "messages")["tools"] is None


def test_a_question_may_stay_as_it_was(example: dict[str, Any]) -> None:
    assert export_row(example, "messages", instruction=False)["messages"][1] == {"role": "user", "content": "1 + 1?"}
    pair = export_row(example, "prompt_completion", instruction=False)
    assert pair["prompt"] == "Be kind.\n\n1 + 1?"
    assert pair["prompt"] != export_row(example, "prompt_completion")["prompt"]


@pytest.fixture
def example() -> dict[str, Any]:
    said = [
        ("think", "Two."),
        ("text", "We add."),
        *[("code", "print(2)"), ("output", "2")] * 2,
        ("text", "So \\boxed{2}."),
    ]
    segments = [{"kind": kind, "text": text} for kind, text in said]
    about = dict.fromkeys(("id", "answer", "source", "licence", "weight", "instruction"))
    return {
        **about,
        "question": "1 + 1?",
        "system": "Be kind.",
        "format": "tir",
        "language": "en",
        "segments": segments,
    }


@pytest.mark.parametrize("file_format", ["jsonl", "parquet"])
def test_prompt_and_completion_say_the_same_as_messages(file_format: str, tiny_data: Path, tmp_path: Path) -> None:
    chats = exported(tiny_data, tmp_path / "chats", to="messages", file_format=file_format)
    pairs = exported(tiny_data, tmp_path / "pairs", to="prompt_completion", file_format=file_format)
    assert set(chats) == set(pairs)
    for identity, row in pairs.items():
        prompt, *said = chats[identity]["messages"]
        assert row["prompt"] == prompt["content"]
        if row["format"] != "tir":
            assert [row["completion"]] == [turn["content"] for turn in said]


def test_unsupervised_spans_are_what_the_tool_wrote(
    tiny_data: Path, examples: dict[str, dict[str, Any]], tmp_path: Path
) -> None:
    rows = exported(tiny_data, tmp_path, to="prompt_completion", file_format="jsonl")
    dialogues = [row for row in rows.values() if row["format"] == "tir"]
    assert dialogues
    for row in dialogues:
        spans = [row["completion"][start:end] for start, end in row["unsupervised"]]
        outputs = [one["text"] for one in examples[row["id"]]["segments"] if one["kind"] == "output"]
        assert [span.removesuffix("\n").removesuffix("\n```") for span in spans] == outputs
    assert all(row["unsupervised"] == [] for row in rows.values() if row["format"] != "tir")


@pytest.mark.parametrize(("file_format", "loader"), [("jsonl", "json"), ("parquet", "parquet")])
@pytest.mark.parametrize("to", ["messages", "prompt_completion"])
def test_the_data_set_library_loads_what_is_exported(
    to: str, file_format: str, loader: str, tiny_data: Path, tmp_path: Path
) -> None:
    files = {
        path.stem: str(path)
        for path, _ in export_data(tiny_data, to=to, file_format=file_format, output=tmp_path, draft=True)
    }
    loaded = datasets.load_dataset(loader, data_files=files, cache_dir=str(tmp_path / "cache"))
    assert {split: len(rows) for split, rows in loaded.items()} == read_manifest(tiny_data).splits
    wanted = {"messages"} if to == "messages" else {"prompt", "completion"}
    assert wanted <= set(loaded["train"].column_names)
    if to == "messages":
        assert [turn["role"] for turn in loaded["train"][0]["messages"]][:2] == ["user", "assistant"]


@pytest.mark.slow
def test_answers_that_begin_late_are_exported(tmp_path: Path) -> None:
    rows: list[dict[str, Any]] = [{"q": f"What is {n} plus 0?", "s": f"It is {n}.", "a": None} for n in range(1100)]
    rows.append({"q": "What is 7 plus 1?", "s": "It is 8.", "a": "8"})
    columns = {"question": "q", "solution": "s", "answer": "a"}
    unanswered = source(write_rows(tmp_path / "r.jsonl", rows), adapter="columns", format="cot", columns=columns)
    curate(config_of(unanswered, skip=["verify", "identify"], heldout=0), tmp_path / "data")
    found = exported(tmp_path / "data", tmp_path / "out", to="messages", file_format="parquet")
    assert [row["answer"] for row in found.values()] == [None] * 1100 + ["8"]
    assert pq.read_schema(tmp_path / "out/train.parquet").equals(export_schema("messages"))


def test_a_configs_own_wording_stands_in_the_shards_and_in_what_is_exported(tmp_path: Path) -> None:
    rows = write_rows(tmp_path / "rows.jsonl", marbles(3))
    prompts = {"cot": {"en": "Think first."}, "pot": {"zh": "写程序。"}}
    curate(config_of(source(rows, derive=["pot"]), prompts=prompts, heldout=0.0), tmp_path / "data")
    found = read_streams(tmp_path / "data", "shards/*.arrow")
    assert {(one["format"], one["instruction"]) for one in found} == {("cot", "Think first."), ("pot", None)}
    for row in exported(tmp_path / "data", tmp_path / "out", to="prompt_completion", file_format="jsonl").values():
        built_in = prompt_of("", Format.POT, "en").strip()
        assert row["prompt"].endswith("\nThink first." if row["format"] == "cot" else f"\n{built_in}")


@pytest.mark.parametrize("form", list(Format))
def test_every_format_has_wording_of_its_own_in_three_languages(form: Format) -> None:
    asked = {language: prompt_of("q", form, language) for language in ("en", "zh", "pt")}
    assert len(set(asked.values())) == 3
    assert prompt_of("q", form, "xx") == asked["en"]
    assert form is Format.POT or all("\\boxed{}" in one for one in asked.values())
    assert not any(ord(sign) < 32 and sign != "\n" for one in asked.values() for sign in one)


@pytest.mark.parametrize("prompts", [{"cot": {"en": ""}}, {"essay": {"en": "Write."}}])
def test_wording_for_nothing_is_refused(prompts: dict[str, Any]) -> None:
    with pytest.raises(UserError, match=r"curate\.prompts"):
        config_of({"name": "s", "path": "x", "adapter": "gsm8k", "licence": "MIT"}, prompts=prompts)
