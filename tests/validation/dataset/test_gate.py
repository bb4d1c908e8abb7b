"""An honest data set passes, and each lie about it is named by the check that caught it."""

import copy
import json
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from schemas.example import EXAMPLE_SCHEMA, SCHEMA_VERSION
from schemas.exits import UserError
from schemas.manifest import MANIFEST
from schemas.requirements import Expectation, Recheck, Validate
from schemas.verdict import Status, Verdict
from tests.validation.dataset.handmade import (
    BENCHMARK_ITEMS,
    edit_manifest,
    example,
    examples,
    ledger_of,
    removals,
    write_data,
    write_stream,
)
from validation.dataset import gate, shard
from validation.dataset.facts import measure
from validation.dataset.suite import Suite

CONFIG = Validate(recheck=Recheck(sample=0))
AGAIN = Validate(recheck=Recheck(sample=6))


def judge(folder: Path, config: Validate = CONFIG, *, draft: bool = False) -> Verdict:
    return gate.judge(folder, config, draft=draft).verdict


def failed(verdict: Verdict) -> set[str]:
    assert (verdict.status is Status.FAILED) == any(one.status is Status.FAILED for one in verdict.checks)
    return {check.name for check in verdict.checks if check.status is Status.FAILED}


def lie(rows: list[dict[str, Any]], at: int, **changes: Any) -> list[dict[str, Any]]:
    rows = copy.deepcopy(rows)
    rows[at] |= changes
    return rows


def test_an_honest_data_set_passes(tmp_path):
    verdict = judge(write_data(tmp_path, shards=2), AGAIN)
    assert failed(verdict) == set()
    assert verdict.status is Status.PASSED
    assert sorted(verdict.shards) == [
        "shards/heldout-00000-of-00001.arrow",
        "shards/train-00000-of-00002.arrow",
        "shards/train-00001-of-00002.arrow",
    ]
    by_name = {check.name: check for check in verdict.checks}
    assert by_name["answers_verified"].checked == 72
    assert by_name["no_benchmark_leak"].checked == 72
    assert by_name["answers_hold"].status is Status.PASSED
    assert by_name["programs_reproduce"].status is Status.PASSED
    assert by_name["confidence_is_share"].status is Status.NOT_CHECKED


def test_a_fact_stands_beside_its_limit_whether_it_holds_or_not(tmp_path):
    config = Validate(min_heldout=100, recheck=Recheck(sample=0))
    by_name = {check.name: check for check in judge(write_data(tmp_path), config).checks}
    assert by_name["heldout_present"].status is Status.FAILED
    assert by_name["heldout_present"].detail.endswith(": 9 (at least 100)")
    assert by_name["rows_present"].status is Status.PASSED
    assert by_name["rows_present"].detail.endswith(": 72 (at least 1)")
    assert by_name["templates_spread"].detail.endswith(": 0.0417 (at most 0.2)")
    assert by_name["topics_spread"].detail.endswith(": 1 (at least 0.3)")
    assert by_name["ledger_complete"].detail == "1 file, as the manifest says"
    assert by_name["shards_complete"].detail == "2 files, as the manifest says"


@pytest.mark.parametrize(
    ("topics", "status"),
    [([None], Status.NOT_CHECKED), (["one", "two"], Status.PASSED), (["one"] * 23 + ["two"], Status.WARNING)],
)
def test_a_fact_that_has_no_value_is_not_checked(tmp_path, topics, status):
    rows = [row | {"topic": topics[at % len(topics)]} for at, row in enumerate(examples())]
    check = next(one for one in judge(write_data(tmp_path, rows)).checks if one.name == "topics_spread")
    assert check.status is status
    assert check.checked == (status is not Status.NOT_CHECKED)


def test_a_flipped_byte_is_named(tmp_path):
    path = write_data(tmp_path) / "shards/train-00000-of-00001.arrow"
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)
    verdict = judge(tmp_path)
    assert "shards_unchanged" in failed(verdict)
    detail = next(check.detail for check in verdict.checks if check.name == "shards_unchanged")
    assert "shards/train-00000-of-00001.arrow: bytes changed" in detail


def test_an_added_shard_is_named(tmp_path):
    write_data(tmp_path)
    write_stream(tmp_path / "shards/train-00001-of-00002.arrow", [example(99, "cot")], EXAMPLE_SCHEMA)
    assert failed(judge(tmp_path)) == {"shards_complete"}


def test_a_missing_shard_is_named_and_no_rule_passes_without_its_rows(tmp_path):
    write_data(tmp_path)
    (tmp_path / "shards/train-00000-of-00001.arrow").unlink()
    verdict = judge(tmp_path)
    assert {"shards_complete", "shards_readable", "ledger_agrees_with_shards"} <= failed(verdict)
    rule = next(check for check in verdict.checks if check.name == "answers_verified")
    assert rule.status is Status.FAILED
    assert "of 72 rows" in rule.detail


def test_a_truncated_shard_is_a_verdict_and_no_crash(tmp_path):
    path = write_data(tmp_path) / "shards/train-00000-of-00001.arrow"
    path.write_bytes(path.read_bytes()[:3000])
    assert {"shards_unchanged", "shards_readable"} <= failed(judge(tmp_path))


def test_an_edited_manifest_is_not_sealed(tmp_path):
    edit_manifest(write_data(tmp_path), reseal=False, counts__kept=73)
    assert "manifest_sealed" in failed(judge(tmp_path))


def test_a_sum_that_does_not_add_up_is_caught_even_in_a_sealed_manifest(tmp_path):
    edit_manifest(write_data(tmp_path), reseal=True, counts__removed=2, removed_by_reason={"answer_mismatch": 2})
    verdict = judge(tmp_path)
    assert {"sum_adds_up", "reasons_agree"} <= failed(verdict)
    assert "does not add up" in next(check.detail for check in verdict.checks if check.name == "sum_adds_up")


def test_formats_and_sources_of_the_manifest_are_counted_again(tmp_path):
    edit_manifest(
        write_data(tmp_path),
        reseal=True,
        formats__pot={"candidates": 25, "kept": 25, "removed": 0, "quarantined": 0},
    )
    assert failed(judge(tmp_path)) == {"formats_agree", "shards_hold_what_is_claimed"}


def test_a_candidate_lost_without_a_ledger_entry_is_caught(tmp_path):
    rows = examples()
    write_data(tmp_path, rows[:-1], ledger=ledger_of(rows, removals()))
    assert {"ledger_agrees_with_shards", "shards_hold_what_is_claimed"} <= failed(judge(tmp_path))


def test_a_duplicate_id_over_two_shards_is_caught(tmp_path):
    rows = lie(examples(), 3, id="r0000-cot")
    assert {"ids_unique", "ledger_ids_unique"} <= failed(judge(write_data(tmp_path, rows)))


def test_an_example_that_stands_twice_is_caught(tmp_path):
    twin = copy.deepcopy(examples()[0]) | {"id": "r9000-cot", "source_row": 9000}
    assert failed(judge(write_data(tmp_path, [*examples(), twin]))) == {"no_exact_duplicates"}


def test_a_null_in_a_required_column_is_caught_with_its_id(tmp_path):
    verdict = judge(write_data(tmp_path, lie(examples(), 4, licence=None)))
    assert "required_values_present" in failed(verdict)
    check = next(check for check in verdict.checks if check.name == "required_values_present")
    assert check.ids == [examples()[4]["id"]]


def test_a_null_inside_a_segment_is_caught(tmp_path):
    rows = lie(examples(), 0, segments=[{"kind": "text", "text": None}])
    assert "required_values_present" in failed(judge(write_data(tmp_path, rows)))


@pytest.mark.parametrize(
    ("version", "why"),
    [
        ("1.0.9", f"version 1.0.9, but the manifest says {SCHEMA_VERSION}"),
        ("2.0.0", "version 2.0.0 cannot be read; this mathmill reads 1.x"),
        ("newest", "version newest cannot be read; this mathmill reads 1.x"),
    ],
)
def test_another_schema_version_in_a_shard_is_caught(version, why, tmp_path):
    other = EXAMPLE_SCHEMA.with_metadata({"name": "mathmill.example", "version": version})
    verdict = judge(write_data(tmp_path, schema=other))
    assert {"schema_equals_contract", "shards_readable"} <= failed(verdict)
    detail = next(check.detail for check in verdict.checks if check.name == "schema_equals_contract")
    assert why in detail


def test_another_column_type_is_caught(tmp_path):
    at = EXAMPLE_SCHEMA.get_field_index("difficulty")
    other = EXAMPLE_SCHEMA.set(at, pa.field("difficulty", pa.int64()))
    assert "schema_equals_contract" in failed(judge(write_data(tmp_path, schema=other)))


def test_a_heldout_problem_in_train_is_caught(tmp_path):
    rows = lie(examples(), 0, problem_id="p0007", template_id="t0007")
    names = failed(judge(write_data(tmp_path, rows)))
    assert names == {"splits_disjoint_by_problem", "splits_disjoint_by_template"}


def test_an_example_in_the_wrong_split_is_caught(tmp_path):
    write_data(tmp_path)
    path = tmp_path / "shards/heldout-00000-of-00001.arrow"
    raw = json.loads((tmp_path / MANIFEST).read_text("utf-8"))
    write_stream(path, [example(7, one) | {"split": "train"} for one in ("cot", "pot", "tir")], EXAMPLE_SCHEMA)
    raw["shards"][-1]["rows"] = 3
    edit_manifest(tmp_path, reseal=True, shards=raw["shards"])
    assert {"splits_as_filed", "shards_unchanged"} <= failed(judge(tmp_path))


def test_a_wrong_answer_is_caught_by_math_verify_alone(tmp_path):
    rows = examples(2)
    wrong = [{"kind": "text", "text": "It is easy: \\boxed{8}."}]
    assert failed(judge(write_data(tmp_path, lie(rows, 0, segments=wrong)), AGAIN)) == {"answers_hold"}


def test_a_program_that_gives_another_value_is_caught(tmp_path):
    wrong = [{"kind": "code", "text": "have = 3\nprint(have + 3)"}]
    assert failed(judge(write_data(tmp_path, lie(examples(2), 1, segments=wrong)), AGAIN)) == {"programs_reproduce"}


def test_a_program_that_does_not_print_its_answer_is_caught(tmp_path):
    silent = [{"kind": "code", "text": "have = 3\nfound = 2\nhave + found\nNone"}]
    assert failed(judge(write_data(tmp_path, lie(examples(2), 1, segments=silent)), AGAIN)) == {"programs_reproduce"}


def test_a_recorded_output_that_its_code_does_not_print_is_caught(tmp_path):
    segments = copy.deepcopy(examples(2)[2]["segments"])
    segments[2]["text"] = "6"
    assert failed(judge(write_data(tmp_path, lie(examples(2), 2, segments=segments)), AGAIN)) == {"programs_reproduce"}


def test_what_a_person_accepted_over_the_judge_is_not_held_against_the_data(tmp_path):
    by_people = examples()[0]["verification"] | {"path": "human"}
    answer = [{"kind": "text", "text": "It is easy: \\boxed{8}."}]
    program = [{"kind": "code", "text": "have = 3\nprint(have + 3)"}]
    rows = lie(examples(2), 0, segments=answer, verification=by_people)
    rows = lie(rows, 1, segments=program, verification=by_people | {"programs": 1})
    verdict = judge(write_data(tmp_path, rows), AGAIN)
    assert failed(verdict) == set()
    checked = {check.name: check.checked for check in verdict.checks}
    assert (checked["answers_hold"], checked["programs_reproduce"]) == (3, 3)


def test_an_answer_that_nobody_verified_is_caught(tmp_path):
    unverified = {"verdict": "unknown", "path": None, "reference": "self", "programs": 0}
    names = failed(judge(write_data(tmp_path, lie(examples(), 0, verification=unverified))))
    assert names == {"answers_verified"}


@pytest.mark.parametrize(
    "question",
    [
        BENCHMARK_ITEMS[0][0].upper().replace(" ", "  "),
        "Here is one for you. " + BENCHMARK_ITEMS[0][0].replace("are there?", "are there? Show each step."),
    ],
)
def test_a_benchmark_item_is_caught_whole_or_by_ten_words_and_its_numbers(tmp_path, question):
    verdict = judge(write_data(tmp_path, lie(examples(), 0, question=question)))
    assert failed(verdict) == {"no_benchmark_leak"}
    check = next(check for check in verdict.checks if check.name == "no_benchmark_leak")
    assert check.ids == ["r0000-cot"]


def test_ten_shared_words_with_other_numbers_are_no_leak(tmp_path):
    question = BENCHMARK_ITEMS[0][0].replace("17", "18")
    assert failed(judge(write_data(tmp_path, lie(examples(), 0, question=question)))) == set()


def test_a_benchmark_item_in_a_docstring_is_caught(tmp_path):
    code = f'"""{BENCHMARK_ITEMS[0][0]}"""\nprint(17 + 24 - 36)'
    rows = lie(examples(), 1, segments=[{"kind": "code", "text": code}])
    assert failed(judge(write_data(tmp_path, rows))) == {"no_benchmark_leak"}


def test_without_benchmark_items_contamination_is_not_checked_and_never_passed(tmp_path):
    verdict = judge(write_data(tmp_path, benchmarks=[]))
    check = next(check for check in verdict.checks if check.name == "no_benchmark_leak")
    assert check.status is Status.NOT_CHECKED


def test_benchmark_items_that_went_missing_are_caught(tmp_path):
    (write_data(tmp_path) / "benchmarks.arrow").unlink()
    assert "benchmarks_stored" in failed(judge(tmp_path))


@pytest.mark.parametrize("benchmarks", [None, []])
@pytest.mark.parametrize("content", [b"", b"\xff\xfe[]{}" * 10, None])
def test_benchmark_items_that_cannot_be_read_close_the_gate(tmp_path, content, benchmarks):
    path = write_data(tmp_path, benchmarks=benchmarks) / "benchmarks.arrow"
    path.write_bytes(path.read_bytes()[:200] if content is None else content)
    check = next(check for check in judge(tmp_path).checks if check.name == "benchmarks_stored")
    assert check.status is Status.FAILED
    assert "benchmarks.arrow: cannot be read: " in f"{check.detail} {check.ids}"


def test_benchmark_items_that_are_no_text_close_the_gate(tmp_path):
    path = write_data(tmp_path) / "benchmarks.arrow"
    content = path.read_bytes()
    item = content.index(b"farm")
    path.write_bytes(content[:item] + b"\xff" + content[item + 1 :])
    assert "benchmarks_stored" in failed(judge(tmp_path))


def test_empty_data_fails(tmp_path):
    verdict = judge(write_data(tmp_path, []))
    assert {"rows_present", "train_present"} <= failed(verdict)
    assert [check.name for check in verdict.checks if check.status is Status.PASSED and not check.checked] == []


def test_an_empty_suite_fails(tmp_path, monkeypatch):
    monkeypatch.setattr(gate, "build_suite", lambda **_: Suite((), ()))
    assert "suite" in failed(judge(write_data(tmp_path)))


def test_each_broken_row_is_named_by_its_rule_with_its_id(tmp_path):
    lies: list[tuple[str, int, dict[str, Any]]] = [
        ("segments_fit_format", 0, {"segments": [{"kind": "code", "text": "print(5)"}]}),
        ("programs_executed", 1, {"verification": examples()[1]["verification"] | {"programs": 0}}),
        ("weight_positive", 2, {"weight": 0.0}),
        ("layout_reads_back", 3, {"segments": [{"kind": "text", "text": "a\n```python\nb\n```\n\\boxed{5}"}]}),
        ("author_known", 4, {"author": "somebody"}),
        ("question_without_control", 5, {"question": "What is \x0crac{1}{2} of ten?"}),
        ("not_rejected_by_humans", 6, {"selection": {"decision": "rejected"}}),
        ("format_known", 9, {"format": "prose"}),
        ("solution_present", 12, {"segments": []}),
        ("answers_verified", 15, {"verification": examples()[15]["verification"] | {"verdict": "unknown"}}),
        ("language_coded", 16, {"language": "English"}),
        ("agreement_is_share", 17, {"selection": {"agreement": 1.5}}),
    ]
    rows = examples()
    for _, at, changes in lies:
        rows = lie(rows, at, **changes)
    checks = {check.name: check for check in judge(write_data(tmp_path, rows)).checks}
    for name, at, _ in lies:
        assert checks[name].status is Status.FAILED, name
        assert rows[at]["id"] in checks[name].ids, name
    assert checks["segments_fit_format"].ids == ["r0000-cot", "r0003-cot", "r0004-cot"]
    assert checks["programs_executed"].ids == ["r0000-cot", "r0000-pot"]
    counted_alone = {name for name, _, _ in lies} - {"segments_fit_format", "programs_executed"}
    assert {checks[name].unexpected for name in counted_alone} == {1}


def test_a_warning_shows_and_does_not_close_the_gate(tmp_path):
    rows = [lie([row], 0, question=row["question"] + " \\frac{1}{2")[0] for row in examples()]
    verdict = judge(write_data(tmp_path, rows))
    assert verdict.status is Status.PASSED
    check = next(check for check in verdict.checks if check.name == "question_latex_balanced")
    assert (check.status, check.unexpected) == (Status.WARNING, 72)


def test_a_skipped_stage_is_no_failure_but_shows(tmp_path):
    unverified = {"verdict": "unverified", "path": None, "reference": "self", "programs": 0}
    rows = [row | {"verification": unverified} for row in examples()]
    verdict = judge(write_data(tmp_path, rows, skipped=("verify",)))
    assert verdict.status is Status.PASSED
    check = next(check for check in verdict.checks if check.name == "no_stage_skipped")
    assert check.status is Status.WARNING
    assert "verify" in check.detail


def test_a_draft_fails_unless_it_is_asked_for(tmp_path):
    write_data(tmp_path, draft=True)
    assert failed(judge(tmp_path)) == {"not_a_draft"}
    verdict = judge(tmp_path, draft=True)
    assert (verdict.status, verdict.draft) == (Status.PASSED, True)


def test_an_expectation_of_the_users_own_counts(tmp_path):
    own = [
        Expectation(type="expect_column_value_lengths_to_be_between", kwargs={"column": "question", "min_value": 80}),
        Expectation(
            type="expect_column_values_to_be_between",
            kwargs={"column": "largest_source_share", "max_value": 0.5},
            severity="warning",
        ),
        Expectation(type="expect_column_mean_to_be_between", kwargs={"column": "difficulty", "min_value": 4}),
    ]
    verdict = judge(write_data(tmp_path), CONFIG.model_copy(update={"expectations": own}))
    statuses = {check.name: check.status for check in verdict.checks if check.name.startswith("own_")}
    assert list(statuses.values()) == [Status.FAILED, Status.FAILED, Status.WARNING]
    assert "whatever" not in statuses


def test_an_unknown_expectation_cannot_start(tmp_path):
    own = [Expectation(type="expect_column_values_to_be_betwen", kwargs={"column": "weight"})]
    with pytest.raises(UserError, match="did you mean `expect_column_values_to_be_between`"):
        judge(write_data(tmp_path), CONFIG.model_copy(update={"expectations": own}))


def test_an_expectation_on_an_unknown_column_fails_and_does_not_pass(tmp_path):
    own = [Expectation(type="expect_column_values_to_not_be_null", kwargs={"column": "gone"}, severity="warning")]
    verdict = judge(write_data(tmp_path), CONFIG.model_copy(update={"expectations": own}))
    assert len(failed(verdict)) == 1


def test_the_verdict_is_the_same_however_the_data_is_sharded(tmp_path):
    one = judge(write_data(tmp_path / "one", shards=1))
    five = judge(write_data(tmp_path / "five", shards=5))
    without = {"shards_complete", "shards_unchanged", "shards_readable", "schema_equals_contract"}
    assert [c for c in one.checks if c.name not in without] == [c for c in five.checks if c.name not in without]


def crashed(crashes: int, of: int) -> list[dict[str, Any]]:
    """Quarantined rows beside the 72 of an honest data set, so that candidates are `of` in all."""
    lost = removals()[2]
    reasons = [("stage_crash", "judge_crash")[at % 2] if at < crashes else "answer_unknown" for at in range(of - 72)]
    return [
        lost | {"id": f"y{at:04d}-cot", "row_id": f"y{at:04d}", "row": 900 + at, "stage": "verify", "reason": reason}
        for at, reason in enumerate(reasons)
    ]


@pytest.mark.parametrize(("crashes", "closed"), [(0, False), (1, False), (2, True)])
def test_more_than_one_candidate_in_a_thousand_that_made_us_fail_closes_the_gate(tmp_path, crashes, closed):
    verdict = judge(write_data(tmp_path, lost=crashed(crashes, 1000)))
    assert failed(verdict) == ({"few_crashes"} if closed else set())
    check = next(check for check in verdict.checks if check.name == "few_crashes")
    assert check.checked == 1000
    assert check.unexpected == (crashes if closed else 0)
    assert ("1 candidate with stage_crash" in check.detail) is (crashes > 0)


def test_an_example_that_makes_the_judge_fail_is_named_and_the_others_are_judged(tmp_path, monkeypatch):
    def measured(flat):
        assert "Endless?" not in flat["question"].to_pylist()
        return measure(flat)

    monkeypatch.setattr(shard, "measure", measured)
    verdict = judge(write_data(tmp_path, lie(examples(), 4, question="Endless?")))
    check = next(check for check in verdict.checks if check.name == "examples_judged")
    assert (check.status, check.ids) == (Status.FAILED, [examples()[4]["id"]])
    assert "AssertionError" in check.detail
    assert next(check for check in verdict.checks if check.name == "question_chars_agree").unexpected == 0
    assert verdict.shards.keys() == judge(write_data(tmp_path / "honest")).shards.keys()
