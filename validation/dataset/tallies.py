"""The suite carried over shards: tallies per rule that add up, and the verdict drawn from their sum.

Great Expectations' own `success` is no gate: empty data, an empty suite and all-null columns pass it, and a rule that
crashes counts by its severity. Here `mostly` is applied once, to the sum over all shards; a rule that crashed, or that
saw fewer rows than there are, fails; a rule that saw no value says `not_checked`.
"""

import logging
import os
import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import pandas as pd
import pyarrow as pa

from schemas.exits import one_line
from schemas.verdict import Check, Severity, Status
from validation.dataset.check import MAX_IDS, blind
from validation.dataset.suite import Rule

LONG_COLUMNS = ("question", "solution", "prose")
GROUP_RULES = 6
MAY_BE_EMPTY = frozenset({"decision", "confidence", "agreement", "difficulty", "executed", "topic_counts"})
"""Columns that may hold no value at all: humans need not have reviewed, a data set need not hold programs."""


@dataclass(frozen=True, slots=True)
class Tally:
    """What one rule saw: rows, nulls among them, values that break it, their ids, and whether it crashed."""

    rows: int = 0
    missing: int = 0
    unexpected: int = 0
    ids: tuple[str, ...] = ()
    observed: str = ""
    error: str = ""

    def plus(self, other: "Tally") -> "Tally":
        """Adds what the rule saw elsewhere."""
        return Tally(
            self.rows + other.rows,
            self.missing + other.missing,
            self.unexpected + other.unexpected,
            tuple(sorted({*self.ids, *other.ids})[:MAX_IDS]),
            self.observed or other.observed,
            self.error or other.error,
        )


@lru_cache(maxsize=1)
def _batches() -> Any:  # noqa: ANN401  Great Expectations has no types
    """One context per process: each makes a temporary folder of its own."""
    os.environ["GX_ANALYTICS_ENABLED"] = "false"  # 1.24.1 sends nothing (measured); older and newer ones may
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # 1.24.1 imports sre_constants
        import great_expectations as gx
        from great_expectations.data_context.types.base import ProgressBarsConfig

    for name in ("great_expectations", "great_expectations.data_context.types.base"):  # the latter sets INFO itself
        logging.getLogger(name).setLevel(logging.ERROR)
    context = gx.get_context(mode="ephemeral")
    context.variables.progress_bars = ProgressBarsConfig(globally=False)
    asset = context.data_sources.add_pandas("examples").add_dataframe_asset("batch")
    return asset.add_batch_definition_whole_dataframe("batch")


class SuiteRunner:
    """Great Expectations set up once per process: it costs seconds to import and a context to make."""

    def __init__(self, rules: Sequence[Rule]) -> None:
        """Builds the expectations.

        Raises:
            UserError: an expectation that does not exist or does not take its arguments.
        """
        self._batches = _batches()
        import great_expectations as gx
        from great_expectations.validator.v1_validator import Validator

        from validation.dataset import expectations

        self._validator = Validator
        built = {rule.name: expectations.build(rule) for rule in rules}
        self.whole = [name for name, expectation in built.items() if not expectations.is_rowwise(expectation)]
        self._groups = [
            (columns, gx.ExpectationSuite(f"mathmill_{number}", expectations=[built[name] for name in names]))
            for number, (columns, names) in enumerate(_grouped(rules))
        ]

    def run(self, table: pa.Table) -> dict[str, Tally]:
        """Judges every rule on a table. A rule without a result is not in the answer.

        Great Expectations copies and hashes the whole frame for every rule (measured), so rules are judged in groups
        that each see only their own columns.
        """
        tallies: dict[str, Tally] = {}
        ids = table["id"] if "id" in table.column_names else None
        for columns, suite in self._groups:
            frame = table.select([name for name in table.column_names if name in columns])
            tallies |= self._judge(frame.to_pandas(types_mapper=pd.ArrowDtype), suite, ids)
        return tallies

    def _judge(self, frame: pd.DataFrame, suite: Any, ids: pa.ChunkedArray | None) -> dict[str, Tally]:  # noqa: ANN401  an expectation suite
        # Without names for the index, rows are told by number; names cost a look-up for every row that breaks a rule
        format_ = {"result_format": "COMPLETE", "partial_unexpected_count": 0}
        validator = self._validator(
            batch_definition=self._batches, batch_parameters={"dataframe": frame}, result_format=format_
        )
        results = validator.validate_expectation_suite(suite).results
        return {result.expectation_config.meta["name"]: _tally(result, len(frame), ids) for result in results}


def _grouped(rules: Sequence[Rule]) -> list[tuple[frozenset[str], list[str]]]:
    """Rules in groups of a few columns; a long text is alone in its group."""
    groups: dict[tuple[str, ...], list[Rule]] = {}
    short = [rule for rule in rules if not _long(rule)]
    for at, rule in enumerate(short):
        groups.setdefault((str(at // GROUP_RULES),), []).append(rule)
    for rule in rules:
        if _long(rule):
            groups.setdefault(_long(rule), []).append(rule)
    return [
        (frozenset(name for rule in members for name in named_columns(rule.kwargs)), [rule.name for rule in members])
        for members in groups.values()
    ]


def _long(rule: Rule) -> tuple[str, ...]:
    return tuple(name for name in named_columns(rule.kwargs) if name in LONG_COLUMNS)


def named_columns(kwargs: Mapping[str, Any]) -> list[str]:
    """The columns that an expectation's arguments name."""
    names = [kwargs[key] for key in ("column", "column_A", "column_B") if isinstance(kwargs.get(key), str)]
    for key in ("column_list", "column_set"):
        if isinstance(kwargs.get(key), list):
            names += kwargs[key]
    return [str(name) for name in names]


def _tally(result: Any, rows: int, ids: pa.ChunkedArray | None) -> Tally:  # noqa: ANN401  a Great Expectations result
    if error := _exception(result.exception_info or {}):
        return Tally(error=error)
    content = result.result or {}
    if "element_count" not in content:
        observed = str(content.get("observed_value", ""))
        return Tally(rows, 0, 0 if bool(result.success) else 1, observed=observed[:200])
    found = (content.get("unexpected_index_list") or [])[:MAX_IDS]
    unexpected = int(content.get("unexpected_count") or 0)
    seen = int(content["element_count"]) - int(content.get("missing_count") or 0)  # a row condition leaves rows out
    named = () if ids is None else tuple(str(id_) for id_ in ids.take(pa.array(found, pa.int64())).to_pylist())
    return Tally(rows, rows - seen, unexpected, named)


def _exception(info: Mapping[str, Any]) -> str:
    if "raised_exception" in info:
        return str(info.get("exception_message")) if info["raised_exception"] else ""
    messages = [str(value.get("exception_message")) for value in info.values() if value.get("raised_exception")]
    return messages[0] if messages else ""


def judge_rules(
    rules: Sequence[Rule],
    tallies: Mapping[str, Tally],
    *,
    rows: int,
    group: str = "suite",
    facts: Mapping[str, object] | None = None,
) -> list[Check]:
    """Turns summed tallies into checks.

    Args:
        rules: the suite as it was meant to run; none at all fails.
        tallies: what each rule saw.
        rows: how many rows each rule must have seen.
        group: the group of the checks.
        facts: of rules on facts, the values that they judge.
    """
    if not rules:
        detail = "the suite holds no rule: nothing was judged"
        return [Check(name="suite", group=group, status=Status.FAILED, severity=Severity.CRITICAL, detail=detail)]
    return [_judge(rule, tallies.get(rule.name), rows, group, facts or {}) for rule in rules]


def _judge(rule: Rule, tally: Tally | None, rows: int, group: str, facts: Mapping[str, object]) -> Check:
    check = Check(
        name=rule.name, group=group, status=Status.PASSED, severity=rule.severity, detail=rule.meaning or rule.kind
    )
    if tally is None:
        return _failed_to_run(check, "no result came back" if rows else "there is no example")
    if tally.error:
        return _failed_to_run(check, tally.error)
    seen = tally.rows - tally.missing
    check = check.model_copy(update={"checked": seen, "unexpected": tally.unexpected, "ids": list(tally.ids)})
    if tally.rows != rows:
        return _failed_to_run(check, f"it saw {tally.rows:,} of {rows:,} rows")
    if facts.get(str(rule.kwargs.get("column")), seen) is None:  # an aggregate over no value holds
        return _vacuous(check.model_copy(update={"checked": 0, "unexpected": 0}), rule)
    if not seen:
        return _vacuous(check, rule)
    mostly = float(rule.kwargs.get("mostly", 1.0))
    share = 1 - tally.unexpected / seen
    value = _beside_limit(rule, facts)
    if share >= mostly:
        return check.model_copy(update={"detail": f"{check.detail}: {value}"}) if value else check
    broken = "this does not hold" if group == "facts" else f"{tally.unexpected:,} of {seen:,} break it"
    found = f": {value or tally.observed or broken}"
    asked = f" (at least {mostly:.1%} must hold)" if mostly < 1 else ""
    status = Status.FAILED if rule.severity is Severity.CRITICAL else Status.WARNING
    return check.model_copy(update={"status": status, "detail": f"{check.detail}{found}{asked}"})


_LIMITS = {
    "low": "at least",
    "min_value": "at least",
    "min_entropy": "at least",
    "high": "at most",
    "max_value": "at most",
}
_SUMMARISED = {"topic_counts": "topic_entropy"}
"""Facts that are tables, and the number that is judged of each."""


def _beside_limit(rule: Rule, facts: Mapping[str, object]) -> str:
    """The fact that a rule judges, and its limits; empty where the rule judges no number."""
    column = str(rule.kwargs.get("column"))
    value = facts.get(_SUMMARISED.get(column, column))
    limits = [(word, rule.kwargs.get(key)) for key, word in _LIMITS.items()]
    bounds = [f"{word} {_written(limit)}" for word, limit in limits if isinstance(limit, int | float)]
    return f"{_written(value)} ({', '.join(bounds)})" if isinstance(value, int | float) and bounds else ""


def _written(value: float) -> str:
    return f"{value:,}" if isinstance(value, int) else f"{value:.3g}"


def _vacuous(check: Check, rule: Rule) -> Check:
    columns = {str(rule.kwargs.get(key)) for key in ("column", "column_A", "column_B") if key in rule.kwargs}
    if columns & MAY_BE_EMPTY or rule.severity is Severity.WARNING:
        return blind(check, Status.NOT_CHECKED, "no value to look at")
    return blind(check, Status.FAILED, "it looked at no value")


def _failed_to_run(check: Check, why: str) -> Check:
    """A rule that could not be judged closes the gate whatever its severity: nothing is known."""
    unjudged = {"severity": Severity.CRITICAL, "detail": f"{check.detail}: could not be judged"}
    return blind(check.model_copy(update=unjudged), Status.FAILED, one_line(why)[:300])
