"""Why a candidate did not become an example: the closed table of reason codes.

Codes are added, never renamed: users' scripts and ledgers hold on to them. A reason *removes* what is wrong by itself
and *quarantines* what a person could settle. Rules of a run's own (`curate.rules`) give codes of their own behind a
prefix, `rule:CODE`.
"""

import re
from dataclasses import dataclass
from enum import StrEnum


class Outcome(StrEnum):
    """How a candidate ended. kept + removed + quarantined = candidates, always."""

    KEPT = "kept"
    REMOVED = "removed"
    QUARANTINED = "quarantined"


class Stage(StrEnum):
    """The stages of curation in the order in which a candidate meets them; the first reason wins."""

    READ = "read"
    NORMALISE = "normalise"
    SELECT = "select"
    RENDER = "render"
    SCREEN = "screen"
    RULES = "rules"
    DECONTAMINATE = "decontaminate"
    COLLAPSE = "collapse"
    VERIFY = "verify"
    IDENTIFY = "identify"
    LABEL = "label"
    BALANCE = "balance"
    WRITE = "write"


class Reason(StrEnum):
    """Reason codes. `RULES` says the stage, the outcome and the meaning of each."""

    PARSE_ERROR = "parse_error"
    BAD_ENCODING = "bad_encoding"
    MISSING_FIELD = "missing_field"
    UNSUPPORTED = "unsupported"
    STAGE_CRASH = "stage_crash"
    CONTROL_CHARACTERS = "control_characters"
    NOT_SELECTED = "not_selected"
    LOW_AGREEMENT = "low_agreement"
    BAD_SEGMENTS = "bad_segments"
    BAD_LATEX = "bad_latex"
    TOO_SHORT = "too_short"
    TOO_LONG = "too_long"
    DEGENERATE = "degenerate"
    TEMPLATE_TOKENS = "template_tokens"
    PLACEHOLDER = "placeholder"
    GARBLED_TEXT = "garbled_text"
    NO_OPTIONS = "no_options"
    ANSWER_ONLY = "answer_only"
    NO_MATHEMATICS = "no_mathematics"
    REFERS_ELSEWHERE = "refers_elsewhere"
    TRUNCATED = "truncated"
    NEEDS_FIGURE = "needs_figure"
    PROOF_ONLY = "proof_only"
    WRONG_LANGUAGE = "wrong_language"
    FORBIDDEN_LICENCE = "forbidden_licence"
    BENCHMARK_EXACT = "benchmark_exact"
    BENCHMARK_NGRAM = "benchmark_ngram"
    BENCHMARK_PARAPHRASE = "benchmark_paraphrase"
    BENCHMARK_VARIANT = "benchmark_variant"
    EXACT_DUPLICATE = "exact_duplicate"
    NO_ANSWER = "no_answer"
    UNSTATED_ANSWER = "unstated_answer"
    AMBIGUOUS_ANSWER = "ambiguous_answer"
    ANSWER_MISMATCH = "answer_mismatch"
    ANSWER_UNKNOWN = "answer_unknown"
    RATIONALE_MISMATCH = "rationale_mismatch"
    ARITHMETIC_ERROR = "arithmetic_error"
    PROGRAM_ERROR = "program_error"
    PROGRAM_TIMEOUT = "program_timeout"
    PROGRAM_MEMORY = "program_memory"
    PROGRAM_OUTPUT_LIMIT = "program_output_limit"
    PROGRAM_FORBIDDEN = "program_forbidden"
    PROGRAM_NONDETERMINISTIC = "program_nondeterministic"
    PROGRAM_NEEDS_PACKAGE = "program_needs_package"
    JUDGE_CRASH = "judge_crash"
    TOO_COSTLY = "too_costly"
    OUTPUT_MISMATCH = "output_mismatch"
    NEAR_DUPLICATE = "near_duplicate"
    DUPLICATE_OF_EARLIER = "duplicate_of_earlier"
    ANSWER_CONFLICT = "answer_conflict"
    SUSPECT_GOLD = "suspect_gold"
    FORMAT_DISAGREEMENT = "format_disagreement"
    TEMPLATE_CAP = "template_cap"
    SOLUTION_CAP = "solution_cap"
    OVER_QUOTA = "over_quota"


@dataclass(frozen=True, slots=True)
class Rule:
    """What a reason code stands for."""

    stage: Stage
    outcome: Outcome
    meaning: str


CRASHES = frozenset({Reason.STAGE_CRASH, Reason.JUDGE_CRASH})
"""Our own failures on a row: no verdict on it, so nobody overrules them, and the gate allows for few."""

REFUSED_PROGRAMS = frozenset({Reason.PROGRAM_ERROR, Reason.PROGRAM_FORBIDDEN})
"""What a program does by itself, on every machine: where one does not do it again, it was the machine's doing."""

_REMOVED, _QUARANTINED = Outcome.REMOVED, Outcome.QUARANTINED

RULES: dict[Reason, Rule] = {
    Reason.PARSE_ERROR: Rule(Stage.READ, _REMOVED, "the record is not valid JSON, CSV or Arrow"),
    Reason.BAD_ENCODING: Rule(Stage.READ, _REMOVED, "the record holds bytes that are not UTF-8"),
    Reason.MISSING_FIELD: Rule(Stage.READ, _REMOVED, "a field that the adapter needs is absent or empty"),
    Reason.UNSUPPORTED: Rule(Stage.READ, _REMOVED, "the record is of a shape that the adapter does not read"),
    Reason.STAGE_CRASH: Rule(
        Stage.READ, _QUARANTINED, "a stage itself failed on this row; `detail` names stage, exception and place"
    ),
    Reason.CONTROL_CHARACTERS: Rule(
        Stage.NORMALISE,
        _REMOVED,
        "NUL or other control characters in the text (a lost backslash, most often)",
    ),
    Reason.NOT_SELECTED: Rule(
        Stage.SELECT,
        _REMOVED,
        "a human rejected it, or nobody accepted it and `require_review` is on",
    ),
    Reason.LOW_AGREEMENT: Rule(Stage.SELECT, _QUARANTINED, "too few votes, or too little agreement among them"),
    Reason.BAD_SEGMENTS: Rule(
        Stage.SCREEN,
        _REMOVED,
        "code without output, output without code, an open fence, or nothing after the last output",
    ),
    Reason.BAD_LATEX: Rule(Stage.SCREEN, _REMOVED, "braces, environments or \\[ \\] that do not balance"),
    Reason.TOO_SHORT: Rule(Stage.SCREEN, _REMOVED, "question or solution shorter than `screen.min_chars`"),
    Reason.TOO_LONG: Rule(Stage.SCREEN, _REMOVED, "the record or its text is longer than `screen.max_chars`"),
    Reason.DEGENERATE: Rule(Stage.SCREEN, _REMOVED, "a line, a fence or a phrase stands in it again and again"),
    Reason.TEMPLATE_TOKENS: Rule(
        Stage.SCREEN,
        _REMOVED,
        "the text holds marks of a chat template (`<|im_start|>`), what a model was asked, or what one says of itself",
    ),
    Reason.PLACEHOLDER: Rule(Stage.SCREEN, _REMOVED, "the text holds a placeholder (`[Your Name]`)"),
    Reason.GARBLED_TEXT: Rule(
        Stage.SCREEN, _QUARANTINED, "characters are lost, or of another encoding, and the right ones are not certain"
    ),
    Reason.NO_OPTIONS: Rule(
        Stage.SCREEN, _QUARANTINED, "the answer is a letter of options that the question does not hold"
    ),
    Reason.ANSWER_ONLY: Rule(Stage.SCREEN, _QUARANTINED, "the solution is nothing but its answer"),
    Reason.NO_MATHEMATICS: Rule(Stage.SCREEN, _QUARANTINED, "nothing in question and solution is mathematics"),
    Reason.REFERS_ELSEWHERE: Rule(
        Stage.SCREEN,
        _QUARANTINED,
        "the question takes its data from another problem, which it does not hold; only where `curate.policy` names it",
    ),
    Reason.TRUNCATED: Rule(Stage.SCREEN, _REMOVED, "the solution breaks off in the middle of a sentence or formula"),
    Reason.NEEDS_FIGURE: Rule(Stage.SCREEN, _REMOVED, "the text refers to a picture that it does not hold"),
    Reason.PROOF_ONLY: Rule(Stage.SCREEN, _REMOVED, "a proof is asked for: there is no final answer to verify"),
    Reason.WRONG_LANGUAGE: Rule(Stage.SCREEN, _REMOVED, "the text is not in the language that the source names"),
    Reason.FORBIDDEN_LICENCE: Rule(Stage.SCREEN, _REMOVED, "the source's licence is not among `allowed_licences`"),
    Reason.BENCHMARK_EXACT: Rule(Stage.DECONTAMINATE, _REMOVED, "the text of a benchmark item, formatting aside"),
    Reason.BENCHMARK_NGRAM: Rule(
        Stage.DECONTAMINATE,
        _REMOVED,
        "shares ten words in a row with a benchmark item, and its numbers (or it has none)",
    ),
    Reason.BENCHMARK_PARAPHRASE: Rule(
        Stage.DECONTAMINATE, _QUARANTINED, "a benchmark item in other words with the same numbers"
    ),
    Reason.BENCHMARK_VARIANT: Rule(
        Stage.DECONTAMINATE, _QUARANTINED, "a benchmark item with other numbers (policy `variants`)"
    ),
    Reason.EXACT_DUPLICATE: Rule(
        Stage.COLLAPSE, _REMOVED, "same question and solution as a kept candidate, formatting aside"
    ),
    Reason.NO_ANSWER: Rule(Stage.VERIFY, _REMOVED, "no final answer could be found"),
    Reason.UNSTATED_ANSWER: Rule(
        Stage.VERIFY, _QUARANTINED, "a reference came with it, and the last sentences of the solution do not state it"
    ),
    Reason.AMBIGUOUS_ANSWER: Rule(Stage.VERIFY, _QUARANTINED, "several final answers that differ by value"),
    Reason.ANSWER_MISMATCH: Rule(
        Stage.VERIFY,
        _REMOVED,
        "the solution or its program ends in another answer than the reference",
    ),
    Reason.ANSWER_UNKNOWN: Rule(Stage.VERIFY, _QUARANTINED, "answer and reference could not be compared"),
    Reason.RATIONALE_MISMATCH: Rule(Stage.VERIFY, _QUARANTINED, "no step of the rationale arrives at the final answer"),
    Reason.ARITHMETIC_ERROR: Rule(Stage.VERIFY, _QUARANTINED, "a calculation written in the solution is wrong"),
    Reason.PROGRAM_ERROR: Rule(Stage.VERIFY, _REMOVED, "the program raised an error or gave no value"),
    Reason.PROGRAM_TIMEOUT: Rule(Stage.VERIFY, _REMOVED, "the program used up its CPU or wall time"),
    Reason.PROGRAM_MEMORY: Rule(Stage.VERIFY, _REMOVED, "the program asked for more memory than `limits.memory_mb`"),
    Reason.PROGRAM_OUTPUT_LIMIT: Rule(Stage.VERIFY, _REMOVED, "the program printed more than it may"),
    Reason.PROGRAM_FORBIDDEN: Rule(Stage.VERIFY, _REMOVED, "the program tried what the isolation forbids"),
    Reason.PROGRAM_NONDETERMINISTIC: Rule(Stage.VERIFY, _REMOVED, "two runs of the program gave different results"),
    Reason.PROGRAM_NEEDS_PACKAGE: Rule(
        Stage.VERIFY, _QUARANTINED, "the program imports a package that programs do not see"
    ),
    Reason.JUDGE_CRASH: Rule(Stage.VERIFY, _QUARANTINED, "the judge itself failed on this row"),
    Reason.TOO_COSTLY: Rule(
        Stage.VERIFY, _QUARANTINED, "judging it takes more comparisons than a text of its length may cost"
    ),
    Reason.OUTPUT_MISMATCH: Rule(Stage.VERIFY, _REMOVED, "a recorded tool output is not what its code prints"),
    Reason.NEAR_DUPLICATE: Rule(Stage.IDENTIFY, _REMOVED, "the same problem and solution in nearly the same words"),
    Reason.DUPLICATE_OF_EARLIER: Rule(Stage.IDENTIFY, _REMOVED, "already held by data named with --against"),
    Reason.ANSWER_CONFLICT: Rule(
        Stage.IDENTIFY, _QUARANTINED, "the same question stands elsewhere with another answer"
    ),
    Reason.SUSPECT_GOLD: Rule(
        Stage.IDENTIFY, _QUARANTINED, "solutions agree with each other and not with the reference"
    ),
    Reason.FORMAT_DISAGREEMENT: Rule(Stage.IDENTIFY, _QUARANTINED, "the formats of one row end in different answers"),
    Reason.TEMPLATE_CAP: Rule(Stage.BALANCE, _REMOVED, "more problems of one template than `caps.template`"),
    Reason.SOLUTION_CAP: Rule(Stage.BALANCE, _REMOVED, "more solutions of one problem and format than `caps.problem`"),
    Reason.OVER_QUOTA: Rule(Stage.BALANCE, _REMOVED, "its quota was full"),
}


OWN_PREFIX = "rule:"
OWN_CODE = re.compile(r"[a-z][a-z0-9_]{0,59}")
"""what a rule of the user's own may call a reason, behind the prefix"""
OWN_CODE_IN_WORDS = "a code of your own holds lower-case letters, digits and `_`, 60 at most, and begins with a letter"

_OWN = Rule(Stage.RULES, _REMOVED, "a rule of the run's own stops it (`curate.rules`); `detail` holds its words")


def is_own(code: str) -> bool:
    """Whether a reason is one of a user's own rules."""
    return code.startswith(OWN_PREFIX) and OWN_CODE.fullmatch(code, len(OWN_PREFIX)) is not None


def rule_of(code: str) -> Rule | None:
    """What a reason code stands for; None for one that is not known here: data of a later version may hold others."""
    return _OWN if is_own(code) else RULES[Reason(code)] if code in RULES else None


def meaning_of(code: str) -> str:
    """What a reason code means, in a few words."""
    rule = rule_of(code)
    return "not a known reason" if rule is None else rule.meaning
