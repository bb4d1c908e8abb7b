from pipelines.review.causes import group_of


def test_rows_of_one_reason_rule_and_benchmark_are_one_group_however_their_details_are_worded() -> None:
    reworded = {"reason": "benchmark_paraphrase", "rule": "question_reworded", "benchmark": "gsm8k", "item": 3}
    group = group_of({**reworded, "detail": "in other words"})
    assert group == group_of({**reworded, "item": 4, "detail": "worded quite otherwise"})
    assert group.name == "benchmark_paraphrase:question_reworded:gsm8k"
    assert (
        group_of({**reworded, "benchmark": "math_test"}).title == "benchmark paraphrase · question reworded · math_test"
    )
    for name, other in {"reason": "benchmark_variant", "rule": "question_translated", "benchmark": "math"}.items():
        assert group_of({**reworded, name: other}) != group
    assert group_of({"reason": "answer_unknown", "rule": None, "benchmark": None}).name == "answer_unknown"
