import re

from schemas.reason import RULES, Outcome, Reason, Stage


def test_every_reason_has_a_rule_and_the_table_stands_in_the_order_of_the_line() -> None:
    assert set(RULES) == set(Reason)
    stages = list(Stage)
    places = [stages.index(rule.stage) for rule in RULES.values()]
    assert places == sorted(places)


def test_a_reason_removes_or_quarantines_and_says_why_in_a_few_words() -> None:
    for reason, rule in RULES.items():
        assert rule.outcome in (Outcome.REMOVED, Outcome.QUARANTINED), reason
        assert 10 < len(rule.meaning) < 110, reason
        assert not rule.meaning.endswith("."), reason
        assert re.fullmatch(r"[a-z]+(_[a-z]+)*", reason.value)


def test_codes_are_never_renamed() -> None:
    promised = """parse_error bad_encoding missing_field unsupported control_characters bad_segments bad_latex no_answer
        ambiguous_answer too_short too_long truncated needs_figure proof_only wrong_language not_selected low_agreement
        forbidden_licence benchmark_exact benchmark_ngram benchmark_paraphrase benchmark_variant exact_duplicate
        near_duplicate duplicate_of_earlier answer_mismatch answer_unknown rationale_mismatch arithmetic_error
        program_error program_timeout program_memory program_output_limit program_forbidden program_nondeterministic
        judge_crash output_mismatch format_disagreement answer_conflict suspect_gold template_cap solution_cap
        over_quota"""
    assert set(promised.split()) <= {reason.value for reason in Reason}
