"""Expectations of our own for Great Expectations, and building any expectation by name.

A class registers itself when it is created, so this module is imported before a suite is built. Every verdict is a
plain bool and every comparison fills its nulls: numpy booleans and NA break result files (measured). The package costs
three CPU seconds to import, so it is imported only where data is judged.
"""

import difflib
import functools
import json
from typing import Any, ClassVar

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
from great_expectations.compatibility import pydantic
from great_expectations.exceptions import ExpectationNotFoundError
from great_expectations.execution_engine import PandasExecutionEngine
from great_expectations.expectations.expectation import (
    ColumnAggregateExpectation,
    ColumnMapExpectation,
    ColumnPairMapExpectation,
    Expectation,
    MulticolumnMapExpectation,
)
from great_expectations.expectations.metrics.column_aggregate_metric_provider import (
    ColumnAggregateMetricProvider,
    column_aggregate_value,
)
from great_expectations.expectations.metrics.map_metric_provider import (
    ColumnMapMetricProvider,
    ColumnPairMapMetricProvider,
    column_condition_partial,
    column_pair_condition_partial,
)
from great_expectations.expectations.registry import (
    get_expectation_impl,
    list_registered_expectation_implementations,
)

from schemas.exits import UserError, one_line
from validation.dataset.facts import normalised_entropy
from validation.dataset.latex import NEEDS_PARSING, is_balanced_latex
from validation.dataset.suite import SHAPES, Rule

ACCEPTED_VERDICTS = ("equal",)
_NOT_ROWWISE = ("expect_column_values_to_be_unique", "expect_compound_columns_to_be_unique")


def build(rule: Rule) -> Expectation:
    """Builds the expectation of a rule.

    Raises:
        UserError: no such expectation, or arguments that it does not take.
    """
    try:
        expectation = get_expectation_impl(rule.kind)
    except ExpectationNotFoundError as error:
        known = list_registered_expectation_implementations()
        nearest = difflib.get_close_matches(rule.kind, known, n=1, cutoff=0)
        raise UserError(f"validate.expectations: {rule.kind}: unknown; did you mean `{nearest[0]}`?") from error
    try:
        return expectation(**rule.kwargs, severity=rule.severity.value, meta={"name": rule.name})
    except (pydantic.ValidationError, TypeError) as error:
        raise UserError(f"validate.expectations: {rule.kind}: {one_line(str(error))}") from error


def is_rowwise(expectation: Expectation) -> bool:
    """Whether the verdict is a sum over rows, so that shards can be judged apart and added up.

    Uniqueness, means, quantiles and entropies are not: their verdict on a shard says nothing about the data set.
    """
    kinds = (ColumnMapExpectation, ColumnPairMapExpectation, MulticolumnMapExpectation)
    return isinstance(expectation, kinds) and expectation.expectation_type not in _NOT_ROWWISE


class _AnswersVerified(ColumnMapMetricProvider):
    condition_metric_name = "column_values.answers_verified"

    @column_condition_partial(engine=PandasExecutionEngine)
    def _pandas(cls, column: pd.Series, **_: Any) -> pd.Series:  # noqa: ANN401, N805  the decorator makes it a classmethod
        return column.isin(ACCEPTED_VERDICTS).fillna(False).astype(bool)


class ExpectAnswersVerified(ColumnMapExpectation):
    """Expect the answer of every example to have been found equal to its reference."""

    map_metric: ClassVar[str] = "column_values.answers_verified"


class _TextMatches(ColumnMapMetricProvider):
    condition_metric_name = "column_values.text_matches"
    condition_value_keys = ("regex",)

    @column_condition_partial(engine=PandasExecutionEngine)
    def _pandas(cls, column: pd.Series, regex: str, **_: Any) -> pd.Series:  # noqa: ANN401, N805
        return _found(column, regex)


class _TextLacks(ColumnMapMetricProvider):
    condition_metric_name = "column_values.text_lacks"
    condition_value_keys = ("regex",)

    @column_condition_partial(engine=PandasExecutionEngine)
    def _pandas(cls, column: pd.Series, regex: str, **_: Any) -> pd.Series:  # noqa: ANN401, N805
        return ~_found(column, regex)


def _found(column: pd.Series, regex: str) -> pd.Series:
    """Searches by an Arrow kernel: the built-in regex expectation makes a Python string of every value (measured)."""
    return _verdicts(pc.match_substring_regex(pa.array(column, pa.string()), regex), column)


def _verdicts(good: pa.Array, column: pd.Series) -> pd.Series:
    return pd.Series(pc.fill_null(good, False).to_numpy(zero_copy_only=False), index=column.index, dtype=bool)


class ExpectTextToMatch(ColumnMapExpectation):
    """Expect a regular expression (RE2) to be found in every text."""

    regex: str
    map_metric: ClassVar[str] = "column_values.text_matches"
    success_keys: ClassVar[tuple[str, ...]] = ("regex", "mostly")


class ExpectTextToLack(ColumnMapExpectation):
    """Expect a regular expression (RE2) to be found in no text."""

    regex: str
    map_metric: ClassVar[str] = "column_values.text_lacks"
    success_keys: ClassVar[tuple[str, ...]] = ("regex", "mostly")


class _NumbersBetween(ColumnMapMetricProvider):
    condition_metric_name = "column_values.numbers_between"
    condition_value_keys = ("low", "high", "strict")

    @column_condition_partial(engine=PandasExecutionEngine)
    def _pandas(
        cls,  # noqa: N805
        column: pd.Series,
        low: float | None,
        high: float | None,
        strict: bool,
        **_: Any,  # noqa: ANN401
    ) -> pd.Series:
        numbers = column.to_numpy(dtype=float, na_value=np.nan)
        good = ~np.isnan(numbers)
        if low is not None:
            good &= numbers > low if strict else numbers >= low
        if high is not None:
            good &= numbers <= high
        return pd.Series(good, index=column.index, dtype=bool)


class ExpectNumbersBetween(ColumnMapExpectation):
    """Expect every number to lie in [low, high], or in (low, high] when strict. NaN never does."""

    low: float | None = None
    high: float | None = None
    strict: bool = False
    map_metric: ClassVar[str] = "column_values.numbers_between"
    success_keys: ClassVar[tuple[str, ...]] = ("low", "high", "strict", "mostly")


class _BalancedLatex(ColumnMapMetricProvider):
    condition_metric_name = "column_values.balanced_latex"

    @column_condition_partial(engine=PandasExecutionEngine)
    def _pandas(cls, column: pd.Series, **_: Any) -> pd.Series:  # noqa: ANN401, N805
        text = pa.array(column, pa.string())
        uneven = pc.not_equal(pc.count_substring(text, "{"), pc.count_substring(text, "}"))
        suspect = pc.fill_null(pc.or_(uneven, pc.match_substring_regex(text, NEEDS_PARSING)), False)
        verdict = np.ones(len(text), dtype=bool)
        positions = np.flatnonzero(suspect.to_numpy(zero_copy_only=False))
        verdict[positions] = [is_balanced_latex(latex) for latex in text.take(pa.array(positions)).to_pylist()]
        return pd.Series(verdict, index=column.index, dtype=bool)


class ExpectBalancedLatex(ColumnMapExpectation):
    """Expect braces, environments and display brackets of every text to balance."""

    map_metric: ClassVar[str] = "column_values.balanced_latex"


class _SegmentsFitFormat(ColumnPairMapMetricProvider):
    condition_metric_name = "column_pair_values.segments_fit_format"
    condition_domain_keys = ("batch_id", "table", "column_A", "column_B", "row_condition", "ignore_row_if")

    @column_pair_condition_partial(engine=PandasExecutionEngine)
    def _pandas(cls, column_A: pd.Series, column_B: pd.Series, **_: Any) -> pd.Series:  # noqa: ANN401, N803, N805
        formats, segments = pa.array(column_A, pa.string()), pa.array(column_B, pa.string())
        fits = [
            pc.and_(pc.equal(formats, form.value), pc.match_substring_regex(segments, f"^(?:{shape})$"))
            for form, shape in SHAPES.items()
        ]
        return _verdicts(functools.reduce(pc.or_, [pc.fill_null(fit, False) for fit in fits]), column_A)


class ExpectSegmentsToFitFormat(ColumnPairMapExpectation):
    """Expect the shape of every solution (column B) to be one of its format (column A)."""

    map_metric: ClassVar[str] = "column_pair_values.segments_fit_format"
    ignore_row_if: str = "neither"
    domain_keys: ClassVar[tuple[str, ...]] = (  # the base class leaves ignore_row_if out (measured)
        "batch_id",
        "column_A",
        "column_B",
        "row_condition",
        "ignore_row_if",
    )


class _Mixture(ColumnAggregateMetricProvider):
    metric_name = "column.mixture"

    @column_aggregate_value(engine=PandasExecutionEngine)
    def _pandas(cls, column: pd.Series, **_: Any) -> dict[str, float]:  # noqa: ANN401, N805
        return _merged(column)


class ExpectFormatMixtureBetween(ColumnAggregateExpectation):
    """Expect the share of each category to lie in [low, high]; a category that is not listed fails.

    The column holds `{category: share}` objects as JSON text.
    """

    bounds: dict[str, tuple[float, float]]
    metric_dependencies: ClassVar[tuple[str, ...]] = ("column.mixture",)
    success_keys: ClassVar[tuple[str, ...]] = ("bounds",)

    def _validate(self, metrics: dict[str, Any], *_: Any, **__: Any) -> dict[str, Any]:  # noqa: ANN401
        shares, bounds = metrics["column.mixture"], self._get_success_kwargs()["bounds"]
        outside = {
            name: shares.get(name, 0.0)
            for name in sorted({*shares, *bounds})
            if name not in bounds or not bounds[name][0] <= shares.get(name, 0.0) <= bounds[name][1]
        }
        return {"success": not outside, "result": {"observed_value": shares, "details": {"outside": outside}}}


class _TopicEntropy(ColumnAggregateMetricProvider):
    metric_name = "column.normalised_entropy"

    @column_aggregate_value(engine=PandasExecutionEngine)
    def _pandas(cls, column: pd.Series, **_: Any) -> float:  # noqa: ANN401, N805
        return normalised_entropy(_merged(column))


class ExpectTopicEntropyAbove(ColumnAggregateExpectation):
    """Expect the entropy of `{category: count}` (JSON text), divided by its maximum, to be at least `min_entropy`."""

    min_entropy: float = pydantic.Field(..., ge=0, le=1)
    metric_dependencies: ClassVar[tuple[str, ...]] = ("column.normalised_entropy",)
    success_keys: ClassVar[tuple[str, ...]] = ("min_entropy",)

    def _validate(self, metrics: dict[str, Any], *_: Any, **__: Any) -> dict[str, Any]:  # noqa: ANN401
        entropy = float(metrics["column.normalised_entropy"])
        return {
            "success": bool(entropy >= self._get_success_kwargs()["min_entropy"]),
            "result": {"observed_value": round(entropy, 6)},
        }


def _merged(column: pd.Series) -> dict[str, float]:
    merged: dict[str, float] = {}
    for text in column.dropna():
        for name, number in json.loads(text).items():
            merged[name] = merged.get(name, 0.0) + float(number)
    return merged
