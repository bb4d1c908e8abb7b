"""The suite as data: what every example must satisfy, versioned, without importing Great Expectations.

A rule names an expectation, its arguments and how much it weighs. Row rules are judged on every shard and added up;
fact rules are judged once, on a table with one row of facts about the whole data set. The suite's hash stands in the
verdict, so its JSON is stable: no generated ids, sorted keys.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Any

from schemas.problem import Format, SegmentKind
from schemas.reason import Stage
from schemas.requirements import Expectation
from schemas.split import Split
from schemas.verdict import Severity

SUITE_VERSION = "1.0.2"


@dataclass(frozen=True, slots=True)
class Rule:
    """One expectation.

    Attributes:
        name: unique in its suite; how verdict and report call it.
        kind: the expectation as Great Expectations names it.
        meaning: one line for people: what must hold.
    """

    name: str
    kind: str
    kwargs: dict[str, Any] = field(default_factory=dict)
    severity: Severity = Severity.CRITICAL
    meaning: str = ""


@dataclass(frozen=True, slots=True)
class Suite:
    """Rules on rows and rules on the data set's facts."""

    rows: tuple[Rule, ...]
    facts: tuple[Rule, ...]

    def to_json(self) -> str:
        """The suite as stable JSON: equal suites give equal bytes."""
        content = {
            "name": "mathmill",
            "version": SUITE_VERSION,
            "rows": [_as_json(rule) for rule in self.rows],
            "facts": [_as_json(rule) for rule in self.facts],
        }
        return json.dumps(content, indent=1, sort_keys=True, ensure_ascii=False) + "\n"

    def sha256(self) -> str:
        """The hash of the suite's JSON."""
        return sha256(self.to_json().encode()).hexdigest()


def _as_json(rule: Rule) -> dict[str, Any]:
    return {
        "name": rule.name,
        "type": rule.kind,
        "kwargs": rule.kwargs,
        "severity": rule.severity.value,
        "meaning": rule.meaning,
    }


def build_suite(
    *,
    skipped: Sequence[str] = (),
    own: Sequence[Expectation] = (),
    min_heldout: int = 0,
    fact_names: frozenset[str] = frozenset(),
) -> Suite:
    """Builds the suite of this version.

    Args:
        skipped: stages that curation left out: what they promise is not asked for (the verdict says `not_checked`).
        own: the user's expectations. One whose column is a fact joins the fact rules.
        min_heldout: fewest heldout examples.
        fact_names: columns of the facts table.
    """
    rows = [*_identity(), *_text(), *_structure(), *_human(), *_numbers()]
    if Stage.VERIFY not in skipped:
        rows += _verified()
    facts = _dataset(min_heldout)
    for position, expectation in enumerate(own):
        rule = Rule(
            f"own_{position}_{expectation.type}",
            expectation.type,
            dict(expectation.kwargs),
            Severity(expectation.severity),
            "from `validate.expectations`",
        )
        (facts if expectation.kwargs.get("column") in fact_names else rows).append(rule)
    return Suite(tuple(rows), tuple(facts))


def _in_set(name: str, column: str, values: Sequence[str], meaning: str) -> Rule:
    kwargs = {"column": column, "value_set": list(values)}
    return Rule(name, "expect_column_values_to_be_in_set", kwargs, meaning=meaning)


def _matches(name: str, column: str, regex: str, meaning: str, severity: Severity = Severity.CRITICAL) -> Rule:
    kwargs = {"column": column, "regex": regex}
    return Rule(name, "expect_text_to_match", kwargs, severity, meaning)


def _lacks(name: str, column: str, regex: str, meaning: str, severity: Severity = Severity.CRITICAL) -> Rule:
    kwargs = {"column": column, "regex": regex}
    return Rule(name, "expect_text_to_lack", kwargs, severity, meaning)


def _between(
    name: str,
    column: str,
    *,
    low: float | None = None,
    high: float | None = None,
    strict: bool = False,
    severity: Severity = Severity.CRITICAL,
    meaning: str,
) -> Rule:
    bounds = {"low": low, "high": high, "strict": strict or None}
    kwargs = {"column": column} | {key: value for key, value in bounds.items() if value is not None}
    return Rule(name, "expect_numbers_between", kwargs, severity, meaning)


def _identity() -> list[Rule]:
    ids = {"id": "an id", "problem_id": "a problem id", "template_id": "a template id", "source": "a source"}
    rules = [_matches(f"{name}_present", name, r"\S", f"every example has {noun}") for name, noun in ids.items()]
    return [
        *rules,
        _in_set("split_known", "split", [split.value for split in Split], "split is train or heldout"),
        _in_set("format_known", "format", [value.value for value in Format], "format is cot, pot or tir"),
        _between("source_row_counted", "source_row", low=0, meaning="the row's position in its source is known"),
        _matches(
            "author_known", "author", r"^(?:human|unknown|model:.+)$", "the author is human, a named model or unknown"
        ),
        _matches("licence_present", "licence", r"\S", "every example has a licence"),
        _matches("language_coded", "language", r"^[a-z]{2,3}$", "the language is an ISO 639 code"),
    ]


_CONTROL = r"[\x00-\x08\x0b\x0c\x0e-\x1f]"


def _text() -> list[Rule]:
    warning = Severity.WARNING
    return [
        _matches("question_present", "question", r"\S", "every question has text"),
        _lacks("question_without_control", "question", _CONTROL, "no control characters (a lost backslash, mostly)"),
        _lacks("solution_without_control", "solution", _CONTROL, "no control characters in a solution"),
        _lacks("text_decoded", "question", "\ufffd", "no replacement character: the source was decoded well", warning),
        Rule(
            "question_latex_balanced",
            "expect_balanced_latex",
            {"column": "question", "mostly": 0.99},
            warning,
            r"braces, environments and \[ \] of questions balance",
        ),
        Rule(
            "solution_latex_balanced",
            "expect_balanced_latex",
            {"column": "prose", "mostly": 0.99},
            warning,
            r"braces, environments and \[ \] of solutions balance",
        ),
    ]


def _structure() -> list[Rule]:
    return [
        _between("solution_present", "solution_chars", low=1, meaning="every example has a solution"),
        Rule(
            "segments_fit_format",
            "expect_segments_to_fit_format",
            {"column_A": "format", "column_B": "shape"},
            meaning="cot has no code; pot is a program; in tir each code has its output, and an answer follows",
        ),
        _in_set("layout_reads_back", "layout", ["faithful"], "no segment holds a fence or tag of its own"),
        _between("supervised", "supervised_chars", low=1, meaning="the model has something to learn in every example"),
    ]


def _human() -> list[Rule]:
    return [
        _in_set("not_rejected_by_humans", "decision", ["accepted"], "no example that a human rejected"),
        _between("confidence_is_share", "confidence", low=0, high=1, meaning="confidence lies in 0 to 1"),
        _between("agreement_is_share", "agreement", low=0, high=1, meaning="agreement lies in 0 to 1"),
    ]


def _numbers() -> list[Rule]:
    warning = Severity.WARNING
    return [
        _between("weight_positive", "weight", low=0, high=1e6, strict=True, meaning="sampling weights are above 0"),
        _between(
            "difficulty_positive",
            "difficulty",
            low=0,
            high=100,
            severity=warning,
            meaning="difficulty lies in 0 to 100",
        ),
        Rule(
            "question_chars_agree",
            "expect_column_pair_values_to_be_equal",
            {"column_A": "question_chars", "column_B": "quality_question_chars", "mostly": 0.99},
            warning,
            "the recorded length of a question is its length",
        ),
    ]


def _verified() -> list[Rule]:
    return [
        Rule(
            "answers_verified",
            "expect_answers_verified",
            {"column": "verdict"},
            meaning="every answer was compared with a reference and found equal",
        ),
        _in_set("reference_known", "reference", ["self", "independent"], "self or independent reference is recorded"),
        _matches("path_recorded", "path", r"\S", "how the answer was verified is recorded"),
        _in_set(
            "programs_executed",
            "executed",
            ["yes"],
            "every example with a program had it executed",
        ),
    ]


def _dataset(min_heldout: int) -> list[Rule]:
    warning = Severity.WARNING
    return [
        _between("rows_present", "rows", low=1, meaning="there is something to train on"),
        _between("train_present", "train_rows", low=1, meaning="the train split is not empty"),
        _between(
            "heldout_present",
            "heldout_rows",
            low=min_heldout,
            meaning="heldout has at least `validate.min_heldout` rows",
        ),
        _between("no_exact_duplicates", "exact_duplicate_rate", high=0, meaning="no example stands twice"),
        Rule(
            "formats_mixed",
            "expect_format_mixture_between",
            {"column": "format_shares", "bounds": {value.value: [0.0, 1.0] for value in Format}},
            meaning="every example is cot, pot or tir",
        ),
        Rule(
            "topics_spread",
            "expect_topic_entropy_above",
            {"column": "topic_counts", "min_entropy": 0.3},
            warning,
            "no topic crowds out the others (normalised entropy)",
        ),
        _between(
            "templates_spread",
            "largest_template_share",
            high=0.2,
            severity=warning,
            meaning="no template holds too large a share",
        ),
        _between(
            "problems_spread",
            "largest_problem_share",
            high=0.2,
            severity=warning,
            meaning="no problem holds too large a share",
        ),
    ]


SEGMENT_LETTERS = {
    SegmentKind.TEXT: "t",
    SegmentKind.THINK: "h",
    SegmentKind.CODE: "c",
    SegmentKind.OUTPUT: "o",
}
"""A solution's shape is one letter per segment: `tcot` is text, code, output, text."""

SHAPES = {Format.COT: r"[th]*t", Format.POT: r"[th]*c", Format.TIR: r"(?:[th]*co)+[th]*t"}
"""The shapes of each format, as regular expressions. In TIR every code has its output; prose comes last."""
