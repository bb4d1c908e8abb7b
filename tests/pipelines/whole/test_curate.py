"""Raw rows to a data set, end to end, on rows small enough to check by eye."""

import json
import re
from collections import Counter
from pathlib import Path
from typing import Any

import datasets
import pytest

from pipelines.curate import curate
from pipelines.validate import validate
from schemas.configfile import load_config
from schemas.exits import RunFailedError
from schemas.manifest import Manifest, read_manifest, sha256_of
from schemas.pseudonyms import People
from tests.tiny import (
    DIALOGUES,
    PANEL,
    SCHOOL,
    config_of,
    data_bytes,
    gsm8k_row,
    marbles,
    read_lines,
    read_streams,
    source,
    write_rows,
)


@pytest.fixture(scope="module")
def data(tiny_data: Path) -> Path:
    return tiny_data


@pytest.fixture(scope="module")
def manifest(data: Path) -> Manifest:
    return read_manifest(data)


@pytest.fixture(scope="module")
def ledger(data: Path) -> list[dict[str, Any]]:
    return read_streams(data, "ledger/*.arrow")


@pytest.fixture(scope="module")
def examples(data: Path) -> list[dict[str, Any]]:
    return read_streams(data, "shards/*.arrow")


def ends(ledger: list[dict[str, Any]], source_name: str, row: int) -> dict[str | None, str | None]:
    return {one["format"]: one["reason"] for one in ledger if (one["source"], one["row"]) == (source_name, row)}


def test_the_sum_adds_up_everywhere(
    manifest: Manifest, ledger: list[dict[str, Any]], examples: list[dict[str, Any]]
) -> None:
    counts = manifest.counts
    assert counts.rows == len(SCHOOL) + len(PANEL) + len(DIALOGUES)
    assert counts.candidates == counts.kept + counts.removed + counts.quarantined == len(ledger)
    outcomes = Counter(one["outcome"] for one in ledger)
    assert outcomes == {"kept": counts.kept, "removed": counts.removed, "quarantined": counts.quarantined}
    assert len(examples) == counts.kept == sum(manifest.splits.values()) == sum(s.rows for s in manifest.shards)
    for funnel in (manifest.formats, manifest.sources):
        assert sum(line.candidates for line in funnel.values()) == counts.candidates
        assert sum(line.kept for line in funnel.values()) == counts.kept
    assert sum(manifest.removed_by_reason.values()) == counts.removed
    assert sum(manifest.quarantined_by_reason.values()) == counts.quarantined


def test_each_row_ends_as_it_should(ledger: list[dict[str, Any]]) -> None:
    all_formats = ("cot", "pot", "tir")
    assert ends(ledger, "school", 2) == dict.fromkeys(all_formats)
    assert ends(ledger, "school", 10) == dict.fromkeys(all_formats, "exact_duplicate")
    assert ends(ledger, "school", 1) == dict.fromkeys(all_formats, "answer_conflict")
    assert ends(ledger, "school", 11) == dict.fromkeys(all_formats, "answer_conflict")
    assert ends(ledger, "school", 12) == dict.fromkeys(all_formats, "benchmark_exact")
    assert ends(ledger, "school", 14) == {None: "missing_field"}
    assert [ends(ledger, "panel", row)["cot"] for row in range(5)] == [
        "exact_duplicate", None, "not_selected", "answer_mismatch", None,
    ]  # fmt: skip
    assert [ends(ledger, "dialogues", row)["tir"] for row in range(3)] == [None, "output_mismatch", "program_error"]


def test_what_is_derived_falls_with_its_parent(ledger: list[dict[str, Any]]) -> None:
    assert ends(ledger, "school", 13) == {"cot": "bad_latex", "pot": "bad_latex", "tir": "bad_latex"}
    details = {one["format"]: one["detail"] for one in ledger if (one["source"], one["row"]) == ("school", 13)}
    assert "derived from a rejected solution" not in details["cot"]
    assert "derived from a rejected solution" in details["pot"]


def test_ids_are_row_and_format_and_number_identical_rows(
    ledger: list[dict[str, Any]], examples: list[dict[str, Any]]
) -> None:
    ids = {(one["source"], one["row"], one["format"]): one["id"] for one in ledger}
    assert len(set(ids.values())) == len(ledger)
    for form in ("cot", "pot", "tir"):
        assert ids["school", 10, form] == f"{ids['school', 0, form]}-1"
        assert ids["school", 0, form].endswith(f"-{form}")
    assert "-" not in ids["school", 14, None]
    assert {one["id"] for one in examples} == {one["id"] for one in ledger if one["outcome"] == "kept"}


def test_losers_name_who_they_lost_to(ledger: list[dict[str, Any]]) -> None:
    by_id = {one["id"]: one for one in ledger}
    duplicate = next(one for one in ledger if one["source"] == "panel" and one["reason"] == "exact_duplicate")
    assert (by_id[duplicate["partner"]]["source"], by_id[duplicate["partner"]]["row"]) == ("panel", 1)
    assert duplicate["partner_row"] == 1
    conflict = next(one for one in ledger if one["reason"] == "answer_conflict" and one["row"] == 11)
    assert by_id[conflict["partner"]]["row"] == 1
    assert "10" in conflict["detail"]
    assert "9" in conflict["detail"]
    leak = next(one for one in ledger if one["reason"] == "benchmark_exact")
    assert leak["partner"] == "bench/0"


def test_examples_say_who_wrote_and_who_judged_them(examples: list[dict[str, Any]]) -> None:
    (accepted,) = [one for one in examples if one["source"] == "panel" and one["source_row"] == 1]
    assert accepted["selection"]["decision"] == "accepted"
    assert accepted["selection"]["annotator"] == People().called("bo")
    assert accepted["verification"]["reference"] == "independent"
    assert accepted["verification"]["verdict"] == "equal"
    assert accepted["licence"] == "CC-BY-4.0"
    programs = {one["format"]: one["verification"]["programs"] for one in examples if one["source"] == "school"}
    assert programs == {"cot": 0, "pot": 1, "tir": 1}
    assert {one["verification"]["reference"] for one in examples if one["source"] == "school"} == {"self"}


def test_templates_are_never_split(examples: list[dict[str, Any]]) -> None:
    splits: dict[str, set[str]] = {}
    for one in examples:
        splits.setdefault(one["template_id"], set()).add(one["split"])
    assert all(len(where) == 1 for where in splits.values())
    marble_templates = {one["template_id"] for one in examples if one["source"] == "school"}
    assert len(marble_templates) == 3
    assert {one["split"] for one in examples} == {"train", "heldout"}


def test_rejected_rows_can_be_mended_and_fed_in_again(data: Path) -> None:
    rejected = [row for path in sorted((data / "rejected").glob("*.jsonl")) for row in read_lines(path)]
    records = {(one["_mathmill"]["source"], one["_mathmill"]["row"]): one for one in rejected}
    assert len(records) == len(rejected)
    mended = {key: {k: v for k, v in one.items() if k != "_mathmill"} for key, one in records.items()}
    assert mended["school", 13] == SCHOOL[13]
    assert mended["panel", 3] == PANEL[3]
    assert ("school", 2) not in mended
    why = records["school", 13]["_mathmill"]
    assert (why["reason"], why["stage"], why["format"]) == ("bad_latex", "screen", "cot")
    assert {one["format"] for one in why["also"]} == {"pot", "tir"}


def test_the_manifest_is_sealed_and_names_no_time_host_or_output(data: Path, manifest: Manifest) -> None:
    text = (data / "manifest.json").read_text(encoding="utf-8")
    assert manifest.fingerprint == manifest.computed_fingerprint()
    assert str(data) not in text
    assert list(json.loads(text)) == [name for name in Manifest.model_fields if name != "rules"]  # none ran
    for one in [*manifest.shards, *manifest.ledger]:
        assert sha256_of(data / one.path) == one.sha256
        assert (data / one.path).stat().st_size == one.bytes
    assert [one.sha256 for one in manifest.inputs] == [
        sha256_of(data.parent / f"{name}.jsonl") for name in ("school", "panel", "dialogues")
    ]
    assert manifest.benchmarks[0].items == 1
    assert manifest.licence == "CC-BY-4.0 AND MIT"


def test_the_data_set_library_finds_both_splits(
    data: Path, manifest: Manifest, examples: list[dict[str, Any]], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(datasets.config, "HF_HUB_OFFLINE", True)
    loaded = datasets.load_dataset(str(data), cache_dir=str(tmp_path))
    assert {split: len(rows) for split, rows in loaded.items()} == manifest.splits
    ids = [one["id"] for split in ("heldout", "train") for one in loaded[split]]
    assert sorted(ids) == sorted(one["id"] for one in examples)


def test_curating_what_was_curated_removes_nothing(data: Path, manifest: Manifest, tmp_path: Path) -> None:
    kept = read_streams(data, "shards/*.arrow")
    forms = ("cot", "tir")
    sources = []
    for form in forms:
        rows = [
            {"q": one["question"], "s": _laid_out(one), "a": one["answer"]} for one in kept if one["format"] == form
        ]
        columns = {"question": "q", "solution": "s", "answer": "a"}
        path = write_rows(tmp_path / f"{form}.jsonl", rows)
        sources.append(source(path, form, adapter="columns", format=form, columns=columns))
    again = curate(config_of(*sources), tmp_path / "again")
    assert again.counts.kept == again.counts.candidates == sum(manifest.formats[form].kept for form in forms)


def _laid_out(example: dict[str, Any]) -> str:
    fences = {"code": "```python\n{}\n```", "output": "```output\n{}\n```", "text": "{}"}
    return "\n".join(fences[one["kind"]].format(one["text"]) for one in example["segments"])


def curate_rows(
    folder: Path, rows: list[dict[str, Any]], *, skip: tuple[str, ...] = ("verify",), **curate_table: Any
) -> Manifest:
    """Curates one source of GSM8K rows; without programs unless asked, because processes take seconds to start."""
    settings = curate_table.pop("source", {})
    school = source(write_rows(folder / "rows.jsonl", rows), **settings)
    return curate(config_of(school, skip=list(skip), **curate_table), folder / "data")


def reasons(folder: Path) -> dict[tuple[int, str | None], str | None]:
    return {(one["row"], one["format"]): one["reason"] for one in read_streams(folder / "data", "ledger/*.arrow")}


BROKEN = [{**row, "answer": "#### "} for row in marbles(3)]


def test_a_rule_that_takes_too_much_stops_the_run_before_publication(tmp_path: Path) -> None:
    with pytest.raises(RunFailedError, match=r"missing_field takes 60% of school \(3 of 5 candidates\)"):
        curate_rows(tmp_path, [*marbles(2), *BROKEN])
    assert data_bytes(tmp_path / "data") == {}


def test_an_accepted_or_smaller_loss_is_no_alarm(tmp_path: Path) -> None:
    accepted = curate_rows(tmp_path, [*marbles(2), *BROKEN], wipeout={"accept": ["school:missing_field"]})
    assert accepted.counts.removed == 3
    half = curate_rows(tmp_path / "half", [*marbles(3), *BROKEN])
    assert (half.counts.kept, half.counts.removed) == (3, 3)


def test_a_draft_is_published_and_says_so_everywhere(tmp_path: Path) -> None:
    school = source(write_rows(tmp_path / "rows.jsonl", [*marbles(2), *BROKEN]))
    manifest = curate(config_of(school, skip=["verify"]), tmp_path / "data", draft=True)
    assert manifest.draft
    assert read_manifest(tmp_path / "data").draft
    assert "DRAFT" in (tmp_path / "data/README.md").read_text(encoding="utf-8")
    final = curate(config_of(school, skip=["verify"], wipeout={"limit": 1}), tmp_path / "data")
    assert not final.draft
    assert "DRAFT" not in (tmp_path / "data/README.md").read_text(encoding="utf-8")


def test_every_stage_may_be_left_out_and_the_manifest_says_so(tmp_path: Path) -> None:
    stages = ("select", "screen", "decontaminate", "collapse", "verify", "identify", "label", "balance")
    row = marbles(1)[0]
    bench = write_rows(tmp_path / "bench.jsonl", [row])
    benchmarks = [{"name": "bench", "path": str(bench)}]
    rows = [row, row, gsm8k_row(row["question"], "1+1=2", 2)]
    manifest = curate_rows(tmp_path, rows, skip=stages, benchmarks=benchmarks)
    assert manifest.skipped == list(stages)
    assert manifest.isolation is None
    assert manifest.counts.kept == 3
    examples = read_streams(tmp_path / "data", "shards/*.arrow")
    assert [one["id"].count("-") for one in examples] == [1, 2, 1]
    assert all(one["problem_id"] == one["template_id"] == one["id"].split("-")[0] for one in examples)
    assert {one["verification"]["verdict"] for one in examples} == {"unverified"}


def test_caps_bound_templates_problems_and_sources(tmp_path: Path) -> None:
    question = marbles(1)[0]["question"]
    other_words = [gsm8k_row(question, f"We add: 2+5=7. {word}.", 7) for word in ("Good", "Fine", "Done")]
    rows = [*marbles(9), *other_words]
    caps = {"problem": 2, "template": 2, "source": 6}
    manifest = curate_rows(tmp_path, rows, balance={"caps": caps})
    assert manifest.removed_by_reason["solution_cap"] == 2
    assert manifest.counts.kept == 6
    examples = read_streams(tmp_path / "data", "shards/*.arrow")
    problems: dict[str, set[str]] = {}
    for one in examples:
        problems.setdefault(one["template_id"], set()).add(one["problem_id"])
    assert max(map(len, problems.values())) == 2
    assert max(Counter(one["problem_id"] for one in examples).values()) <= 2


def test_quotas_bound_what_they_match_and_nothing_else(tmp_path: Path) -> None:
    derive = {"derive": ["pot", "tir"]}
    quotas = [{"where": {"format": "pot"}, "max": 3}, {"where": {"format": "tir"}, "share": 0.25}]
    manifest = curate_rows(tmp_path, marbles(9), balance={"quotas": quotas}, source=derive)
    assert manifest.formats["cot"].kept == 9
    assert manifest.formats["pot"].kept == 3
    assert manifest.formats["tir"].kept == int(0.25 * (27 - 6))
    assert manifest.removed_by_reason == {"over_quota": 6 + 9 - 5}


@pytest.mark.parametrize(
    ("outputs", "ends_as", "recorded"),
    [("keep", None, "234"), ("check", "output_mismatch", None), ("regenerate", None, "243")],
)
def test_recorded_outputs_are_kept_checked_or_regenerated(
    outputs: str, ends_as: str | None, recorded: str | None, tmp_path: Path
) -> None:
    path = write_rows(tmp_path / "rows.jsonl", [DIALOGUES[1]])
    columns = {"question": "q", "solution": "s"}
    dialogues = source(path, adapter="columns", format="tir", columns=columns)
    curate(config_of(dialogues, verify={"outputs": outputs}, wipeout={"limit": 1}), tmp_path / "data")
    assert [one["reason"] for one in read_streams(tmp_path / "data", "ledger/*.arrow")] == [ends_as]
    examples = read_streams(tmp_path / "data", "shards/*.arrow")
    texts = [segment["text"] for one in examples for segment in one["segments"] if segment["kind"] == "output"]
    assert texts == ([recorded] if recorded else [])


def test_what_is_trimmed_leaves_the_data_and_stands_in_the_ledger(tmp_path: Path) -> None:
    row = {"q": "How many marbles are 2 and 2?", "s": "2 + 2 = 4, so \\boxed{4} marbles. I hope that this helps you!"}
    path = write_rows(tmp_path / "rows.jsonl", [row])
    talk = source(path, adapter="columns", format="cot", columns={"question": "q", "solution": "s"})
    curate(config_of(talk), tmp_path / "whole")
    [whole] = read_streams(tmp_path / "whole", "shards/*.arrow")
    assert whole["quality"]["trailing_chars"] == len("I hope that this helps you!")
    curate(config_of(talk, verify={"trim": True}), tmp_path / "data")
    [example] = read_streams(tmp_path / "data", "shards/*.arrow")
    [line] = read_streams(tmp_path / "data", "ledger/*.arrow")
    [segment] = example["segments"]
    assert segment["text"] == "2 + 2 = 4, so \\boxed{4} marbles."
    assert example["quality"]["solution_chars"] == len(segment["text"])
    assert {name: example["quality"][name] for name in ("trailing_chars", "equations", "equations_checked")} == {
        "trailing_chars": 0, "equations": 1, "equations_checked": 1,
    }  # fmt: skip
    assert (line["outcome"], line["detail"]) == ("kept", "cut behind the final answer: 'I hope that this helps you!'")


def test_a_dead_parents_child_takes_nobody_with_it(tmp_path: Path) -> None:
    rows = []
    for a in range(3, 9):
        question = f"Ida plants {a} rows of 6 trees. How many trees?"
        rows.append(gsm8k_row(question, rf"\[ {a}*6=<<{a}*6={a * 6}>>{a * 6} trees.", a * 6))
        rows.append(gsm8k_row(question, f"She plants {a}*6=<<{a}*6={a * 6}>>{a * 6} trees.", a * 6))
    curate_rows(tmp_path, rows, source={"derive": ["pot"]})
    for (row, form), reason in reasons(tmp_path).items():
        assert reason == (None if row % 2 else "bad_latex"), (row, form)


def test_equal_solutions_with_unequal_references_are_no_duplicates(tmp_path: Path) -> None:
    rows = [{"q": "What is 6 times 7?", "s": "It is 42. The answer is 42.", "a": a} for a in ("42", "41", "42.0", None)]
    columns = {"question": "q", "solution": "s", "answer": "a"}
    panel = source(write_rows(tmp_path / "p.jsonl", rows), adapter="columns", format="cot", columns=columns)
    curate(config_of(panel, wipeout={"limit": 1}), tmp_path / "data")
    ended = {rows[one["row"]]["a"]: one["reason"] for one in read_streams(tmp_path / "data", "ledger/*.arrow")}
    assert ended["41"] == "answer_mismatch"
    assert sorted(str(ended[a]) for a in ("42", "42.0", None)) == [
        "answer_conflict", "exact_duplicate", "exact_duplicate",
    ]  # fmt: skip


def test_twins_share_the_fate_of_their_problem_when_nothing_is_collapsed(tmp_path: Path) -> None:
    row = marbles(1)[0]
    other = gsm8k_row(row["question"], "So 1+1=<<1+1=2>>2 marbles, as everybody knows.", 2)
    manifest = curate_rows(tmp_path, [row, row, other, other], skip=("verify", "collapse"), wipeout={"limit": 1})
    assert manifest.quarantined_by_reason["answer_conflict"] + manifest.removed_by_reason.get("near_duplicate", 0) == 4


def variant_of(row: dict[str, Any], *, items: Path, name: str, policy: str) -> dict[str, Any]:
    """A benchmark whose one item is the row with other numbers."""
    item = {"question": re.sub(r"\d+", lambda number: str(int(number[0]) + 40), row["question"])}
    path = write_rows(items / f"{name}.jsonl", [item])
    return {"name": name, "path": str(path), "answer": None, "variants": policy}


@pytest.mark.parametrize(("policy", "outcome"), [("quarantine", "quarantined"), ("remove", "removed")])
def test_variants_end_as_their_benchmark_asks(policy: str, outcome: str, tmp_path: Path) -> None:
    rows = marbles(3)
    bench = variant_of(rows[0], items=tmp_path, name="bench", policy=policy)
    manifest = curate_rows(tmp_path, rows, benchmarks=[bench], source={"derive": ["pot"]})
    ended = {(one["row"], one["format"]): one for one in read_streams(tmp_path / "data", "ledger/*.arrow")}
    assert [ended[0, form]["outcome"] for form in ("cot", "pot")] == [outcome, outcome]
    assert {ended[row, "cot"]["outcome"] for row in (1, 2)} == {"kept"}
    both = {"removed": manifest.removed_by_reason, "quarantined": manifest.quarantined_by_reason}
    assert both.pop(outcome) == {"benchmark_variant": 2}
    assert list(both.values()) == [{}]
    (rejected,) = read_lines(next((tmp_path / "data/rejected").glob("*.jsonl")))
    assert rejected["_mathmill"]["outcome"] == outcome
    checks = {one.name: one.status for one in validate(tmp_path / "data").checks}
    assert checks["reasons_agree"] == "passed"


def test_the_stricter_of_two_policies_holds_and_every_count_has_both(tmp_path: Path) -> None:
    rows = marbles(3)
    benchmarks = [
        variant_of(rows[0], items=tmp_path, name="mild", policy="quarantine"),
        variant_of(rows[0], items=tmp_path, name="strict", policy="remove"),
        variant_of(rows[1], items=tmp_path, name="other", policy="quarantine"),
    ]
    manifest = curate_rows(tmp_path, rows, benchmarks=benchmarks, wipeout={"limit": 1})
    ended = {one["row"]: one for one in read_streams(tmp_path / "data", "ledger/*.arrow")}
    assert [ended[row]["partner"] for row in range(3)] == ["strict/0", "other/0", None]
    assert [(ended[row]["benchmark"], ended[row]["item"]) for row in range(3)] == [
        ("strict", 0),
        ("other", 0),
        (None, None),
    ]
    assert (manifest.removed_by_reason, manifest.quarantined_by_reason) == (
        {"benchmark_variant": 1},
        {"benchmark_variant": 1},
    )
    assert "| benchmark_variant | 2 |" in (tmp_path / "data/README.md").read_text(encoding="utf-8")


def test_no_published_file_holds_what_the_environment_gave(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    store = tmp_path / "token-s3cret"
    write_rows(store / "rows.jsonl", marbles(3))
    monkeypatch.setenv("STORE", str(store))
    config = tmp_path / "config.yaml"
    config.write_text(
        "curate:\n  sources:\n  - {name: school, path: '${STORE}/rows.jsonl', adapter: gsm8k, licence: MIT}\n"
    )
    output = tmp_path / "data"
    curate(load_config(config), output)
    published = [path for path in output.rglob("*") if path.is_file() and ".work" not in path.parts]
    assert not [path for path in published if b"s3cret" in path.read_bytes()]
    manifest = read_manifest(output)
    assert [file.path for file in manifest.inputs] == ["${STORE}/rows.jsonl"]
    assert manifest.config["sources"][0]["path"] == "${STORE}/rows.jsonl"
